"""Fixtures that a test gets by a name in code, and those that files pass on with stars of stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)
MOVED = """
import os

import pytest


@pytest.fixture
def {name}(tmp_path):
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        yield
    finally:
        os.chdir(before)
"""
WRITES = '    from pathlib import Path\n\n    Path("VERSION").write_text("1.0")\n'


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files(files, folder, select=DEFAULTS)]


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        ("usefixtures(own_folder.__name__)", []),
        ("usefixtures(NAME)", []),
        ('usefixtures("own_folder")', []),
        ("usefixtures(OTHER)", ["HRM502"]),
        ("usefixtures(other.__name__)", ["HRM502"]),
        ('parametrize("given", [lazy_fixture("own_folder")])', []),
        ('parametrize("given", [lazy_fixture(name) for name in CASES])', []),
        ('parametrize("given", [lazy_fixture("other")])', ["HRM502"]),
        ('parametrize("given", [print("own_folder")])', ["HRM502"]),
    ],
)
def test_a_fixture_that_is_named_in_code_is_around_the_test(mark: str, found: list[str], tmp_path: Path) -> None:
    head = "import pytest\nfrom pytest_lazyfixture import lazy_fixture\n\nfrom conftest import other, own_folder\n"
    names = 'NAME = "own_folder"\nOTHER = "other"\n\n\n'
    test = f"@pytest.mark.{mark}\ndef test_it({'given' if 'given' in mark else ''}):\n{WRITES}"
    conftest = MOVED.format(name="own_folder") + "\n\n@pytest.fixture\ndef other():\n    return 1\n"

    assert codes({"conftest.py": conftest, "test_it.py": head + names + test}, tmp_path) == found


@pytest.mark.parametrize(("name", "found"), [("example_dir", []), ("other_dir", ["HRM502"])])
def test_fixtures_come_through_stars_of_stars(name: str, found: list[str], tmp_path: Path) -> None:
    files = {
        "conftest.py": "from tests.fixtures import *\n",
        "tests/__init__.py": "",
        "tests/fixtures/__init__.py": "from tests.fixtures.projects import *\n",
        "tests/fixtures/projects.py": MOVED.format(name="example_dir")
        + "\n\n@pytest.fixture\ndef other_dir():\n    pass\n",
        "tests/test_it.py": f"def test_it({name}):\n{WRITES}",
    }

    assert codes(files, tmp_path) == found


@pytest.mark.parametrize(("last", "found"), [("finally", []), ("else", ["HRM102"])])
def test_a_helper_comes_through_a_package_that_passes_all_on(last: str, found: list[str], tmp_path: Path) -> None:
    helper = (
        "import contextlib\nimport os\n\n\n@contextlib.contextmanager\ndef inside(folder):\n"
        "    before = os.getcwd()\n    try:\n        yield\n"
        f"    except OSError:\n        raise\n    {last}:\n        os.chdir(before)\n"
    )
    files = {
        "helpers/__init__.py": "from helpers.folders import *\n",
        "helpers/folders.py": helper,
        "test_it.py": "import os\n\nfrom helpers import inside\n\n\ndef test_it(tmp_path):\n"
        "    with inside(tmp_path):\n        os.chdir(tmp_path)\n",
    }

    assert codes(files, tmp_path) == found


@pytest.mark.parametrize(
    ("use", "found"), [("return write", []), ('write("a")\n    return write', ["HRM502"]), ("return 1", [])]
)
def test_what_a_fixture_hands_out_writes_where_the_test_is(use: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "from pathlib import Path\n\nimport pytest\n\n\n@pytest.fixture\ndef writer():\n"
        '    def write(text):\n        Path("VERSION").write_text(text)\n\n'
        f"    {use}\n\n\ndef test_it(writer):\n    assert writer\n"
    )

    assert codes({"test_it.py": source}, tmp_path) == found


@pytest.mark.parametrize(
    ("access", "found"),
    [(", access=mmap.ACCESS_READ", []), ("", ["HRM502"]), (", access=mmap.ACCESS_WRITE", ["HRM502"])],
)
def test_a_file_that_is_mapped_to_read_it_is_not_written(access: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "import mmap\n\n\ndef test_it():\n"
        '    with open("names.csv", "r+b") as file:\n'
        f"        mapped = mmap.mmap(file.fileno(), 0{access})\n        assert mapped[:2]\n"
    )

    assert codes({"test_it.py": source}, tmp_path) == found


@pytest.mark.parametrize(
    ("otherwise", "found"), [("None", []), ("print", ["HRM106"])], ids=["only-where-set", "something-else"]
)
def test_a_cleanup_that_is_none_where_nothing_was_set(otherwise: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "import sys\n\nimport pytest\n\n\n"
        '@pytest.mark.parametrize("limit", [None, 1000])\ndef test_it(limit):\n'
        "    if limit is not None:\n"
        "        before = sys.getrecursionlimit()\n        sys.setrecursionlimit(limit)\n\n"
        "        def cleanup():\n            sys.setrecursionlimit(before)\n"
        f"    else:\n        cleanup = {otherwise}\n\n"
        "    try:\n        assert limit\n    finally:\n        if cleanup:\n            cleanup()\n"
    )

    assert codes({"test_it.py": source}, tmp_path) == found
