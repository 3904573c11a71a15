"""What is defined in modules and classes: which differences of it count, and which rule's business they are."""

from __future__ import annotations

import functools
import re
import sys
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._patched import MOCK
from hermetic.guard.compare import CACHED, is_same_definition, is_very_same
from hermetic.guard.describe import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.guard._holders import Holder

REPLACED, CLASS_STATE, MODULE_STATE = "HRM308", "HRM603", "HRM601"
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
