"""What a name, a value or a line says of a change: by the words of the name, and by where things are written."""

from __future__ import annotations

import functools
import linecache
import re
import sys
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._definitions import is_mock
from hermetic.guard.containers import CONTAINERS, attributes
from hermetic.guard.places import is_test_file
from hermetic.guard.probe import MOMENT

if TYPE_CHECKING:
    from hermetic.guard._holders import Holder

LARGEST = 1000  # items of a container that is looked through


def is_in_tests(holder: Holder) -> bool:
    """Tell whether a module is a test file or conftest, or a class is defined in one."""
    path = getattr(sys.modules.get(holder.module), "__file__", None)
    return isinstance(path, str) and is_test_file(path)


def is_plain(value: object) -> bool:
    """Tell whether a value is a text, a number, or a builtin container."""
    return type(value) in CONTAINERS or isinstance(value, (str, bytes, int, float, tuple))


def is_in_test_file(value: object) -> bool:
    """Tell whether a function, class or object is defined in a test file or conftest."""
    name = getattr(value, "__module__", None) if isinstance(value, (type, types.FunctionType)) else None
    path = getattr(sys.modules.get(name or type(value).__module__), "__file__", None)
    return isinstance(path, str) and is_test_file(path)


def source_of(holder: Holder) -> str:
    """Return the source of the module that a holder is, or is in."""
    path = getattr(sys.modules.get(holder.module), "__file__", None)
    return source_in(path) if isinstance(path, str) else ""


@functools.lru_cache(maxsize=200)
def source_in(path: str) -> str:
    """Return the text of a file: it is asked for each time that a table of its module is filled."""
    return "".join(linecache.getlines(path))


@functools.lru_cache(maxsize=1000)
def is_bound_in(path: str, name: str) -> bool:
    """Tell whether a name is bound at the start of a line of a file."""
    return re.search(rf"^{re.escape(name)}\s*(:[^=\n]*)?=", source_in(path), re.MULTILINE) is not None


def constants_of(code: types.CodeType) -> set[object]:
    """Return the strings that are written out in a function."""
    found: set[object] = set()
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            found |= constants_of(one)
        elif isinstance(one, str):
            found.add(one)
        elif isinstance(one, tuple):
            found |= {item for item in one if isinstance(item, str)}
    return found


def definer(holders: list[tuple[Holder, str]]) -> tuple[Holder, str]:
    """Return the holder in whose source the name is bound at the start of a line; the others import it."""
    for holder, name in holders:
        path = getattr(holder.value, "__file__", None)
        if isinstance(path, str) and is_bound_in(path, name):
            return holder, name
    return holders[0]


def constants_of_test() -> set[object]:
    """Return the strings that are written out in the test."""
    code = getattr(getattr(MOMENT.item, "function", None), "__code__", None)
    return constants_of(code) if code is not None else set()


def is_in_folder(text: str) -> bool:
    """Tell whether a text names the temporary folder of the test."""
    return MOMENT.item is not None and re.sub(r"\W", "_", MOMENT.item.name)[:30] in text


def is_of_test(value: Any, holder: Holder, steps: int = 2, but: str = "") -> bool:
    """Tell whether a value comes from the test: a mock, a class or function of a test file, a constant of it.

    `but` is the state; a constant that stands in it is the key.
    """
    if isinstance(value, str):
        constant = value in constants_of_test() and value not in source_of(holder) and value not in but
        return constant or is_in_folder(value)
    if isinstance(value, (int, float, type(None), bytes)):
        return False
    if is_mock(value) or (is_in_test_file(value) and not is_in_tests(holder)):
        return True
    if not steps:
        return False
    if type(value) in CONTAINERS or isinstance(value, tuple):
        inner = [*value.values()] if isinstance(value, dict) else [*value]
    else:
        inner = [*attributes(value).values()]
    return any(is_of_test(one, holder, steps - 1, but) for one in inner[:LARGEST])
