"""Helpers that register what sets an attribute back that they are given: `self.overrideAttr(shop, "rates", {})`."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.roles import given_for, parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

SETTERS = frozenset({"setattr", "delattr"})
GIVEN = 3  # the function, the object and the name of the attribute


def calls_at_the_end(call: ast.Call, helper: Scope, cleanups: frozenset[str]) -> Iterator[ast.Call]:
    """Yield what a helper registers to be called at the end, with what this call of it hands over."""
    for function, names in registered_in(helper, cleanups):
        values = (given_for(name, helper, call) for name in names)
        given = [value for value in values if value is not None]
        if len(given) == len(names):
            later = ast.Call(func=function, args=given, keywords=[])
            later.lineno, later.col_offset = call.lineno, call.col_offset
            yield later


def registered_in(helper: Scope, cleanups: frozenset[str]) -> list[tuple[ast.expr, list[str]]]:
    """Return the calls of `setattr` that a helper registers on its parameters: who is called, and those."""
    known: list[tuple[ast.expr, list[str]]] | None = helper.memo.get("overrides")
    if known is None:
        own = set(parameters(helper))
        known = helper.memo["overrides"] = []
        node: ast.Call
        for node in helper.kept(ast.Call):
            if getattr(node.func, "attr", "") not in cleanups or len(node.args) < GIVEN:
                continue
            names = [getattr(item, "id", "") for item in node.args[1:GIVEN]]
            if own.issuperset(names) and resolve(helper, node.args[0]) in SETTERS:
                known.append((node.args[0], names))
    return known
