"""The plugin when a run does not end as it should: workers that die, Ctrl-C, a report that cannot be written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.utils.guarding import clean_environment, guarded
from tests.utils.lint import write_files
from tests.utils.proof_driver import WITHOUT, plugin
from tests.utils.signal_fixtures import interruptible

__all__ = ["interruptible"]

LEAKS = "import os\n\n\n" + "".join(f"def test_{n}():\n    os.environ['N{n}'] = '1'\n\n\n" for n in range(8))
STATES = [f"os.environ['N{n}']" for n in range(8)]
DEATHS = """
import ctypes
import faulthandler
import os
import signal


def test_exits():
    os._exit(3)


def test_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def test_segfaults():
    faulthandler.disable()
    ctypes.string_at(0)
"""
WAITING = """
import os
import pathlib
import time


def test_leaks():
    os.environ["LEFT"] = "1"


def test_waits():
    pathlib.Path("waiting").touch()
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the platform has no SIGKILL")
@pytest.mark.parametrize("dist", ["load", "worksteal"])
def test_workers_that_die_lose_no_other_tests_record(dist: str, tmp_path: Path) -> None:
    files = {"test_a.py": LEAKS, "test_deaths.py": DEATHS}

    run = guarded(tmp_path / "suite", "-n2", f"--dist={dist}", files=files)

    assert sorted(item["state"] for item in run.findings) == STATES, run.output
    assert "8 passed" in run.output
    assert run.output.count("crashed while running") >= 3
    assert "INTERNALERROR" not in run.output


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_that_is_interrupted_reports_what_it_has_found(workers: str, tmp_path: Path) -> None:
    folder, report = tmp_path / "suite", tmp_path / "report.json"
    write_files({"pytest.ini": "[pytest]\n", "test_it.py": WAITING}, folder)
    without = [f"-pno:{name}" for name in WITHOUT if name != "hermetic"]
    options = [*plugin(), *without, "--hermetic=warn", f"--hermetic-report={report}"]
    command = [sys.executable, "-m", "pytest", *options, workers]
    started = subprocess.Popen(
        command, cwd=folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until = time.monotonic() + 60
    while not (folder / "waiting").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)  # the report of the first test is on its way to the controller
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=60)

    assert started.returncode == pytest.ExitCode.INTERRUPTED, output
    assert [item["state"] for item in json.loads(report.read_text())["findings"]] == ["os.environ['LEFT']"], output
    assert "INTERNALERROR" not in output


@pytest.mark.parametrize("name", ["absent/report.json", "."])
@pytest.mark.parametrize("mode", ["warn", "off"])
def test_a_report_that_cannot_be_written_is_known_before_the_tests_run(name: str, mode: str, tmp_path: Path) -> None:
    files = {"test_it.py": "def test_it(): ...\n"}
    run = guarded(tmp_path / "suite", f"--hermetic-report={name}", mode=mode, files=files)

    assert run.exit == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: hermetic: the report " in run.output
    assert "Traceback" not in run.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the platform has no full disk to write to")
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_full_disk_fails_the_run_and_loses_nothing_else(workers: str, tmp_path: Path) -> None:
    files = {"test_it.py": "import os\n\n\ndef test_it():\n    os.environ['LEFT'] = '1'\n"}
    run = guarded(tmp_path / "suite", workers, "--hermetic-report=/dev/full", mode="warn", files=files)

    assert run.exit == pytest.ExitCode.TESTS_FAILED
    assert "hermetic: /dev/full cannot be written: No space left on device" in run.output
    assert "test_it.py:5: HRM101" in run.output
    assert "1 passed" in run.output
    assert "Traceback" not in run.output


def test_a_report_is_written_where_it_was_asked_for_when_a_test_changes_the_folder(tmp_path: Path) -> None:
    source = "import os\n\n\ndef test_it(tmp_path):\n    os.chdir(tmp_path)\n"
    run = guarded(tmp_path / "suite", "--hermetic-report=report.json", mode="warn", files={"test_it.py": source})

    assert run.exit == 0
    assert (tmp_path / "suite" / "report.json").is_file()
