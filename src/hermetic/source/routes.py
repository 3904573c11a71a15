"""The routes of a FastAPI application, read statically: through routers, factories and the files that it imports."""

from __future__ import annotations

import _ast as ast

from hermetic.source.dependencies import listed, subdependencies
from hermetic.source.names import resolve
from hermetic.source.origins import Origin, origins, project_function
from hermetic.source.roles import parameters
from hermetic.source.scope import Scope, load_import_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
DECORATORS = METHODS | {"api_route", "websocket", "websocket_route", "route"}
ADDERS = frozenset({"add_api_route", "add_api_websocket_route", "add_route", "add_websocket_route"})
INCLUDES = frozenset({"include_router"})
MAKERS = ("fastapi.FastAPI", "fastapi.applications.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter")
ENDPOINT = 1  # the position of the function among the arguments of `add_api_route`


class Route:
    """One route: its path as far as it is written out, the function, and what app, routers and decorator add to it."""

    __slots__ = ("added", "function", "path")

    def __init__(self, path: str, function: Origin, added: list[Origin]) -> None:
        self.path = path
        self.function = function
        self.added = added


class Holder:
    """An app or router while it is read: what comes before its paths, and the dependencies of all its routes."""

    __slots__ = ("added", "origin", "prefix")

    def __init__(self, origin: Origin, prefix: str, added: list[Origin]) -> None:
        self.origin = origin
        self.prefix = prefix
        self.added = added


def routes_of(app: Origin, project: Project) -> Routes:
    """Return the routes of an application, read once."""
    memo = app.scope.module.top.memo
    known = memo.get(f"routes:{app.key}")
    if known is None:
        known = memo[f"routes:{app.key}"] = Routes(app, project)
    return known


class Routes:
    """All routes of an application. `complete` is false when some of it could not be read."""

    def __init__(self, app: Origin, project: Project) -> None:
        self.project = project
        self.found: list[Route] = []
        self.complete = True
        self._reading: set[tuple[str, str, int]] = set()
        self._read(Holder(app, "", []))

    def reaching(self, wanted: Scheme, route: Route) -> bool:
        """Tell whether a request to a route gets to a dependency that `wanted` accepts, overridden ones left out."""
        pending = [*route.added, *subdependencies(route.function, self.project)]
        seen: set[tuple[str, str, int]] = set()
        while pending:
            origin = pending.pop()
            if origin.key in seen:
                continue
            seen.add(origin.key)
            replaced = wanted.replaced(origin)
            if replaced is None and wanted.accepts(origin):
                return True
            for part in [origin] if replaced is None else replaced:
                pending.extend(subdependencies(part, self.project))
        return False

    def _read(self, holder: Holder) -> None:
        """Read every place that adds a route to an app or router."""
        call = holder.origin.value
        if not isinstance(call, ast.Call) or resolve(holder.origin.scope, call.func) not in MAKERS:
            self.complete = False
            return
        if holder.origin.key in self._reading:
            return
        self._reading.add(holder.origin.key)
        holder.prefix += text_argument(call, "prefix")
        holder.added.extend(listed(holder.origin.scope, call, self.project))
        for module in self._modules(holder.origin):
            for scope in scopes_of(module, holder.origin.name):
                self._read_scope(scope, holder, "")
        self._reading.discard(holder.origin.key)

    def _modules(self, holder: Origin) -> list[Module]:
        """Return the files that can add to an app: its own, and those that its own imports and that name it."""
        own = holder.scope.module
        imported = [self.project.module(path) for _, _, path in self.project.imports(own)]
        others = [module for module in imported if module is not None and module is not own]
        return [own, *(module for module in others if holder.name in module.top.bindings)]

    def _means(self, scope: Scope, expression: ast.expr, holder: Holder, parameter: str) -> bool:
        """Tell whether an expression is the app or router; in a function of another file that is a parameter."""
        if parameter and isinstance(expression, ast.Name) and expression.id == parameter:
            return True
        found = origins(scope, expression, self.project) if is_named(expression) else []
        return any(origin.key == holder.origin.key for origin in found)

    def _read_scope(self, scope: Scope, holder: Holder, parameter: str) -> None:
        """Read what one scope adds to an app or router."""
        outer = scope.parent or scope
        for decorator in getattr(scope.node, "decorator_list", ()) if scope.is_function else ():
            func = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not isinstance(func, ast.Attribute) or func.attr not in DECORATORS:
                continue
            if self._means(outer, func.value, holder, parameter):
                self._add(outer, decorator, Origin(outer, scope, scope.name), holder)
        for call in scope.kept(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr in (*ADDERS, *INCLUDES):
                if self._means(scope, call.func.value, holder, parameter):
                    self._add_by_call(scope, call, call.func.attr, holder)
                continue
            for position, argument in enumerate(call.args):
                if isinstance(argument, ast.Name) and self._means(scope, argument, holder, parameter):
                    self._read_helper(scope, call, position, holder)

    def _add(self, scope: Scope, decorator: ast.expr, function: Origin, holder: Holder) -> None:
        """Add the route that a decorator or an `add_api_route` makes."""
        call = decorator if isinstance(decorator, ast.Call) else None
        own = listed(scope, call, self.project) if call is not None else []
        path = text_argument(call, "path", 0) if call is not None else ""
        self.found.append(Route(holder.prefix + path, function, [*holder.added, *own]))

    def _add_by_call(self, scope: Scope, call: ast.Call, method: str, holder: Holder) -> None:
        """Add the routes of an included router, or one route given by a call."""
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("router", "endpoint")]
        position = 0 if method in INCLUDES else ENDPOINT
        given = [*call.args[position : position + 1], *named]
        self.complete = self.complete and bool(given)
        for origin in origins(scope, given[0], self.project) if given else ():
            if method in INCLUDES:
                inherited = [*holder.added, *listed(scope, call, self.project)]
                self._read(Holder(origin, holder.prefix + text_argument(call, "prefix"), inherited))
            else:
                self._add(scope, call, origin, holder)

    def _read_helper(self, scope: Scope, call: ast.Call, position: int, holder: Holder) -> None:
        """Read a project function of another file that is given the app: `register_routes(app)`."""
        function = project_function(scope, call, self.project)
        if function is None or function.module is scope.module:
            return
        names = parameters(function)
        if position < len(names):
            function.module.load(function)
            for inner in function.family():
                self._read_scope(inner, holder, names[position])


class Scheme:
    """What a search through the routes looks for, and what the overrides replace on the way."""

    def accepts(self, origin: Origin) -> bool:
        """Tell whether a dependency is what is looked for."""
        raise NotImplementedError

    def replaced(self, origin: Origin) -> list[Origin] | None:
        """Return what stands for an overridden dependency; None for one that is not overridden."""
        raise NotImplementedError


def is_named(expression: ast.AST) -> bool:
    """Tell whether an expression is a name or a dotted name."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return isinstance(expression, ast.Name)


def scopes_of(module: Module, name: str) -> Iterator[Scope]:
    """Yield the loaded scopes of a file that can use an app or router of this name."""
    yield load_import_time(module.top)
    for function in module.functions_naming(name):
        yield from function.family()


def text_argument(call: ast.Call, name: str, position: int = 9) -> str:
    """Return an argument that is a written-out string, "" for others."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == name] or call.args[position : position + 1]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else ""
