"""State changes in a function: which lines change one kind of state, and how each of them is spelled."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.scope import Scope, load_import_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
OPERATORS = {"operator.setitem": "__setitem__", "operator.delitem": "__delitem__"}
WHOLE_METHODS = frozenset({"clear", "update", "__ior__"})


class State:
    """One kind of state, as code spells it. All names are dotted, as `names.resolve` gives them.

    `calls`: functions that change it. `items`: objects whose items are the state (`os.environ["X"] = ...`, `del`).
    `attributes`: attributes whose assignment changes it (`builtins.*`: any of them). `methods`: object -> methods that
    change it. `neutral`: calls that go back to the default when given one of these texts (`0`, `None`), and change it
    otherwise. `defaults`: attributes and methods that do so likewise. `restores`: calls that only put it back. `saves`:
    calls and names that give the old value. `managers`: context managers and decorators that put it back. `patches`:
    methods of `monkeypatch` that record it. `uses`: other calls that record it (`@caplog.set_level`). `fixtures`:
    fixtures of plugins that put it back. `words`: name parts by which a context manager or fixture that cannot be read
    says that it handles this state. `keyed`: whether each key (variable, logger, signal) is a state of its own. `also`:
    states whose change in a cleanup puts this one back too. `tokens`: bytes of which one occurs wherever the state is
    changed, where the names' last parts are too common.

    Subclasses may override `name_of`, `name_in`, `resets`, `is_usually_absent`, `counts`, `counts_target`, the two that
    tell whether a value is the default, and the three that give keys.
    """

    by_owner = False  # each object that holds the state is a key; a whole list of it is still only that object's

    of_process = True  # and not of an object that a test may make for itself

    def __init__(  # noqa: PLR0913 - a table with one column for each way of spelling
        self,
        kind: str,
        *,
        calls: Iterable[str] = (),
        items: Iterable[str] = (),
        attributes: Iterable[str] = (),
        methods: Mapping[str, Iterable[str]] | None = None,
        neutral: Mapping[str, Iterable[str]] | None = None,
        defaults: Mapping[str, Iterable[str]] | None = None,
        restores: Iterable[str] = (),
        saves: Iterable[str] = (),
        managers: Iterable[str] = (),
        patches: Iterable[str] = (),
        uses: Iterable[str] = (),
        fixtures: Iterable[str] = (),
        words: Iterable[str] = (),
        keyed: bool = False,
        also: Iterable[State] = (),
        tokens: Iterable[bytes] = (),
    ) -> None:
        self.kind = kind
        self.memo_key = f"{kind}:{id(self)}"  # two rules may give their states the same name
        self.neutral = {name: frozenset(texts) for name, texts in (neutral or {}).items()}
        self.defaults = self.neutral | {name: frozenset(texts) for name, texts in (defaults or {}).items()}
        self.calls = frozenset((*calls, *self.neutral))
        self.items = frozenset(items)
        self.attributes = frozenset(attributes)
        self.methods = frozenset(f"{base}.{name}" for base, names in (methods or {}).items() for name in names)
        self.restores = frozenset(restores)
        self.objects = self.items | self.attributes | frozenset(methods or ())
        self.saves = frozenset(saves)
        self.managers = frozenset(managers)
        self.patches = frozenset(patches)
        self.uses = frozenset(uses)
        self.fixtures = frozenset(fixtures)
        self.words = tuple(words)
        self.keyed = keyed
        self.also = tuple(also)
        self.tokens = tuple(tokens) or self.find_tokens()
        names = (*self.restores, *self.saves, *self.managers, *self.patches, "patch", "undo")
        mine = (*self.tokens, *(name.rpartition(".")[2].encode() for name in names))
        self.undo_tokens: tuple[bytes, ...] = mine + tuple(token for other in self.also for token in other.undo_tokens)

    def find_tokens(self) -> tuple[bytes, ...]:
        """Return bytes of which one occurs wherever the state is changed: the last part of each name, or the method."""
        spelled_out = self.items | self.attributes
        found = {name.removesuffix(".*").rpartition(".")[2] for name in (*self.calls, *spelled_out)}
        found |= {name.rpartition(".")[2] for name in self.methods if name.rpartition(".")[0] not in spelled_out}
        return tuple(sorted(name.encode() for name in found))

    def name_of(self, name: str) -> str:
        """Return the name under which the tables know what a dotted name means."""
        return name

    def name_in(self, scope: Scope, name: str) -> str:  # noqa: ARG002 - for subclasses
        """Return that name for a dotted name as read in a scope, where the files around say more than the name does."""
        return self.name_of(name)

    def goes_back(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell whether a call goes back to the default, by its first argument or the value of its first keyword."""
        value = call.args[0] if call.args else call.keywords[0].value if call.keywords else None
        return name in self.defaults and key_of(scope, value) in self.defaults[name]

    def stores_default(self, scope: Scope, owner: ast.expr, name: str, value: ast.expr | None) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether the value that an attribute of `owner` is set to is the one that it has from the start."""
        return value is not None and name in self.defaults and key_of(scope, value) in self.defaults[name]

    def resets(self, node: ast.AST) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a change of the whole state puts it back to how tests find it."""
        return False

    def is_usually_absent(self, key: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a key is one that tests find absent, unless an earlier test has left it."""
        return False

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a call of the tables changes the state (a getter may share its name with the setter)."""
        return True

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an assignment to a target of the tables changes the state."""
        return True

    def call_key(self, scope: Scope, call: ast.Call, name: str) -> str:
        """Return which key a call changes: the one it is given, or the object whose method it is."""
        base, _, method = name.rpartition(".")
        if not self.keyed or name in self.neutral or (base in self.items and method in WHOLE_METHODS):
            return ""
        if name in self.methods and base not in self.items:
            return key_of(scope, call.func.value) if isinstance(call.func, ast.Attribute) else ""
        return key_of(scope, call.args[0]) if call.args else ""

    def attribute_key(self, scope: Scope, owner: ast.expr | None, target: str) -> str:
        """Return the key of an attribute: the object that holds it where each is a state of its own, else its name."""
        if target in self.items:
            return ""
        return key_of(scope, owner) if self.keyed else target

    def item_key(self, scope: Scope, target: ast.Subscript) -> str:
        """Return which key an assignment or deletion of an item changes."""
        return key_of(scope, target.slice) if self.keyed and not isinstance(target.slice, ast.Slice) else ""

    def is_attribute(self, target: str) -> bool:
        """Tell whether assigning to a dotted name changes the state."""
        return target in self.attributes or f"{target.rpartition('.')[0]}.*" in self.attributes


class Change:
    """One line that changes a state. `key` is the variable, logger or signal in source form, "" when not known.

    `what` is the dotted name of the call or target, as the tables know it, and `kind` that of the state. `whole`: every
    key is touched at once, as `clear()` and `update(...)` do. `back`: it goes back to the default.
    """

    __slots__ = ("back", "key", "kind", "node", "scope", "what", "whole")

    def __init__(  # noqa: PLR0913 - a record
        self, scope: Scope, node: ast.AST, what: str, key: str, *, whole: bool = False, back: bool = False
    ) -> None:
        self.scope = scope
        self.node = node
        self.what = what
        self.key = key
        self.whole = whole
        self.back = back
        self.kind = ""

    @property
    def line(self) -> int:
        """The line of the statement or call."""
        return self.node.lineno  # type: ignore[attr-defined,no-any-return]


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


def stored(scope: Scope) -> list[tuple[str, str, str, ast.stmt]]:
    """Return `(verb, dotted target, key, statement)` for each attribute or item that a loaded scope sets or deletes."""
    known = scope.memo.get("stored")
    if known is None:
        known = scope.memo["stored"] = [
            (verb, name, text_of(target.slice) if isinstance(target, ast.Subscript) else "", node)
            for verb, name, target, node in stores_of(scope)
        ]
    return known


def stores_of(scope: Scope) -> list[tuple[str, str, ast.expr, ast.AST]]:
    """Return `(verb, dotted target, target, statement)` for each attribute or item that a scope sets or deletes."""
    known = scope.memo.get("stores")
    if known is None:
        known = []
        for node in scope.kept(*STORES):
            several = isinstance(node, (ast.Assign, ast.Delete))
            targets = flat(node.targets) if several else [node.target]  # type: ignore[attr-defined]
            known.extend(filter(None, (store(scope, node, target) for target in targets)))
        scope.memo["stores"] = known
    return known


def flat(targets: list[ast.expr]) -> list[ast.expr]:
    """Return assignment targets with tuples and lists opened."""
    found: list[ast.expr] = []
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            found.extend(flat(target.elts))
        else:
            found.append(target)
    return found


def store(scope: Scope, node: ast.AST, target: ast.expr) -> tuple[str, str, ast.expr, ast.AST] | None:
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


def text_of(node: ast.AST | None, steps: int = 8) -> str:
    """Return a short, comparable text for a key: a constant, a dotted name, a call of one, or "" for anything else."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([node.id, *reversed(parts)])
    if isinstance(node, ast.Call) and steps:
        inner = text_of(node.func, steps - 1)
        arguments = ",".join(text_of(argument, steps - 1) for argument in node.args)
        return ".".join([f"{inner}({arguments})", *reversed(parts)]) if inner else ""
    return ""


def key_of(scope: Scope, node: ast.AST | None, steps: int = 4) -> str:
    """Return a text by which two spellings of one key compare equal; "" when it is only known at run time.

    Variables are followed to the constant, import or call that they are bound to once.
    """
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return f"-{node.operand.value!r}"
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Name):
        found = scope.find(node.id, node.lineno)
        if found is None:
            return node.id
        binding, where = found
        if binding.kind == "import":
            return str(binding.value)
        once = len(where.bindings[node.id]) == 1
        value = binding.value if binding.kind == "assign" and once and steps else None
        return key_of(where, value, steps - 1) if isinstance(value, ast.AST) else ""
    name = resolve(scope, node) if isinstance(node, ast.Attribute) else ""
    if name and "()" not in name:
        return "" if name.startswith("@") else name
    return key_of_call(scope, node, steps)


def key_of_call(scope: Scope, node: ast.AST | None, steps: int) -> str:
    """Return the key of what a call gives (`logging.getLogger("app")`), found behind `self.log` too."""
    if isinstance(node, ast.Attribute):
        from hermetic.source.names import value_of_attribute  # noqa: PLC0415 - rare

        found = value_of_attribute(scope, node)
        return key_of(found[0], found[1], steps - 1) if found is not None and steps else ""
    if not isinstance(node, ast.Call) or node.keywords:
        return ""
    arguments = [key_of(scope, argument, steps - 1) if steps else "" for argument in node.args]
    name = resolve(scope, node.func)
    return f"{name}({','.join(arguments)})" if name and name[0] != "@" and all(arguments) else ""


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
                    yield Change(scope, call, name, state.call_key(scope, call, name), whole=whole, back=back)
        elif name in ("setattr", "delattr"):
            yield from changes_by_name(scope, state, calls)
        elif name in OPERATORS:
            yield from changes_by_operator(scope, state, name, calls)
    for name, inner in decorated(scope):
        if state.name_of(name) in state.calls:
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
                yield Change(scope, node, name, state.item_key(scope, target), whole=whole)
        elif state.is_attribute(name) or (verb == "augmented" and name in state.items):
            key, back = "", False
            if isinstance(target, ast.Attribute):
                key = state.attribute_key(scope, target.value, name)
                value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
                back = state.stores_default(scope, target.value, name, value)
            yield Change(scope, node, name, key, whole=name in state.items and not state.by_owner, back=back)


def same_key(one: Change, other: Change) -> bool:
    """Tell whether a change at `other` covers the key changed at `one`."""
    return other.whole or not one.key or not other.key or one.key == other.key


def import_time(module_top: Scope) -> list[Scope]:
    """Return the module and class bodies, loaded: what runs when the file is imported."""
    return [load_import_time(scope) for scope in (module_top, *module_top.classes)]
