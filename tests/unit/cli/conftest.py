"""What the tests of several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import write_files
from tests.utils.process import BAD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one finding that can be fixed; it is the current folder."""
    folder = tmp_path / "project"
    write_files({"pyproject.toml": "", "test_a.py": BAD}, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder
