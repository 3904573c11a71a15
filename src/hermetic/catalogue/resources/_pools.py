"""Engines and pools of connections that a test makes and nobody disposes of."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._postgres import ENGINES, POOLS
from hermetic.catalogue.resources._users import is_wide
from hermetic.source import roles
from hermetic.source.names import resolve
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

STAND_INS = ("module", "_initialize", "creator", "strategy", "pool")
# What follows or precedes the name of an engine that somebody connects: engines that are only made have no connection.
USES = (b".connect", b".begin", b".raw_connection", b".execute", b".acquire", b".fetch", b".getconn")
USERS = (b"Session(", b"sessionmaker(", b"create_all(", b"bind=", b"create_all, ", b"configure(")
ENDERS = (b".dispose", b".close", b".terminate", b".wait_closed")


def left_open(root: Scope) -> Iterator[ast.Call]:
    """Yield the calls in a test, fixture or setup that make an engine or pool which nothing disposes of."""
    if is_wide(root):
        return
    for scope in root.family():
        for call in list(scope.kept(ast.Call)):
            name = resolve(scope, call.func)
            pools = name in POOLS or (name in ENGINES and is_postgres(scope, call))
            if pools and not is_pooled_nowhere(call) and is_left(scope, root, call):
                yield call


def is_postgres(scope: Scope, call: ast.Call) -> bool:
    """Tell whether an engine is one of PostgreSQL, by the beginning of its URL."""
    given = call.args[0] if call.args else next((item.value for item in call.keywords if item.arg == "url"), None)
    if given is None:
        return False
    found = behind(Place(scope, given))
    first = found.node.values[0] if isinstance(found.node, ast.JoinedStr) and found.node.values else found.node
    text = value_of(found.at(first))
    return isinstance(text, str) and text.startswith("postgres")


def is_pooled_nowhere(call: ast.Call) -> bool:
    """Tell whether an engine keeps no connection (`poolclass=NullPool`), or is given what stands for the server."""
    return any(item.arg in STAND_INS for item in call.keywords) or any(
        item.arg == "poolclass" and getattr(item.value, "attr", getattr(item.value, "id", "")) == "NullPool"
        for item in call.keywords
    )


def is_left(scope: Scope, root: Scope, call: ast.Call) -> bool:
    """Tell whether what a call makes is kept in a variable, or given to tests, and nothing closes it by that name."""
    parent = scope.parents.get(call)
    if isinstance(parent, ast.Await):
        parent = scope.parents.get(parent)
    if isinstance(parent, (ast.Return, ast.Yield)):
        return roles.role_of(root) == "fixture" and scope is root and not isinstance(parent, ast.Yield)
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return False
    target = parent.targets[0]
    if isinstance(target, ast.Name):
        text, name = root.module.text(root), target.id
    elif isinstance(target, ast.Attribute) and root.owner is not None:
        text, name = b"".join(root.module.text(item) for item in root.owner.functions), target.attr
    else:
        return False
    if roles.role_of(root) != "fixture" and returned(scope, name):
        return False
    spelled = name.encode()
    used = any(spelled + use in text for use in USES) or any(user + spelled in text for user in USERS)
    if roles.role_of(root) != "fixture" and isinstance(target, ast.Name) and not used:
        return False
    handed = f"({name})".encode()
    return not any(spelled + ender in text for ender in ENDERS) and b"closing" + handed not in text


def returned(scope: Scope, name: str) -> bool:
    """Tell whether a function returns a variable: who gets it may dispose of it."""
    return any(isinstance(item.value, ast.Name) and item.value.id == name for item in scope.kept(ast.Return))
