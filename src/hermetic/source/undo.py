"""What undoes a change of a `State`: another change of it, a call that restores, a context manager."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import is_after_yield
from hermetic.source.callee import call_behind, find_class, find_helper, method_in
from hermetic.source.changes import OPERATORS, Change, changes_at, changes_in, same_key
from hermetic.source.names import is_context_maker, resolve
from hermetic.source.putback import is_removal
from hermetic.source.restore import after_yield, puts_back
from hermetic.source.saved import is_same_object, reads_state, uses_saved_value
from hermetic.source.spelling import is_patch, key_of, spelled
from hermetic.source.undo_by_patch import UndoByPatch, dotted_target
from hermetic.source.undoing import undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope
    from hermetic.source.state import State

# Parts of names by which third-party managers, decorators and fixtures say that they keep a test apart.
APART = ("isolat", "sandbox", "restor", "preserv", "snapshot", "revert", "forked", "subprocess", "replacer")
# What a fixture's name says besides the state, when it puts the state back.
KEEPERS = (*APART, "clean", "reset", "temp", "tmp", "save", "safe", "patch", "mock", "fake", "guard", "clear")
KNOWN = ("contextlib.", "tempfile.", "unittest.", "pytest.raises", "pytest.warns", "warnings.")  # nothing to guess
CONDITIONS = (ast.If, ast.For, ast.While, ast.Try, ast.ExceptHandler, ast.IfExp, ast.Match)
ADDERS = (
    "append", "insert", "extend", "addHandler", "addFilter", "register", "__iadd__", "popitem", "setdefault", "clear",
    "reload", "close", "detach",
)  # fmt: skip
COUNTERPARTS = {"addHandler": "removeHandler", "addFilter": "removeFilter"}
SET_AGAIN = ("setLevel", "level", "propagate", "disabled")  # of a logger that only the run knows
READERS = frozenset({"getattr", "vars", "__dict__"})  # of attributes
MAX_STEPS = 3  # helpers that return managers of helpers


class UndoState(UndoByPatch):
    """Undo for a change of a `State`, by whatever can undo it."""

    def __init__(self, state: State, change: Change) -> None:
        super().__init__(state, change)
        self.steps = MAX_STEPS
        self.entered = False

    def states(self) -> tuple[State, ...]:
        """Return the state, and those whose restore covers it."""
        return (self.state, *self.state.also)

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Accept a call that restores, or another change of the same key."""
        if isinstance(node, ast.Call) and (self.ends(scope, node) or self.sets_something(scope, node)):
            return True
        state = self.state
        if state.takes_back(scope, node) or state.sets_defaults(scope, node) or self.sets_again(scope, node):
            return True
        here = changes_at(scope, node, self.state)
        if here and (self.is_of_unknown_owner() or any(same_key(self.change, item) for item in here)):
            return True
        return any(changes_at(scope, node, other) for other in self.state.also)

    def is_of_unknown_owner(self) -> bool:
        """Whether the key is an object that is known by its name alone: what is put back may be the same one."""
        key = self.change.key
        return self.state.by_owner and "." in key and "(" not in key

    def sets_something(self, scope: Scope, call: ast.Call) -> bool:
        """Whether a call sets an attribute that only the run knows, as `setattr(sys, name, old)` does."""
        if resolve(scope, call.func) != "setattr" or not call.args[1:] or isinstance(call.args[1], ast.Constant):
            return False
        owner = self.state.name_in(scope, resolve(scope, call.args[0]))
        return any(name.rpartition(".")[0] == owner for name in (*self.state.attributes, *self.state.items))

    def sets_each(self, scope: Scope, call: ast.Call) -> bool:
        """Whether a loop sets what was kept: `for name, old in kept.items(): setattr(app, name, old)`."""
        value = getattr(call.args[2], "id", "") if len(call.args) > 2 else ""  # noqa: PLR2004 - object, name, value
        return self.sets_something(scope, call) and any(
            isinstance(parent, ast.For)
            and value in spelled(parent.target).split()
            and holds_attributes(scope, parent.iter)
            for _, parent in scope.ancestors(call)
        )

    def ends(self, scope: Scope, call: ast.Call) -> bool:
        """Whether a call restores: one of the table, or the end of a patch or context manager of the state."""
        plain = resolve(scope, call.func)
        name = self.state.name_in(scope, plain)
        if (
            self.state.clears(scope, name)
            or name in self.state.restores
            or any(name in other.restores for other in self.state.also)
        ):
            return True
        last = plain.rpartition(".")[2].lower()
        if "restor" in last and any(word in plain.lower() for word in self.state.words):
            return True
        if plain.endswith((".undo", ".stopall")) or self.takes_off(call, plain):
            return True
        ender = plain.endswith((".stop", ".__exit__", ".__aexit__", ".close"))
        return ender and isinstance(call.func, ast.Attribute) and self.by_manager(scope, call.func.value)

    def sets_again(self, scope: Scope, node: ast.AST) -> bool:
        """Whether a node sets the same as the change does, of an object that only the run knows: in a loop."""
        wanted = self.change.what.rpartition(".")[2]
        if self.change.key or wanted not in SET_AGAIN or not self.state.by_owner:
            return False
        targets = [node.func] if isinstance(node, ast.Call) else getattr(node, "targets", ())
        return any(
            isinstance(item, ast.Attribute)
            and item.attr == wanted
            and isinstance(item.value, ast.Name)
            and not resolve(scope, item.value)
            for item in targets
        )

    def takes_off(self, call: ast.Call, plain: str) -> bool:
        """Whether a call takes off an object that only the run knows what the change has put on, by its name."""
        wanted = COUNTERPARTS.get(self.change.what.rpartition(".")[2])
        unknown = self.state.name_of(plain) == plain
        return wanted is not None and getattr(call.func, "attr", "") == wanted and unknown

    def by_plain_node(self, scope: Scope, node: ast.AST) -> bool:
        """Accept a call that restores, a removal of the same key, or a saved value written back."""
        state = self.state
        if isinstance(node, ast.Call) and (self.ends(scope, node) or self.sets_each(scope, node)):
            return True
        return state.sets_defaults(scope, node) or any(
            same_key(self.change, item)
            and (
                item.usual
                or is_removal(item)
                or state.resets(node)
                or (uses_saved_value(item, state) and not is_same_object(self.change, item))
                or state.repeats(self.change, item)
            )
            for item in changes_at(scope, node, state)
        )

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Accept a manager of the table, a patch of the state, one of the project, or one whose name says so."""
        name = resolve(scope, expression)
        bare = name.removesuffix("<with>").removesuffix("()")
        if bare in self.state.managers:
            return True
        call = call_behind(scope, expression)
        if call is not None and is_patch(bare):
            return any(UndoState(state, self.change).patches_state(scope, call, bare) for state in self.states())
        if call is not None and self.is_given_state(scope, call, bare):
            return True
        known = self.by_own_manager(scope, call.func if call is not None else expression)
        if known is not None:
            return known
        if bare.startswith(KNOWN):
            return False
        owner, _, last = bare.lower().rpartition(".")
        if last.startswith("from_"):  # says what an object is made of, `Client.from_env()`, and not what it keeps
            last = owner.rpartition(".")[2]
        return any(word in last for word in (*self.state.words, *APART)) or any(
            UndoState(other, self.change).by_manager(scope, expression) for other in self.state.also
        )

    def by_own_manager(self, scope: Scope, target: ast.AST) -> bool | None:
        """Whether a function or class of the project is such a manager; None when it is none of the project's."""
        own = find_helper(scope, target, self.tokens)
        if own is not None:
            return self.by_function(own)
        own_class = find_class(scope, target)
        if own_class is None:
            return None
        leave = method_in(own_class, "__exit__") or method_in(own_class, "__aexit__")
        return leave is not None and undoes(leave, self)

    def is_given_state(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Whether a manager is given the state itself: `swap_attr(sys, "stdout", ...)`, `restored(sys.path)`."""
        if name.endswith(("swap_attr", "patch_attr", "set_attr", "setattr")):
            return bool(call.args) and self.holds(dotted_target(scope, call))
        given = (self.state.name_in(scope, resolve(scope, argument)) for argument in call.args)
        return any(name in self.state.objects for name in given)

    def by_entered(self, scope: Scope, expression: ast.AST) -> bool:
        """Accept a context manager without a `finally` too: what closes the stack does not raise into it."""
        self.entered = True
        try:
            return self.by_manager(scope, expression)
        finally:
            self.entered = False

    def by_function(self, function: Scope) -> bool:
        """Whether a function of the project is a context manager that undoes the change, or returns one."""
        if is_context_maker(function):
            return puts_back(function, self) or (self.entered and after_yield(function, self))
        function.module.load(function)
        self.steps -= 1
        try:
            return self.steps > 0 and any(
                node.value is not None and self.by_manager(function, node.value) for node in function.kept(ast.Return)
            )
        finally:
            self.steps += 1

    def by_later_call(self, scope: Scope, call: ast.Call) -> bool:
        """Judge a call that is only registered: no facts of the scope hold it."""
        if self.ends(scope, call):
            return True
        state = self.state
        name = state.name_in(scope, resolve(scope, call.func))
        base, _, method = name.rpartition(".")
        if name in ("setattr", "delattr"):
            return bool(call.args) and self.holds(dotted_target(scope, call))
        if name in OPERATORS and call.args:
            target = state.name_in(scope, resolve(scope, call.args[0]))
            return target in state.items and self.covers_first(scope, call.args[1:])
        if method in ("__setitem__", "__delitem__") and base in state.items:
            return self.covers_first(scope, call.args)
        if method in ("clear", "update") and base in state.items:
            return True
        if any(name in other.methods or name in other.calls for other in state.also):
            return True
        return (name in state.methods or name in state.calls) and self.covers(state.call_key(scope, call, name))

    def covers_first(self, scope: Scope, arguments: list[ast.expr]) -> bool:
        """Whether the first of some arguments may be the key of the change."""
        return not self.state.keyed or not arguments or self.covers(key_of(scope, arguments[0]))

    def is_saved_in(self, function: Scope) -> bool:
        """Whether a function keeps the state, or the part of it that is changed, in a variable."""
        return any(
            reads_state(function, node.value, state, self.change.key)
            for node in function.kept(ast.Assign)
            if not any(changes_at(function, node, state) for state in self.states())
            for state in self.states()
        )

    def by_assertion(self, scope: Scope, test: ast.expr) -> bool:
        """Accept `assert "name" not in sys.modules`: the code under test has taken it out."""
        if is_removal(self.change) or not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.NotIn):
            return False
        table = self.state.name_in(scope, resolve(scope, test.comparators[0]))
        return table in self.state.items and bool(self.change.key) and key_of(scope, test.left) == self.change.key

    def sets_same(self, function: Scope) -> bool:
        """Whether a fixture sets the same written-out key itself, above its yield and under no condition."""
        return any(self.set_in(function))

    def set_in(self, function: Scope) -> Iterator[Change]:
        """Yield where a function sets the same written-out key, above its yield and under no condition."""
        key = self.change.key
        for item in changes_in(function, self.state) if key else ():
            same = item.key == key and item.scope is function and item.node is not self.change.node
            sets = same and not is_removal(item) and not is_after_yield(function, item.node)
            if sets and not any(isinstance(parent, CONDITIONS) for _, parent in function.ancestors(item.node)):
                yield item

    def has_set(self, function: Scope) -> bool:
        """Whether a setup sets the same written-out key, which the change removes or sets to the same constant."""
        value = constant_set(self.change)
        return any(is_removal(self.change) or (value and constant_set(item) == value) for item in self.set_in(function))

    def sets_value(self) -> bool:
        """Whether the change sets a value under a written-out key, or a setting, and adds or removes nothing."""
        if is_removal(self.change) or self.change.what.rpartition(".")[2] in ADDERS:
            return False
        return self.change.scope.is_function and not any(
            isinstance(parent, CONDITIONS) for _, parent in self.change.scope.ancestors(self.change.node)
        )

    def by_fixture_name(self, name: str) -> bool:
        """Accept a fixture of the table, or one whose name says that it keeps this state apart."""
        lower = name.lower()
        if name in self.state.fixtures:
            return True
        return any(word in lower for word in self.state.words) and any(word in lower for word in KEEPERS)


def holds_attributes(scope: Scope, iterated: ast.expr) -> bool:
    """Tell whether a loop goes through a variable that was made of attributes: `getattr(app, name)`."""
    table = (
        iterated.func.value if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) else iterated
    )
    found = scope.find(table.id, table.lineno) if isinstance(table, ast.Name) else None
    value = found[0].value if found is not None else None
    return isinstance(value, ast.expr) and not READERS.isdisjoint(spelled(value).split())


def constant_set(change: Change) -> str:
    """Return the constant that an assignment sets, or the name that its file binds once, "" for others."""
    value = getattr(change.node, "value", None)
    if isinstance(value, ast.Constant):
        return repr(value.value)
    if not isinstance(value, ast.Name):
        return ""
    found = change.scope.find(value.id, value.lineno)
    once = found is not None and found[1].parent is None and len(found[1].bindings[value.id]) == 1
    return f"{value.id} of {change.scope.module.path}" if once else ""
