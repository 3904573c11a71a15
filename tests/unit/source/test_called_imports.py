"""Which imports of a file count for rules that follow only what tests call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.outline import called_names
from hermetic.source.project import Project

if TYPE_CHECKING:
    from pathlib import Path

HELPER = "import os\n\n\ndef move():\n    os.chdir('/')\n\n\nclass Base:\n    def setUp(self):\n        os.chdir('/')\n"
TOKENS = (b"chdir",)


@pytest.mark.parametrize(
    "source",
    [
        "move()",
        "move (1)",
        "move.there()",
        "move.there.now(1)",
        "(move\n    .there()\n    .now())",
        "(\n    move.\n    there()\n)",
        "@move(1)\ndef test(): ...",
        "x = [move.there(move)]",
    ],
)
def test_a_call_is_seen_by_the_first_name_of_what_is_called(source: str) -> None:
    assert "move" in set(called_names(source.encode()))


@pytest.mark.parametrize("source", ["move", "x = move\nprint(x)", "class A(move): ...", "print(move)", "a.move()"])
def test_a_name_that_is_not_called_is_left_out(source: str) -> None:
    assert "move" not in set(called_names(source.encode()))


def calls_in(folder: Path, name: str, source: str) -> list[tuple[str, str]]:
    """Return what a file next to the helper imports, calls and leads to a token."""
    (folder / "helper.py").write_text(HELPER, encoding="utf-8")
    project = Project(str(folder))
    return project.leading.calls(project.open(str(folder / name), source.encode()), TOKENS)


def test_an_import_that_a_test_file_calls_is_followed(tmp_path: Path) -> None:
    source = "from helper import move, Base\n\n\ndef test_it():\n    move()\n\n\nclass TestIt(Base): ...\n"
    assert calls_in(tmp_path, "test_a.py", source) == [("move", "helper.move")]
    assert calls_in(tmp_path, "conftest.py", source) == [("move", "helper.move")]


def test_what_a_helper_file_calls_is_not_followed_from_there(tmp_path: Path) -> None:
    assert calls_in(tmp_path, "models.py", "from helper import move\n\nmove()\n") == []


@pytest.mark.parametrize("source", ["@pytest.fixture\ndef a(): ...", "class A:\n    def setUp(self): ..."])
def test_a_helper_file_with_fixtures_or_setups_may_hold_tests(tmp_path: Path, source: str) -> None:
    project = Project(str(tmp_path))
    assert project.open(str(tmp_path / "helpers.py"), source.encode()).may_hold_tests
    assert not project.open(str(tmp_path / "helpers.py"), b"class A: ...").may_hold_tests
