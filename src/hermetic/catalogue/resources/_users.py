"""Who runs a fixture or setup: how many tests of the file."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.marks import marks_of
from hermetic.source.never_run import is_skipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MANY = "several"
FOR_EACH = ("setUp", "asyncSetUp", "setup_method", "setup_function")
WIDE = ("class", "module", "package", "session")


def tests_of(root: Scope, project: Project) -> frozenset[str]:
    """Return the names of the tests for which a test, fixture or setup runs; two for one that is parametrised."""
    role = roles.role_of(root)
    module = root.module
    tests = [item for item in module.top.functions if roles.role_of(item) == "test" and not is_skipped(item)]
    if role == "test":
        users = [root]
    elif role == "setup":
        users = [item for item in tests if root.owner is None or owns(root.owner, item, project)]
    elif roles.is_conftest(module.path) or not module.is_test:
        return frozenset({root.name, MANY})
    else:
        users = [item for item in tests if root in fixtures_of(item, project)]
    names = {f"{item.owner.name if item.owner else ''}.{item.name}" for item in users}
    if any(is_repeated(item) for item in users):
        names.add(MANY)
    return frozenset(names)


def owns(owner: Scope, test: Scope, project: Project) -> bool:
    """Tell whether a class, or one that it is a base of, has a test."""
    return test.owner is not None and owner in project.lineage(test.owner)


def fixtures_of(test: Scope, project: Project) -> list[Scope]:
    """Return the fixtures that a test runs with: autouse, requested, and what those request."""
    # Tests of a class, or of the file, that request the same run with the same.
    known: dict[object, list[Scope]] = test.module.top.memo.setdefault("fixtures by request", {})
    request = (test.owner, *roles.used_fixtures(test))
    if request not in known:
        known[request] = find_fixtures(test, project)
    return known[request]


def find_fixtures(test: Scope, project: Project) -> list[Scope]:
    """Work out what `fixtures_of` returns."""
    found = list(project.autouse(test.module, test))
    pending = [test, *found]
    while pending:
        user = pending.pop()
        for name in roles.used_fixtures(user):
            fixture = project.fixture(name, user.module, user)
            if fixture is not None and fixture.is_function and fixture not in found and fixture is not user:
                found.append(fixture)
                pending.append(fixture)
    return found


def is_repeated(test: Scope) -> bool:
    """Tell whether a test is parametrised with more than one set."""
    for name, expression in marks_of(test):
        if name == "pytest.mark.parametrize" and isinstance(expression, ast.Call) and len(expression.args) > 1:
            given = expression.args[1]
            if not isinstance(given, (ast.List, ast.Tuple)) or len(given.elts) > 1:
                return True
    return False


def is_wide(root: Scope) -> bool:
    """Tell whether a fixture or setup runs once for several tests."""
    if roles.role_of(root) == "fixture":
        return roles.fixture_scope(root) in WIDE
    return roles.role_of(root) == "setup" and root.name not in FOR_EACH
