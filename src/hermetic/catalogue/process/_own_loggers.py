"""Loggers that nobody but one test can know: their names are computed, or written out in that test alone."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.names import resolve, value_of_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

TEST = "test"  # in the name of a logger that is there for tests
NOBODYS = frozenset({"foo", "bar", "baz", "spam", "eggs", "dummy", "fake", "example"})  # as the name of such a logger
OF_FILE = ("__name__", "__file__")
COMPUTED = (ast.JoinedStr, ast.BinOp, ast.Call)
MAX_STEPS = 4


def is_unique(scope: Scope, logger: ast.expr) -> bool:
    """Tell whether the logger's name is put together at run time, as for a logger of one test alone."""
    expression: object = logger
    for _ in range(MAX_STEPS):
        if isinstance(expression, ast.Call) and resolve(scope, expression.func) == "logging.getLogger":
            return bool(expression.args) and is_made_up(scope, expression.args[0])
        if isinstance(expression, ast.Name):
            found = scope.find(expression.id, expression.lineno)
            scope, expression = (found[1], found[0].value) if found is not None else (scope, None)
        elif isinstance(expression, ast.Attribute):
            held = value_of_attribute(scope, expression)
            scope, expression = held if held is not None else (scope, expression.value)
        elif isinstance(expression, ast.Subscript):
            expression = expression.value
        else:
            return False
    return False


def is_made_up(scope: Scope, name: ast.expr) -> bool:
    """Tell whether a logger's name is computed, or one test's; one of those that a loop goes through is neither."""
    if isinstance(name, ast.Name):
        if name.id in OF_FILE:
            alone = is_written_once(scope, b"getLogger(" + name.id.encode())
            return alone and (name.id == "__file__" or roles.role_of(scope) == "test")
        found = scope.find(name.id, name.lineno)
        given = found[0].value if found is not None and found[0].kind == "assign" else None
        return is_computed(given) or is_of_one_test(scope, given)
    return (
        is_computed(name) or resolve(scope, name).startswith(("@request.", "@self.id")) or is_of_one_test(scope, name)
    )


def is_of_one_test(scope: Scope, name: object) -> bool:
    """Tell whether a name is written out in one test of a file alone, and no module of the project has its first part.

    Nobody else gets the logger by it; that of a library is known by the library's name.
    """
    text = name.value if isinstance(name, ast.Constant) else ""
    project = scope.module.project
    if not isinstance(text, str) or project is None or not (TEST in text.lower() or text in NOBODYS):
        return False
    alone = roles.role_of(scope) == "test" and is_written_once(scope, text.encode())
    return alone and project.file_of(text.partition(".")[0], scope.module.folder) is None


def is_written_once(scope: Scope, written: bytes) -> bool:
    """Tell whether a function is the one place of its file where something is written."""
    return scope.is_function and scope.module.data.count(written) == scope.module.text(scope).count(written)


def is_computed(name: object) -> bool:
    """Tell whether a name is put together, or a part of what a call gives: `uuid.uuid4().hex`, `inspect.stack()[1][3]`.

    That of a class, `type(self).__name__`, is the same in all of its tests.
    """
    while isinstance(name, (ast.Attribute, ast.Subscript)):
        name = name.value
    return isinstance(name, COMPUTED) and getattr(getattr(name, "func", None), "id", "") != "type"
