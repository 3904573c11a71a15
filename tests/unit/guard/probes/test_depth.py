"""How deep the guard looks into what modules and fixtures hold, and what it leaves to the objects themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

FLEET = """
class Inverter:
    def __init__(self):
        self.limit = 10
        self.labels = []
        self.asked = 0
        self._history = []

    def ask(self):
        self.asked += 1
        self._history.append(self.asked)
        return self.limit


INVERTERS = {"roof": Inverter()}
TABLE = {"a": {"b": {"c": [1]}}}
one = Inverter()
"""

TESTS = """
import pytest

import fleet


def test_an_attribute_of_an_object():
    fleet.one.limit = 1  # <-


def test_an_attribute_of_an_object_in_a_table():
    fleet.INVERTERS["roof"].limit = 2  # <-


def test_a_list_of_an_object_in_a_table():
    fleet.INVERTERS["roof"].labels.append("warm")  # <-


def test_a_list_three_steps_down():
    fleet.TABLE["a"]["b"]["c"].append(2)  # <-


def test_what_an_object_keeps_for_itself():
    assert fleet.one.ask() == 10


def test_what_is_put_back(monkeypatch):
    monkeypatch.setattr(fleet.one, "limit", 3)
    monkeypatch.setitem(fleet.TABLE["a"], "b", 4)


@pytest.fixture
def low():
    fleet.one.limit = 5
    yield
    fleet.one.limit = 10


def test_what_a_fixture_puts_back(low):
    assert fleet.one.limit == 5
"""


def lines(source: str) -> set[int]:
    return {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# <-")}


def test_what_objects_and_inner_tables_hold_is_compared(tmp_path: Path) -> None:
    run = guarded(tmp_path, files={"fleet.py": FLEET, "test_fleet.py": TESTS})

    assert run.found == {("HRM601", "test_fleet.py", line) for line in lines(TESTS)}
    assert {item["state"] for item in run.findings} == {
        "fleet.one.limit",
        "fleet.INVERTERS['roof'].limit",
        "fleet.INVERTERS['roof'].labels",
        "fleet.TABLE['a']['b']['c']",
    }


def test_what_several_names_lead_to_is_told_once_by_the_shortest(tmp_path: Path) -> None:
    shop = "TABLES = {}\nSTOCK = {'tea': 9}\nTABLES['stock'] = TABLES['goods'] = STOCK\nBOXES = {'a': {'b': [1]}}\n"
    shop += "BOXES['c'] = BOXES['a']\n"
    test = "import shop\n\n\ndef test_tea():\n    shop.STOCK['tea'] = 0\n    shop.BOXES['a']['b'].append(2)\n"

    run = guarded(tmp_path, files={"shop.py": shop, "test_shop.py": test})

    assert sorted(item["state"] for item in run.findings) == ["shop.BOXES['a']['b']", "shop.STOCK['tea']"]


SHARED = """
class Till:
    def __init__(self):
        self.limit = 1


TABLE = {}
ROWS = ["tea"]
till = Till()


class Shop:
    table = TABLE
    rows = ROWS
    tills = {"first": till}
"""
SHARES = """
import shop


def test_changes():
    shop.Shop.table["tea"] = 9
    shop.Shop.rows.append("coffee")
    shop.Shop.tills["first"].limit = 2


def test_puts_back():
    del shop.Shop.table["tea"]
    shop.Shop.rows.pop()
    shop.Shop.tills["first"].limit = 1
"""


@pytest.mark.parametrize("mode", ["warn", "error"])
def test_what_a_module_and_a_class_lead_to_is_told_once_and_put_back_under_both_names(
    tmp_path: Path, mode: str
) -> None:
    shares = SHARES if mode == "warn" else SHARES.partition("\n\n\ndef test_puts_back")[0]

    run = guarded(tmp_path, mode=mode, files={"shop.py": SHARED, "test_shop.py": shares})

    assert {(item["state"], item["test"].rpartition("::")[2]) for item in run.findings} == {
        ("shop.TABLE['tea']", "test_changes"),
        ("shop.ROWS", "test_changes"),
        ("shop.till.limit", "test_changes"),
    }


ABOVE = """
class Base:
    limit = 1

    def ask(self):
        return self.limit


class Till(Base):
    pass


till = Till()
"""
SETS_BACK = """
import till


def test_on_the_class():
    before, ask = till.Till.limit, till.Till.ask
    till.Till.limit, till.Till.ask = 2, len
    till.Till.limit, till.Till.ask = before, ask


def test_on_the_object():
    before = till.till.limit
    till.till.limit = 3
    till.till.limit = before


def test_another_value():
    till.Till.limit = 5


def test_another_value_of_the_object():
    till.till.limit = 7
"""


def test_a_class_or_object_that_is_given_what_it_had_from_above_is_as_before(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"till.py": ABOVE, "test_till.py": SETS_BACK})

    assert {(item["state"], item["test"].rpartition("::")[2]) for item in run.findings} == {
        ("till.Till.limit", "test_another_value"),
        ("till.till.limit", "test_another_value_of_the_object"),
    }


@pytest.mark.parametrize(("depth", "found"), [("0", 1), ("1", 2), ("2", 3), ("3", 4)])
def test_the_depth_can_be_chosen(tmp_path: Path, depth: str, found: int) -> None:
    run = guarded(tmp_path, "-o", f"hermetic_depth={depth}", files={"fleet.py": FLEET, "test_fleet.py": TESTS})

    assert len(run.findings) == found


def test_what_a_test_puts_into_a_list_of_its_class_is_seen(tmp_path: Path) -> None:
    source = """
class TestBasics:
    @classmethod
    def setup_class(cls):
        cls.heard = []

    def test_one(self):
        self.heard.append("a")  # <-

    def test_two(self):
        assert self.heard == []
"""

    run = guarded(tmp_path, files={"test_basics.py": source})

    assert run.found == {("HRM603", "test_basics.py", line) for line in lines(source)}


def test_flags_and_context_variables_of_modules(tmp_path: Path) -> None:
    shared = """
import threading
from contextvars import ContextVar

stopped = threading.Event()
request = ContextVar("request", default="none")
"""
    source = """
import shared


def test_a_flag_is_left():
    shared.stopped.set()  # <-


def test_a_variable_is_left():
    shared.request.set("r")  # <-


def test_both_are_put_back():
    shared.stopped.set()
    shared.stopped.clear()
    token = shared.request.set("s")
    shared.request.reset(token)
"""

    run = guarded(tmp_path, files={"shared.py": shared, "test_shared.py": source})

    assert run.found == {("HRM601", "test_shared.py", line) for line in lines(source)}


STORE = """
PRICES = {number: "a price" for number in range(1500)}
ROWS = [0] * 1500
NAMES = {str(number) for number in range(1500)}
_memory = {number: 0 for number in range(1500)}


def price(number):
    return PRICES[number]


def remember(number):
    _memory[number] = 1
"""


@pytest.mark.parametrize(
    ("line", "state", "seen"),
    [
        ("store.PRICES['new'] = 'cheap'", "store.PRICES['new']", "its size and the last 16"),
        ("store.PRICES[1499] = 'dear'", "store.PRICES[1499]", "its size and the last 16"),
        ("del store.PRICES[1490]", "store.PRICES[1490]", "its size and the last 16"),
        ("del store.PRICES[3]", "store.PRICES", "its size and the last 16"),
        ("store.ROWS.append(7)", "store.ROWS", "its size and some items"),
        ("store.ROWS[0] = 7", "store.ROWS", "its size and some items"),
        ("store.NAMES.add('more')", "store.NAMES", "its size"),
    ],
)
def test_a_huge_container_is_compared_by_a_sample_and_the_finding_says_so(
    tmp_path: Path, line: str, state: str, seen: str
) -> None:
    test = f"import store\n\n\ndef test_it():\n    {line}\n"

    run = guarded(tmp_path, files={"store.py": STORE, "test_store.py": test})

    assert [(item["code"], item["line"], item["state"]) for item in run.findings] == [("HRM601", 5, state)]
    assert f" items, {seen} are compared)" in run.findings[0]["message"]


def test_a_huge_container_that_nobody_or_only_its_own_code_changes_is_silent(tmp_path: Path) -> None:
    test = """
import store


def test_a_read():
    assert store.price(3) == "a price"


def test_a_memory_that_grows():
    store.remember(2000)


def test_a_change_that_is_put_back(monkeypatch):
    monkeypatch.setitem(store.PRICES, 1499, "dear")
    store.ROWS.append(1)
    store.ROWS.pop()
"""

    run = guarded(tmp_path, files={"store.py": STORE, "test_store.py": test})

    assert run.findings == []


def test_values_that_cannot_be_compared_switch_nothing_off(tmp_path: Path) -> None:
    shop = """
class Grid:
    def __eq__(self, other):
        raise ValueError("ambiguous")


class Shop:
    def __init__(self):
        self.grid = Grid()


shop = Shop()
GRIDS = {"a": Grid()}
"""
    source = """
import shop


def test_an_attribute():
    shop.shop.grid = shop.Grid()  # <-


def test_an_entry():
    shop.GRIDS["a"] = shop.Grid()  # <-
"""

    run = guarded(tmp_path, files={"shop.py": shop, "test_shop.py": source})

    assert run.found == {("HRM601", "test_shop.py", line) for line in lines(source)}
    assert "is not guarded from here on" not in run.output
