"""What pytest and unittest do with a function: test, fixture, setup, teardown, hook or helper."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import lineage, resolve
from hermetic.source.scope import Scope

FIXTURE_MAKERS = frozenset({"pytest.fixture", "pytest.yield_fixture", "pytest_asyncio.fixture", "_pytest.fixtures.fixture"})
SETUP = frozenset({
    "setUp", "setUpClass", "setUpModule", "asyncSetUp", "setup_method", "setup_class", "setup_module", "setup_function",
})  # fmt: skip
TEARDOWN = frozenset({
    "tearDown", "tearDownClass", "tearDownModule", "asyncTearDown", "teardown_method", "teardown_class",
    "teardown_module", "teardown_function", "doClassCleanups", "__exit__", "__aexit__", "__del__", "pytest_unconfigure",
    "pytest_sessionfinish", "pytest_runtest_teardown",
})  # fmt: skip
CLASS_SETUP = ("setUp", "asyncSetUp", "setup_method", "setUpClass", "setup_class")


def role_of(function: Scope) -> str:
    """Return `test`, `fixture`, `setup`, `teardown`, `hook` or `helper`."""
    known = function.memo.get("role")
    if known is None:
        known = function.memo["role"] = find_role(function)
    return str(known)


def find_role(function: Scope) -> str:
    """Decide a function's role by its decorators first, then by its name."""
    if not function.is_function or (function.parent is not None and function.parent.is_function):
        return "helper"
    if fixture_call(function) is not None:
        return "fixture"
    if function.name in TEARDOWN:
        return "teardown"
    if function.name in SETUP:
        return "setup"
    if function.name.startswith("pytest_"):
        return "hook"
    if function.name.startswith("test") and is_test_file(function.module.path):
        return "test"
    return "helper"


def is_test_file(path: str) -> bool:
    """Tell whether pytest's usual patterns, or the older `tests.py`, match a file name."""
    name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    return name.startswith("test") or name.endswith(("_test", "_tests")) or name == "tests"


def is_conftest(path: str) -> bool:
    """Tell whether a file is a conftest, under exactly that name."""
    return path.replace("\\", "/").rpartition("/")[2] == "conftest.py"


def fixture_call(function: Scope) -> ast.expr | None:
    """Return the decorator that makes a function a fixture, None for others."""
    outer = function.parent or function
    for decorator in function.node.decorator_list:  # type: ignore[attr-defined]
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if resolve(outer, target) in FIXTURE_MAKERS:
            return decorator  # type: ignore[no-any-return]
    return None


def fixture_option(function: Scope, name: str) -> ast.expr | None:
    """Return the expression given for a keyword of `@pytest.fixture(...)`, None when it is absent."""
    decorator = fixture_call(function)
    if isinstance(decorator, ast.Call):
        for keyword in decorator.keywords:
            if keyword.arg == name:
                return keyword.value
    return None


def fixture_scope(function: Scope) -> str:
    """Return a fixture's scope; "" when it is computed."""
    value = fixture_option(function, "scope")
    if value is None:
        return "function"
    return str(value.value) if isinstance(value, ast.Constant) else ""


def is_autouse(function: Scope) -> bool:
    """Tell whether a fixture is declared with `autouse=True`."""
    value = fixture_option(function, "autouse")
    return isinstance(value, ast.Constant) and value.value is True


def fixture_name(function: Scope) -> str:
    """Return the name by which tests request a fixture."""
    value = fixture_option(function, "name")
    return str(value.value) if isinstance(value, ast.Constant) else function.name


def parameters(function: Scope) -> list[str]:
    """Return a function's parameter names, `self` left out for methods."""
    arguments = function.node.args  # type: ignore[attr-defined]
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names[1:] if function.owner is not None and names else names


def marks(scope: Scope) -> list[tuple[str, ast.expr]]:
    """Return `(dotted name, expression)` of every mark on a function, its classes, and the module's `pytestmark`."""
    found: list[tuple[str, ast.expr]] = []
    current: Scope | None = scope
    while current is not None:
        outer = current.parent or current
        for decorator in getattr(current.node, "decorator_list", ()):
            found.append((marker_name(outer, decorator), decorator))
        levels = lineage(current) if current.is_class else [current]
        for level in levels:
            for decorator in getattr(level.node, "decorator_list", ()) if level is not current else ():
                found.append((marker_name(level.parent or level, decorator), decorator))
            for binding in level.bindings.get("pytestmark", ()) if not level.is_function else ():
                if isinstance(binding.value, ast.expr):
                    value = binding.value
                    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value]
                    found.extend((marker_name(level, item), item) for item in items)
        current = current.parent
    return found


def marker_name(scope: Scope, expression: ast.expr) -> str:
    """Return the dotted name of a mark or decorator, without its call."""
    target = expression.func if isinstance(expression, ast.Call) else expression
    return resolve(scope, target).removesuffix("()")


def used_fixtures(function: Scope) -> list[str]:
    """Return the fixtures that a function requests: parameters, then `usefixtures` marks."""
    names = parameters(function)
    for name, expression in marks(function):
        if name == "pytest.mark.usefixtures" and isinstance(expression, ast.Call):
            names.extend(str(item.value) for item in expression.args if isinstance(item, ast.Constant))
    return names
