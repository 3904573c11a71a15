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
    ("use", "around", "found"),
    [
        ("return write", MOVED.format(name="own_folder"), []),
        ("return write", "", ["HRM502"]),
        ('write("a")\n    return write', MOVED.format(name="own_folder"), ["HRM502"]),
    ],
)
def test_what_a_fixture_hands_out_writes_where_the_test_is(
    use: str, around: str, found: list[str], tmp_path: Path
) -> None:
    source = (
        "from pathlib import Path\n\nimport pytest\n\n\n@pytest.fixture\ndef writer():\n"
        '    def write(text):\n        Path("VERSION").write_text(text)\n\n'
        f"    {use}\n\n\ndef test_it(writer):\n    assert writer\n"
    )

    assert codes({"conftest.py": around, "test_it.py": source}, tmp_path) == found


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


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ('f"{__name__}.open"', []),
        ('__name__ + ".open"', []),
        ('f"{print}.open"', []),  # of something that only the run knows
        ('f"{print}.opened"', ["HRM502"]),
        ('f"{__name__}.print"', ["HRM502"]),
    ],
)
def test_a_patch_may_name_the_file_that_it_stands_in(path: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "from unittest.mock import mock_open, patch\n\n\ndef test_it():\n"
        f"    with patch({path}, mock_open(), create=True):\n"
        '        with open("names", "w") as file:\n            file.write("a")\n'
    )

    assert codes({"test_it.py": source}, tmp_path) == found


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ('serde.json.to_json("face")', []),
        ('table.to_json("face")', ["HRM502"]),
        ('serde.table().to_json("f")', ["HRM502"]),
    ],
)
def test_a_function_that_is_named_as_a_method_that_saves(what: str, found: list[str], tmp_path: Path) -> None:
    source = f"import serde.json\n\n\ndef test_it(table):\n    {what}\n"

    assert codes({"conftest.py": "", "test_it.py": source.replace("(table)", "(table=1)")}, tmp_path) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ('importlib.import_module("shop.till")', []),
        ("shop.till", []),
        ('importlib.import_module("shop.clerk")', ["HRM104"]),
    ],
)
def test_a_reload_at_the_end_of_a_module_that_is_imported_on_the_spot(
    given: str, found: list[str], tmp_path: Path
) -> None:
    source = (
        "import importlib\nimport unittest\n\nimport shop.till\n\n\nclass Tests(unittest.TestCase):\n"
        f"    def test_it(self):\n        self.addCleanup(lambda: importlib.reload({given}))\n"
        "        importlib.reload(shop.till)\n"
    )
    files = {
        "shop/__init__.py": "",
        "shop/till.py": "OPEN = []\n",
        "shop/clerk.py": "AWAY = []\n",
        "test_it.py": source,
    }

    assert codes(files, tmp_path) == found


@pytest.mark.parametrize(("given", "found"), [("server, server.address", []), ("server.address, 1", ["HRM109"])])
def test_a_thread_whose_server_is_handed_on_beside_something_else(given: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "import threading\nfrom http.server import HTTPServer\n\n\ndef start():\n"
        "    server = HTTPServer(('127.0.0.1', 0), None)\n"
        f"    threading.Thread(target=server.serve_forever).start()\n    return {given}\n\n\n"
        "def test_it():\n    server, address = start()\n    assert address\n"
    )

    assert codes({"test_it.py": source}, tmp_path) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [('__name__ == "__main__"', []), ('__name__ != "__main__"', ["HRM105"]), ("True", ["HRM105"])],
)
def test_what_a_set_up_does_for_a_script_alone(condition: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "import logging\nimport unittest\n\n\nclass Tests(unittest.TestCase):\n    def setUp(self):\n"
        f"        if {condition}:\n            logging.getLogger('shop').disabled = True\n\n"
        "    def test_it(self):\n        assert self\n"
    )

    assert codes({"test_it.py": source}, tmp_path) == found


@pytest.mark.parametrize(
    ("line", "found"), [('os.unsetenv("SHOP_TILL")', []), ('os.putenv("SHOP_TILL", "1")', ["HRM101"])]
)
def test_a_variable_that_is_unset_in_case_it_is_there(line: str, found: list[str], tmp_path: Path) -> None:
    items = lint_files({"test_it.py": f"import os\n\n\ndef test_it():\n    {line}\n"}, tmp_path, select=DEFAULTS)

    assert [item.code for item in items] == found
    assert all("'SHOP_TILL' in the environment of the process is changed in test_it" in item.message for item in items)


def test_a_name_that_a_package_passes_on_under_another_one(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "from shop._till import interop as till\n",
        "shop/_till.py": "interop = None\n",
        "test_it.py": "import shop\n\n\ndef test_it():\n    shop.till = None\n\n\n"
        "def test_other():\n    shop.till = print\n",
    }

    found = lint_files(files, tmp_path, select=("HRM308", "HRM601"))

    assert [(item.line, item.code) for item in found] == [(9, "HRM308")]
