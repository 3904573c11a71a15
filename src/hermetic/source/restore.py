"""Restore idioms: whether a change is undone whatever happens in the test.

One engine for all rules. What counts as undoing is given by an `Undo`; where it has to stand is decided here: in a
`finally`, after a fixture's `yield`, in a context manager or decorator, in a registered finalizer, in a teardown, or in
a fixture that the test uses.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import (
    END,
    TRIES,
    is_asserted_between,
    kept_between,
    may_leave,
    statements_after,
    statements_below,
)
from hermetic.source.callee import ancestry, find_helper
from hermetic.source.finalizers import by_cleanup, by_handing_over, by_registrar
from hermetic.source.names import is_context_maker, is_generator, resolve
from hermetic.source.text import contains
from hermetic.source.undoing import UNDO_KINDS, Undo, block_undoes, node_undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

NEVER_FAIL = frozenset(
    {"gc.collect", "gc.get_objects", "time.sleep", "time.time", "time.monotonic", "time.perf_counter"}
)


def puts_back(function: Scope, undo: Undo) -> bool:
    """Tell whether a fixture or context manager function undoes the change when it ends, however it ends."""
    if function not in undo.answers:
        undo.answers[function] = False
        function.module.load(function)
        undo.answers[function] = (
            undo.by_use(function)
            or by_cleanup(function, undo)
            or by_registrar(function, undo)
            or by_handing_over(function, undo)
            or yields_in_manager(function, undo)
            or (not is_context_maker(function) and after_yield(function, undo))
        )
    return undo.answers[function]


def yields_in_manager(function: Scope, undo: Undo) -> bool:
    """Tell whether a generator yields inside a `with` or a `try` that undoes the change.

    A test that fails raises nothing into its fixtures, so that a manager there needs no `finally`.
    """
    entered = not is_context_maker(function)
    return any(
        is_under_manager(function, node, undo, entered=entered) or is_in_try(function, node, undo)
        for node in function.kept(ast.Yield, ast.YieldFrom)
    )


def after_yield(function: Scope, undo: Undo, above: int = 0) -> bool:
    """Tell whether a generator undoes the change after a yield that stands below the line `above`."""
    yields = [node.lineno for node in function.kept(ast.Yield, ast.YieldFrom)]
    if not yields or max(yields) < above:
        return False
    below = kept_between(function, min(yields) + 1, END, *UNDO_KINDS)
    return any(node_undoes(function, node, undo) for node in below)


def is_in_try(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a `finally` around the node undoes the change, or what follows a `try` that lets nothing through."""
    return any(
        isinstance(parent, TRIES)
        and child not in parent.finalbody
        and any(block and block_undoes(scope, block, undo) for block in blocks_at_the_end(scope, parent, child))
        for child, parent in scope.ancestors(node)
    )


def blocks_at_the_end(scope: Scope, block: ast.Try | ast.TryStar, child: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the statements that run when a `try` ends, however its body does."""
    yield block.finalbody
    catching = (item for item in block.handlers if item.type is None or getattr(item.type, "id", "") == "BaseException")
    caught = next(catching, None)
    if child in block.body and caught is not None and not may_leave(caught):
        yield statements_below(scope, block)


def is_before_try(scope: Scope, node: Placed, undo: Undo) -> bool:
    """Tell whether a later `finally` undoes the change, with no assertion on the way to its `try`."""
    line = node.end_lineno or node.lineno
    return any(
        item.lineno > line
        and item.finalbody
        and not is_asserted_between(scope, line, item.lineno)
        and block_undoes(scope, item.finalbody, undo)
        for item in scope.kept(*TRIES)
    )


def is_under_manager(scope: Scope, node: ast.AST, undo: Undo, *, entered: bool = False) -> bool:
    """Tell whether a `with` around the node undoes the change; `entered`: nothing is raised into it."""
    undoing = undo.by_entered if entered else undo.by_manager
    return any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and not isinstance(child, ast.withitem)
        and any(undoing(scope, item.context_expr) for item in parent.items)
        for child, parent in scope.ancestors(node)
    )


def is_undone(scope: Scope, node: Placed, undo: Undo) -> bool:
    """Tell whether the function that holds `node` undoes the change itself, however it ends."""
    return (
        is_in_try(scope, node, undo)
        or is_before_try(scope, node, undo)
        or is_under_manager(scope, node, undo, entered=is_generator(scope) and not is_context_maker(scope))
        or by_cleanup(scope, undo)
        or by_registrar(scope, undo, node.lineno)
        or undo.by_use(scope)
        or by_decorator(scope, undo)
        or is_undone_at_once(scope, node, undo)
        or (is_generator(scope) and not is_context_maker(scope) and after_yield(scope, undo, node.lineno))
    )


def is_undone_at_once(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether the call around, or the statements right below, undo the change before anything can fail."""
    if any(isinstance(parent, ast.Call) and undo.by_plain_node(scope, parent) for _, parent in scope.ancestors(node)):
        return True  # signal.signal(number, signal.signal(number, handler))
    for statement in statements_after(scope, node):
        last = statement.end_lineno or statement.lineno
        inside = list(kept_between(scope, statement.lineno, last, *UNDO_KINDS))
        if isinstance(statement, SIMPLE) and any(plainly_undoes(scope, item, undo) for item in inside):
            return True
        between = kept_between(scope, statement.lineno, last, ast.Call, ast.Assert, ast.Await, ast.Yield)
        if not all(isinstance(item, ast.Call) and resolve(scope, item.func) in NEVER_FAIL for item in between):
            return False
    return False


def plainly_undoes(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a node that stands in no cleanup undoes the change, itself or in a helper that it calls.

    A helper that keeps the state before it changes it undoes its own change.
    """
    if undo.by_plain_node(scope, node):
        return True
    own = find_helper(scope, node.func, undo.tokens) if isinstance(node, ast.Call) else None
    if own is None or own is scope or not contains(own.module.text(own), undo.tokens):
        return False
    key = (own, "plainly")
    if key not in undo.answers:
        own.module.load(own)
        undo.answers[key] = not (is_generator(own) or undo.is_saved_in(own)) and any(
            undo.by_plain_node(own, item) for item in own.kept(*UNDO_KINDS)
        )
    return undo.answers[key]


SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.If)


def is_undone_late(scope: Scope, node: Placed, undo: Undo) -> bool:
    """Tell whether a later statement undoes the change when nothing fails in between."""
    line = node.end_lineno or node.lineno
    below = (item for item in kept_between(scope, line + 1, END, *UNDO_KINDS) if not is_for_failure(scope, item))
    sides = {
        test: side for test, side in sides_of(scope, node).items() if not is_turned_at_last(scope, test, side=side)
    }
    return any(plainly_undoes(scope, item, undo) and not excludes(sides, scope, item) for item in below) or any(
        undo.by_assertion(scope, test)
        for item in kept_between(scope, line + 1, END, ast.Assert, ast.Call)
        if (test := asserted(item)) is not None
        and not any(isinstance(parent, (ast.With, ast.AsyncWith)) for _, parent in scope.ancestors(item))
    )


def is_for_failure(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only when something fails, which is then raised again."""
    return any(
        isinstance(parent, ast.ExceptHandler) and isinstance(parent.body[-1], ast.Raise)
        for _, parent in scope.ancestors(node)
    )


def sides_of(scope: Scope, node: ast.AST) -> dict[ast.If, bool]:
    """Return the `if` statements around a node, and whether it stands in the body of each."""
    return {parent: child in parent.body for child, parent in scope.ancestors(node) if isinstance(parent, ast.If)}


def is_turned_at_last(scope: Scope, condition: ast.If, *, side: bool) -> bool:
    """Tell whether the last pass of a loop takes the other side of an `if`: `for on in [True, False]: if on: ...`."""
    asked = condition.test
    for _, parent in scope.ancestors(condition):
        if isinstance(parent, ast.For) and isinstance(parent.iter, (ast.List, ast.Tuple)) and parent.iter.elts:
            last, name = parent.iter.elts[-1], getattr(parent.target, "id", None)
            if isinstance(asked, ast.Name) and asked.id == name and isinstance(last, ast.Constant):
                return bool(last.value) is not side
    return False


def excludes(sides: dict[ast.If, bool], scope: Scope, other: ast.AST) -> bool:
    """Tell whether another node runs only where the one does not that stands on these sides of `if` statements."""
    return bool(sides) and any(sides.get(parent, side) is not side for parent, side in sides_of(scope, other).items())


def asserted(node: ast.Assert | ast.Call) -> ast.expr | None:
    """Return what an assertion, also one of unittest about membership, says; None for other nodes."""
    if isinstance(node, ast.Assert):
        return node.test
    name = getattr(node.func, "attr", "")
    if name == "assertNotIn" and len(node.args) > 1:
        return ast.Compare(left=node.args[0], ops=[ast.NotIn()], comparators=[node.args[1]])
    test = node.args[0] if name == "assertFalse" and node.args else None
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In):
        return ast.Compare(left=test.left, ops=[ast.NotIn()], comparators=test.comparators)
    return None


def by_decorator(scope: Scope, undo: Undo) -> bool:
    """Tell whether a decorator of the function or of its classes undoes the change."""
    current: Scope | None = scope
    while current is not None and current.parent is not None:
        for level in ancestry(current) if current.is_class else [current]:
            outer = level.parent or level
            decorators = getattr(level.node, "decorator_list", ())
            if any(undo.by_manager(outer, item) or wraps_in_undo(outer, item, undo) for item in decorators):
                return True
        current = current.parent
    return False


def wraps_in_undo(outer: Scope, decorator: ast.expr, undo: Undo) -> bool:
    """Tell whether a decorator of the project calls what it is given in a `try` or `with` that undoes the change."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    own = find_helper(outer, target, undo.tokens)
    if own is None:
        return False
    key = (own, "wraps")
    if key not in undo.answers:
        undo.answers[key] = False
        own.module.load(own)
        given = {item.arg for scope in own.family() for item in getattr(getattr(scope.node, "args", None), "args", ())}
        undo.answers[key] = any(
            getattr(call.func, "id", "") in given
            and (is_in_try(scope, call, undo) or is_under_manager(scope, call, undo))
            for scope in own.family()
            for call in scope.kept(ast.Call)
        )
    return undo.answers[key]
