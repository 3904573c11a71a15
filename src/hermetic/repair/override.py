"""Overrides of dependencies are set through `monkeypatch`."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Fix
from hermetic.repair.environ import removes
from hermetic.repair.fixture import ask, is_of_case
from hermetic.repair.place import is_quiet
from hermetic.repair.tables import DELITEM, SETITEM, Table, rewritten, values_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

NAME = "dependency_overrides"
OVERRIDES = Table((NAME,), SETITEM, DELITEM)


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.setitem` and `monkeypatch.delitem`."""
    if is_of_case(place):
        return by_cleanup(place)
    asked = ask(place, "monkeypatch")
    edits = rewritten(place, OVERRIDES) if asked is not None else None
    if asked is None or edits is None or any(NAME in place.name(value) for value in values_set(place)):
        return None
    message = "use monkeypatch.delitem" if removes(place.node) else "use monkeypatch.setitem"
    return Fix(message, [*asked.edits, *edits], safe=asked.safe)


def by_cleanup(place: Place) -> Fix | None:
    """Arrange for the override to go, in a test or setup of unittest."""
    node = place.node
    target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
    if (
        not isinstance(target, ast.Subscript)
        or not OVERRIDES.is_meant(place, target.value)
        or not is_quiet(target.slice)
    ):
        return None
    edit = place.above([f"self.addCleanup({place.text(target.value)}.pop, {place.text(target.slice)}, None)"])
    return Fix("take the override out in a cleanup", [edit], safe=False) if edit is not None else None
