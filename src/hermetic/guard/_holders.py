"""The project's modules and classes, and the dictionaries behind them."""

from __future__ import annotations

import gc
import os
import sys
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._stamps import number_of
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import USER, is_test_file, whose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hermetic.guard._stamps import Number

held_by = gc.get_referents  # a dictionary refers to its values, and a class's read-only view to the dictionary


class Holder:
    """A module or class of the project, and its own dictionary. Its name is what a state's name starts with.

    `test` is the file of tests that it is, or is defined in; a conftest is none.
    """

    __slots__ = ("counted", "is_class", "module", "name", "own", "space", "test", "value")

    def __init__(self, module: str, name: str, value: Any, space: Mapping[str, Any]) -> None:
        self.module, self.name, self.value, self.space = module, name, value, space
        self.is_class = issubclass(type(value), type)
        self.own: Any = space if type(space) is dict else held_by(space)[0]
        self.test = test_file_of(module)
        self.counted: Number | None = None

    def numbered(self) -> Number:
        """Return its dictionary, with what reads its number."""
        if self.counted is None:
            self.counted = number_of(self.own)
        return self.counted

    def put(self, name: str, value: object) -> None:
        """Set an attribute as it was, or take it away."""
        if value is ABSENT:
            if name in self.space:
                delattr(self.value, name)
        else:
            setattr(self.value, name, value)


def is_projects(module: object) -> bool:
    """Tell whether a module is code of the project; test files and conftests are."""
    if not issubclass(type(module), types.ModuleType):  # `isinstance` would wake up proxies
        return False
    filename = module.__dict__.get("__file__")
    return isinstance(filename, str) and whose(filename) == USER


def test_file_of(name: str) -> str:
    """Return the path of a module that is a file of tests, and no conftest; else ""."""
    path = str(getattr(sys.modules.get(name), "__file__", ""))
    return path if is_test_file(path) and not os.path.basename(path).startswith("conftest.") else ""


def named_in(holder: Holder) -> Iterator[str]:
    """Yield the names of the modules that a module holds, or whose functions and classes it holds, but its own."""
    if not holder.is_class:
        for value in [*holder.space.values()]:
            kind = type(value)
            defined = kind is types.FunctionType or issubclass(kind, type)
            name = value.__module__ if defined else value.__dict__.get("__name__") if kind is types.ModuleType else None
            if name != holder.module and isinstance(name, str):
                yield name


def found_in(name: str, module: types.ModuleType) -> Iterator[Holder]:
    """Yield a module and the classes that are defined in it."""
    space = vars(module)
    yield Holder(name, name, module, space)
    for value in list(space.values()):
        if issubclass(type(value), type) and value.__module__ == name:
            yield Holder(name, f"{name}.{value.__qualname__}", value, value.__dict__)
