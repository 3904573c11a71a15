"""`sys.path` and its like are edited for one test only."""

from __future__ import annotations

import _ast as ast
import sys

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask, is_of_case
from hermetic.repair.place import below, is_quiet
from hermetic.repair.tables import as_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

LISTS = ("sys.path", "sys.meta_path", "sys.path_hooks")
REMOVERS = ("remove", "pop", "clear")
LOADERS = frozenset({"import_module", "__import__", "run_module", "run_path", "exec", "load_module", "importorskip"})
FRONT = 2  # arguments of `insert(0, folder)`


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.syspath_prepend`, or a copy of the list that is there for the test alone."""
    owner = list_of(place)
    if owner is None or place.name(owner) not in LISTS or not is_quiet(owner):
        return None
    if removes(place.node) and place.is_cleaning():
        return None
    if place.name(owner) == "sys.path" and loads_strangers(place):
        return None
    if is_of_case(place):
        text = place.text(owner)
        edit = place.above([f"self.addCleanup({text}.__setitem__, slice(None), {text}[:])"])
        return Fix("put the list back in a cleanup", [edit], safe=False) if edit is not None else None
    asked = ask(place, "monkeypatch")
    if asked is None:
        return None
    edits = prepended(place) or replaced(place) or copied(place, owner)
    return Fix("edit the list through monkeypatch", [*asked.edits, *edits], safe=asked.safe) if edits else None


def list_of(place: Place) -> ast.expr | None:
    """Return the expression for the list that a finding's statement or call changes."""
    node = place.node
    if isinstance(node, ast.Call):
        return node.func.value if isinstance(node.func, ast.Attribute) and place.alone(node) is not None else None
    if isinstance(node, ast.AugAssign):
        return node.target
    targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else []
    if len(targets) != 1:
        return None
    return targets[0].value if isinstance(targets[0], ast.Subscript) else targets[0]


def removes(node: ast.AST | None) -> bool:
    """Tell whether a statement or call takes something out of the list."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in REMOVERS
    return isinstance(node, ast.Delete)


def loads_strangers(place: Place) -> bool:
    """Tell whether the function may import what only the edit lets it find: that stays loaded when the path is back."""
    root = place.root
    for node in below(root.node) if root is not None else ():
        if isinstance(node, ast.Call) and place.name(node.func).rpartition(".")[2] in LOADERS:
            return True
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for head in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
            if place.project.file_of(head, place.module.folder) is None:
                return True
    return False


def prepended(place: Place) -> list[Edit]:
    """Rewrite `sys.path.insert(0, folder)`."""
    call = place.node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.keywords:
        return []
    if call.func.attr != "insert" or place.name(call.func.value) != "sys.path" or len(call.args) != FRONT:
        return []
    number, layout = call.args[0], place.layout
    start = layout.start(call.args[1])
    if not isinstance(number, ast.Constant) or number.value != 0:
        return []
    between = layout.between(layout.end(number), start)
    return [Edit(layout.start(call), start, "monkeypatch.syspath_prepend(")] if between.strip() == "," else []


def replaced(place: Place) -> list[Edit]:
    """Rewrite `sys.path = value`."""
    node = place.node
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
        return []
    if isinstance(node.value, (ast.Tuple, ast.Yield)) or place.is_saved(node.value, *LISTS):
        return []
    return as_attribute(place, node) or []


def copied(place: Place, owner: ast.expr) -> list[Edit]:
    """Put a copy of the list in place, right before the statement that changes it."""
    node = place.node
    if not isinstance(owner, ast.Attribute) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ):
        return []
    if isinstance(node, ast.Assign) and place.is_saved(node.value, *LISTS):
        return []
    line = f'monkeypatch.setattr({place.text(owner.value)}, "{owner.attr}", {place.text(owner)}[:])'
    edit = place.above([line])
    return [edit] if edit is not None else []
