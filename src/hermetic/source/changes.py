"""State changes in a function: which lines change one kind of state, and which of them only put it back."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.scope import FUNCTIONS, Scope, load_import_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)


class State:
    """One kind of state, as code spells it. All names are dotted, as `names.resolve` gives them.

    `calls`: functions that change it. `items`: objects whose items are the state (`os.environ["X"] = ...`, `del`, `|=`).
    `attributes`: attributes whose assignment changes it. `methods`: object -> methods that change it.
    `restores`: calls that only put it back. `saves`: calls that return the old value.
    `managers`: context managers and decorators that put it back.
    `patches`: methods of `monkeypatch` that record it. `words`: name parts by which a context manager or fixture that
    cannot be read (it comes from a third party) says that it handles this state. `keyed`: whether each key (variable,
    logger, signal) is a state of its own.
    """

    def __init__(  # noqa: PLR0913 - a table with one column for each way of spelling
        self,
        kind: str,
        *,
        calls: Iterable[str] = (),
        items: Iterable[str] = (),
        attributes: Iterable[str] = (),
        methods: Mapping[str, Iterable[str]] | None = None,
        restores: Iterable[str] = (),
        saves: Iterable[str] = (),
        managers: Iterable[str] = (),
        patches: Iterable[str] = (),
        words: Iterable[str] = (),
        keyed: bool = False,
    ) -> None:
        self.kind = kind
        self.calls = frozenset(calls)
        self.items = frozenset(items)
        self.attributes = frozenset(attributes)
        self.methods = frozenset(f"{base}.{name}" for base, names in (methods or {}).items() for name in names)
        self.restores = frozenset(restores)
        self.objects = frozenset((*self.items, *self.attributes, *(methods or ())))
        self.saves = frozenset(saves)
        self.managers = frozenset(managers)
        self.patches = frozenset(patches)
        self.words = tuple(words)
        self.keyed = keyed


class Change:
    """One line that changes a state. `key` is the variable, logger or signal in source form, "" when not known."""

    __slots__ = ("key", "node", "scope", "what", "whole")

    def __init__(self, scope: Scope, node: ast.AST, what: str, key: str, *, whole: bool = False) -> None:
        self.scope = scope
        self.node = node
        self.what = what
        self.key = key
        self.whole = whole  # touches every key at once, as `clear()` and `update(...)` do


def called(scope: Scope) -> dict[str, list[ast.Call]]:
    """Return the calls of a loaded scope by the dotted name that is called."""
    known = scope.memo.get("called")
    if known is None:
        known = {}
        for node in scope.kept(ast.Call):
            assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
            name = resolve(scope, node.func)
            if name:
                known.setdefault(name, []).append(node)
        scope.memo["called"] = known
    return known  # type: ignore[return-value]


def stored(scope: Scope) -> list[tuple[str, str, str, ast.stmt]]:
    """Return `(verb, dotted target, key, statement)` for each attribute or item that a loaded scope sets or deletes."""
    known = scope.memo.get("stored")
    if known is None:
        known = []
        for node in scope.kept(*STORES):
            if isinstance(node, (ast.Assign, ast.Delete)):
                targets = flat(node.targets)
            else:
                targets = [node.target]  # type: ignore[attr-defined]
            for target in targets:
                found = store(scope, node, target)
                if found is not None:
                    known.append(found)
        scope.memo["stored"] = known
    return known  # type: ignore[return-value]


def flat(targets: list[ast.expr]) -> list[ast.expr]:
    """Return assignment targets with tuples and lists opened."""
    found: list[ast.expr] = []
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            found.extend(flat(target.elts))
        else:
            found.append(target)
    return found


def store(scope: Scope, node: ast.AST, target: ast.expr) -> tuple[str, str, str, ast.stmt] | None:
    """Describe one target of an assignment or `del`; None for a plain name."""
    if isinstance(target, ast.Subscript):
        base = resolve(scope, target.value)
        return ("item", base, text_of(target.slice), node) if base else None  # type: ignore[return-value]
    if isinstance(target, ast.Attribute):
        base = resolve(scope, target.value)
        return ("attribute", f"{base}.{target.attr}", "", node) if base else None  # type: ignore[return-value]
    if isinstance(node, ast.AugAssign):
        base = resolve(scope, target)
        return ("augmented", base, "", node) if base else None  # type: ignore[return-value]
    return None


def text_of(node: ast.AST | None) -> str:
    """Return a short, comparable text for a key: a constant, a dotted name, or "" when it is neither."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    if isinstance(node, ast.Call):
        inner = text_of(node.func)
        arguments = ",".join(text_of(argument) for argument in node.args)
        return ".".join([f"{inner}({arguments})", *reversed(parts)]) if inner else ""
    return ""


def changes_in(scope: Scope, state: State) -> list[Change]:
    """Return the changes of `state` in one loaded scope (nested functions left out), in line order."""
    memo_key = f"changes:{state.kind}"
    known = scope.memo.get(memo_key)
    if known is None:
        known = list(find_changes(scope, state))
        known.sort(key=lambda change: (change.node.lineno, change.node.col_offset))  # type: ignore[attr-defined]
        scope.memo[memo_key] = known
    return known  # type: ignore[return-value]


def find_changes(scope: Scope, state: State) -> Iterable[Change]:
    """Yield every spelling of a change that `state` knows."""
    for name, calls in called(scope).items():
        if name in state.calls or name in state.methods:
            for call in calls:
                yield change_by_call(scope, call, name, state)
        elif name in ("setattr", "delattr"):
            for call in calls:
                target = set_by_name(scope, call)
                if target in state.attributes:
                    yield Change(scope, call, target, target, whole=target in state.items)
    for verb, target, key, node in stored(scope):
        if verb == "item" and target in state.items:
            yield Change(scope, node, target, key, whole=not key or key.startswith(":"))
        elif verb == "attribute" and target in state.attributes:
            yield Change(scope, node, target, owner_text(node, target), whole=target in state.items)
        elif verb in ("augmented", "attribute") and target in state.items:
            yield Change(scope, node, target, "", whole=True)


def change_by_call(scope: Scope, call: ast.Call, name: str, state: State) -> Change:
    """Describe a call that changes `state`."""
    method = name.rpartition(".")[2]
    if name in state.methods:
        on_items = name.rpartition(".")[0] in state.items
        whole = method in WHOLE_METHODS or not on_items
        base = call.func.value if isinstance(call.func, ast.Attribute) else None
        key = text_of(call.args[0]) if call.args and on_items and not whole else "" if on_items else text_of(base)
        return Change(scope, call, name, key, whole=whole and on_items)
    key = text_of(call.args[0]) if call.args and state.keyed else ""
    return Change(scope, call, name, key)


WHOLE_METHODS = frozenset({"clear", "update"})


def set_by_name(scope: Scope, call: ast.Call) -> str:
    """Return the dotted attribute that `setattr(x, "name", ...)` sets, "" when it cannot be told."""
    if len(call.args) < 2 or not isinstance(call.args[1], ast.Constant):  # noqa: PLR2004 - object and name
        return ""
    base = resolve(scope, call.args[0])
    return f"{base}.{call.args[1].value}" if base else ""


def owner_text(node: ast.AST, target: str) -> str:
    """Return the source text of the object whose attribute is assigned, or the dotted target."""
    targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]  # type: ignore[attr-defined]
    for item in flat(targets):
        if isinstance(item, ast.Attribute) and target.endswith(f".{item.attr}"):
            return text_of(item.value) or target
    return target


def same_key(one: Change, other: Change) -> bool:
    """Tell whether a change at `other` covers the key changed at `one`."""
    return other.whole or not one.key or not other.key or one.key == other.key


def uses_saved_value(change: Change, state: State) -> bool:
    """Tell whether a change writes a value that was read from the same state before: it puts the state back."""
    node = change.node
    values: list[ast.AST] = []
    if isinstance(node, ast.Call):
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
        values = [node.value]
    return any(is_saved(change.scope, value, state) for value in values)


def is_saved(scope: Scope, value: ast.AST, state: State) -> bool:
    """Tell whether an expression is an old value of the state, kept in a variable or an attribute."""
    if isinstance(value, ast.Subscript):
        value = value.value
    if isinstance(value, ast.Call) and value.args and not isinstance(value.func, ast.Attribute):
        value = value.args[0]
    if isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        if found is None or not isinstance(found[0].value, ast.AST):
            return False
        return reads_state(found[1], found[0].value, state)
    if isinstance(value, ast.Attribute) and value.__class__ is ast.Attribute:
        return from_state(resolve(scope, value), state) and text_of(value) not in state.objects
    return False


def reads_state(scope: Scope, expression: ast.AST, state: State, depth: int = 4) -> bool:
    """Tell whether an expression reads the state: the object itself, a copy of it, or a call that returns it."""
    if not depth:
        return False
    if from_state(resolve(scope, expression), state):
        return True
    parts: list[ast.AST] = []
    if isinstance(expression, ast.Call):
        parts = [*expression.args, *([expression.func.value] if isinstance(expression.func, ast.Attribute) else [])]
    elif isinstance(expression, ast.Dict):
        parts = [value for key, value in zip(expression.keys, expression.values, strict=True) if key is None]
    elif isinstance(expression, (ast.List, ast.Tuple)):
        parts = list(expression.elts)
    elif isinstance(expression, (ast.DictComp, ast.ListComp)):
        parts = [generator.iter for generator in expression.generators]
    elif isinstance(expression, (ast.Starred, ast.Subscript, ast.Attribute)):
        parts = [expression.value]
    elif isinstance(expression, ast.IfExp):
        parts = [expression.body, expression.orelse]
    elif isinstance(expression, ast.BoolOp):
        parts = list(expression.values)
    return any(reads_state(scope, part, state, depth - 1) for part in parts)


def from_state(name: str, state: State) -> bool:
    """Tell whether a dotted name is the state, an item of it, or what a saving call returned."""
    if not name:
        return False
    bare = name.replace("[]", "")
    if bare in state.objects or bare.removesuffix("()") in state.saves:
        return True
    base, _, method = bare.removesuffix("()").rpartition(".")
    return base in state.objects and method in ("copy", "get", "pop", "items", "items()")


def import_time(module_top: Scope) -> list[Scope]:
    """Return the module and class bodies, loaded: what runs when the file is imported."""
    return [load_import_time(scope) for scope in (module_top, *module_top.classes)]


def is_function_node(node: ast.AST) -> bool:
    """Tell whether a node defines a function."""
    return isinstance(node, FUNCTIONS)
