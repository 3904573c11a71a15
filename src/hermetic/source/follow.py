"""From a function to what it changes: its own changes that escape, and those of what it calls in other files."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import is_after_yield
from hermetic.source.callee import is_gone
from hermetic.source.certain import is_certain, is_expected_to_raise, is_under_test
from hermetic.source.changes import Change, changes_in
from hermetic.source.finalizers import is_in_cleanup
from hermetic.source.names import resolve
from hermetic.source.platforms import is_on_demand
from hermetic.source.putback import is_expected_to_fail, is_put_back
from hermetic.source.reach import MAX_CALLS, callee_behind, callees, entries_of, given, is_in_child, is_refuted
from hermetic.source.replaced import Step
from hermetic.source.restore import is_undone
from hermetic.source.unreached import is_dead
from hermetic.source.values import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope
    from hermetic.source.state import State


COMPILERS = ("jit", "vectorize", "cfunc", "stencil", "overload", "intrinsic")  # how Numba's decorators end


class Way:
    """A function that a test gets to; `hops` are the calls that lead there, each with the function it stands in."""

    __slots__ = ("_before", "_facts", "_key", "function", "hops")

    def __init__(
        self, function: Scope, facts: Facts | None = None, hops: tuple[tuple[Scope, ast.Call, Scope], ...] = ()
    ) -> None:
        self.function = function
        self.hops = hops
        self._facts = facts
        self._before: tuple[Way, ast.Call] | None = None  # the way so far, and the call that leads on
        self._key: tuple[object, ...] | None = None

    @property
    def facts(self) -> Facts | None:
        """What is known of the parameters, None where any way through the function counts; most are never asked for."""
        if self._before is not None:
            (way, call), self._before = self._before, None
            self._facts = given(way.function, call, self.function, way.facts) if way.facts is not None else None
        return self._facts

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two ways the same."""
        if self._key is None:
            self._key = (self.function, self.facts.key if self.facts is not None else ())
        return self._key

    def passes(self, scope: Scope, node: Placed) -> bool:
        """Tell whether the way goes on to a node of its function, or of one in it."""
        if self.facts is None:
            return True
        if not is_under_test(scope.module):
            return not is_refuted(scope, node, self.facts)
        if not is_certain(scope, node, self.facts):
            return False
        outer = scope.parent
        if scope is self.function or outer is None:
            return True
        return any(self.passes(outer, entry) for entry in entries_of(scope))

    def through(self, call: ast.Call, target: Scope) -> Way:
        """Return the way on through a call."""
        way = Way(target, None, (*self.hops, (self.function, call, target)))
        way._before = (self, call)
        return way


def runs_by(scope: Scope, call: ast.Call, target: Scope, inner: Scope, node: Placed) -> bool:
    """Tell whether a call in a suite certainly gets to a node of the imported function that it runs.

    `inner` is the function that holds the node: `target`, or one in it. Helpers of the suite are taken to get there.
    """
    if not is_under_test(target.module):
        return True
    way = Way(scope, Facts(scope, {})).through(call, target)
    raises = is_expected_to_raise(scope, call) or is_expected_to_fail(scope, call)
    return not raises and way.passes(inner, node)


class Found:
    """A change, and the way that leads to it."""

    __slots__ = ("change", "way")

    def __init__(self, change: Change, way: Way) -> None:
        self.change = change
        self.way = way

    def steps(self) -> list[Step]:
        """Return the calls on the way, and the change."""
        calls = [Step(scope, call, target) for scope, call, target in self.way.hops]
        return [*calls, Step(self.change.scope, self.change.node)]


def own_changes(function: Scope, state: State) -> Iterator[Change]:
    """Yield the changes of a loaded function and of the nested functions that it calls or gives out."""
    yield from changes_in(function, state)
    for inner in function.family():
        if inner is not function and changes_in(inner, state) and not is_in_cleanup(inner) and entries_of(inner):
            yield from changes_in(inner, state)


def escaping(function: Scope, state: State) -> list[Change]:
    """Return the changes that a function neither puts back nor undoes itself."""
    memo_key = f"escaping:{state.memo_key}"
    known: list[Change] | None = function.memo.get(memo_key)
    if known is None:
        function.module.load(function)
        known = [change for change in own_changes(function, state) if not settled(function, change, state)]
        function.memo[memo_key] = known
    return known


def settled(function: Scope, change: Change, state: State) -> bool:
    """Tell whether a change is undone in the function that makes it, or in the function around that."""
    from hermetic.source.undo import UndoState

    undo = UndoState(state, change)
    scope = change.scope
    if is_put_back(change, state) or is_dead(scope, change.node) or is_in_child(scope, change.node):
        return True
    if is_asked_for(change) or is_compiled(scope):
        return True
    if is_undone(scope, change.node, undo):
        return True
    while scope is not function and scope.parent is not None:
        inner, scope = scope, scope.parent
        if any(is_undone(scope, entry, undo) for entry in entries_of(inner)):
            return True
    return False


def is_compiled(scope: Scope | None) -> bool:
    """Tell whether Numba compiles a function: what that seeds are generators of its own."""
    while scope is not None and scope.parent is not None:
        outer = scope.parent
        names = (resolve(outer, item).removesuffix("()") for item in getattr(scope.node, "decorator_list", ()))
        if any(name.startswith("numba.") and name.endswith(COMPILERS) for name in names):
            return True
        scope = outer
    return False


def is_asked_for(change: Change) -> bool:
    """Tell whether a change is made only for who sets another variable: `if "CI_COVERAGE" in os.environ`."""
    scope = change.scope
    return any(
        isinstance(parent, ast.If) and child in parent.body and is_on_demand(bound_in(scope, parent.test), change.key)
        for child, parent in scope.ancestors(change.node)
    )


def bound_in(scope: Scope, test: ast.expr) -> ast.expr:
    """Return what the variable that a condition is was set to once in its function, the condition itself for others."""
    if not isinstance(test, ast.Name):
        return test
    found = scope.find(test.id, test.lineno)
    if found is None or found[1] is not scope or len(scope.bindings[test.id]) > 1:
        return test
    value = found[0].value
    return value if found[0].kind == "assign" and isinstance(value, ast.expr) else test


def changes_anything(function: Scope, state: State) -> bool:
    """Tell whether an imported function, or one of the project that it calls, makes a change that escapes."""
    return next(reachable_changes(Way(function), state), None) is not None


def reachable_changes(start: Way, state: State) -> Iterator[Found]:
    """Yield the escaping changes of an imported function and of the project's functions that it calls."""
    seen = {start.key}
    pending = [start]
    for _ in range(MAX_CALLS):
        following: list[Way] = []
        for way in pending:
            current = way.function
            current.module.load(current)
            if current.module.holds(state.tokens):
                yield from (Found(change, way) for change in changes_on(way, state))
            for further in ways_on(way, state):
                if further.key not in seen:
                    seen.add(further.key)
                    following.append(further)
        pending = following


def changes_on(way: Way, state: State) -> list[Change]:
    """Return the escaping changes of a function that a way gets to."""
    memo, key = way.function.memo, ("changes on", state.memo_key, way.key)
    known: list[Change] | None = memo.get(key)
    if known is None:
        changes = escaping(way.function, state)
        known = memo[key] = [change for change in changes if way.passes(change.scope, change.node)]
    return known


def ways_on(way: Way, state: State) -> Iterator[Way]:
    """Yield the ways through the calls of a function that do not undo what they change."""
    current = way.function
    for call, called in calls_on(way, state):
        target = meant_on(way, call, called) if way.hops else called
        if lets_out(current, call, target, state):
            yield way.through(call, target)


def meant_on(way: Way, call: ast.Call, called: Scope) -> Scope:
    """Return what a call at the end of a way runs: what the class of the object overrides that the way began with."""
    from hermetic.source.overridden import as_overridden

    return as_overridden(((hop[0], hop[1]) for hop in reversed(way.hops)), way.function, call, called)


def calls_on(way: Way, state: State) -> list[tuple[ast.Call, Scope]]:
    """Return the calls of a function that a way gets to, each with the function of the project that it runs."""
    memo, key = way.function.memo, ("calls on", state.memo_key, way.key)
    known: list[tuple[ast.Call, Scope]] | None = memo.get(key)
    if known is None or any(is_gone(target) for _, target in known):
        anyhow = way.facts is None
        known = memo[key] = [
            (call, target)
            for call, target, raises in calls_of_project(way.function, state)
            if (anyhow or not raises) and way.passes(way.function, call)
        ]
    return known


def calls_of_project(function: Scope, state: State) -> list[tuple[ast.Call, Scope, bool]]:
    """Return the calls of a function that may run what changes a state, and whether code under test is to raise there.

    With each goes the function of the project that it runs.
    """
    key = ("calls of project", state.memo_key)
    known: list[tuple[ast.Call, Scope, bool]] | None = function.memo.get(key)
    if known is None or any(is_gone(target) for _, target, _ in known):
        known = function.memo[key] = []
        for call, own, name in callees(function):
            target = callee_behind(function, own, name, state.tokens)
            if target is not None and target.is_function and not is_after_yield(function, call):
                raises = is_under_test(target.module) and is_expected_to_raise(function, call)
                known.append((call, target, raises))
    return known


def lets_out(scope: Scope, call: ast.Call, target: Scope, state: State) -> bool:
    """Tell whether a call leaves something of what the function that it runs changes, or leads on to others."""
    from hermetic.source.undo import UndoState

    key = ("lets out", state.memo_key, call, target)
    known: bool | None = scope.memo.get(key)
    if known is None:
        inner = [UndoState(state, change) for change in escaping(target, state)]
        known = scope.memo[key] = not inner or any(not is_undone(scope, call, undo) for undo in inner)
    return known
