"""How a message names what a test changes in a module or class, what it does to it, and what would undo that."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import reached_from
from hermetic.source.callee import find_class
from hermetic.source.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.state._leaks import Found
    from hermetic.source.project import Project

ADDED, DELETED, CHANGED = "added", "deleted", "changed"


def told(found: Found, root: Scope, project: Project, usual: str) -> dict[str, str]:
    """Return the parts of a message; `usual` is what is done to a name that is bound to another value."""
    change = found.leak.change
    done = what_is_done(change.node) or (ADDED if is_new(found, project) else usual)
    return {
        "what": found.dotted.lstrip(".") + key_of_entry(change.node),
        "done": done,
        "where": reached_from(change.scope, root),
        "undone": "taken away" if done == ADDED else "put back",
    }


def what_is_done(node: ast.AST) -> str:
    """Return what a statement or call does to a name or to what it holds, "" where it binds the name."""
    function = getattr(getattr(node, "func", None), "id", "")
    if isinstance(node, ast.Delete) or function == "delattr":
        return DELETED
    bound = (isinstance(node, (ast.Assign, ast.AnnAssign)) and not entries_of(node)) or function == "setattr"
    return "" if bound else CHANGED


def entries_of(node: ast.AST) -> list[ast.Subscript]:
    """Return the entries of containers that a statement sets or deletes."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return [item for item in targets if isinstance(item, ast.Subscript)]


def key_of_entry(node: ast.AST) -> str:
    """Return the key of an entry that a statement sets or deletes, in brackets, "" where it is not written out."""
    keys = [item.slice for item in entries_of(node)]
    key = keys[0] if len(keys) == 1 else None
    return f"[{key.value!r}]" if isinstance(key, ast.Constant) and isinstance(key.value, (str, bytes)) else ""


def is_new(found: Found, project: Project) -> bool:
    """Tell whether a module or class of the project has no attribute of the name, nor any class above that."""
    scope = found.leak.change.scope
    owner, _, name = found.dotted.rpartition(".")
    path = project.file_of(owner, scope.module.folder) if owner else None
    module = project.module(path) if path is not None else None
    if module is not None:
        return module.top.bindings.keys().isdisjoint((name, "*", "__getattr__"))
    cls = class_named(scope, owner, project)
    return cls is not None and all(
        name not in level.bindings and is_as_written(level, project) for level in project.lineage(cls)
    )


def class_named(scope: Scope, dotted: str, project: Project) -> Scope | None:
    """Return the class that a dotted name means: `shop.Till`, `.Till` for one of the file."""
    if not dotted.startswith("."):
        found = project.definition(dotted, scope.module.folder)
        return found if found is not None and found.is_class else None
    own = scope.module.top.find(dotted[1:])
    value = own[0].value if own is not None and own[0].kind == "class" else None
    return value if isinstance(value, Scope) else None


def is_as_written(cls: Scope, project: Project) -> bool:
    """Tell whether a class has what its source says: no decorator, no metaclass, and no base class of others."""
    lineage = project.lineage(cls)
    if getattr(cls.node, "decorator_list", ()) or getattr(cls.node, "keywords", ()):
        return False
    return all(find_class(cls.parent or cls, base) in lineage for base in cls.bases)
