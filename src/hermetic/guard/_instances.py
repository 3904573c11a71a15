"""The living objects of some classes, those too that were made before anybody listened."""

from __future__ import annotations

import functools
import gc
import os
import sys
import types
import weakref
from typing import Any

from hermetic.guard.places import USER, abspath, is_users, whose

FARTHEST = 5  # steps from an object to the module that holds it
MOST = 500  # objects that are looked at on the way


class Instances:
    """Objects of classes that are given by their dotted names; each is known by a number as long as it lives.

    A probe has `maker(name)` among its setters for each class, and calls `add` from `called`.
    """

    def __init__(self, *names: str) -> None:
        self.names = names
        self.known: dict[int, weakref.ref[Any]] = {}
        self.made = 0  # serves as a key: `id` is audited, and an object need not be hashable
        self.searched = -1
        self.complete: set[str] = set()  # classes of which every object made from here on is heard of

    def add(self, value: object) -> int:
        """Know an object as long as it lives; returns its number, -1 where there are no weak references to it."""
        for number, other in self.living():
            if other is value:
                return number
        try:
            self.known[self.made] = weakref.ref(value, functools.partial(self.forget, self.made))
        except TypeError:
            return -1
        self.made += 1
        return self.made - 1

    def forget(self, number: int, _: object) -> None:
        """Forget an object that is gone."""
        self.known.pop(number, None)

    def get(self, number: int) -> Any:
        """Return an object, None when it is gone."""
        found = self.known.get(number)
        return found() if found is not None else None

    def living(self) -> list[tuple[int, Any]]:
        """Return the objects with their numbers."""
        pairs = [(number, one()) for number, one in list(self.known.items())]
        return [(number, value) for number, value in pairs if value is not None]

    def search(self) -> None:
        """Find the objects that were made before anybody listened (about 10 ms, and again after imports)."""
        if len(self.complete) == len(self.names) or len(sys.modules) == self.searched:
            return
        self.searched = len(sys.modules)
        for name in self.names:
            kind = class_of(name) if name not in self.complete else None
            if kind is None:
                continue
            if hasattr(kind.__init__, "__wrapped__"):
                self.complete.add(name)
            kinds = kinds_of(kind)
            for found in [*gc.get_referrers(*kinds), *frozen(kinds)]:
                if isinstance(found, kind):
                    self.add(found)


def frozen(kinds: list[type]) -> list[Any]:
    """Return the objects of some classes that modules hold, where the collector has frozen any."""
    if not gc.get_freeze_count():
        return []
    spaces = [vars(module) for module in list(sys.modules.values()) if type(module) is types.ModuleType]
    return [value for space in spaces for value in list(space.values()) if type(value) in kinds]


def maker(name: str) -> str:
    """Return the setter that makes objects of a class."""
    return f"{name}.__init__"


def class_of(name: str) -> Any:
    """Return a class by its dotted name, None while its module is not imported."""
    module, _, last = name.rpartition(".")
    found = getattr(sys.modules.get(module), last, None)
    return found if isinstance(found, type) else None


def kinds_of(kind: type) -> list[type]:
    """Return a class and all below it."""
    below: list[type] = kind.__subclasses__()
    return [kind, *(one for each in below for one in kinds_of(each))]


def names_of(value: object) -> list[tuple[str, str]]:
    """Return the (dotted name, file) pairs under which modules of the project hold an object."""
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and whose(path) == USER:
            names = [name for name, held in vars(module).copy().items() if held is value]
            found += [(f"{module.__name__}.{name}", abspath(path)) for name in names[:1]]
    return sorted(found, key=lambda pair: os.path.basename(pair[1]).startswith(("test_", "conftest")))


def is_kept(value: object) -> bool:
    """Tell whether a module of the project holds an object: by name, in a table, or in the closure of a function.

    Looks at whatever refers to it, about 10 ms a step; for objects that are found to be left changed. What a library
    keeps in a class or function of its own is the library's affair.
    """
    spaces = [
        vars(module)
        for module in list(sys.modules.values())
        if isinstance(path := getattr(module, "__file__", None), str) and whose(path) == USER
    ]
    seen: list[Any] = [value]
    layer: list[Any] = [value]
    for _ in range(FARTHEST):
        layer = [
            one
            for one in gc.get_referrers(*layer)
            if leads_on(one) and one is not layer and one is not seen and not any(one is other for other in seen)
        ]
        if any(one is space for one in layer for space in spaces):
            return True
        seen += layer
        if not layer or len(seen) > MOST:
            break
    return False


def leads_on(value: object) -> bool:
    """Tell whether what holds an object may be code of the project, or something that it holds."""
    if isinstance(value, (type, types.FunctionType)):
        return is_users(value)
    return type(value) is not types.FrameType
