"""GitHub workflow commands, which annotate a pull request."""

from __future__ import annotations

from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:  # noqa: ARG001 - every format has this signature
    """Return one `::error` command for each finding."""
    return "".join(command(item) for item in findings)


def command(item: Finding) -> str:
    """Return the command for one finding, with the characters escaped that would end it."""
    place = f"file={escape_property(item.path)},line={item.line or 1},col={item.column}"
    if item.line:
        place += f",endLine={item.end_line},endColumn={item.end_column}"
    title = escape_property(f"{item.code} {item.name}")
    return f"::error {place},title={title}::{escape_data(f'{advice(item)} ({item.url})')}\n"


def advice(item: Finding) -> str:
    """Return the message, and the repair where the rule names one."""
    return f"{item.message}; {item.repair}" if item.repair else item.message


def escape_data(text: str) -> str:
    """Escape a message."""
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def escape_property(text: str) -> str:
    """Escape a property's value."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")
