"""FastAPI's dependencies, read statically: what FastAPI calls, how it runs it, and what that depends on in turn."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import find_method, is_async, is_generator, resolve
from hermetic.source.origins import Origin, origins
from hermetic.source.scope import Scope, load_import_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project

PLAIN, ASYNC, GENERATOR, ASYNC_GENERATOR = "plain", "async", "generator", "async generator"
IN_THREAD = frozenset({PLAIN, GENERATOR})  # FastAPI runs these in a worker thread
IN_LOOP = frozenset({ASYNC, ASYNC_GENERATOR})
MARKERS = frozenset(
    f"fastapi.{module}{name}" for module in ("", "params.", "param_functions.") for name in ("Depends", "Security")
)
ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
ASYNC_MAKERS = frozenset({"unittest.mock.AsyncMock"})
MAX_HOPS = 6


def callable_of(origin: Origin, project: Project) -> Scope | None:
    """Return the function, lambda or class that is run when FastAPI calls a dependency; None where it is not known."""
    value = origin.value
    if isinstance(value, Scope):
        return value
    if isinstance(value, ast.Lambda):
        return lambda_scope(origin.scope, value)
    if not isinstance(value, ast.Call):
        return None
    name = resolve(origin.scope, value.func)
    if name == "functools.partial" and value.args:
        inner = origins(origin.scope, value.args[0], project)
        return callable_of(inner[0], project) if inner[0].value is not value else None
    made = [item.value for item in origins(origin.scope, value.func, project)] if name else []
    if made and isinstance(made[0], Scope) and made[0].is_class:
        return find_method(made[0], "__call__")
    return None


def lambda_scope(scope: Scope, node: ast.Lambda) -> Scope | None:
    """Return the loaded scope of a lambda."""
    if scope.parent is None or scope.is_class:
        load_import_time(scope)
    found = next((inner for inner in scope.nested if inner.node is node), None)
    return scope.module.load(found) if found is not None else None


def kind_of(origin: Origin, project: Project) -> str:
    """Return how FastAPI runs a dependency: `plain`, `async`, `generator` or `async generator`; "" when not known."""
    found = callable_of(origin, project)
    if found is None:
        made = resolve(origin.scope, origin.value) if isinstance(origin.value, ast.Call) else ""
        return ASYNC if made.removesuffix("()") in ASYNC_MAKERS or made.endswith("mocker.AsyncMock()") else ""
    return PLAIN if found.is_class else kind_of_function(found)


def kind_of_function(function: Scope) -> str:
    """Return what a function or lambda is, by its own definition."""
    function.module.load(function)
    if is_generator(function):
        return ASYNC_GENERATOR if is_async(function) else GENERATOR
    return ASYNC if is_async(function) else PLAIN


def subdependencies(origin: Origin, project: Project) -> list[Origin]:
    """Return what a dependency or route function depends on itself."""
    found = callable_of(origin, project)
    if found is not None and found.is_class:
        found = find_method(found, "__init__")
    return list(required(found, project)) if found is not None else []


def required(function: Scope, project: Project) -> Iterator[Origin]:
    """Yield the dependencies in a function's parameters: `Depends` and `Security`, as defaults and in `Annotated`."""
    arguments = function.arguments
    named = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(named) - len(arguments.defaults)) + list(arguments.defaults)
    outer = function.parent or function
    for argument, default in zip((*named, *arguments.kwonlyargs), (*defaults, *arguments.kw_defaults), strict=True):
        markers = [(outer, default)] if default is not None else []
        for scope, marker in (*markers, *annotated(outer, argument.annotation, project)):
            yield from marked(scope, marker, argument.annotation, project)


def annotated(scope: Scope, annotation: ast.expr | None, project: Project) -> list[tuple[Scope, ast.expr]]:
    """Return `(scope, expression)` for what an `Annotated` annotation adds to its type, seen through aliases."""
    for _ in range(MAX_HOPS):
        if isinstance(annotation, ast.Subscript):
            if resolve(scope, annotation.value) in ANNOTATED and isinstance(annotation.slice, ast.Tuple):
                return [(scope, item) for item in annotation.slice.elts[1:]]
            return []
        following = alias(scope, annotation, project)
        if following is None:
            return []
        scope, annotation = following
    return []


def alias(scope: Scope, expression: ast.expr | None, project: Project) -> tuple[Scope, ast.expr] | None:
    """Return the expression that a name is assigned, in this file or the one that it is imported from."""
    if not isinstance(expression, (ast.Name, ast.Attribute)):
        return None
    found = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    if found is None or found[0].kind == "import":
        dotted = resolve(scope, expression)
        found = project.binding(dotted, scope.module.folder) if dotted else None
    if found is None or found[0].kind != "assign" or not isinstance(found[0].value, ast.expr):
        return None
    return found[1], found[0].value


def marked(scope: Scope, marker: ast.expr, annotation: ast.expr | None, project: Project) -> Iterator[Origin]:
    """Yield the dependency that `Depends(...)` names; without an argument that is the annotated class."""
    if not isinstance(marker, ast.Call) or resolve(scope, marker.func) not in MARKERS:
        return
    named = [keyword.value for keyword in marker.keywords if keyword.arg == "dependency"]
    given = [*marker.args[:1], *named]
    yield from origins(scope, given[0] if given else annotation, project)


def listed(scope: Scope, call: ast.Call, project: Project) -> list[Origin]:
    """Return the dependencies in the `dependencies=[...]` of an app, a router, an `include_router` or a route."""
    found: list[Origin] = []
    for keyword in call.keywords:
        if keyword.arg != "dependencies":
            continue
        where, value = alias(scope, keyword.value, project) or (scope, keyword.value)
        for item in getattr(value, "elts", ()):
            place, marker = alias(where, item, project) or (where, item)
            found.extend(marked(place, marker, None, project))
    return found
