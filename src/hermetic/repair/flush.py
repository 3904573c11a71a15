"""One database is emptied instead of the whole server."""

from __future__ import annotations

import _ast as ast

from hermetic.finding import Edit, Fix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.repair.place import Place

CLIENTS = (b"Redis(", b"Valkey(", b"from_url(")


def fix(place: Place) -> Fix | None:
    """Write `flushdb` for `flushall`: the same, where the file has one client."""
    call = place.node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "flushall":
        return None
    end = place.layout.end(call.func)
    several = sum(place.module.data.count(name) for name in CLIENTS) > 1
    return Fix("use flushdb", [Edit(end - len("flushall"), end, "flushdb")], safe=not several)
