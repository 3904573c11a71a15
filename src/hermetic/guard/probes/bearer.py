"""Security schemes that a route still asks for although the dependency that used them is overridden."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hermetic.guard._requests import Fault, RequestsProbe, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_HEADER = ("HTTPBearer", "HTTPBasic", "HTTPDigest", "HTTPBase", "OAuth2", "OpenIdConnect")


class BearerProbe(RequestsProbe):
    """Walks the dependencies of each route that is requested, as they are with the overrides."""

    code = "HRM203"

    def requested(self, given: dict[str, Any], overrides: dict[Any, Any]) -> None:
        """Compare the schemes below overridden dependencies with those that are reached on another path."""
        request, dependant = given.get("request"), given.get("dependant")
        if request is None or dependant is None or "authorization" in request.headers:
            return
        taken: list[tuple[Any, Any]] = []
        reached: list[Any] = []
        walk(dependant, overrides, taken, reached)
        for user, scheme in taken:
            if any(scheme is other for other in reached) and refuses(scheme):
                kind = type(scheme).__name__
                route = f"{request.scope.get('method', '')} {request.scope.get('path', '')}".strip()
                self.suspects.append(
                    Fault(f"the {kind} of {name_of(user)}", "overridden with it", f"still asked for by {route}")
                )


def walk(dependant: Any, overrides: dict[Any, Any], taken: list[tuple[Any, Any]], reached: list[Any]) -> None:
    """Sort the schemes of a tree: those that overrides take out of it, and those that are reached."""
    for below in dependant.dependencies:
        if below.call in overrides:
            taken += [(below.call, scheme) for scheme in schemes(below) if scheme is not below.call]
            continue
        if is_scheme(below.call):
            reached.append(below.call)
        walk(below, overrides, taken, reached)


def schemes(dependant: Any) -> Iterator[Any]:
    """Yield the schemes of a tree."""
    if is_scheme(dependant.call):
        yield dependant.call
    for below in dependant.dependencies:
        yield from schemes(below)


def is_scheme(value: object) -> bool:
    """Tell whether a dependency is one of FastAPI's security schemes."""
    base = getattr(sys.modules.get("fastapi.security.base"), "SecurityBase", None)
    return base is not None and isinstance(value, base)


def refuses(scheme: object) -> bool:
    """Tell whether a scheme refuses requests without an `Authorization` header."""
    kinds = {each.__name__ for each in type(scheme).__mro__}
    return bool(getattr(scheme, "auto_error", False)) and not kinds.isdisjoint(READ_HEADER)
