"""Whether any of many containers was written to: told by the interpreter where it tells, else by comparing them."""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

from hermetic.guard._stamps import Stamps
from hermetic.guard.compare import same_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.guard._stamps import Number


class Sight:
    """Some containers of a list, by their places in it, and what they are compared with.

    `numbers` has for each of the list what tells of writes to it, None where nothing does.
    """

    def __init__(self, places: list[int], lives: list[Any], numbers: list[Number | None]) -> None:
        self.places, self.lives = places, lives
        told = [number for place in places if (number := numbers[place]) is not None]
        self.stamps, self.stamped = Stamps(told), b""  # the latter of when they were as their mirrors
        self.untold = [place for place in places if numbers[place] is None]
        self.others = [live for place, live in zip(places, lives, strict=True) if numbers[place] is None]
        self.mirrors: list[Any] = []
        self.mirrors_of_others: list[Any] = []

    def compare_with(self, mirrors: list[Any]) -> None:
        """Learn what those of the whole list are compared with from here on."""
        self.mirrors = [*map(mirrors.__getitem__, self.places)]
        self.mirrors_of_others = [*map(mirrors.__getitem__, self.untold)]

    def is_as_before(self) -> bool:
        """Tell whether all are as their mirrors."""
        stamps = self.stamps.read()
        if stamps == self.stamped and same_objects(self.others, self.mirrors_of_others):
            return True
        self.stamped = stamps
        return same_objects(self.lives, self.mirrors)

    def changed(self) -> Iterator[int]:
        """Yield the places of those that differ from their mirrors."""
        return itertools.compress(self.places, differing(self.lives, self.mirrors))


def differing(lives: list[Any], mirrors: list[Any]) -> list[bool]:
    """Tell which containers differ from their mirrors; one whose values cannot be compared does."""
    try:
        return [*map(operator.ne, lives, mirrors)]
    except Exception:  # noqa: BLE001 - comparison is code of the project
        return [not same_objects([live], [mirror]) for live, mirror in zip(lives, mirrors, strict=True)]
