"""One line a finding."""

from __future__ import annotations

from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:  # noqa: ARG001 - every format has this signature
    """Return `path:line:column: CODE message` lines."""
    return "".join(
        f"{printable(item.path)}:{item.line}:{item.column}: {item.code} {printable(item.message)}\n"
        for item in findings
    )
