"""Where Python looks for modules."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from hermetic.guard.places import is_users
from hermetic.guard.probe import Change, Probe, list_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    Lists = tuple[tuple[list[object], list[object]], ...]

NAMES = ("path", "meta_path", "path_hooks")


class ImportPathProbe(Probe["Lists"]):
    """`sys.path`, `sys.meta_path` and `sys.path_hooks`: which list it is, and its items."""

    code = "HRM103"

    def snapshot(self) -> Lists:
        """Copy the three lists (about 1 us)."""
        return tuple((found, found[:]) for found in (sys.path, sys.meta_path, sys.path_hooks))  # type: ignore[return-value]

    def changes(self, before: Lists, after: Lists) -> Iterator[Change]:
        """Compare list by list. Finders that a library adds when it is imported are benign."""
        for name, old, new in zip(NAMES, before, after, strict=True):
            if old[0] is not new[0]:
                undo = functools.partial(put_back, name, *old)
                yield Change(f"sys.{name}", old[1], new[1], undo)
            elif old[1] != new[1] and not (name != "path" and only_libraries(old[1], new[1])):
                yield list_change(f"sys.{name}", old, new[1])


def put_back(name: str, kept: list[object], items: list[object]) -> None:
    """Set the old list with its old items."""
    kept[:] = items
    setattr(sys, name, kept)


def only_libraries(old: list[object], new: list[object]) -> bool:
    """Tell whether nothing was removed, and what was added is no code of the project."""
    added = [item for item in new if not any(item is other for other in old)]
    return len(new) - len(added) == len(old) and not any(is_users(item) for item in added)
