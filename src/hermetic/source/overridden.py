"""Methods that the class of a test's own object has in the place of those that its base class calls on itself."""

from __future__ import annotations

import _ast as ast

from hermetic.source.callee import ancestry, call_behind, find_class, method_in
from hermetic.source.names import first_parameter, method_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.source.scope import Scope


def as_overridden(before: Iterable[tuple[Scope, ast.Call]], scope: Scope, call: ast.Call, target: Scope) -> Scope:
    """Return the method that `self.run()` in a base class runs for the object whose method is called on the way.

    `before`: the calls on the way, each with the function that makes it, the nearest first.
    """
    if target.owner is None or not is_on_itself(scope, call):
        return target
    for where, earlier in before:
        if is_on_itself(where, earlier):
            continue
        cls = class_of_object(where, earlier)
        found = method_in(cls, target.name) if cls is not None and target.owner in ancestry(cls) else None
        return found if found is not None else target
    return target


def is_on_itself(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call is one of a method of the same object: `self.run()`."""
    function = call.func
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    method = method_of(scope)
    return method is not None and method.owner is not None and function.value.id == first_parameter(method)


def class_of_object(scope: Scope, call: ast.Call) -> Scope | None:
    """Return the class whose object a call makes, or whose method it calls on an object that was made here."""
    cls = find_class(scope, call.func)
    if cls is not None or not isinstance(call.func, ast.Attribute):
        return cls
    made = call_behind(scope, call.func.value)
    return find_class(scope, made.func) if made is not None else None
