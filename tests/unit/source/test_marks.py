"""The marks of a test, however `pytestmark` is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source.marks import marks_of, own_marks
from hermetic.source.module import Module
from hermetic.source.project import Project
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def names_of_marks(head: str) -> Iterable[str]:
    source = f"import pytest\nfrom pytest import mark\n{head}\ndef test_a():\n    pass\n"
    return [name for name, _ in marks_of(Module("test_a.py", source.encode(), "test_a").top.functions[0])]


@pytest.mark.parametrize(
    "head",
    [
        "pytestmark = pytest.mark.one",
        "pytestmark = [mark.one]",
        "MARKS = [mark.one()]\npytestmark = MARKS",
        "MARKS = (mark.one,)\npytestmark = [*MARKS]",
        "MARKS = [mark.one]\npytestmark = MARKS + []",
        "@mark.one",
    ],
)
def test_a_mark_is_found(head: str) -> None:
    assert names_of_marks(head) == ["pytest.mark.one"]


def test_every_mark_of_joined_lists_is_found_in_order() -> None:
    head = "FEW = [mark.one]\nMORE = FEW + [mark.two]\npytestmark = [*MORE, mark.three]"
    assert names_of_marks(head) == ["pytest.mark.one", "pytest.mark.two", "pytest.mark.three"]


def test_a_list_that_names_itself_comes_to_an_end() -> None:
    assert names_of_marks("pytestmark = [mark.one]\npytestmark = pytestmark + [mark.two]")


@pytest.mark.parametrize(("base", "kept"), [("object", True), ("Near", True), ("Far", False)])
def test_marks_of_a_class_are_worked_out_once_unless_a_base_of_another_file_has_some(
    base: str, tmp_path: Path, *, kept: bool
) -> None:
    """That file may be let go, and parsed again with other scopes."""
    head = "import pytest\nfrom far import Far\nclass Near:\n    pass\n"
    source = f"{head}@pytest.mark.one\nclass Test({base}):\n    pass\n"
    write_files({"far.py": "class Far:\n    pass\n", "test_it.py": source}, tmp_path)
    module = Project(str(tmp_path)).module(str(tmp_path / "test_it.py"))
    assert module is not None
    cls = next(item for item in module.top.classes if item.name == "Test")

    assert [name for name, _ in own_marks(cls)] == ["pytest.mark.one"]
    assert (own_marks(cls) is own_marks(cls)) is kept
