"""Processes that are waited for, and what their words and their output mean."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from hermetic.audit.names import GRACE, OVER

if TYPE_CHECKING:
    from collections.abc import Sequence


def attend(process: subprocess.Popen[bytes], events: str, patience: float) -> int | None:
    """Wait for a process, and return its exit code; end one that has written no event for `patience` seconds.

    One that has written that all is over is not waited for so long.
    """
    size, heard = -1, time.monotonic()
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(0.2)
            now = os.path.getsize(events) if os.path.exists(events) else 0
            if now != size:
                size, heard = now, time.monotonic()
                patience = GRACE if read(events).endswith(f'"{OVER}"]\n') else patience
            if time.monotonic() - heard > max(patience, 1.0):
                return None
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def moved(word: str, top: str, copy: str) -> str:
    """Return a word with the tree's folder replaced by that of a copy."""
    return re.sub(rf"(?<![\w./-]){re.escape(top)}(?={re.escape(os.sep)}|$)", lambda _: copy, word)


def in_environment(path: str, top: str) -> bool:
    """Tell whether a folder of the tree lies in a virtual environment."""
    while path.startswith(top) and path != top:
        if os.path.isfile(os.path.join(path, "pyvenv.cfg")):
            return True
        path = os.path.dirname(path)
    return False


def read(path: str) -> str:
    """Return the content of a file, "" where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def reason(log: str, given: Sequence[str]) -> str:
    """Return why nothing was collected, and what to type next."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("ERROR", "E  ", "INTERNALERROR", "Error", "ImportError"))]
    told = "; ".join((wrong or lines[-1:] or ["it printed nothing"])[:3])
    words = " ".join(["python -m pytest --collect-only -q", *given])
    return f"pytest did not get as far as running tests: {told}; `{words}` shows it"
