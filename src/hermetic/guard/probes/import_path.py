"""Where Python looks for modules."""

from __future__ import annotations

import functools
import operator
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard._words import is_in_test_file
from hermetic.guard.places import is_users
from hermetic.guard.probe import MOMENT, Change, Probe, list_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    Lists = tuple[tuple[list[object], list[object]], ...]

NAMES = ("path", "meta_path", "path_hooks")


class ImportPathProbe(Probe["Lists"]):
    """`sys.path`, `sys.meta_path` and `sys.path_hooks`: which list it is, and its items."""

    code = "HRM103"
    at_import = True
    between = True

    def __init__(self) -> None:
        self.imported: pytest.Module | None = None  # the test file that is imported, or was
        self.last: Lists | None = None
        self.lists: list[list[Any]] = []  # the three of the last snapshot, and a copy of each
        self.mirrors: list[list[Any]] = []

    def import_begins(self, collector: pytest.Module) -> None:
        """Learn which file is imported."""
        self.imported = collector

    def snapshot(self) -> Lists:
        """Compare the three lists with their copies (below 1 us), and where one differs copy all."""
        lists: list[list[Any]] = [sys.path, sys.meta_path, sys.path_hooks]
        if self.last is None or lists != self.mirrors or not all(map(operator.is_, lists, self.lists)):
            self.lists, self.mirrors = lists, [found[:] for found in lists]
            self.last = tuple(zip(lists, self.mirrors, strict=True))
        return self.last

    def changes(self, before: Lists, after: Lists) -> Iterator[Change]:
        """Compare list by list. Finders that a library adds when it is imported are benign."""
        for name, old, new in zip(NAMES, before, after, strict=True):
            now = new[1]
            if name == "path" and now != old[1]:
                now = without(now, old[1], added_by_pytest(MOMENT.item or self.imported))
            if old[0] is not new[0]:
                undo = functools.partial(put_back, name, *old)
                yield Change(f"sys.{name}", old[1], now, undo)
            elif old[1] != now and not (name != "path" and only_others(old[1], now, importing=MOMENT.item is None)):
                yield list_change(f"sys.{name}", old, now)


def added_by_pytest(node: pytest.Item | pytest.Module | None) -> str:
    """Return the folder that pytest itself adds for a file, and again when it sets up the package of a test; or ""."""
    if node is None or node.config.getoption("importmode", "prepend") == "importlib":
        return ""
    if isinstance(node, pytest.Item) and not any(isinstance(one, pytest.Package) for one in node.listchain()):
        return ""
    folder = node.path.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return str(folder)


def without(now: list[object], old: list[object], folder: str) -> list[object]:
    """Return a path without the folder that pytest adds, in front even where it stands further back already."""
    if not folder:
        return now
    if folder not in old:
        return [item for item in now if item != folder]
    return now[1:] if now[:1] == [folder] and old[:1] != [folder] else now


def put_back(name: str, kept: list[object], items: list[object]) -> None:
    """Set the old list with its old items."""
    kept[:] = items
    setattr(sys, name, kept)


def only_others(old: list[object], new: list[object], *, importing: bool) -> bool:
    """Tell whether nothing was removed, and what was added is no code of the project.

    While test files are imported the code under test may add what it brings along, as it does in every process.
    """
    added = [item for item in new if not any(item is other for other in old)]
    own = [item for item in added if is_users(item) and not (importing and not is_in_test_file(item))]
    return len(new) - len(added) == len(old) and not own
