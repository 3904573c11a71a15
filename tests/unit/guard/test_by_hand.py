"""Names that code under test changes as it runs, as counts: left alone, unless a test sets them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.guard._by_hand import is_written_as
from hermetic.guard.describe import ABSENT
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
TOTAL = 0
LAST_ID = len("abc")
COUNT: int = 1
_number = 0
_ready = False
SEEN = []
SEEN_IDS = set()
POOL = []
cache = None
_known = set()


class Till:
    total = 0
    seen = []
    instances = []


class Cache:
    pass


def work():
    global COUNT, TOTAL, _number, _ready, cache
    COUNT += 4
    TOTAL += 1
    _number += 1
    _ready = True
    SEEN.append(COUNT)
    SEEN_IDS.add(COUNT)
    POOL.append(COUNT)
    _known.add(COUNT)
    Till.total += 1
    Till.seen.append(COUNT)
    Till.instances.append(COUNT)
    cache = Cache()
"""
BY_HAND = """
import pytest
import shop
from shop import POOL, Till


class Stand:
    pass


@pytest.fixture
def counted():
    setattr(shop, "COUNT", 7)


def fill():
    POOL.append("x")


def test_total():
    shop.TOTAL = 5  # what the day brought


def test_count(counted):
    assert shop.COUNT == 7


def test_number():
    shop._number = 1_000


def test_ready():
    shop._ready = True


def test_seen():
    shop.SEEN.append("x")


def test_ids():
    shop.SEEN_IDS.add("x")


def test_pool():
    fill()


def test_known():
    shop._known.update({"x"})


def test_class():
    Till.total = 5


def test_class_seen():
    Till.seen.append("x")


def test_class_instances():
    Till.instances.insert(0, "x")


def test_stand_in():
    shop.cache = Stand()
"""
STATES = {
    "shop.TOTAL",
    "shop.COUNT",
    "shop._number",
    "shop._ready",
    "shop.SEEN",
    "shop.SEEN_IDS",
    "shop.POOL",
    "shop._known",
    "shop.Till.total",
    "shop.Till.seen",
    "shop.Till.instances",
    "shop.cache",
}


def test_what_a_test_sets_by_hand_is_told(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"shop.py": SHOP, "test_it.py": BY_HAND})

    assert {item["state"] for item in run.findings} == STATES, run.output
    assert len({item["test"] for item in run.findings}) == len(STATES)
    assert {item["code"] for item in run.findings} == {"HRM601", "HRM603"}


BY_CODE = """
import pytest
import shop


@pytest.fixture(autouse=True)
def anew():
    shop.COUNT = 1
    shop._number = 0
    shop.SEEN.clear()
    shop.POOL.clear()


def nobody_calls_this():
    shop.TOTAL = 1


def test_the_code_counts():
    shop.work()
    assert shop.COUNT == 5
    shop.POOL.append("x")


def test_counts_again():
    shop.work()
    assert shop.COUNT == 5


def test_begins_anew():
    assert shop.COUNT == 1
    assert shop.POOL == []


def test_the_same_word_of_another():
    seen = []
    seen.append("x")
    shop.work()


def test_patched(monkeypatch):
    monkeypatch.setattr(shop, "TOTAL", 5)


def test_empties():
    shop.TOTAL = 0
    shop.LAST_ID = 0
    shop.cache = None
"""


def test_what_the_code_under_test_changes_is_left_alone(tmp_path: Path) -> None:
    files = {"shop.py": SHOP, "test_it.py": BY_CODE}

    for arguments in ((), ("-p", "no:randomly")):
        run = guarded(tmp_path / f"suite{len(arguments)}", *arguments, mode="warn", files=files)
        assert not run.findings, run.output


@pytest.mark.parametrize(
    ("line", "value", "written"),
    [
        ("shop.TOTAL = 5", 5, True),
        ("    shop.TOTAL = 5  # of the day\n", 5, True),
        ('setattr(shop, "TOTAL", 1_000)', 1000, True),
        ("shop.TOTAL = -1", -1, True),
        ("shop.TOTAL = 5", True, False),
        ("shop.TOTAL = 1", True, False),
        ("shop.TOTAL = first", 5, False),
        ("shop.TOTAL = first", ABSENT, False),
        ("shop.TOTAL = 5 + 1", 5, False),
        ("shop.check(TOTAL == 5)", 5, False),
        ("", 5, False),
    ],
)
def test_a_line_gives_what_is_written_out_in_it(line: str, value: object, written: bool) -> None:
    assert is_written_as(line, value) is written
