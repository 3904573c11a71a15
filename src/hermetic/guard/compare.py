"""How values are compared: by identity, then by `==`, which is code of the project and may do anything."""

from __future__ import annotations

import functools
import operator
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard.describe import ABSENT
from hermetic.guard.setters import without_wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable

CACHED = type(functools.lru_cache(bool))
PLAIN = (bool, int, float, str, bytes)


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


def is_very_same(one: object, other: object) -> bool:
    """Tell whether two values are one, or plain values that are equal."""
    return one is other or (type(one) is type(other) and type(one) in PLAIN and one == other)


def is_same_definition(before: object, after: object) -> bool:
    """Tell whether one function or class was defined again from the same lines, as by a reload (HRM104's)."""
    if type(before) is CACHED and type(after) is CACHED:
        return is_same_definition(before.__wrapped__, after.__wrapped__)
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        was, now = without_wrapper(before), without_wrapper(after)
        return bool(was.__code__ == now.__code__ and was.__qualname__ == now.__qualname__)
    if type(before) is types.BuiltinFunctionType and type(after) is types.BuiltinFunctionType:
        return (before.__module__, before.__qualname__) == (after.__module__, after.__qualname__)
    if isinstance(before, type) and isinstance(after, type):
        return (before.__module__, before.__qualname__) == (after.__module__, after.__qualname__)
    return False


def is_registered_again(before: object, after: object) -> bool:
    """Tell whether an entry of a table is what the same line of code put there before: a function, or one in a tuple.

    So it is where a fixture empties a register and fills it again. What a function encloses may be another thing.
    """
    if type(before) is tuple and type(after) is tuple and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return all(is_very_same(*pair) or is_registered_again(*pair) for pair in pairs)
    if type(before) is not types.FunctionType or type(after) is not types.FunctionType:
        return False
    return before.__closure__ is None and after.__closure__ is None and is_same_definition(before, after)
