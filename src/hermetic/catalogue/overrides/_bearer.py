"""What HRM203 looks for in the routes, and which routes a test requests."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.dependencies import subdependencies
from hermetic.source.names import resolve
from hermetic.source.origins import Origin, origins
from hermetic.source.routes import METHODS, Scheme

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.overrides._table import Override
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

REQUESTS = METHODS | {"request", "stream", "websocket_connect"}
WITH_METHOD = ("request", "stream")  # their first argument is the method, the second the path
MAX_DEPTH = 40


class Search(Scheme):
    """The security schemes of one overridden dependency, and what else is overridden."""

    def __init__(self, user: Origin, scheme: str, overrides: list[Override], project: Project) -> None:
        self.replacements: dict[tuple[str, str, int], list[Origin]] = {}
        self.met = scheme
        names = set()
        for override in overrides:
            for origin in origins(override.scope, override.key, project):
                self.replacements[origin.key] = origins(override.scope, override.value, project)
                names.add(last(origin.name))
        # What is seen below the user counts by its place, the configured scheme by its name.
        self.keys = {
            origin.key: last(origin.name) for origin in schemes_below(user, project) if last(origin.name) not in names
        }
        bound = bound_scheme(scheme, user, project)
        meant = user.value is None or (bound is not None and not is_lenient(bound))
        self.name = scheme if meant and scheme not in names else ""
        self.schemes = [*([self.name] if self.name else []), *self.keys.values()]

    def accepts(self, origin: Origin) -> bool:
        """Take the schemes of the user, and the configured one, that refuse requests without a token."""
        mine = origin.key in self.keys or (bool(self.name) and last(origin.name) == self.name)
        if mine and not is_lenient(origin):
            self.met = last(origin.name)
            return True
        return False

    def replaced(self, origin: Origin) -> list[Origin] | None:
        """Return what the overrides put in its place."""
        return self.replacements.get(origin.key)


def last(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def schemes_below(user: Origin, project: Project) -> list[Origin]:
    """Return the schemes of `fastapi.security` that a dependency asks for, itself or through others."""
    found: list[Origin] = []
    pending = subdependencies(user, project)
    for _ in range(MAX_DEPTH):
        if not pending:
            break
        origin = pending.pop()
        if is_scheme(origin) and not is_lenient(origin):
            found.append(origin)
        pending.extend(subdependencies(origin, project))
    return found


def is_scheme(origin: Origin) -> bool:
    """Tell whether a value is a security scheme of FastAPI that has a name by which it can be overridden."""
    return isinstance(origin.value, ast.Call) and bool(origin.name) and is_security(origin.scope, origin.value)


def is_security(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call makes a security scheme."""
    return resolve(scope, call.func).startswith("fastapi.security.")


def is_lenient(origin: Origin) -> bool:
    """Tell whether a scheme lets requests without a token pass."""
    return isinstance(origin.value, ast.Call) and any(
        keyword.arg == "auto_error" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in origin.value.keywords
    )


def bound_scheme(name: str, user: Origin, project: Project) -> Origin | None:
    """Return what the configured scheme is in the file of the user's dependency."""
    top = user.scope.module.top
    if name not in top.bindings:
        return None
    return next(iter(origins(top, ast.Name(id=name, lineno=0), project)), None)


def requested(scope: Scope) -> list[str] | None:
    """Return the paths that the tests around an override request; None where they are not written out."""
    if scope.parent is None or scope.is_class or roles.is_conftest(scope.module.path):
        return None
    outer = scope
    while outer.parent is not None and outer.parent.is_function:
        outer = outer.parent
    paths = paths_in(outer)
    if paths or paths is None:
        return paths
    found: list[str] = []
    for function in scope.module.functions_with(tuple(f".{method}(".encode() for method in REQUESTS)):
        more = paths_in(function)
        if more is None:
            return None
        found.extend(more)
    return found or None


def paths_in(function: Scope) -> list[str] | None:
    """Return the paths in the requests of one function; None when a request has none that is written out."""
    found: list[str] = []
    for scope in function.family():
        for call in scope.kept(ast.Call):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in REQUESTS:
                continue
            position = 1 if call.func.attr in WITH_METHOD else 0
            given = call.args[position : position + 1]
            path = path_text(given[0]) if given else ""
            if path:
                found.append(path)
            elif "client" in resolve(scope, call.func.value).lower() or not given:
                return None
    return found


def path_text(expression: ast.expr) -> str:
    """Return the path of a URL, with `{}` for what is filled in; "" when it is none."""
    if isinstance(expression, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in expression.values)
    else:
        text = expression.value if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else ""
    if "://" in text:
        text = "/" + text.partition("://")[2].partition("/")[2]
    return text.partition("?")[0] if text.startswith("/") else ""


def fits(route: str, path: str) -> bool:
    """Tell whether a requested path means a route."""
    wanted, given = segments(route), segments(path)
    return len(wanted) == len(given) and ends_like(wanted, given)


def fits_end(route: str, path: str) -> bool:
    """Tell whether a requested path can mean a route below a prefix that the client adds."""
    wanted, given = segments(route), segments(path)
    return len(wanted) > len(given) and any(part in wanted for part in given) and ends_like(wanted, given)


def segments(path: str) -> list[str]:
    """Return the parts of a path."""
    return path.strip("/").split("/")


def ends_like(wanted: list[str], given: list[str]) -> bool:
    """Tell whether the last parts of two paths agree, where neither is filled in at run time."""
    pairs = zip(reversed(wanted), reversed(given), strict=False)
    return all(part == segment or "{" in part or "{" in segment for part, segment in pairs)
