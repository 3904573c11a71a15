"""Where Python looks for modules."""

from __future__ import annotations

import functools
import operator
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard._definitions import is_mock
from hermetic.guard._words import is_in_test_file, source_in
from hermetic.guard.compare import is_among, same, same_objects
from hermetic.guard.places import is_users
from hermetic.guard.probe import MOMENT, Change, Probe, list_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    Lists = tuple[tuple[list[object], list[object]], ...]

NAMES = ("path", "meta_path", "path_hooks")
ADDS = re.compile(r"^(?:sys\.)?(?:meta_path|path_hooks)\b", re.MULTILINE)


class ImportPathProbe(Probe["Lists"]):
    """`sys.path`, `sys.meta_path` and `sys.path_hooks`: which list it is, and its items."""

    code = "HRM103"
    at_import = True
    between = True

    def __init__(self) -> None:
        self.imported: pytest.Module | None = None  # the test file that is imported, or was
        self.count = 0  # of the modules that were there when the test began
        self.last: Lists | None = None
        self.lists: list[list[Any]] = []  # the three of the last snapshot, and a copy of each
        self.mirrors: list[list[Any]] = []

    def import_begins(self, collector: pytest.Module) -> None:
        """Learn which file is imported."""
        self.imported = collector

    def test_begins(self, item: pytest.Item) -> None:
        """Learn what is imported by now."""
        self.count = len(sys.modules)

    def snapshot(self) -> Lists:
        """Compare the three lists with their copies (below 1 us), and where one differs copy all."""
        lists: list[list[Any]] = [sys.path, sys.meta_path, sys.path_hooks]
        if self.last is None or not same_objects(lists, self.mirrors) or not all(map(operator.is_, lists, self.lists)):
            self.lists, self.mirrors = lists, [found[:] for found in lists]
            self.last = tuple(zip(lists, self.mirrors, strict=True))
        return self.last

    def changes(self, before: Lists, after: Lists) -> Iterator[Change]:
        """Compare list by list. Finders that a library adds when it is imported are benign."""
        for name, old, new in zip(NAMES, before, after, strict=True):
            now = new[1]
            if name == "path" and not same_objects(now, old[1]):
                now = without(now, old[1], added_by_pytest(MOMENT.item or self.imported))
            if old[0] is not new[0]:
                undo = functools.partial(put_back, name, *old)
                yield Change(f"sys.{name}", old[1], now, undo)
            elif not same_objects(old[1], now) and not (name != "path" and self.are_only_others(old[1], now)):
                yield list_change(f"sys.{name}", old, now)

    def are_only_others(self, old: list[object], new: list[object]) -> bool:
        """Tell whether nothing was removed, and what was added is no code of the project, or came with its import.

        The code under test may add what it brings along when it is imported, as it does in every process.
        """
        added = [item for item in new if not any(item is other for other in old)]
        own = [item for item in added if is_mock(item) or (is_users(item) and not self.is_brought(item))]
        return len(new) - len(added) == len(old) and not own

    def is_brought(self, item: object) -> bool:
        """Tell whether code under test added an item when it was imported: with a test file, or by the test."""
        if is_in_test_file(item):
            return False
        name = item.__module__ if isinstance(item, type) else type(item).__module__
        return MOMENT.item is None or (name in [*sys.modules][self.count :] and adds_at_import(name))


def adds_at_import(name: str) -> bool:
    """Tell whether a module adds to one of the lists in a line that is not indented."""
    path = getattr(sys.modules.get(name), "__file__", None)
    return isinstance(path, str) and ADDS.search(source_in(path)) is not None


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
    if not is_among(folder, old):
        return [item for item in now if not same(item, folder)]
    return now[1:] if now[:1] == [folder] and old[:1] != [folder] else now


def put_back(name: str, kept: list[object], items: list[object]) -> None:
    """Set the old list with its old items."""
    kept[:] = items
    setattr(sys, name, kept)
