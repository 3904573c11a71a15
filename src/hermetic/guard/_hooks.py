"""What the suite's own hooks write: the books that it keeps of its tests are nobody's leak.

pytest calls a hook for each test of each process, so what it writes is there whatever ran before. The hooks are those
of a conftest, and of a plugin that the project has for itself. Only asked where something of the kind has changed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from _pytest.nodes import Node
from _pytest.reports import BaseReport

from hermetic.guard._words import is_in_tests
from hermetic.guard._written import (
    Written,
    function_behind,
    functions_from,
    held_too,
    stored_in,
    written_by,
    written_by_test,
)
from hermetic.guard.places import is_test_file, is_users_file
from hermetic.guard.probe import MOMENT

if TYPE_CHECKING:
    import types

    from hermetic.guard._holders import Holder

FOR_TESTS = ("pytest_runtest_", "pytest_fixture_", "pytest_pyfunc_call")  # how the names of those around a test begin


def is_kept_by_hooks(holder: Holder, name: str, before: object, after: object) -> bool:
    """Tell whether a hook of the suite gives a name a value, and the code of the test does not.

    The name is one of a file of tests, or of hooks; or a global of any other module, which keeps what tells of a test.
    """
    item = MOMENT.item
    if item is None or name in written_by_test(item).names:
        return False
    if is_of_suite(holder, item.config):
        return name in written_by_hooks(item.config).names
    return (is_about(before, item) or is_about(after, item)) and is_book(holder, name, item.config)


def is_filled_by_hooks(holder: Holder, name: str) -> bool:
    """Tell whether a hook of the suite mentions a name of a file of tests, or of hooks, and the test does not.

    A container behind the name has changed: whoever mentions it may have written to it.
    """
    item = MOMENT.item
    if item is None or not is_of_suite(holder, item.config):
        return False
    return name in written_by_hooks(item.config).mentioned and name not in written_by_test(item).mentioned


def is_of_suite(holder: Holder, config: pytest.Config) -> bool:
    """Tell whether a module or class is in a file of tests, or a module has hooks of the suite."""
    return is_in_tests(holder) or any(one.__globals__ is holder.own for one in hooks_of(config))


def is_about(value: object, item: pytest.Item) -> bool:
    """Tell whether a value is one that pytest has of a test, or the name of the running one."""
    if isinstance(value, str):
        return item.name in value or getattr(item, "originalname", item.name) in value
    return isinstance(value, (Node, BaseReport, pytest.CallInfo))


def is_book(holder: Holder, name: str, config: pytest.Config) -> bool:
    """Tell whether a global is given a value by a hook or what it calls: a function of its module, or that names it."""
    return any(name in stored and names_module(function, holder) for function, stored in behind_hooks(config))


def names_module(function: types.FunctionType, holder: Holder) -> bool:
    """Tell whether a function is one of a module, or names the module."""
    own = function.__globals__
    return own is holder.own or any(own.get(name) is holder.value for name in function.__code__.co_names)


@functools.lru_cache(maxsize=1)
def behind_hooks(config: pytest.Config) -> list[tuple[types.FunctionType, frozenset[str]]]:
    """Return the hooks and the functions of the project that they name, with what each stores."""
    found = functions_from([*hooks_of(config)], belongs=is_users_file, means=held_too)
    return [(function, stored_in(function.__code__)) for function, _ in found]


@functools.lru_cache(maxsize=1)
def written_by_hooks(config: pytest.Config) -> Written:
    """Return what the hooks of the suite write that run for each test, and what they mention."""
    files = {one.__code__.co_filename for one in hooks_of(config)}
    return written_by(functions_from([*hooks_of(config)], belongs=lambda path: path in files or is_test_file(path)))


@functools.lru_cache(maxsize=1)
def hooks_of(config: pytest.Config) -> list[types.FunctionType]:
    """Return the functions of the project that pytest calls around each test."""
    names = [name for name in vars(config.hook) if name.startswith(FOR_TESTS)]
    implementations = [one.function for name in names for one in getattr(config.hook, name).get_hookimpls()]
    functions = filter(None, map(function_behind, implementations))
    return [one for one in functions if is_users_file(one.__code__.co_filename)]
