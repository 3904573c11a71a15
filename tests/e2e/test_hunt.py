"""`hermetic hunt` in small suites whose answers are known."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.hunt import APP, Hunted, short
from tests.utils.lint import write_files
from tests.utils.process import environment, hermetic

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
import app


def test_polluter():
    app.ITEMS.append(1)


def test_cleaner():
    app.ITEMS.clear()


def test_victim():
    assert app.ITEMS == []


def test_setter():
    app.READY = True


def test_brittle():
    assert app.READY


def test_writes():
    open("out.txt", "w").close()


def test_reads():
    import os
    assert not os.path.exists("out.txt")
"""
PLAIN = "python -m pytest -p no:randomly -p no:xdist"
ANSWERS = {
    ("victim", "test_victim", ("test_polluter",)),
    ("brittle", "test_brittle", ("test_setter",)),
    ("victim", "test_reads", ("test_writes",)),
}
NO_FORK = {"HERMETIC_HUNT_FORK": "0"}
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these compare forks with interpreters")


def test_victims_polluters_cleaners_and_brittle_tests_are_found_and_nothing_else(tmp_path: Path) -> None:
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": SUITE})

    assert run.code == 1, run.errors
    assert run.answers() == ANSWERS
    found = {short(one["victim"]): one for one in run.document["findings"]}
    fields = {"victim", "kind", "culprits", "cleaners", "state", "path", "line", "confirmed", "command"}
    assert all(fields <= set(one) for one in found.values())
    assert found["test_victim"]["cleaners"] == ["test_x.py::test_cleaner"]
    assert (found["test_victim"]["state"], found["test_victim"]["path"]) == ("app.ITEMS", "test_x.py")
    assert found["test_victim"]["line"] == 5
    assert found["test_victim"]["command"] == f"{PLAIN} test_x.py::test_polluter test_x.py::test_victim"
    assert found["test_brittle"]["command"] == f"{PLAIN} test_x.py::test_brittle"
    assert (run.document["version"], run.document["tool"]) == (1, "hermetic")
    assert "2 victims, 1 brittle test" in run.output
    assert sorted(path.name for path in (tmp_path / "project").iterdir()) == ["app.py", "test_x.py"]


def test_interpreters_give_the_same_answers_as_forks(tmp_path: Path) -> None:
    suite = SUITE.partition("def test_setter")[0]
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite}, extra=NO_FORK)

    assert run.answers() == {("victim", "test_victim", ("test_polluter",))}
    assert run.document["findings"][0]["cleaners"] == ["test_x.py::test_cleaner"]


def test_two_polluters_that_only_harm_together_are_one_finding(tmp_path: Path) -> None:
    suite = (
        "import app\ndef test_a():\n    app.BOTH.add(1)\n\ndef test_victim():\n    assert len(app.BOTH) < 2\n\n"
        "def test_b():\n    app.BOTH.add(2)\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite})

    assert run.answers() == {("victim", "test_victim", ("test_a", "test_b"))}


def test_a_large_suite_is_searched_in_small_groups_and_past_a_cleaner(tmp_path: Path) -> None:
    suite = (
        "import app, pytest\n@pytest.mark.parametrize('n', range(240))\ndef test_n(n):\n"
        "    if n == 50:\n        app.ITEMS.append(1)\n    elif n == 90:\n        app.ITEMS.clear()\n"
        "    elif n == 130:\n        assert app.ITEMS == []\n    elif n == 200:\n        app.READY = True\n"
        "    elif n == 20:\n        assert app.READY\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite})

    assert run.answers() == {
        ("victim", "test_n[130]", ("test_n[50]",)),
        ("brittle", "test_n[20]", ("test_n[200]",)),
    }
    cleaners = {short(one["victim"]): one["cleaners"] for one in run.document["findings"]}
    assert cleaners["test_n[130]"] == ["test_x.py::test_n[90]"]


def test_a_healthy_suite_has_no_victims_and_its_plain_failures_are_named(tmp_path: Path) -> None:
    run = Hunted(tmp_path / "project", {"test_x.py": "def test_a():\n    pass\n\ndef test_b():\n    assert False\n"})

    assert (run.code, run.document["findings"]) == (0, [])
    assert "fails in the plain order, and not because of other tests: test_x.py::test_b" in run.output


def test_what_was_not_run_alone_is_not_said_to_fail_for_its_own_reasons(tmp_path: Path) -> None:
    suite = "import app, time\ndef test_a():\n    app.ITEMS.append(1)\n\ndef test_b():\n    assert app.ITEMS == []\n"
    slow = "".join(f"\ndef test_{number}():\n    time.sleep(1)\n" for number in range(6))
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite + slow}, "--budget", "5")

    assert "fails in the plain order, and was not run alone: test_x.py::test_b" in run.output
    assert "not because of other tests" not in run.output


def test_what_fails_in_each_order_of_a_large_suite_is_run_alone(tmp_path: Path) -> None:
    suite = (
        "import app, pytest\n@pytest.mark.parametrize('n', range(240))\ndef test_n(n):\n"
        "    if n in (0, 120, 154, 216, 239):\n        app.ITEMS.append(n)\n"
        "    elif n == 130:\n        assert app.ITEMS == []\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite})

    assert {(kind, test) for kind, test, _ in run.answers()} == {("victim", "test_n[130]")}
    assert "not because of other tests" not in run.output


def test_ids_with_spaces_and_brackets_are_quoted_for_the_shell(tmp_path: Path) -> None:
    suite = (
        "import app, pytest\n@pytest.mark.parametrize('v', ['a b', 'c[d]'])\ndef test_ids(v):\n"
        "    if v == 'a b':\n        app.ITEMS.append(1)\n    else:\n        assert app.ITEMS == []\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite})

    assert run.answers() == {("victim", "test_ids[c[d]]", ("test_ids[a b]",))}
    assert run.document["findings"][0]["command"] == f"{PLAIN} 'test_x.py::test_ids[a b]' 'test_x.py::test_ids[c[d]]'"


def test_one_victim_can_be_asked_for_from_a_folder_below_the_top(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    subprocess.run(["git", "init", "--quiet", str(top)], check=True)
    run = Hunted(top / "sub", {"app.py": APP, "test_x.py": SUITE}, "--victim", "test_x.py::test_victim")

    assert run.answers() == {("victim", "test_victim", ("test_polluter",))}


def test_workers_that_are_asked_for_are_left_out_with_a_note(tmp_path: Path) -> None:
    suite = "import app\ndef test_a():\n    app.ITEMS.append(1)\n\ndef test_b():\n    assert app.ITEMS == []\n"
    given = ("--", "-n", "2", "--dist=loadfile", "--maxschedchunk", "1", "-q")
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite}, *given)

    assert (run.code, run.answers()) == (1, {("victim", "test_b", ("test_a",))}), run.errors
    assert "without workers; what `-n`, `--dist` and the like say of them was left out" in run.output
    assert run.document["findings"][0]["command"] == f"{PLAIN} -q test_x.py::test_a test_x.py::test_b"


@pytest.mark.parametrize(
    ("files", "arguments", "told"),
    [
        ({"a.py": ""}, (), "name the folder of the tests after `--`"),
        ({"test_x.py": "import nowhere_at_all"}, (), "No module named 'nowhere_at_all'"),
        ({"test_x.py": "def test_a(): ..."}, ("--victim", "test_x.py::test_b"), "no collected test has the node id"),
        ({"test_x.py": "def test_a(): ..."}, ("--", "--no-such-option"), "--no-such-option"),
        ({"test_x.py": "def test_a(): ..."}, ("--budget", "none"), "no number of seconds"),
    ],
)
def test_what_cannot_be_hunted_in_is_said_with_exit_code_2(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...], told: str
) -> None:
    run = Hunted(tmp_path / "project", files, *arguments)

    assert run.code == 2
    assert told in run.errors
    assert "Traceback" not in run.errors


def test_a_test_that_hangs_or_ends_the_process_after_another_is_a_victim(tmp_path: Path) -> None:
    suite = (
        "import app, os, time\ndef test_a():\n    app.ITEMS.append(1)\n\ndef test_hangs():\n    if app.ITEMS:\n"
        "        time.sleep(60)\n\ndef test_ends():\n    if app.ITEMS:\n        os._exit(0)\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite}, "--timeout", "5")

    assert run.answers() == {("victim", "test_hangs", ("test_a",)), ("victim", "test_ends", ("test_a",))}


def test_a_thread_that_runs_after_collection_forbids_forks(tmp_path: Path) -> None:
    conftest = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    suite = "import app\ndef test_a():\n    app.ITEMS.append(1)\n\ndef test_b():\n    assert app.ITEMS == []\n"
    run = Hunted(tmp_path / "project", {"app.py": APP, "conftest.py": conftest, "test_x.py": suite})

    assert run.answers() == {("victim", "test_b", ("test_a",))}
    assert "nothing was forked, since threads run already after collection" in run.output


def test_a_budget_that_is_over_is_said_and_resuming_goes_on(tmp_path: Path) -> None:
    files = {"app.py": APP, "test_x.py": SUITE}
    first = Hunted(tmp_path / "project", files, "--budget", "0.001")
    second = hermetic(tmp_path / "project", "hunt", "--resume")

    assert first.code == 2
    assert (first.document["complete"], first.document["findings"]) == (False, [])
    assert "the budget of 0.001 seconds was over" in first.output
    assert "left out: " in first.output
    assert "2 victims, 1 brittle test" in second.stdout


def test_an_interrupt_keeps_what_is_known(tmp_path: Path) -> None:
    folder, report = tmp_path / "project", tmp_path / "hunt.json"
    slow = "import time\n" + "".join(f"def test_{number}():\n    time.sleep(0.3)\n\n" for number in range(9))
    write_files({"test_x.py": slow}, folder)
    command = [sys.executable, "-m", "hermetic", "hunt", f"--json={report}"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the suite in the background has Ctrl-C ignored, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no thread runs here
    ) as process:
        assert process.stderr is not None
        assert any("shuffled: " in line for line in process.stderr), "it ended before it could be interrupted"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "interrupted; `--resume` goes on from here" in output
    assert json.loads(report.read_text(encoding="utf-8"))["complete"] is False
