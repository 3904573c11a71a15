"""What is made again as it was, or by each file for itself, is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

PASSING_ON = """\
\"\"\"A shop.\"\"\"
import logging
from typing import TYPE_CHECKING

from cafe import *
from cafe import Table as Table

if TYPE_CHECKING:
    from cafe import Chair

__version__ = "1"
__all__ = [name for name in dir() if name]
__all__.append("Table")
log = logging.getLogger(__name__)
log.debug("here")
OPEN = True
"""
RELOAD = """
import importlib
import sys

import cafe
import shop


def test_a():
    {before}
    importlib.reload(shop)
"""


@pytest.mark.parametrize(
    ("more", "before", "found"),
    [
        ("", "print()", []),
        ("class Till: ...", "print()", ["HRM104"]),
        ("def pay(): ...", "print()", []),
        ("def pay(at=object()): ...", "print()", ["HRM104"]),
        ("tills = []", "print()", ["HRM104"]),
        ("try:\n    import fast\nexcept ImportError:\n    fast = None", "print()", ["HRM104"]),
        ("", "print(sys.modules)", ["HRM104"]),
        ("", "importlib.reload(cafe)", ["HRM104", "HRM104"]),
    ],
)
def test_a_reload_of_a_module_that_only_imports_changes_nothing(
    more: str, before: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop.py": PASSING_ON + more,
        "cafe.py": "class Table: ...\nclass Chair: ...\n",
        "test_it.py": RELOAD.format(before=before),
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM104",))] == found


COPY = """
import sys
import pytest


@pytest.fixture(autouse=True, scope="session")
def on_path():
    sys.path.insert(0, {folder})
    yield
    sys.path.remove({folder})


def test_a():
    pass
"""


@pytest.mark.parametrize(("folder", "found"), [("__file__ + '/data'", []), ("sys.prefix", ["HRM401"])])
def test_fixtures_that_use_their_own_file_are_no_copies(folder: str, found: list[str], tmp_path: Path) -> None:
    test = COPY.format(folder=folder)

    items = lint_files({"a/test_a.py": test, "b/test_b.py": test}, tmp_path, select=("HRM401",))

    assert [item.code for item in items] == found


SKIPPING = """
import pytest


@pytest.fixture(autouse=True, scope="session")
def pandas():
    return {given}


def test_a():
    pass
"""


@pytest.mark.parametrize(
    ("given", "found"), [('pytest.importorskip("pandas")', []), ('__import__("pandas")', ["HRM402"])]
)
def test_a_fixture_that_gives_what_it_skips_without_leaves_nothing(
    given: str, found: list[str], tmp_path: Path
) -> None:
    files = {"test_it.py": SKIPPING.format(given=given), "test_more.py": "def test_b():\n    pass\n"}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM402",))] == found


ONLY_SKIPS = """
import importlib.util

import pytest


@pytest.fixture(autouse=True, scope="module")
def needs_pandas():
    if not importlib.util.find_spec("pandas"):
        {first}
    {last}


def test_a():
    pass
"""


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ('pytest.skip("no pandas")', "yield", []),
        ('pytest.skip("no pandas")', "yield 1", ["HRM401"]),
        ('pytest.skip("no pandas")', "yield\n    importlib.invalidate_caches()", ["HRM401"]),
        ("pass", "yield", ["HRM401"]),
    ],
)
def test_copies_that_only_skip_and_yield_nothing_are_left_alone(
    first: str, last: str, found: list[str], tmp_path: Path
) -> None:
    files = {f"test_{name}.py": ONLY_SKIPS.format(first=first, last=last) for name in "ab"}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM401",))] == found


CALLS = """
from threading import Thread

pending = []


class Call(Thread):
    def __init__(self):
        super().__init__()
        pending.append(self)
        self.start()

    def run(self):
        {last}
"""


@pytest.mark.parametrize(("last", "found"), [("pending.remove(self)", []), ("print(pending)", ["HRM601"])])
def test_an_object_that_takes_itself_out_of_a_list_again(last: str, found: list[str], tmp_path: Path) -> None:
    test = "import calls\n\n\ndef test_a():\n    calls.Call().join()\n    assert not calls.pending\n"

    items = lint_files({"calls.py": CALLS.format(last=last), "test_it.py": test}, tmp_path, select=("HRM601",))

    assert [item.code for item in items] == found


LEVEL = "import logging\n\nlog = logging.getLogger(__name__)\nlog.setLevel(logging.{level})\n"


@pytest.mark.parametrize(
    ("level", "before", "found"),
    [
        ("WARNING", "from shop.till import log", []),
        ("ERROR", "from shop.till import log", ["HRM105"]),
        ("WARNING", "", ["HRM105"]),
    ],
)
def test_the_level_that_a_module_gives_its_logger_when_it_is_imported(
    level: str, before: str, found: list[str], tmp_path: Path
) -> None:
    test = f"""
import logging
{before}

logging.getLogger("shop.till").setLevel(logging.WARNING)


def test_a():
    pass
"""
    files = {"shop/__init__.py": "", "shop/till.py": LEVEL.format(level=level), "tests/test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM105",))] == found


AROUND = """
import importlib
import sys
from unittest import mock

import pytest
import shop


def test_a():
    with {manager}:
        importlib.reload({first})
    importlib.reload(shop)
"""


@pytest.mark.parametrize(
    ("manager", "first", "found"),
    [
        ("mock.patch.dict('sys.modules', {'cafe': None})", "shop", []),
        ("mock.patch.dict('sys.modules', {'cafe': None})", "sys", ["HRM104"]),
        ("pytest.raises(ImportError)", "shop", ["HRM104"]),
    ],
)
def test_a_reload_below_the_block_that_held_one_puts_back_what_that_has_read(
    manager: str, first: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop.py": "class Table: ...\n",
        "test_it.py": AROUND.format(manager=manager, first=first),
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM104",))] == found


KINDS = """
from typing import ClassVar

from cafe import Chair, Table


class Shop:
    sells: ClassVar[tuple] = (Table, Chair)
    first: ClassVar[list] = [Table, 1]
"""
GIVES_AGAIN = """
import cafe
from cafe import Chair, Table
from shop import Shop


def test_a():
    Shop.{given}
"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("sells = (Table, Chair)", []),
        ("sells = (cafe.Table, Chair)", []),
        ("first = [Table, 1]", []),
        ("sells = (Chair, Table)", ["HRM603"]),
        ("sells = (Table,)", ["HRM603"]),
        ("sells = (Table, Chair, Chair)", ["HRM603"]),
        ("sells = [Table, Chair]", ["HRM603"]),
        ("first = [Table, 2]", ["HRM603"]),
        ("first = [Table, True]", ["HRM603"]),
    ],
)
def test_what_a_class_begins_with_is_told_item_by_item(given: str, found: list[str], tmp_path: Path) -> None:
    files = {
        "cafe.py": "class Table: ...\n\n\nclass Chair: ...\n",
        "shop.py": KINDS,
        "test_it.py": GIVES_AGAIN.format(given=given),
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM603",))] == found
