"""What pytest itself adds to `sys.path`, and what a test does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOWS = """
import pathlib
import sys


def test_where_it_is_imported_from():
    assert sys.path[0] == str(pathlib.Path(__file__).parent.parent)
"""
ADDS = """
import sys


def test_adds_a_folder():
    sys.path.insert(0, "/nowhere")
"""


@pytest.mark.parametrize("mode", ["warn", "error"])
def test_a_package_that_pytest_sets_up_is_put_in_front_by_pytest_itself(tmp_path: Path, mode: str) -> None:
    files = {"first/__init__.py": "", "first/test_it.py": SHOWS, "second/test_other.py": "def test_it(): pass\n"}

    run = guarded(tmp_path / "suite", mode=mode, files=files)

    assert run.findings == [], run.output
    assert run.exit == 0, run.output  # the second folder was in front when the tests began


def test_what_a_test_of_a_package_adds_is_a_finding(tmp_path: Path) -> None:
    files = {"first/__init__.py": "", "first/test_it.py": ADDS, "second/test_other.py": "def test_it(): pass\n"}

    run = guarded(tmp_path / "suite", files=files)

    assert run.found == {("HRM103", "first/test_it.py", 6)}, run.output


BRINGS = """
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        return None


sys.meta_path.append(Finder())
"""


def test_a_finder_that_the_code_under_test_brings_along_is_none_of_the_tests(tmp_path: Path) -> None:
    importing = "import shop\n\n\ndef test_it():\n    assert shop.Finder\n"
    files = {"shop.py": BRINGS, "test_it.py": importing, "test_own.py": f"{BRINGS}\n\ndef test_it(): pass\n"}

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert [(item["code"], item["path"]) for item in run.findings] == [("HRM103", "test_own.py")], run.output


def test_a_finder_that_comes_with_an_import_in_a_test_is_none_of_the_tests(tmp_path: Path) -> None:
    importing = "def test_it():\n    import shop\n\n    assert shop.Finder\n"
    adding = "import sys\n\n\ndef test_it():\n    import kinds\n\n    sys.meta_path.append(kinds.Finder())\n"
    files = {
        "shop.py": BRINGS,
        "kinds.py": BRINGS.partition("\n\n\nsys.meta_path")[0],
        "test_it.py": importing,
        "test_own.py": adding,
    }

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    assert [(item["code"], item["path"]) for item in run.findings] == [("HRM103", "test_own.py")], run.output
