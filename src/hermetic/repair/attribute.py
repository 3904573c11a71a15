"""Attributes of modules, classes and shared objects are replaced through `monkeypatch`."""

from __future__ import annotations

import _ast as ast
import sys

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask, is_of_case
from hermetic.repair.place import below, is_quiet
from hermetic.repair.tables import as_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.fixture import Asked
    from hermetic.repair.place import Place

CALLS = ("setattr", "delattr")


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.setattr` and `monkeypatch.delattr`."""
    if is_of_case(place):
        return by_cleanup(place)
    asked = ask(place, "monkeypatch")
    if asked is None:
        return None
    node = place.node
    if isinstance(node, ast.Assign):
        return of_assignment(place, node, asked)
    if isinstance(node, ast.Delete):
        return of_deletion(place, node, asked)
    if isinstance(node, ast.Call) and place.name(node.func) in CALLS and not node.keywords:
        layout = place.layout
        edit = Edit(layout.start(node.func), layout.end(node.func), f"monkeypatch.{place.name(node.func)}")
        name = node.args[1] if len(node.args) > 1 else None
        sure = isinstance(name, ast.Constant) and is_there(place, node.args[0], str(name.value))
        edits = [edit] if sure or place.name(node.func) == "delattr" else lenient(place, node, edit)
        if isinstance(name, ast.Constant) and is_deleted(place, str(name.value)):
            return None
        if not edits or (place.name(node.func) == "delattr" and place.is_cleaning()):
            return None
        return Fix(f"use {edit.text}", [*asked.edits, *edits], safe=asked.safe)
    return None


def lenient(place: Place, call: ast.Call, edit: Edit) -> list[Edit]:
    """Return the edits by which a call accepts an attribute that is not there yet, as `setattr` does; else none."""
    behind = place.layout.end(call.args[-1])
    closes = behind + 1 == place.layout.end(call)
    return [edit, Edit(behind, behind, ", raising=False")] if closes else []


def of_assignment(place: Place, node: ast.Assign, asked: Asked) -> Fix | None:
    """Rewrite `owner.name = value`."""
    target = node.targets[0]
    if len(node.targets) > 1 or not isinstance(target, ast.Attribute) or not is_quiet(target.value):
        return None
    if isinstance(node.value, (ast.Tuple, ast.Yield, ast.YieldFrom)) or is_back(place, node.value, target):
        return None
    edits = as_attribute(place, node) if not is_deleted(place, target.attr) else None
    if edits is None:
        return None
    if not is_there(place, target.value, target.attr):
        edits = [*edits[:-1], Edit(edits[-1].start, edits[-1].end, ", raising=False)")]
    return Fix("use monkeypatch.setattr", [*asked.edits, *edits], safe=asked.safe)


def is_deleted(place: Place, name: str) -> bool:
    """Tell whether the file deletes such an attribute: where there was none before, `monkeypatch` wants to do that."""
    deleted: set[str] | None = place.module.memo.get("deleted")
    if deleted is None:
        deleted = set()
        for node in below(place.module.tree):
            targets = node.targets if isinstance(node, ast.Delete) else []
            deleted |= {target.attr for target in targets if isinstance(target, ast.Attribute)}
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "delattr":
                deleted |= {str(item.value) for item in node.args[1:] if isinstance(item, ast.Constant)}
        place.module.memo["deleted"] = deleted
    return name in deleted


def is_back(place: Place, value: ast.expr, target: ast.Attribute) -> bool:
    """Tell whether a value is what the attribute was before."""
    return isinstance(value, ast.Name) and place.name(value) == place.name(target)


def of_deletion(place: Place, node: ast.Delete, asked: Asked) -> Fix | None:
    """Rewrite `del owner.name`."""
    target = node.targets[0]
    if len(node.targets) > 1 or not isinstance(target, ast.Attribute) or not is_quiet(target.value):
        return None
    if place.is_cleaning():
        return None
    layout = place.layout
    text = f'monkeypatch.delattr({place.text(target.value)}, "{target.attr}")'
    return Fix(
        "use monkeypatch.delattr", [*asked.edits, Edit(layout.start(node), layout.end(node), text)], safe=asked.safe
    )


def is_there(place: Place, owner: ast.expr, name: str) -> bool:
    """Tell whether an object certainly has an attribute already: the project defines it, or Python's library does."""
    dotted = place.name(owner)
    if place.project.binding(f"{dotted}.{name}", place.module.folder) is not None:
        return True
    holder = place.project.definition(dotted, place.module.folder)
    if holder is not None and holder.is_class:
        return any(name in cls.bindings for cls in place.project.lineage(holder))
    known = sys.modules.get(dotted) if dotted.partition(".")[0] in sys.stdlib_module_names else None
    return known is not None and hasattr(known, name)


def by_cleanup(place: Place) -> Fix | None:
    """Arrange for the old value to come back, in a test or setup of unittest."""
    node = place.node
    target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
    if not isinstance(target, ast.Attribute) or not is_quiet(target.value):
        return None
    dotted = place.name(target.value)
    holder = place.project.definition(dotted, place.module.folder)
    if (holder is not None and holder.is_class) or not is_there(place, target.value, target.attr):
        return None  # what a class inherits, or a static method, is not put back by setting what is read
    owner = place.text(target.value)
    edit = place.above([f'self.addCleanup(setattr, {owner}, "{target.attr}", {place.text(target)})'])
    return Fix("set it back in a cleanup", [edit], safe=False) if edit is not None else None
