"""From changes to leaks: which changes of a state reach the next test.

A change leaks when a test, fixture or setup reaches it (through helpers of the file or of the project) and nothing on
the way undoes it. The leak stands at the line that changes the state.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import CONSTRUCTORS, run_by
from hermetic.source.certain import has_tests, is_expected_to_raise, is_under_test
from hermetic.source.changes import Change, changes_in, import_time, stored
from hermetic.source.follow import Found, Way, changes_anything, escaping, reachable_changes
from hermetic.source.module import widened
from hermetic.source.names import find_function, resolve
from hermetic.source.putback import is_expected_to_fail, is_put_back
from hermetic.source.reach import (
    callee_behind,
    callees,
    calls_of,
    entries_of,
    first_root,
    imported_calls,
    is_call_undone,
    may_be_closed,
    near_of,
)
from hermetic.source.replaced import is_replaced
from hermetic.source.restore import is_undone, is_undone_late
from hermetic.source.spelling import text_of
from hermetic.source.text import contains
from hermetic.source.undo import UndoState
from hermetic.source.undoing import Undo, undoes
from hermetic.source.unreached import is_dead
from hermetic.source.values import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.state import State


TESTING = (b"def test", b"fixture")
SUITES = ("test", "case", "suite", "base", "mixin")  # in the names of what classes with tests are derived from
CHANGING = "changing"  # the topic of whether what a name means changes a state
SCRIPTED = (b"argv", b"sys.exit(", b"SystemExit", b"os._exit(", b"os.fork(")  # pytest could not collect what it does


class Leak:
    """One change that outlives its test. `root` is the test, fixture or setup; None when it happens at import.

    `late`: the change is put back, but only when nothing fails in between. `deep`: a function of the code under test
    that the suite calls does not make it itself, but calls what does.
    """

    __slots__ = ("change", "deep", "is_late", "root")

    def __init__(
        self, change: Change, root: Scope | None, is_late: Callable[[], bool] = bool, *, deep: bool = False
    ) -> None:
        self.change = change
        self.root = root
        self.is_late = is_late  # worked out when it is asked: of most leaks nobody wants to know
        self.deep = deep

    @property
    def late(self) -> bool:
        """Whether the change is put back when nothing fails; to be asked before other files are checked."""
        return self.is_late()


def find_leaks(module: Module, state: State, project: Project, tokens: tuple[bytes, ...] = ()) -> list[Leak]:
    """Return the leaks of one kind of state that a file causes, at most one for each place and key.

    `tokens` are those of the rule: only imports that lead to one of them are followed.
    """
    found: dict[tuple[object, ...], Leak] = {}

    def is_new(change: Change) -> bool:
        """Tell whether another leak of a change would say more than what is found: to look for one is dear."""
        first = found.get(one_leak(change, state))
        return first is None or first.change.line > change.line or (state.near_first and first.deep)

    own = module.holds(state.tokens)
    for leaks in (
        leaks_at_import(module, state, project) if own else (),
        leaks_in_functions(module, state, project) if own else (),
        leaks_through_imports(module, state, project, tokens or state.tokens, is_new),
    ):
        for leak in leaks:
            same = one_leak(leak.change, state)
            first = found.setdefault(same, leak)
            if first.change.line > leak.change.line or (state.near_first and first.deep and not leak.deep):
                found[same] = leak
    return list(found.values())


def one_leak(change: Change, state: State) -> tuple[object, ...]:
    """Return what makes two leaks the same: the function, and the key where each key is a state of its own."""
    return (change.scope, change.key or (change.node if state.keyed else ""))


def leaks_in_functions(module: Module, state: State, project: Project) -> Iterator[Leak]:
    """Yield the leaks of the file's own functions."""
    for function in functions_to_look_at(module, state):
        for change in escaping(function, state):
            undo = UndoState(state, change)
            root = first_root(function, undo, project)
            if root is not None:
                yield Leak(change, root, lateness(change, function, root, undo))


def lateness(change: Change, function: Scope, root: Scope, undo: Undo) -> Callable[[], bool]:
    """Return what tells whether a change is put back further down where it is made, around that, or in the caller."""

    def is_late() -> bool:
        """Look at the function that makes the change, and at the calls that lead there."""
        if is_undone_late(change.scope, change.node, undo):
            return True
        entries = entries_of(change.scope) if change.scope is not function else []
        calls = [call for call, own, _ in callees(root) if own is function] if root is not function else []
        return any(is_undone_late(function, entry, undo) for entry in entries) or any(
            is_undone_late(root, call, undo) for call in calls
        )

    return is_late


def functions_to_look_at(module: Module, state: State) -> list[Scope]:
    """Return the functions that hold a token, or use an attribute of `self` that holds the state."""
    tokens = widened(module, state.tokens)
    functions = module.functions_with(tokens)
    aliases = {
        f".{node.targets[0].attr}".encode()
        for function in functions
        for verb, _, _, node in stored(function)
        if verb == "attribute" and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
        if state.name_of(resolve(function, node.value)) in state.objects
    }
    return module.functions_with((*tokens, *aliases)) if aliases else functions


def leaks_at_import(module: Module, state: State, project: Project) -> Iterator[Leak]:
    """Yield the changes that a test file or conftest makes when it is imported and does not put back."""
    if not roles.is_conftest(module.path) and not is_read_for_tests(module, project):
        return
    wide = widened(module, state.tokens)
    if not contains(import_text(module), (*wide, *names_of_functions_with(module, wide))):
        return
    for scope in import_time(module.top):
        for change, node in changes_at_import(scope, state):
            undo = UndoState(state, change)
            if is_undone(scope, node, undo) or is_undone_late(scope, node, undo) or is_dead(scope, node):
                continue
            if not undone_after_import(scope, undo, project):
                yield Leak(change, None)


def is_read_for_tests(module: Module, project: Project) -> bool:
    """Tell whether a file is collected for its tests; a pattern for all files, as for doctests, takes others too."""
    is_meant = module.is_test and (project.is_named_test(module.path) or has_tests(module))
    return is_meant and holds_tests(module)


def holds_tests(module: Module) -> bool:
    """Tell whether a file with the name of a test file is no script: it has a test, or nothing that a script has."""
    if any(word in module.data for word in TESTING) or not any(word in module.data for word in SCRIPTED):
        return True
    bases = (text_of(base).lower() for cls in module.top.classes for base in getattr(cls.node, "bases", ()))
    return any(word in base for base in bases for word in SUITES)


def import_text(module: Module) -> bytes:
    """Return the text of all that runs when a file is imported, definitions left out."""
    known: bytes | None = module.top.memo.get("import text")
    if known is None:
        bodies = (module.top, *module.top.classes)
        known = b"\n".join(module.text_of(statement) for scope in bodies for statement in scope.statements)
        module.top.memo["import text"] = known
    return known


def names_of_functions_with(module: Module, tokens: tuple[bytes, ...]) -> list[bytes]:
    """Return how calls of the file's own functions that hold a token start."""
    holding = {number for token in tokens for number in module.functions_at(token)}
    return [f"{module.top.functions[number].name}(".encode() for number in sorted(holding)]


def changes_at_import(scope: Scope, state: State) -> Iterator[tuple[Change, Placed]]:
    """Yield the changes that running a module or class body makes, and the nodes of the body that make them."""
    for change in changes_in(scope, state):
        if not is_put_back(change, state):
            yield change, change.node
    for call in calls_of(scope):
        own = find_function(scope, call.func)
        if own is not None and own.is_function:
            yield from ((change, call) for change in escaping(own, state))


def undone_after_import(body: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a teardown of the file or class, or a fixture that runs for all of it, undoes a change at import."""
    from hermetic.source.around import undone_around

    teardowns = (other for other in body.functions if roles.role_of(other) == "teardown" and other.parent is body)
    return any(undoes(other, undo) for other in teardowns) or undone_around(body, undo, project)


def leaks_through_imports(
    module: Module,
    state: State,
    project: Project,
    tokens: tuple[bytes, ...],
    is_new: Callable[[Change], bool] = lambda _: True,
) -> Iterator[Leak]:
    """Yield the leaks of project functions that this file's tests call, at the line that changes the state.

    `is_new` is asked for each change on the way, while the leaks are taken, and spares those that say nothing new.
    """
    names_to_look_at = (
        local for local, dotted in project.leading.calls(module, tokens) if may_change(dotted, module, state, project)
    )
    known: dict[str, Scope | None] = {}
    for local in dict.fromkeys(names_to_look_at):
        for caller, scope, name, calls in imported_calls(module, local):
            if name not in known:
                known[name] = changing_callee(name, scope, state, project)
            target = known[name]
            for found, certain in reached_by(scope, calls, target, state) if target is not None else ():
                undo = UndoState(state, found.change)
                if is_new(found.change) and not may_be_closed(found.change.scope, undo):
                    yield from leaks_of_calls(caller, scope, certain, undo, found, project)


def is_changed_again(found: Found, state: State) -> bool:
    """Tell whether code under test calls, beside a call that leads to a change, something else that changes the state.

    What that does cannot be told: a setter that is called twice may well put back what it has found.
    """
    for scope, call, _ in found.way.hops[1:]:
        others = (item for item in callees(scope) if item[0] is not call)
        for _, own, name in others if is_under_test(scope.module) else ():
            target = callee_behind(scope, own, name, state.tokens)
            if target is not None and target.is_function and changes_anything(target, state):
                return True
    return False


def seen_to_change(state: State, project: Project) -> dict[tuple[str, str], bool]:
    """Return of which `(file, name in it)` it is known whether calling that changes a state."""
    if state.known_as is not None:
        return project.about(CHANGING, state.known_as)
    known: dict[tuple[str, str], bool] = project.seen.setdefault((CHANGING, state.memo_key), {})
    return known


def changing_callee(name: str, scope: Scope, state: State, project: Project) -> Scope | None:
    """Return the function of another file that a call runs, None when it changes nothing, which is kept for the run."""
    located = project.locate(name, near_of(scope.module))
    changing = seen_to_change(state, project)
    if located is None or changing.get(located) is False:
        return None
    target = callee_behind(scope, None, name, state.tokens)
    if target is not None and (target.module is scope.module or not counts(target, state)):
        return None
    if located not in changing:
        changing[located] = target is not None and changes_anything(target, state)
    return target if changing[located] else None


def reached_by(
    scope: Scope, calls: list[ast.Call], target: Scope, state: State
) -> Iterable[tuple[Found, list[ast.Call]]]:
    """Return the changes that calls of an imported function certainly make, and the calls that make each of them."""
    reached: dict[Change, tuple[Found, list[ast.Call]]] = {}
    start = Way(scope, Facts(scope, {}))
    for call in calls:
        raises = is_expected_to_raise(scope, call) or is_expected_to_fail(scope, call)
        for found in reachable_changes(start.through(call, target), state):
            if not raises or not is_under_test(found.change.scope.module):
                reached.setdefault(found.change, (found, []))[1].append(call)
    return reached.values()


def may_change(dotted: str, module: Module, state: State, project: Project) -> bool:
    """Tell whether what a file imports may change the state: a module, or a function that is seen to do so."""
    located = project.locate(dotted, near_of(module))
    if located is None or not located[1]:
        return project.leading.leads(dotted, near_of(module), state.tokens, module)
    changing = seen_to_change(state, project)
    known: bool | None = changing.get(located)
    if known is not None:
        return known
    leading = project.leading.leads(dotted, near_of(module), state.tokens)
    target = run_by(project.definition(dotted, near_of(module))) if leading else None
    changes = target is not None and counts(target, state) and changes_anything(target, state)
    changing[located] = changes
    return changes


def counts(target: Scope, state: State) -> bool:
    """Tell whether what a function of another file changes is that state, not a part of the object that it makes."""
    return state.of_process or target.name not in CONSTRUCTORS


def leaks_of_calls(  # noqa: PLR0913, PLR0917 - the facts of one change
    caller: Scope, scope: Scope, calls: list[ast.Call], undo: UndoState, found: Found, project: Project
) -> Iterator[Leak]:
    """Yield the leak of an imported function that one scope calls, unless each call is undone."""
    if all(is_call_undone(scope, caller, call, undo) for call in calls):
        return
    undo.entries = tuple((scope, call) for call in calls)
    root = first_root(caller, undo, project)
    change = found.change
    if root is not None and is_changed_again(found, undo.state):
        return
    if root is None or is_replaced(found.steps(), [caller, root], project):
        return

    def is_late() -> bool:
        """Tell whether the change is put back where it is made, by all who call, or on the way."""
        return (
            is_undone_late(change.scope, change.node, undo)
            or all(is_undone_late(scope, call, undo) for call in calls)
            or any(is_undone_late(hop, call, undo) for hop, call, _ in found.way.hops)
        )

    yield Leak(change, root, is_late, deep=any(is_under_test(hop[0].module) for hop in found.way.hops))
