"""One kind of state, as tables of names: what changes it, what puts it back, and what saves it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.spelling import key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermetic.source.changes import Change
    from hermetic.source.scope import Scope
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

    Subclasses may override `name_of`, `name_in`, `resets`, `is_usually_absent`, `is_left_over`, `counts`,
    `counts_target`, the two that tell whether a value is the default, and the three that give keys.
    """

    by_owner = False  # each object that holds the state is a key; a whole list of it is still only that object's

    near_first = False  # of the tests that reach a change, the one that gets there by the fewest calls is named

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
        self.known_as: tuple[str, int] | None = None  # for later runs: a rule's code, and which of its states it is
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
        self.undo_tokens = self.find_undo_tokens()

    def find_undo_tokens(self) -> tuple[bytes, ...]:
        """Return bytes of which one occurs wherever the state, or one whose restore covers it, is put back."""
        names = (*self.restores, *self.saves, *self.managers, *self.patches, "patch", "undo")
        mine = (*self.tokens, *(name.rpartition(".")[2].encode() for name in names))
        return mine + tuple(token for other in self.also for token in other.undo_tokens)

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

    def stands_for(self, scope: Scope, target: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a dotted name means what the state belongs to, by another name than the tables have."""
        return False

    def goes_back(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell whether a call goes back to the default, by its first argument or the value of its first keyword."""
        value = call.args[0] if call.args else call.keywords[0].value if call.keywords else None
        return name in self.defaults and key_of(scope, value) in self.defaults[name]

    def is_default(self, scope: Scope, name: str, value: ast.expr | None) -> bool:
        """Tell whether a value is the default by its text alone."""
        return value is not None and name in self.defaults and key_of(scope, value) in self.defaults[name]

    def stores_default(self, scope: Scope, owner: ast.expr, name: str, value: ast.expr | None) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether the value that an attribute of `owner` is set to is the one that it has from the start."""
        return self.is_default(scope, name, value)

    def resets(self, node: ast.AST) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a change of the whole state puts it back to how tests find it."""
        return False

    def gives_back(self, scope: Scope, key: str, value: ast.expr | None) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an item is set to what it has been from the start."""
        return False

    def clears(self, scope: Scope, name: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether calling a dotted name goes back to the default."""
        return False

    def takes_back(self, scope: Scope, node: ast.AST) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a node in a cleanup, in whatever file that stands, gives the state another value."""
        return False

    def sets_defaults(self, scope: Scope, node: ast.AST) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a node, wherever it stands, gives all that it goes through the values that are kept for them."""
        return False

    def repeats(self, first: Change, again: Change) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a change that is made again, further down, puts the state back to how tests find it."""
        return False

    def is_usually_absent(self, scope: Scope, key: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a key is one that tests find absent, unless an earlier test has left it."""
        return False

    def is_left_over(self, scope: Scope, key: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a key, where it is there at all, is one that an earlier test has left."""
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
