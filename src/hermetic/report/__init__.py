"""Findings in, text out. A report returns text; only the command line prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from hermetic.finding import Finding
    from hermetic.report.sarif import RuleText

    Describe = Callable[[Iterable[str]], Mapping[str, RuleText]]

    class Render(Protocol):
        """A format. `sources` are files that are not as they are on disk, by path."""

        def __call__(  # noqa: D102 - described above
            self, findings: list[Finding], *, colour: bool, sources: dict[str, bytes] | None = None
        ) -> str: ...


# Format -> what it is for, in the order in which they are offered.
FORMATS = {
    "full": "people: each finding with its line and its repair, and a summary",
    "concise": "people and editors: `path:line:column: CODE message`, a line each",
    "json": "scripts: one document, `{version, tool, findings}`",
    "github": "GitHub Actions: annotations of a pull request",
    "gitlab": "GitLab: a Code Quality report, for `artifacts:reports:codequality`",
    "sarif": "GitHub code scanning and whatever else reads SARIF 2.1.0",
    "junit": "Jenkins, GitLab and other servers that show JUnit XML: a test case for each finding",
}


def renderer(name: str, describe: Describe | None = None, *, compared: bool = False) -> Render:
    """Return the function of a format; only that format's module is imported.

    SARIF has more to say: `describe` gives the texts of rules, `compared` whether a baseline has left findings out.
    """
    if name == "json":
        from hermetic.report.json_report import render
    elif name == "sarif":
        from hermetic.report.sarif import Sarif

        return Sarif(describe, compared=compared).render
    elif name == "gitlab":
        from hermetic.report.gitlab import render
    elif name == "junit":
        from hermetic.report.junit import render
    elif name == "github":
        from hermetic.report.github import render
    elif name == "concise":
        from hermetic.report.concise import render
    else:
        from hermetic.report.full import render
    return render


def printable(text: str) -> str:
    """Return text with control characters made visible, so that no file name or source line steers a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\t" else repr(character)[1:-1] for character in text
    )
