"""Where no other plugin has imported anything: what the guard waits for is imported by a test file, late or halfway."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.utils.guarding import HANG, clean_environment
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
import sys


def pytest_configure(config):
    assert not {"unittest.mock", "multiprocessing"} & set(sys.modules), "something has imported them already"
"""
PATCHED = """
import time
from unittest import mock

LATER = mock.patch("time.monotonic", return_value=1)


def test_noon():
    mock.patch("time.time", return_value=43200).start()
    assert time.time() == 43200


async def ask(sender):
    sender.send("ready")


def test_nobody_awaits():
    sender = mock.AsyncMock()
    try:
        ask(sender).send(None)
    except StopIteration:
        pass
    assert sender.send.called
"""
# With what it needs that is compiled there already, the second name is all that comes without a specification.
COMPILED = """
import array, hashlib, pickle, selectors, socket, struct, tempfile
"""
PROCESSES = """
import multiprocessing


def test_processes_are_there():
    assert multiprocessing.current_process()
"""


def alone(folder: Path, *arguments: str) -> tuple[list[tuple[str, str, int]], str]:
    """Run pytest over a folder with no plugin but hermetic and what is named; return its findings and its output."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder.parent / "report.json"
    options = ["-p", "hermetic.plugin", "--hermetic=error", f"--hermetic-report={report}", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *arguments],
        cwd=folder,
        env={**clean_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    findings = json.loads(report.read_text(encoding="utf-8"))["findings"]
    return [(item["code"], item["test"].rpartition("::")[2], item["line"]) for item in findings], done.stdout


def test_a_patch_is_seen_though_mock_is_imported_by_the_test_file(tmp_path: Path) -> None:
    write_files({"conftest.py": CONFTEST, "test_patched.py": PATCHED}, tmp_path / "suite")

    found, output = alone(tmp_path / "suite")

    assert found == [("HRM304", "test_noon", 9), ("HRM305", "test_nobody_awaits", 14)], output


def test_the_program_under_its_second_name_is_no_made_up_module(tmp_path: Path) -> None:
    write_files({"conftest.py": CONFTEST + COMPILED, "test_processes.py": PROCESSES}, tmp_path / "suite")

    found, output = alone(tmp_path / "suite", "-p", "xdist", "-n2")

    assert found == [], output
    assert "1 passed" in output
