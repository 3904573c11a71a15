"""Run pytest many times, each time in a process of its own: `python -m hermetic.verify.runs JOBS`.

`JOBS` is a JSON file: `{"needs": [modules], "jobs": [...], "patience": seconds}`, a job being `{"arguments",
"environment", "output"}`: a whole run of pytest in the current folder. What it prints goes into the file `output`, its
exit code into `output` + ".exit". Where the platform can fork, pytest and its plugins are imported once, and each run
is a fork: nothing that one leaves behind reaches another, and a crash loses one run.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# Plugins are imported here before pytest looks for them, of which it warns.
QUIET = "-Wignore::pytest.PytestAssertRewriteWarning"
STOPPED = "-1"
WARM = ("pytest", "hermetic.plugin", "hermetic.guard.session", "hermetic.guard.options", "hermetic.verify.inside")


def main(path: str) -> None:
    """Run all jobs, as many at a time as there are processors."""
    with open(path, encoding="utf-8") as file:
        work: dict[str, Any] = json.load(file)
    patience = float(work["patience"])
    if not hasattr(os, "fork"):
        for job in work["jobs"]:
            spawn(job, patience)
        return
    warm(work["needs"])
    left = list(work["jobs"])
    running: dict[int, tuple[dict[str, Any], float]] = {}
    while left or running:
        while left and len(running) < max(2, os.cpu_count() or 1):
            job = left.pop(0)
            running[fork(job)] = (job, time.monotonic() + patience)
        reap(running)


def warm(needs: Sequence[str]) -> None:
    """Import what many runs need; what cannot be imported is told by the run that needs it."""
    points = [point.module for point in importlib.metadata.entry_points(group="pytest11")]
    # Its plugin imports all of it at the end of a run, and pytest rewrites each of its modules.
    late = ["hypothesis"] if "_hypothesis_pytestplugin" in points else []
    for name in (*WARM, *points, *late, *needs):
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112 - whatever a module does, as above
            continue


def fork(job: dict[str, Any]) -> int:
    """Start one run, and return its process."""
    process = os.fork()
    if process:
        return process
    code = 3
    try:
        os.setpgid(0, 0)
        output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(job["environment"])
        code = run(job["arguments"])
    finally:
        note(job, str(code))
        os._exit(0)  # threads and exit handlers that a plant has left are not waited for


def run(arguments: list[str]) -> int:
    """Run pytest as `python -m pytest` does, and return its exit code."""
    import pytest

    sys.argv = ["pytest", *arguments]
    sys.path.insert(0, os.getcwd())
    return int(pytest.main([QUIET, *arguments]))


def reap(running: dict[int, tuple[dict[str, Any], float]]) -> None:
    """Wait a little, take the runs that have ended, and end those whose time is over."""
    time.sleep(0.01)
    for process, (job, until) in list(running.items()):
        over = time.monotonic() > until
        if over:
            note(job, STOPPED)
            kill(process)
        ended, _ = os.waitpid(process, 0 if over else os.WNOHANG)
        if ended:
            kill(process)  # what it has started
            del running[process]


def kill(process: int) -> None:
    """End a run's process group; it may be gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def spawn(job: dict[str, Any], patience: float) -> None:
    """Run one job in a new interpreter, where nothing can be forked."""
    with open(job["output"], "w", encoding="utf-8") as file:
        try:
            done = subprocess.run(  # noqa: S603 - no shell
                [sys.executable, "-m", "pytest", *job["arguments"]],
                env=os.environ | job["environment"],
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=patience,
            )
        except subprocess.TimeoutExpired:
            note(job, STOPPED)
        else:
            note(job, str(done.returncode))


def note(job: dict[str, Any], code: str) -> None:
    """Write down how a run ended."""
    with open(job["output"] + ".exit", "w", encoding="utf-8") as file:
        file.write(code)


if __name__ == "__main__":
    main(sys.argv[1])
