"""When an override of another kind than the dependency does harm.

Each case was run with FastAPI before it was written here; see the examples of HRM202 and tests/unit/catalogue.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import TRIES
from hermetic.source.changes import called, stores_of
from hermetic.source.dependencies import (
    ASYNC,
    ASYNC_GENERATOR,
    GENERATOR,
    IN_LOOP,
    IN_THREAD,
    PLAIN,
    callable_of,
    kind_of_function,
)
from hermetic.source.names import is_async, is_context_maker, resolve
from hermetic.source.origins import Origin, origins, project_function, results
from hermetic.source.spelling import key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

GENERATORS = frozenset({GENERATOR, ASYNC_GENERATOR})
# What each kind of function gives when it is merely called.
GIVES = {ASYNC: "a coroutine that nobody awaits", ASYNC_GENERATOR: "an async generator", GENERATOR: "a generator"}
NEED_LOOP = frozenset({
    "asyncio.get_running_loop", "asyncio.get_event_loop", "asyncio.create_task", "asyncio.ensure_future",
    "asyncio.gather", "asyncio.current_task", "asyncio.all_tasks", "aiohttp.ClientSession", "anyio.create_task_group",
})  # fmt: skip
OWN_LOOP = frozenset({"asyncio.run", "anyio.run", "anyio.from_thread.run", "anyio.from_thread.run_sync"})
CONTEXT_SETTERS = frozenset({"structlog.contextvars.bind_contextvars"})
CONNECT = "sqlite3.connect"
THREAD_POSITION = 4  # of `check_same_thread` among its arguments
MAX_STEPS = 5


def not_callable(scope: Scope, value: ast.expr, project: Project) -> str:
    """Return what is wrong with an override that was called where it should have been named."""
    function = project_function(scope, value, project) if isinstance(value, ast.Call) else None
    gives = GIVES.get(kind_of_function(function)) if function is not None else None
    return f"is {gives}: name the function, do not call it" if gives and not decorated(function) else ""


def decorated(function: Scope | None) -> bool:
    """Tell whether decorators may have changed what calling a function gives."""
    return function is not None and bool(getattr(function.node, "decorator_list", ()))


def harm(replacement: Origin, found: str, original: Origin, wanted: str, project: Project) -> str:
    """Return what goes wrong when `replacement`, of kind `found`, stands for a dependency of kind `wanted`."""
    body = callable_of(replacement, project)
    if body is None or body.is_class:
        return ""
    if is_context_maker(body):
        return "is a context manager function, which FastAPI does not enter: leave the decorator out"
    if found == PLAIN:
        problem = passes_on(body, original, wanted, project)
        if problem:
            return problem
    if found in IN_THREAD and wanted not in IN_THREAD:
        return in_thread(body, wanted, project)
    if found in IN_LOOP and wanted not in IN_LOOP:
        return in_loop(body, project)
    return ""


def passes_on(body: Scope, original: Origin, wanted: str, project: Project) -> str:
    """Return what is wrong with a plain override that hands on what calling an async function or a generator gives."""
    if wanted == PLAIN and returns_a_call(original, project):
        return ""
    for value in returned(body):
        if not isinstance(value, ast.Call):
            continue
        function = project_function(body, value, project)
        kind = kind_of_function(function) if function is not None and not decorated(function) else mocked(body, value)
        if kind == ASYNC or (kind in GENERATORS and wanted in GENERATORS):
            return f"returns {GIVES[kind]}: use the function itself, or one of its kind"
    return ""


def returned(body: Scope) -> Iterator[ast.expr]:
    """Yield what a function or lambda gives back."""
    if isinstance(body.node, ast.Lambda):
        yield body.node.body
    else:
        yield from results(body)


def returns_a_call(original: Origin, project: Project) -> bool:
    """Tell whether a plain dependency may hand on an awaitable of its own accord, so that routes expect one."""
    body = callable_of(original, project)
    return body is None or body.is_class or any(isinstance(value, ast.Call) for value in returned(body))


def mocked(body: Scope, call: ast.Call) -> str:
    """Return `async` for a call of an AsyncMock, or of a method of one."""
    name = resolve(body, call.func)
    return ASYNC if name.startswith("unittest.mock.AsyncMock()") or ".AsyncMock()" in name else ""


def in_thread(body: Scope, wanted: str, project: Project) -> str:
    """Return what is lost or fails when an override runs in a worker thread."""
    for scope in reached(body, project):
        for name, calls in called(scope).items():
            if name in NEED_LOOP and not all(is_guarded(scope, call) for call in calls):
                return f"runs in a worker thread, where {name}() finds no running loop: make it async"
    if wanted not in IN_LOOP:
        return ""
    for scope in reached(body, project):
        for name, calls in called(scope).items():
            if name in CONTEXT_SETTERS or any(sets_context(scope, call, project) for call in calls):
                return "runs in a worker thread, and the context variable that it sets stays there: make it async"
        if any(is_thread_local(scope, target, project) for _, _, target, _ in stores_of(scope)):
            return "runs in a worker thread, and the thread-local attribute that it sets stays there: make it async"
    if opens_sqlite(body, project):
        return "opens its SQLite connection in a worker thread, where it cannot be used from the route: make it async"
    return ""


def in_loop(body: Scope, project: Project) -> str:
    """Return what fails when an override runs in the event loop."""
    for scope in reached(body, project):
        for name, calls in called(scope).items():
            own = name in OWN_LOOP or name.endswith(".run_until_complete")
            if own and not all(is_guarded(scope, call) for call in calls) and b"nest_asyncio" not in scope.module.data:
                return f"runs in the event loop, where {name.replace('()', '')}() fails: await instead"
    return ""


def reached(body: Scope, project: Project) -> Iterator[Scope]:
    """Yield an override and the plain functions of the project that it calls."""
    yield body
    for calls in called(body).values():
        function = project_function(body, calls[0], project)
        if function is not None and kind_of_function(function) == PLAIN:
            yield function.module.load(function)


def is_guarded(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a failure of a call is expected: it stands in a `try` with handlers."""
    return any(isinstance(parent, TRIES) and parent.handlers for _, parent in scope.ancestors(call))


def sets_context(scope: Scope, call: ast.Call, project: Project) -> bool:
    """Tell whether a call sets a `ContextVar`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "set":
        return False
    return made_by(scope, call.func.value, "contextvars.ContextVar", project)


def is_thread_local(scope: Scope, target: ast.expr, project: Project) -> bool:
    """Tell whether an assignment's target is an attribute of a `threading.local`."""
    return isinstance(target, ast.Attribute) and made_by(scope, target.value, "threading.local", project)


def made_by(scope: Scope, expression: ast.expr, maker: str, project: Project) -> bool:
    """Tell whether a value was made by calling `maker`, in this file or the one that it is imported from."""
    return any(
        isinstance(origin.value, ast.Call) and resolve(origin.scope, origin.value.func) == maker
        for origin in origins(scope, expression, project)
    )


def opens_sqlite(body: Scope, project: Project) -> bool:
    """Tell whether a function gives away a SQLite connection that it opened and that only its own thread may use."""
    return any(is_bound(scope, call) for value in returned(body) for scope, call in opened(body, value, project))


def opened(scope: Scope, value: ast.AST, project: Project, steps: int = MAX_STEPS) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the calls of `sqlite3.connect` that a value of a function comes from, or that it is wrapped around.

    Helpers of the project are followed; a connection that stands outside of them was opened by somebody else.
    """
    if isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        bound = (
            found[0].value if found is not None and found[1] is scope and found[0].kind in ("assign", "with") else None
        )
        if steps and isinstance(bound, ast.AST):
            yield from opened(scope, bound, project, steps - 1)
    elif isinstance(value, ast.Call):
        function = project_function(scope, value, project)
        if resolve(scope, value.func) == CONNECT:
            yield scope, value
        elif function is None:
            for argument in value.args if steps else ():
                yield from opened(scope, argument, project, steps - 1)
        elif steps and not is_async(function) and (is_context_maker(function) or not decorated(function)):
            for result in returned(function.module.load(function)):
                yield from opened(function, result, project, steps - 1)


def is_bound(scope: Scope, connect: ast.Call) -> bool:
    """Tell whether a call of `sqlite3.connect` leaves the connection to the thread that makes it."""
    given = [item.value for item in connect.keywords if item.arg in ("check_same_thread", None)]
    given += connect.args[THREAD_POSITION : THREAD_POSITION + 1]
    return all(key_of(scope, value) == "True" for value in given)
