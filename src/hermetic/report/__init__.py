"""Findings in, text out. A report returns text; only the command line prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.finding import Finding

FORMATS = ("full", "concise", "json", "github")


def renderer(name: str) -> Callable[[list[Finding], bool], str]:
    """Return the function `(findings, colour) -> text` of a format; only that format's module is imported."""
    if name == "json":
        from hermetic.report.json_report import render  # noqa: PLC0415 - json is slow to import
    elif name == "github":
        from hermetic.report.github import render  # noqa: PLC0415 - one format a run
    elif name == "concise":
        from hermetic.report.concise import render  # noqa: PLC0415 - as above
    else:
        from hermetic.report.full import render  # noqa: PLC0415 - as above
    return render


def printable(text: str) -> str:
    """Return text with control characters made visible, so that a file name or a source line cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\t" else repr(character)[1:-1] for character in text
    )
