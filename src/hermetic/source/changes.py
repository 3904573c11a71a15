"""State changes in a function: which lines change one kind of state, and how each of them is spelled."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.scope import DEFINITIONS, Scope, load_import_time
from hermetic.source.spelling import key_of, targets_of, text_of
from hermetic.source.state import WHOLE_METHODS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.nodes import Placed, Store
    from hermetic.source.state import State

STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
OPERATORS = {"operator.setitem": "__setitem__", "operator.delitem": "__delitem__"}


class Change:
    """One line that changes a state. `key` is the variable, logger or signal in source form, "" when not known.

    `what` is the dotted name of the call or target, as the tables know it, and `kind` that of the state. `whole`: every
    key is touched at once, as `clear()` and `update(...)` do. `back`: it goes back to what tests find.
    `usual`: it sets the default, which tests may find otherwise.
    """

    __slots__ = ("back", "key", "kind", "node", "scope", "usual", "what", "whole")

    def __init__(  # noqa: PLR0913 - a record
        self, scope: Scope, node: Placed, what: str, key: str, *, whole: bool = False, back: bool = False
    ) -> None:
        self.scope = scope
        self.node = node
        self.what = what
        self.key = key
        self.whole = whole
        self.back = back
        self.kind = ""
        self.usual = back

    @property
    def line(self) -> int:
        """The line of the statement or call."""
        return self.node.lineno


def called(scope: Scope) -> dict[str, list[ast.Call]]:
    """Return the calls of a loaded scope by the dotted name that is called."""
    known = scope.memo.get("called")
    if known is None:
        known = {}
        for node in scope.kept(ast.Call):
            name = resolve(scope, node.func)
            if name:
                known.setdefault(name, []).append(node)
        scope.memo["called"] = known
    return known


def decorated(scope: Scope) -> list[tuple[str, Scope]]:
    """Return `(dotted name, function)` for each decorator of the functions in a loaded function: it is called there."""
    known = scope.memo.get("decorated")
    if known is None:
        known = scope.memo["decorated"] = [
            (resolve(scope, decorator), inner)
            for inner in scope.nested
            for decorator in getattr(inner.node, "decorator_list", ())
        ]
    return known


def stored(scope: Scope) -> list[tuple[str, str, str, Store]]:
    """Return `(verb, dotted target, key, statement)` for each attribute or item that a loaded scope sets or deletes."""
    known = scope.memo.get("stored")
    if known is None:
        known = scope.memo["stored"] = [
            (verb, name, text_of(target.slice) if isinstance(target, ast.Subscript) else "", node)
            for verb, name, target, node in stores_of(scope)
        ]
    return known


def stores_of(scope: Scope) -> list[tuple[str, str, ast.expr, Store]]:
    """Return `(verb, dotted target, target, statement)` for each attribute or item that a scope sets or deletes."""
    known = scope.memo.get("stores")
    if known is None:
        known = []
        for node in scope.kept(*STORES):
            known.extend(filter(None, (store(scope, node, target) for target in targets_of(node))))
        scope.memo["stores"] = known
    return known


def store(scope: Scope, node: Store, target: ast.expr) -> tuple[str, str, ast.expr, Store] | None:
    """Describe one target of an assignment or `del`; None for a plain name."""
    if isinstance(target, ast.Subscript):
        base = resolve(scope, target.value)
        return ("item", base, target, node) if base else None
    if isinstance(target, ast.Attribute):
        base = resolve(scope, target.value)
        return ("attribute", f"{base}.{target.attr}", target, node) if base else None
    if isinstance(node, ast.AugAssign):
        base = resolve(scope, target)
        return ("augmented", base, target, node) if base else None
    return None


def changes_in(scope: Scope, state: State) -> list[Change]:
    """Return the changes of `state` in one loaded scope (nested functions left out), in line order."""
    memo_key = f"changes:{state.memo_key}"
    known = scope.memo.get(memo_key)
    if known is None:
        known = [*changes_by_call(scope, state), *changes_by_store(scope, state)]
        known.sort(key=lambda change: (change.line, change.node.col_offset))
        for change in known:
            change.kind = state.kind
        scope.memo[memo_key] = known
    return known


def changes_at(scope: Scope, node: ast.AST, state: State) -> list[Change]:
    """Return the changes of `state` that one node of a loaded scope makes."""
    memo_key = f"changes at:{state.memo_key}"
    known: dict[ast.AST, list[Change]] | None = scope.memo.get(memo_key)
    if known is None:
        known = scope.memo[memo_key] = {}
        for change in changes_in(scope, state):
            known.setdefault(change.node, []).append(change)
    return known.get(node, [])


def changes_by_call(scope: Scope, state: State) -> Iterator[Change]:
    """Yield the calls that change `state`."""
    for plain, calls in called(scope).items():
        name = state.name_in(scope, plain)
        if name in state.calls or name in state.methods:
            base, _, method = name.rpartition(".")
            whole = base in state.items and method in WHOLE_METHODS and not state.by_owner
            for call in calls:
                if state.counts(scope, call, name):
                    back = state.goes_back(scope, call, name)
                    change = Change(scope, call, name, state.call_key(scope, call, name), whole=whole, back=back)
                    change.usual = back or state.is_default(scope, name, call.args[0] if call.args else None)
                    yield change
        elif name in ("setattr", "delattr"):
            yield from changes_by_name(scope, state, calls)
        elif name in OPERATORS:
            yield from changes_by_operator(scope, state, name, calls)
    for name, inner in decorated(scope):
        if state.name_of(name) in state.calls and isinstance(inner.node, DEFINITIONS):
            yield Change(scope, inner.node, name, "")


def changes_by_name(scope: Scope, state: State, calls: list[ast.Call]) -> Iterator[Change]:
    """Yield the calls of `setattr` and `delattr` that change `state`."""
    for call in calls:
        target = state.name_in(scope, set_by_name(scope, call))
        if state.is_attribute(target):
            key = state.attribute_key(scope, call.args[0], target)
            value = call.args[2] if len(call.args) > 2 else None  # noqa: PLR2004 - object, name, value
            back = state.stores_default(scope, call.args[0], target, value)
            yield Change(scope, call, target, key, back=back)


def changes_by_operator(scope: Scope, state: State, name: str, calls: list[ast.Call]) -> Iterator[Change]:
    """Yield the calls of `operator.setitem` and `operator.delitem` that change `state`."""
    for call in calls:
        target = state.name_in(scope, resolve(scope, call.args[0])) if call.args else ""
        if target in state.items:
            key = key_of(scope, call.args[1]) if state.keyed and len(call.args) > 1 else ""
            yield Change(scope, call, f"{target}.{OPERATORS[name]}", key)


def set_by_name(scope: Scope, call: ast.Call) -> str:
    """Return the dotted attribute that `setattr(x, "name", ...)` sets, "" when it cannot be told."""
    if len(call.args) < 2 or not isinstance(call.args[1], ast.Constant):  # noqa: PLR2004 - object and name
        return ""
    base = resolve(scope, call.args[0])
    return f"{base}.{call.args[1].value!s}" if base else ""


def changes_by_store(scope: Scope, state: State) -> Iterator[Change]:
    """Yield the assignments and deletions that change `state`."""
    for verb, plain, target, node in stores_of(scope):
        name = state.name_in(scope, plain)
        if (name in state.items or state.is_attribute(name)) and not state.counts_target(scope, target):
            continue
        if isinstance(target, ast.Subscript):
            if name in state.items:
                whole = isinstance(target.slice, ast.Slice) and not state.by_owner
                key = state.item_key(scope, target)
                back = bool(key) and state.gives_back(scope, key, getattr(node, "value", None))
                yield Change(scope, node, name, key, whole=whole, back=back)
        elif state.is_attribute(name) or (verb == "augmented" and name in state.items):
            key, back = "", False
            if isinstance(target, ast.Attribute):
                key = state.attribute_key(scope, target.value, name)
                value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
                back = state.stores_default(scope, target.value, name, value)
            change = Change(scope, node, name, key, whole=name in state.items and not state.by_owner, back=back)
            change.usual = back or state.is_default(scope, name, getattr(node, "value", None))
            yield change


def same_key(one: Change, other: Change) -> bool:
    """Tell whether a change at `other` covers the key changed at `one`."""
    return other.whole or not one.key or not other.key or one.key == other.key


def import_time(module_top: Scope) -> list[Scope]:
    """Return the module and class bodies, loaded: what runs when the file is imported."""
    return [load_import_time(scope) for scope in (module_top, *module_top.classes)]
