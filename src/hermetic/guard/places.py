"""Whose code a frame runs, and which line of the user's code is responsible for what happens now."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import _pytest
import pluggy
import pytest

if TYPE_CHECKING:
    from types import FrameType

USER, LIBRARY, STDLIB, MACHINE, IMPORT = "user", "library", "stdlib", "machine", "import"
DOCTEST = "doctest"
abspath = os.path.abspath  # as it is, whatever a test puts in its place
getframe = sys._getframe  # noqa: SLF001 - the way to see one's caller; tests of code without it take it away
SESSION = "wrap_session"  # the function of pytest that every session runs in
PORTAL = os.path.join("anyio", "from_thread.py")
LOOPS = os.path.join("asyncio", "base_events.py")
OWN = str(Path(__file__).parents[1])


class Place(NamedTuple):
    """A line of code: absolute path, 1-based line, name of the function.

    `origin` is `user` for code of the project, `library` for a library in a thread of its own, and `machine` where no
    code of the project is involved: pytest or a plugin did it. `importing` is true when it happened while the line
    imported a library.
    """

    path: str
    line: int
    function: str
    origin: str = USER
    importing: bool = False


def _folders() -> dict[str, str]:
    """Return the folders whose code is not the user's, and whose it is."""
    machine = [OWN, *(os.path.dirname(str(module.__file__)) for module in (pytest, _pytest, pluggy))]
    found = {f"{folder}{os.sep}": MACHINE for folder in machine}
    for name in ("purelib", "platlib"):
        found.setdefault(f"{sysconfig.get_path(name)}{os.sep}", LIBRARY)
    for name in ("stdlib", "platstdlib"):
        found.setdefault(f"{sysconfig.get_path(name)}{os.sep}", STDLIB)
    return found


FOLDERS = _folders()
_whose: dict[str, str] = {}


def whose(filename: str) -> str:
    """Return whose code a file holds, by its path."""
    known = _whose.get(filename)
    if known is None:
        known = _whose[filename] = _judge(filename)
    return known


def _judge(filename: str) -> str:
    if filename.startswith("<doctest "):
        return DOCTEST
    if filename.startswith("<"):
        return IMPORT if "importlib" in filename else STDLIB
    try:
        path = abspath(filename)
    except OSError:  # a relative name, and the working directory is gone
        path = filename
    for folder, owner in FOLDERS.items():
        if path.startswith(folder):
            return owner
    parts = path.split(os.sep)
    return LIBRARY if "site-packages" in parts or "dist-packages" in parts else USER


def is_users(value: object) -> bool:
    """Tell whether an object's class or function is defined in code of the project."""
    module = sys.modules.get(getattr(value, "__module__", None) or type(value).__module__)
    filename = getattr(module, "__file__", None)
    return isinstance(filename, str) and whose(filename) == USER


def is_users_file(path: str) -> bool:
    """Tell whether a file is one of the project."""
    return whose(path) == USER


def is_test_file(path: str) -> bool:
    """Tell whether a file is one of tests, by its name or folder."""
    base = os.path.basename(path)
    return base.startswith(("test_", "conftest.")) or base.endswith("_test.py")


def of_doctest(frame: FrameType) -> Place | None:
    """Return the line of the example that a frame runs, which `doctest` compiles from a file of another name."""
    runner = frame.f_back
    if runner is None or runner.f_code.co_filename != doctest_file():
        return None
    test: Any = runner.f_locals.get("test")
    example: Any = runner.f_locals.get("example")
    if test is None or example is None or not isinstance(test.filename, str):
        return None
    return Place(test.filename, (test.lineno or 0) + example.lineno + frame.f_lineno, test.name)


def doctest_file() -> str | None:
    """Return the file of `doctest`, None while nobody has imported it."""
    return getattr(sys.modules.get("doctest"), "__file__", None)


def asking() -> Place | None:
    """Return the line of the project's code that waits in the main thread, for a portal or in an event loop.

    For what happens in a thread that serves it, where no code of the project leads there.
    """
    frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001 - the way to see it
    found = None
    while frame is not None and found is None:
        path = frame.f_code.co_filename
        if path.endswith(PORTAL):
            found = responsible(frame)
        elif path.endswith(LOOPS) and frame.f_code.co_name == "run_until_complete":
            found = awaiting(frame.f_locals.get("future")) or responsible(frame)
        frame = frame.f_back
    return found if found is not None and found.origin == USER else None


def awaiting(task: Any) -> Place | None:
    """Return the innermost line of the project's code at which a task waits."""
    found = None
    coroutine = task.get_coro() if hasattr(task, "get_coro") else None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and whose(frame.f_code.co_filename) == USER:
            found = Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        coroutine = getattr(coroutine, "cr_await", None)
    return found


def responsible(frame: FrameType | None) -> Place | None:
    """Return the nearest line of the user's code at or above a frame; else the nearest line of a library.

    Walking costs about 0.1 us a frame.
    """
    importing, library = False, None
    while frame is not None:
        code = frame.f_code
        owner = _whose.get(code.co_filename) or whose(code.co_filename)
        if owner == USER:
            return Place(code.co_filename, frame.f_lineno, code.co_name, USER, importing)
        if owner == DOCTEST and (place := of_doctest(frame)) is not None:
            return place
        if owner == MACHINE and code.co_name == SESSION:
            break  # whoever called pytest.main is not responsible for what happens in the session
        if owner == IMPORT:
            importing = library is not None
        elif owner == LIBRARY and library is None:
            library = (code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    alone = threading.current_thread() is not threading.main_thread()
    return Place(*(library or ("", 0, "")), LIBRARY if alone and library else MACHINE, importing)
