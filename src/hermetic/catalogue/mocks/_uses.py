"""What becomes of a call's result: it is awaited, handed on, or used like a value."""

from __future__ import annotations

import _ast as ast

from hermetic.source.callee import find_callee
from hermetic.source.names import resolve
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

FINE, VALUE, UP = "handed on", "used", "decided by the parent"
# Methods and attributes of a coroutine itself.
OF_COROUTINE = frozenset({
    "close", "send", "throw", "cr_await", "cr_code", "cr_frame", "cr_running", "cr_origin", "__await__",
})  # fmt: skip
READERS = frozenset({
    "len", "int", "float", "str", "bool", "list", "tuple", "set", "dict", "sorted", "sum", "repr", "iter", "next",
})  # fmt: skip
ASSERTIONS = frozenset({
    "assertEqual", "assertEquals", "assertNotEqual", "assertTrue", "assertFalse", "assertIs", "assertIsNot", "assertIn",
    "assertNotIn", "assertIsNone", "assertIsNotNone", "assertDictEqual", "assertListEqual", "assertTupleEqual",
    "assertSetEqual", "assertSequenceEqual", "assertCountEqual", "assertMultiLineEqual", "assertGreater",
    "assertGreaterEqual", "assertLess", "assertLessEqual", "assertAlmostEqual", "assertRegex",
})  # fmt: skip
# What looks at a list of coroutines without handing on the coroutines in it, and what only makes another list of it.
LIST_READERS = frozenset({"len", "sum", "sorted", "min", "max", "all", "any", "bool", "str", "repr"})
LIST_MAKERS = frozenset({"list", "tuple", "set", "reversed"})
# The field in which a display or comprehension holds its items, by node class.
ITEMS: dict[type, str] = {
    ast.ListComp: "elt", ast.SetComp: "elt", ast.GeneratorExp: "elt", ast.DictComp: "value", ast.List: "elts",
    ast.Tuple: "elts", ast.Set: "elts", ast.Dict: "values",
}  # fmt: skip
LIST_LOOKS = (ast.Compare, ast.BinOp, ast.UnaryOp, ast.FormattedValue, ast.If, ast.While, ast.Assert)
WARNING_CATCHERS = frozenset({"pytest.warns", "pytest.deprecated_call", "warnings.catch_warnings"})
# A node's field in which a value is looked at, by node class; None stands for every field.
LOOKS: dict[type, str | None] = {
    ast.Expr: None, ast.Compare: None, ast.BinOp: None, ast.UnaryOp: None, ast.AugAssign: "value",
    ast.FormattedValue: None, ast.If: "test", ast.While: "test", ast.IfExp: "test", ast.Assert: "test",
    ast.For: "iter", ast.comprehension: "iter", ast.Subscript: "value",
}  # fmt: skip


def is_misused(scope: Scope, call: ast.Call) -> bool:
    """Tell whether the result of a call is never awaited nor handed on."""
    verdict, whole, listed = fate(scope, call, scope.parents)
    name = variable_of(scope, whole) if verdict != VALUE else ""
    return (verdict == VALUE or bool(name and name_is_misused(scope, name, listed=listed))) and not warns(scope, call)


def may_be_misused(scope: Scope, call: ast.Call) -> bool:
    """Tell whether `is_misused` is worth its price: the result is used like a value, or held by a variable."""
    verdict, whole, _ = fate(scope, call, scope.parents)
    return verdict == VALUE or variable_of(scope, whole) != ""


def variable_of(scope: Scope, value: ast.AST) -> str:
    """Return the one local variable that a value is assigned to, "" without one."""
    statement = scope.parents.get(value)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and not isinstance(value, ast.GeneratorExp):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id not in scope.globals:
            return targets[0].id
    return ""


def fate(
    scope: Scope, node: ast.AST, parents: dict[ast.AST, ast.AST], *, listed: bool = False
) -> tuple[str, ast.AST, bool]:
    """Return what becomes of a coroutine (`listed`: of a list of them), the last expression that holds it, and how."""
    child, parent = node, parents.get(node)
    while parent is not None:
        field = ITEMS.get(parent.__class__)
        if not listed and field is not None and is_item(child, getattr(parent, field)):
            listed = True
        elif listed and isinstance(parent, ast.Subscript) and parent.value is child:
            listed = isinstance(parent.slice, ast.Slice)
        elif not (listed and is_list_of_it(scope, child, parent)):
            verdict = judged_list(scope, child, parent) if listed else judged(scope, child, parent, parents)
            if verdict != UP:
                return verdict, child, listed
        child, parent = parent, parents.get(parent)
    return FINE, child, listed


def is_item(child: ast.AST, held: object) -> bool:
    """Tell whether a node is what a display or comprehension holds."""
    return child in held if isinstance(held, list) else child is held


def is_list_of_it(scope: Scope, child: ast.AST, call: ast.AST) -> bool:
    """Tell whether a call makes a list of the same coroutines: `list(...)`."""
    return isinstance(call, ast.Call) and call.func is not child and resolve(scope, call.func) in LIST_MAKERS


def judged_list(scope: Scope, child: ast.AST, parent: ast.AST) -> str:
    """Tell what a parent node does with a list of coroutines: whoever gets an item of it may await that."""
    if isinstance(parent, ast.IfExp):
        return VALUE if parent.test is child else UP
    if isinstance(parent, ast.Expr):
        return FINE if isinstance(child, ast.GeneratorExp) else VALUE
    if isinstance(parent, ast.BoolOp):
        return UP
    if isinstance(parent, ast.Call) and parent.func is not child:
        if isinstance(parent.func, ast.Attribute):
            return VALUE if parent.func.attr in ASSERTIONS else FINE
        return VALUE if resolve(scope, parent.func) in LIST_READERS else FINE
    return VALUE if isinstance(parent, LIST_LOOKS) else FINE


def judged(scope: Scope, child: ast.AST, parent: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    """Tell what a parent node does with a coroutine."""
    kind = parent.__class__
    if kind in LOOKS:
        field = LOOKS[kind]
        if field is None or getattr(parent, field) is child:
            return VALUE
        return UP if kind is ast.IfExp else FINE
    if isinstance(parent, ast.Attribute):
        return FINE if parent.attr in OF_COROUTINE else VALUE
    if kind is ast.BoolOp:
        return UP
    if kind is ast.keyword:
        parent = parents.get(parent, parent)
        kind = parent.__class__
    return called_with(scope, child, parent) if isinstance(parent, ast.Call) else FINE


def called_with(scope: Scope, child: ast.AST, call: ast.Call) -> str:
    """Tell what a call does with a coroutine: builtins and assertions look at it, other functions may await it."""
    if call.func is child:
        return VALUE
    if isinstance(call.func, ast.Attribute):
        return VALUE if call.func.attr in ASSERTIONS else FINE
    return VALUE if resolve(scope, call.func) in READERS else FINE


def warns(scope: Scope, node: ast.AST) -> bool:
    """Tell whether the code around a node expects the warning about a coroutine that nobody awaited."""
    return any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and any(catches(scope, item.context_expr) for item in parent.items)
        for _, parent in scope.ancestors(node)
    )


def catches(scope: Scope, manager: ast.expr) -> bool:
    """Tell whether a context manager catches warnings, by itself or in the helper that makes it."""
    name = resolve(scope, manager).removesuffix("()")
    if name in WARNING_CATCHERS or name.endswith(("assertWarns", "assertWarnsRegex")):
        return True
    own = find_callee(scope, manager.func) if isinstance(manager, ast.Call) else None
    return own is not None and contains(own.module.text(own), (b"warns(", b"assertWarns", b"catch_warnings"))


def name_is_misused(scope: Scope, name: str, *, listed: bool = False) -> bool:
    """Tell whether every use of a variable looks at it like at a value; an unused one is never awaited either."""
    places, parents = read_once(scope)
    uses = (fate(scope, node, parents, listed=listed) for node in places.get(name, ()))
    return all(verdict == VALUE for verdict, _, _ in uses)


def read_once(function: Scope) -> tuple[dict[str, list[ast.AST]], dict[ast.AST, ast.AST]]:
    """Return the places below a function that read a variable, by its name, and the parents of all nodes there."""
    known: tuple[dict[str, list[ast.AST]], dict[ast.AST, ast.AST]] | None = function.memo.get("reads")
    if known is not None:
        return known
    places: dict[str, list[ast.AST]] = {}
    parents: dict[ast.AST, ast.AST] = {}
    stack: list[ast.AST] = [function.node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            places.setdefault(node.id, []).append(node)
        for field in node._fields:
            value = getattr(node, field, None)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                    parents[child] = node
                    stack.append(child)
    function.memo["reads"] = known = places, parents
    return known
