"""What one file needs to know of the others: the conftests and fixtures that apply to it."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.leading import Leading
from hermetic.source.lookup import Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from hermetic.source.module import Module
    from hermetic.source.scope import Scope
    from hermetic.source.text import Text


class Project(Lookup):
    """The files around the one that is checked. Nothing is imported: names are looked up as files below the roots."""

    def __init__(
        self,
        root: str,
        presets: frozenset[str] = frozenset(),
        options: dict[str, list[Any]] | None = None,
        python_files: tuple[str, ...] = ("test_*.py", "*_test.py"),
    ) -> None:
        super().__init__(root, python_files)
        self.presets = presets
        self.options = options or {}
        # A folder, and the beginnings of the node ids that pytest leaves out, relative to it.
        self.deselected: tuple[str, tuple[str, ...]] = ("", ())
        # Tells what pytest itself puts back, see `kept`; only asked where that matters, since it reads a file.
        self.find_kept: Callable[[], frozenset[str]] = frozenset
        self._kept: frozenset[str] | None = None
        # What rules noted of the files checked so far, by a key of their own; no trees or scopes, which are let go.
        self.seen: dict[object, Any] = {}
        self._conftests: dict[str, list[str]] = {}  # the conftest files of a folder and those above, nearest first
        self._providers: dict[Module, list[Module]] = {}  # forgotten with the files
        self.leading = Leading(self)

    def open(self, path: str, data: bytes) -> Text:
        """Return a file as text that knows its project."""
        text = super().open(path, data)
        text.project = self
        return text

    def forget_worked_out(self) -> None:
        """Forget whose fixtures tests see, too."""
        super().forget_worked_out()
        self._providers = {}

    @property
    def kept(self) -> frozenset[str]:
        """What pytest itself puts back around each phase of a test."""
        if self._kept is None:
            self._kept = self.find_kept()
        return self._kept

    def is_deselected(self, path: str, names: list[str]) -> bool:
        """Tell whether pytest is told to leave out a test, given by its classes and its own name."""
        folder, beginnings = self.deselected
        if not beginnings:
            return False
        node = "::".join((os.path.relpath(path, folder).replace(os.sep, "/"), *names))
        return node.startswith(beginnings)

    def conftests(self, path: str) -> list[Module]:
        """Return the conftest files that apply to a test file, nearest first (the file itself left out)."""
        own = os.path.abspath(path)
        folder = os.path.dirname(own)
        paths = self._conftests.get(folder)
        if paths is None:
            paths = self._conftests[folder] = list(self.conftests_above(folder))
        others = (candidate for candidate in paths if candidate != own)
        return [found for found in map(self.module, others) if found is not None]

    def conftests_above(self, folder: str) -> Iterator[str]:
        """Yield the conftest files in a folder and in those above it, up to the root."""
        while True:
            if "conftest.py" in self.listing(folder):
                self.found.add(os.path.join(folder, "conftest.py"))
                yield os.path.join(folder, "conftest.py")
            parent = os.path.dirname(folder)
            if folder in {self.root, parent} or not folder.startswith(self.root):
                return
            folder = parent

    def packages_above(self, folder: str) -> Iterator[str]:
        """Yield the `__init__` files of the packages that a folder is in, the innermost first."""
        above = os.path.dirname(folder)
        if "__init__.py" in self.listing(folder) and folder.startswith(self.root):
            yield os.path.join(folder, "__init__.py")
            if above != folder:
                yield from self.packages_above(above)

    def imported_before(self, module: Module, word: bytes) -> Iterator[Module]:
        """Yield the files with a word that pytest imports before a test file: its packages, the conftests above it."""
        own, folder = os.path.abspath(module.path), module.folder
        for path in (*self.packages_above(folder), *self.conftests_above(folder)):
            text = self.text(path) if path != own else None
            found = self.module(path) if text is not None and word in text.data else None
            if found is not None:
                yield found

    def providers(self, module: Module) -> list[Module]:
        """Return the files whose fixtures a test in `module` sees, nearest first.

        These are the file itself and its conftests, each followed by the project files that it imports with a star or
        names in `pytest_plugins`, and by those that these import in the same way.
        """
        known = self._providers.get(module)
        if known is None:
            levels = (module, *self.conftests(module.path))
            found = (provider for level in levels for provider in self.with_plugins(level))
            known = self._providers[module] = list(dict.fromkeys(found))
        return known

    def with_plugins(self, module: Module) -> list[Module]:
        """Return a file, followed by those whose fixtures it passes on."""
        found: list[Module] = []
        pending = [module]
        while pending:
            level = pending.pop()
            if level not in found:
                found.append(level)
                pending.extend(reversed(self.plugins_of(level)))
        return found

    def plugins_of(self, module: Module) -> list[Module]:
        """Return the project files that a file imports with a star or names in `pytest_plugins`."""
        paths: list[str] | None = module.top.memo.get("plugins")
        if paths is None:
            near = module.folder
            names = [str(binding.value) for binding in module.top.bindings.get("*", ())]
            listed = module.top.bindings.get("pytest_plugins", ())
            names += [name for binding in listed for name in words(binding.value)]
            paths = [path for path in (self.file_of(name, near) for name in names) if path is not None]
            module.top.memo["plugins"] = paths
        # Not the files themselves: a conftest outlives them, and they are let go once they have been checked.
        return [found for found in map(self.module, paths) if found is not None]

    def fixture(self, name: str, module: Module, near: Scope | None = None) -> Scope | None:
        """Return the fixture that `near`, a test or fixture in `module`, gets under `name`.

        Its class comes first, then its file, then the conftests. A fixture that requests its own name gets the one
        that it overrides.
        """
        owners = self.lineage(near.owner) if near is not None and near.owner is not None else []
        for base in owners:
            mine = [item for item in fixtures_by_name(base.module).get(name, ()) if item.owner is base]
            if base.module is not module and mine:
                return mine[-1]
        for level in self.providers(module):
            named = fixtures_by_name(level).get(name)
            for owner in (*owners, None) if named else ():
                mine = [item for item in named or () if item.owner is owner and item is not near]
                if mine:
                    return mine[-1]
            imported = level.top.bindings.get(name)
            if imported and imported[-1].kind == "import":
                near_folder = level.folder
                return self.definition(str(imported[-1].value), near_folder)
        return None

    def autouse(self, module: Module, function: Scope) -> list[Scope]:
        """Return the autouse fixtures that run around `function`, those of inherited classes of other files too."""
        owners = self.lineage(function.owner) if function.owner is not None else []
        levels = self.providers(module)
        found = [item for level in levels for item in autouse_of(level) if item.owner is None or item.owner in owners]
        elsewhere = (owner for owner in owners if owner.module not in levels)
        found += [item for owner in elsewhere for item in autouse_of(owner.module) if item.owner is owner]
        return [item for item in found if item is not function]


def words(value: object) -> list[str]:
    """Return the strings of a written-out constant, list or tuple."""
    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value]
    return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def autouse_of(module: Module) -> list[Scope]:
    """Return the autouse fixtures defined in a file; one that a later definition hides does not run."""
    known: list[Scope] | None = module.top.memo.get("autouse fixtures")
    if known is None:
        known = module.top.memo["autouse fixtures"] = [
            item for item in fixtures_of(module) if roles.is_autouse(item) and not is_hidden(item)
        ]
    return known


def is_hidden(function: Scope) -> bool:
    """Tell whether a later definition of the same name takes the place of a function."""
    return function.parent is not None and function.parent.bindings[function.name][-1].value is not function


def fixtures_by_name(module: Module) -> dict[str, list[Scope]]:
    """Return the fixtures defined in a file by the name that requests them."""
    known: dict[str, list[Scope]] | None = module.top.memo.get("fixtures by name")
    if known is None:
        known = module.top.memo["fixtures by name"] = {}
        for item in fixtures_of(module):
            known.setdefault(roles.fixture_name(item), []).append(item)
    return known


def fixtures_of(module: Module) -> list[Scope]:
    """Return the fixtures defined in a file."""
    known = module.top.memo.get("fixtures")
    if known is None:
        known = (
            [item for item in module.top.functions if roles.role_of(item) == "fixture"]
            if b"fixture" in module.data
            else []
        )
        module.top.memo["fixtures"] = known
    return known
