"""What is arranged around a test, and whether the setups and teardowns of its class or file undo a change."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import ancestry, find_class
from hermetic.source.finalizers import arranges_cleanup
from hermetic.source.names import find_function, first_parameter, resolve
from hermetic.source.scope import Scope
from hermetic.source.undoing import Undo, undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project

COLLECTED = "Test"  # a class by itself, without a base of unittest, where pytest's `python_classes` is as it comes
MAX_FIXTURES = 100  # around one test


def undone_by_class(function: Scope, undo: Undo, owner: Scope | None = None) -> bool:
    """Tell whether the test's class (bases included) undoes the change in a teardown or a setup's cleanup.

    `owner` is the class that runs the function, where it inherits it.
    """
    owner = owner or function.owner
    if owner is None:
        return False
    for cls in ancestry(owner):
        if any(undo.by_base(resolve(cls.parent or cls, base)) for base in cls.bases):
            return True
        for method in arranging(cls):
            if method is function or not is_run_for(owner, method):
                continue
            if roles.role_of(method) == "teardown" and undoes(method, undo):
                return True
            if roles.role_of(method) == "setup" and arranges_cleanup(method.module.load(method), undo):
                return True
    users = users_of_mixin(owner)
    return bool(users) and all(undone_by_class(function, undo, user) for user in users)


def is_set_by_class(function: Scope, undo: Undo, owner: Scope | None = None) -> bool:
    """Tell whether a setup of the test's class has set what the test removes, or sets to the same: that is its leak."""
    owner = owner or function.owner
    if owner is None or roles.role_of(function) != "test":
        return False
    return any(
        roles.role_of(method) == "setup" and is_run_for(owner, method) and undo.has_set(method.module.load(method))
        for cls in ancestry(owner)
        for method in arranging(cls)
    )


def users_of_mixin(cls: Scope) -> list[Scope]:
    """Return the classes of the file that inherit from a class without bases that no runner takes: it runs in these."""
    collected = cls.name.startswith(COLLECTED) and any(roles.role_of(item) == "test" for item in cls.functions)
    if cls.bases or collected:
        return []
    classes = (binding.value for bound in cls.module.top.bindings.values() for binding in bound)
    found = [item for item in classes if isinstance(item, Scope) and item.is_class and item is not cls]
    return [item for item in found if cls in ancestry(item)]


def arranging(cls: Scope) -> list[Scope]:
    """Return the setup and teardown methods of a class."""
    known: list[Scope] | None = cls.memo.get("arranging")
    if known is None:
        known = [method for method in cls.functions if roles.role_of(method) in ("setup", "teardown")]
        cls.memo["arranging"] = known
    return known


def is_run_for(owner: Scope, method: Scope) -> bool:
    """Tell whether a setup or teardown runs for a class that inherits it: what overrides it calls it in turn.

    Where the order of the base classes is not certain, it is taken to run.
    """
    if method.owner is None or method.owner is owner:
        return True
    outer = owner.parent or owner
    direct = [find_class(outer, base) for base in owner.bases]
    for cls in ancestry(owner):
        if cls is method.owner:
            return True
        before = cls is owner or method.owner in ancestry(cls) or (cls in direct and method.owner in direct)
        mine = [item for item in cls.functions if item.name == method.name]
        if before and mine and not passes_on(mine[-1]):
            return False
    return True


def passes_on(method: Scope) -> bool:
    """Tell whether a method calls the one that it overrides: `super().tearDown()`, `Base.tearDown(self)`."""
    own = first_parameter(method)
    functions = (node.func for node in method.module.load(method).kept(ast.Call))
    return any(
        isinstance(function, ast.Attribute)
        and function.attr == method.name
        and getattr(function.value, "id", "") != own
        for function in functions
    )


def undone_by_file(function: Scope, undo: Undo) -> bool:
    """Tell whether `teardown_function`, `teardown_module` or `tearDownModule` of the file undoes the change."""
    top = function.module.top
    teardowns = top.memo.get("teardowns")
    if teardowns is None:
        teardowns = [other for other in top.functions if other.owner is None and roles.role_of(other) == "teardown"]
        top.memo["teardowns"] = teardowns
    return any(undoes(other, undo) for other in teardowns)


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
