"""The files of a project as text and as trees: read on demand, kept by path, and let go when they are too many."""

from __future__ import annotations

import os

from hermetic.source import roles
from hermetic.source.disk import Disk
from hermetic.source.later import BODIES, insides_of
from hermetic.source.module import CannotParseError, Module
from hermetic.source.patterns import matches
from hermetic.source.text import Text, contains

USUAL_NAMES = ("test_*.py", "*_test.py")
OTHER_NAMES = ("test.py", "tests.py", "*_tests.py")  # what other runners collect, or pytest when it is named
RUNNERS = (b"unittest", b"TestCase", b"django", b"pytest")  # one of which such a file then speaks of
EVERY = "*.py"
KEPT_BYTES = 2_000_000  # of source between two files; its trees and scopes take about forty times as much memory
LIGHTER = 4  # times as light is a file that is read as text alone


class Files(Disk):
    """The files below a root, by their full path, and which of them are test files."""

    def __init__(self, root: str, python_files: tuple[str, ...]) -> None:
        super().__init__()
        self.root = os.path.abspath(root)
        self.collected = (*python_files, *USUAL_NAMES)
        self.python_files = (*self.collected, *OTHER_NAMES)
        self.named: frozenset[str] = frozenset()  # files that the user names, in full
        self._modules: dict[str, Module | None] = {}
        self._texts: dict[str, Text] = {}
        self._weight = 0  # bytes of the source behind them
        self.most_kept = KEPT_BYTES
        self._checked = 0  # how many files have been checked

    def forget_worked_out(self) -> None:
        """Forget what was worked out from trees that are let go."""

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
        digest = self.digest_of(path, text.data)
        known = self.about(*BODIES).get(path) if digest else None
        is_known = known is not None and known[0] == digest
        module = Module.of(text, known[1] if known is not None and is_known else None)
        if digest and not is_known:
            self.about(*BODIES)[path] = (digest, insides_of(module))
        if self._texts.pop(path, None) is not None:
            self._weight -= len(text.data) // LIGHTER
        self.keep(path, module)
        return module

    def keep(self, path: str, module: Module | None) -> None:
        """Keep a parsed file for the next one that asks for it."""
        self._modules[path] = module
        self._weight += len(module.data) if module is not None else 0

    def forget(self, path: str) -> None:
        """Drop the tree of a file that has been checked, and all others when they have become too many."""
        self.forget_worked_out()  # it may be of the file
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
        self.forget_worked_out()
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
        self.forget_worked_out()
        module = self._modules.pop(path, None)
        if module is not None:
            self._weight -= len(module.data)
        text = self._texts.pop(path, None)
        if text is not None:
            self._weight -= len(text.data) // LIGHTER
        for item in filter(None, (module, text)):
            item.close()

    def open(self, path: str, data: bytes) -> Text:
        """Return a file as text."""
        name, package = self.name_of(path)
        return Text(path, data, name, package=package, is_test=self.is_test(path) and self.is_run(path, data))

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

    def name_of(self, path: str) -> tuple[str, bool]:
        """Return the dotted name of a file below the root, and whether it is a package's `__init__`."""
        relative = os.path.relpath(os.path.abspath(path), self.root).replace(os.sep, "/").removesuffix(".py")
        parts = [part for part in relative.split("/") if part not in ("..", ".")]
        if parts and parts[0] == "src":
            parts = parts[1:]
        is_package = bool(parts) and parts[-1] == "__init__"
        return ".".join(parts[:-1] if is_package else parts), is_package

    def display(self, path: str) -> str:
        """Return a path as findings show it: relative to the current directory where it lies below it."""
        relative = os.path.relpath(path)
        return path if relative.startswith("..") else relative

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


def fits(path: str, pattern: str) -> bool:
    """Tell whether a file matches a pattern of `python_files`: by its name, or by its path if that has a slash."""
    if "/" not in pattern:
        return matches(os.path.basename(path), pattern)
    return matches(os.path.abspath(path).replace(os.sep, "/"), f"*/{pattern}")
