"""What commands that take long say meanwhile, and how they write their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.cli.long_work import CANNOT_RUN, EVERY, Progress, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_same_is_said_again_only_after_a_while_and_with_an_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("hunt")
    progress.started -= 3
    progress("shuffled", 0, 4)
    progress("shuffled", 1, 4)
    progress.said -= EVERY
    progress.since -= 10
    progress("shuffled", 2, 4)
    progress("confirming", 0, 1)

    first, second, third = capsys.readouterr().err.splitlines()
    assert (first, third) == ("hermetic hunt: shuffled: 0 of 4", "hermetic hunt: confirming")
    assert second == "hermetic hunt: shuffled: 2 of 4, about 10 s left"


def test_without_a_total_there_is_no_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("audit")
    progress.started -= 3
    for done in (0, 7):
        progress("the plain order", done, 0)
        progress.said -= EVERY

    assert capsys.readouterr().err.splitlines() == [
        "hermetic audit: the plain order",
        "hermetic audit: the plain order: 7 so far",
    ]


def test_a_file_that_cannot_be_written_is_said_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write("", "content") == 0
    assert write(str(tmp_path / "report.json"), "content") == 0
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == "content"
    assert write(str(tmp_path / "nowhere" / "report.json"), "content") == CANNOT_RUN
    assert "report.json: cannot be written: No such file or directory" in capsys.readouterr().err
