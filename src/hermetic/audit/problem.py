"""Why a file cannot be collected: told by the process that saw the error, without more than Python itself."""

from __future__ import annotations

import linecache
import os
import traceback
from typing import TypedDict

LONGEST = 1_000  # characters of a message


class Problem(TypedDict):
    """An error: its type and text, the module that was imported, and the last line of the project's own code."""

    type: str
    text: str
    module: str
    path: str
    line: int
    source: str


def described(error: BaseException, root: str, here: str) -> Problem:
    """Return what is told about an error; pytest wraps what an import raises."""
    while type(error).__name__ in ("CollectError", "ConftestImportFailure"):
        inner = getattr(error, "cause", None) or error.__cause__
        if inner is None:
            break
        error = inner
    path, line = where(error, root)
    source = linecache.getline(path, line).strip() if path else ""
    text = str(getattr(error, "msg", "") or error)[:LONGEST]
    shown = os.path.relpath(path, here).replace(os.sep, "/") if path else ""
    return Problem(
        type=type(error).__name__, text=text, module=str(getattr(error, "name", "") or ""), path=shown, line=line,
        source=source,
    )  # fmt: skip


def where(error: BaseException, root: str) -> tuple[str, int]:
    """Return the last line in the project's own files that an error passed, ("", 0) for none."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    inside = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(root + os.sep) and "site-packages" not in frame.filename
    ]
    return (inside[-1].filename, inside[-1].lineno or 0) if inside else ("", 0)
