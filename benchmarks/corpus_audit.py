"""Audit the files of a case: real runs of pytest in several orders and in parallel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HANG = 600  # seconds: an audit is a dozen runs of pytest and a hunt


def findings(files: Mapping[str, str]) -> set[tuple[str, int, str]]:
    """Return `(path, line, code)` of what the audit itself found. Raises SystemExit when it could not be run."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        folder, report = Path(name, "suite"), Path(name, "report.json")
        for path, source in {"pytest.ini": "[pytest]\n", **files}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "GIT_"))}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hermetic", "audit", f"--json={report}"],
            cwd=folder,
            env=kept | {"XDG_CACHE_HOME": name},
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        if done.returncode not in {0, 1}:
            raise SystemExit(f"the audit ended with {done.returncode}: {done.stderr}")
        found = json.loads(report.read_text(encoding="utf-8"))["findings"]
    return {(item["path"], item["line"] or 0, item["code"]) for item in found if item["layer"] == "audit"}
