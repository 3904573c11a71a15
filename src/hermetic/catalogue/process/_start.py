"""The folder that an expression made of `__file__` names: whether it is the one where pytest is started."""

from __future__ import annotations

import _ast as ast
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

SAME = frozenset({"abspath", "realpath", "normpath", "resolve", "absolute", "fspath", "str", "Path", "PurePath"})
JOINERS = frozenset({"join", "joinpath"})
MAX_STEPS = 8  # variables that are looked up, one from the other


def is_start(scope: Scope, value: ast.AST) -> bool:
    """Tell whether an expression is the project's own folder, where pytest is started: to go there changes nothing.

    The folder of the file itself is where its data lies, wherever that may be.
    """
    project, own = scope.module.project, os.path.dirname(os.path.abspath(scope.module.path))
    folder = path_of(scope, value)
    if project is None or folder is None or folder == own:
        return False
    return os.path.realpath(folder) == os.path.realpath(project.root)


def path_of(scope: Scope, value: ast.AST, steps: int = MAX_STEPS) -> str | None:
    """Return the path that an expression leads to from `__file__`, None for others."""
    if isinstance(value, ast.Name):
        if value.id == "__file__":
            return os.path.abspath(scope.module.path)
        found = scope.find(value.id, value.lineno) if steps else None
        if found is not None and found[0].kind == "import" and scope.module.project is not None:
            found = scope.module.project.binding(str(found[0].value), scope.module.folder)
        given = found[0].value if found is not None and found[0].kind == "assign" else None
        return path_of(found[1], given, steps - 1) if found is not None and isinstance(given, ast.expr) else None
    if isinstance(value, ast.Attribute) and value.attr == "parent":
        return above(path_of(scope, value.value, steps))
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute) and value.value.attr == "parents":
        count = getattr(value.slice, "value", None)
        base = path_of(scope, value.value.value, steps)
        return above(base, count + 1) if isinstance(count, int) else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        return joined(path_of(scope, value.left, steps), [value.right])
    return of_call(scope, value, steps) if isinstance(value, ast.Call) else None


def of_call(scope: Scope, call: ast.Call, steps: int) -> str | None:
    """Return what a call leads to: `os.path.dirname(...)`, `Path(...).resolve()`, `os.path.join(..., "..")`."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    parts = [*([] if call.args and name != "joinpath" else [getattr(call.func, "value", call)]), *call.args]
    if parts[0] is call:
        return None
    base = path_of(scope, parts[0], steps)
    if name == "dirname":
        return above(base)
    if name in JOINERS:
        return joined(base, parts[1:])
    return base if name in SAME else None


def above(path: str | None, levels: int = 1) -> str | None:
    """Return a folder so many levels above a path."""
    for _ in range(levels):
        path = os.path.dirname(path) if path is not None else None
    return path


def joined(base: str | None, parts: list[ast.expr]) -> str | None:
    """Return a path with written-out parts, None where one is not known."""
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    return os.path.normpath(os.path.join(base, *texts)) if base is not None and len(texts) == len(parts) else None
