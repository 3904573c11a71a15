"""The marks on a test, its classes and its file, however they are written, and what some of them fill."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import lineage, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope


def parametrised(mark: ast.Call) -> list[str]:
    """Return the names that a `parametrize` mark gives values to, none when they go to fixtures (`indirect`)."""
    if not mark.args or any(keyword.arg == "indirect" for keyword in mark.keywords):
        return []
    names = mark.args[0]
    if isinstance(names, ast.Constant):
        return [name.strip() for name in str(names.value).split(",")]
    items = names.elts if isinstance(names, (ast.List, ast.Tuple)) else []
    return [str(item.value) for item in items if isinstance(item, ast.Constant)]


def injects(name: str, call: ast.Call) -> bool:
    """Tell whether a `patch` decorator passes its mock to the function."""
    if name.endswith((".dict", ".multiple")):
        return False
    given = 2 if name.endswith(".object") else 1
    return len(call.args) <= given and not any(keyword.arg == "new" for keyword in call.keywords)


def marks_of(scope: Scope) -> list[tuple[str, ast.expr]]:
    """Return `(dotted name, expression)` of every mark on a function, its classes, and the module's `pytestmark`."""
    found: list[tuple[str, ast.expr]] = []
    current: Scope | None = scope
    while current is not None:
        found.extend(own_marks(current))
        current = current.parent
    return found


def own_marks(definition: Scope) -> list[tuple[str, ast.expr]]:
    """Return `(dotted name, expression)` of the marks on one function, class (base classes included) or module."""
    known: list[tuple[str, ast.expr]] | None = definition.memo.get("own marks")
    if known is None:
        levels = levels_of(definition)
        known = find_marks(levels)
        if all(level.module is definition.module for level in levels):  # the files of other bases may be let go
            definition.memo["own marks"] = known
    return known


def levels_of(definition: Scope) -> list[Scope]:
    """Return a class with its base classes, of others the definition alone."""
    if not definition.is_class:
        return [definition]
    project = definition.module.project
    return lineage(definition) if project is None else project.lineage(definition)


def find_marks(levels: list[Scope]) -> list[tuple[str, ast.expr]]:
    """Work out what `own_marks` returns."""
    found: list[tuple[str, ast.expr]] = []
    for level in levels:
        outer = level.parent or level
        found.extend((marker_name(outer, item), item) for item in getattr(level.node, "decorator_list", ()))
        for binding in level.bindings.get("pytestmark", ()) if not level.is_function else ():
            if isinstance(binding.value, ast.expr):
                found.extend((marker_name(level, item), item) for item in items_of(level, binding.value))
    return found


def items_of(scope: Scope, value: ast.expr, steps: int = 4) -> list[ast.expr]:
    """Return the marks in the value of `pytestmark`: one, a list, a name for either, or lists that are joined."""
    if isinstance(value, (ast.List, ast.Tuple)):
        return [mark for item in value.elts for mark in items_of(scope, item, steps)]
    if isinstance(value, ast.Starred):
        return items_of(scope, value.value, steps)
    if isinstance(value, ast.BinOp):
        return [*items_of(scope, value.left, steps), *items_of(scope, value.right, steps)]
    if isinstance(value, ast.Name) and steps:
        found = scope.find(value.id, value.lineno)
        if found is not None and isinstance(found[0].value, (ast.List, ast.Tuple, ast.BinOp)):
            return items_of(found[1], found[0].value, steps - 1)
    return [value]


def marker_name(scope: Scope, expression: ast.expr) -> str:
    """Return the dotted name of a mark or decorator, without its call."""
    target = expression.func if isinstance(expression, ast.Call) else expression
    return resolve(scope, target).removesuffix("()")
