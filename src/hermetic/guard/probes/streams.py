"""The standard streams and the arguments of the program."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.probe import Change, Described, Probe, list_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

CAPTURED = ("stdin", "stdout", "stderr")
NAMES = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")


class Streams(NamedTuple):
    """The six streams with whether each is closed, and `sys.argv` with its items."""

    streams: tuple[Any, ...]
    closed: tuple[bool, ...]
    argv: tuple[list[object], list[object]]


class StreamsProbe(Probe[Streams]):
    """`sys.stdin`, `sys.stdout`, `sys.stderr` and the originals: which object, and whether closed; `sys.argv`."""

    code = "HRM107"
    phases = True  # a stream that is closed makes pytest's capture fail before the fixtures are torn down
    between = True  # pytest's capture sets the streams anew around each phase

    def __init__(self) -> None:
        self.captured = True

    def test_begins(self, item: pytest.Item) -> None:
        """Learn whether pytest captures: it sets the three streams anew around each phase."""
        self.captured = item.config.getoption("capture", "fd") != "no"

    def snapshot(self) -> Streams:
        """Read the attributes (about 2 us)."""
        streams = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
        argv: list[object] = sys.argv  # type: ignore[assignment]
        return Streams(streams, tuple([getattr(one, "closed", None) is True for one in streams]), (argv, argv[:]))

    def changes(self, before: Streams, after: Streams) -> Iterator[Change]:
        """Compare the objects, then whether they are closed, then the arguments."""
        for index, name in enumerate(NAMES):
            old, new = before.streams[index], after.streams[index]
            if old is not new and self.captured and name in CAPTURED:
                continue
            if old is not new:
                yield Change(f"sys.{name}", old, new, functools.partial(setattr, sys, name, old))
            elif after.closed[index] and not before.closed[index]:
                yield Change(f"sys.{name}", Described("open"), Described("closed"))
        if before.argv[0] is not after.argv[0]:
            yield Change("sys.argv", before.argv[1], after.argv[1], functools.partial(put_back, *before.argv))
        elif before.argv[1] != after.argv[1]:
            yield list_change("sys.argv", before.argv, after.argv[1])


def put_back(kept: list[Any], items: list[Any]) -> None:
    """Set the old list of arguments with its old items."""
    kept[:] = items
    sys.argv = kept
