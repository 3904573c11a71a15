"""What is defined in modules and classes: which differences of it count, and which rule's business they are."""

from __future__ import annotations

import functools
import re
import sys
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._patched import MOCK
from hermetic.guard.describe import ABSENT
from hermetic.guard.trail import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.guard._holders import Holder

REPLACED, CLASS_STATE, MODULE_STATE = "HRM308", "HRM603", "HRM601"
TRAIL = wrap.__code__.co_filename
CACHED = type(functools.lru_cache(bool))
DEFINED = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    type,
    staticmethod,
    classmethod,
    property,
    functools.partial,
    functools.partialmethod,
    functools.singledispatchmethod,
    CACHED,
)
PLAIN = (bool, int, float, str, bytes)
OF_UNITTEST = frozenset({"tearDown_exceptions", "_class_cleanups", "_classSetupFailed"})  # what it keeps in classes


def is_benign(holder: Holder, name: str, before: object, after: object) -> bool:
    """Tell whether a difference is made by Python itself, an import, or a lazy module."""
    if name.startswith("__") and name.endswith("__") and not (is_defined(before) and is_defined(after)):
        return True  # what the interpreter and class decorators keep: annotations, abstract methods, caches
    if name.startswith(("@py_", "_abc_")) or (holder.is_class and name in OF_UNITTEST):
        return True
    if before is ABSENT or after is ABSENT:
        there = after if before is ABSENT else before
        # Such a module keeps what was asked for once.
        if holder.is_class and is_given_by(holder.value.__mro__[1:], name, there):
            return True
        lazy = not holder.is_class and ("__getattr__" in holder.space or hasattr(type(holder.value), "__getattr__"))
        return lazy or issubclass(type(there), types.ModuleType)
    return is_same_definition(before, after) or is_imported_again(before, after) or is_compiled(before, after)


def is_given_by(kinds: Iterable[type], name: str, value: object) -> bool:
    """Tell whether what has no such attribute of its own has this value all the same, from its class or one above.

    So it is left where a test reads an attribute, sets it, and sets it back.
    """
    return any(is_very_same(vars(one)[name], value) for one in [one for one in kinds if name in vars(one)][:1])


def is_very_same(one: object, other: object) -> bool:
    """Tell whether two values are one, or plain values that are equal."""
    return one is other or (type(one) is type(other) and type(one) in PLAIN and one == other)


def is_compiled(before: object, after: object) -> bool:
    """Tell whether a pattern stands where its text stood, or some do: each is compiled when it is first asked for."""
    if type(before) is list and type(after) is list:
        return len(before) == len(after) and all(map(is_compiled, before, after))
    return type(after) is re.Pattern and type(before) in {str, bytes} and after.pattern == before


def is_imported_again(before: object, after: object) -> bool:
    """Tell whether a module is the one that the table of modules has by now under its name (HRM104's)."""
    if type(before) is not types.ModuleType or type(after) is not types.ModuleType:
        return False
    return before.__name__ == after.__name__ and sys.modules.get(after.__name__) is after


def is_same_definition(before: object, after: object) -> bool:
    """Tell whether one function or class was defined again from the same lines, as by a reload (HRM104's)."""
    if type(before) is CACHED and type(after) is CACHED:
        return is_same_definition(before.__wrapped__, after.__wrapped__)
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        was, now = without_own(before), without_own(after)
        return was.__code__ == now.__code__ and was.__qualname__ == now.__qualname__
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


def without_own(function: types.FunctionType) -> types.FunctionType:
    """Return a function without the wrapper that the guard puts around a setter of what the project turns out to be."""
    own: Any = function
    return own.__wrapped__ if function.__code__.co_filename == TRAIL else function


def is_made_again(before: object, after: object) -> bool:
    """Tell whether a value is another object of the same kind: a reload makes everything anew.

    What is plain is compared by those who look into it, and what is defined by what defines it.
    """
    if is_defined(before) or is_defined(after):
        return False
    kinds = [(type(one).__module__, type(one).__qualname__) for one in (before, after)]
    return kinds[0] == kinds[1] and kinds[0][0] != "builtins"


def is_defined(value: object) -> bool:
    """Tell whether a value is a function, a class, or something that stands for one, as a mock does."""
    return issubclass(type(value), DEFINED) or is_mock(value)


def is_mock(value: object) -> bool:
    """Tell whether a value is a mock."""
    mock: Any = sys.modules.get(MOCK)
    return mock is not None and issubclass(type(value), mock.NonCallableMock)


def code_of(holder: Holder, before: object, after: object) -> str:
    """Return the rule whose business a difference is."""
    known = before if before is not ABSENT else after
    if is_defined(known) or is_mock(after):
        return REPLACED
    return CLASS_STATE if holder.is_class else MODULE_STATE
