"""What no run of the suite gets to is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path


def codes(test: str, folder: Path, *select: str) -> list[str]:
    return [item.code for item in lint_files({"tests/test_it.py": test}, folder, select=select)]


CONDITION = """
import os

broken = len(os.environ) > 100


def test_a():
    if {condition}:
        os.environ["SHOP"] = "1"
"""


@pytest.mark.parametrize(
    ("condition", "found"),
    [("0 and broken", []), ("broken and False", []), ("1 and broken", ["HRM101"]), ("0 or broken", ["HRM101"])],
)
def test_a_condition_with_a_constant_may_never_hold(condition: str, found: list[str], tmp_path: Path) -> None:
    assert codes(CONDITION.format(condition=condition), tmp_path, "HRM101") == found


TWICE = """
import os

import pytest


{first}
def test_a():
    os.environ["SHOP"] = "1"


{second}
"""
AGAIN = "def {name}():\n    assert os"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("", AGAIN.format(name="test_a"), []),
        ("", "@pytest.mark.slow\n" + AGAIN.format(name="test_a"), []),
        ("", AGAIN.format(name="test_b"), ["HRM101"]),
        ("", f"if os:\n    {AGAIN.format(name='test_a')}".replace("\n    a", "\n        a"), ["HRM101"]),
        ("", "test_a = pytest.mark.slow(test_a)", ["HRM101"]),
    ],
)
def test_a_test_that_a_later_one_of_its_name_hides_is_not_run(
    first: str, second: str, found: list[str], tmp_path: Path
) -> None:
    assert codes(TWICE.format(first=first, second=second), tmp_path, "HRM101") == found


OF_A_CLASS = """
import os

import pytest


class {name}{bases}:
    @pytest.fixture
    def shop(self):
        os.environ["SHOP"] = "1"
{more}
"""
TEST_IN_IT = "\n    def test_a(self, shop):\n        assert os"
USER = "\n\nclass TestMore(TestShop):\n    def test_a(self, shop):\n        assert os"


@pytest.mark.parametrize(
    ("name", "bases", "more", "found"),
    [
        ("TestShop", "", "", []),
        ("TestShop", "", TEST_IN_IT, ["HRM101"]),
        ("TestShop", "", USER, ["HRM101"]),
        ("TestShop", "(pytest.Base)", "", ["HRM101"]),
        ("Shop", "", "", ["HRM101"]),
    ],
)
def test_a_fixture_of_a_class_without_tests_is_for_nobody(
    name: str, bases: str, more: str, found: list[str], tmp_path: Path
) -> None:
    assert codes(OF_A_CLASS.format(name=name, bases=bases, more=more), tmp_path, "HRM101") == found


FOLDER = """
import os


def find_folder():
    try:
        folder = os.path.dirname({used})
    except {caught}:
        folder = os.path.expandvars("$HOME/shop")
    return folder


def test_a():
    with open(os.path.join(find_folder(), "bill.txt"), "w") as file:
        file.write("x")
"""


@pytest.mark.parametrize(
    ("used", "caught", "said"),
    [
        ("__file__", "NameError", "beside the file: bill.txt"),
        ("__file__", "TypeError", "HOME"),
        ("os.n", "NameError", "HOME"),
    ],
)
def test_a_file_that_is_imported_knows_where_it_is(used: str, caught: str, said: str, tmp_path: Path) -> None:
    items = lint_files({"test_it.py": FOLDER.format(used=used, caught=caught)}, tmp_path, select=("HRM502",))

    assert [said in item.message for item in items] == [True]


OPENED = """
import io
import json
import os
import tarfile


def test_a():
    buffer = io.BytesIO()
    {opened}
"""
BLOCK = 'with open("shop.json", "{mode}") as file:\n        {used}'


@pytest.mark.parametrize(
    ("opened", "found"),
    [
        ('tarfile.open("shop.tar", "w|", fileobj=buffer)', []),
        ('tarfile.open("shop.tar", "w|")', ["HRM502"]),
        (BLOCK.format(mode="r+", used="json.load(file)"), []),
        (BLOCK.format(mode="rb+", used="file.read()"), []),
        (BLOCK.format(mode="r+", used="file.write('x')"), ["HRM502"]),
        (BLOCK.format(mode="r+", used="json.dump({}, file)"), ["HRM502"]),
        (BLOCK.format(mode="w+", used="file.read()"), ["HRM502"]),
        ('if os.environ.get("UPDATE"):\n        open("shop.json", "w").close()', []),
        ('if os.path.exists("shop"):\n        open("shop.json", "w").close()', ["HRM502"]),
    ],
)
def test_what_opens_or_writes_no_file_leaves_none(opened: str, found: list[str], tmp_path: Path) -> None:
    assert codes(OPENED.format(opened=opened), tmp_path, "HRM502") == found


YIELDING = """
import random
import unittest

import pytest
from twisted.internet.defer import inlineCallbacks


class TestShop(unittest.TestCase):
    def test_of_unittest(self):
        random.seed(1)
        yield 1

    @inlineCallbacks
    def test_of_twisted(self):
        random.seed(2)
        yield 1


def test_of_pytest():
    random.seed(3)
    yield from [1]


@pytest.mark.gen_test
def test_of_a_plugin():
    random.seed(4)
    yield 1


def test_with_a_generator():
    def numbers():
        yield 1

    random.seed(5)
"""


def test_the_body_of_a_test_that_yields_never_runs_unless_somebody_runs_it(tmp_path: Path) -> None:
    items = lint_files({"test_it.py": YIELDING}, tmp_path, select=("HRM108",))

    assert [item.test.rpartition("::")[2] for item in items] == [
        "test_of_twisted",
        "test_of_a_plugin",
        "test_with_a_generator",
    ]


OF_PYTHON_2 = """
import os


def test_a():
    try:
        import {module}{below}
    except {caught}:
        pass
    else:
        os.environ["SHOP"] = "1"
"""
BELOW = '\n        os.environ["TILL"] = "1"'


@pytest.mark.parametrize(
    ("module", "caught", "below", "found"),
    [
        ("_MozillaCookieJar", "ImportError", "", 0),
        ("urllib2, time", "(NameError, ImportError)", BELOW, 0),
        ("Queue", "Exception", "", 0),
        ("Queue", "NameError", BELOW, 2),
        ("yaml", "ImportError", BELOW, 2),
        ("_speedups", "ImportError", "", 1),
        ("Cookie", "ImportError", "", 1),
    ],
)
def test_what_stands_below_the_import_of_a_module_that_python_has_no_more_is_not_run(
    module: str, caught: str, below: str, found: int, tmp_path: Path
) -> None:
    files = {
        "test_it.py": OF_PYTHON_2.format(module=module, caught=caught, below=below),
        "Cookie.py": "jar = []\n",
    }

    assert len(lint_files(files, tmp_path, select=("HRM101",))) == found


COMPARING = """
import os

import pytest


def keep(one, other):
    os.makedirs(os.path.join(os.path.dirname(__file__), "errors"), exist_ok=True)


def assert_same(one, other, test):
    if one != other:
        keep(one, other)
        {last}
"""


COMPARED = """
from helper import assert_same


def test_a():
    assert_same(open(__file__), 1, None)
"""


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ('pytest.fail("they differ")', []),
        ('test.fail("they differ")', []),
        ('raise AssertionError("they differ")', []),
        ("assert False", []),
        ("assert one", ["HRM502"]),
        ('raise ValueError("they differ")', ["HRM502"]),
        ('print("they differ")', ["HRM502"]),
        ("return None", ["HRM502"]),
    ],
)
def test_what_a_helper_does_just_before_it_fails_is_done_by_no_passing_test(
    last: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "tests/helper.py": COMPARING.format(last=last),
        "tests/test_it.py": COMPARED,
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM502",))] == found


CAUGHT = """
import os


def assert_same(one, other, test):
    try:
        {tried}
    except {caught} as error:
        os.makedirs(os.path.join(os.path.dirname(__file__), "errors"), exist_ok=True)
        {last}
"""


@pytest.mark.parametrize(
    ("tried", "caught", "last", "found"),
    [
        ("assert one == other", "Exception", "raise", []),
        ("assert one == other", "Exception", "raise error", []),
        ("one.check(other)", "AssertionError", "raise", []),
        ("one.check(other)", "Exception", "raise", ["HRM502"]),
        ("assert one == other", "Exception", "print(error)", ["HRM502"]),
        ("assert one == other", "Exception", "raise ValueError", ["HRM502"]),
    ],
)
def test_a_handler_that_passes_a_failure_on_is_entered_by_no_passing_test(
    tried: str, caught: str, last: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "tests/helper.py": CAUGHT.format(tried=tried, caught=caught, last=last),
        "tests/test_it.py": COMPARED,
    }

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM502",))] == found


OF_THE_SHOP = """
import os


def build(version):
    os.environ["SHOP"] = version


def main():
    build("1")
"""
STARTED = """
import unittest
from unittest import mock

import shop


class TestMain(unittest.TestCase):
    def setUp(self):
        self.patcher = mock.patch("{replaced}")
        self.mock = self.patcher.start()

    def tearDown(self):
        self.patcher.stop()

    def test_main(self):
        shop.main()
"""


@pytest.mark.parametrize("files", ["tests.py", "tests.py shop.py"])
@pytest.mark.parametrize(("replaced", "found"), [("shop.build", []), ("shop.other", ["HRM101"])])
def test_what_the_setup_replaces_is_not_run_also_in_a_file_that_pytest_collects(
    files: str, replaced: str, found: list[str], tmp_path: Path
) -> None:
    project = {
        "pytest.ini": f"[pytest]\npython_files = {files}\n",
        "shop.py": OF_THE_SHOP,
        "tests.py": STARTED.format(replaced=replaced),
    }

    assert [item.code for item in lint_files(project, tmp_path, select=("HRM101",))] == found


LEVEL = """
import logging
import os


def test_a():
    log = logging.getLogger("shop")
    {setting}
    if {condition}:
        log.setLevel("DEBUG")
"""


@pytest.mark.parametrize(
    ("setting", "condition", "found"),
    [
        ("pass", "level := os.getenv('SHOP_LEVEL')", []),
        ("level = os.environ.get('SHOP_LEVEL')", "level", []),
        ("level = os.environ.get('HOME')", "level", ["HRM105"]),
        ("pass", "'PATH' in os.environ", ["HRM105"]),
        ("level = log.level", "level", ["HRM105"]),
        ("level = os.environ.get('SHOP_LEVEL')\n    level = log.level", "level", ["HRM105"]),
        ("level = os.getpid()", "other := level", ["HRM105"]),
    ],
)
def test_what_a_variable_of_the_machine_asks_for_is_done_for_who_sets_it(
    setting: str, condition: str, found: list[str], tmp_path: Path
) -> None:
    assert codes(LEVEL.format(setting=setting, condition=condition), tmp_path, "HRM105") == found


PROGRAM = """
import logging
import os
import sys
import unittest

os.environ["SHOP"] = "1"


class {cls}:
    pass


def main():
    sys.exit({ran})


if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("cls", "ran", "found"),
    [
        ("TestFilter(logging.Filter)", "1", []),
        ("Till", "1", []),
        ("Till(unittest.TestCase)", "1", ["HRM101"]),
        ("Till(unittest.BaseTill)", "1", ["HRM101"]),
    ],
)
def test_a_program_with_the_name_of_a_test_file_has_no_tests(
    cls: str, ran: str, found: list[str], tmp_path: Path
) -> None:
    files = {"shop_test.py": PROGRAM.format(cls=cls, ran=ran)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM101",))] == found


BY_HAND = """
import os

import pytest


def write():
    open("shop.txt", "w").close()
    os.remove("shop.txt")


{mark}def test_random({parameters}):
    write()


def test_a():
    write()


def run_all():
    test_random({given})
"""


@pytest.mark.parametrize(
    ("mark", "parameters", "given", "found"),
    [
        ("", "till", "open('till')", []),
        ("", "till, count=1", "open('till'), 2", []),
        ("", "till", "", ["HRM502"]),
        ("", "count=1", "2", ["HRM502"]),
        ("", "tmp_path", "'till'", ["HRM502"]),
        ("@pytest.mark.parametrize('till', [1])\n", "till", "2", ["HRM502"]),
    ],
)
def test_a_function_that_its_file_calls_with_what_no_fixture_gives_is_no_test(
    mark: str, parameters: str, given: str, found: list[str], tmp_path: Path
) -> None:
    test = BY_HAND.format(mark=mark, parameters=parameters, given=given)

    assert codes(test, tmp_path, "HRM502") == found


ENTERED = """
import os
import tempfile
import unittest


class Folder:
    def __init__(self):
        self.path = tempfile.mkdtemp()

    def __enter__(self):
        {enters}
        return self

    def __exit__(self, *error):
        pass


class TestShop(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        {line}

    def test_a(self):
        open("shop.txt", "w").close()
"""


@pytest.mark.parametrize(
    ("enters", "line", "found"),
    [
        ("os.chdir(self.path)", "self.folder.__enter__()", []),
        ("os.chdir(self.path)", "self.enterContext(self.folder)", []),
        ("os.listdir(self.path)", "self.folder.__enter__()", ["HRM502"]),
        ("os.chdir(self.path)", "self.folder.path", ["HRM502"]),
    ],
)
def test_a_manager_that_a_setup_enters_by_hand_may_give_another_working_folder(
    enters: str, line: str, found: list[str], tmp_path: Path
) -> None:
    assert codes(ENTERED.format(enters=enters, line=line), tmp_path, "HRM502") == found


CHECKED = """
import unittest

import shop


class TestBuild(unittest.TestCase):
    def test_failure(self):
        {block}shop.{name}("1")
"""


@pytest.mark.parametrize(
    ("block", "name", "found"),
    [
        ("", "build", ["HRM101"]),
        ("with self.assertRaises(ValueError):\n            ", "build", []),
        ("", "later", []),
    ],
)
def test_a_file_that_pytest_collects_for_its_doctests_is_code_under_test(
    block: str, name: str, found: list[str], tmp_path: Path
) -> None:
    later = "\n\ndef later(version):\n    if build.__doc__:\n        build(version)\n"
    project = {
        "pytest.ini": "[pytest]\npython_files = tests.py shop.py\n",
        "shop.py": OF_THE_SHOP + later,
        "tests.py": CHECKED.format(block=block, name=name),
    }

    assert [item.code for item in lint_files(project, tmp_path, select=("HRM101",))] == found


SET_UP = """
import os
import unittest


class Test{name}:
    def setUp(self):
        os.environ["SHOP"] = "1"

    def test_a(self):
        {body}
{more}
"""
HEIR = "\n\nclass TestHeir(TestA, unittest.TestCase):\n    pass\n"


@pytest.mark.parametrize(
    ("name", "body", "more", "found"),
    [
        ("A", "pass", "", []),
        ("A", "self.setUp()", "", ["HRM101"]),
        ("A", "pass", HEIR, ["HRM101"]),
        ("A(unittest.TestCase)", "pass", "", ["HRM101"]),
        ("A", "pass", "\n    setup_method = setUp\n    run = (setUp)\n", ["HRM101"]),
    ],
)
def test_a_set_up_of_unittest_in_a_class_of_plain_tests_never_runs(
    name: str, body: str, more: str, found: list[str], tmp_path: Path
) -> None:
    assert codes(SET_UP.format(name=name, body=body, more=more), tmp_path, "HRM101") == found


NO_TESTS = """
import os
import unittest


class {name}(unittest.TestCase):
    def setUp(self):
        os.environ["SHOP_MODE"] = "fast"
{test}

class TestOther({base}):
    def test_a(self):
        assert os.environ
"""


@pytest.mark.parametrize(
    ("name", "test", "base", "found"),
    [
        ("TestFast", "", "unittest.TestCase", []),
        ("TestFast", "\n    def helper(self): ...", "unittest.TestCase", []),
        ("TestFast", "\n    def test_b(self): ...", "unittest.TestCase", ["HRM101"]),
        ("TestFast", "", "TestFast", ["HRM101"]),
        ("TestFastBase", "", "unittest.TestCase", ["HRM101"]),
        ("FastCase", "", "unittest.TestCase", ["HRM101"]),
    ],
)
def test_a_set_up_of_a_class_without_tests_never_runs(
    name: str, test: str, base: str, found: list[str], tmp_path: Path
) -> None:
    source = NO_TESTS.format(name=name, test=test, base=base)

    assert [item.code for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM101",))] == found
    if not found:
        mixed = source.replace(f"class {name}(", f"class {name}(Mixed, ")
        mixed = mixed.replace("import unittest\n", "import unittest\nfrom mixed import Mixed\n")
        assert [item.code for item in lint_files({"test_it.py": mixed}, tmp_path, select=("HRM101",))] == ["HRM101"]
