"""What several end-to-end tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.lint import write_files
from tests.utils.process import BAD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one finding, which no bad neighbour may hide."""
    folder = tmp_path / "project"
    write_files({"pyproject.toml": "", "test_ok.py": BAD}, folder)
    return folder
