"""What a call tells about the parameters of the function that it runs."""

from __future__ import annotations

import _ast as ast

from hermetic.source.brought import names_brought
from hermetic.source.names import find_function, method_of
from hermetic.source.values import Facts, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope


def given(scope: Scope, call: ast.Call, target: Scope, facts: Facts) -> Facts:
    """Return what a call that stands in `scope` tells about the parameters of the function that it runs."""
    key = ("given", call, target, facts.key)
    known: Facts | None = scope.memo.get(key)
    if known is None:
        known = find_given(scope, call, target, facts)
        if scope.is_settled:
            scope.memo[key] = known
    return known


def find_given(scope: Scope, call: ast.Call, target: Scope, facts: Facts) -> Facts:
    """Work out what `given` returns."""
    arguments = target.arguments
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(named), reversed(arguments.defaults), strict=False))
    defaults |= {
        argument.arg: default
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    if target.owner is not None and not is_static(target):
        named = named[1:]
    outer = target.parent or target
    nothing = Facts(target, {})
    spread = any(isinstance(item, ast.Starred) for item in call.args)
    brought = [names_brought(scope, item.value) for item in call.keywords if not item.arg]
    open_ended = spread or None in brought
    taken = {name for names in brought for name in names or ()}
    left = {} if open_ended else {name: node for name, node in defaults.items() if name not in taken}
    values = {name: read(outer, node, nothing) for name, node in left.items()}
    plain = [] if open_ended else call.args
    values |= {name: read(scope, node, facts) for name, node in zip(named, plain, strict=False)}
    values |= {item.arg: read(scope, item.value, facts) for item in call.keywords if item.arg}
    maker = maker_of(scope, call, facts) if target.owner is not None else None
    return Facts(target, {name: value for name, value in values.items() if value is not None}, maker)


def maker_of(scope: Scope, call: ast.Call, facts: Facts) -> Facts | None:
    """Return the facts about the constructor of an object, where one of its methods calls another of them."""
    method = method_of(scope)
    if method is not facts.function or find_function(scope, call.func) is None or facts.function.owner is None:
        return None
    return facts if facts.function.name == "__init__" else facts.maker


def is_static(function: Scope) -> bool:
    """Tell whether a method takes no object."""
    decorators = function.decorators
    return any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in decorators)
