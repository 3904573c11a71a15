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


STATES = """
import re


class Reporter:
    def __init__(self, name):
        self.name = name


class Machine:
    def __init__(self):
        self.reporter = Reporter("none")

    def run(self, reporter):
        self.reporter = reporter
        return reporter.name


class State:
    machine_cache = [Machine()]
    machines = [Machine()]
    patterns = {"bullet": "[*+-] ", "text": "", "byte": b"a"}
    initial = ["a+", "b+"]
    ending = "z+"

    @classmethod
    def match(cls, name, text):
        cls.patterns[name] = re.compile(cls.patterns[name])
        cls.initial[:] = [re.compile(one) for one in cls.initial]
        cls.ending = re.compile(cls.ending)
        return cls.patterns[name].match(text)

    @classmethod
    def run(cls):
        return cls.machine_cache[0].run(Reporter("cached")), cls.machines[0].run(Reporter("listed"))
"""
USES_STATES = """
import re

import states


def test_patterns_are_compiled_in_the_place_of_their_texts():
    assert states.State.match("bullet", "* one")


def test_another_pattern_is_put_there():
    states.State.patterns["text"] = re.compile("b+")


def test_a_machine_that_is_kept_is_used():
    assert states.State.run() == ("cached", "listed")
    assert states.State.machine_cache[0].reporter.name == "cached"
    assert states.State.machines[0].reporter.name == "listed"


def test_a_machine_that_is_kept_is_changed():
    states.State.machine_cache[0].reporter = states.Reporter("mine")
"""


def test_what_the_code_under_test_compiles_or_sets_up_anew_is_no_change(tmp_path: Path) -> None:
    files = {"states.py": STATES, "test_it.py": USES_STATES}

    run = guarded(tmp_path / "suite", mode="warn", files=files)

    found = {(item["test"].rpartition("::")[2], item["state"]) for item in run.findings}
    assert found == {
        ("test_another_pattern_is_put_there", "states.State.patterns['text']"),
        ("test_a_machine_that_is_kept_is_changed", "states.State.machine_cache[0].reporter"),
        ("test_a_machine_that_is_kept_is_used", "states.State.machines[0].reporter"),
    }, run.output


WEAK = """
import weakref

_keys, _by_name, names, order = {}, {}, {}, []


class Book:
    pass


class Computed:
    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, found, owner):
        found.__dict__[self.name] = self.function(found)
        return found.__dict__[self.name]


class Shelf:
    @Computed
    def size(self):
        return 3


shelf = Shelf()


def note(book):
    one = weakref.ref(book, forget)
    _keys[one] = "tea"
    _by_name.setdefault("all", {})[one] = "tea"
    names["lent"] = one
    order.append(one)


def forget(one):
    del _keys[one], _by_name["all"][one]
    names.pop("lent")
    order.remove(one)
"""
ENDS = """
import library


def lend():
    book = library.Book()
    library.note(book)
    yield


LENT = lend()
next(LENT)


def test_it_ends():
    LENT.close()


def test_it_is_computed():
    assert library.shelf.size == 3


def test_it_is_set():
    library.shelf.size = 4
"""


def test_entries_that_end_with_an_object_and_what_an_object_computes_once_are_no_changes(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"library.py": WEAK, "test_it.py": ENDS})

    found = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings]
    assert found == [("library.shelf.size", "test_it_is_set")], run.output


APPS = """
import weakref


class App:
    pass


apps = weakref.WeakSet()
by_name = weakref.WeakValueDictionary()
first = App()
apps.add(first)
by_name["first"] = first


def add(name):
    app = App()
    apps.add(app)
    by_name[name] = app
    return app
"""
COPIES = """
import weakref

import pytest

import shop


@pytest.fixture
def kept():
    before = weakref.WeakSet(shop.apps), shop.by_name.copy()
    yield
    shop.apps, shop.by_name = before


def test_an_app_comes(kept):
    app = shop.add("second")
    app.itself = app


def test_another_one_is_put_there():
    shop.apps = weakref.WeakSet([shop.App])
"""


def test_a_copy_of_a_weak_collection_that_is_put_back_is_no_change(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"shop.py": APPS, "test_it.py": COPIES})

    found = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings]
    assert found == [("shop.apps", "test_another_one_is_put_there")], run.output
