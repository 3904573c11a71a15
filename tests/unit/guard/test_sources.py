"""The line that gives a test its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.guard.sources import place_of_parameters

if TYPE_CHECKING:
    from pathlib import Path

TEST = "def test_it(size, color):\n    pass\n"
ONE = """
def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", ["a"])
    if "size" in metafunc.fixturenames:
        metafunc.parametrize("color, size", draw())
"""
COMPUTED = """
def pytest_generate_tests(metafunc):
    print(metafunc)
    metafunc.parametrize(NAMES, draw())
"""
NONE = """
def pytest_generate_tests(metafunc):
    generate(metafunc)
"""


@pytest.mark.parametrize(("conftest", "line"), [(ONE, 6), (COMPUTED, 4), (NONE, 2)], ids=["one", "computed", "none"])
def test_a_hook_that_generates_tests_is_named_by_its_call(tmp_path: Path, conftest: str, line: int) -> None:
    above, file = tmp_path / "conftest.py", tmp_path / "test_it.py"
    above.write_text(conftest, encoding="utf-8")
    file.write_text(TEST, encoding="utf-8")

    assert place_of_parameters(str(file), ["test_it"], [str(above)]) == (str(above), line)


def test_a_decorator_that_computes_comes_before_one_that_does_not(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    head = "@pytest.mark.parametrize('size', [1])\n@pytest.mark.parametrize('color', draw())\n"
    file.write_text(head + TEST, encoding="utf-8")

    assert place_of_parameters(str(file), ["test_it"], []) == (str(file), 2)
