"""Code that looks an override up and calls it itself, where FastAPI does not bridge async and plain."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._uses import is_misused
from hermetic.catalogue.overrides._table import END, TOKENS
from hermetic.source.names import find_function, resolve
from hermetic.source.origins import argument, origins, project_function, results
from hermetic.source.reach import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.origins import Origin
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_STEPS = 5


def calls_directly(original: Origin, module: Module, project: Project) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the calls of whatever stands for a dependency, in its own file, the test's, and those that this imports."""
    modules = {id(found): found for found in files_around(original, module, project)}
    for found in modules.values():
        names = tuple(item.name.encode() for item in found.functions_with(TOKENS))  # helpers that look it up
        for function in found.functions_with((*TOKENS, *names)):
            for scope in function.family():
                for call in calls_of(scope):
                    if any(
                        is_key(where, key, original, project) for where, key in looked_up(scope, call.func, project)
                    ):
                        yield scope, call


def files_around(original: Origin, module: Module, project: Project) -> Iterator[Module]:
    """Yield the files that are searched."""
    yield module
    if original.scope.module.holds(TOKENS):
        yield original.scope.module
    for _, dotted, path in project.imports(module):
        imported = project.module(path) if project.leading.leads(dotted, module.folder, TOKENS, module) else None
        if imported is not None:
            yield imported


def is_key(scope: Scope, key: ast.expr, original: Origin, project: Project) -> bool:
    """Tell whether a key of the table is the dependency."""
    return any(origin.key == original.key for origin in origins(scope, key, project))


def looked_up(
    scope: Scope, value: ast.AST, project: Project, steps: int = MAX_STEPS
) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield `(scope, key)` for each look-up in a table of overrides that an expression may be."""
    if not steps:
        return
    if isinstance(value, ast.Subscript):
        if is_table(scope, value.value):
            yield scope, value.slice
    elif isinstance(value, (ast.BoolOp, ast.IfExp)):
        parts = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
        for part in parts:
            yield from looked_up(scope, part, project, steps - 1)
    elif isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        if found is not None and found[0].kind == "assign" and isinstance(found[0].value, ast.AST):
            yield from looked_up(found[1], found[0].value, project, steps - 1)
    elif isinstance(value, ast.Call):
        yield from looked_up_by_call(scope, value, project, steps - 1)


def looked_up_by_call(scope: Scope, call: ast.Call, project: Project, steps: int) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield the keys that `table.get(key)` looks up, or a helper of the project that returns such a look-up."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
        if is_table(scope, call.func.value):
            yield scope, call.args[0]
        return
    helper = find_function(scope, call.func) or project_function(scope, call, project)
    if helper is None or not helper.is_function:
        return
    for result in results(helper):
        for where, key in looked_up(helper, result, project, steps):
            given = argument(key.id, helper, scope, call) if where is helper and isinstance(key, ast.Name) else ()
            yield from [*given] or [(where, key)]


def is_table(scope: Scope, expression: ast.expr) -> bool:
    """Tell whether an expression is the table of an application."""
    return f".{resolve(scope, expression)}".endswith(END)


def unawaited(original: Origin, module: Module, project: Project) -> str:
    """Return the function that uses the result of a direct call without awaiting it, "" where none does."""
    for scope, call in calls_directly(original, module, project):
        if is_misused(scope, call):
            return scope.name
    return ""


def awaited(original: Origin, module: Module, project: Project) -> str:
    """Return the function that awaits the result of a direct call, "" where none does."""
    for scope, call in calls_directly(original, module, project):
        if isinstance(scope.parents.get(call), ast.Await):
            return scope.name
    return ""
