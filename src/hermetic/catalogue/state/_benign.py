"""Changes of data that healthy suites make all the time: filling in, counting, resetting."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.state._as_found import value_set
from hermetic.catalogue.state._targets import initial, is_initial, same_literal
from hermetic.source.name_words import COUNT, DONE, MEMO, speaks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.state._leaks import Found
    from hermetic.source.changes import Change
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

GROWING = (".append", ".extend", ".insert", ".add", ".appendleft", ".extendleft")
FILLED = MEMO | {"registry", "environ"}


def is_benign(found: Found, project: Project) -> bool:
    """Tell whether a change that a suite makes to data is a reset, or fills in what is there to be filled."""
    name = found.dotted.rpartition(".")[2]
    change, value = found.leak.change, value_set(found.leak)
    by_hand = isinstance(change.node, (ast.Assign, ast.AugAssign)) and "[" not in found.dotted
    if isinstance(value, ast.Constant) and (value.value is None or (not value.value and is_plain_flag(name, value))):
        return True
    if value is not None and is_initial(change.scope, found.dotted, value, project):
        return True
    if value is not None and is_initial_item(change, found.dotted, value, project):
        return True
    put_in = change.what.endswith(GROWING) or (by_hand and is_item(change.node))
    if speaks_of(name, FILLED) and not put_in:
        return True
    if change.what.endswith(".clear") or is_emptied(value):
        return starts_empty(change.scope, found.dotted, project)
    return isinstance(change.node, ast.AugAssign) and speaks_of(name, COUNT)


def is_plain_flag(name: str, value: ast.Constant) -> bool:
    """Tell whether a private flag or number says that something was done, or how often."""
    private = name.startswith("_")
    if isinstance(value.value, bool):
        return private and speaks_of(name, DONE)
    return isinstance(value.value, int) and (private or speaks_of(name, COUNT))


def is_item(node: ast.AST) -> bool:
    """Tell whether a statement sets an item."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(item, ast.Subscript) for item in targets)


def is_initial_item(change: Change, dotted: str, value: ast.expr, project: Project) -> bool:
    """Tell whether an item of a table gets what the table has there when its module is imported."""
    target = change.node.targets[0] if isinstance(change.node, ast.Assign) else None
    table = initial(change.scope, dotted, project) if isinstance(target, ast.Subscript) else None
    if not isinstance(table, ast.Dict) or not isinstance(target, ast.Subscript):
        return False
    pairs = zip(table.keys, table.values, strict=True)
    return any(key is not None and same_literal(key, target.slice) and same_literal(item, value) for key, item in pairs)


def is_emptied(value: ast.expr | None) -> bool:
    """Tell whether a value is an empty container."""
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    return (
        isinstance(value, ast.Call)
        and not value.args
        and not value.keywords
        and getattr(value.func, "id", "") in ("set", "dict", "list")
    )


def starts_empty(scope: Scope, dotted: str, project: Project) -> bool:
    """Tell whether a name is bound to an empty container where it is defined: to empty it is a reset."""
    value = initial(scope, dotted, project)
    return value is None or (isinstance(value, ast.expr) and is_emptied(value))
