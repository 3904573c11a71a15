"""Changes of data that healthy suites make all the time: filling in, counting, resetting."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.state._as_found import value_set
from hermetic.catalogue.state._targets import initial, is_initial, same_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.state._leaks import Found
    from hermetic.source.changes import Change
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MEMO = frozenset({
    "cache", "caches", "cached", "memo", "memoized", "lru", "interned", "pool", "pools", "seen", "compiled", "warned",
    "instances", "counter", "counters", "lazy", "stats", "lock", "locks", "threadlocal", "registry", "environ",
})  # fmt: skip
DONE = frozenset({
    "init", "inited", "initialized", "initialised", "ready", "loaded", "setup", "configured", "warned", "done",
    "started", "registered", "installed", "patched", "imported", "checked",
})  # fmt: skip
COUNT = frozenset({
    "count", "counts", "next", "last", "seq", "sequence", "serial", "number", "total", "version", "id", "ids", "uid",
    "index", "hits", "misses", "calls", "created", "time", "timestamp",
})  # fmt: skip


def words_of(name: str) -> set[str]:
    """Return the words of a name, in lower case: `TaxCache` and `tax_cache` have two."""
    found, current = set(), ""
    for sign in name:
        if sign == "_" or (sign.isupper() and current and not current[-1].isupper()):
            found.add(current.lower())
            current = ""
        current += "" if sign == "_" else sign
    return {*found, current.lower()}


def is_benign(found: Found, project: Project) -> bool:
    """Tell whether a change that a suite makes to data is a reset, or fills in what is there to be filled."""
    name = found.dotted.rpartition(".")[2]
    change, value = found.leak.change, value_set(found.leak)
    by_hand = isinstance(change.node, (ast.Assign, ast.AugAssign)) and "[" not in found.dotted
    if isinstance(value, ast.Constant) and (value.value is None or is_plain_flag(name, value)):
        return True
    if value is not None and is_initial(change.scope, found.dotted, value, project):
        return True
    if value is not None and is_initial_item(change, found.dotted, value, project):
        return True
    if words_of(name) & MEMO and not (by_hand and is_item(change.node)):
        return True
    if change.what.endswith(".clear") or is_emptied(value):
        return starts_empty(change.scope, found.dotted, project)
    return isinstance(change.node, ast.AugAssign) and bool(words_of(name) & COUNT)


def is_plain_flag(name: str, value: ast.Constant) -> bool:
    """Tell whether a private flag or number says that something was done, or how often."""
    private = name.startswith("_")
    if isinstance(value.value, bool):
        return private and bool(words_of(name) & DONE)
    return isinstance(value.value, int) and (private or bool(words_of(name) & COUNT))


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
