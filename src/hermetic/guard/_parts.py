"""Base of the probes that compare tables of a library: configurations, registries, lists of functions.

Where nothing has changed, a comparison is one of lists, which Python makes by identity; the tables are found again when
something has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from hermetic.guard._shown import is_of_library
from hermetic.guard.compare import same_objects
from hermetic.guard.containers import CONTAINERS
from hermetic.guard.probe import Change, Probe, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.guard.containers import Part


class Tables(NamedTuple):
    """The tables that were found, and a copy of each."""

    parts: list[Part]
    copies: list[Any]


class PartsProbe(Probe["Tables | None"]):
    """Compares what `find` yields, once the module `gate` is imported. `version` tells when to find them again."""

    gate: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Let the probe sleep until then."""
        if "gates" not in vars(cls):
            cls.gates = (cls.gate,) if cls.gate else ()

    def __init__(self) -> None:
        self.live: list[Any] = []
        self.mirrors: list[Any] = []
        self.seen: object = None  # what `version` returned with the last snapshot
        self.last: Tables | None = None
        self.given: dict[str, Any] = {}  # copies of what a fixture gave since the last snapshot, by path

    def find(self) -> Iterator[Part]:
        """Yield the tables as they are now."""
        raise NotImplementedError

    def version(self) -> object:
        """Return an object that is another one when there may be other tables."""
        return None

    def snapshot(self) -> Tables | None:
        """Compare each table with its copy; where one differs, find and copy all."""
        if self.gate not in sys.modules:
            return None
        version = self.version()
        if self.last is None or version is not self.seen or not same_objects(self.live, self.mirrors):
            self.seen = version
            parts = list(self.find())
            self.live = [part.live for part in parts]
            self.mirrors = [part.mirrored() for part in parts]
            self.last = Tables(parts, [part.copied() for part in parts])
        return self.last

    def changes(self, before: Tables | None, after: Tables | None) -> Iterator[Change]:
        """Compare what is in both; what is new was made in the meantime, or the table that holds it tells."""
        if before is None or after is None:
            return
        old = {part.path: number for number, part in enumerate(before.parts)}
        for part, now in zip(after.parts, after.copies, strict=True):
            number = old.get(part.path)
            known = number is not None and before.parts[number].itself is part.itself
            was = before.copies[number] if known and number is not None else self.given.get(part.path, now)
            if was is not now:
                for change in part.changes(was, now):
                    if not (is_empty(change.before) and is_empty(change.after)) and self.tells(part, change):
                        yield self.told(part, change)

    def give(self) -> None:
        """Learn that a fixture gave something: from here on it is compared."""
        self.given = {part.path: part.copied() for part in self.find()}

    def tables(self) -> Iterator[Table]:
        """Yield those that are dictionaries."""
        for part in self.last.parts if self.last is not None else ():
            if isinstance(part.live, dict):
                yield Table(part.path, part.live, part.attributes)

    def tells(self, part: Part, change: Change) -> bool:
        """Tell whether a change is worth telling."""
        return True

    def told(self, part: Part, change: Change) -> Change:
        """Return a change as it is reported."""
        return change


class RegistersProbe(PartsProbe):
    """Compares tables in which a library registers entries of its own, too: those are left out."""

    def tells(self, part: Part, change: Change) -> bool:
        """Leave out what a library registers, as it does when it is imported late."""
        return not is_of_library(change.after)


def is_empty(value: Any) -> bool:
    """Tell whether a value is nothing: not there, or tables within tables that hold nothing."""
    if type(value) in CONTAINERS:
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        return all(type(one) in CONTAINERS and is_empty(one) for one in inner)
    return bool(value.__class__.__name__ == "Absent")
