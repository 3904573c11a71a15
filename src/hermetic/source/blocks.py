"""Where the nodes of a function stand: between which lines, in which block, above or below a yield."""

from __future__ import annotations

import _ast as ast
from _bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, overload

    from hermetic.source.nodes import Placed
    from hermetic.source.scope import A, B, Scope

TRIES = (ast.Try, ast.TryStar)
LEAVING = (ast.Raise, ast.Return, ast.Break, ast.Continue)
MAX_BELOW = 50  # statements that can stand right below another
END = 1 << 60  # a line below every other


if TYPE_CHECKING:

    @overload
    def kept_between(scope: Scope, first: int, last: int, kind: type[A], /) -> Iterator[A]: ...
    @overload
    def kept_between(scope: Scope, first: int, last: int, one: type[A], two: type[B], /) -> Iterator[A | B]: ...
    @overload
    def kept_between(scope: Scope, first: int, last: int, *kinds: type[Placed]) -> Iterator[Placed]: ...


def kept_between(scope: Scope, first: int, last: int, *kinds: type[Any]) -> Iterator[Any]:
    """Yield the nodes of a scope that start on one of the lines from `first` to `last`, in the order of lines."""
    known: tuple[list[int], list[Any]] | None = scope.memo.get(kinds)
    if known is None:
        found = sorted(scope.kept(*kinds), key=line_of)
        known = scope.memo[kinds] = ([line_of(node) for node in found], found)
    lines, nodes = known
    for number in range(bisect_left(lines, first), len(nodes)):
        if lines[number] > last:
            return
        yield nodes[number]


def line_of(node: Placed) -> int:
    """Return the line on which a node starts."""
    return node.lineno


def is_asserted_between(scope: Scope, first: int, last: int) -> bool:
    """Tell whether an assertion stands between two lines."""
    return any(first < line < last for line in assertion_lines(scope))


def assertion_lines(scope: Scope) -> list[int]:
    """Return the lines of `assert` statements and of calls of `self.assert...` and `fail`."""
    known = scope.memo.get("assertion lines")
    if known is None:
        known = [node.lineno for node in scope.kept(ast.Assert)]
        for node in scope.kept(ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name.startswith(("assert", "fail")):
                known.append(node.lineno)
        scope.memo["assertion lines"] = known
    return known


def statements_below(scope: Scope, node: ast.AST) -> list[ast.stmt]:
    """Return the statements that follow the one that holds `node`, in the same block."""
    for child, parent in scope.ancestors(node):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and child in block:
                start = block.index(child) + 1
                return block[start : start + MAX_BELOW]
    return []


def statements_after(scope: Scope, node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements that follow, in the same block and then below the `if` around it."""
    for child, parent in scope.ancestors(node):
        if isinstance(child, ast.stmt):
            yield from statements_below(scope, child)
            if not isinstance(parent, ast.If):
                return


def is_after_yield(scope: Scope, node: Placed) -> bool:
    """Tell whether a node belongs to the cleanup of a generator: below its yield, or in a `finally`."""
    yields = [item.lineno for item in scope.kept(ast.Yield, ast.YieldFrom)]
    if yields and min(yields) < node.lineno:
        return True
    return any(isinstance(parent, TRIES) and child in parent.finalbody for child, parent in scope.ancestors(node))


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes right below a node."""
    for field in node._fields:
        value = getattr(node, field, None)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield item


def may_leave(node: ast.AST) -> bool:
    """Tell whether a statement, or one in it, goes on elsewhere than right below: it raises, returns or ends a loop."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, LEAVING):
            return True
        pending.extend(child for child in children(current) if not isinstance(child, ast.expr))
    return False


def blocks_of(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Return the statement lists nested in a compound statement (not in a definition)."""
    kind = statement.__class__
    if kind in (ast.Expr, ast.Assign, ast.Import, ast.ImportFrom):
        return []
    blocks = [getattr(statement, field, None) or [] for field in ("orelse", "finalbody")]
    body = getattr(statement, "body", None)
    if isinstance(body, list):
        blocks.insert(0, body)
    parts = (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ()))
    blocks.extend(part.body for part in parts)
    return [block for block in blocks if block]
