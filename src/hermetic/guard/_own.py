"""Which objects are the project's own, so that what they hold is looked at, and which of it is worth telling."""

from __future__ import annotations

import enum
import functools
import re
import sys
import types
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from hermetic.guard._definitions import is_given_by
from hermetic.guard._instances import class_of
from hermetic.guard._written import functions_of
from hermetic.guard.containers import CONTAINERS, stored_outside_init
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import USER, whose
from hermetic.guard.probes.breakers import is_telling

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from hermetic.guard._contents import Watched
    from hermetic.guard.containers import Part
    from hermetic.guard.probe import Change

# Modules whose classes may stand above one of the project's without making its objects a library's.
BASES = frozenset({"builtins", "abc", "typing", "collections.abc", "pydantic.main"})
PLAIN = (types.SimpleNamespace, Namespace)
NO_OBJECTS = (type, types.ModuleType, BaseException, enum.Enum)
ATTRIBUTE = re.compile(r"\.(\w+)")


def is_users_class(kind: type) -> bool:
    """Tell whether a class is defined in the project."""
    path = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return isinstance(path, str) and whose(path) == USER


@functools.lru_cache(maxsize=2000)
def is_own_kind(kind: type) -> bool:
    """Tell whether the objects of a class are the project's own, no base of a library among its classes."""
    if kind in PLAIN:
        return True
    if kind in CONTAINERS or issubclass(kind, NO_OBJECTS) or not is_users_class(kind):
        return False
    return all(each.__module__ in BASES or is_users_class(each) for each in kind.__mro__)


def is_own_object(value: object) -> bool:
    """Tell whether an object is the project's own and keeps its attributes in a dictionary."""
    try:
        kind: Any = type(value)
        return is_own_kind(kind) and type(object.__getattribute__(value, "__dict__")) is dict
    except Exception:  # noqa: BLE001 - it has none, or is not hashable by its class
        return False


def last_attribute(suffix: str) -> str:
    """Return the attribute that stands last in how a part is written below a name, "" when there is none."""
    found: list[Any] = ATTRIBUTE.findall(re.sub(r"\[[^\]]*\]", "", suffix))
    return found[-1] if found else ""


def is_told_of_object(part: Part, change: Change, attribute: str, item: pytest.Item | None) -> bool:
    """Tell whether what an object holds was changed by a test on purpose.

    Objects keep counters, connections and results for themselves. So only a public attribute counts, and only where the
    test, its fixtures or their helpers name it; what the object computes when it is first asked for does not.
    """
    if attribute.startswith("_") or not any(attribute in names for _, names in functions_of(item)):
        return False
    if not part.attributes:
        return True
    kind: Any = type(part.itself)
    if callable(getattr(kind, attribute, None)):
        return False  # a method that is replaced is HRM308's
    there = change.after if change.before is ABSENT else change.before
    if (change.before is ABSENT or change.after is ABSENT) and is_given_by(kind.__mro__, attribute, there):
        return False
    lazy = change.before is None or change.before is ABSENT
    return not (lazy and attribute in stored_outside_init(kind))


def is_left_to_breakers(
    classes: Iterable[str], watched: Iterable[Watched], one: Watched, change: Change, attribute: str
) -> bool:
    """Tell whether HRM605 reports a change: it compares some attributes of breakers, and the lists and sets there."""
    if one.part.attributes:
        holder, sides = one.part.itself, (change.before, change.after)
    else:
        path = one.part.path.removesuffix(f".{attribute}")
        holder = next((other.part.itself for other in watched if other.part.path == path), None)
        sides = one.part.itself, one.part.itself
    kinds = tuple([kind for kind in map(class_of, classes) if kind is not None])
    return issubclass(type(holder), kinds) and all(is_telling(attribute, side) for side in sides)
