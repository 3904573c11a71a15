"""Lines that never run here: of a script, for another platform, below what skips or returns, or only a fallback."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import END, LEAVING
from hermetic.source.certain import BLOCKS
from hermetic.source.names import resolve
from hermetic.source.platforms import holds_here
from hermetic.source.unreached import is_behind_former_module, leads_to_failure
from hermetic.source.values import Facts, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope


def is_fallback(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only where something is not installed: below `except ImportError`."""
    return any(
        isinstance(parent, ast.ExceptHandler)
        and getattr(parent.type, "id", "") in ("ImportError", "ModuleNotFoundError")
        for _, parent in scope.ancestors(node)
    )


def is_dead(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node never runs here: below `if 0:`, a condition for another platform or version, a fallback.

    So it is for what stands below a `pytest.skip(...)` that nothing guards, and for what only a failing test gets to.
    """
    return (
        is_fallback(scope, node)
        or under_main(scope, node)
        or is_below_skip(scope, node)
        or is_below_return(scope, node)
        or is_behind_former_module(scope, node)
        or leads_to_failure(scope, node)
        or any(
            isinstance(parent, ast.If) and child is not parent.test and is_never(scope, parent, child)
            for child, parent in scope.ancestors(node)
        )
    )


def under_main(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only when the file is a script (`if __name__ == "__main__":`)."""
    for child, parent in scope.ancestors(node):
        if not isinstance(parent, ast.If) or not isinstance(parent.test, ast.Compare) or child is parent.test:
            continue
        if getattr(parent.test.left, "id", "") == "__name__":
            return isinstance(parent.test.ops[0], ast.Eq) is (child in parent.body)
    return False


def is_below_skip(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a function skips the test, under no condition, above the statement that holds a node."""
    known: float | None = scope.memo.get("skips at")
    if known is None:
        body = getattr(scope.node, "body", None)
        skips = (
            item.end_lineno or item.lineno
            for item in (body if scope.is_function and isinstance(body, list) else ())
            if isinstance(item, ast.Expr)
            and isinstance(item.value, ast.Call)
            and resolve(scope, item.value.func) in ("pytest.skip", "pytest.xfail")
        )
        known = scope.memo["skips at"] = min(skips, default=END)
    return int(getattr(node, "lineno", 0)) > known


def is_below_return(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a statement above, in the same block, leaves it whatever happens: `return  # for now`."""
    return any(
        first < child.lineno <= last
        for child, parent in scope.ancestors(node)
        if isinstance(child, ast.stmt)
        for first, last in leaving_lines(scope, parent)
    )


def leaving_lines(scope: Scope, parent: ast.AST) -> list[tuple[int, int]]:
    """Return, for each block of a node that a statement leaves for certain, the line of that and the block's last."""
    key = ("leaving lines", parent)
    known: list[tuple[int, int]] | None = scope.memo.get(key)
    if known is None:
        blocks = (getattr(parent, field, None) for field in BLOCKS)
        found = (
            (block, [item.lineno for item in block if isinstance(item, LEAVING) or asks_at_import(scope, item)])
            for block in blocks
            if isinstance(block, list)
        )
        known = [(min(lines), block[-1].lineno) for block, lines in found if lines]
        if scope.is_settled:
            scope.memo[key] = known
    return known


def asks_at_import(scope: Scope, statement: ast.stmt) -> bool:
    """Tell whether a statement of a file's body waits for somebody to type, which fails where pytest imports it."""
    value = getattr(statement, "value", None) if not scope.is_function else None
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        value = value.func.value
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "input"


def is_never(scope: Scope, parent: ast.If, child: ast.AST) -> bool:
    """Tell whether the branch of an `if` that holds a statement is not taken here."""
    test = parent.test
    holds = bool(test.value) if isinstance(test, ast.Constant) else holds_here(test)
    if holds is None:
        name = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
        value = read(scope, test, Facts(scope, {})) if isinstance(name, ast.Name) and name.id.isupper() else None
        holds = value.truth if value is not None else None
    return holds is not None and holds is not (child in parent.body)
