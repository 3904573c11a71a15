"""`os.environ` is written through `monkeypatch`."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask
from hermetic.repair.place import below
from hermetic.repair.tables import Table, rewritten, values_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

ENVIRON = Table(("os.environ",), "monkeypatch.setenv(", "monkeypatch.delenv(")
TEXTS = ("str", "os.fspath", "os.path.join", "os.path.abspath", "os.path.dirname", "os.path.realpath", "repr")
METHODS = frozenset({
    "format", "join", "as_posix", "as_uri", "strip", "lower", "upper", "replace", "decode", "hexdigest", "isoformat",
})  # fmt: skip
SAVED = ("os.environ[]", "os.environ.get()", "os.environ.pop()", "os.getenv()", "os.environ.copy()")


def fix(place: Place) -> Fix | None:
    """Use `monkeypatch.setenv` and `monkeypatch.delenv`."""
    asked = ask(place, "monkeypatch")
    edits = rewritten(place, ENVIRON) if asked is not None else None
    values = values_set(place)
    if asked is None or edits is None or any(holds_saved(place, value) for value in values):
        return None
    if isinstance(place.node, ast.Assign) and isinstance(place.node.targets[0], ast.Attribute):
        texts = True  # another environment altogether
    else:
        texts = removes(place.node) or all(is_text(place, value) for value in values)
    message = "use monkeypatch.delenv" if removes(place.node) else "use monkeypatch.setenv"
    return Fix(message, [*asked.edits, *edits, *alike(place)], safe=asked.safe and texts)


def holds_saved(place: Place, value: ast.expr) -> bool:
    """Tell whether a value is, or is made of, one that the function has read before."""
    names = (node for node in below(value) if isinstance(node, (ast.Name, ast.Attribute)))
    return place.is_saved(value, *SAVED) or any(place.is_saved(node, *SAVED) for node in names)


def removes(node: ast.AST | None) -> bool:
    """Tell whether a statement or call removes a variable."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "pop"
    return isinstance(node, ast.Delete)


def is_text(place: Place, value: ast.expr) -> bool:
    """Tell whether a value is certainly a `str`: `setenv` turns others into one, where `os.environ` refuses them."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if isinstance(value, ast.BinOp):
        sides = (value.left,) if isinstance(value.op, ast.Mod) else (value.left, value.right)
        return isinstance(value.op, (ast.Add, ast.Mod)) and any(is_text(place, side) for side in sides)
    if isinstance(value, ast.Call):
        method = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        return place.name(value.func) in TEXTS or method in METHODS
    if isinstance(value, ast.IfExp):
        return is_text(place, value.body) and is_text(place, value.orelse)
    return isinstance(value, ast.JoinedStr) or place.name(value) == "os.environ[]"


def alike(place: Place) -> list[Edit]:
    """Return the edits for the other lines that set the same variable to a text, in another branch or further down."""
    first, scope = place.node, place.scope
    if not isinstance(first, ast.Assign) or not isinstance(first.targets[0], ast.Subscript) or scope is None:
        return []
    key = place.text(first.targets[0].slice)
    edits: list[Edit] = []
    for node in scope.kept(ast.Assign):
        target = node.targets[0]
        if node is first or not isinstance(target, ast.Subscript) or place.text(target.slice) != key:
            continue
        if is_text(place, node.value) and not any(place.is_saved(part, *SAVED) for part in below(node.value)):
            edits += other(place, node) or []
    return edits


def other(place: Place, node: ast.Assign) -> list[Edit] | None:
    """Return the edits for another statement of the same function."""
    first, place.node = place.node, node
    try:
        return rewritten(place, ENVIRON)
    finally:
        place.node = first
