"""What is arranged around a test: the function itself, what it calls in its file, its classes, setups and fixtures."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.names import find_function
from hermetic.source.teardown import arranging, users_of_mixin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_FIXTURES = 100  # around one test


def helpers_of(root: Scope) -> Iterator[Scope]:
    """Yield the functions of its own file that a loaded function calls, loaded."""
    for scope in root.family():
        for call in scope.kept(ast.Call):
            own = find_function(scope, call.func)
            if own is not None and own.is_function and own is not root:
                yield own.module.load(own)


def arrangement(root: Scope, project: Project) -> Iterator[Scope]:
    """Yield a function, its classes and their setups, and the fixtures around it, loaded.

    The classes of a mixin's function are those of its heirs, too.
    """
    yield root.module.load(root)
    yield from helpers_of(root)
    owners = [root.owner, *users_of_mixin(root.owner)] if root.owner is not None else []
    for cls in dict.fromkeys(cls for owner in owners for cls in ancestry(owner)):
        yield cls
        yield from (cls.module.load(method) for method in arranging(cls))
    names = roles.used_fixtures(root)
    fixtures = project.autouse(root.module, root)
    seen = {root}
    while (names or fixtures) and len(seen) < MAX_FIXTURES:
        fixture = project.fixture(names.pop(), root.module, root) if names else fixtures.pop()
        if fixture is not None and fixture not in seen and fixture.is_function:
            seen.add(fixture)
            yield fixture.module.load(fixture)
            names.extend(roles.parameters(fixture))
