"""What the engine itself reports, described as the rules are."""

from __future__ import annotations

from hermetic.catalogue.registry import entry_of
from hermetic.catalogue.rule import Example, Rule
from hermetic.config import PRESETS
from hermetic.lint.selection import CANNOT_READ, SUPPRESSION_UNUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.catalogue.registry import Entry
    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project


class EngineRule(Rule):
    """A finding that the engine gives while it reads a file; there is nothing more to check."""

    presets = PRESETS

    def check(self, module: Module, project: Project) -> Iterator[Finding]:  # noqa: ARG002 - every rule's signature
        """Yield nothing."""
        yield from ()


class CannotRead(EngineRule):
    """A file cannot be read or parsed, so nothing is known about it.

    Why it breaks:
    A file that is skipped in silence looks like a clean one. It may hold a syntax error, bytes that are not text in the
    encoding that it declares, code nested too deeply for the interpreter, or be no file at all: a folder, a pipe, a
    link that points nowhere.

    Do this instead:
    Repair what the message names. A file that is broken on purpose is left out with `exclude`, or with this code in
    `per-file-ignores`.

    Options:
    In a folder that is checked, a file that cannot be parsed may be test data. It is a finding when pytest would
    collect it by its name, when it is a `conftest.py`, and when a test file imports it, directly or through others.
    What else stands in a test folder is counted in one line on standard error; the `project` preset, or the name of
    the file on the command line, makes a finding of it. One that cannot be read at all is always a finding.
    """

    code = CANNOT_READ
    name = "cannot-read"
    symptoms = (
        "hermetic cannot read or parse a file",
        "SyntaxError or unknown encoding, reported by a check",
    )
    message = "cannot be read"
    bad = (
        Example(
            "a bracket is closed by another one",
            {
                "test_total.py": """
def test_total():
    assert sum([1, 2) == 3  # <- HRM001
"""
            },
            harm="none",
            why="pytest stops with an error while it collects the file, whatever the order",
        ),
    )
    good = (
        Example(
            "the file can be parsed",
            {
                "test_total.py": """
def test_total():
    assert sum([1, 2]) == 3
"""
            },
        ),
    )


class SuppressionUnused(EngineRule):
    """A suppression comment suppresses nothing.

    Why it breaks:
    A comment that outlives its finding hides the next one on that line, and tells the reader of a danger that is not
    there. One without a code would hide whatever comes, and one with a misspelt code hides nothing.

    Do this instead:
    Remove the comment, or write the whole code and the reason: `# hermetic: ignore[HRM101] the reason`. It speaks for
    its own line, or for the next line of code when it stands alone. Blanks and capitals do not matter before the
    codes, another word than `ignore` does: `# hermetic: disable[HRM101]` excuses nothing.

    Limits:
    In a helper file only misspelt comments are reported: whether the others suppress something is decided by the tests
    that call the helper, and these need not be among the checked files.
    """

    code = SUPPRESSION_UNUSED
    name = "suppression-unused"
    symptoms = (
        "a hermetic: ignore comment suppresses nothing",
        "an unused suppression",
    )
    message = "this suppression suppresses nothing"
    bad = (
        Example(
            "the comment has outlived the line that it excused",
            {
                "test_home.py": """
def test_home(monkeypatch):
    monkeypatch.setenv("HOME", "/tmp")  # hermetic: ignore[HRM101] set by hand until now  # <- HRM905
"""
            },
            harm="none",
            why="a comment does nothing to a test; it hides what the line may come to do",
        ),
    )
    good = (
        Example(
            "the comment names what it excuses, and why",
            {
                "test_home.py": """
import os


def test_home():
    os.environ["HOME"] = "/tmp"  # hermetic: ignore[HRM101] each test of this suite runs in its own container
    assert os.path.expanduser("~") == "/tmp"
"""
            },
        ),
    )


OWN = (CannotRead, SuppressionUnused)


def with_own(entries: list[Entry]) -> list[Entry]:
    """Return entries and the engine's own, our codes first and in their order."""
    every = [*map(entry_of, OWN), *entries]
    return sorted(every, key=lambda entry: (not entry.code.startswith("HRM"), entry.code))
