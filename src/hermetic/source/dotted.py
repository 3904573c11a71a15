"""Dotted paths that are given as texts: put together of constants, names of modules, and what only the run knows."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.spelling import UNSEEN, filled_by_format, filled_by_percent
from hermetic.source.written import Place, behind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

MAX_PARTS = 6  # texts in texts
OWN_NAMES = ("__name__", "__module__")


def dotted_path(scope: Scope, expression: ast.expr) -> str:
    """Return the dotted path that a text gives, as `f"{views.__name__}.open"` does; "" for anything else.

    Where only the run knows how it begins, it is `"?.open"`.
    """
    text = read(Place(scope, expression), MAX_PARTS)
    unseen, tail = text.rpartition(UNSEEN)[1:]
    path = f"{unseen}{tail}"
    plain = tail.replace(".", "").replace("_", "")
    return path if plain.isalnum() and (not unseen or tail.startswith(".")) else ""


def read(place: Place, steps: int) -> str:
    """Return the text that an expression gives, with what is not known in it left open."""
    name = own_name(place)
    if name or not steps:
        return name or UNSEEN
    found = behind(place)
    node = found.node
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else UNSEEN
    if isinstance(node, ast.JoinedStr):
        values = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
        return "".join(read(found.at(value), steps - 1) for value in values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return read(found.at(node.left), steps - 1) + read(found.at(node.right), steps - 1)
    return read_template(found, steps - 1)


def read_template(place: Place, steps: int) -> str:
    """Return what `"%s.open" % name` and `"{}.open".format(name)` give."""
    node, text = place.node, None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        values = tuple(read(place.at(item), steps) for item in given)
        text = filled_by_percent(read(place.at(node.left), steps), values)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        listed: list[object] = [read(place.at(item), steps) for item in node.args]
        named: dict[str, object] = {item.arg: read(place.at(item.value), steps) for item in node.keywords if item.arg}
        text = filled_by_format(read(place.at(node.func.value), steps), listed, named)
    return text if text is not None else UNSEEN


def own_name(place: Place) -> str:
    """Return what `__name__` of a file, `module.__name__` and `Class.__module__` give, "" for other expressions."""
    scope, node = place.scope, place.node
    if isinstance(node, ast.Name) and node.id == "__name__":
        return scope.module.name
    if not isinstance(node, ast.Attribute) or node.attr not in OWN_NAMES:
        return ""
    owner = resolve(scope, node.value)
    if not owner or not owner.replace(".", "").replace("_", "").isalnum():
        return UNSEEN
    project = scope.module.project
    located = project.locate(owner, scope.module.folder) if project is not None else None
    if located is None or not located[1]:
        return owner
    return owner.rpartition(".")[0 if node.attr == "__module__" else 2]
