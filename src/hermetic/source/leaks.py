"""From changes to leaks: which changes of a state reach the next test.

A change leaks when a test, fixture or setup reaches it (through helpers of the file or of the project) and nothing on
the way undoes it. The leak stands at the line that changes the state.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.around import undone_around
from hermetic.source.callee import find_callee
from hermetic.source.changes import Change, State, called, changes_in, import_time, stored
from hermetic.source.module import Module, contains
from hermetic.source.names import find_function, resolve
from hermetic.source.restore import Undo, is_after_yield, is_in_cleanup, is_undone, is_undone_late, undoes
from hermetic.source.undo import UndoState, is_put_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Binding, Scope

ROOTS = ("test", "fixture", "setup")
MAX_CALLS = 4


class Leak:
    """One change that outlives its test. `root` is the test, fixture or setup; None when it happens at import.

    `late`: the change is put back, but only when nothing fails in between.
    """

    __slots__ = ("change", "late", "root")

    def __init__(self, change: Change, root: Scope | None, *, late: bool = False) -> None:
        self.change = change
        self.root = root
        self.late = late


def find_leaks(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> list[Leak]:
    """Return the leaks of one kind of state that a file causes, at most one for each place and key."""
    found: dict[tuple[object, ...], Leak] = {}
    for leak in (
        *leaks_at_import(module, state, tokens, project),
        *leaks_in_functions(module, state, tokens, project),
        *leaks_through_imports(module, state, tokens, project),
    ):
        first = found.setdefault(one_leak(leak, state), leak)
        if first.change.line > leak.change.line:
            found[one_leak(leak, state)] = leak
    return list(found.values())


def one_leak(leak: Leak, state: State) -> tuple[object, ...]:
    """Return what makes two leaks the same: the function, and the key where each key is a state of its own."""
    change = leak.change
    return (change.scope, change.key or (change.node if state.keyed else ""))


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
        if binding.kind in ("import", "assign")
        and (contains(lines[binding.line - 1], tokens) or contains(imported_name(binding), tokens))
    ]
    return (*tokens, *extra)


def imported_name(binding: Binding) -> bytes:
    """Return the dotted name that an import binds (the statement may spell it on a later line), b"" for others."""
    return str(binding.value).encode() if binding.kind == "import" else b""


def own_changes(function: Scope, state: State) -> Iterator[Change]:
    """Yield the changes of a loaded function and of the nested functions that it calls or gives out."""
    yield from changes_in(function, state)
    for inner in function.family():
        if inner is not function and changes_in(inner, state) and not is_in_cleanup(inner) and any(entries_of(inner)):
            yield from changes_in(inner, state)


def entries_of(inner: Scope) -> Iterator[ast.AST]:
    """Yield the places where the function around a nested function calls it, or where a fixture hands it to tests."""
    outer = inner.parent
    if outer is None:
        return
    for call in calls_of(outer):
        if find_function(outer, call.func) is inner:
            yield call
    if roles.role_of(outer) == "fixture":
        for node in outer.kept(ast.Return, ast.Yield):
            if node.value is not None and find_function(outer, node.value) is inner:  # type: ignore[attr-defined]
                yield node


def calls_of(scope: Scope) -> Iterator[ast.Call]:
    """Yield the call nodes of a loaded scope."""
    for node in scope.kept(ast.Call):
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
        yield node


def escaping(function: Scope, state: State, tokens: tuple[bytes, ...] = ()) -> list[Change]:
    """Return the changes that a function neither puts back nor undoes itself."""
    memo_key = f"escaping:{state.memo_key}"
    known = function.memo.get(memo_key)
    if known is None:
        known = []
        if not tokens or contains(function.module.text(function), tokens):
            function.module.load(function)
            known = [change for change in own_changes(function, state) if not settled(function, change, state)]
        function.memo[memo_key] = known
    return known


def settled(function: Scope, change: Change, state: State) -> bool:
    """Tell whether a change is undone in the function that makes it, or in the function around that."""
    undo = UndoState(state, change)
    scope = change.scope
    if is_put_back(change, state) or is_undone(scope, change.node, undo) or is_in_child(scope, change.node):
        return True
    while scope is not function and scope.parent is not None:
        inner, scope = scope, scope.parent
        if any(is_undone(scope, entry, undo) for entry in entries_of(inner)):
            return True
    return False


def is_in_child(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs in a forked child only: below an `if` whose block ends the process."""
    leaving = [call for name, calls in called(scope).items() if name == "os._exit" for call in calls]
    return any(
        isinstance(parent, (ast.If, ast.Try))
        and any(parent.lineno <= call.lineno <= (parent.end_lineno or 0) for call in leaving)
        for _, parent in scope.ancestors(node)
    )


def leaks_in_functions(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> Iterator[Leak]:
    """Yield the leaks of the file's own functions."""
    for function in functions_to_look_at(module, state, widened(module, tokens)):
        for change in escaping(function, state):
            undo = UndoState(state, change)
            root = first_root(function, undo, project)
            if root is not None:
                yield Leak(change, root, late=is_late(change, function, undo))


def is_late(change: Change, function: Scope, undo: Undo) -> bool:
    """Tell whether a change is put back further down, in the function that makes it or the one around that."""
    if is_undone_late(change.scope, change.node, undo):
        return True
    entries = entries_of(change.scope) if change.scope is not function else iter(())
    return any(is_undone_late(function, entry, undo) for entry in entries)


def functions_to_look_at(module: Module, state: State, tokens: tuple[bytes, ...]) -> list[Scope]:
    """Return the functions that hold a token, or use an attribute of `self` that holds the state."""
    functions = module.functions_with(tokens)
    aliases = {
        f".{node.targets[0].attr}".encode()
        for function in functions
        for verb, _, _, node in stored(function)
        if verb == "attribute" and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
        if resolve(function, node.value) in state.objects
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
                if not is_configuration(current, project) and not undone_around(current, undo, project):
                    return current
            elif roles.role_of(current) == "helper":
                callers.extend(caller for caller in callers_of(current, undo) if caller not in seen)
        seen.update(callers)
        pending = callers
    return None


def is_configuration(root: Scope, project: Project) -> bool:
    """Tell whether a fixture runs once, before all tests, and so is the same as an import of its conftest."""
    return (
        "project" not in project.presets
        and roles.is_conftest(root.module.path)
        and roles.role_of(root) == "fixture"
        and roles.is_autouse(root)
        and roles.fixture_scope(root) == "session"
    )


def callers_of(function: Scope, undo: Undo) -> Iterator[Scope]:
    """Yield the functions of the same file that call `function` where nothing undoes the change."""
    for caller in function.module.functions_with((function.name.encode(),)):
        if caller is function or roles.role_of(caller) in ("teardown", "hook"):
            continue
        for scope in caller.family():
            if scope is not caller and (is_in_cleanup(scope) or not any(entries_of(scope))):
                continue
            calls = [call for call in calls_of(scope) if find_function(scope, call.func) is function]
            if any(not is_call_undone(scope, caller, call, undo) for call in calls):
                yield caller
                break


def is_call_undone(scope: Scope, caller: Scope, call: ast.Call, undo: Undo) -> bool:
    """Tell whether what a call changes is undone by the function that makes it, or by the one around that."""
    if is_undone(scope, call, undo) or is_in_child(scope, call) or is_after_yield(scope, call):
        return True
    return scope is not caller and any(is_undone(caller, entry, undo) for entry in entries_of(scope))


def leaks_at_import(module: Module, state: State, tokens: tuple[bytes, ...], project: Project) -> Iterator[Leak]:
    """Yield the changes that a test file or conftest makes when it is imported and does not put back."""
    if not (module.is_test or roles.is_conftest(module.path)):
        return
    wide = widened(module, tokens)
    texts = [statement for scope in (module.top, *module.top.classes) for statement in scope.statements]
    directly = not wide or any(contains(module.text_of(statement), wide) for statement in texts)
    if not directly and not calls_own(module, wide):
        return
    for scope in import_time(module.top):
        for change, node in changes_at_import(scope, state, tokens):
            undo = UndoState(state, change)
            if is_undone(scope, node, undo) or is_undone_late(scope, node, undo) or under_main(scope, node):
                continue
            if not undone_after_import(scope, undo, project):
                yield Leak(change, None)


def calls_own(module: Module, tokens: tuple[bytes, ...]) -> bool:
    """Tell whether a function that holds a token is called at the file's top level."""
    holding = [scope for scope in module.top.functions if contains(module.text(scope), tokens)]
    calls = tuple(f"{scope.name}(".encode() for scope in holding)
    return bool(calls) and any(contains(module.text_of(statement), calls) for statement in module.top.statements)


def changes_at_import(scope: Scope, state: State, tokens: tuple[bytes, ...]) -> Iterator[tuple[Change, ast.AST]]:
    """Yield the changes that running a module or class body makes, and the nodes of the body that make them."""
    for change in changes_in(scope, state):
        if not is_put_back(change, state):
            yield change, change.node
    for call in calls_of(scope):
        own = find_function(scope, call.func)
        if own is not None and own.is_function:
            yield from ((change, call) for change in escaping(own, state, tokens))


def undone_after_import(body: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a teardown of the file or class, or a fixture that runs for all of it, undoes a change at import."""
    teardowns = (other for other in body.functions if roles.role_of(other) == "teardown" and other.parent is body)
    return any(undoes(other, undo) for other in teardowns) or undone_around(body, undo, project)


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
    if not module.is_test and not roles.is_conftest(module.path):
        return
    for local, _, path in project.imports(module):
        data = project.read(path)
        if data is None or not contains(data, tokens):
            continue
        for caller in module.functions_with((local.encode(),)):
            for scope in caller.family():
                if scope is caller or any(entries_of(scope)):
                    yield from leaks_of_calls(scope, caller, local, state, project)


def leaks_of_calls(scope: Scope, caller: Scope, local: str, state: State, project: Project) -> Iterator[Leak]:
    """Yield the leaks of the imported functions that one scope calls under the name `local`."""
    near = os.path.dirname(os.path.abspath(scope.module.path))
    if is_in_cleanup(scope):
        return
    for name, calls in called(scope).items():
        first: ast.expr = calls[0].func
        while isinstance(first, ast.Attribute):
            first = first.value
        if not isinstance(first, ast.Name) or first.id != local:
            continue
        target = project.definition(name, near)
        if target is None or not target.is_function:
            continue
        for change in reachable_changes(target, state):
            undo = UndoState(state, change)
            if any(not is_call_undone(scope, caller, call, undo) for call in calls):
                root = first_root(caller, undo, project)
                if root is not None:
                    yield Leak(change, root, late=all(is_undone_late(scope, call, undo) for call in calls))


def reachable_changes(function: Scope, state: State) -> list[Change]:
    """Return the escaping changes of an imported function and of the project's functions that it calls."""
    found: list[Change] = []
    seen = {function}
    pending = [function]
    for _ in range(MAX_CALLS):
        following: list[Scope] = []
        for current in pending:
            current.module.load(current)
            found.extend(escaping(current, state))
            for call in calls_of(current):
                target = find_callee(current, call.func)
                if target is None or target in seen or not target.is_function:
                    continue
                seen.add(target)
                inner = [UndoState(state, change) for change in escaping(target, state)]
                if any(not is_undone(current, call, undo) for undo in inner) or not inner:
                    following.append(target)
        pending = following
    return found
