"""Files and folders that a test writes in a place of its own choice."""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard import _literals as frames
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.options import allowed
from hermetic.guard.places import USER, getframe, responsible
from hermetic.guard.probe import MOMENT, Act, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    import pytest

    from hermetic.guard.places import Place

    Known = dict[str, "Seen | None"]

# As they are, whatever a test puts in their place.
fspath, fsdecode, lstat, getcwd, getpid, normpath = (
    os.fspath,
    os.fsdecode,
    os.lstat,
    os.getcwd,
    os.getpid,
    os.path.normpath,
)
environ = os.environ
SEP = os.sep
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
JOB = "concurrent.futures.thread._WorkItem.__init__"
EXECUTOR = os.path.join("concurrent", "futures", "thread.py")
SUBMITTER = "_hermetic_submitter"  # the attribute of a job
NO_FOLDER = -1  # the `dir_fd` of a call without one
MANY = 200  # paths that are watched at once
SPECIAL = tuple(f"{SEP}{name}{SEP}" for name in ("dev", "proc", "sys"))
CACHES = frozenset({
    ".cache", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".benchmarks", ".git",
    ".testmondata", ".matplotlib", ".ipython",
})  # fmt: skip
CACHE_NAMES = (".coverage", "pytest-of-")
# What makes a name one of this moment: a UUID, or a long number.
UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|(?=[a-f]*\d)[0-9a-f]{12,}|\d{10,}")
LOCKS = (".lock", ".lck", ".pid")  # files that are there for several workers
HARM = "in two workers, one reads or removes what the other wrote"
DESTINATION = {"os.rename": (1, 3), "os.mkdir": (0, 2), "os.symlink": (1, 2), "os.link": (1, 3)}


class Seen(NamedTuple):
    """What changes with a file when it is written; a folder's own time says nothing of who made it."""

    kind: int
    time: int
    size: int

    def __repr__(self) -> str:
        return "a folder" if stat.S_ISDIR(self.kind) else f"{self.size} bytes"


class Writer(NamedTuple):
    """The first test that wrote a path, and where; `told` says that nothing more is to be said of it."""

    test: str
    place: Place
    told: bool


class View(NamedTuple):
    """What the watched paths are like, and how many writes there were of paths that another test wrote too."""

    known: Known
    shared: int


class FixedPathProbe(Probe[View]):
    """What the project's code writes outside of temporary folders and caches, and what of it stays or is shared."""

    code = "HRM502"
    events = ("open", *DESTINATION, "sqlite3.connect", "tempfile.mkstemp", "tempfile.mkdtemp")
    setters = (JOB,)
    by_events = True

    def __init__(self) -> None:
        self.first: Known = {}  # what each watched path was like before it was written
        self.places: dict[str, Place] = {}  # since the test began
        self.writers: dict[str, Writer] = {}
        self.shared: list[tuple[str, str, Place]] = []
        self.temporary = {sys.pycache_prefix} if sys.pycache_prefix else set()
        self.test = ""
        self.root = getcwd()
        self.config: pytest.Config | None = None
        self.last = View({}, 0)

    def snapshot(self) -> View:
        """Look at the paths that were written: most suites have none."""
        self.stirred = bool(self.first) or not self.hearing
        if self.first or self.last.known:
            self.last = View({path: seen(path) for path in list(self.first)}, len(self.shared))
        return self.last

    def changes(self, before: View, after: View) -> Iterator[Change]:
        """Compare path by path; what lies in a folder that changed is not named apart."""
        if before == after:
            return
        changed = {}
        for path, new in after.known.items():
            old = before.known[path] if path in before.known else self.first.get(path, new)
            if old != new:
                changed[path] = old, new
        for path, (old, new) in changed.items():
            if not any(parent in changed for parent in parents(path)):
                name, place = self.shown(path), self.places.get(path)
                if path in self.writers:
                    self.writers[path] = self.writers[path]._replace(told=True)
                text = f"writes {name!r} and leaves it there: a second test, worker or run uses the same path"
                yield Change(name, old or ABSENT, new or ABSENT, text=text, note=place)
        for path, other, place in self.shared[before.shared : after.shared]:
            if path not in changed:
                name = self.shown(path)
                text = f"writes {name!r}, as {other} does: {HARM}"
                yield Change(f"{name} of {other}", ABSENT, SHARED, text=text, note=place)

    def test_begins(self, item: pytest.Item) -> None:
        """Forget what is of no further interest."""
        self.test = item.nodeid
        if item.config is not self.config:
            self.configure(item.config)
        self.places.clear()
        if self.first:
            self.first = {path: found for path in list(self.first)[-MANY:] if (found := seen(path))}

    def configure(self, config: pytest.Config) -> None:
        """Learn where the suite is, and where it may write."""
        self.config, self.root = config, str(config.rootpath)
        given = config.getoption("basetemp", None)
        if given:
            self.temporary.add(absolute(given))

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Keep what is written, where it is before that, and who writes it."""
        if event == "open":
            if not args[2] & WRITES or args[0] == tempfile.tempdir:  # the latter makes a file without a name
                return
            given = args[0]
        elif event in DESTINATION:
            number, folder = DESTINATION[event]
            if len(args) > folder and args[folder] != NO_FOLDER:
                return
            given = args[number]
        else:
            given = args[0]
        if given is None or isinstance(given, int):
            return
        try:
            path = absolute(database(given) if event == "sqlite3.connect" else given)
            if event.startswith("tempfile."):
                self.temporary.add(path)
            elif path and not self.is_temporary(path):
                self.written(path, event)
        except (OSError, ValueError, TypeError):
            return  # no path at all, or the working folder is gone

    def called(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, object]) -> None:
        """Let a job remember who gave it to an executor: in its thread no code of the project leads there."""
        place = responsible(getframe(3))
        if place is not None and place.origin == USER:
            setattr(args[0], SUBMITTER, place)

    def written(self, path: str, event: str) -> None:
        """Watch a path that the project's code is about to write."""
        frame = getframe(4)
        if frames.by_machine(frame):
            if event == "os.mkdir" and not f"{self.root}{SEP}".startswith(f"{path}{SEP}"):
                self.temporary.add(path)  # a folder of pytest, or leased
            return
        place = responsible(frame)
        if place is not None and place.origin != USER and current_thread() is not main_thread():
            place = submitter(frame)
        if place is None or place.origin != USER or place.importing or is_unique(self.shown(path)):
            return
        now = seen(path)
        if event == "open" and now is not None and stat.S_ISDIR(now.kind):
            return  # how tempfile makes a file without a name
        self.first.setdefault(path, now)
        self.stirred = True
        self.places.setdefault(path, place)
        if self.test and event not in {"os.mkdir", "sqlite3.connect"}:
            may = MOMENT.item is not None and self.code in allowed(MOMENT.item)
            other = self.writers.setdefault(path, Writer(self.test, place, told=may)).test
            if other != self.test:
                self.shared.append((path, other, place))

    def handed_over(self) -> Iterator[Act]:
        """Yield what was written, and removed again, by a test: in another worker it goes on at the same time."""
        for path, (test, place, told) in self.writers.items():
            if not told and not path.endswith(LOCKS):
                name = self.shown(path)
                yield Act(self.code, path, test, f"writes {name!r}", HARM, place.path, place.line, place.function)

    def is_temporary(self, path: str) -> bool:
        """Tell whether a path lies in a temporary folder that was announced, is a cache, or no file."""
        if path.startswith(SPECIAL) or path in self.temporary:
            return True
        for name in self.shown(path).split(SEP):
            if name in CACHES or name.startswith(CACHE_NAMES):
                return True
        return any(parent in self.temporary for parent in parents(path))

    def shown(self, path: str) -> str:
        """Return a path relative to the root of the suite, where it lies below."""
        here = f"{self.root}{SEP}"
        return path.removeprefix(here)


def submitter(frame: FrameType | None) -> Place | None:
    """Return who gave an executor the job that runs in this thread."""
    while frame is not None:
        if frame.f_code.co_name == "run" and frame.f_code.co_filename.endswith(EXECUTOR):
            return getattr(frame.f_locals.get("self"), SUBMITTER, None)
        frame = frame.f_back
    return None


SHARED = Described("written by another test too")


def database(given: Any) -> Any:
    """Return the file of a database, "" where it has none."""
    name = fsdecode(fspath(given))
    if name.startswith("file:"):
        name, _, options = name.removeprefix("file:").partition("?")
        name = "" if "memory" in options or "mode=ro" in options else name
    return "" if name == ":memory:" else name


def absolute(given: Any) -> str:
    """Return a path from the root, "" for none."""
    path = fsdecode(fspath(given))
    if not path:
        return ""
    return normpath(path if os.path.isabs(path) else f"{getcwd()}{SEP}{path}")


def parents(path: str) -> Iterator[str]:
    """Yield the folders around a path, the nearest first."""
    while (end := path.rfind(SEP)) > 0:
        path = path[:end]
        yield path


def seen(path: str) -> Seen | None:
    """Return what a path is like, None where nothing is."""
    try:
        found = lstat(path)
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        return Seen(found.st_mode, found.st_mtime_ns, found.st_size)
    return Seen(stat.S_IFMT(found.st_mode), 0, 0)


def is_unique(path: str) -> bool:
    """Tell whether a path has the number of this process or worker in it, or one that nobody else draws."""
    names = path.split(SEP)
    own = {str(getpid()), environ.get("PYTEST_XDIST_WORKER", "")} - {""}
    return any(part in own for name in names for part in re.split(r"[^0-9A-Za-z]", name)) or any(
        UNIQUE.search(name) for name in names
    )
