"""What a used fixture, a patched maker or a loop settles, and what never runs, is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files(files, folder, select=DEFAULTS)]


SHELL = """
import os

import fixtures
import testtools


class Environment(fixtures.Fixture):
    def {setup}(self):
        self.before, os.environ = os.environ, {{}}
        self.addCleanup({cleanup})

    def revert(self):
        os.environ = self.before


class ShellTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(Environment())

    def test_a(self):
        os.environ = {{"SHELL": "none"}}
        assert os.environ
"""


@pytest.mark.parametrize(
    ("setup", "cleanup", "found"),
    [("_setUp", "self.revert", False), ("setUp", "self.revert", False), ("_setUp", "print", True)],
)
def test_a_fixture_of_the_class_puts_back_what_the_test_changes(
    setup: str, cleanup: str, found: bool, tmp_path: Path
) -> None:
    items = lint_files({"test_it.py": SHELL.format(setup=setup, cleanup=cleanup)}, tmp_path, select=("HRM101",))

    assert any(" in test_a " in item.message for item in items) is found


@pytest.mark.parametrize(("target", "found"), [("logging.getLogger", []), ("logging.getLevelName", ["HRM105"])])
def test_a_logger_of_a_patched_get_logger_is_none(target: str, found: list[str], tmp_path: Path) -> None:
    jobs = "import logging\n\n\ndef start():\n    log = logging.getLogger('jobs')\n    log.setLevel(logging.ERROR)\n"
    test = f"from unittest import mock\n\nimport jobs\n\n\n@mock.patch('{target}')\ndef test_a(_):\n    jobs.start()\n"

    assert codes({"jobs.py": jobs, "test_it.py": test}, tmp_path) == found


LISTING = """
import subprocess


def test_a():
    child = subprocess.Popen(["ps"], stdout=subprocess.PIPE)
    {reading}
    assert child
"""


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        ("lines = [line for line in child.stdout]", []),
        ("for line in child.stdout:\n        print(line)", []),
        ("for line in child.stdout:\n        break", ["HRM109"]),
        ("line = child.stdout.readline()", ["HRM109"]),
    ],
)
def test_a_loop_reads_all_that_a_child_writes(reading: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": LISTING.format(reading=reading)}, tmp_path) == found


SKIPPING = """
import pytest


@pytest.fixture
def rows():
    {skip}
    with open("rows.csv", "w") as file:
        file.write("1")


def test_a(rows):
    pass


def test_b(rows):
    pass
"""


@pytest.mark.parametrize(
    ("skip", "found"), [('pytest.skip("broken")', []), ('if rows:\n        pytest.skip("broken")', ["HRM502"])]
)
def test_nothing_below_a_skip_runs(skip: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": SKIPPING.format(skip=skip)}, tmp_path) == found


CONFTEST = """
def pytest_configure(config):
    {condition}write()


def write():
    with open("expected.txt", "w") as file:
        file.write("1")
"""


@pytest.mark.parametrize(("condition", "found"), [('if config.getoption("--again"):\n        ', []), ("", ["HRM502"])])
def test_what_a_hook_does_for_an_option_is_no_part_of_each_run(
    condition: str, found: list[str], tmp_path: Path
) -> None:
    files = {"conftest.py": CONFTEST.format(condition=condition), "test_it.py": "def test_a():\n    pass\n"}

    assert codes(files, tmp_path) == found


MAKING = """
import os


def test_a():
    folder = os.path.join("fixture", "rows")
    {condition}os.makedirs(folder)
    assert os.listdir(folder)
"""
MISSING = "if not os.path.exists(folder):\n        "


@pytest.mark.parametrize(
    ("condition", "there", "found"),
    [
        (MISSING, "fixture/rows/one.txt", []),
        (MISSING, "fixture/one.txt", ["HRM502"]),
        ("", "fixture/rows/one.txt", ["HRM502"]),
    ],
)
def test_a_folder_of_the_repository_is_not_made(condition: str, there: str, found: list[str], tmp_path: Path) -> None:
    assert codes({there: "", "test_it.py": MAKING.format(condition=condition)}, tmp_path) == found


WRITING = """
from pathlib import Path

HERE = Path(__file__).parent


def test_a():
    file = HERE / "broken.py"
    file.write_text("class")
    try:
        assert file
    finally:
        {ending}
"""


@pytest.mark.parametrize(
    ("ending", "there", "found"),
    [
        ('file.write_text("# empty")', "tests/broken.py", []),
        ('file.write_text("# empty")', "broken.py", ["HRM502"]),
        ("print(file)", "tests/broken.py", ["HRM502"]),
    ],
)
def test_a_file_of_the_repository_may_be_written_as_it_was(
    ending: str, there: str, found: list[str], tmp_path: Path
) -> None:
    assert codes({there: "", "tests/test_it.py": WRITING.format(ending=ending)}, tmp_path) == found


@pytest.mark.parametrize(("value", "late"), [("Page.accepts[:-1]", True), ("Other.accepts[:-1]", False)])
def test_what_was_added_may_be_cut_off_again(value: str, late: bool, tmp_path: Path) -> None:
    module = "class Page:\n    accepts = ('a',)\n\n\nclass Other:\n    accepts = ('b', 'c')\n"
    test = f"""
from shop import Other, Page


def test_a():
    Page.accepts += ("c",)
    assert Other.accepts
    Page.accepts = {value}
"""

    items = lint_files({"shop.py": module, "test_it.py": test}, tmp_path, select=("HRM603",))

    assert [("only when nothing fails" in item.message) for item in items if item.line == 6] == [late]


ISOLATING = """
import contextlib
import os

import pytest


@contextlib.contextmanager
def isolated():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def clean():
    with isolated():
        for name in os.environ:
            if name.startswith("SHOP_"):
                del os.environ[name]
        {ending}
"""


@pytest.mark.parametrize(("ending", "found"), [("yield", []), ("pass\n    yield", ["HRM101"])])
def test_a_fixture_yields_in_a_manager_that_needs_no_finally(ending: str, found: list[str], tmp_path: Path) -> None:
    test = 'import os\n\n\ndef test_a():\n    os.environ["SHOP_RATE"] = "2"\n    assert os.environ\n'

    items = codes({"conftest.py": ISOLATING.format(ending=ending), "test_it.py": test}, tmp_path)

    assert items[-1:] == found


def test_a_test_itself_needs_a_manager_with_a_finally(tmp_path: Path) -> None:
    helper = ISOLATING.partition("@pytest.fixture")[0]
    test = "\n\ndef test_a():\n    with isolated():\n        os.environ['SHOP_RATE'] = '2'\n        assert os.environ\n"

    assert codes({"test_it.py": helper + test}, tmp_path) == ["HRM101"]


LOOPING = """
import logging

import pytest


@pytest.fixture(autouse=True)
def kept():
    saved = {{}}
    for name in ("shop", "till"):
        saved[name] = logging.getLogger(name).level
    yield
    for name, level in saved.items():
        {back}
"""


@pytest.mark.parametrize(
    ("back", "found"), [("logging.getLogger(name).setLevel(level)", []), ("print(name, level)", ["HRM105"])]
)
def test_a_loop_over_what_was_kept_puts_back_loggers_by_their_names(
    back: str, found: list[str], tmp_path: Path
) -> None:
    start = "import logging\n\n\ndef start(name):\n    logging.getLogger(name).setLevel(10)\n"
    test = f"{start}\n\ndef test_a():\n    start('shop')\n"

    assert codes({"conftest.py": LOOPING.format(back=back), "test_it.py": test}, tmp_path) == found


FUTURES = """
from concurrent.futures import ThreadPoolExecutor, wait


def test_a():
    pool = ThreadPoolExecutor(2)
    futures = [pool.submit(print, number) for number in range(2)]
    {waiting}
"""


@pytest.mark.parametrize(
    ("waiting", "found"),
    [
        ("wait(futures, 10)", []),
        ("assert [future.result() for future in futures]", []),
        ("for future in as_completed(futures):\n        assert future.result()", []),
        ("jobs = []\n    jobs.append(pool.submit(print))\n    assert jobs[0].result()", ["HRM109"]),
        ("pool.submit(print).result()\n    [one.result() for one in futures]", []),
        ("one = {}\n    one['job'] = pool.submit(print)\n    [one.result() for one in futures]", ["HRM109"]),
        ("assert [future.result(10) for future in futures]", []),
        ("assert [future.result(timeout=10) for future in futures]", []),
        ("assert [future.result(timeout=LIMIT) for future in futures]", ["HRM109"]),
        ("with raises(TimeoutError):\n        [future.result(1) for future in futures]", ["HRM109"]),
        ("try:\n        [future.result(1) for future in futures]\n    except TimeoutError:\n        pass", ["HRM109"]),
        ("for future in futures[1:]:\n        assert future.result()", ["HRM109"]),
        ("assert [future.result() for future in futures] and pool", ["HRM109"]),
        ("assert futures[0].result()", ["HRM109"]),
    ],
)
def test_an_executor_whose_futures_are_waited_for(waiting: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": FUTURES.format(waiting=waiting)}, tmp_path) == found


JOBS = """
import logging


def start(name):
    with open("jobs.pid", "w") as file:
        file.write("1")
    logging.basicConfig(filename=name{forced})
"""


@pytest.mark.parametrize(("forced", "found"), [("", ["jobs.pid"]), (", force=True", ["jobs.pid", "run.log"])])
def test_a_log_file_that_pytests_handlers_keep_from_being_made(forced: str, found: list[str], tmp_path: Path) -> None:
    test = "import jobs\n\n\ndef test_a():\n    jobs.start('run.log')\n    assert jobs\n"

    items = lint_files({"jobs.py": JOBS.format(forced=forced), "test_it.py": test}, tmp_path, select=("HRM502",))

    assert [item.message.split("'")[1] for item in items] == found


WHERE_MISSING = {
    "if not os.path.exists(ROWS):\n        write()": ("rows.mo", []),
    "if os.path.exists(ROWS):\n        print(1)\n    else:\n        write()": ("rows.mo", []),
    "if os.path.exists(ROWS):\n        write()": ("rows.mo", ["HRM502"]),
    "if not os.path.exists(ROWS):\n        print(1)\n    else:\n        write()": ("rows.mo", ["HRM502"]),
    "if not os.path.exists(ROWS):\n        write()  # missing": ("rows.po", ["HRM502"]),
}


@pytest.mark.parametrize(("how", "there", "found"), [(how, *rest) for how, rest in WHERE_MISSING.items()])
def test_a_file_that_is_made_when_it_is_missing(how: str, there: str, found: list[str], tmp_path: Path) -> None:
    body = how.replace("write()", "open(ROWS, 'w').write('1')")
    test = f"""
import os

ROWS = os.path.join(os.path.dirname(__file__), "rows.mo")


def test_a():
    {body}
    assert ROWS
"""

    assert codes({there: "", "test_it.py": test}, tmp_path) == found
