"""A patch that is started is stopped when the test ends."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask, is_of_case
from hermetic.repair.place import is_quiet
from hermetic.source.spelling import is_patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

SIMPLE = (ast.Expr, ast.Assign)


def fix(place: Place) -> Fix | None:
    """Register the stop right where the patch is started."""
    call, statement = place.node, place.statement()
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.args or call.keywords:
        return None
    if not isinstance(statement, SIMPLE) or statement.value is not call:
        return None
    if is_of_case(place):
        edits = registered(place, call.func.value, statement, "self.addCleanup")
        return Fix("stop the patch in a cleanup", edits, safe=False) if edits else None
    asked = ask(place, "request")
    edits = registered(place, call.func.value, statement, "request.addfinalizer") if asked is not None else []
    if asked is None or not edits:
        return None
    return Fix("stop the patch in a finalizer", [*asked.edits, *edits], safe=asked.safe)


def registered(place: Place, patcher: ast.expr, statement: ast.Expr | ast.Assign, register: str) -> list[Edit]:
    """Return the edits that hand the patcher's `stop` to a function; none where it has no name and can get none."""
    if isinstance(patcher, (ast.Name, ast.Attribute)) and is_quiet(patcher):
        edit = place.layout.below(statement, [f"{register}({place.text(patcher)}.stop)"])
        return [edit] if edit is not None else []
    if not isinstance(patcher, ast.Call) or not is_patch(place.name(patcher.func)) or is_taken(place):
        return []
    layout = place.layout
    start, end = layout.start(statement), layout.end(statement)
    indent = layout.indent(start)
    if indent is None or not layout.is_last(end) or layout.start(patcher) < start:
        return []
    before = layout.between(start, layout.start(patcher))
    if before.rstrip().endswith("(") or layout.between(layout.end(patcher), end).replace(" ", "") != ".start()":
        return []
    join = f"{layout.newline}{indent}"
    return [
        Edit(start, layout.start(patcher), "patcher = "),
        Edit(layout.end(patcher), end, f"{join}{register}(patcher.stop){join}{before}patcher.start()"),
    ]


def is_taken(place: Place) -> bool:
    """Tell whether the name of the new variable means something here that is no patcher."""
    if place.root is None or "patcher" in place.module.top.bindings:
        return True
    for scope in place.root.family():
        for binding in scope.bindings.get("patcher", ()):
            value = binding.value
            made = binding.kind == "assign" and isinstance(value, ast.Call) and is_patch(place.name(value.func))
            if not made or not isinstance(value, ast.Call):
                return True
    return False
