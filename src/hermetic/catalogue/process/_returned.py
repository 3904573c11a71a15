"""Threads and processes that one function makes and returns: which functions do, and who gets what they return."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._fate import RETURNED, fate_of
from hermetic.catalogue.process._spawned import Spawn, holder, spawns_in, uses_of
from hermetic.source import roles
from hermetic.source.names import is_async
from hermetic.source.reach import MAX_CALLS, callee_behind, callees, near_of
from hermetic.source.undo import is_expected_to_fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

RETURN = b"return"


def names_that_return(module: Module, tokens: tuple[bytes, ...], project: Project) -> tuple[bytes, ...]:
    """Return the names by which a file may call functions that return what they make: its own, and imported ones."""
    known = set(imported_names(module, tokens, project))
    pending = module.functions_with(tokens)
    if known:
        pending.extend(module.functions_with(tuple(known)))
    for _ in range(MAX_CALLS):
        returning = {scope.name.encode() for function in pending for scope in returning_in(function, tokens)} - known
        if not returning:
            break
        known |= returning
        pending = module.functions_with(tuple(returning))
    return tuple(sorted(known))


def imported_names(module: Module, tokens: tuple[bytes, ...], project: Project) -> Iterator[bytes]:
    """Yield the imported names of modules that hold a token, and of functions that return what they make."""
    for local, dotted, path in project.imports(module):
        if not project.reaches(path, tokens):
            continue
        located = project.locate(dotted, near_of(module))
        target = project.definition(dotted, near_of(module)) if located is not None and located[1] else None
        if (located is not None and not located[1]) or (target is not None and returned_by(target, tokens)):
            yield local.encode()


def returning_in(function: Scope, tokens: tuple[bytes, ...]) -> Iterator[Scope]:
    """Yield a loaded function and those nested in it, where they return what they make."""
    if RETURN in function.module.text(function):
        for scope in function.family():
            if returned_by(scope, tokens):
                yield scope


def returned_by(scope: Scope, tokens: tuple[bytes, ...]) -> list[Spawn]:
    """Return the calls by which a function makes what it returns."""
    known: list[Spawn] | None = scope.memo.get("returned spawns")
    if known is None:
        scope.memo["returned spawns"] = []  # for functions that call each other
        known = scope.memo["returned spawns"] = list(find_returned(scope, tokens))
    return known


def find_returned(scope: Scope, tokens: tuple[bytes, ...]) -> Iterator[Spawn]:
    """Yield what `returned_by` returns."""
    if not scope.is_function or roles.role_of(scope) != "helper":
        return
    function = scope
    while function.parent is not None and not function.parent.is_class and function.parent.parent is not None:
        function = function.parent
    function.module.load(function)
    for spawn in (*spawns_in(function), *received_in(function, tokens)):
        if spawn.scope is scope and fate_of(spawn) == RETURNED:
            yield spawn


def received_in(function: Scope, tokens: tuple[bytes, ...]) -> Iterator[Spawn]:
    """Yield the calls in a loaded function, nested ones included, that give what a function of the project makes."""
    for scope in function.family():
        for call, own, name in callees(scope):
            target = callee_behind(scope, own, name, tokens)
            if target is None or target is function or is_expected_to_fail(scope, call):
                continue
            if is_async(target) and not isinstance(scope.parents.get(call), ast.Await):
                continue
            for made in returned_by(target, tokens):
                yield Spawn(function, scope, call, made.kind, made, started=is_running(made))


def is_running(spawn: Spawn) -> bool:
    """Tell whether what a function returns has been started by then."""
    kind, name = holder(spawn)
    return spawn.started or (
        kind == "name" and any(use.verb in spawn.kind.starts for use in uses_of(spawn.function, name))
    )
