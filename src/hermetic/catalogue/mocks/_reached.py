"""Can a test reach an `await` of the call that it replaces? Denied only where the source leaves no doubt."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.changes import import_time
from hermetic.source.names import is_async
from hermetic.source.reach import callee_behind, callees, calls_of
from hermetic.source.text import WORDS, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

# What stands in a function that is async, or that runs async code: by itself, through a client, or through a command.
CLIENTS = (b"TestClient", b"test_client(", b"CliRunner")
LOOPS = (
    b"async ", b"await ", b"run(", b"run_until_complete", b"run_forever", b"async_to_sync", b"portal", b".invoke(",
    b"self.client.", *CLIENTS,
)  # fmt: skip
RUNNERS = frozenset({
    "run", "run_until_complete", "gather", "create_task", "ensure_future", "wait", "wait_for", "shield", "as_completed",
    "run_coroutine_threadsafe", "start_soon", "async_to_sync", "timeout", "result",
})  # fmt: skip


def may_be_awaited(function: Scope, owner: Scope | None, module: Module, project: Project) -> bool:
    """Tell whether an `await` of an async function may be reached from where it is replaced.

    It cannot be where the tests are plain ones that drive no loop, and the function's own file calls it in plain
    functions alone: those get a coroutine, and nobody awaits it.
    """
    if drives_loop(owner, module, project):
        return True
    used = [*callers(function.module, function.name)]
    if not used or is_handed_on(function):
        return True
    names = [function.name, *{scope.name for scope, call in used if isinstance(scope.parents.get(call), ast.Return)}]
    return any(
        awaits(scope, call)
        for other in files_around(function, module, project, names)
        for name in names
        for scope, call in callers(other, name)
    )


def drives_loop(owner: Scope | None, module: Module, project: Project) -> bool:
    """Tell whether the tests around a replacement run async code, as far as they say so."""
    if owner is None or roles.is_conftest(module.path) or not module.is_test:
        return True
    role = roles.role_of(owner)
    if role != "test":
        return role not in ("fixture", "setup") or contains(module.plain, LOOPS)
    if contains(module.text(owner), LOOPS) or contains(module.plain, CLIENTS):
        return True
    for name in roles.requested(owner):
        fixture = project.fixture(name, module, owner)
        if name.endswith("client") if fixture is None else contains(fixture.module.text(fixture), CLIENTS):
            return True
    helpers = (callee_behind(owner, own, name, LOOPS) for _, own, name in callees(owner))
    return any(helper is not None and contains(helper.module.text(helper), LOOPS) for helper in helpers)


def files_around(function: Scope, module: Module, project: Project, names: list[str]) -> Iterator[Module]:
    """Yield the files of the function, of the test, and those that the test imports and that hold one of the names."""
    yield function.module
    yield module
    words = tuple(name.encode() for name in names)
    for _, _, path in project.imports(module):
        text = project.text(path)
        imported = project.module(path) if text is not None and text.holds(words) else None
        if imported is not None:
            yield imported


def callers(module: Module, name: str) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the calls under a name, on whatever object, with the scope that makes them."""
    scopes = [scope for caller in module.functions_naming(name) for scope in caller.family()]
    if module.holds((name.encode(),)):
        scopes += import_time(module.top)
    for scope in scopes:
        yield from ((scope, call) for call in calls_of(scope) if last_name(call.func) == name)


def last_name(expression: ast.expr) -> str:
    """Return the name of a variable or attribute."""
    return str(getattr(expression, "attr", getattr(expression, "id", "")))


def awaits(scope: Scope, call: ast.Call) -> bool:
    """Tell whether the result of a call may be awaited where the call stands."""
    level: Scope | None = scope
    while level is not None:
        if is_async(level):
            return True
        level = level.parent
    parents = [parent for _, parent in scope.ancestors(call)]
    return not scope.is_function or any(
        isinstance(parent, ast.Await) or (isinstance(parent, ast.Call) and last_name(parent.func) in RUNNERS)
        for parent in parents
    )


def is_handed_on(function: Scope) -> bool:
    """Tell whether the file of a function names it without a call: whoever gets it may await what it gives."""
    name, text = function.name.encode(), function.module.plain
    start = text.find(name)
    while start >= 0:
        before, after = text[max(start - 1, 0) : start], text[start + len(name) :][:1]
        is_word = not (before + after).translate(WORDS).strip()
        if is_word and after not in (b"(", b'"', b"'", b"`"):  # `__all__` and prose hand nothing on
            return True
        start = text.find(name, start + 1)
    return False
