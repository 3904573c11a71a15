"""The patches of `unittest.mock` that are started."""

from __future__ import annotations

import sys
from typing import Any

MOCK = "unittest.mock"  # imported by those who use it


def started_patches(known: list[Any]) -> list[Any]:
    """Return the patches that were started and not stopped, the eldest first; the known list, where it is these."""
    mock: Any = sys.modules.get(MOCK)
    active = mock._patch._active_patches if mock is not None else []  # noqa: SLF001 - nothing else tells
    return known if active == known else [*active]  # some plugins start theirs once, for all tests


def of_attributes(patchers: list[Any]) -> list[Any]:
    """Return the patches of attributes, the youngest first, but for those that ended without `stop`."""
    return [patcher for patcher in reversed(patchers) if hasattr(patcher, "temp_original")]


def without(patcher: Any, copy: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with what a started patch has replaced; that it is started is the business of HRM304."""
    copy = copy.copy()
    if patcher.is_local:
        copy[patcher.attribute] = patcher.temp_original
    else:
        del copy[patcher.attribute]
    return copy
