"""Whether a folder that is changed to may be the current one: what `os.getcwd()` gives, or what falls back to it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.certain import is_under_test
from hermetic.source.names import find_method, is_attribute, lineage, method_of, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hermetic.source.scope import Scope

CURRENT = frozenset({"os.getcwd()", "os.getcwdb()", "os.curdir", "pathlib.Path.cwd()"})
ASKING = ("os.environ.get", "os.getenv")
SAME = frozenset({"abspath", "realpath", "normpath", "resolve", "absolute", "fspath", "str", "Path"})
MAX_STEPS = 6  # variables that are looked up, one from the other


def may_stay(scope: Scope, value: ast.AST | None, steps: int = MAX_STEPS) -> bool:
    """Tell whether a path may be that of the current folder, whatever the function is handed."""
    if value is None or not steps:
        return False
    if resolve(scope, value) in CURRENT or (isinstance(value, ast.Constant) and value.value in (".", "")):
        return True
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        last, before = value.values[-1], value.values[:-1]
        return all(is_of_the_machine(scope, item) for item in before) and may_stay(scope, last, steps - 1)
    if isinstance(value, ast.Call):
        return any(may_stay(scope, item, steps - 1) for item in parts_of(scope, value))
    if isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        given = found[0].value if found is not None and found[0].kind == "assign" else None
        return found is not None and isinstance(given, ast.expr) and may_stay(found[1], given, steps - 1)
    if not isinstance(value, ast.Attribute) or not is_under_test(scope.module):
        return False
    # Which of several methods has set it last is not known.
    return any(may_stay(where, item, steps - 1) for where, item in set_to(scope, value))


def is_of_the_machine(scope: Scope, value: ast.expr) -> bool:
    """Tell whether a value is a variable of the environment, which is usually not set."""
    return isinstance(value, ast.Call) and resolve(scope, value.func) in ASKING


def parts_of(scope: Scope, call: ast.Call) -> list[ast.expr]:
    """Return the paths that a call may give as they are: the default of a variable, the path made absolute."""
    if resolve(scope, call.func) in ASKING:
        return call.args[1:]
    if getattr(call.func, "attr", getattr(call.func, "id", "")) not in SAME:
        return []
    return call.args[:1] or [getattr(call.func, "value", call.func)]


def set_to(scope: Scope, attribute: ast.Attribute) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield what the class around a scope sets `self.<name>` to, or what its property of that name returns."""
    method = method_of(scope)
    if method is None or method.owner is None or not isinstance(attribute.value, ast.Name):
        return
    own = find_method(method.owner, attribute.attr)
    if own is not None:
        returns = own.module.load(own).kept(ast.Return)
        yield from ((own, item.value) for item in returns if item.value is not None)
        return
    spelled = f".{attribute.attr}".encode()
    for function in (item for cls in lineage(method.owner) for item in cls.functions):
        if spelled not in function.module.text(function):
            continue
        node: Any  # of one of the two kinds
        for node in function.module.load(function).kept(ast.Assign, ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None and any(is_attribute(item, attribute.attr) for item in targets):
                yield function, node.value
