"""`hermetic hunt` in suites that do what forks and captured output take badly."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.utils.hunt import APP, Hunted
from tests.utils.lint import write_files
from tests.utils.process import environment

HEAP = 500  # MB
PAIR = "def test_a():\n    app.ITEMS.append(1)\n\ndef test_b():\n    assert app.ITEMS == []\n"
ANSWER = {("victim", "test_b", ("test_a",))}
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these are about forks")


def test_in_a_suite_that_is_red_already_victims_and_failures_of_their_own_are_told_apart(tmp_path: Path) -> None:
    own = "\ndef test_broken():\n    assert app.READY\n\ndef test_error(nowhere):\n    pass\n"
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": "import app\n" + PAIR + own})

    assert (run.code, run.answers()) == (1, ANSWER)
    told = "fails in the plain order, and not because of other tests: test_x.py::test_broken, test_x.py::test_error"
    assert told in run.output


def test_tests_that_fork_do_not_disturb_the_hunt(tmp_path: Path) -> None:
    forks = (
        "\ndef test_waits():\n    child = os.fork()\n    if not child:\n        os._exit(0)\n    os.waitpid(child, 0)\n"
        "\ndef test_leaves_a_child():\n    if not os.fork():\n        time.sleep(600)\n"
        "\ndef test_child_runs_on_as_pytest():\n    os.fork()\n"
    )
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": "import app, os, time\n" + PAIR + forks})

    assert run.answers() == ANSWER
    assert len(run.document["findings"]) == 1
    assert "5 tests: 1 victim" in run.output


def test_a_test_that_always_ends_the_process_or_hangs_is_no_victim_and_hides_none(tmp_path: Path) -> None:
    ends = "\ndef test_ends():\n    os._exit(3)\n\ndef test_hangs():\n    time.sleep(600)\n"
    suite = "import app, os, time\n" + PAIR.replace("\n\ndef test_b", ends + "\ndef test_b")
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite}, "--timeout", "1")

    assert run.answers() == ANSWER
    assert "not because of other tests: test_x.py::test_ends, test_x.py::test_hangs" in run.output


@pytest.mark.parametrize("capture", ["fd", "sys", "no"])
def test_what_tests_print_stays_out_of_the_report_and_is_captured_as_ever(tmp_path: Path, capture: str) -> None:
    prints = (
        "\ndef test_prints(capsys):\n    print('noise')\n    assert capsys.readouterr().out == 'noise\\n'\n"
        "\ndef test_writes(capfd):\n    os.write(1, b'noise')\n    assert capfd.readouterr().out == 'noise'\n"
        "\ndef test_loud():\n    print('noise')\n    os.write(2, b'noise')\n    os.system('echo noise')\n"
    )
    files = {"app.py": APP, "test_x.py": "import app, os\n" + PAIR + prints}
    run = Hunted(tmp_path / "project", files, "--", f"--capture={capture}")

    assert run.answers() == ANSWER
    assert "not because of other tests" not in run.output
    assert "noise" not in run.output + run.errors


def test_a_thread_that_a_test_starts_and_leaves_changes_no_answer(tmp_path: Path) -> None:
    leaves = "\ndef test_thread():\n    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    suite = "import app, threading\n" + PAIR.replace("\n\ndef test_b", leaves + "\ndef test_b")
    run = Hunted(tmp_path / "project", {"app.py": APP, "test_x.py": suite})

    assert run.answers() == ANSWER


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory that is shared is told by Linux alone")
def test_a_large_heap_is_shared_by_the_forks_and_not_copied(tmp_path: Path) -> None:
    suite = (
        f"BLOCK = bytearray(b'x') * ({HEAP - 100} << 20)\nMANY = [[number] for number in range(900_000)]\n"
        + "".join(f"\ndef test_{number}():\n    assert MANY[{number}] == [{number}]\n" for number in range(9))
    )
    folder = tmp_path / "project"
    write_files({"test_x.py": suite}, folder)
    most = 0
    with subprocess.Popen(
        [sys.executable, "-m", "hermetic", "hunt"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            present = family(process.pid)
            held = sum(proportional(each) for each in present)
            if family(process.pid) == present:  # else the part of one that has just ended is counted twice
                most = max(most, held)
            time.sleep(0.02)
        output, _ = process.communicate()

    assert "9 tests: 0 victims, 0 brittle tests" in output
    assert HEAP << 10 < most < int(1.3 * HEAP) << 10, f"{most >> 10} MB"


def family(process: int) -> list[int]:
    """Return a process and all below it."""
    found = [process]
    for each in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{each}/task/{each}/children").read_text(encoding="ascii").split())
    return found


def proportional(process: int) -> int:
    """Return the memory of a process in KiB, of what it shares only its part; 0 where it has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0
