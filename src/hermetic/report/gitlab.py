"""GitLab's Code Quality report, which a merge request compares with that of its target branch."""

from __future__ import annotations

import json
import os

from hermetic.context import Sources, identities, slashed
from hermetic.report import printable
from hermetic.report.github import advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.context import Identity
    from hermetic.finding import Finding

# Of info, minor, major, critical and blocker. Of a file that cannot be read nothing is known; a comment harms nobody.
SEVERITIES = {"HRM001": "critical", "HRM905": "minor"}
USUAL = "major"


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:  # noqa: ARG001 - every format has this signature
    """Return the list of issues; GitLab wants it also when it is empty."""
    named = identities(findings, Sources(sources))
    return json.dumps([issue(item, what) for item, what in zip(findings, named, strict=True)], indent=2) + "\n"


def issue(item: Finding, what: Identity) -> dict[str, object]:
    """Return one finding. GitLab drops all but one of those with the same fingerprint."""
    path = printable(in_repository(item.path))
    lines = {"begin": max(item.line, 1), "end": max(item.end_line, item.line, 1)}
    return {
        "description": printable(f"{item.code} {advice(item)}"),
        "check_name": item.code,
        "fingerprint": what.fingerprint(path),
        "severity": SEVERITIES.get(item.code, USUAL),
        "location": {"path": path, "lines": lines},
    }


def in_repository(path: str) -> str:
    """Return a path relative to the checkout, which is what GitLab needs, also where a job works in a folder of it."""
    top = os.environ.get("CI_PROJECT_DIR", "")
    absolute = os.path.abspath(path)
    if os.path.isabs(top) and absolute.startswith(os.path.join(top, "")):
        path = os.path.relpath(absolute, top)
    return slashed(path)
