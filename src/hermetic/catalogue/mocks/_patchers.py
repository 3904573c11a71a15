"""Patchers that are started by hand: the call that starts one, and the `patch(...)` that made it."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._labels import ADDERS, ITEMS, items_in, label_of, labels_of, plain
from hermetic.source.callee import ancestry, find_callee, find_class
from hermetic.source.names import method_of, resolve, value_of_attribute
from hermetic.source.origins import OWN, Origin, origins, passed
from hermetic.source.reach import calls_of
from hermetic.source.spelling import is_patch, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Binding, Scope

RAISERS = ("pytest.raises", "assertRaises", "assertRaisesRegex")
MAX_STEPS = 5


class Start:
    """One call that starts a patcher. `labels` are the names by which a stop can reach the same patcher.

    `patcher` is the `patch(...)` call that made it, in the scope `made_in`.
    """

    __slots__ = ("labels", "made_in", "node", "patcher", "scope")

    def __init__(self, scope: Scope, node: ast.Call, labels: frozenset[str], made_in: Scope, patcher: ast.Call) -> None:
        self.scope = scope
        self.node = node
        self.labels = labels
        self.made_in = made_in
        self.patcher = patcher


def starts_in(scope: Scope) -> list[Start]:
    """Return the calls of a loaded scope that start a patcher."""
    known = scope.memo.get("patch starts")
    if known is None:
        known = scope.memo["patch starts"] = list(find_starts(scope))
    return known


def find_starts(scope: Scope) -> Iterator[Start]:
    """Search the calls of a scope."""
    for call in calls_of(scope):
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "start" and not call.args:
            patcher = patcher_behind(scope, function.value)
            if patcher is not None and not is_to_fail(scope, call):
                yield Start(scope, call, frozenset(labels_of(scope, function.value)), *patcher)


def is_to_fail(scope: Scope, call: ast.Call) -> bool:
    """Tell whether the start is expected to raise, so that nothing is patched."""
    return any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and resolve(scope, item.context_expr).removesuffix("()").endswith(RAISERS)
        for _, parent in scope.ancestors(call)
        for item in getattr(parent, "items", ())
    )


def dies_with_test(start: Start, project: Project) -> bool:
    """Tell whether what is patched is an object or class that the test makes for itself."""
    patcher = start.patcher
    if not patcher.args or isinstance(patcher.args[0], ast.Constant):
        return False
    found = origins(start.made_in, patcher.args[0], project)
    return bool(found) and all(origin.life == OWN and is_made(origin) for origin in found)


def is_made(origin: Origin) -> bool:
    """Tell whether an origin makes an object or class anew: a class statement, a literal, a call of a class."""
    value = origin.value
    if not isinstance(value, ast.Call):
        return value is not None
    last = resolve(origin.scope, value.func).rpartition(".")[2]
    return last[:1].isupper() or last in ("dict", "object") or find_class(origin.scope, value.func) is not None


def spelled(patcher: ast.Call) -> str:
    """Return how a message names what is patched."""
    first = patcher.args[0] if patcher.args else None
    target = text_of(first)
    if len(patcher.args) > 1 and isinstance(patcher.args[1], ast.Constant) and not isinstance(first, ast.Constant):
        target = f"{target}.{text_of(patcher.args[1])}"
    return str(target or "...").replace("'", "")


def patcher_behind(scope: Scope, expression: ast.AST, steps: int = MAX_STEPS) -> tuple[Scope, ast.Call] | None:
    """Return the `patch(...)` call that made a value, through names, attributes, collections, helpers, parameters."""
    if not steps:
        return None
    if isinstance(expression, ast.Call):
        return patcher_made(scope, expression, steps)
    if isinstance(expression, (ast.NamedExpr, ast.Subscript)):
        follow = patcher_behind if isinstance(expression, ast.NamedExpr) else patcher_in
        return follow(scope, expression.value, steps - 1)
    if isinstance(expression, ast.Attribute):
        held = value_of_attribute(scope, expression)
        return patcher_behind(held[0], held[1], steps - 1) if held is not None else None
    if not isinstance(expression, ast.Name):
        return None
    found = scope.find(expression.id, expression.lineno)
    return patcher_bound(expression.id, *found, steps) if found is not None else None


def patcher_made(scope: Scope, call: ast.Call, steps: int) -> tuple[Scope, ast.Call] | None:
    """Return a call if it is `patch(...)` itself, or the one in the helper that it calls; pytest-mock's is a mock."""
    name = resolve(scope, call.func)
    if is_patch(name):
        return None if name.startswith("@") else (scope, call)
    own = find_callee(scope, call.func)
    if own is None or not own.is_function:
        return None
    returns = own.module.load(own).kept(ast.Return)
    return first(patcher_behind(own, node.value, steps - 1) for node in returns if node.value)


def patcher_bound(name: str, binding: Binding, where: Scope, steps: int) -> tuple[Scope, ast.Call] | None:
    """Return the `patch(...)` call behind what binds a name."""
    kind, value = binding.kind, binding.value
    if kind == "param" and where.is_function:
        return first(patcher_behind(scope, given, steps - 1) for scope, given in passed(name, where))
    if kind == "assign" and isinstance(value, ast.AST):
        return patcher_behind(where, value, steps - 1)
    if kind in ITEMS and isinstance(value, ast.AST):
        return patcher_in(where, value, steps - 1)
    return None


def first(found: Iterator[tuple[Scope, ast.Call] | None]) -> tuple[Scope, ast.Call] | None:
    """Return the first call that was found."""
    return next((call for call in found if call is not None), None)


def patcher_in(scope: Scope, collection: ast.AST, steps: int) -> tuple[Scope, ast.Call] | None:
    """Return a `patch(...)` call that is an item of a collection, written out or added later."""
    collection = plain(collection)
    items = [(scope, item) for item in items_in(collection)]
    if isinstance(collection, (ast.Name, ast.Attribute)):
        held = held_collection(scope, collection)
        items = [(held[0], item) for item in items_in(held[1])] + added(scope, collection) if held is not None else []
    return first(patcher_behind(where, item, steps) for where, item in items)


def held_collection(scope: Scope, expression: ast.AST) -> tuple[Scope, ast.expr] | None:
    """Return the collection that a name or an attribute of `self` was set to."""
    if isinstance(expression, ast.Attribute):
        return value_of_attribute(scope, expression)
    found = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    return (found[1], found[0].value) if found is not None and isinstance(found[0].value, ast.expr) else None


def added(scope: Scope, collection: ast.AST) -> list[tuple[Scope, ast.expr]]:
    """Return what the functions around a collection add to it with `append` and the like."""
    wanted = label_of(scope, collection)
    method = method_of(scope)
    around = [item for cls in ancestry(method.owner) for item in cls.functions] if method and method.owner else [scope]
    found: list[tuple[Scope, ast.expr]] = []
    for function in (item.module.load(item) if item.is_function else item for item in around):
        for where in function.family():
            for call in calls_of(where):
                target = call.func
                if (
                    isinstance(target, ast.Attribute)
                    and target.attr in ADDERS
                    and label_of(where, target.value) == wanted
                ):
                    found.extend((where, item) for item in call.args)
    return found
