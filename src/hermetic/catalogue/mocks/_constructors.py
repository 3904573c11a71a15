"""Which expressions make a mock: `AsyncMock()` under any name, and pytest-mock's `mocker.AsyncMock()`."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import find_class
from hermetic.source.names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

SYNC_MOCKS = frozenset({"Mock", "MagicMock", "NonCallableMock", "NonCallableMagicMock"})
MOCKS = SYNC_MOCKS | {"AsyncMock"}
HOMES = frozenset({"unittest.mock", "mock", "mock.mock", "asyncmock", "asynctest", "asynctest.mock"})
SUITES = ("tests", "test", "testing", "conftest")  # what helpers stand in that a distribution may lack


def mock_class(scope: Scope, expression: ast.AST | None) -> str:
    """Return the mock class that an expression names, as `unittest.mock` calls it; "" for anything else."""
    name = resolve(scope, expression)
    head, _, last = name.rpartition(".")
    if last in MOCKS and head and (is_mocker(head) or head[0] not in ".@[") and "()" not in head.replace("mocker", ""):
        if last == "AsyncMock" and not (is_mocker(head) or passes_mocks_on(scope, head)):
            return ""
        return last if last != "Mock" or is_mocker(head) or "mock" in head else ""
    return ""


def passes_mocks_on(scope: Scope, head: str) -> bool:
    """Tell whether a module has the mocks of `unittest.mock`: itself, its backport, or one of the suite's own.

    Libraries have classes of the same name that do something else.
    """
    project, near = scope.module.project, scope.module.folder
    suite = project is None or project.file_of(head, near) is not None or head.partition(".")[0] in SUITES
    return suite or head in HOMES


def subclassed(scope: Scope, expression: ast.AST | None) -> str:
    """Return the mock class that a class of this file derives from; "" for anything else."""
    own = find_class(scope, expression) if expression is not None else None
    if own is None or own.parent is None:
        return ""
    return next(filter(None, (mock_class(own.parent, base) for base in own.bases)), "")


def is_mocker(name: str) -> bool:
    """Tell whether a dotted name is pytest-mock's fixture, in any of its scopes."""
    return name.startswith("@") and name.endswith("mocker")


def made_mock(scope: Scope, node: ast.AST | None) -> str:
    """Return the class of the mock that an expression makes; "" when it makes none."""
    return mock_class(scope, node.func) if isinstance(node, ast.Call) else ""


def configured(scope: Scope, call: ast.Call) -> roles.Options | None:
    """Return what a mock is given by keyword, also as `**{"fetch.return_value": 1}`; None where not all can be read."""
    for item in call.keywords:
        if item.arg is None and not is_readable(scope, item.value):
            return None
    return roles.keywords_of(scope, call)


def is_readable(scope: Scope, value: ast.expr) -> bool:
    """Tell whether a value is a dictionary written out with constants for keys, or a variable that holds one."""
    if isinstance(value, ast.Name):
        found = roles.bound_to(scope, value)
        value = found[1] if found is not None else value
    return isinstance(value, ast.Dict) and all(isinstance(key, ast.Constant) for key in value.keys)


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """Return the value of the first of these keywords that a call is given."""
    return next((item.value for item in call.keywords if item.arg in names), None)
