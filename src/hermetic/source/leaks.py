"""From changes to leaks: which changes of a state reach the next test.

A change leaks when a test, fixture or setup reaches it (through helpers of the file or of the project) and nothing on
the way undoes it. The leak stands at the line that changes the state.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.changes import Change, State, called, changes_in, import_time, stored
from hermetic.source.module import Module, contains
from hermetic.source.names import find_function, resolve
from hermetic.source.restore import (
    Undo,
    UndoState,
    is_in_cleanup,
    is_put_back,
    is_undone,
    puts_back,
    undone_by_class,
    undone_by_file,
)
from hermetic.source.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project

ROOTS = ("test", "fixture", "setup")
MAX_CALLS = 4


class Leak:
    """One change that outlives its test. `root` is the test, fixture or setup; None when it happens at import."""

    __slots__ = ("change", "root")

    def __init__(self, change: Change, root: Scope | None) -> None:
        self.change = change
        self.root = root


def find_leaks(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> list[Leak]:
    """Return the leaks of one kind of state that a file causes, at most one for each place and key."""
    found: dict[tuple[object, ...], Leak] = {}
    for leak in (
        *leaks_at_import(module, state, tokens),
        *leaks_in_functions(module, state, tokens, project),
        *leaks_through_imports(module, state, tokens, project),
    ):
        change = leak.change
        found.setdefault(one_leak(leak, state), leak)
        first = found[one_leak(leak, state)]
        if first.change.node.lineno > change.node.lineno:  # type: ignore[attr-defined]
            found[one_leak(leak, state)] = leak
    return list(found.values())


def one_leak(leak: Leak, state: State) -> tuple[object, ...]:
    """Return what makes two leaks the same: the function, and the key where each key is a state of its own."""
    change = leak.change
    key = change.key or change.node if state.keyed else change.what if not state.keyed and state.attributes else ""
    return (change.scope, key)


def widened(module: Module, tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the tokens, and the names that the file's top level binds on a line that holds one of them."""
    if not tokens:
        return tokens
    lines = module.lines
    extra = [
        name.encode()
        for scope in (module.top, *module.top.classes)
        for name, bindings in scope.bindings.items()
        for binding in bindings
        if binding.kind in ("import", "assign") and contains(lines[binding.line - 1], tokens)
    ]
    return (*tokens, *extra)


def own_changes(function: Scope, state: State) -> Iterator[Change]:
    """Yield the changes of a loaded function and of the nested functions that it calls."""
    yield from changes_in(function, state)
    for inner in function.family():
        if inner is function or not changes_in(inner, state) or is_in_cleanup(inner):
            continue
        outer = inner.parent
        if outer is not None and any(find_function(outer, call.func) is inner for call in calls_of(outer)):
            yield from changes_in(inner, state)


def calls_of(scope: Scope) -> Iterator[ast.Call]:
    """Yield the call nodes of a loaded scope."""
    for node in scope.kept(ast.Call):
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
        yield node


def escaping(function: Scope, state: State, tokens: tuple[bytes, ...]) -> list[Change]:
    """Return the changes that a function neither puts back nor undoes itself."""
    memo_key = f"escaping:{state.kind}"
    known = function.memo.get(memo_key)
    if known is None:
        known = []
        if contains(function.module.text(function), tokens) or not tokens:
            function.module.load(function)
            known = [change for change in own_changes(function, state) if not settled(function, change, state)]
        function.memo[memo_key] = known
    return known  # type: ignore[return-value]


def settled(function: Scope, change: Change, state: State) -> bool:
    """Tell whether a change is undone in the function that makes it, or in the function around that."""
    undo = UndoState(state, change)
    if is_put_back(change, state) or is_undone(change.scope, change.node, undo):
        return True
    if change.scope is function:
        return False
    return any(
        is_undone(function, call, undo) for call in calls_of(function) if find_function(function, call.func) is change.scope
    )


def leaks_in_functions(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> Iterator[Leak]:
    """Yield the leaks of the file's own functions."""
    wide = widened(module, tokens)
    for function in functions_to_look_at(module, state, wide):
        changes = escaping(function, state, ())
        for change in changes:
            undo = UndoState(state, change)
            root = first_root(function, undo, project)
            if root is not None:
                yield Leak(change, root)


def functions_to_look_at(module: Module, state: State, tokens: tuple[bytes, ...]) -> list[Scope]:
    """Return the functions that hold a token, or use an attribute of `self` that holds the state."""
    functions = module.functions_with(tokens)
    aliases = {
        f".{node.targets[0].attr}".encode()
        for function in functions
        for verb, target, _, node in stored(function)
        if verb == "attribute" and target.startswith("@self.") and isinstance(node, ast.Assign)
        if isinstance(node.targets[0], ast.Attribute) and resolve(function, node.value) in state.objects
    }
    return module.functions_with((*tokens, *aliases)) if aliases else functions


def first_root(function: Scope, undo: Undo, project: Project) -> Scope | None:
    """Return the first test, fixture or setup from which a change in `function` escapes; None when none does."""
    seen = {function}
    pending = [function]
    for _ in range(MAX_CALLS):
        callers: list[Scope] = []
        for current in pending:
            if roles.role_of(current) in ROOTS:
                if not undone_around(current, undo, project):
                    return current
            elif roles.role_of(current) == "helper":
                callers.extend(caller for caller in callers_of(current, undo) if caller not in seen)
        seen.update(callers)
        pending = callers
    return None


def callers_of(function: Scope, undo: Undo) -> Iterator[Scope]:
    """Yield the functions of the same file that call `function` where nothing undoes the change."""
    module = function.module
    for caller in module.functions_with((function.name.encode(),)):
        if caller is function or roles.role_of(caller) in ("teardown", "hook"):
            continue
        for scope in caller.family():
            if is_in_cleanup(scope):
                continue
            if any(
                find_function(scope, call.func) is function and not is_undone(scope, call, undo) for call in calls_of(scope)
            ):
                yield caller
                break


def undone_around(root: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether the class, the file or a fixture undoes what a test, fixture or setup changed."""
    return undone_by_class(root, undo) or undone_by_file(root, undo) or undone_by_fixture(root, undo, project)


def undone_by_fixture(root: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a fixture that runs around `root` undoes the change, requested or autouse."""
    names = [name for name in roles.used_fixtures(root) if name != root.name]
    fixtures = project.autouse(root.module, root)
    seen: set[Scope] = {root}
    while names or fixtures:
        if names:
            found = project.fixture(names.pop(), root.module, root)
            fixtures.extend([found] if found is not None else [])
            continue
        fixture = fixtures.pop()
        if fixture in seen or not fixture.is_function:
            continue
        seen.add(fixture)
        if roles.fixture_scope(fixture) in ("function", "class", "module", "") and puts_back(fixture, undo):
            return True
        names.extend(roles.parameters(fixture))
    return False


def leaks_at_import(module: Module, state: State, tokens: tuple[bytes, ...]) -> Iterator[Leak]:
    """Yield the changes that a test file or conftest makes when it is imported and does not put back."""
    if not (roles.is_test_file(module.path) or roles.is_conftest(module.path)):
        return
    wide = widened(module, tokens)
    texts = [statement for scope in (module.top, *module.top.classes) for statement in scope.statements]
    if wide and not any(contains(module.text_of(statement), wide) for statement in texts):
        return
    for scope in import_time(module.top):
        for change in changes_in(scope, state):
            undo = UndoState(state, change)
            if is_put_back(change, state) or is_undone(scope, change.node, undo) or under_main(scope, change.node):
                continue
            if any(
                roles.role_of(other) == "teardown" and other.owner is None and puts_back_at_end(other, undo)
                for other in module.top.functions
            ):
                continue
            yield Leak(change, None)


def puts_back_at_end(teardown: Scope, undo: Undo) -> bool:
    """Tell whether a module's teardown undoes a change made at import."""
    from hermetic.source.restore import undoes  # noqa: PLC0415 - used here alone

    return undoes(teardown, undo)


def under_main(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only when the file is a script (`if __name__ == "__main__":`)."""
    for _, parent in scope.ancestors(node):
        if isinstance(parent, ast.If) and isinstance(parent.test, ast.Compare):
            left = parent.test.left
            if isinstance(left, ast.Name) and left.id == "__name__":
                return True
    return False


def leaks_through_imports(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> Iterator[Leak]:
    """Yield the leaks of project functions that this file's tests call, at the line that changes the state."""
    if not roles.is_test_file(module.path) and not roles.is_conftest(module.path):
        return
    near = os.path.dirname(os.path.abspath(module.path))
    for local, _, path in project.imports(module):
        data = project.read(path)
        if data is None or not contains(data, tokens):
            continue
        for caller in module.functions_with((local.encode(),)):
            for scope in caller.family():
                yield from leaks_of_calls(scope, caller, local, state, tokens, project, near)


def leaks_of_calls(  # noqa: PLR0913, PLR0917 - the context of one call site
    scope: Scope, caller: Scope, local: str, state: State, tokens: tuple[bytes, ...], project: Project, near: str
) -> Iterator[Leak]:
    """Yield the leaks of the imported functions that one scope calls under the name `local`."""
    if is_in_cleanup(scope):
        return
    for name, calls in called(scope).items():
        first = calls[0].func
        while isinstance(first, ast.Attribute):
            first = first.value
        if not isinstance(first, ast.Name) or first.id != local:
            continue
        target = project.definition(name, near)
        if target is None or not target.is_function:
            continue
        for change in reachable_changes(target, state, tokens):
            undo = UndoState(state, change)
            root = first_root(caller, undo, project) if any(not is_undone(scope, call, undo) for call in calls) else None
            if root is not None:
                yield Leak(change, root)


def reachable_changes(function: Scope, state: State, tokens: tuple[bytes, ...]) -> list[Change]:
    """Return the escaping changes of an imported function and of the helpers that it calls in its own file."""
    found: list[Change] = []
    seen = {function}
    pending = [function]
    for _ in range(MAX_CALLS):
        following: list[Scope] = []
        for current in pending:
            current.module.load(current)
            found.extend(escaping(current, state, ()))
            for call in calls_of(current):
                target = find_function(current, call.func)
                if target is None or target in seen or not target.is_function:
                    continue
                seen.add(target)
                inner = [UndoState(state, change) for change in escaping(target, state, ())]
                if any(not is_undone(current, call, undo) for undo in inner) or not inner:
                    following.append(target)
        pending = following
    return found
