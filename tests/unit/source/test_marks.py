"""The marks of a test, however `pytestmark` is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.source import roles
from hermetic.source.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable


def marks_of(head: str) -> Iterable[str]:
    source = f"import pytest\nfrom pytest import mark\n{head}\ndef test_a():\n    pass\n"
    return [name for name, _ in roles.marks(Module("test_a.py", source.encode(), "test_a").top.functions[0])]


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
    assert marks_of(head) == ["pytest.mark.one"]


def test_every_mark_of_joined_lists_is_found_in_order() -> None:
    head = "FEW = [mark.one]\nMORE = FEW + [mark.two]\npytestmark = [*MORE, mark.three]"
    assert marks_of(head) == ["pytest.mark.one", "pytest.mark.two", "pytest.mark.three"]


def test_a_list_that_names_itself_comes_to_an_end() -> None:
    assert marks_of("pytestmark = [mark.one]\npytestmark = pytestmark + [mark.two]")
