"""Arguments follow the copy, and what pytest printed is turned into a reason."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hermetic.audit.processes import attend, moved, reason

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/home/me/app/tests", "/copy/tests"),
        ("/home/me/app", "/copy"),
        ("--rootdir=/home/me/app", "--rootdir=/copy"),
        ("/home/me/app-two/tests", "/home/me/app-two/tests"),
        ("/mnt/home/me/app/tests", "/mnt/home/me/app/tests"),
        ("tests/test_x.py", "tests/test_x.py"),
    ],
)
def test_only_words_that_name_the_tree_name_the_copy(word: str, expected: str) -> None:
    assert moved(word, "/home/me/app", "/copy") == expected


def test_the_reason_quotes_the_error_and_says_what_to_type() -> None:
    text = reason("collected 0 items\nE   ModuleNotFoundError: No module named 'x'\n1 error", ["tests"])

    assert "ModuleNotFoundError: No module named 'x'" in text
    assert "`python -m pytest --collect-only -q tests`" in text


def test_a_process_that_tells_nothing_for_too_long_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as process:
        assert attend(process, str(tmp_path / "none"), 0.1) is None
        assert process.returncode != 0


def test_a_process_that_ends_by_itself_gives_its_exit_code(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], start_new_session=True) as process:
        assert attend(process, str(tmp_path / "none"), 60.0) == 3
