"""Files outside of the copy are put back to what they were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hermetic.audit.outside import Outside

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """A recorder that is told of events by hand: an audit hook could not be removed."""
    for name in ("home", "copy"):
        (tmp_path / name).mkdir()
    made = Outside(str(tmp_path / "home"), [str(tmp_path / "copy")])
    made.on = True
    return made


def opened(path: Path) -> tuple[object, ...]:
    return (str(path), "w", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def test_a_changed_file_gets_its_content_back(outside: Outside, tmp_path: Path) -> None:
    path = tmp_path / "settings.txt"
    path.write_text("before", encoding="utf-8")

    outside.heard("open", opened(path))
    path.write_text("after", encoding="utf-8")
    outside.heard("open", opened(path))
    path.write_text("later", encoding="utf-8")
    outside.undo()

    assert path.read_text(encoding="utf-8") == "before"


def test_what_was_not_there_is_removed(outside: Outside, tmp_path: Path) -> None:
    folder, path = tmp_path / "new", tmp_path / "new" / "x.txt"

    outside.heard("os.mkdir", (str(folder), 0o777, -1))
    folder.mkdir()
    outside.heard("open", opened(path))
    path.write_text("x", encoding="utf-8")
    outside.undo()

    assert not folder.exists()


def test_a_removed_file_comes_back(outside: Outside, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("x", encoding="utf-8")

    outside.heard("os.remove", (str(path), -1))
    path.unlink()
    outside.undo()

    assert path.read_text(encoding="utf-8") == "x"


def test_only_what_came_after_a_position_is_undone(outside: Outside, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        since = outside.position()
        outside.heard("open", opened(path))
        path.touch()
    outside.undo(since)

    assert (first.exists(), second.exists()) == (True, False)


@pytest.mark.parametrize(
    ("event", "is_dirty"), [("open", True), ("subprocess.Popen", True), ("import", False), ("os.listdir", False)]
)
def test_what_may_have_changed_the_copy_is_dirty(
    outside: Outside, tmp_path: Path, event: str, *, is_dirty: bool
) -> None:
    outside.heard(event, opened(tmp_path / "copy" / "x"))

    assert outside.dirty is is_dirty
    assert outside.position() == 0


def test_reading_changes_nothing(outside: Outside, tmp_path: Path) -> None:
    outside.heard("open", (str(tmp_path / "copy" / "x"), "r", os.O_RDONLY))

    assert not outside.dirty
