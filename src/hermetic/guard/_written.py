"""Which entries of tables a test's own code writes: the test, its fixtures, and the helpers in files of tests.

What the code under test puts into a table of its own is what the table is there for; a test that does so by hand
prepares something. Only asked where a table has changed.
"""

from __future__ import annotations

import dis
import functools
import inspect
import re
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._words import constants_of
from hermetic.guard.places import is_test_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest

XUNIT = ("setUp", "asyncSetUp", "setUpClass", "setup_method", "setup_class")
MOST = 100  # functions that are read for one test
ADDING = r"\.(?:append|extend|insert|add|update|appendleft|extendleft)\("
STORES = frozenset({"STORE_GLOBAL", "STORE_ATTR", "DELETE_GLOBAL", "DELETE_ATTR"})


class Written(NamedTuple):
    """The names of globals and attributes that functions give a value, and those that they mention."""

    names: frozenset[str]
    mentioned: frozenset[str]


def writes_entry(item: pytest.Item | None, name: str, state: str) -> bool:
    """Tell whether the code of a test has `name[key] = ...` in it, for the key that stands in `state`.

    See `writers_of`.
    """
    for function in writers_of(item, name):
        for key in keys_written(function.__code__, name):
            last = key.rpartition(".")[2].strip("\"' ")
            is_local = last.isidentifier() and last == key.strip() and last not in function.__globals__
            if is_local or re.search(rf"\b{re.escape(last)}\b", state):
                return True
    return False


def adds_to(item: pytest.Item | None, name: str) -> bool:
    """Tell whether the code of a test has `name.append(...)` in it, or the like; see `writers_of`."""
    return any(adds(function.__code__, name) for function in writers_of(item, name))


def writers_of(item: pytest.Item | None, name: str) -> list[types.FunctionType]:
    """Return the functions of a test that name a container.

    Where one of them has `name.clear()` there are none: each test that uses it begins with an empty one.
    """
    writers = [function for function, names in functions_of(item) if name in names]
    return [] if any(empties(function.__code__, name) for function in writers) else writers


@functools.lru_cache(maxsize=500)
def adds(code: types.CodeType, name: str) -> bool:
    """Tell whether a function adds to a list or set."""
    return re.search(rf"\b{re.escape(name)}{ADDING}", text_of_code(code)) is not None


@functools.lru_cache(maxsize=500)
def keys_written(code: types.CodeType, name: str) -> tuple[str, ...]:
    """Return how the keys are spelled under which a function writes entries of a table."""
    return tuple(re.findall(rf"\b{re.escape(name)}\[([^\]\n]+)\]\s*=(?!=)", text_of_code(code)))


@functools.lru_cache(maxsize=500)
def empties(code: types.CodeType, name: str) -> bool:
    """Tell whether a function empties a table."""
    return re.search(rf"\b{re.escape(name)}\.clear\(\)", text_of_code(code)) is not None


def text_of_code(code: types.CodeType) -> str:
    """Return the source of a function."""
    try:
        return inspect.getsource(code)
    except (OSError, TypeError):  # made by `exec`, or the file is gone
        return ""


@functools.lru_cache(maxsize=1)
def functions_of(item: pytest.Item | None) -> list[tuple[types.FunctionType, frozenset[str]]]:
    """Return the functions of a test in files of tests (itself, its fixtures, what these name) and what each names."""
    kind = getattr(item, "cls", None)
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    waiting = [getattr(item, "function", None)]
    waiting += [one.func for definitions in known.values() for one in definitions]
    waiting += [getattr(kind, name, None) for name in XUNIT]
    return functions_from(waiting, kind)


@functools.lru_cache(maxsize=1)
def written_by_test(item: pytest.Item | None) -> Written:
    """Return what the code of a test writes: itself, its fixtures, and the helpers in files of tests."""
    return written_by(functions_of(item))


def written_by(functions: list[tuple[types.FunctionType, frozenset[str]]]) -> Written:
    """Return what functions write and mention."""
    stored = {name for function, _ in functions for name in stored_in(function.__code__)}
    return Written(frozenset(stored), frozenset(stored.union(*[names for _, names in functions])))


@functools.lru_cache(maxsize=500)
def stored_in(code: types.CodeType) -> frozenset[str]:
    """Return the globals and attributes that a function gives a value, those of the functions within it too."""
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname in STORES}
    if "setattr" in code.co_names:
        found |= {one for one in constants_of(code) if isinstance(one, str)}
    return frozenset(found.union(*[stored_in(one) for one in code.co_consts if isinstance(one, types.CodeType)]))


def names_in(code: types.CodeType) -> Iterator[str]:
    """Yield the globals and attributes that a function names, in the functions within it too."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from names_in(one)


def held(names: Iterable[str], function: types.FunctionType, kind: type | None) -> list[Any]:
    """Return what names mean in a function: globals, or else attributes of the class of the test."""
    known = function.__globals__
    return [known[name] if name in known else inspect.getattr_static(kind, name, None) for name in names]


def held_too(names: Iterable[str], function: types.FunctionType, kind: type | None) -> list[Any]:
    """Return the same, and what the modules that a function names have of these names."""
    modules = [one for name in names if type(one := function.__globals__.get(name)) is types.ModuleType]
    return held(names, function, kind) + [vars(one)[name] for one in modules for name in names if name in vars(one)]


def functions_from(
    waiting: list[Any],
    kind: type | None = None,
    belongs: Callable[[str], bool] = is_test_file,
    means: Callable[[Iterable[str], types.FunctionType, type | None], list[Any]] = held,
) -> list[tuple[types.FunctionType, frozenset[str]]]:
    """Return those of some functions that are in files of tests, those that they name there, and what each names.

    `belongs` says of another kind of files whether one is among them, `means` what the names in a function stand for.
    """
    found: list[tuple[types.FunctionType, frozenset[str]]] = []
    seen: set[types.CodeType] = set()
    while waiting and len(found) < MOST:
        value = waiting.pop(0)
        function = function_behind(value)
        if function is None or function.__code__ in seen:
            continue
        seen.add(function.__code__)
        if belongs(function.__code__.co_filename):
            names = frozenset(names_in(function.__code__))
            found.append((function, names))
            waiting += means(sorted(names), function, kind)
    return found


def function_behind(value: Any) -> types.FunctionType | None:
    """Return the function in a method, or in what wraps it; None where there is none, as in `unittest.mock.call`."""
    try:
        found = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else None
    except Exception:  # noqa: BLE001 - an object of the project, which may answer for any name, or for none
        return None
    return found if type(found) is types.FunctionType else None
