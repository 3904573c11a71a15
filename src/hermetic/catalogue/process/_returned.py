"""Threads and processes that one function makes and returns: which functions do, and who gets what they return."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._fate import RETURNED, fate_of
from hermetic.catalogue.process._spawned import MAKERS, Spawn, holder, is_started, spawns_in, uses_of
from hermetic.source import roles
from hermetic.source.follow import runs_by
from hermetic.source.module import widened
from hermetic.source.names import is_async
from hermetic.source.putback import is_expected_to_fail
from hermetic.source.reach import MAX_CALLS, callee_behind, callees, near_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

RETURN = b"return"
MAKING = frozenset(name.partition(".")[0] for name in MAKERS)  # their own functions are no helpers


def received_by(module: Module, tokens: tuple[bytes, ...], project: Project) -> Iterator[tuple[Scope, list[Spawn]]]:
    """Yield the functions of a file that get what others make and return, with the calls by which they get it."""
    own = {scope.name for scope in returning_in(module, tokens)}
    imported = {name for item in imported_names(module, tokens, project) for name in item}
    names = own | imported
    for function in module.functions_with(tuple(name.encode() for name in sorted(names))) if names else ():
        yield function, list(received_in(function, tokens, names))


def imported_names(module: Module, tokens: tuple[bytes, ...], project: Project) -> Iterator[frozenset[str]]:
    """Yield the names by which a file calls the functions that one of its imports brings and that return a child."""
    near = near_of(module)
    for local, dotted in project.leading.imports(module, tokens):
        path = project.source_of(dotted, near) if dotted.partition(".")[0] not in MAKING else None
        located = project.locate(dotted, near)
        if path is None or located is None:
            continue
        if not located[1]:
            yield names_in(path, tokens, project)
        elif dotted.rpartition(".")[2] in names_in(path, tokens, project):
            yield frozenset((local,))


def names_in(path: str, tokens: tuple[bytes, ...], project: Project) -> frozenset[str]:
    """Return the names of a file's functions that return what they make, worked out once in a run."""
    files = project.about("functions that return a child")
    known: frozenset[str] | None = files.get(path)
    if known is None:
        found = project.module(path)
        names = (scope.name for scope in returning_in(found, tokens)) if found is not None else ()
        known = files[path] = frozenset(names)
    return known


def returning_in(module: Module, tokens: tuple[bytes, ...]) -> dict[Scope, list[Spawn]]:
    """Return the functions of a file that return what they make, with the calls that make it."""
    known: dict[Scope, list[Spawn]] | None = module.top.memo.get("returned spawns")
    if known is None:
        known = module.top.memo["returned spawns"] = {}
        pending = module.functions_with(makers_of(module, tokens)) if module.holds((RETURN,)) else []
        names: set[str] = set()
        for _ in range(MAX_CALLS):
            found = {
                scope: spawns
                for function in pending
                for scope, spawns in returned_by(function, tokens, names)
                if scope not in known
            }
            known.update(found)
            names = {scope.name for scope in found}
            pending = module.functions_with(tuple(name.encode() for name in names)) if names else []
    return known


def returned_by(function: Scope, tokens: tuple[bytes, ...], names: set[str]) -> Iterator[tuple[Scope, list[Spawn]]]:
    """Yield a loaded function and those nested in it that return what they make, with the calls that make it.

    With `names`, what they get by calling functions of these names; without, what they make themselves.
    """
    if RETURN not in function.module.text(function):
        return
    returned: dict[Scope, list[Spawn]] = {}
    for spawn in received_in(function, tokens, names) if names else spawns_in(function):
        near = spawn.origin is None or spawn.origin.function.module is function.module  # other trees are let go
        if near and roles.role_of(spawn.scope) == "helper" and fate_of(spawn) == RETURNED:
            returned.setdefault(spawn.scope, []).append(spawn)
    yield from returned.items()


def received_in(function: Scope, tokens: tuple[bytes, ...], names: set[str]) -> Iterator[Spawn]:
    """Yield the calls in a loaded function, nested ones included, that give what another function makes.

    Only calls of functions with one of these names are looked at.
    """
    for scope in function.family():
        for call, own, name in callees(scope):
            if getattr(call.func, "attr", getattr(call.func, "id", "")) not in names:
                continue
            target = callee_behind(scope, own, name, tokens)
            if target is None or not is_received(scope, call, target):
                continue
            for item in returning_in(target.module, tokens).get(target, []):
                if runs_by(scope, call, target, item.scope, item.call):
                    yield Spawn(function, scope, call, item.kind, item, started=is_running(item))


def makers_of(module: Module, tokens: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the tokens, the names that a file gives them, and its own classes of threads and processes."""
    return (*widened(module, tokens), *(scope.name.encode() for scope in module.top.classes if is_started(scope)))


def is_received(scope: Scope, call: ast.Call, target: Scope) -> bool:
    """Tell whether a call gives what the function returns: it is awaited where it has to be, and not there to fail."""
    awaited = isinstance(scope.parents.get(call), ast.Await)
    return awaited == is_async(target) and not is_expected_to_fail(scope, call)


def is_running(spawn: Spawn) -> bool:
    """Tell whether what a function returns has been started by then."""
    kind, name = holder(spawn)
    return spawn.started or (
        kind == "name" and any(use.verb in spawn.kind.starts for use in uses_of(spawn.function, name))
    )
