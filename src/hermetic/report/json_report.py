"""For machines."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding

VERSION = 1


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:  # noqa: ARG001 - every format has this signature
    """Return the document `{"version": 1, "tool": "hermetic", "findings": [...]}`."""
    return written({"findings": [as_dict(item) for item in findings]})


def guarded(findings: list[Finding], mode: str) -> str:
    """Return the same of a run of tests, with the mode of the guard: with `off` nothing was looked for."""
    return written({"mode": mode, "findings": [as_dict(item) for item in findings]})


def written(content: dict[str, object]) -> str:
    """Return a document with its version and origin in front."""
    return json.dumps({"version": VERSION, "tool": "hermetic", **content}, indent=2, ensure_ascii=True) + "\n"


def fix_of(item: Finding) -> dict[str, object] | None:
    """Return what repairs a finding: edits whose `start` and `end` count the bytes of the file."""
    if item.fix is None:
        return None
    edits = [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in item.fix.edits]
    return {"message": item.fix.message, "safe": item.fix.safe, "edits": edits}


def as_dict(item: Finding) -> dict[str, object]:
    """Return one finding; `line` is null, with `line_reason`, where there is none to name."""
    record: dict[str, object] = {
        "code": item.code,
        "name": item.name,
        "message": item.message,
        "path": item.path.replace(os.sep, "/"),
        "line": item.line or None,
        "column": item.column if item.line else None,
        "end_line": item.end_line or None,
        "end_column": item.end_column if item.line else None,
        "layer": item.layer,
        "url": item.url,
        "fix": fix_of(item),
    }
    if not item.line:
        record["line_reason"] = item.line_reason or "the file cannot be read"
    if item.test:
        record["test"] = item.test
    if item.state:
        record |= {"owner": item.owner or None, "state": item.state, "before": item.before, "after": item.after}
    return record
