"""Functions with the name of a test that their file calls itself with what no fixture gives: none for pytest."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.names import find_function
from hermetic.source.plugins import is_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope


def is_called_by_hand(function: Scope) -> bool:
    """Tell whether a function of a file asks for a fixture that nobody has, and gets that from a call in the file."""
    project = function.module.project
    if project is None or function.owner is not None or roles.role_of(function) != "test":
        return False
    names = roles.requested(function)
    if not names or not any(is_unknown(name, function, project) for name in names):
        return False
    return any(
        find_function(scope, call.func) is function and bool(call.args)
        for caller in function.module.functions_naming(function.name)
        if caller is not function
        for scope in caller.family()
        for call in scope.kept(ast.Call)
    )
