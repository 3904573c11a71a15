"""The state that HRM201 watches: the entries in the table of overrides, whichever application it belongs to."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.overrides._table import END, TABLE
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change


class Overrides(State):
    """The table of overrides of whatever application."""

    of_process = False  # the table is part of an application, whose constructor makes it

    def name_of(self, name: str) -> str:
        """Leave out which application it is: `main.app.dependency_overrides.pop` is `dependency_overrides.pop`."""
        owner, dot, rest = name.rpartition(END)
        return f"{TABLE}{rest}" if dot and owner else name

    def resets(self, node: ast.AST) -> bool:
        """Accept an empty dict in place of the table."""
        return is_emptied(node)


METHODS = ("update", "setdefault", "pop", "__setitem__", "__delitem__", "__ior__")
OVERRIDES = Overrides(
    "dependency overrides",
    items=(TABLE,),
    attributes=(TABLE,),
    methods={TABLE: METHODS},
    restores=(f"{TABLE}.clear", f"{TABLE}.popitem"),
    words=("override", "dependenc"),
    keyed=True,
)
# The same, with the calls that empty the table as changes.
EMPTIED = Overrides(
    "dependency overrides",
    items=(TABLE,),
    attributes=(TABLE,),
    methods={TABLE: (*METHODS, "clear", "popitem")},
    words=("override", "dependenc"),
    keyed=True,
)


def takes_out(change: Change) -> bool:
    """Tell whether a change only takes overrides out: `del`, `pop`, `clear`, or an empty dict in place of the table."""
    node = change.node
    if isinstance(node, ast.Call):
        return change.what.endswith((".pop", ".__delitem__", ".clear", ".popitem"))
    return isinstance(node, ast.Delete) or is_emptied(node)


def is_emptied(node: ast.AST) -> bool:
    """Tell whether a statement puts an empty dict in place of the table."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    value = node.value
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args and not value.keywords
    return isinstance(value, ast.Dict) and not value.keys
