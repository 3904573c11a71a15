"""The line by way of the linter: a finding of the same rule in code that the test ran."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermetic.guard.places import Place

if TYPE_CHECKING:
    import pytest

    from hermetic.finding import Finding
    from hermetic.guard.options import Options


class Linted:
    """Lints the file of a test, and the conftests above it, for one rule; only when that rule was broken."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.known: dict[tuple[str, str], list[Finding]] = {}

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
        from hermetic.lint.engine import Engine
        from hermetic.lint.incomplete import IncompleteError
        from hermetic.lint.selection import Selection

        key = (code, path)
        if key not in self.known:
            entry = self.options.entries[code]
            chosen = Selection([entry], self.options.selection.presets, frozenset({code}))
            try:
                self.known[key] = Engine(self.options.settings, chosen).check([path])
            except IncompleteError as error:
                self.known[key] = error.findings
            except Exception:  # noqa: BLE001 - without a line the finding stands all the same
                self.known[key] = []
        return self.known[key]


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
