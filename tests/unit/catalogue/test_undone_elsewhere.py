"""What helpers, mixins, stubs and containers put back or keep to themselves is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = """
import os

callbacks = []
folder = ""


def subscribe(callback):
    callbacks.append(callback)


def clear():
    {clear}


def find_folder():
    global folder
    folder = os.path.normcase(os.getcwd())


def show(callbacks):
    callbacks.clear()
"""
TEARDOWN = """
import unittest


class Tests(unittest.TestCase):
    def tearDown(self):
        from events import {helper}
        {helper}({given})

    def test_a(self):
        import events
        events.subscribe(print)
        assert events.callbacks
"""
EMPTYING = ("callbacks[:] = []", "callbacks.clear()", "del callbacks[:]", "while callbacks: callbacks.pop()")


@pytest.mark.parametrize("clear", EMPTYING)
def test_a_container_is_emptied_by_a_function_of_its_module(clear: str, tmp_path: Path) -> None:
    files = {"events.py": EVENTS.replace("{clear}", clear), "test_it.py": TEARDOWN.format(helper="clear", given="")}

    assert lint_files(files, tmp_path, select=("HRM601",)) == []


@pytest.mark.parametrize(("clear", "helper", "given"), [("print(callbacks)", "clear", ""), ("pass", "show", "[]")])
def test_a_function_that_only_has_the_name_of_the_container_empties_nothing(
    clear: str, helper: str, given: str, tmp_path: Path
) -> None:
    files = {"events.py": EVENTS.replace("{clear}", clear), "test_it.py": TEARDOWN.format(helper=helper, given=given)}

    assert [item.path for item in lint_files(files, tmp_path, select=("HRM601",))] == ["events.py"]


SETTING = """
import pytest
from events import find_folder


@pytest.fixture(autouse={autouse})
def reset_folder():
    find_folder()
"""


@pytest.mark.parametrize(("autouse", "found"), [("True", False), ("False", True)])
def test_a_name_that_the_same_function_sets_before_each_test_is_not_the_tests(
    autouse: str, found: bool, tmp_path: Path
) -> None:
    test = "import events\n\n\ndef test_a():\n    events.find_folder()\n    assert events.folder\n"
    files = {"test_it.py": test, "events.py": EVENTS, "conftest.py": SETTING.format(autouse=autouse)}

    items = lint_files(files, tmp_path, select=("HRM601",))

    assert any("called from test_a " in item.message for item in items) is found


JOBS = """
import logging

LOG = logging.getLogger(__name__)


def start():
    LOG.setLevel(logging.INFO)
"""
LOGGER = """
import logging
import unittest

import jobs
import other


class Tests(unittest.TestCase):
    def setUp(self):
        self.log = logging.getLogger({module}.__name__)
        self.level = self.log.level

    def tearDown(self):
        self.log.setLevel(self.level)

    def test_a(self):
        jobs.start()
"""


@pytest.mark.parametrize(("module", "found"), [("jobs", 0), ("other", 1)])
def test_a_logger_is_known_by_the_name_of_its_module(module: str, found: int, tmp_path: Path) -> None:
    files = {"jobs.py": JOBS, "other.py": "", "test_it.py": LOGGER.format(module=module)}

    assert len(lint_files(files, tmp_path, select=("HRM105",))) == found


NAMED = """
import inspect
import logging
import uuid


class TestNames:
    def test_a(self):
        logging.getLogger({name}).setLevel(10)
"""
NAMES = {"uuid.uuid4().hex": 0, "inspect.stack()[1].function": 0, "type(self).__name__": 1, "self.name": 1, "'shop'": 1}


@pytest.mark.parametrize(("name", "found"), NAMES.items())
def test_a_logger_with_a_name_of_its_own_is_no_ones_else(name: str, found: int, tmp_path: Path) -> None:
    assert len(lint_files({"test_it.py": NAMED.format(name=name)}, tmp_path, select=("HRM105",))) == found


MIXIN = """
import logging
import unittest


class Restoring(unittest.TestCase):
    def tearDown(self):
        logging.disable(logging.NOTSET)


class Quiet:
    def setUp(self):
        logging.disable(logging.ERROR)


class TestOne(Quiet, Restoring):
    def test_a(self):
        pass


class TestTwo(Quiet, {base}):
    def test_a(self):
        pass
"""


@pytest.mark.parametrize(("base", "found"), [("Restoring", 0), ("unittest.TestCase", 1)])
def test_the_setup_of_a_mixin_is_undone_where_each_class_that_uses_it_does(
    base: str, found: int, tmp_path: Path
) -> None:
    files = {"test_it.py": MIXIN.format(base=base)}

    assert len(lint_files(files, tmp_path, select=("HRM105",))) == found


BUCKET = """
import unittest
from contextlib import nullcontext

import boto3
from stubs import Answering


class Tests(unittest.TestCase):
    def setUp(self):
        self.client = boto3.client("s3")
        self.stubber = Answering(self.client)

    def test_a(self):
        with {manager}:
            self.client.create_bucket(Bucket="reports")
"""


@pytest.mark.parametrize(
    ("manager", "found"), [("self.stubber", 0), ("HTTPStubber(self.client)", 0), ("nullcontext()", 1)]
)
def test_a_stub_answers_what_is_called_within_it(manager: str, found: int, tmp_path: Path) -> None:
    files = {"test_it.py": BUCKET.format(manager=manager)}

    assert len(lint_files(files, tmp_path, select=("HRM506",))) == found


CONTAINER = """
import pytest
from stores import Cache, RedisContainer, located


@pytest.fixture(scope="session")
def {name}():
    with {made}("redis:7") as redis:
        yield redis


@pytest.fixture(scope="session")
def host({name}):
    return {name}.get_container_host_ip()


@pytest.fixture
def cache(host):
    cache = Cache(host=host)
    cache.flushall()
    return cache
"""


@pytest.mark.parametrize(
    ("name", "made", "found"),
    [("redis_container", "located", 0), ("address", "RedisContainer", 0), ("address", "located", 1)],
)
def test_a_container_of_the_run_is_nobody_elses(name: str, made: str, found: int, tmp_path: Path) -> None:
    files = {
        "conftest.py": CONTAINER.format(name=name, made=made),
        "test_it.py": "def test_a(cache):\n    assert cache\n",
    }

    assert len(lint_files(files, tmp_path, select=("HRM505",))) == found


EXECUTOR = """
from concurrent.futures import ThreadPoolExecutor


def test_a():
    pool = ThreadPoolExecutor(1)
    {use}
"""
USES = {
    "assert pool.submit(int, '1').result() == 1": 0,
    "future = pool.submit(int, '1')": 1,
    "assert pool.submit(int, '1').result() == 1; pool.submit(int, '2')": 1,
}


@pytest.mark.parametrize(("use", "found"), USES.items())
def test_an_executor_that_is_waited_for_and_let_go_ends(use: str, found: int, tmp_path: Path) -> None:
    assert len(lint_files({"test_it.py": EXECUTOR.format(use=use)}, tmp_path, select=("HRM109",))) == found


OPTIONS = """
DEFAULTS = {"PAGE": 20, "SIZE": 3}

PAGE = DEFAULTS["PAGE"]
SIZE = DEFAULTS["SIZE"]


def reset(name=None):
    for each in DEFAULTS if name is None else [name]:
        {reset}


def set_option(name, value):
    globals()[name] = value
"""
OF_OPTIONS = """
import options


def test_it():
    options.PAGE = 5
    {below}
"""


@pytest.mark.parametrize("below", ["options.reset()", 'options.reset("PAGE")', "options.PAGE = 20"])
def test_a_function_of_the_module_sets_its_globals_back(below: str, tmp_path: Path) -> None:
    """`globals()[name] = DEFAULTS[name]` gives each name what is kept for it, and a table says what that is."""
    options = OPTIONS.replace("{reset}", "globals()[each] = DEFAULTS[each]")

    assert lint_files({"options.py": options, "test_it.py": OF_OPTIONS.format(below=below)}, tmp_path) == []


@pytest.mark.parametrize(
    ("below", "reset"),
    [
        ("options.reset()", "DEFAULTS[each] = globals()[each]"),
        ('options.set_option("SIZE", 7)', "globals()[each] = DEFAULTS[each]"),
        ("options.PAGE = 21", "globals()[each] = DEFAULTS[each]"),
    ],
)
def test_a_function_that_sets_what_it_is_given_puts_nothing_back(below: str, reset: str, tmp_path: Path) -> None:
    """Nor does one that only reads the globals, or another value than the table has."""
    files = {"options.py": OPTIONS.replace("{reset}", reset), "test_it.py": OF_OPTIONS.format(below=below)}

    assert "HRM601" in {item.code for item in lint_files(files, tmp_path)}


SESSIONS = """
BY_NAME = {{}}


class Session:
    def __init__(self, name):
        self.name = name
        {make}

    def end(self):
        BY_NAME.pop(self.name, None)

    def rename(self, name):
        BY_NAME.pop(self.name, None)
        BY_NAME[name] = self
"""
OF_SESSIONS = """
from sessions import BY_NAME, Session


def test_it():
    session = Session("a")
    {call}
    assert "a" not in BY_NAME
"""


@pytest.mark.parametrize(
    ("make", "call", "reported"),
    [
        ("BY_NAME[name] = self", "session.end()", False),
        ("self.names = [name]; self.names[0] = name", "session.end()", True),
        ("BY_NAME[name] = self", 'session.rename("b")', True),
    ],
)
def test_what_a_constructor_has_put_in_is_taken_out_again(
    make: str, call: str, *, reported: bool, tmp_path: Path
) -> None:
    """An object that ends takes itself out of a table; one that gets another name stays there."""
    files = {"sessions.py": SESSIONS.format(make=make), "test_it.py": OF_SESSIONS.format(call=call)}

    assert ("HRM601" in {item.code for item in lint_files(files, tmp_path)}) is reported


HANDED_BACK = """
import os


def set_region(name):
    before = os.environ.get("REGION")
    os.environ["REGION"] = name
    return before


def put_back(before):
    if before is None:
        del os.environ["REGION"]
    else:
        os.environ["REGION"] = before


def test_it():
    kept = {kept}
    assert os.environ["REGION"]
    put_back({given})
"""


@pytest.mark.parametrize(
    ("kept", "given", "found"),
    [
        ('set_region("north")', "kept", ["in set_region"]),
        ('set_region("north")', '"south"', ["in set_region", "in put_back"]),
        ('os.environ.get("PLACE")', "kept", ["in put_back"]),
    ],
)
def test_a_helper_that_is_handed_the_old_value_puts_it_back(
    kept: str, given: str, found: list[str], tmp_path: Path
) -> None:
    """The line that writes what a caller has kept is no change; that of another value, or another key, is one."""
    items = lint_files({"test_it.py": HANDED_BACK.format(kept=kept, given=given)}, tmp_path, select=("HRM101",))

    assert [" ".join(item.message.partition(" is changed ")[2].partition(",")[0].split()) for item in items] == found


KEPT_IN_LIST = """
from unittest import TestCase, mock


class Base(TestCase):
    def setUp(self):
        self.patchers, self.others = [], []

    def tearDown(self):
        for patcher in self.{stopped}:
            patcher.stop()

    def started(self, patcher):
        made = patcher.start()
        {keep}
        return made


class PlacesTest(Base):
    def test_a(self):
        self.one = mock.patch("os.getcwd")
        assert self.started(self.one)
"""


@pytest.mark.parametrize(
    ("stopped", "keep", "found"),
    [
        ("patchers", "self.patchers.append(patcher)", []),
        ("patchers", "self.patchers.insert(0, patcher)", []),
        ("patchers", "self.others.append(patcher)", ["HRM304"]),
        ("patchers", "self.patchers.append(made)", ["HRM304"]),
        ("others", "patchers = []; patchers.append(patcher)", ["HRM304"]),
    ],
)
def test_a_patcher_that_a_helper_puts_into_a_list_is_stopped_with_the_list(
    stopped: str, keep: str, found: list[str], tmp_path: Path
) -> None:
    files = {"test_it.py": KEPT_IN_LIST.format(stopped=stopped, keep=keep)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM304",))] == found


def test_a_patcher_that_a_helper_keeps_in_an_attribute_is_stopped_there(tmp_path: Path) -> None:
    kept = KEPT_IN_LIST.replace("for patcher in self.{stopped}:\n            patcher.stop()", "self.{stopped}.stop()")
    for stopped, found in (("last", []), ("first", ["HRM304"])):
        files = {"test_it.py": kept.format(stopped=stopped, keep="self.last = patcher")}
        assert [item.code for item in lint_files(files, tmp_path / stopped, select=("HRM304",))] == found
