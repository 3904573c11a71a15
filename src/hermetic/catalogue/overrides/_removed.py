"""Overrides that a test takes out although somebody else has installed them, for other tests too."""

from __future__ import annotations

from hermetic.catalogue.overrides._state import EMPTIED, takes_out
from hermetic.catalogue.overrides._table import TOKENS, overrides_in
from hermetic.source import roles
from hermetic.source.blocks import is_after_yield
from hermetic.source.changes import changes_in, import_time
from hermetic.source.follow import own_changes
from hermetic.source.leaks import functions_to_look_at
from hermetic.source.reach import first_root
from hermetic.source.restore import is_undone
from hermetic.source.saved import uses_saved_value
from hermetic.source.spelling import key_of
from hermetic.source.undo import UndoState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.source.changes import Change
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

WIDE = ("class", "module", "package", "session")
WIDE_SETUPS = ("setUpClass", "setup_class", "setUpModule", "setup_module")


def removals(module: Module, project: Project) -> Iterator[tuple[Change, Scope, bool]]:
    """Yield `(change, root, late)` for each removal of an override that others rely on and that is not put back.

    `late`: it is put back, but only when nothing fails in between.
    """
    if not module.is_test and not roles.is_conftest(module.path):
        return
    for function in functions_to_look_at(module, EMPTIED):
        for change in own_changes(function, EMPTIED):
            scope, undo = change.scope, UndoState(EMPTIED, change)
            if not takes_out(change) or is_after_yield(scope, change.node) or is_undone(scope, change.node, undo):
                continue
            root = first_root(function, undo, project)
            if root is None or is_own(change, function, root, project) or not is_installed(change, root, project):
                continue
            later = [item for item in installed_in(scope, change) if item.line > change.line]
            if all(uses_saved_value(item, EMPTIED) for item in later):  # else it is the new override that stays
                yield change, root, bool(later)


def installed_in(scope: Scope, change: Change) -> list[Change]:
    """Return the changes of a loaded scope that install what a removal takes out."""
    return [item for item in changes_in(scope, EMPTIED) if not takes_out(item) and covers(change, item.key)]


def covers(removal: Change, key: str) -> bool:
    """Tell whether a removal can take out the override of a key; one whose key is not known can take out any."""
    return not removal.key or not key or removal.key == key


def is_own(change: Change, function: Scope, root: Scope, project: Project) -> bool:
    """Tell whether the function, the test, or what is set up for this test alone has installed the override."""
    around = [item for item in fixtures_around(root, project) if roles.fixture_scope(item) not in WIDE]
    methods = root.owner.functions if root.owner is not None else []
    around += [item for item in methods if roles.role_of(item) == "setup" and item.name not in WIDE_SETUPS]
    before = (item for item in installed_in(change.scope, change) if item.line < change.line)
    return any(before) or installs(change, [item for item in (function, root, *around) if item is not change.scope])


def is_installed(change: Change, root: Scope, project: Project) -> bool:
    """Tell whether something that serves many tests has installed the override: a conftest, a wide fixture or setup."""
    for level in project.providers(root.module):
        if level.holds(TOKENS) and any(is_entry(scope, change) for scope in import_time(level.top)):
            return True
    wide = [item for item in fixtures_around(root, project) if roles.fixture_scope(item) in WIDE]
    beside = [
        item for item in root.module.top.functions if item.name in WIDE_SETUPS and item.owner in (None, root.owner)
    ]
    return installs(change, [item for item in (*wide, *beside) if item is not root])


def installs(change: Change, functions: Iterable[Scope]) -> bool:
    """Tell whether one of some functions installs the override that a change takes out."""
    return any(
        is_entry(scope, change)
        for function in functions
        if TOKENS[0] in function.module.text(function)
        for scope in function.module.load(function).family()
    )


def is_entry(scope: Scope, change: Change) -> bool:
    """Tell whether a loaded scope puts in the entry that a change takes out."""
    return any(covers(change, key_of(item.scope, item.key)) for item in overrides_in(scope))


def fixtures_around(root: Scope, project: Project) -> list[Scope]:
    """Return the fixtures that run around a test, fixture or setup: autouse, requested, and what those request."""
    found = project.autouse(root.module, root)
    pending = [root, *found]
    while pending:
        user = pending.pop()
        for name in roles.used_fixtures(user) if user.is_function else ():
            fixture = project.fixture(name, user.module, user)
            if fixture is not None and fixture.is_function and fixture not in found:
                found.append(fixture)
                pending.append(fixture)
    return found
