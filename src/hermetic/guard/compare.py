"""How values are compared: by identity, then by `==`, which is code of the project and may do anything."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from hermetic.guard.describe import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same object or equal, arrays item by item; an `==` that fails means no."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    equal: Any = False
    try:
        equal = one == other
        return bool(equal)
    except Exception:  # noqa: BLE001 - comparison is code of the project
        return is_equal_throughout(one, other, equal)


def is_equal_throughout(one: Any, other: Any, equal: Any) -> bool:
    """Tell whether two arrays or tables have one shape, and what `==` gave for them is true for each item."""
    try:
        return bool(one.shape == other.shape and equal.all(axis=None))
    except Exception:  # noqa: BLE001 - what `==` gives is the project's, and need not be an array
        return False


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell quickly whether two large tables hold the same values; for lists Python asks `==` only where `is` fails."""
    try:
        return list(one.values()) == list(other.values())
    except Exception:  # noqa: BLE001 - comparison is code of the project
        return False


def told_of(before: Any, after: Any) -> tuple[object, object]:
    """Return what was taken out of a list or set, and what was put in; all of both where only the order differs."""
    removed, added = missing(before, after), missing(after, before)
    return (removed or ABSENT, added or ABSENT) if removed or added else (before, after)


def missing(items: Iterable[object], others: Iterable[object]) -> list[object]:
    """Return the items that are not among others; most are there themselves, and compared with none."""
    known = {*map(id, others)}
    return [one for one in items if id(one) not in known and not is_among(one, others)]


def identical(before: list[Any], after: list[Any]) -> bool:
    """Tell whether two lists hold the very same objects, about 30 ns each.

    `same_objects` takes a tenth of that, and says so of a proxy that equals what it stands for, too.
    """
    return len(before) == len(after) and all(map(operator.is_, before, after))


def is_among(one: object, items: Iterable[object]) -> bool:
    """Tell whether some of several values is the same object or equal; an `==` that fails means no."""
    return one in items if isinstance(items, set) else any(same(one, other) for other in items)


def same_objects(before: list[Any], after: list[Any]) -> bool:
    """Tell whether two lists hold the same objects; Python asks `==` only where `is` fails."""
    try:
        return before == after
    except Exception:  # noqa: BLE001 - comparison is code of the project
        return False
