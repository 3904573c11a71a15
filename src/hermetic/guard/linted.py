"""The line by way of the linter: a finding of the same rule in code that the test ran."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermetic.guard.places import Place

if TYPE_CHECKING:
    import pytest

    from hermetic.finding import Finding
    from hermetic.guard.options import Options
    from hermetic.lint.engine import Engine

KEPT_BYTES = 200_000  # of source that stays read between two files; with trees and scopes that is some 8 MB


class Linted:
    """Lints the file of a test, and the conftests above it, for one rule; only when that rule was broken."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.known: dict[tuple[str, str], list[Finding]] = {}
        self.engines: dict[str, Engine] = {}  # by code

    def of_test(self, code: str, item: pytest.Item) -> Place | None:
        """Return the line that breaks a rule on behalf of a test, None when the linter sees none."""
        path = str(item.path)
        names = {item.nodeid.partition("[")[0].rpartition("::")[2], *getattr(item, "fixturenames", ()), *XUNIT}
        return self.place(code, [path, *conftests(os.path.dirname(path), self.options.settings.root)], names)

    def of_import(self, code: str, path: str) -> Place | None:
        """Return the line of a file that breaks a rule when it is imported."""
        return self.place(code, [path], {""})

    def place(self, code: str, files: list[str], names: set[str]) -> Place | None:
        """Return the first finding in some files whose test or fixture has one of the names."""
        for path in files if code in self.options.entries else ():
            for found in self.findings(code, path):
                if found.test.rpartition("::")[2] in names:
                    return Place(os.path.abspath(found.path), found.line, "")
        return None

    def findings(self, code: str, path: str) -> list[Finding]:
        """Return what one rule finds in one file."""
        from hermetic.lint.incomplete import IncompleteError

        key = (code, path)
        if key not in self.known:
            try:
                engine = self.engine(code)
                engine.project.seen.clear()  # each file is looked at as if it were the only one
                self.known[key] = engine.check([path])
            except IncompleteError as error:
                self.known[key] = error.findings
            except Exception:  # noqa: BLE001 - without a line the finding stands all the same
                self.known[key] = []
        return self.known[key]

    def engine(self, code: str) -> Engine:
        """Return what lints for one rule: what it has read of the code under test serves the next file, too."""
        from hermetic.lint.engine import Engine
        from hermetic.lint.selection import Selection

        if code not in self.engines:
            chosen = Selection([self.options.entries[code]], self.options.selection.presets, frozenset({code}))
            self.engines[code] = made = Engine(self.options.settings, chosen)
            made.project.most_kept = KEPT_BYTES
        return self.engines[code]


XUNIT = ("setUp", "tearDown", "setup_method", "teardown_method", "setup_function", "teardown_function", "setUpClass",
         "tearDownClass", "setup_class", "teardown_class", "setup_module", "teardown_module", "asyncSetUp")  # fmt: skip


def conftests(folder: str, root: str) -> list[str]:
    """Return the conftest files that apply to a folder, the nearest first."""
    found = []
    while True:
        path = os.path.join(folder, "conftest.py")
        if os.path.isfile(path):
            found.append(path)
        parent = os.path.dirname(folder)
        if folder in (root, parent):
            return found
        folder = parent
