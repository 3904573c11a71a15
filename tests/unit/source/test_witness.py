"""What was read is as it was, or it is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hermetic.source.witness import GONE, renewed_all

if TYPE_CHECKING:
    from pathlib import Path

LATER = 1 << 62  # nanoseconds: all times are older


@pytest.mark.parametrize("end", ["", os.sep])
def test_what_was_not_there_is_the_same_until_it_is_there(end: str, tmp_path: Path) -> None:
    path = tmp_path / "app"
    marks = {f"{path}{end}": GONE}
    before = renewed_all(marks, LATER)
    if end:
        path.mkdir()
    else:
        path.write_text("")

    assert before == marks
    assert renewed_all(marks, LATER) is None


def test_a_file_in_place_of_a_folder_that_was_not_there_is_still_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "app"
    marks = {f"{path}{os.sep}": GONE}
    path.write_text("")

    assert renewed_all(marks, LATER) == marks
