"""Runs of `hermetic hunt` in suites that a test writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.utils.lint import write_files
from tests.utils.process import hermetic

if TYPE_CHECKING:
    from pathlib import Path

APP = "ITEMS = []\nREADY = False\nBOTH = set()\n"


class Hunted:
    """One run of the command: how it ended, what it printed, and the JSON document that it wrote."""

    def __init__(
        self, folder: Path, files: dict[str, str], *arguments: str, extra: dict[str, str] | None = None
    ) -> None:
        write_files(files, folder)
        report = folder.parent / "hunt.json"
        done = hermetic(folder, "hunt", f"--json={report}", *arguments, extra=extra)
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr
        self.document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}

    def answers(self) -> set[tuple[str, str, tuple[str, ...]]]:
        """Return what was confirmed: kind, test and culprits, without the file's name."""
        return {
            (one["kind"], short(one["victim"]), tuple(map(short, one["culprits"])))
            for one in self.document["findings"]
            if one["confirmed"]
        }


def short(nodeid: str) -> str:
    return nodeid.partition("::")[2]
