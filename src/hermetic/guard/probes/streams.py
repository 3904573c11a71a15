"""The standard streams and the arguments of the program."""

from __future__ import annotations

import functools
import operator
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.compare import same_objects
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.probe import Change, Probe, list_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

CAPTURED = ("stdout", "stderr")  # that pytest's capture sets anew around each phase; it leaves `stdin` alone
NAMES = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
READ, CLOSED = operator.attrgetter(*NAMES), operator.attrgetter("closed")
STATES = Described("open"), Described("closed")


class Streams(NamedTuple):
    """The six streams with whether each is closed, whether those of the capture are lost, `sys.argv` with its items."""

    streams: tuple[Any, ...]
    closed: tuple[Any, ...]
    lost: tuple[bool, ...]
    argv: tuple[list[object], list[object]]


class StreamsProbe(Probe[Streams]):
    """`sys.stdin`, `sys.stdout`, `sys.stderr` and the originals: which object, and whether closed; `sys.argv`."""

    code = "HRM107"
    phases = True  # a stream that is closed makes pytest's capture fail before the fixtures are torn down
    between = True  # pytest's capture sets the streams anew around each phase

    def __init__(self) -> None:
        self.captures: tuple[Any, ...] = ()  # the streams of pytest's capture, empty where it does not capture
        self.wrappers: list[tuple[Any, Any]] = []  # each with the stream of the capture whose buffer it wraps
        self.seen: list[object] = []  # what was read the last time, flat
        self.last: Streams | None = None
        self.kept: list[Any] = []  # those of earlier tests, lest they close the buffer and end the run

    def test_begins(self, item: pytest.Item) -> None:
        """Learn whether pytest captures: it sets two of the streams anew around each phase."""
        captured = getattr(item.config.option, "capture", "fd") != "no"
        self.captures = (sys.stdout, sys.stderr) if captured else ()
        self.kept += self.wrappers
        self.wrappers = []

    def snapshot(self) -> Streams:
        """Read the attributes (about 1 us); look closer where one is different."""
        streams = READ(sys)
        argv: list[Any] = sys.argv
        # In a phase pytest's are those that are set, which need not be asked twice whether they are closed.
        captures = self.captures
        are_set = captures and streams[1] is captures[0] and streams[2] is captures[1]
        watched = streams if are_set else (*streams, *captures)
        try:
            closed = [*map(CLOSED, watched)]
        except AttributeError:  # what has no such attribute is not closed
            closed = [getattr(one, "closed", None) for one in watched]
        last = self.last
        if (
            last is None
            or self.wrappers
            or last.argv[0] is not argv
            or not same_objects([watched, closed, argv], self.seen)
        ):
            self.seen = [watched, closed, argv[:]]
            self.last = last = self.looked_at(streams, tuple(closed[: len(NAMES)]), argv)
        return last

    def looked_at(self, streams: tuple[Any, ...], closed: tuple[bool, ...], argv: list[object]) -> Streams:
        """Return the whole, with what has become of pytest's own streams."""
        for present, stream in zip(streams[1:3], self.captures, strict=False):
            if present is not stream and wraps(present, stream):
                self.wrappers.append((present, stream))
        lost = tuple([self.is_lost(stream) for stream in self.captures])
        return Streams(streams, closed, lost, (argv, argv[:]))

    def is_lost(self, stream: Any) -> bool:
        """Tell whether a stream is closed, or would be if the wrapper of its buffer were freed."""
        closed = getattr(stream, "closed", None) is True
        return closed or any(wrapped is stream and wraps(one, stream) for one, wrapped in self.wrappers)

    def changes(self, before: Streams, after: Streams) -> Iterator[Change]:
        """Compare the objects, then whether they are closed, then the arguments."""
        for name, was, now in zip(CAPTURED, before.lost, after.lost, strict=False):
            if was is not now:
                yield Change(f"sys.{name}", STATES[was], STATES[now])
        for index, name in enumerate(NAMES):
            old, new = before.streams[index], after.streams[index]
            if self.captures and name in CAPTURED:
                continue
            if old is not new:
                yield Change(f"sys.{name}", old, new, functools.partial(setattr, sys, name, old))
            elif after.closed[index] is True and before.closed[index] is not True:
                yield Change(f"sys.{name}", Described("open"), Described("closed"))
        if before.argv[0] is not after.argv[0]:
            yield Change("sys.argv", before.argv[1], after.argv[1], functools.partial(put_back, *before.argv))
        elif before.argv[1] != after.argv[1]:
            yield list_change("sys.argv", before.argv, after.argv[1])


def wraps(wrapper: Any, stream: Any) -> bool:
    """Tell whether an object has the buffer of a stream, which it closes when it is freed."""
    try:
        return getattr(wrapper, "buffer", ABSENT) is stream.buffer
    except Exception:  # noqa: BLE001 - its buffer was detached, or it is an object of the project
        return False


def put_back(kept: list[Any], items: list[Any]) -> None:
    """Set the old list of arguments with its old items."""
    kept[:] = items
    sys.argv = kept
