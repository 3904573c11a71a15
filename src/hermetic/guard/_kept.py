"""Objects of libraries that outlive a test: held by a module of the project, or given by a fixture of wider scope.

An application, an engine or a session factory is kept under a name of a module, or as an attribute of an object that
is. They are looked for again only when the project's modules hold something else than before.
"""

from __future__ import annotations

import types
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT
from hermetic.guard._instances import class_of
from hermetic.guard._sieve import Sieve
from hermetic.guard.containers import attribute

if TYPE_CHECKING:
    import pytest

PLAIN = frozenset({str, int, float, bool, bytes, tuple, list, dict, set, frozenset, type(None), types.FunctionType,
                   types.ModuleType, types.BuiltinFunctionType})  # fmt: skip
NO_HOLDERS = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    classmethod,
    staticmethod,
    property,
)


class Kept(NamedTuple):
    """An object, how it is written, and whether a fixture gave it."""

    name: str
    value: Any
    by_fixture: bool = False


class Keeper:
    """Finds the objects of some classes, which are given by their dotted names."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.walk: object = None
        self.sieve = Sieve(leads_on)
        self.kinds: tuple[type, ...] = ()
        self.found: list[Kept] = []
        self.given: dict[Any, tuple[str, weakref.ref[Any]]] = {}  # by fixture

    def objects(self) -> list[Kept]:
        """Return what is kept now; the same list as long as it is the same."""
        walk = PROJECT.snapshot()
        if walk is not self.walk:
            self.walk = walk
            self.kinds = tuple([kind for kind in map(class_of, self.names) if kind is not None])
            found = self.find(walk) if self.kinds else []
            if not same_names(found, self.found):
                self.found = found
        return self.found

    def find(self, walk: Any) -> list[Kept]:
        """Look through what the modules and classes of the project hold, and what objects there hold."""
        found: list[Kept] = []
        for holder, name, value in self.sieve.through(walk):
            self.add(found, f"{holder.name}.{name}", value, is_test=bool(holder.test))
        for name, reference in self.given.values():
            value = reference()
            if value is not None and not any(value is one.value for one in found):
                found.append(Kept(name, value, by_fixture=True))
        return found

    def add(self, found: list[Kept], name: str, value: object, *, is_test: bool) -> None:
        """Add an object, or the attributes of one that are such objects; a module of tests only imports them."""
        if issubclass(type(value), self.kinds):
            known = next((number for number, one in enumerate(found) if one.value is value), None)
            if known is None:
                found.append(Kept(name, value))
            elif not is_test and found[known].name.rpartition(".")[2] == name.rpartition(".")[2]:
                return  # imported under the same name: the first one met defines it as well as any
        else:
            for inner, one in own_attributes(value).items():
                if issubclass(type(one), self.kinds) and not any(one is known.value for known in found):
                    found.append(Kept(f"{name}.{inner}", one))

    def gave(self, fixturedef: pytest.FixtureDef[Any]) -> bool:
        """Learn of the value of a fixture of wider scope; tell whether it is one of these objects."""
        result = fixturedef.cached_result
        kinds = tuple([kind for kind in map(class_of, self.names) if kind is not None])
        if result is not None and result[2] is None and issubclass(type(result[0]), kinds):
            self.given[fixturedef] = fixturedef.argname, weakref.ref(result[0])
            self.walk = None
            return True
        return False

    def takes(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget the value of a fixture that ends."""
        if self.given.pop(fixturedef, None) is not None:
            self.walk = None


def leads_on(name: str, value: object) -> bool:
    """Tell whether a value may be such an object, or hold one."""
    kind = type(value)
    return kind not in PLAIN and not name.startswith("__") and not issubclass(kind, NO_HOLDERS)


def own_attributes(value: object) -> dict[str, Any]:
    """Return the attributes of an object itself, without waking up what stands in for another."""
    held = attribute(value, "__dict__", None)
    return held if type(held) is dict else {}


def same_names(one: list[Kept], other: list[Kept]) -> bool:
    """Tell whether the same objects were found, under the same names."""
    return len(one) == len(other) and all(
        a.value is b.value and a.name == b.name for a, b in zip(one, other, strict=True)
    )
