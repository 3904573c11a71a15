"""Findings in, text out. A report returns text; only the command line prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from hermetic.finding import Finding

    class Render(Protocol):
        """A format. `sources` are files that are not as they are on disk, by path."""

        def __call__(  # noqa: D102 - described above
            self, findings: list[Finding], *, colour: bool, sources: dict[str, bytes] | None = None
        ) -> str: ...


FORMATS = ("full", "concise", "json", "github")


def renderer(name: str) -> Render:
    """Return the function of a format; only that format's module is imported."""
    if name == "json":
        from hermetic.report.json_report import render
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
