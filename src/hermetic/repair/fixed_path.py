"""A file that a test writes under a name of its own goes to `tmp_path`."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit, Fix
from hermetic.repair.fixture import ask
from hermetic.repair.place import below
from hermetic.source import roles
from hermetic.source.names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place
    from hermetic.source.scope import Scope

TEMP = "/tmp/"  # noqa: S108 - what others write
PATHS = ("pathlib.Path", "pathlib.PosixPath")
TAKERS = ("open", "io.open", "codecs.open", "sqlite3.connect", "os.", "shutil.", "zipfile.", "tarfile.")
OPENERS = ("open", "io.open", "codecs.open", "sqlite3.connect")


def fix(place: Place) -> Fix | None:
    """Put `tmp_path` in front of the name, wherever the test spells it."""
    root = place.root
    if root is None or place.scope is None or not isinstance(place.node, ast.Call):
        return None
    name = name_written(place, place.node)
    elsewhere = named_elsewhere(place, root, name) if name is not None else []
    if name is None or any(other is None or roles.role_of(other) != "test" for other in elsewhere):
        return None
    asked = ask(place, "tmp_path")
    spelled = [(scope, node) for scope in root.family() for node in constants(scope) if node.value == name]
    edits = [edit_of(place, scope, node, name) for scope, node in spelled] if asked is not None else []
    if asked is None or not edits:
        return None
    safe = asked.safe and not elsewhere and is_simple(place, spelled)
    return Fix("write below tmp_path", [*asked.edits, *edits], safe=safe)


def name_written(place: Place, call: ast.Call) -> str | None:
    """Return the path that a call writes, where it is one plain name, in the working folder or in `/tmp`."""
    found = [node for node in below(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    given = call.args[0] if place.name(call.func) in OPENERS and call.args else None
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        inner = call.func.value
        given = inner.args[0] if place.name(inner.func) in PATHS and len(inner.args) == 1 else given
    if not isinstance(given, ast.Constant) or given not in found or not isinstance(given.value, str):
        return None
    return given.value if last_of(given.value) else None


def last_of(path: str) -> str:
    """Return the name of a file in the working folder or directly in `/tmp`, "" for other paths."""
    name = path.removeprefix(TEMP)
    return name if name and not set(name) & set("/\\~*?{}%:\n") and name not in (".", "..") else ""


def named_elsewhere(place: Place, root: Scope, path: str) -> list[Scope | None]:
    """Return who else spells the name: other functions, None for the file itself, or for a part of a longer text here.

    Another test that does so may look for what this one leaves.
    """
    name = last_of(path)
    owners = {id(node): root for scope in root.family() for node in constants(scope) if node.value == path}
    found: list[Scope | None] = []
    for node in texts_of(place):
        text = node.value
        text = text.decode("latin-1") if isinstance(text, bytes) else text
        if isinstance(text, str) and name in text and id(node) not in owners:
            around = place.function_at(node.lineno) if text == path else None
            found.append(around if around is not root else None)
    return found


def texts_of(place: Place) -> list[ast.Constant]:
    """Return the constants of a file."""
    known: list[ast.Constant] | None = place.module.memo.get("constants")
    if known is None:
        known = [node for node in below(place.module.tree) if isinstance(node, ast.Constant)]
        place.module.memo["constants"] = known
    return known


def constants(scope: Scope) -> list[ast.Constant]:
    """Return the constants of one function, those of nested functions left out."""
    known: list[ast.Constant] | None = scope.memo.get("constants")
    if known is None:
        inner = {id(node) for nested in scope.nested for node in below(nested.node)}
        found = (node for root in scope.roots for node in below(root))
        known = [node for node in found if isinstance(node, ast.Constant) and id(node) not in inner]
        scope.memo["constants"] = known
    return known


def parent_of(scope: Scope, constant: ast.Constant) -> tuple[ast.AST | None, ast.AST | None]:
    """Return the call whose argument a constant is, and what holds that; constants have no parents of their own."""
    for call in scope.kept(ast.Call):
        if constant in call.args:
            return call, scope.parents.get(call)
    return None, None


def edit_of(place: Place, scope: Scope, constant: ast.Constant, path: str) -> Edit:
    """Return the edit for one place at which the path is spelled."""
    layout, given = place.layout, f'tmp_path / "{last_of(path)}"'
    call, outer = parent_of(scope, constant)
    name = resolve(scope, call.func) if isinstance(call, ast.Call) else ""
    if isinstance(call, ast.Call) and name in PATHS and len(call.args) == 1:
        text = f"({given})" if isinstance(outer, (ast.Attribute, ast.BinOp)) else given
        return Edit(layout.start(call), layout.end(call), text)
    text = given if name.startswith(TAKERS) else f"str({given})"
    return Edit(layout.start(constant), layout.end(constant), text)


def is_simple(place: Place, spelled: list[tuple[Scope, ast.Constant]]) -> bool:
    """Tell whether the path goes only to what opens, makes or looks at a file, and nothing else runs that might use it.

    What is called with no path may look for the file by its old name.
    """
    for scope, constant in spelled:
        call, _ = parent_of(scope, constant)
        name = resolve(scope, call.func) if isinstance(call, ast.Call) else ""
        if not name.startswith((*TAKERS, *PATHS)):
            return False
    root = place.root
    calls = [(scope, call) for scope in root.family() for call in scope.kept(ast.Call)] if root is not None else []
    return all(is_known(resolve(scope, call.func)) for scope, call in calls)


def is_known(name: str) -> bool:
    """Tell whether a call is one of Python's own that reads no file by a name that it is not given."""
    return name.startswith((*TAKERS, *PATHS, "json.", "csv.", "re.", "pytest.")) or (
        "." not in name and name in BUILTIN
    )


BUILTIN = frozenset(
    {"len", "str", "repr", "list", "sorted", "dict", "set", "print", "bytes", "int", "range", "open", "next"}
)
