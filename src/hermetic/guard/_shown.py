"""How objects that probes name are written: where a module holds them, whose code a callable is."""

from __future__ import annotations

import functools
import itertools
import operator
import sys
import types
from typing import Any

from hermetic.guard.places import LIBRARY, STDLIB, whose


def name_in_modules(value: object) -> str:
    """Return the dotted name under which a module holds an object, "" when none does; of several the defining one.

    Looks through all modules, about 2 ms: only for objects that were found to be changed.
    """
    found = []
    for module in list(sys.modules.values()):
        if type(module) is types.ModuleType and any(
            map(operator.is_, [*vars(module).values()], itertools.repeat(value))
        ):
            found += [f"{module.__name__}.{name}" for name, held in vars(module).copy().items() if held is value]
    defined = getattr(value, "__module__", "") or type(value).__module__
    return min(
        found, key=lambda name: (name.startswith(("test_", "conftest")), not name.startswith(defined)), default=""
    )


def unwrapped(function: Any) -> Any:
    """Return the function behind partials and bound methods."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__func__", function)


def callable_name(function: Any) -> str:
    """Return the name of a callable."""
    inner = unwrapped(function)
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def is_of_library(function: Any) -> bool:
    """Tell whether a callable is defined in an installed library or in Python itself."""
    inner = unwrapped(function)
    name = getattr(inner, "__module__", None) or type(inner).__module__
    if name.partition(".")[0] == "unittest":  # a mock is the test's
        return False
    path = getattr(sys.modules.get(name), "__file__", None)
    return isinstance(path, str) and whose(path) in {LIBRARY, STDLIB}
