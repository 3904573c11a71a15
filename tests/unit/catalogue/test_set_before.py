"""What the test's own set-up has set before is the set-up's leak, and not once more that of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "class Server:\n    limit = 10\n"
HELPER = """
import unittest

import server


def reset_options():
    for klass in (server.Server,):
        klass.limit = 3
    server.Server.limit = 3


class Case(unittest.TestCase):
    def setUp(self):
        {before}
"""
USER = """
from helper import Case, reset_options
from server import Server


class Tests(Case):
    def setUp(self):
        super().setUp()

    def test_a(self):
        Server().limit
        reset_options()
"""


@pytest.mark.parametrize(("before", "found"), [("reset_options()", []), ("print()", ["HRM603"])])
def test_a_helper_that_the_set_up_of_each_test_calls_changes_nothing(
    before: str, found: list[str], tmp_path: Path
) -> None:
    files = {"server.py": SERVER, "tests/helper.py": HELPER.format(before=before), "tests/test_it.py": USER}

    items = lint_files(files, tmp_path, select=("HRM603",))

    assert [item.code for item in items if "test_a " in item.message] == found


VARIABLE = """
import os
import unittest


class Tests(unittest.TestCase):
    def {role}(self):
        {before}

    def test_a(self):
        {change}
        assert os.environ
"""
SETS = 'os.environ["SHOP"] = "1"'
REMOVES = 'del os.environ["SHOP"]'


@pytest.mark.parametrize(
    ("before", "change", "found"),
    [
        (SETS, REMOVES, [8]),
        (SETS, SETS, [8]),
        (SETS, 'os.environ["SHOP"] = "2"', [8, 11]),
        (SETS, 'del os.environ["CAFE"]', [8, 11]),
        (f"if self: {SETS}", REMOVES, [8, 11]),
        ("print()", REMOVES, [11]),
    ],
)
def test_a_variable_that_the_set_up_sets_is_the_set_ups(
    before: str, change: str, found: list[int], tmp_path: Path
) -> None:
    test = VARIABLE.format(role="setUp", before=before, change=change)

    items = lint_files({"test_it.py": test}, tmp_path, select=("HRM101",))

    assert sorted(item.line for item in items) == found


def test_a_method_of_another_name_sets_nothing_before_the_test(tmp_path: Path) -> None:
    test = VARIABLE.format(role="make", before=SETS, change=REMOVES)

    assert [item.line for item in lint_files({"test_it.py": test}, tmp_path, select=("HRM101",))] == [11]


CHANGED = """
import logging

import shop


def test_a():
    shop.suffix = "end"  # HRM601
    logging.getLogger().setLevel(logging.DEBUG)  # HRM105
"""
AT_IMPORT = """
import logging as logs

import shop

if shop.{name} is not None:
    shop.{name} = "{value}"
logs.getLogger().setLevel(logs.{level})
"""


@pytest.mark.parametrize("path", ["tests/__init__.py", "conftest.py", "tests/conftest.py"])
@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("suffix", "end", "DEBUG"), []),
        (("suffix", "other", "INFO"), ["HRM601", "HRM105"]),
        (("prefix", "end", "ERROR"), ["HRM601", "HRM105"]),
    ],
)
def test_what_is_imported_before_says_what_a_test_finds(
    path: str, given: tuple[str, str, str], found: list[str], tmp_path: Path
) -> None:
    name, value, level = given
    files = {"tests/__init__.py": "", "shop.py": 'suffix = prefix = ""\n', "tests/test_it.py": CHANGED}
    files[path] = AT_IMPORT.format(name=name, value=value, level=level)

    items = lint_files(files, tmp_path, select=("HRM601", "HRM105"))

    assert [item.code for item in items if "test_it" in item.path] == found


@pytest.mark.parametrize(("imported", "found"), [("json", []), ("pickle as json", ["HRM308"])])
def test_a_module_that_gets_what_it_imports_is_as_it_was(imported: str, found: list[str], tmp_path: Path) -> None:
    test = f"import {imported}\nimport shop\n\n\ndef test_a():\n    shop.json = json\n    shop.dump()\n"
    files = {"shop.py": "import json\n\n\ndef dump():\n    return json.dumps(1)\n", "test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM308",))] == found


REQUESTED = """
import os
import tempfile

import pytest

HOME = tempfile.mkdtemp()
OTHER = tempfile.mkdtemp()
MOVED = tempfile.mkdtemp()
MOVED = tempfile.mkdtemp()


@pytest.fixture
def shop():
    os.environ["SHOP_HOME"] = {before}
    yield


def test_a({given}):
    os.environ["SHOP_HOME"] = {change}


def test_b(shop):
    pass
"""


@pytest.mark.parametrize(
    ("before", "given", "change", "found"),
    [
        ("HOME", "shop", "HOME", [15]),
        ("HOME", "shop", "OTHER", [15, 20]),
        ("HOME", "", "HOME", [15, 20]),
        ("MOVED", "shop", "MOVED", [15, 20]),
        ("'/srv'", "shop", "'/srv'", [15]),
        ("'/srv'", "shop", "'/opt'", [15, 20]),
    ],
)
def test_what_a_requested_fixture_sets_is_what_the_test_finds(
    before: str, given: str, change: str, found: list[int], tmp_path: Path
) -> None:
    test = REQUESTED.format(before=before, given=given, change=change)

    assert [item.line for item in lint_files({"test_it.py": test}, tmp_path, select=("HRM101",))] == found


LOOPED = """
import logging

for name in ["shop", "shop.{last}"]:
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
"""
LEVEL = 'import logging\n\n\ndef test_a():\n    logging.getLogger("shop.cart").setLevel(logging.{level})\n'


@pytest.mark.parametrize(
    ("last", "level", "found"),
    [("cart", "DEBUG", []), ("till", "DEBUG", ["HRM105"]), ("cart", "INFO", ["HRM105"])],
)
def test_levels_that_a_conftest_sets_in_a_loop_are_those_that_a_test_finds(
    last: str, level: str, found: list[str], tmp_path: Path
) -> None:
    files = {"conftest.py": LOOPED.format(last=last), "test_it.py": LEVEL.format(level=level)}

    items = lint_files(files, tmp_path, select=("HRM105",))

    assert [item.code for item in items if item.path == "test_it.py"] == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("['a', ('b', 1)]", []),
        ("['a', ('b', 2)]", ["HRM601"]),
        ("['a', ('b', True)]", ["HRM601"]),
        ("['a']", ["HRM601"]),
        ("('a', ('b', 1))", ["HRM601"]),
    ],
)
@pytest.mark.parametrize("key", ["1", "2"])
def test_an_item_that_is_set_to_what_its_table_begins_with_is_as_it_was(
    key: str, value: str, found: list[str], tmp_path: Path
) -> None:
    test = f"import shop\n\n\ndef test_a():\n    shop.rows[{key}] = {value}\n"
    files = {"shop.py": "rows = {0: {'x': 1}, 1: ['a', ('b', 1)]}\n", "test_it.py": test}

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert [item.code for item in items] == (found if key == "1" else ["HRM601"])
