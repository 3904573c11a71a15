"""Run the selected rules over files."""

from __future__ import annotations

import gc
import os

from hermetic.finding import Finding
from hermetic.lint import discovery, suppressions
from hermetic.lint.selection import CANNOT_READ, SUPPRESSION_UNUSED, Selection
from hermetic.source.module import CannotParse, Module, contains
from hermetic.source.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.catalogue.registry import Entry
    from hermetic.catalogue.rule import Rule
    from hermetic.config import Settings


class Engine:
    """Checks files with one selection; rules are imported when a file holds one of their tokens."""

    def __init__(self, settings: Settings, selection: Selection) -> None:
        self.settings = settings
        self.selection = selection
        self.project = Project(settings.root, selection.presets, settings.options)
        self._rules: dict[str, Rule] = {}
        self._suppressed: dict[str, list[suppressions.Suppression]] = {}

    def check(self, paths: list[str], progress: Callable[[int, int], None] | None = None) -> list[Finding]:
        """Check files and return the findings, sorted by place; `progress` is told (done, total) after each file."""
        collecting = gc.isenabled()
        gc.disable()  # a run makes many small objects that live until its end, and few cycles
        try:
            found: dict[tuple[str, int, int, str], Finding] = {}
            modules: list[tuple[str, list[suppressions.Suppression]]] = []
            for number, path in enumerate(paths, 1):
                for finding in self.check_file(path, self.project.read(path), modules):
                    found.setdefault(finding.place, finding)
                if progress is not None:
                    progress(number, len(paths))
        finally:
            if collecting:
                gc.enable()
        return self.settled(list(found.values()), modules)

    def check_source(self, data: bytes, path: str) -> list[Finding]:
        """Check source that is not (or not yet) on disk, as if it stood at `path`."""
        modules: list[tuple[str, list[suppressions.Suppression]]] = []
        found = {finding.place: finding for finding in self.check_file(path, data, modules)}
        return self.settled(list(found.values()), modules)

    def check_file(
        self, path: str, data: bytes | None, modules: list[tuple[str, list[suppressions.Suppression]]]
    ) -> list[Finding]:
        """Return the findings that one file causes, before suppressions."""
        if data is None:
            return [Finding(CANNOT_READ, "cannot-read", why_unreadable(path), path, 0)]
        name, package = self.project.name_of(path)
        try:
            module = Module(path, data, name, package=package)
        except CannotParse as error:
            return [Finding(CANNOT_READ, "cannot-read", f"cannot be parsed: {error.reason}", path, error.line, error.column or 1)]
        self.project.add(module)
        comments = suppressions.read(module)
        modules.append((path, comments))
        found = []
        for entry in self.selection.entries:
            if not entry.tokens or contains(data, entry.tokens) or self.helpers_contain(module, entry.tokens):
                found.extend(self.rule(entry).check(module, self.project))
        self.project.forget(path)
        return found

    def helpers_contain(self, module: Module, tokens: tuple[bytes, ...]) -> bool:
        """Tell whether a project file that this one imports from holds one of the tokens."""
        for _, _, path in self.project.imports(module):
            data = self.project.read(path)
            if data is not None and contains(data, tokens):
                return True
        return False

    def rule(self, entry: Entry) -> Rule:
        """Return a rule, imported once."""
        if entry.code not in self._rules:
            self._rules[entry.code] = entry.load()
        return self._rules[entry.code]

    def settled(
        self, findings: list[Finding], modules: list[tuple[str, list[suppressions.Suppression]]]
    ) -> list[Finding]:
        """Apply suppressions and per-file ignores, add unused suppressions, and sort."""
        kept = list(findings)
        for path, comments in modules:
            mine = [finding for finding in kept if finding.path == path]
            if comments:
                left = suppressions.suppress(mine, comments)
                kept = [finding for finding in kept if finding.path != path] + left
                if SUPPRESSION_UNUSED in self.selection.codes:
                    kept.extend(suppressions.unused(path, comments, self.selection.codes))
        ignores = self.settings.per_file_ignores
        if ignores:
            kept = [finding for finding in kept if not self.ignored(finding)]
        return sorted(kept, key=lambda finding: finding.place)

    def ignored(self, finding: Finding) -> bool:
        """Tell whether per-file ignores cover a finding."""
        return any(
            finding.code.startswith(codes) and discovery.matches_path(finding.path, pattern, self.settings.root)
            for pattern, codes in self.settings.per_file_ignores.items()
        )


def why_unreadable(path: str) -> str:
    """Return why a file cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.read(1)
    except OSError as error:
        return f"cannot be read: {error.strerror or os.fspath(path)}"
    return "cannot be read"
