"""The figures that the site shows are those that are measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "measurements.md"


def test_the_corpus_score_on_the_site_is_the_measured_one() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/corpus_score.py", "--misses"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"```{{ .text .text }}\n{done.stdout}```" in PAGE.read_text(encoding="utf-8")
