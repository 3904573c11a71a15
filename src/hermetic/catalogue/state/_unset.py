"""What an expression gives where no variable of the environment is set: the value that a module starts with."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.values import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.source.scope import Scope

GETTERS = ("os.getenv", "os.environ.get")
METHODS = ("lower", "upper", "strip", "casefold")
CASTS: dict[str, Callable[..., object]] = {"bool": bool, "int": int, "float": float, "str": str}
MAX_STEPS = 6


def unset_value(scope: Scope, expression: ast.AST, steps: int = MAX_STEPS) -> object:
    """Return the constant that an expression gives without variables, UNKNOWN where that cannot be read.

    `os.getenv("DEBUG", "no").lower() in ("1", "yes")` gives False.
    """
    reader = READERS.get(expression.__class__)
    return reader(scope, expression, steps - 1) if reader is not None and steps else UNKNOWN


def of_constant(_scope: Scope, node: ast.Constant, _steps: int) -> object:
    """Read a constant."""
    return node.value


def of_items(scope: Scope, node: ast.Tuple | ast.List | ast.Set, steps: int) -> object:
    """Read a collection of constants, as the right side of `in`."""
    values = [unset_value(scope, item, steps) for item in node.elts]
    return UNKNOWN if UNKNOWN in values else tuple(values)


def of_call(scope: Scope, call: ast.Call, steps: int) -> object:
    """Read the default that a variable is asked for with, and what a cast or a method of a text makes of a value."""
    name = resolve(scope, call.func)
    if name in GETTERS and call.args:
        given = [*call.args[1:], *(item.value for item in call.keywords)]
        return unset_value(scope, given[0], steps) if given else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS and not call.args:
        text = unset_value(scope, call.func.value, steps)
        return getattr(text, call.func.attr)() if isinstance(text, str) else UNKNOWN
    if name in CASTS and len(call.args) == 1:
        value = unset_value(scope, call.args[0], steps)
        try:
            return CASTS[name](value) if value is not UNKNOWN else UNKNOWN
        except (TypeError, ValueError):
            return UNKNOWN
    return UNKNOWN


def of_comparison(scope: Scope, node: ast.Compare, steps: int) -> object:
    """Read `value in (...)`, `value == "1"` and their opposites, with one operator."""
    one, other = (unset_value(scope, item, steps) for item in (node.left, node.comparators[0]))
    operator = node.ops[0]
    if one is UNKNOWN or other is UNKNOWN or len(node.ops) > 1:
        return UNKNOWN
    if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(other, tuple):
        return (one in other) is isinstance(operator, ast.In)
    if isinstance(operator, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        return (one == other) is isinstance(operator, (ast.Eq, ast.Is))
    return UNKNOWN


def of_sign(scope: Scope, node: ast.UnaryOp, steps: int) -> object:
    """Read `not value`."""
    value = unset_value(scope, node.operand, steps)
    return not value if isinstance(node.op, ast.Not) and value is not UNKNOWN else UNKNOWN


READERS: dict[type, Callable[..., object]] = {
    ast.Constant: of_constant,
    ast.Tuple: of_items,
    ast.List: of_items,
    ast.Set: of_items,
    ast.Call: of_call,
    ast.Compare: of_comparison,
    ast.UnaryOp: of_sign,
}
