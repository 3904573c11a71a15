"""What runs around a test, fixture or setup and undoes what it changed: class, file, fixtures and marks."""

from __future__ import annotations

from hermetic.source import roles
from hermetic.source.marks import marks_of
from hermetic.source.plugins import is_unknown
from hermetic.source.restore import puts_back
from hermetic.source.teardown import is_set_by_class, undone_by_class, undone_by_file
from hermetic.source.undoing import Undo, undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_FIXTURES = 100  # around one test
SCOPES = ("function", "class", "module", "")  # a package or session fixture ends too late for the next test
HOOK = b"pytest_runtest_"
ALONE = ("forked", "isolat", "subprocess", "sandbox")  # marks of plugins that give a test a process of its own


def undone_around(root: Scope, undo: Undo, project: Project, owner: Scope | None = None) -> bool:
    """Tell whether the class, the file or a fixture undoes what a test, fixture or setup changed.

    `owner` is the class that runs it, where it inherits it.
    """
    return (
        undone_by_class(root, undo, owner)
        or is_set_by_class(root, undo, owner)
        or undone_by_file(root, undo)
        or undone_by_fixture(root, undo, project)
        or any(word in name for name, _ in marks_of(root) for word in ALONE)
        or undone_by_hook(root, undo, project)
    )


def undone_by_hook(root: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a hook that a conftest has around each test undoes the change."""
    return any(
        undoes(function, undo)
        for conftest in project.conftests(root.module.path)
        if HOOK in conftest.data
        for function in conftest.top.functions
        if function.name.startswith(HOOK.decode())
    )


def is_set_for_each(fixture: Scope, undo: Undo) -> bool:
    """Tell whether a fixture gives a test a value that makes the change none: what stays is the fixture's own leak.

    An autouse one sets the same key for each test around, another one sets it to the same value.
    """
    if roles.fixture_scope(fixture) != "function":
        return False
    fixture.module.load(fixture)
    return undo.sets_same(fixture) if roles.is_autouse(fixture) else undo.has_set(fixture)


def undone_by_fixture(root: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a fixture that runs around `root` undoes the change, requested or autouse."""
    names = [name for name in roles.used_fixtures(root) if name != root.name] if root.is_function else []
    if root.is_function and "" in roles.lazy_fixtures(root):
        return True  # any fixture may
    fixtures = project.autouse(root.module, root)
    seen: set[Scope] = {root}
    while (names or fixtures) and len(seen) < MAX_FIXTURES:
        if names:
            name = names.pop()
            found = project.fixture(name, root.module, root)
            if found is None and (undo.by_fixture_name(name) or is_unknown(name, root, project)):
                return True
            fixtures.extend([found] if found is not None else [])
            continue
        fixture = fixtures.pop()
        if fixture in seen or not fixture.is_function:
            continue
        seen.add(fixture)
        if roles.fixture_scope(fixture) in SCOPES and puts_back(fixture, undo):
            return True
        if roles.role_of(root) == "test" and is_set_for_each(fixture, undo):
            return True
        if undone_by_overridden(fixture, undo):
            return True
        names.extend(roles.parameters(fixture))
    return False


def undone_by_overridden(fixture: Scope, undo: Undo) -> bool:
    """Tell whether a fixture requests one of its own name, from a plugin, that undoes the change."""
    name = roles.fixture_name(fixture)
    return name in roles.parameters(fixture) and undo.by_fixture_name(name)
