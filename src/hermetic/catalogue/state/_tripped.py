"""Tests that open a circuit breaker by failing through it, as often as it takes."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.state._breakers import CONDITIONS, ERRORS, Maker, protecting, protecting_function
from hermetic.source.blocks import END
from hermetic.source.changes import Change, changes_in
from hermetic.source.names import resolve
from hermetic.source.putback import is_raises

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

PAIR = 2


class Failure:
    """Calls at one place that are expected to fail: the node, how often, what is raised, and the breaker around."""

    __slots__ = ("error", "maker", "node", "target", "times")

    def __init__(self, node: ast.Call, target: str, maker: Maker, error: str, times: int) -> None:
        self.node = node
        self.target = target
        self.maker = maker
        self.error = error
        self.times = times


def trips(scope: Scope) -> Iterator[Change]:
    """Yield the calls that certainly open a breaker which other tests have as well."""
    by_hand = min((change.line for change in changes_in(scope, CONDITIONS)), default=END)
    failures = [item for item in failures_in(scope) if item.node.lineno < by_hand]
    for target in dict.fromkeys(item.target for item in failures):
        node = opening([item for item in failures if item.target == target])
        if node is not None:
            change = Change(scope, node, "breaker.call", "")
            change.kind = CONDITIONS.kind
            yield change


def opening(failures: list[Failure]) -> ast.Call | None:
    """Return the call that opens the breaker, from the calls that are expected to fail; None when none does for sure.

    Either so many failures as it takes are written out, or it is expected to be open after some. Where it is expected
    to be open at once, somebody else has opened it.
    """
    maker, count = failures[0].maker, 0
    last = None
    for failure in failures:
        if failure.error in ERRORS:
            is_trip = count + 1 == maker.limit and not failure.error.startswith("circuitbreaker.")
            return failure.node if is_trip else last  # the call that trips it says so itself
        count += failure.times if maker.takes(failure.error) else 0
        last = failure.node
        if 0 < maker.limit <= count:
            return last
    return None


def failures_in(scope: Scope) -> Iterator[Failure]:
    """Yield the calls of a function through a breaker that are expected to fail, in line order."""
    for call in sorted(scope.kept(ast.Call), key=lambda node: (node.lineno, node.col_offset)):
        handed = call.args[1] if is_raises(call) and len(call.args) >= PAIR else None
        if handed is not None:
            error = resolve(scope, call.args[0])
            maker = protecting_function(scope, handed)
            target = resolve(scope, handed)
        else:
            error = expected(scope, call)
            maker = protecting(scope, call) if error else None
            target = resolve(scope, call.func)
        if maker is not None and error:
            yield Failure(call, target, maker, error, times(scope, call))


def expected(scope: Scope, call: ast.Call) -> str:
    """Return the exception that a call is expected to raise, "" for a call that may succeed.

    It stands alone in a block that expects one: what follows it there, or runs before it, could be what raises.
    """
    for child, parent in scope.ancestors(call):
        if isinstance(parent, (ast.With, ast.AsyncWith)) and child in parent.body:
            raising = [item.context_expr for item in parent.items if is_raises(item.context_expr)]
            alone = len(parent.body) == 1 and isinstance(parent.body[0], (ast.Expr, ast.Assign))
            if raising and alone:
                kinds = getattr(raising[0], "args", [])
                return resolve(scope, kinds[0]) if kinds else ""
        if isinstance(parent, (ast.If, ast.Try, ast.While)):
            return ""
    return ""


def times(scope: Scope, call: ast.Call) -> int:
    """Return how often a call runs: once, or as often as the `range` around it says."""
    count = 1
    for child, parent in scope.ancestors(call):
        if isinstance(parent, (ast.For, ast.AsyncFor)) and child in parent.body:
            around = parent.iter
            given = around.args if isinstance(around, ast.Call) and resolve(scope, around.func) == "range" else []
            number = getattr(given[0], "value", None) if len(given) == 1 else None
            count *= number if type(number) is int else 1
    return count
