"""Names that were not there before: which are told of, and that what they stand for is watched from then on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
import itertools

NUMBERS = itertools.count()


class Price:
    def __init__(self, what):
        self.what = what


def price(what):
    return len(what)


def compiled(function):
    globals()[f"{function.__name__}_{next(NUMBERS)}"] = function
    return function


def priced(what):
    globals()[f"priced_{next(NUMBERS)}"] = Price(what)
"""
MADE_UP = {
    "shop.compiled(shop.price)": [],
    "shop.priced('green tea')": [],
    "shop.compiled(mine)": ["shop.mine_0"],
    "setattr(shop, 'cheap', shop.price)": ["shop.cheap"],
    "setattr(shop, NAME, shop.price)": ["shop.dear"],
    "named(shop.price)": ["shop.kept_in_conftest"],
    "shop.compiled(Mock(__name__='mock'))": ["shop.mock_0"],
}
TEST = """
from unittest.mock import Mock

import shop

NAME = "dear"


def mine(what):
    return 1


def test_it(named):
    {call}
"""
CONFTEST = """
import pytest

import shop

NAME = "kept_in_conftest"


@pytest.fixture
def named():
    def name(function):
        setattr(shop, NAME, function)

    return name
"""


def states(tmp_path: Path, files: dict[str, str]) -> list[str]:
    run = guarded(tmp_path, files=files)
    assert "INTERNALERROR" not in run.output
    return [item["state"] for item in run.findings if item["layer"] == "guard"]


@pytest.mark.parametrize(("call", "found"), MADE_UP.items())
def test_a_name_that_code_works_out_for_what_is_its_own_is_left_alone(
    call: str, found: list[str], tmp_path: Path
) -> None:
    files = {"shop.py": SHOP, "conftest.py": CONFTEST, "test_it.py": TEST.format(call=call)}

    assert states(tmp_path, files) == found


SET_UP = """
import unittest

import pytest

import shop

{start}


class TestPrices{base}:
    {body}

    def test_it(self):
        assert self
"""
CLASS_SETUPS = {
    ("", "@classmethod\n    def setup_class(cls):\n        cls.view = shop.Price"): [],
    ("(unittest.TestCase)", "@classmethod\n    def setUpClass(cls):\n        cls.view = staticmethod(len)"): [],
    (
        "",
        "@pytest.fixture(scope='class', autouse=True)\n    def start(self, request):\n        request.cls.view = len",
    ): [],
    ("", "@classmethod\n    def setup_class(cls):\n        shop.Price.view = shop.price"): ["shop.Price.view"],
    ("", "def setup_method(self):\n        shop.Price.view = shop.price"): ["shop.Price.view"],
    ("", "@classmethod\n    def setup_class(cls):\n        Other.view = shop.price"): ["test_it.Other.view"],
}


@pytest.mark.parametrize(("how", "found"), CLASS_SETUPS.items())
def test_what_a_set_up_gives_to_its_own_class_is_left_alone(
    how: tuple[str, str], found: list[str], tmp_path: Path
) -> None:
    files = {"shop.py": SHOP, "test_it.py": SET_UP.format(start="class Other:\n    pass", base=how[0], body=how[1])}

    assert [state for state in states(tmp_path, files) if not state.startswith("fixture")] == found


BASES = """
import shop


class Base:
    @classmethod
    def setup_class(cls):
        {base}


class TestOne(Base):
    @classmethod
    def setup_class(cls):
        Base.setup_class()
        {other}

    def test_one(self):
        assert self


class TestTwo(TestOne):
    def test_two(self):
        assert self
"""


@pytest.mark.parametrize(
    ("base", "other", "found"),
    [
        ("cls.tea = shop.Price('tea')", "cls.limit = 2", []),
        ("pass", "Base.tea = shop.Price('tea')", ["test_it.Base.tea"]),
    ],
)
def test_what_the_set_up_of_a_class_above_sets_each_time_is_left_alone(
    base: str, other: str, found: list[str], tmp_path: Path
) -> None:
    assert states(tmp_path, {"shop.py": SHOP, "test_it.py": BASES.format(base=base, other=other)}) == found


FOR_EACH = """
import pytest
import unittest

import shop


class TestIt{base}:
    {body}

    def change(self):
        type(self).view = shop.Price("coffee")

    def test_one(self):
        assert self

    def test_two(self):
        assert self
"""
EACH = {
    ("", "def setup_method(self):\n        self.__class__.view = shop.Price('tea')"): False,
    ("(unittest.TestCase)", "def setUp(self):\n        type(self).view = shop.price"): False,
    (
        "",
        "@pytest.fixture(autouse=True)\n    def start(self, request):\n        request.cls.view = shop.Price('tea')",
    ): False,
    ("", "@pytest.fixture(autouse=True)\n    def start(self):\n        self.change()"): False,
    ("", "@pytest.fixture(autouse=True)\n    def start(self):\n        yield\n        assert self"): None,
    ("", "view = 1\n\n    def setup_method(self):\n        self.view = 1"): True,
    (
        "",
        (
            "view = 1\n\n    @pytest.fixture\n    def start(self):\n        self.change()\n\n"
            "    def test_with_it(self, start):\n        assert start is None"
        ),
    ): True,
}


@pytest.mark.parametrize(("how", "told"), EACH.items())
def test_what_a_set_up_gives_to_the_class_before_each_of_its_tests_is_left_alone(
    how: tuple[str, str], told: bool | None, tmp_path: Path
) -> None:
    text = FOR_EACH.format(base=how[0], body=how[1])
    if told and "start" not in how[1]:  # the test gives it to the class, its set-up to the object
        text = text.replace("def test_one(self):\n        assert self", "def test_one(self):\n        self.change()")

    found = states(tmp_path, {"shop.py": SHOP, "test_it.py": text})

    assert found == (["test_it.TestIt.view"] if told else []), text


MODULE = """
import shop


def setup_module():
    global view
    view = shop.price
    {more}


def test_it():
    {use}
"""


@pytest.mark.parametrize(
    ("more", "use", "found"),
    [
        ("pass", "assert view", []),
        ("shop.Price.view = view", "assert view", ["shop.Price.view"]),
        ("pass", "global view; view = shop.Price", ["test_it.view"]),
    ],
)
def test_what_the_set_up_of_a_file_gives_to_the_file_is_left_alone(
    more: str, use: str, found: list[str], tmp_path: Path
) -> None:
    assert states(tmp_path, {"shop.py": SHOP, "test_it.py": MODULE.format(more=more, use=use)}) == found


GROWING = """
import shop


def open_shelf(number):
    setattr(shop, f"shelf_{number}", {"tea": []})
    shop.known = shop.shelf_1


def test_a_shelf_comes():
    open_shelf(1)


def test_it_is_filled():
    shop.shelf_1["tea"].append("green")


def test_another_one_comes():
    open_shelf(2)


def test_that_is_filled():
    shop.shelf_2["tea"].append("black")
"""
COUNTING = """
import collections, json
from hermetic.guard import _contents

counts = collections.Counter()
real = _contents.Contents.followed


def followed(contents, *given):
    counts[contents.of_classes] += 1
    return real(contents, *given)


_contents.Contents.followed = followed


def pytest_unconfigure(config):
    print(json.dumps(counts))
"""


def test_what_stands_behind_a_new_name_is_watched_without_looking_at_all_others_again(tmp_path: Path) -> None:
    paths = "[pytest]\npythonpath = site-packages .\naddopts = -p counting -p no:xdist\n"
    files = {"shop.py": "known = None\n", "test_it.py": GROWING, "site-packages/counting.py": COUNTING}

    run = guarded(tmp_path, files={**files, "pytest.ini": paths}, mode="warn")

    told = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings]
    assert ("shop.shelf_1['tea']", "test_it_is_filled") in told or ("shop.known['tea']", "test_it_is_filled") in told
    assert ("shop.shelf_2['tea']", "test_that_is_filled") in told
    counts = json.loads(next(line for line in run.output.splitlines() if line.startswith("{")))
    assert counts["false"] == 1, run.output


ANOTHER = """
import shop


class Shelf:
    def __init__(self):
        self.books = []


def put(how):
    shop.shelf = Shelf() if how == "object" else {"tea": ["green"]}


def test_another_object():
    put("object")


def test_it_is_filled():
    shop.shelf.books.append("a")


def test_a_table():
    put("table")


def test_that_is_filled():
    shop.shelf["tea"].append("white")


def test_what_another_name_leads_to():
    shop.kept["tea"].append("black")


def test_nothing():
    put("table")
    shop.kept = None


def test_the_last_one():
    shop.shelf["tea"].append("yellow")
"""


def test_what_a_name_stands_for_anew_is_watched_without_looking_at_all_others_again(tmp_path: Path) -> None:
    paths = "[pytest]\npythonpath = site-packages .\naddopts = -p counting -p no:xdist\n"
    shop = 'shelf = {"tea": ["oolong"]}\nkept = shelf\n'
    files = {"shop.py": shop, "test_it.py": ANOTHER, "site-packages/counting.py": COUNTING, "pytest.ini": paths}

    run = guarded(tmp_path, files=files, mode="warn")

    told = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings]
    assert ("shop.shelf.books", "test_it_is_filled") in told
    assert ("shop.shelf['tea']", "test_that_is_filled") in told
    assert ("shop.kept['tea']", "test_what_another_name_leads_to") in told
    assert ("shop.shelf['tea']", "test_the_last_one") in told
    counts = json.loads(next(line for line in run.output.splitlines() if line.startswith("{")))
    assert counts["false"] == 1, run.output


LISTS = """
_primes = []
_squares: list[int] = []
_waiting = []


class Powers:
    _known: list[int] = []

    @classmethod
    def known(cls):
        if not cls._known:
            result = 1

            for _ in range(3):
                cls._known.append(result)
        return cls._known


def primes():
    if not _primes:
        _primes.extend((2, 3, 5))
        _squares.extend((4, 9, 25))
    return _primes


def wait(what):
    if not _waiting:
        print("the first")
    _waiting.append(what)
"""
USES_LISTS = """
import lists


def test_lists_that_are_filled_when_they_are_first_asked_for():
    assert lists.primes()[0] == 2
    assert lists.Powers.known()


def test_a_list_that_grows_with_each_call():
    lists.wait(3)


def test_one_that_the_test_fills():
    lists._primes.append(7)
"""


def test_a_private_list_is_filled_where_the_code_asks_whether_it_is_empty(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"lists.py": LISTS, "test_it.py": USES_LISTS})

    assert {(item["test"].rpartition("::")[2], item["state"]) for item in run.findings} == {
        ("test_a_list_that_grows_with_each_call", "lists._waiting"),
        ("test_one_that_the_test_fills", "lists._primes"),
    }, run.output
