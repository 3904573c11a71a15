"""Flags and context variables that modules of the project hold."""

from __future__ import annotations

import functools
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from hermetic.guard._globals import PROJECT
from hermetic.guard._sieve import Sieve
from hermetic.guard.compare import same, same_objects
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

SET, CLEAR = Described("set"), Described("not set")
KINDS = frozenset({threading.Event, ContextVar})
Flags = tuple[list[tuple[str, Any]], list[Any]]


class FlagsProbe(Probe[Flags]):
    """`threading.Event` and `ContextVar` objects under a name of a module or class; others keep to what made them.

    A context variable is read in the context that the tests share. One that a test's code sets stays set there.
    """

    code = "HRM601"
    words = ("ContextVar", "Event")

    def __init__(self) -> None:
        self.looks = 0  # as the project's modules were when they were gone through
        self.sieve = Sieve(is_flag)
        self.watched: list[tuple[str, Any]] = []
        self.last: Flags = [], []

    def snapshot(self) -> Flags:
        """Read each (about 0.1 us); they are looked for where there are new modules."""
        walk = PROJECT.snapshot()
        if self.looks != walk.looks:
            self.looks = walk.looks
            found: dict[int, tuple[str, Any]] = {}
            for holder, name, value in self.sieve.through(walk):
                found.setdefault(id(value), (f"{holder.name}.{name}", value))
            self.watched = [*found.values()]
        if not self.watched and not self.last[0]:
            return self.last
        values = [value_of(one) for _, one in self.watched]
        if self.watched is not self.last[0] or not same_objects(values, self.last[1]):
            self.last = self.watched, values
        return self.last

    def changes(self, before: Flags, after: Flags) -> Iterator[Change]:
        """Compare one by one."""
        old = dict(zip([name for name, _ in before[0]], before[1], strict=True))
        for (name, one), now in zip(*after, strict=True):
            was = old.get(name, now)
            if was is not now and not same(was, now):
                yield Change(name, was, now, functools.partial(put, one, was))


def is_flag(name: str, value: object) -> bool:
    """Tell whether a value is such an object, and none that code keeps for itself."""
    return type(value) in KINDS and not (type(value) is ContextVar and name.startswith("_"))


def value_of(one: Any) -> object:
    """Return whether an event is set, or what a context variable is in this context."""
    if isinstance(one, threading.Event):
        return SET if one.is_set() else CLEAR
    return one.get(ABSENT)


def put(one: Any, value: object) -> None:
    """Set it as it was; a context variable that was not set is given its default."""
    if isinstance(one, threading.Event):
        (one.set if value is SET else one.clear)()
    elif value is not ABSENT:
        one.set(value)
