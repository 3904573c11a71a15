"""Run examples under the plugin: many in one pytest run, and what it reports for each."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.utils.lint import write_files
from tests.utils.proof_driver import WITHOUT, plugin

if TYPE_CHECKING:
    from collections.abc import Mapping

HANG = 120  # seconds
WORDS = {"asyncio": "async", "anyio": "async", "pytest_mock": "mocker"}  # plugins, and what a suite that needs one says
GROUP = """
import os
import pathlib

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_where(number):
    pathlib.Path(f"{os.environ['PYTEST_XDIST_WORKER']}-{number}").touch()
"""


class Guarded(NamedTuple):
    """One run of pytest with the plugin: the findings of its report, its exit code, and what it printed."""

    findings: list[dict[str, Any]]
    exit: int
    output: str
    reported: bool = True

    @property
    def found(self) -> set[tuple[str, str, int | None]]:
        """The (code, path, line) of all findings."""
        return {(item["code"], item["path"], item["line"]) for item in self.findings}

    def places(self, code: str) -> set[tuple[str, int | None]]:
        """Return the (path, line) pairs of the findings of one rule."""
        return {(item["path"], item["line"]) for item in self.findings if item["code"] == code}


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what pytest put there."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}


@functools.cache
def groups_hold() -> bool:
    """Tell whether this pytest and xdist keep a group on one worker: one is run, without the plugin."""
    with tempfile.TemporaryDirectory(prefix="groups-") as name:
        folder = Path(name)
        write_files({"test_it.py": GROUP, "pytest.ini": "[pytest]\nmarkers = xdist_group\n"}, folder)
        command = [sys.executable, "-m", "pytest", "-q", "-n2", "--dist=loadgroup", "-pno:cacheprovider"]
        without = [f"-pno:{name}" for name in WITHOUT]
        subprocess.run(
            [*command, *without], cwd=folder, env=clean_environment(), capture_output=True, check=True, timeout=HANG
        )
        return len({path.name.partition("-")[0] for path in folder.glob("gw*")}) == 1


def guarded(folder: Path, *arguments: str, mode: str = "error", files: Mapping[str, str] | None = None) -> Guarded:
    """Run pytest with the plugin over a folder, after writing `files` there."""
    write_files(files or {}, folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").touch()
    if not (folder / "pytest.ini").exists():
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder.parent / f"{folder.name}-report.json"
    report.unlink(missing_ok=True)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.py")]
    unused = [name for name, word in WORDS.items() if not any(word in text for text in (*arguments, *texts))]
    without = [f"-pno:{name}" for name in (*WITHOUT, *unused) if name != "hermetic"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin(), f"--hermetic={mode}", *without]
    done = subprocess.run(
        [*command, f"--hermetic-report={report}", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )
    output = done.stdout + done.stderr
    document = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"findings": []}
    return Guarded(document["findings"], done.returncode, output, report.exists())
