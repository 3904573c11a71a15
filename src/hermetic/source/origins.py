"""Where a value was made: through names, imports, `self`, factories and fixtures, and how long it lives.

Asked of the objects on which tests change something: an application made for one test may be changed at will, one that
a module holds is everybody's.
"""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.callee import CASTS
from hermetic.source.marks import marker_name
from hermetic.source.names import (
    attribute_value,
    find_function,
    first_parameter,
    from_star_import,
    lineage,
    method_of,
    resolve,
)
from hermetic.source.scope import Binding, Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

OWN, SHARED, UNKNOWN = "own", "shared", "unknown"
MAX_STEPS = 12
CACHES = ("functools.lru_cache", "functools.cache")
HOLDERS = ("app", "application", "transport", "asgi_app")  # attributes and arguments by which a client knows its app
APPS = ("FastAPI", "Starlette")
WIDTHS = {"function": 0, "": 0, "class": 1, "module": 2, "package": 3, "session": 4}
EACH_TEST = frozenset({"setUp", "asyncSetUp", "setup_method"})
PASSED_THROUGH: dict[type, tuple[str, ...]] = {
    ast.Await: ("value",),
    ast.NamedExpr: ("value",),
    ast.Starred: ("value",),
    ast.Subscript: ("value",),
    ast.IfExp: ("body", "orelse"),
    ast.BoolOp: ("values",),
    ast.List: ("elts",),
    ast.Tuple: ("elts",),
}


class Origin:
    """Where one value was made.

    `value` is the expression that makes it, or the scope of a function or class; None where it cannot be followed.
    `name` is what it is bound to in `scope` (a dotted name where no file of the project holds it). `life` is `own`
    (made anew for each test), `shared`, or `unknown`; `holder` is the scope that keeps a shared one, None where that
    is not in the project.
    """

    __slots__ = ("holder", "life", "name", "scope", "value")

    def __init__(self, scope: Scope, value: ast.expr | Scope | None, name: str = "", life: str = OWN) -> None:
        self.scope = scope
        self.value = value
        self.name = name
        self.life = life
        self.holder: Scope | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes two origins the same thing: the file, the name and the line."""
        if self.value is None:
            return ("", self.name, 0)
        node = self.value.node if isinstance(self.value, Scope) else self.value
        return (os.path.abspath(self.scope.module.path), self.name, getattr(node, "lineno", 0))


def origins(scope: Scope, expression: ast.expr | None, project: Project, steps: int = MAX_STEPS) -> list[Origin]:
    """Return where the value of an expression is made; several where it can come from several places."""
    kind = expression.__class__
    if expression is None or not steps:
        return [Origin(scope, None, life=UNKNOWN)]
    if kind in FOLLOWED:
        return FOLLOWED[kind](scope, expression, project, steps - 1)
    if kind in PASSED_THROUGH:
        parts = [getattr(expression, field) for field in PASSED_THROUGH[kind]]
        parts = parts[0] if isinstance(parts[0], list) else parts
        return [found for part in parts for found in origins(scope, part, project, steps - 1)]
    return [Origin(scope, expression)]


def from_name(scope: Scope, name: ast.Name, project: Project, steps: int) -> list[Origin]:
    """Follow a bare name."""
    found = scope.find(name.id, name.lineno)
    if found is None:
        return from_dotted(scope, from_star_import(scope, name.id), project, steps)
    return from_binding(name.id, *found, project, steps)


def from_binding(name: str, binding: Binding, where: Scope, project: Project, steps: int) -> list[Origin]:
    """Follow what binds a name; what a module or class body makes is shared."""
    value = binding.value
    if binding.kind == "import":
        return from_dotted(where, str(value), project, steps)
    if binding.kind == "param":
        return from_parameter(name, where, project, steps)
    if isinstance(value, Scope):
        found = [Origin(where, value, name)]
    elif binding.kind in ("assign", "with", "for") and isinstance(value, ast.expr):
        found = origins(where, value, project, steps)
        for origin in found:
            if origin.value is value:
                origin.name = name
    else:
        return [Origin(where, None, name, UNKNOWN)]
    return found if in_function(where) else kept_by(where, found)


def in_function(scope: Scope) -> bool:
    """Tell whether a scope runs on each call, not once at import."""
    return scope.parent is not None and not scope.is_class


def kept_by(holder: Scope, found: list[Origin]) -> list[Origin]:
    """Mark values that something longer-lived than a test keeps."""
    for origin in found:
        if origin.life == OWN:
            origin.life, origin.holder = SHARED, holder
    return found


def from_dotted(scope: Scope, dotted: str, project: Project, steps: int) -> list[Origin]:
    """Follow a dotted name into the project file that binds it; what cannot be found there is some module's."""
    near = scope.module.folder
    found = project.binding(dotted, near) if steps else None
    if found is None:
        return [Origin(scope, None, dotted, SHARED)]
    return from_binding(dotted.rpartition(".")[2], *found, project, steps - 1)


def from_attribute(scope: Scope, attribute: ast.Attribute, project: Project, steps: int) -> list[Origin]:
    """Follow `self.app`, `module.app`, and `client.app` to what the client was made with."""
    base = attribute.value
    method = method_of(scope)
    if (
        method is not None
        and method.owner is not None
        and isinstance(base, ast.Name)
        and base.id == first_parameter(method)
    ):
        known = (attribute_value(cls, attribute.attr) for cls in lineage(method.owner))
        value = next((item for item in known if item is not None), None)
        if value is None:
            return [Origin(scope, None, attribute.attr, UNKNOWN)]
        found = origins(value[0], value[1], project, steps)
        return found if is_each_test(value[0]) else kept_by(value[0], found)
    dotted = resolve(scope, attribute)
    if dotted and dotted[0] not in "@.[" and not any(mark in dotted for mark in "([<"):
        return from_dotted(scope, dotted, project, steps)
    found = origins(scope, base, project, steps)
    return [
        inner
        for origin in found
        for inner in (held_by(origin, project, steps) if attribute.attr in HOLDERS else [origin])
    ]


def is_each_test(scope: Scope) -> bool:
    """Tell whether a function of a class runs anew for each test."""
    if scope.name in EACH_TEST or scope.name.startswith("test"):
        return True
    return roles.role_of(scope) == "fixture" and roles.fixture_scope(scope) == "function"


def held_by(client: Origin, project: Project, steps: int) -> list[Origin]:
    """Return the app that a client was made with; the client itself where its making does not say."""
    call = client.value
    if not isinstance(call, ast.Call):
        return [client]
    named = [keyword.value for keyword in call.keywords if keyword.arg in HOLDERS]
    for argument in [*named, *call.args[:1]]:
        if is_wrapper(client.scope, argument, project) and steps:
            inner = held_by(Origin(client.scope, argument), project, steps - 1)
        else:
            inner = origins(client.scope, argument, project, steps)
        return kept_by(client.holder, inner) if client.holder is not None else inner
    return [client]


def is_wrapper(scope: Scope, argument: ast.expr, project: Project) -> bool:
    """Tell whether an argument is not the app but something that holds it, as httpx's transport does."""
    if not isinstance(argument, ast.Call) or not (argument.args or argument.keywords):
        return False
    return project_function(scope, argument, project) is None and not resolve(scope, argument.func).endswith(APPS)


def from_call(scope: Scope, call: ast.Call, project: Project, steps: int) -> list[Origin]:
    """Follow a factory of the project into what it returns; other calls make something new."""
    name = resolve(scope, call.func)
    if name in CASTS and len(call.args) > 1:
        return origins(scope, call.args[1], project, steps)
    if name.endswith(".getfixturevalue") and call.args and isinstance(call.args[0], ast.Constant):
        return from_fixture(str(call.args[0].value), scope, project, steps)
    function = project_function(scope, call, project)
    if function is None or not function.is_function:
        return [Origin(scope, call)]
    found = [origin for value in results(function) for origin in origins(function, value, project, steps)]
    if any(marker_name(function.parent or function, item) in CACHES for item in function.decorators):
        return kept_by(function, found)
    return found or [Origin(scope, call)]


def project_function(scope: Scope, call: ast.Call, project: Project) -> Scope | None:
    """Return the function or lambda of the project that a call calls; None for others."""
    found = find_function(scope, call.func)
    if found is None:
        name = resolve(scope, call.func)
        if name and name[0] not in "@.[":
            found = project.definition(name, scope.module.folder)
    return found if found is not None and not found.is_class else None


def results(function: Scope) -> Iterator[ast.expr]:
    """Yield what a function returns or yields."""
    function.module.load(function)
    for node in function.kept(ast.Return, ast.Yield):
        if node.value is not None:
            yield node.value


def from_parameter(name: str, function: Scope, project: Project, steps: int) -> list[Origin]:
    """Follow a parameter: a fixture, or what the callers of a helper pass."""
    if roles.role_of(function) in ("test", "fixture", "setup"):
        return from_fixture(name, function, project, steps)
    found = [origin for scope, value in passed(name, function) for origin in origins(scope, value, project, steps)]
    return found or [Origin(function, None, name, UNKNOWN)]


def from_fixture(name: str, user: Scope, project: Project, steps: int) -> list[Origin]:
    """Follow a fixture; one that outlives the test is shared, unless its user lives as long."""
    fixture = project.fixture(name, user.module, user)
    if fixture is None or fixture is user or not fixture.is_function:
        return [Origin(user, None, f"@{name}", SHARED if name == "request" else UNKNOWN)]
    found = [origin for value in results(fixture) for origin in origins(fixture, value, project, steps)]
    mine = roles.fixture_scope(user) if roles.role_of(user) == "fixture" else "function"
    return kept_by(fixture, found) if WIDTHS.get(roles.fixture_scope(fixture), 0) > WIDTHS.get(mine, 0) else found


def passed(name: str, function: Scope) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield `(scope, expression)` for each call in the function's own file that gives a parameter a value."""
    calls: list[tuple[Scope, ast.Call]] | None = function.memo.get("called here")
    if calls is None:
        calls = function.memo["called here"] = [
            (scope, call)
            for scope, call in calls_in(function.module, function.name)
            if find_function(scope, call.func) is function
        ]
    for scope, call in calls:
        yield from argument(name, function, scope, call)


def passed_from(name: str, function: Scope, module: Module, project: Project) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield `(scope, expression)` for each call in another file that gives a parameter a value."""
    for scope, call in calls_in(module, function.name):
        if project_function(scope, call, project) is function:
            yield from argument(name, function, scope, call)


def calls_in(module: Module, name: str) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the calls in those functions of a file whose text holds a name."""
    for caller in module.functions_naming(name):
        for scope in caller.family():
            for node in scope.kept(ast.Call):
                if isinstance(node, ast.Call):
                    yield scope, node


def argument(name: str, function: Scope, scope: Scope, call: ast.Call) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield the value that a call gives to a parameter, by name or by place."""
    value = roles.given_for(name, function, call)
    if value is not None:
        yield scope, value


FOLLOWED: dict[type, Callable[..., list[Origin]]] = {
    ast.Name: from_name,
    ast.Attribute: from_attribute,
    ast.Call: from_call,
}
