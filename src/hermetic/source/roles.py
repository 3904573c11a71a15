"""What pytest and unittest do with a function: test, fixture, setup, teardown, hook or helper."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import children
from hermetic.source.marks import injects, marks_of, parametrised
from hermetic.source.names import resolve
from hermetic.source.scope import Scope

FIXTURE_MAKERS = frozenset(
    {"pytest.fixture", "pytest.yield_fixture", "pytest_asyncio.fixture", "_pytest.fixtures.fixture"}
)
SETUP = frozenset({
    "setUp", "setUpClass", "setUpModule", "asyncSetUp", "setup_method", "setup_class", "setup_module", "setup_function",
})  # fmt: skip
LAZY = b"lazy_fixture"  # of pytest-lazy-fixture and pytest-lazy-fixtures
OF_MODULES = frozenset({"setUpModule", "setup_module", "setup_function"})  # the others are methods
TEARDOWN = frozenset({
    "tearDown", "tearDownClass", "tearDownModule", "asyncTearDown", "teardown_method", "teardown_class",
    "teardown_module", "teardown_function", "doClassCleanups", "__exit__", "__aexit__", "__del__", "pytest_unconfigure",
    "pytest_sessionfinish", "pytest_runtest_teardown",
})  # fmt: skip


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
    if function.name in TEARDOWN or is_named_teardown(function):
        return "teardown"
    if function.name in SETUP and (function.name in OF_MODULES or function.owner is not None):
        return "setup"
    if function.name.startswith("pytest_"):
        return "hook"
    if function.name.startswith("test") and function.module.is_test:
        return "test"
    return "helper"


def is_named_teardown(function: Scope) -> bool:
    """Tell whether a method says that it tears down: who calls it, a plugin of the project perhaps, is not asked."""
    return function.owner is not None and function.name.lower().startswith(("teardown", "tear_down"))


def is_conftest(path: str) -> bool:
    """Tell whether a file is a conftest, under exactly that name."""
    return path.replace("\\", "/").rpartition("/")[2] == "conftest.py"


def fixture_call(function: Scope) -> ast.expr | None:
    """Return the decorator that makes a function a fixture, None for others."""
    known = function.memo.get("fixture")
    if known is None:
        known = function.memo["fixture"] = find_fixture_call(function)
    return known[0]


Options = dict[str, tuple[Scope, ast.expr]]  # keyword -> its value, and the scope in which that is read


def find_fixture_call(function: Scope) -> tuple[ast.expr | None, Options]:
    """Return the decorator that makes a function a fixture, and what it is given."""
    outer = function.parent or function
    for decorator in function.decorators:
        options = maker_options(outer, decorator)
        if options is not None:
            return decorator, options
    return None, {}


def maker_options(scope: Scope, expression: ast.expr, steps: int = 4) -> Options | None:
    """Return the keywords with which an expression makes fixtures, None when it makes none.

    Sees `pytest.fixture`, a call of it, a variable that holds either, and `functools.partial(pytest.fixture, ...)`.
    """
    if not isinstance(expression, ast.Call):
        name = resolve(scope, expression)
        if name in FIXTURE_MAKERS:
            return {}
        if not name.startswith(("functools.partial", *FIXTURE_MAKERS)) and "fixture" not in name:
            return None
        found = bound_to(scope, expression) if steps else None
        return maker_options(found[0], found[1], steps - 1) if found is not None else None
    maker = expression.func
    if expression.args and resolve(scope, maker) == "functools.partial":
        maker = expression.args[0]
    options = maker_options(scope, maker, steps)
    if options is None:
        return None
    return options | keywords_of(scope, expression)


def bound_to(scope: Scope, expression: ast.expr) -> tuple[Scope, ast.expr] | None:
    """Return the expression that a variable is set to, in this file or in the project file that it is imported from."""
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        binding, where = found if found is not None else (None, scope)
        if binding is not None and binding.kind == "assign" and isinstance(binding.value, ast.expr):
            return where, binding.value
    project = scope.module.project
    if project is None:
        return None
    imported = project.binding(resolve(scope, expression), scope.module.folder)
    if imported is not None and imported[0].kind == "assign" and isinstance(imported[0].value, ast.expr):
        return imported[1], imported[0].value
    return None


def keywords_of(scope: Scope, call: ast.Call) -> Options:
    """Return a call's keywords; those of `**{...}` and of a dictionary variable too."""
    options: Options = {}
    for keyword in call.keywords:
        if keyword.arg is not None:
            options[keyword.arg] = (scope, keyword.value)
            continue
        value, where = keyword.value, scope
        if isinstance(value, ast.Name):
            found = bound_to(scope, value)
            where, value = found if found is not None else (scope, value)
        if isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            options |= {str(key.value): (where, item) for key, item in pairs if isinstance(key, ast.Constant)}
        elif isinstance(value, ast.Call) and resolve(where, value.func) == "dict":
            options |= keywords_of(where, value)
    return options


def fixture_option(function: Scope, name: str) -> ast.expr | None:
    """Return the expression given for a keyword of `@pytest.fixture(...)`, None when it is absent."""
    return option(function.memo["fixture"][1], name) if fixture_call(function) is not None else None


def option(options: Options, name: str) -> ast.expr | None:
    """Return the expression given for a keyword; a variable stands for the constant that it is set to."""
    if name not in options:
        return None
    where, value = options[name]
    found = bound_to(where, value) if isinstance(value, (ast.Name, ast.Attribute)) else None
    return found[1] if found is not None and isinstance(found[1], ast.Constant) else value


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
    arguments = function.arguments
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names[1:] if function.owner is not None and names else names


def given_for(name: str, function: Scope, call: ast.Call) -> ast.expr | None:
    """Return what a call of a function gives to a parameter, by name or by place; None where that is not seen."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    names = parameters(function)
    position = names.index(name) if name in names else len(call.args)
    return call.args[position] if position < len(call.args) else None


def requested(function: Scope) -> list[str]:
    """Return the parameters that pytest fills with fixtures.

    Left out are those with a default, those that `mock.patch` and hypothesis fill, and those that are parametrised.
    """
    arguments = function.arguments
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    plain = positional[: len(positional) - len(arguments.defaults)]
    if function.owner is not None:
        plain = plain[1:]
    filled: set[str] = set()
    patches = 0
    for name, expression in marks_of(function):
        if not isinstance(expression, ast.Call):
            continue
        if name == "pytest.mark.parametrize":
            filled.update(parametrised(expression))
        elif name == "hypothesis.given":
            filled.update(keyword.arg for keyword in expression.keywords if keyword.arg is not None)
            plain = plain[: len(plain) - len(expression.args)]
        elif name.startswith("unittest.mock.patch"):
            patches += injects(name, expression)
    named = [
        argument.arg
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return [name for name in (*plain[patches:], *named) if name not in filled]


def is_requesting(function: Scope, name: str) -> bool:
    """Tell whether pytest has to find a fixture of this name for a test or fixture."""
    runs = role_of(function) in ("test", "fixture") or function.is_class
    return runs and (name in requested(function) or name not in parameters(function))


def used_fixtures(function: Scope) -> list[str]:
    """Return the fixtures that a function requests: parameters, `usefixtures` marks, lazy ones of parameter sets."""
    names = [*parameters(function), *filter(None, lazy_fixtures(function))]
    for name, expression in marks_of(function):
        if name != "pytest.mark.usefixtures":
            continue
        found = function.module.top.find(expression.id) if isinstance(expression, ast.Name) else None
        call = found[0].value if found is not None else expression  # with_database = pytest.mark.usefixtures(...)
        if isinstance(call, ast.Call):
            names.extend(filter(None, (fixture_named(function.module.top, item) for item in call.args)))
    return names


def lazy_fixtures(function: Scope) -> list[str]:
    """Return the fixtures that parameter sets name by a plugin's `lazy_fixture`, "" for what only the run names."""
    if not function.module.holds((LAZY,)):
        return []
    names = []
    pending: list[ast.AST] = [mark for name, mark in marks_of(function) if name == "pytest.mark.parametrize"]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and node.args and LAZY.decode() in resolve(function.module.top, node.func):
            names.append(fixture_named(function.module.top, node.args[0]))
        pending.extend(children(node))
    return names


def fixture_named(top: Scope, expression: ast.expr) -> str:
    """Return the fixture that an argument names: by a text, a constant, or `fixture.__name__`; "" for others."""
    if isinstance(expression, ast.Attribute) and expression.attr == "__name__":
        return resolve(top, expression.value).rpartition(".")[2]
    if isinstance(expression, ast.Name):
        found = top.find(expression.id)
        expression = found[0].value if found is not None and isinstance(found[0].value, ast.expr) else expression
    return str(expression.value) if isinstance(expression, ast.Constant) else ""
