"""What one file needs to know of the others: imported functions, conftest fixtures. Read on demand, kept by path."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.later import BODIES, insides_of
from hermetic.source.leading import Leading
from hermetic.source.module import CannotParseError, Module
from hermetic.source.names import MAX_BASES, resolve
from hermetic.source.patterns import matches
from hermetic.source.scope import Scope
from hermetic.source.text import Text, contains
from hermetic.source.witness import CHANGED, list_folder, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from hermetic.source.scope import Binding
    from hermetic.source.witness import Mark

    Lasting = dict[tuple[str, object], dict[Any, Any]]
    Told = tuple[dict[str, Mark] | None, tuple[set[str], set[str], set[str]], Lasting]

USUAL_NAMES = ("test_*.py", "*_test.py")
OTHER_NAMES = ("test.py", "tests.py", "*_tests.py")  # what other runners collect, or pytest when it is named
RUNNERS = (b"unittest", b"TestCase", b"django", b"pytest")  # one of which such a file then speaks of
EVERY = "*.py"
KEPT_BYTES = 2_000_000  # of source between two files; its trees and scopes take about forty times as much memory
LIGHTER = 4  # times as light is a file that is read as text alone
MAX_HOPS = 4  # re-exports of re-exports


class Project:
    """The files around the one that is checked. Nothing is imported: names are looked up as files below the roots."""

    def __init__(
        self,
        root: str,
        presets: frozenset[str] = frozenset(),
        options: dict[str, object] | None = None,
        python_files: tuple[str, ...] = ("test_*.py", "*_test.py"),
    ) -> None:
        self.root = os.path.abspath(root)
        self.collected = (*python_files, *USUAL_NAMES)
        self.python_files = (*self.collected, *OTHER_NAMES)
        self.named: frozenset[str] = frozenset()  # files that the user names, in full
        self.presets = presets
        self.options = options or {}
        # A folder, and the beginnings of the node ids that pytest leaves out, relative to it.
        self.deselected: tuple[str, tuple[str, ...]] = ("", ())
        # Tells what pytest itself puts back, see `kept`; only asked where that matters, since it reads a file.
        self.find_kept: Callable[[], frozenset[str]] = frozenset
        self._kept: frozenset[str] | None = None
        # What rules noted of the files checked so far, by a key of their own; no trees or scopes, which are let go.
        self.seen: dict[object, Any] = {}
        self._modules: dict[str, Module | None] = {}
        self._weight = 0  # bytes of the source behind `_modules`
        self.most_kept = KEPT_BYTES
        self._checked = 0  # how many files have been checked
        self._held: dict[str, bytes] = {}
        self._data: dict[str, bytes | None] = {}
        self._files: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._listed: dict[str, frozenset[str]] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        # Gives what earlier runs have worked out, see `about`; only asked where something leads to other files.
        self.recall: Callable[[], Lasting] = dict
        self._lasting: Lasting | None = None
        self._told: dict[tuple[str, object], int] = {}  # how many facts of each topic are known where they are wanted
        self.opened: set[str] = set()  # the files that were looked into for what they hold, by their full path
        self.found: set[str] = set()  # the files that a name or a folder led to
        self.current = ""  # the file that is checked, by its full path
        self.asked: set[str] = set()  # the files that were asked for while another one was checked
        self._sources: dict[str, str | None] = {}
        # What dotted names are bound to, by (name, folder); forgotten with the files.
        self._bindings: dict[tuple[str, str], tuple[Binding, Scope] | None] = {}
        self._conftests: dict[str, list[str]] = {}  # the conftest files of a folder and those above, nearest first
        self._providers: dict[Module, list[Module]] = {}  # forgotten with the files as well
        self._texts: dict[str, Text] = {}
        self.leading = Leading(self)
        self._own: dict[tuple[str, str], bool] = {}
        # What was read, by its full path (of a folder with a separator behind it), where a later run wants to know.
        self.noted: dict[str, Mark] | None = None
        self.plain: frozenset[str] = frozenset()  # of these, by their full path, without a digest of what is in them

    @property
    def kept(self) -> frozenset[str]:
        """What pytest itself puts back around each phase of a test."""
        if self._kept is None:
            self._kept = self.find_kept()
        return self._kept

    @property
    def lasting(self) -> Lasting:
        """What was worked out about files, by topic: plain values that stay the same while what they are from does."""
        if self._lasting is None:
            self._lasting = self.recall()
            self._told = {topic: len(facts) for topic, facts in self._lasting.items()}
        return self._lasting

    @property
    def knows_nothing(self) -> bool:
        """Whether nobody has asked for anything that lasts."""
        return not self._lasting

    def about(self, topic: str, what: object = "") -> dict[Any, Any]:
        """Return what is known of one topic by file, or by `(file, name in it)`: of files whoever asks for them.

        Later runs may be given it, so it holds nothing but plain values, and nothing that depends on who asks.
        """
        found = self.lasting.get((topic, what))
        if found is None:
            found = self.lasting[topic, what] = {}
        return found

    def checked(self, path: str, data: bytes) -> Text:
        """Return a file that is to be checked, as text; it may have been read, or parsed, for another file."""
        absolute = os.path.abspath(path)
        text = self._modules.get(absolute) or self._texts.get(absolute)
        if text is not None and text.path != path:
            self.drop(absolute)
            text = None
        if text is None:
            text = self._texts[absolute] = self.open(path, data)
            self._weight += len(data) // LIGHTER
        return text

    def parsed(self, text: Text) -> Module:
        """Return a file with its tree, and with what was worked out about its text.

        Raises `CannotParseError`.
        """
        if isinstance(text, Module):
            return text
        path = os.path.abspath(text.path)
        digest = self.digest_of(path)
        known = self.about(*BODIES).get(path) if digest else None
        is_known = known is not None and known[0] == digest
        module = Module.of(text, known[1] if known is not None and is_known else None)
        if digest and not is_known:
            self.about(*BODIES)[path] = (digest, insides_of(module))
        if self._texts.pop(path, None) is not None:
            self._weight -= len(text.data) // LIGHTER
        self.keep(path, module)
        return module

    def digest_of(self, path: str) -> bytes:
        """Return the digest of what is in another file than the checked one, b"" where none is kept."""
        if self.noted is None or path == self.current or path in self._held:
            return b""
        return self.noted.get(path, CHANGED)[3]

    def keep(self, path: str, module: Module | None) -> None:
        """Keep a parsed file for the next one that asks for it."""
        self._modules[path] = module
        self._weight += len(module.data) if module is not None else 0

    def forget(self, path: str) -> None:
        """Drop the tree of a file that has been checked, and all others when they have become too many."""
        self._bindings, self._providers = {}, {}  # they may be those of the file
        self._checked += 1
        if not roles.is_conftest(path):
            absolute = os.path.abspath(path)
            self._data.pop(path, None)
            self._data.pop(absolute, None)
            self.drop(absolute)
        if self._weight > self.most_kept:
            self.let_go()

    def let_go(self) -> None:
        """Let go of most files: of those that many files asked for, half of the weight stays."""
        self._bindings, self._providers = {}, {}
        modules, texts = self._modules, self._texts
        self._modules, self._texts, self._data, self._weight = {}, {}, {}, 0
        rows: list[tuple[str, Text]] = [*((path, item) for path, item in modules.items() if item), *texts.items()]
        rows.sort(key=lambda row: -row[1].asked)
        for path, text in rows:
            weight = len(text.data) if isinstance(text, Module) else len(text.data) // LIGHTER
            if text.asked > 1 and self._weight + weight <= self.most_kept // 2:
                self._weight += weight
                text.asked //= 2
                if isinstance(text, Module):
                    text.forget_others()
                    self._modules[path] = text
                else:
                    self._texts[path] = text
            else:
                text.close()

    def drop(self, path: str) -> None:
        """Let go of a file, given by its full path."""
        self._bindings, self._providers = {}, {}
        module = self._modules.pop(path, None)
        if module is not None:
            self._weight -= len(module.data)
        text = self._texts.pop(path, None)
        if text is not None:
            self._weight -= len(text.data) // LIGHTER
        for item in filter(None, (module, text)):
            item.close()

    def name_of(self, path: str) -> tuple[str, bool]:
        """Return the dotted name of a file below the root, and whether it is a package's `__init__`."""
        relative = os.path.relpath(os.path.abspath(path), self.root).replace(os.sep, "/").removesuffix(".py")
        parts = [part for part in relative.split("/") if part not in ("..", ".")]
        if parts and parts[0] == "src":
            parts = parts[1:]
        is_package = bool(parts) and parts[-1] == "__init__"
        return ".".join(parts[:-1] if is_package else parts), is_package

    def hold(self, path: str, data: bytes) -> None:
        """Take `data` for what stands in a file, whatever is on disk."""
        self._held[path] = self._held[os.path.abspath(path)] = data

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when it cannot be read; a pipe or device is not, since that may never end."""
        if path in self._held:
            return self._held[path]
        self.ask(path)
        if path not in self._data:
            plainly = os.path.abspath(path) in self.plain
            self._data[path], mark = read_file(path, marked=self.noted is not None, plainly=plainly)
            self.note(os.path.abspath(path), mark)
        return self._data[path]

    def ask(self, path: str) -> None:
        """Note that a file is asked for, given by its full path (otherwise it is the one that is checked)."""
        if path != self.current:
            self.asked.add(path)

    def note(self, path: str, mark: Mark) -> None:
        """Note how something was when it was read; what was read twice, and not the same, is never the same again."""
        if self.noted is None:
            return
        known = self.noted.setdefault(path, mark)
        if known != mark:
            same = known[:3] == mark[:3] and not (known[3] and mark[3])  # one of them was read plainly
            self.noted[path] = max(known, mark) if same else CHANGED

    def tell(self) -> Told:
        """Return what is new since this was asked the last time, in another process than the one that wants it.

        That are the marks that were noted, the files that were opened, found and asked for, and the facts that last.
        """
        files = (self.opened, self.found, self.asked)
        told = (self.noted, files, self.fresh_facts() if self.noted is not None else {})
        self.noted = {} if self.noted is not None else None
        self.opened, self.found, self.asked = set(), set(), set()
        return told

    def fresh_facts(self) -> Lasting:
        """Return the facts that are new since this was asked the last time."""
        fresh = {}
        for topic, facts in (self._lasting or {}).items():
            known = self._told.get(topic, 0)
            if len(facts) > known:
                fresh[topic] = dict(list(facts.items())[known:])
                self._told[topic] = len(facts)
        return fresh

    def hear(self, told: Told) -> None:
        """Take what is new in another process."""
        noted, (opened, found, asked), facts = told
        for path, mark in (noted or {}).items():
            self.note(path, mark)
        self.opened |= opened
        self.found |= found
        self.asked |= asked
        for topic, known in facts.items():
            self.about(*topic).update(known)

    def is_own(self, head: str, near: str) -> bool:
        """Tell whether the first part of a dotted name (b"" where it is relative) stands below the roots."""
        known = self._own.get((near, head))
        if known is None:
            known = not head or any(
                head in names or f"{head}.py" in names for names in map(self.listing, self.roots(near))
            )
            self._own[near, head] = known
        return known

    def open(self, path: str, data: bytes) -> Text:
        """Return a file as text."""
        name, package = self.name_of(path)
        text = Text(path, data, name, package=package, is_test=self.is_test(path) and self.is_run(path, data))
        text.project = self
        return text

    def is_test(self, path: str) -> bool:
        """Tell whether a file has the name of a test file."""
        return any(fits(path, pattern) for pattern in self.python_files)

    def is_run(self, path: str, data: bytes) -> bool:
        """Tell whether something collects a file with the name of a test file: pytest does not find each by itself."""
        found = any(fits(path, pattern) for pattern in self.collected)
        return found or contains(data, RUNNERS) or os.path.abspath(path) in self.named

    def counts_if_named(self, path: str) -> bool:
        """Tell whether a file may be a test file only where the user names it."""
        return self.is_test(path) and not any(fits(path, pattern) for pattern in self.collected)

    def is_named_test(self, path: str) -> bool:
        """Tell whether a file has the name of a test file by more than a pattern that takes all files of a folder."""
        return any(fits(path, pattern) for pattern in self.python_files if pattern.rpartition("/")[2] != EVERY)

    def text(self, path: str) -> Text | None:
        """Return a file as text, None when it cannot be read."""
        text: Text | None = self._modules.get(path) or self._texts.get(path)  # most paths are full ones
        self.ask(path)
        if text is None:
            path = os.path.abspath(path)
            text = self._modules.get(path) or self._texts.get(path)
        if text is None:
            self.opened.add(path)
            data = self.read(path)
            if data is None:
                return None
            text = self._texts[path] = self.open(self.display(path), data)
            self._weight += len(data) // LIGHTER
        if text.asked_at != self._checked:
            text.asked_at = self._checked
            text.asked += 1
        return text

    def module(self, path: str) -> Module | None:
        """Return a parsed file, None when it cannot be read or parsed (it is reported when it is checked itself)."""
        if path not in self._modules:
            path = os.path.abspath(path)
        if path not in self._modules:
            text = self.text(path)
            try:
                if text is None:
                    self.keep(path, None)
                else:
                    self.parsed(text)
            except CannotParseError:
                self.keep(path, None)
        found = self._modules[path]
        self.ask(path)
        if found is not None and found.asked_at != self._checked:
            found.asked_at = self._checked
            found.asked += 1
        return found

    def display(self, path: str) -> str:
        """Return a path as findings show it: relative to the current directory where it lies below it."""
        relative = os.path.relpath(path)
        return path if relative.startswith("..") else relative

    def is_deselected(self, path: str, names: list[str]) -> bool:
        """Tell whether pytest is told to leave out a test, given by its classes and its own name."""
        folder, beginnings = self.deselected
        if not beginnings:
            return False
        node = "::".join((os.path.relpath(path, folder).replace(os.sep, "/"), *names))
        return node.startswith(beginnings)

    def listing(self, folder: str) -> frozenset[str]:
        """Return the names in a folder, read once."""
        if folder not in self._listed:
            self._listed[folder], mark = list_folder(folder, marked=self.noted is not None)
            self.note(os.path.join(os.path.abspath(folder), ""), mark)
        return self._listed[folder]

    def has_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        self.listing(path)
        return os.path.isdir(path)

    def roots(self, near: str) -> tuple[str, ...]:
        """Return the folders in which an import made in the folder `near` is looked up, nearest first."""
        if near not in self._roots:
            folders = [near]
            while folders[-1] != self.root and folders[-1].startswith(self.root + os.sep):
                folders.append(os.path.dirname(folders[-1]))
            if self.root not in folders:
                folders.append(self.root)
            if "src" in self.listing(self.root):
                folders.append(os.path.join(self.root, "src"))
            self._roots[near] = tuple(folders)
        return self._roots[near]

    def file_of(self, dotted: str, near: str) -> str | None:
        """Return the file of a module by its dotted name, None when it is not one of the project's."""
        head, _, _ = dotted.partition(".")
        for folder in self.roots(near):
            names = self.listing(folder)
            if head not in names and f"{head}.py" not in names:
                continue
            base = os.path.join(folder, *dotted.split("."))
            beside, last = self.listing(os.path.dirname(base)), os.path.basename(base)
            found = f"{base}.py" if f"{last}.py" in beside else ""
            if not found and (last in beside or not last) and "__init__.py" in self.listing(base):
                found = os.path.join(base, "__init__.py")
            if found:
                self.found.add(found)
                return found
        return None

    def locate(self, dotted: str, near: str) -> tuple[str, str] | None:
        """Split a dotted name into a project file and the name inside it ("" for the module itself)."""
        key = (near, dotted)
        if key not in self._files:
            path, name = self.file_of(dotted, near), ""
            if path is None and "." in dotted:
                base, _, name = dotted.rpartition(".")
                path = self.file_of(base, near)
            self._files[key] = (path, name) if path is not None else None
        return self._files[key]

    def source_of(self, dotted: str, near: str) -> str | None:
        """Return the file that defines a dotted name, behind the packages that only pass it on; None for others'."""
        key = f"{near}\0{dotted}"
        if key not in self._sources:
            self._sources[key] = self._source_of(dotted, near)
        return self._sources[key]

    def _source_of(self, dotted: str, near: str) -> str | None:
        path: str | None = None
        for _ in range(MAX_HOPS):
            located = self.locate(dotted, near)
            if located is None:
                return path
            path, name = located
            module = self.module(path) if name and os.path.basename(path) == "__init__.py" else None
            passed = module.top.bindings.get(name) if module is not None else None
            if not passed or passed[-1].kind != "import":
                return path
            dotted, near = str(passed[-1].value), os.path.dirname(path)
        return path

    def definition(self, dotted: str, near: str) -> Scope | None:
        """Return the function or class that a dotted name means; None when it is not the project's."""
        found = self.binding(dotted, near)
        for _ in range(MAX_HOPS):  # `TestCase = tests.TestCase` gives a class another name
            if found is None or found[0].kind != "assign" or not isinstance(found[0].value, (ast.Name, ast.Attribute)):
                break
            name = resolve(found[1], found[0].value)
            top = found[1]
            found = self.binding(name, top.module.folder) if "." in name[1:] else top.find(name[1:])
        return found[0].value if found is not None and isinstance(found[0].value, Scope) else None

    def binding(self, dotted: str, near: str) -> tuple[Binding, Scope] | None:
        """Return what a dotted name is bound to in the project file that holds it, and that file's top scope."""
        key = (dotted, near)
        if key not in self._bindings:
            found = self.find_binding(dotted, near, MAX_HOPS)
            self._bindings[key] = found
            return found
        return self._bindings[key]

    def find_binding(self, dotted: str, near: str, hops: int) -> tuple[Binding, Scope] | None:
        """Work out what `binding` returns."""
        located = self.locate(dotted, near)
        if located is None or not located[1] or not hops:
            return None
        module = self.module(located[0])
        found = module.top.find(located[1]) if module is not None else None
        if found is not None and found[0].kind == "import":
            return self.find_binding(str(found[0].value), os.path.dirname(located[0]), hops - 1)
        return found

    def lineage(self, owner: Scope) -> list[Scope]:
        """Return a class and its base classes, those from other files of the project too, nearest first."""
        known: list[Scope] | None = owner.memo.get("lineage")
        if known is None or not all(map(vars, known)):  # a file that has been let go leaves nothing in its scopes
            known = owner.memo["lineage"] = self.find_lineage(owner)
        return known[:]

    def find_lineage(self, owner: Scope) -> list[Scope]:
        """Work out what `lineage` returns."""
        order: list[Scope] = []
        pending = [owner]
        while pending and len(order) < MAX_BASES:
            cls = pending.pop(0)
            if cls in order or not cls.is_class:
                continue
            order.append(cls)
            outer = cls.parent or cls
            for base in cls.node.bases:  # type: ignore[attr-defined]
                name = resolve(outer, base)
                if name.startswith("."):
                    found = nested_in(outer, name[1:])
                else:
                    near = cls.module.folder
                    found = self.definition(name, near) if "." in name else None
                if isinstance(found, Scope):
                    pending.append(found)
        return order

    def imports(self, module: Module) -> list[tuple[str, str, str]]:
        """Return `(local name, dotted name, file)` for each project name that a file imports at its top level."""
        known = module.top.memo.get("project imports")
        if known is None:
            near = module.folder
            known = []
            for local, bindings in module.top.bindings.items():
                for binding in bindings:
                    path = self.source_of(str(binding.value), near) if binding.kind == "import" else None
                    if path is not None:
                        known.append((local, str(binding.value), path))
            module.top.memo["project imports"] = known
        return known

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

    def providers(self, module: Module) -> list[Module]:
        """Return the files whose fixtures a test in `module` sees, nearest first.

        These are the file itself and its conftests, each followed by the project files that it imports with a star or
        names in `pytest_plugins`.
        """
        known = self._providers.get(module)
        if known is None:
            known = self._providers[module] = [
                provider
                for level in (module, *self.conftests(module.path))
                for provider in (level, *self.plugins_of(level))
            ]
        return known

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


def fits(path: str, pattern: str) -> bool:
    """Tell whether a file matches a pattern of `python_files`: by its name, or by its path if that has a slash."""
    if "/" not in pattern:
        return matches(os.path.basename(path), pattern)
    return matches(os.path.abspath(path).replace(os.sep, "/"), f"*/{pattern}")


def nested_in(scope: Scope, dotted: str) -> Scope | None:
    """Return the class of a file that a dotted name means there: `Cases.Base` is a class in a class."""
    first, *others = dotted.split(".")
    bound = scope.find(first)
    found = bound[0].value if bound is not None else None
    for name in others:
        inner = found.bindings.get(name, ()) if isinstance(found, Scope) else ()
        found = inner[-1].value if inner else None
    return found if isinstance(found, Scope) else None


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
