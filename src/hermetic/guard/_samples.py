"""Containers too large to be copied at each boundary: a sample of them is compared, and findings say so."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from hermetic.guard.compare import same_objects
from hermetic.guard.containers import LARGEST, TABLES, Part
from hermetic.guard.describe import ABSENT, Described, short
from hermetic.guard.probe import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST = 16  # entries of a table, from its end: new ones are put there
SPREAD = 16  # items of a list, evenly
Copy = tuple[int, list[Any], list[Any]]  # how many there are; keys or positions of the sample; their values


class Sample(Part):
    """A container of which its size and a sample are compared: the last entries of a table, items all over a list."""

    __slots__ = ()

    def copied(self) -> Copy:
        """Return the size and the sample (about 1 us)."""
        value = self.itself
        if type(value) in TABLES:
            last = list(itertools.islice(reversed(value.items()), LAST))
            return len(value), [key for key, _ in last], [one for _, one in last]
        if isinstance(value, set):
            return len(value), [], []
        size = len(value)
        places = [*range(0, size, size // SPREAD or 1), size - 1] if size else []
        return size, places, [value[place] for place in places]

    @property
    def live(self) -> Any:
        """Return what is equal to a mirror as long as the sample is the same."""
        return Glance(self)

    def mirrored(self) -> Any:
        """Return the sample."""
        return self.copied()

    def mirror_of(self, copy: Any) -> Any:
        """Return the sample that was taken just now."""
        return copy

    def changes(self, before: Copy, after: Copy) -> Iterator[Change]:
        """Yield what differs in the sample, or the size where the sample does not tell."""
        if agree(before, after):
            return
        told = list(self.of_table(before, after)) if type(self.itself) in TABLES else []
        yield from told or [self.of_size(before, after)]

    def of_size(self, before: Copy, after: Copy) -> Change:
        """Return the change where nothing tells the entries; what is at the end of a list is new."""
        old: object
        new: object
        more = after[0] - before[0]
        if not more:
            old, new = before[2], after[2]
        elif more > 0:
            old = ABSENT
            new = self.itself[-more:] if type(self.itself) is list else Described(f"{more:,} more items")
        else:
            old, new = Described(f"{-more:,} more items"), ABSENT
        return Change(self.path, old, new, text=self.text(self.path, old, new), whole=(before, after))

    def of_table(self, before: Copy, after: Copy) -> Iterator[Change]:
        """Yield the entries that were given another value, the new ones, and those that are gone."""
        old, new = dict(zip(*before[1:], strict=True)), dict(zip(*after[1:], strict=True))
        gone = [key for key in old if key not in self.itself]
        grown = after[0] - before[0] + len(gone)  # what else slips into the sample was there before
        fresh = [key for key in new if key not in old][: max(grown, 0)]
        replaced = [
            key for key in new if key in old and new[key] is not old[key] and not same_objects([new[key]], [old[key]])
        ]
        for key in (*replaced, *gone, *fresh):
            was, now = old.get(key, ABSENT), new.get(key, ABSENT)
            state = f"{self.path}[{short(key)}]"
            undo = functools.partial(self.put_back, key, was)
            yield Change(state, was, now, undo, text=self.text(state, was, now))

    def text(self, state: str, before: object, after: object) -> str:
        """Say what was seen, and of how much."""
        of = f"its size and the last {LAST}" if type(self.itself) in TABLES else "its size and some items"
        seen = "its size" if isinstance(self.itself, set) else of
        much = f"of {len(self.itself):,} items, {seen} are compared"
        return f"left {state} changed: {short(before)} -> {short(after)} ({much})"


class Glance:
    """Stands for a container in a comparison of lists."""

    __slots__ = ("part",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, part: Sample) -> None:
        self.part = part

    def __eq__(self, other: object) -> bool:
        """Compare the sample as it is now with a mirror; the size first."""
        return isinstance(other, tuple) and len(self.part.itself) == other[0] and agree(self.part.copied(), other)


def agree(one: Copy, other: Copy) -> bool:
    """Tell whether two samples are the same."""
    return one[0] == other[0] and same_objects([one[1], one[2]], [other[1], other[2]])


def in_one_form(then: Part, was: Any, by_now: Part, now: Any) -> tuple[Part, Any, Any]:
    """Return what compares two copies of a container, and both in its form, where only one of them is a sample.

    What has grown is compared as a whole this once, unless that takes too long.
    """
    if type(then) is type(by_now):
        return by_now, was, now
    if type(then) is Part and len(then.itself) <= LARGEST:
        return then, was, then.copied()
    sample = Sample(by_now.path, by_now.itself)
    return sample, sample_of(then, was), sample_of(by_now, now)


def sample_of(part: Part, copy: Any) -> Any:
    """Return the size and the sample that a copy had of a container."""
    return copy if type(part) is Sample else Sample(part.path, copy).copied()
