"""Threads and child processes whose class, or what makes them, a mock stands for in the test."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.replaced import Step, is_replaced
from hermetic.source.spelling import is_patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.process._spawned import Spawn
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope


def is_mocked(spawn: Spawn, root: Scope, project: Project) -> bool:
    """Tell whether a call on the way to the thread or process is replaced, in the test or in what runs around it."""
    steps = [Step(item.scope, item.call, item.origin.function if item.origin else None) for item in spawn.chain()]
    if is_replaced(steps, [spawn.function, root], project):
        return True
    return any(is_class_mocked(item, root, project) for item in spawn.chain())


def is_class_mocked(spawn: Spawn, root: Scope, project: Project) -> bool:
    """Tell whether the class that is called is replaced by a mock, in the test or what runs around it."""
    function = spawn.call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    quoted = (f'{name}"'.encode(), f"{name}'".encode())
    places: list[Scope] = [spawn.function, root]
    if root.owner is not None:
        places.extend(method for cls in ancestry(root.owner) for method in cls.functions)
        places.extend(ancestry(root.owner))
    places.extend(project.autouse(root.module, root))
    places.extend(filter(None, (project.fixture(item, root.module, root) for item in roles.used_fixtures(root))))
    return any(token in decorated(place) for place in places for token in quoted) or is_patched(spawn, name)


def is_patched(spawn: Spawn, name: str) -> bool:
    """Tell whether a part of the class is replaced where it is called (`patch.object(subprocess.Popen, ...)`)."""
    return any(
        is_patch(called_name) and any(resolve(scope, argument).rpartition(".")[2] == name for argument in call.args)
        for scope in spawn.function.family()
        for called_name, calls in called(scope).items()
        for call in calls
    )


def decorated(place: Scope) -> bytes:
    """Return the text of a function; of a class, that of its decorators."""
    if place.is_function:
        return place.module.text(place)
    lines = place.module.lines
    return b"".join(lines[item.lineno - 1] for item in place.decorators)
