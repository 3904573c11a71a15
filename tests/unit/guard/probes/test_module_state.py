"""Data of modules: what another container under the same name changes, and what puts it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = """
KINDS = {"int": int}
NAMES = ["ann"]
RATE = 1.5
SHARE = 0.25


def register(name, kind):
    KINDS[name] = kind
"""
SUITE = """
import pytest
import registry


@pytest.fixture(scope="module", autouse=True)
def kinds_of_this_file():
    kinds = registry.KINDS.copy()
    yield
    registry.KINDS = kinds


def test_registers_and_leaves_it_to_the_fixture():
    registry.register("text", "a plain value")


def test_gives_the_name_another_list():
    registry.NAMES = ["bob"]


def test_gives_the_name_an_equal_list():
    registry.NAMES = ["ann"]


def test_gives_a_number_that_is_the_same_and_one_that_is_not():
    registry.RATE, registry.SHARE = float("1.5"), 0.5
"""


def test_a_container_in_place_of_another_is_compared_by_what_it_holds(tmp_path: Path) -> None:
    files = {"registry.py": REGISTRY, "test_it.py": SUITE}

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    found = {(item["state"], item["owner"], item["before"], item["after"]) for item in run.findings}
    assert found == {
        ("registry.KINDS['text']", None, "absent", "'a plain value'"),
        ("registry.NAMES", None, "['ann']", "['bob']"),
        ("registry.SHARE", None, "0.25", "0.5"),
    }, run.output


ITSELF = """
import registry

FIRST = registry.NAMES


def test_gives_the_name_another_list():
    registry.NAMES = ["bob"]


def test_it_is_the_same_list():
    assert registry.NAMES is FIRST
    assert registry.NAMES == ["ann"]
"""


def test_the_container_itself_comes_back(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"registry.py": REGISTRY, "test_it.py": ITSELF})

    assert [item["state"] for item in run.findings] == ["registry.NAMES"]
    assert "2 passed" in run.output


ARGV = {
    "test_first.py": """
from sys import argv


def test_the_name_is_there():
    assert argv
""",
    "test_second.py": """
import sys
import unittest


class ConvertTest(unittest.TestCase):
    def setUp(self):
        sys.argv[1:] = ["--format", "csv"]

    def test_format(self):
        self.assertIn("csv", sys.argv)
""",
}


def test_what_a_module_imports_from_sys_by_name_is_not_its_own(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "-n0", files=ARGV)

    assert run.found == {("HRM107", "test_second.py", 8)}, run.output
