"""Small suites that are audited: real runs of pytest, in several orders and in parallel."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.utils.lint import write_files
from tests.utils.process import environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HANG = 300  # seconds: an audit is a dozen runs of pytest and a hunt


def audited(folder: Path, files: Mapping[str, str]) -> list[tuple[str, Any, str]]:
    """Audit a suite and return (path, line, code) of what the audit itself found.

    Raises RuntimeError when the audit did not come to its end.
    """
    write_files(files, folder)
    report = folder.with_suffix(".json")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hermetic", "audit", f"--json={report}"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"the audit ended with {done.returncode}: {done.stderr}")
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["findings"]
    return [(item["path"], item["line"], item["code"]) for item in found if item["layer"] == "audit"]
