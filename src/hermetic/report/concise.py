"""One line a finding."""

from __future__ import annotations

from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding


def render(
    findings: list[Finding],
    colour: bool,  # noqa: ARG001, FBT001 - every format has this signature
    sources: Mapping[str, bytes] | None = None,  # noqa: ARG001 - as above
) -> str:
    """Return `path:line:column: CODE message` lines."""
    return "".join(
        f"{printable(item.path)}:{item.line}:{item.column}: {item.code} {printable(item.message)}\n"
        for item in findings
    )
