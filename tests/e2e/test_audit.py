"""`hermetic audit` on small projects whose answers are known."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.lint import write_files
from tests.utils.process import environment

if TYPE_CHECKING:
    from pathlib import Path

HANG = 280  # seconds: an audit is a dozen runs of pytest and a hunt
ORDER = """\
import os


def test_sets_region():
    os.environ["MINI_REGION"] = "north"


def test_region_is_not_set():
    assert "MINI_REGION" not in os.environ
"""
# The tests meet on the port only where they run at the same time.
PORT = """\
import os, pytest, socket, time


@pytest.mark.parametrize("number", range(4))
def test_serves(number):
    with socket.socket() as server:
        server.bind(("127.0.0.1", int(os.environ["MINI_PORT"])))
        if "PYTEST_XDIST_WORKER" in os.environ:
            time.sleep(1.5)
"""
FLAKY = """\
import os, pathlib


def test_every_other_time():
    count = pathlib.Path(os.environ["MINI_COUNT"])
    number = int(count.read_text()) if count.exists() else 0
    count.write_text(str(number + 1))
    assert number % 2 == 0
"""
CLASSES = {
    "pytest.ini": "[pytest]\n",
    "test_order.py": ORDER,
    "test_plain.py": "def test_wrong():\n    assert 1 + 1 == 3\n",
    "test_port.py": PORT,
    "test_flaky.py": FLAKY,
    "test_gone.py": "import nowhere_at_all\n\ndef test_one(): ...\n\nclass TestMore:\n    def test_two(self): ...\n",
}
HEALTHY = {"test_x.py": "import pytest\n\n@pytest.mark.parametrize('n', range(3))\ndef test_x(n):\n    assert n < 3\n"}


class Audited:
    """One run of the command: how it ended, what it printed, and the documents that it wrote."""

    def __init__(
        self, folder: Path, files: dict[str, str], *arguments: str, extra: dict[str, str] | None = None
    ) -> None:
        write_files(files, folder)
        self.json, self.html = folder.parent / "audit.json", folder.parent / "audit.html"
        outputs = [f"--json={self.json}", f"--html={self.html}"]
        done = audit(folder, *outputs, *arguments, extra=extra)
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr
        self.document: dict[str, Any] = json.loads(self.json.read_text(encoding="utf-8")) if self.json.exists() else {}

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.document["findings"] if one.get("class") == kind]


def audit(folder: Path, *arguments: str, extra: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hermetic", "audit", *arguments],
        cwd=folder, env=environment(folder, extra), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=HANG,
    )  # fmt: skip


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def named(found: list[dict[str, Any]]) -> list[str]:
    return [one["test"] for one in found]


def test_each_class_is_told_with_cause_evidence_and_command(tmp_path: Path) -> None:
    folder, schedule = tmp_path / "project", tmp_path / "schedule.json"
    extra = {"MINI_PORT": free_port(), "MINI_COUNT": str(tmp_path / "count")}

    run = Audited(folder, CLASSES, f"--record={schedule}", extra=extra)

    assert run.code == 1, run.errors
    (gone,) = run.of("collection-error")
    assert (gone["code"], gone["file"], gone["cause"]) == ("HRM703", "test_gone.py", "missing module")
    assert gone["line"] == 1
    assert gone["declared"] == ["test_gone.py::test_one", "test_gone.py::TestMore::test_two"]
    (order,) = run.of("order-dependent")
    assert (order["test"], order["cause"]) == ("test_order.py::test_region_is_not_set", "environment")
    assert (order["code"], order["path"], order["line"]) == ("HRM702", "test_order.py", 8)
    assert (order["rule"], order["state_path"], order["state_line"]) == ("HRM101", "test_order.py", 5)
    assert (order["kind"], order["culprits"], order["confirmed"]) == (
        "victim",
        ["test_order.py::test_sets_region"],
        True,
    )
    (plain,) = run.of("plain-failure")
    assert (plain["test"], plain["path"], plain["line"]) == ("test_plain.py::test_wrong", "test_plain.py", 2)
    assert plain["command"].endswith(" test_plain.py::test_wrong")
    (flaky,) = run.of("flaky")
    assert flaky["test"] == "test_flaky.py::test_every_other_time"
    assert any("the tests ran in the same order" in line for line in flaky["evidence"])
    beside = run.of("parallel-only")
    assert beside
    assert all(one["test"].startswith("test_port.py::test_serves[") for one in beside)
    assert {one["cause"] for one in beside} == {"port"}
    assert all(one["command"].endswith("-n2") for one in beside)
    assert all(
        one["layer"] == "audit" and one["evidence"]
        for one in run.document["findings"]
        if one.get("test") and "class" in one
    )
    assert run.document["tests"] == {"collected": 8, "declared": 10, "passed": 6, "skipped": 0}
    assert run.output.startswith("1 file that cannot be collected, with 2 declared tests that never run:\n")
    assert "75 % of 8 collected, 60 % of 10 declared pass in the plain order" in run.output
    assert run.document["fix_first"][0]["path"] == "test_gone.py"
    assert sorted(path.name for path in folder.iterdir()) == sorted(CLASSES)
    check_page(run.html.read_text(encoding="utf-8"))
    replay(folder, schedule, extra)


def check_page(page: str) -> None:
    """The page is well-formed enough for a strict reader, asks nobody for anything, and draws the edge."""
    reader = HTMLParser()
    reader.feed(page)
    assert "http://" not in page
    assert "<script" not in page
    assert '<path class="victim"' in page
    assert "<pre>5 |     os.environ[&quot;MINI_REGION&quot;] = &quot;north&quot;</pre>" in page


def replay(folder: Path, schedule: Path, extra: dict[str, str]) -> None:
    """The share of a worker runs again without workers; what the port broke passes there."""
    shares = json.loads(schedule.read_text(encoding="utf-8"))["schedule"]
    share = next(one for one in shares if any("test_wrong" in slot[0] for slot in one["slots"]))
    name = f"{share['run']}:{share['worker']}"

    done = audit(folder, "--replay", name, "--record", str(schedule), extra=extra)

    assert done.returncode == 1, done.stderr
    assert "test_plain.py::test_wrong fails again" in done.stdout
    assert f"{len(share['slots'])} tests of {share['worker']} of run {share['run']}, in its order" in done.stdout
    assert "test_serves" not in "".join(line for line in done.stdout.splitlines() if "fails again" in line)


def test_one_polluter_of_each_victim_is_shown_in_a_new_interpreter(tmp_path: Path) -> None:
    other = "def test_sets_it_too():\n    os.environ['MINI_REGION'] = 'south'\n\n\n"
    second = ORDER.replace("def test_region", f"{other}def test_region")

    run = Audited(tmp_path / "project", {"pytest.ini": "[pytest]\n", "test_order.py": second})

    assert {one["test"] for one in run.of("order-dependent")} == {"test_order.py::test_region_is_not_set"}
    assert sorted(one["confirmed"] for one in run.of("order-dependent")) == [False, True]


def test_a_healthy_suite_has_nothing_found_in_it(tmp_path: Path) -> None:
    run = Audited(tmp_path / "project", HEALTHY)

    assert (run.code, run.document["findings"], run.document["complete"]) == (0, [], True), run.output
    assert run.output == "100 % of 3 collected pass in the plain order; no test fails in any of the runs\n" + "".join(
        f"written: {run.html}\n"
    )
    orders = {(one["order"], one["workers"]) for one in run.document["runs"]}
    assert orders == {("plain", 0), ("reversed", 0), ("shuffled-1", 0), ("shuffled-2", 0), ("plain", 2)}


def test_what_only_the_guard_fails_is_its_finding_and_no_test_fails_in_parallel_only(tmp_path: Path) -> None:
    folder, schedule = tmp_path / "project", tmp_path / "schedule.json"
    files = {
        "pytest.ini": "[pytest]\nhermetic = error\naddopts = --hermetic=error\n",
        "pyproject.toml": '[tool.hermetic.guard]\nlevels = {HRM101 = "error"}\n',
        "test_x.py": "import os\n\ndef test_leak():\n    os.environ['MINI_REGION'] = 'north'\n\ndef test_b(): ...\n",
    }
    given = ("--", "--hermetic=error", "-x")

    run = Audited(folder, files, f"--record={schedule}", *given)
    again = audit(folder, "--replay", "gw0", f"--record={schedule}", *given)

    assert (run.code, [one["layer"] for one in run.document["findings"]]) == (1, ["guard"]), run.output
    assert run.document["findings"][0]["test"] == "test_x.py::test_leak"
    assert all(one["ends"] == {"pass": 2} and not one["failed"] for one in run.document["runs"])
    assert "what only the guard fails is told as its finding" in run.output
    assert (again.returncode, "something beside it" in again.stdout) == (0, False), again.stdout


def test_names_of_tests_cannot_become_markup(tmp_path: Path) -> None:
    suite = (
        "import pytest\n\n@pytest.mark.parametrize('v', ['<script>alert(1)</script>'])\n"
        "def test_x(v):\n    assert v == '<b onload=x>'\n"
    )
    run = Audited(tmp_path / "<i>project", {"test_x.py": suite})

    page = run.html.read_text(encoding="utf-8")
    assert run.code == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not any(tag in page for tag in ("<script", "<b onload", "<i>"))


@pytest.mark.parametrize(
    ("files", "arguments", "told"),
    [
        ({"a.py": ""}, (), "name the folder of the tests after `--`"),
        (HEALTHY, ("--", "--no-such-option"), "--no-such-option"),
        (HEALTHY, ("--", "no_such_folder"), "no_such_folder"),
        (HEALTHY, ("--", "--strict-config", "-o", "no_such_setting=1"), "no_such_setting"),
        (HEALTHY, ("--budget", "-1"), "no number of seconds"),
        (HEALTHY, ("--replay", "gw1"), "`hermetic audit --record FILE` records one"),
    ],
)
def test_what_cannot_be_audited_is_said_with_exit_code_2(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...], told: str
) -> None:
    run = Audited(tmp_path / "project", files, *arguments)

    assert run.code == 2
    assert told in run.errors
    assert "Traceback" not in run.errors


def test_a_conftest_file_that_fails_is_a_finding_with_all_that_it_hides(tmp_path: Path) -> None:
    files = {"conftest.py": "import nowhere_at_all\n", "test_x.py": "def test_a(): ...\n\ndef test_b(): ...\n"}
    run = Audited(tmp_path / "project", files)

    (broken,) = run.of("collection-error")
    assert run.code == 1
    assert (broken["file"], broken["cause"]) == ("conftest.py", "missing module")
    assert broken["declared"] == ["test_x.py::test_a", "test_x.py::test_b"]
    assert "none of 0 collected, 0 % of 2 declared" in run.output


def test_tests_that_end_or_stop_the_process_hide_no_others(tmp_path: Path) -> None:
    suite = (
        "import os, time\n\ndef test_ends():\n    os._exit(3)\n\ndef test_hangs():\n    time.sleep(600)\n\n"
        "def test_last():\n    assert False\n"
    )
    run = Audited(tmp_path / "project", {"test_x.py": suite}, "--timeout", "3")

    assert named(run.of("plain-failure")) == ["test_x.py::test_ends", "test_x.py::test_hangs", "test_x.py::test_last"]
    messages = [one["message"] for one in run.of("plain-failure")]
    assert messages[:2] == ["the process ended during the test", "the test did not end"]


def test_a_budget_that_is_over_is_said_with_what_was_left_out(tmp_path: Path) -> None:
    run = Audited(tmp_path / "project", HEALTHY, "--budget", "0.001")

    assert run.code == 2
    assert (run.document["complete"], run.document["findings"]) == (False, [])
    assert "the budget of 0.001 seconds was over; `--resume` goes on from here" in run.output
    assert "left out: the plain order, the guarded run, the reversed order" in run.output


def test_an_interrupt_keeps_what_is_known_and_resuming_goes_on(tmp_path: Path) -> None:
    folder, report, starts = tmp_path / "project", tmp_path / "first.json", tmp_path / "starts"
    suite = (
        "import os, pathlib, time\n\nITEMS = []\n\ndef test_wrong():\n    assert False\n\n"
        "def test_adds():\n    ITEMS.append(1)\n\ndef test_none():\n    assert ITEMS == []\n\n"
        "def test_starts():\n    starts = pathlib.Path(os.environ['MINI_STARTS'])\n    starts.touch()\n"
        "    starts.write_text(starts.read_text() + 'x')\n    time.sleep(60 if starts.read_text() == 'xx' else 0)\n"
    )
    extra = {"MINI_STARTS": str(starts)}
    write_files({"test_x.py": suite}, folder)
    command = [sys.executable, "-m", "hermetic", "audit", f"--json={report}"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder, extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # A shell that runs tests in the background has its children ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no thread runs here
    ) as process:
        deadline = time.monotonic() + HANG
        while not starts.exists() or starts.read_text(encoding="utf-8") != "xx":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    first = json.loads(report.read_text(encoding="utf-8"))
    second = Audited(folder, {}, "--resume", extra=extra)

    assert (process.returncode, first["complete"]) == (1, False)
    known = {one["test"]: one for one in first["findings"] if "class" in one}
    assert {test: one["class"] for test, one in known.items()} == {
        "test_x.py::test_wrong": "plain-failure",  # no test had run before it
        "test_x.py::test_none": "undecided",
    }
    assert not known["test_x.py::test_none"]["command"].endswith("test_none")
    assert "not known yet: whether it fails by itself or after others: nobody has run it alone" in output
    assert "interrupted; `--resume` goes on from here" in output
    assert "left out: the rest of the guarded run, the reversed order" in output
    assert "to which no failure goes back" not in output
    assert first["runs"][1]["ends"] == {"fail": 2, "pass": 1}
    assert second.document["complete"] is True, second.output
    assert named(second.of("plain-failure")) == ["test_x.py::test_wrong"]
    assert named(second.of("order-dependent")) == ["test_x.py::test_none"]
    assert second.document["runs"][0] == first["runs"][0]


pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and process groups are those of POSIX")
