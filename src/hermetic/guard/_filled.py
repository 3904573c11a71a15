"""Names that were not there before: those that code makes up for itself, and what a set-up gives to what it sets up."""

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._definitions import CLASS_STATE, REPLACED, is_mock
from hermetic.guard._words import is_in_test_file, is_in_tests, is_of_test, source_in, source_of
from hermetic.guard._written import (
    XUNIT,
    functions_from,
    functions_of,
    names_in,
    stored_in,
    text_of_code,
    written_by_test,
)
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import is_users_file
from hermetic.guard.probe import MOMENT

if TYPE_CHECKING:
    import pytest

    from hermetic.guard._holders import Holder
    from hermetic.guard.chain import Entry

FOR_EACH = ("setUp", "asyncSetUp", "setup_method")  # the set-ups that run for each test
OF_CLASS = r"(?:\bcls|\btype\(self\)|\bself\.__class__|\brequest\.cls)"
# The lines below `if not _name:` that are indented further than it.
FIRST_TIME = re.compile(
    r"^([ \t]*)if not (?:\w+\.)*_\w+:[^\n]*\n(?P<body>(?:(?:\1[ \t]+[^\n]*|[ \t]*)\n)+)", re.MULTILINE
)


def is_made_up(holder: Holder, name: str, value: object) -> bool:
    """Tell whether code has put something of its own into a module under a new name, which it worked out.

    As one that compiles functions when they are first called: nobody else can know the name. It is one that neither the
    module's own text nor that of the test and its fixtures has in it.
    """
    if holder.is_class or is_mock(value) or is_in_test_file(value):
        return False
    files = {function.__code__.co_filename for function, _ in functions_of(MOMENT.item)}
    return not any(name in text for text in (source_of(holder), *map(source_in, sorted(files))))


def is_looked_up_once(holder: Holder, name: str, value: object) -> bool:
    """Tell whether a class of the code under test has come to hold a function or class of its own in a private name.

    So it keeps what it has looked up when it was first asked; nothing is replaced by that.
    """
    private = holder.is_class and name.startswith("_")
    return private and not (is_in_tests(holder) or is_mock(value) or is_in_test_file(value))


def is_filled_once(holder: Holder, name: str, before: object, after: object) -> bool:
    """Tell whether a private list that was empty holds what the code under test puts there when it is first asked for.

    That is where it asks whether such a list is empty, and fills it then. Who adds to it at each call registers.
    """
    if before != [] or type(after) is not list or not name.startswith("_"):
        return False
    if name in written_by_test(MOMENT.item).mentioned:
        return False
    return fills(source_of(holder), name) and not any(is_of_test(one, holder) for one in after)


def fills(text: str, name: str) -> bool:
    """Tell whether a name is filled in the body of an `if not _name:`."""
    added = rf"\b{re.escape(name)}(?:\.(?:append|extend)\(|[ \t]*\+=|\[:\][ \t]*=)"
    return any(re.search(added, found["body"]) for found in FIRST_TIME.finditer(text))


def is_for_its_own(served: object, entry: Entry) -> bool:
    """Tell whether what a set-up has left is an attribute of the class, or a new name of the file, that it sets up.

    The tests of these alone use it. So it is with a class above it whose own set-up gives it that attribute each time.
    """
    if entry.code not in {REPLACED, CLASS_STATE}:
        return False
    if isinstance(served, types.ModuleType):
        return entry.change.before is ABSENT and attribute_of(served.__name__, entry.change.state) != ""
    for kind in getattr(served, "__mro__", ()):
        name = attribute_of(f"{kind.__module__}.{kind.__qualname__}", entry.change.state)
        if name:
            return kind is served or sets_up(kind, name)
    return False


def is_set_up_for_each(item: pytest.Item | None, entry: Entry) -> bool:
    """Tell whether a test has left an attribute of its class that a set-up gives to the class before each test."""
    kind = getattr(item, "cls", None)
    if kind is None or entry.code not in {REPLACED, CLASS_STATE}:
        return False
    name = attribute_of(f"{kind.__module__}.{kind.__qualname__}", entry.change.state)
    return name != "" and any(gives_to_class(function.__code__, name) for function in set_ups_of(item))


def set_ups_of(item: Any) -> list[types.FunctionType]:
    """Return the functions of the project that run before each test of a class: of fixtures for all, and of set-ups."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    waiting = [
        one.func
        for found in known.values()
        for one in found[-1:]
        if one.scope == "function" and one._autouse  # noqa: SLF001 - pytest shows it nowhere else
    ]
    waiting += [getattr(item.cls, name, None) for name in FOR_EACH]
    return [function for function, _ in functions_from(waiting, item.cls, is_users_file)]


def gives_to_class(code: types.CodeType, name: str) -> bool:
    """Tell whether a function gives a value to an attribute of the class of what it is called for."""
    return name in stored_in(code) and re.search(rf"{OF_CLASS}\.{re.escape(name)}\b", text_of_code(code)) is not None


def attribute_of(holder: str, state: str) -> str:
    """Return the attribute that a state is, "" where it is none of this module or class, or something within one."""
    name = state.removeprefix(f"{holder}.")
    return name if name != state and name.isidentifier() else ""


def sets_up(kind: type, attribute: str) -> bool:
    """Tell whether a set-up that a class itself has names one of its attributes."""
    functions: list[Any] = [getattr(vars(kind).get(name), "__func__", vars(kind).get(name)) for name in XUNIT]
    return any(isinstance(one, types.FunctionType) and attribute in names_in(one.__code__) for one in functions)
