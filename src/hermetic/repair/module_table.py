"""`sys.modules` is changed through `monkeypatch`."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Fix
from hermetic.repair.environ import removes
from hermetic.repair.fixture import ask
from hermetic.repair.tables import DELITEM, SETITEM, Table, rewritten, values_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

MODULES = Table(("sys.modules",), SETITEM, DELITEM)
SAVED = ("sys.modules[]", "sys.modules.get()", "sys.modules.pop()", "sys.modules.copy()")


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.setitem` and `monkeypatch.delitem`."""
    node = place.node
    if isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Subscript):
        return None
    asked = ask(place, "monkeypatch")
    edits = rewritten(place, MODULES) if asked is not None else None
    if asked is None or edits is None or any(place.is_saved(value, *SAVED) for value in values_set(place)):
        return None
    message = "use monkeypatch.delitem" if removes(node) else "use monkeypatch.setitem"
    return Fix(message, [*asked.edits, *edits], safe=asked.safe and (not removes(node) or is_of_top(node)))


def is_of_top(node: ast.AST | None) -> bool:
    """Tell whether the module that goes is written out, and in no package, which would keep the new one."""
    key: ast.expr | None = None
    if isinstance(node, ast.Call):
        key = node.args[0]
    elif isinstance(node, ast.Delete) and isinstance(node.targets[0], ast.Subscript):
        key = node.targets[0].slice
    return isinstance(key, ast.Constant) and "." not in str(key.value)
