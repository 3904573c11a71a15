"""Calls are followed as they run: to the method of the object at hand, and past what cleans up or is to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

LOADER = """
import os


class Loader:
    def __init__(self):
        self.start()

    def start(self):
        os.environ["SHOP"] = "1"

    def load(self, name):
        self.fetch(name)

    def fetch(self, name):
        with open(name, "w") as file:
            file.write("x")


class FakeLoader(Loader):
    def {own}(self, *given): ...


class OtherLoader(Loader):
    pass
"""
OF_LOADER = """
from loader import {cls} as Loader


def test_a():
    loader = Loader()
    loader.load("shop.txt")
    assert open(__file__)
"""


@pytest.mark.parametrize(
    ("own", "cls", "found"),
    [
        ("fetch", "FakeLoader", ["HRM101"]),
        ("start", "FakeLoader", ["HRM502"]),
        ("stop", "FakeLoader", ["HRM101", "HRM502"]),
        ("fetch", "OtherLoader", ["HRM101", "HRM502"]),
    ],
)
def test_the_object_at_hand_may_have_another_method(own: str, cls: str, found: list[str], tmp_path: Path) -> None:
    files = {"loader.py": LOADER.format(own=own), "test_it.py": OF_LOADER.format(cls=cls)}

    items = lint_files(files, tmp_path, select=("HRM101", "HRM502"))

    assert sorted(item.code for item in items) == found


MANAGER = """
import os
from contextlib import contextmanager


@contextmanager
def environment(values):
    def apply(given):
        for name, value in given.items():
            old[name] = os.environ.get(name)
            os.environ[name] = value

    old = {{}}
    try:
        apply(values)
        yield
    {last}:
        apply(old)
"""


@pytest.mark.parametrize(("last", "found"), [("finally", []), ("except KeyError", ["HRM101"])])
def test_a_helper_of_a_manager_that_its_cleanup_calls_again(last: str, found: list[str], tmp_path: Path) -> None:
    test = "from tests.helper import environment\n\n\ndef test_a():\n    with environment({'A': 'b'}):\n        pass\n"
    files = {"tests/__init__.py": "", "tests/helper.py": MANAGER.format(last=last), "tests/test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM101",))] == found


BUCKETS = """
import unittest
from unittest import mock

import minio


class Buckets(unittest.TestCase):
    def setUp(self):
        self.service_client = minio.connect(){stub}

    def test_a(self):
        {called}
"""
CREATED = "self.service_client.create_bucket('bills')"
TO_FAIL = f"""try:
            {CREATED}
        except OSError:
            pass
        else:
            self.fail("no")"""


@pytest.mark.parametrize(
    ("stub", "called", "found"),
    [
        ("", CREATED, ["HRM506"]),
        ("\n        self.https = mock.Mock()", CREATED, []),
        ("", TO_FAIL, []),
        ("", TO_FAIL.replace("self.fail", "print"), ["HRM506"]),
    ],
)
def test_a_store_that_a_mock_answers_or_that_cannot_be_made(
    stub: str, called: str, found: list[str], tmp_path: Path
) -> None:
    files = {"test_it.py": BUCKETS.format(stub=stub, called=called)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM506",))] == found


PATCHED = """
import unittest

import shop
from tests.compat import {name}


class Tests(unittest.TestCase):
    def setUp(self):
        self.patch = {name}.patch("shop.pay")
        shop.pay = self.patch.start()

    def tearDown(self):
        self.patch.stop()

    def test_a(self):
        assert shop.pay()
"""


@pytest.mark.parametrize(("name", "found"), [("mock", []), ("clerk", ["HRM308"])])
def test_mock_may_come_from_a_module_of_the_suite(name: str, found: list[str], tmp_path: Path) -> None:
    files = {
        "shop.py": "def pay(): ...\n",
        "tests/__init__.py": "",
        "tests/compat.py": "try:\n    from unittest import mock\nexcept ImportError:\n    import mock\nclerk = 1\n",
        "tests/test_it.py": PATCHED.format(name=name),
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM308",))] == found


CLEANED = """
import shutil
import unittest
from files import {remover}


class Tests(unittest.TestCase):
    def write(self, name="bill.txt"):
        self.addCleanup({remover}, name)
        with open(name, "w") as file:
            file.write("x")

    def test_a(self):
        self.write({given})
"""


@pytest.mark.parametrize(
    ("remover", "given", "found"),
    [("unlink", "", []), ("rmtree", "", []), ("unlink", "'shop.txt'", []), ("show", "", ["HRM502"])],
)
def test_a_function_of_a_library_removes_by_its_name(
    remover: str, given: str, found: list[str], tmp_path: Path
) -> None:
    test = CLEANED.format(remover=remover, given=given)

    assert [item.code for item in lint_files({"test_it.py": test}, tmp_path, select=("HRM502",))] == found


COPYING = """
import shutil
from unittest import mock


def test_a():
    with mock.patch.object(shutil, "{part}", print):
        shutil.copyfile("bill.txt", "copy.txt")
"""


@pytest.mark.parametrize(("part", "found"), [("open", []), ("rmtree", ["HRM502"])])
def test_a_module_without_its_open_writes_nothing(part: str, found: list[str], tmp_path: Path) -> None:
    files = {"test_it.py": COPYING.format(part=part)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM502",))] == found


MODULES = """
import sys
import shop as before
import cafe

sys.modules["shop"] = object()
import till
sys.modules["shop"] = {last}


def test_a():
    assert till
"""


@pytest.mark.parametrize(("last", "found"), [("before", []), ("cafe", ["HRM104"])])
def test_a_module_that_was_imported_is_put_back_as_itself(last: str, found: list[str], tmp_path: Path) -> None:
    files = {"shop.py": "", "cafe.py": "", "till.py": "", "test_it.py": MODULES.format(last=last)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM104",))] == found


CHILD = """
import subprocess


def test_a():
    child = subprocess.Popen(["ls"], stdout=subprocess.PIPE)
    {read}
"""


@pytest.mark.parametrize(
    ("read", "found"),
    [("while child.stdout.read(9):\n        data = child.stdout.read(9)", []), ("child.stdout.read(9)", ["HRM109"])],
)
def test_a_child_that_is_read_again_and_again_is_read_to_its_end(read: str, found: list[str], tmp_path: Path) -> None:
    files = {"test_it.py": CHILD.format(read=read)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM109",))] == found


EXECUTOR = """
from concurrent.futures import ThreadPoolExecutor


class Tests:
    def test_a(self):
        {pool} = ThreadPoolExecutor(1)
        assert {pool}.submit({job})
        {pool}.shutdown()
"""


@pytest.mark.parametrize(
    ("pool", "job", "select", "found"),
    [
        ("pool", "print", ("HRM109",), []),
        ("pool", "print", ("HRM109", "project"), ["HRM109"]),
        ("pool", "lambda: time.sleep(2)", ("HRM109",), ["HRM109"]),
        ("self.pool", "print", ("HRM109",), ["HRM109"]),
    ],
)
def test_an_executor_of_one_function_that_is_shut_down_below_is_let_go_when_the_test_fails(
    pool: str, job: str, select: tuple[str, ...], found: list[str], tmp_path: Path
) -> None:
    items = lint_files({"test_it.py": EXECUTOR.format(pool=pool, job=job)}, tmp_path, select=select)

    assert [item.code for item in items if item.code == "HRM109"] == found


@pytest.mark.parametrize("package", ["", "from shop import window\n", "VERSION = 1\n"], ids=["empty", "brings", "own"])
@pytest.mark.parametrize("statement", ["import shop.window", "import os, shop.window", "import shop.menu, shop.window"])
def test_a_module_that_is_imported_by_its_whole_name_is_followed(package: str, statement: str, tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": package,
        "shop/menu.py": "ITEMS = []\n",
        "shop/window.py": "import os\n\n\ndef open():\n    os.environ['TITLE'] = 'shop'\n",
        "test_it.py": f"{statement}\n\n\ndef test_a():\n    shop.window.open()\n",
    }

    items = lint_files(files, tmp_path, select=("HRM101",))

    assert [(item.path, item.line) for item in items] == [("shop/window.py", 5)]
