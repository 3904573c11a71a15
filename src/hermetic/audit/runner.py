"""Inside pytest: runs tests in any order through the hooks of a normal run, and tells how each ended."""

from __future__ import annotations

import json
import os
import random
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hermetic.audit import tree

if TYPE_CHECKING:
    import pytest

    from hermetic.audit.outside import Outside
    from hermetic.audit.tree import Disk

MAIN = ""  # the name of the sequence that is no branch
FEW = 300  # files and folders that are scanned after each experiment, whatever was heard


class Between:
    """Stands for the next test where that is not decided yet: all but the last test's own fixtures stay set up."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a plugin asks a test for
        return getattr(self._item, name)

    def listchain(self) -> list[Any]:
        """Return the collectors around the test, and something else in its place."""
        return [*self._item.listchain()[:-1], self]


class Runner:
    """Runs walks: a main sequence of tests, and at some positions branches, each in a fork of its own.

    Tests are numbers, their places among the collected ones. Each event is one line of JSON, written to `out`:
    `["s", branch, test]` a test starts; `["e", branch, test, status, seconds]` it has ended; `["r", test, records]`
    what the guard saw; `["x", position]` nothing can be forked here; `["bye", dirty]` the walk is over.
    """

    def __init__(self, session: pytest.Session, out: int, outside: Outside | None = None) -> None:
        self.session = session
        self.items = session.items
        self.out = out
        self.outside = outside
        self.owner = os.getpid()
        self.failed = self.skipped = False
        self.records: list[Any] = []
        self.sockets = sockets()

    def emit(self, *event: object) -> None:
        """Write an event. A process that a test has forked, and that runs on as if it were us, ends here."""
        if os.getpid() != self.owner:
            os._exit(0)
        data = json.dumps(event).encode() + b"\n"
        while data:
            data = data[os.write(self.out, data) :]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take how a phase of a test ended."""
        self.failed = self.failed or report.failed
        self.skipped = self.skipped or report.skipped
        for record in report.__dict__.get("_hermetic", ()):
            self.records.append([record[name] for name in ("state", "path", "line", "layer", "code")])

    def begin(self) -> None:
        """Make a fork ready: its output goes nowhere, and its events are its own."""
        self.owner = os.getpid()
        if self.outside is not None:
            self.outside.saved, self.outside.dirty, self.outside.on = set(), False, True

    def walk(self, order: list[int], branches: dict[int, list[list[int]]], disk: Disk | None) -> None:
        """Run a main sequence with its branches."""
        for position in range(len(order) + 1):
            if position in branches:
                self.branch_all(position, branches[position], disk)
                if position < len(order):
                    self.arrive(order[position])
            if position == len(order):
                break
            self.run(MAIN, order[position], self.after(order, position, branches))
        self.finish()
        self.emit("bye", self.outside is None or self.outside.dirty)

    def after(self, order: list[int], position: int, branches: dict[int, list[list[int]]]) -> Any:  # noqa: ANN401
        """Return what pytest is told to run next.

        Never nothing: what a fixture of wider scope does at its end is no failure of the test that happens to be last.
        """
        if position + 1 in branches or position + 1 == len(order):
            return Between(self.items[order[position]])
        return self.items[order[position + 1]]

    def run(self, branch: str, test: int, following: Any) -> None:  # noqa: ANN401 - a test, or what stands for one
        """Run one test, and tell how it ended."""
        item = self.items[test]
        self.failed = self.skipped = False
        self.emit("s", branch, test)
        started = time.perf_counter()
        stopped = False
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:  # noqa: BLE001 - pytest.exit, or an interrupt that the test sent itself
            stopped = True
        seconds = round(time.perf_counter() - started, 5)
        status = "crash" if stopped else "fail" if self.failed else "skip" if self.skipped else "pass"
        if self.records:
            self.emit("r", test, self.records)
            self.records = []
        self.emit("e", branch, test, status, seconds)
        if stopped:
            os._exit(0)

    def arrive(self, test: int) -> None:
        """Tear down what the next test does not share, which pytest does at the end of the test before."""
        with suppress(BaseException):
            self.session._setupstate.teardown_exact(self.items[test])  # noqa: SLF001 - there is no hook for it

    def finish(self) -> None:
        """Tear down what is left, such as servers that a fixture has started."""
        with suppress(BaseException):
            self.session._setupstate.teardown_exact(None)  # noqa: SLF001 - as above

    def branch_all(self, position: int, tails: list[list[int]], disk: Disk | None) -> None:
        """Run branches, each from the state and the files that the main sequence has left."""
        if not self.can_fork():
            self.emit("x", position)
            return
        own = disk
        if disk is not None and self.outside is not None and position and self.is_changed(disk):
            own = tree.Disk(disk.roots, os.path.join(self.outside.home, f"branch-{os.getpid()}-{position}"))
            own.keep()
        since = self.outside.position() if self.outside is not None else 0
        drawn = random.getstate()
        for number, tail in enumerate(tails):
            process = os.fork()
            if not process:
                random.setstate(drawn)  # Python seeds anew in each fork
                self.branch(f"{position}:{number}", tail)
            wrote = 1
            with suppress(ChildProcessError):
                _, wrote = os.waitpid(process, 0)
            if own is not None and (wrote or own.size() <= FEW):
                own.restore()
            if self.outside is not None:
                self.outside.undo(since)
        if own is not None and own is not disk:
            tree.remove(own.store)

    def branch(self, name: str, tail: list[int]) -> None:
        """Run one branch, and end its process; the exit code is 0 where it wrote no file."""
        code = 1
        try:
            self.begin()
            self.arrive(tail[0])
            for at, test in enumerate(tail):
                self.run(name, test, self.after(tail, at, {}))
            self.finish()
            code = int(self.outside is None or self.outside.dirty)
        finally:
            os._exit(code)

    def is_changed(self, disk: Disk) -> bool:
        """Tell whether the main sequence has changed files."""
        return (self.outside is None or self.outside.dirty or disk.size() <= FEW) and disk.changed()

    def can_fork(self) -> bool:
        """Tell whether a fork has all that this process has, for itself alone: no threads, connections, children."""
        return threading.active_count() == 1 and sockets() <= self.sockets and not has_children()


def has_children() -> bool:
    """Tell whether this process has started others that it has not waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def sockets() -> int:
    """Return how many sockets this process holds."""
    count = 0
    for name in os.listdir("/dev/fd") if os.path.isdir("/dev/fd") else ():
        with suppress(OSError, ValueError):
            count += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
    return count
