"""Entries of a table that grows: whether the code under test fills it, or the code of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
class Meta(type):
    _instances = {}
    _known = {}

    def __call__(cls):
        return cls._instances.setdefault(cls, super().__call__())


class Shop(metaclass=Meta):
    pass


class Cart(metaclass=Meta):
    pass


class Desk(metaclass=Meta):
    pass


_prices = {}
"""
TESTS = """
import unittest

import pytest
import shop
from shop import Meta


@pytest.fixture
def price():
    shop._prices["tea"] = 3  # <- HRM601
    return 3


def enter():
    Meta._instances[shop.Shop] = object.__new__(shop.Shop)  # <- HRM603


def test_a_helper_writes():
    enter()
    assert Meta._instances[shop.Shop] == shop.Shop()


def test_a_fixture_writes(price):
    assert shop._prices["tea"] == price


def test_the_code_under_test_fills_it():
    assert shop.Cart() is shop.Cart()


def test_both_do_and_the_test_cleans_up():
    Meta._instances[shop.Cart] = shop.Desk()
    del Meta._instances[shop.Cart]


@pytest.fixture
def empty():
    Meta._known.clear()


def test_it_is_emptied_for_each_test(empty):
    Meta._known[1] = 2


class Named(unittest.TestCase):
    def setUp(self):
        for key in "ab":
            Meta._known[key] = 1  # <- HRM603

    def test_keys_of_a_loop(self):
        pass
"""


def test_entries_that_a_test_writes_are_told_of_and_what_the_code_fills_in_is_not(tmp_path: Path) -> None:
    source = TESTS.lstrip("\n")
    run = guarded(tmp_path / "suite", files={"shop.py": SHOP, "test_it.py": source})

    lines = enumerate(source.splitlines(), 1)
    expected = {(line.rpartition(" ")[2], "test_it.py", number) for number, line in lines if "# <- " in line}
    assert run.found == expected, run.output
    assert "is not guarded from here on" not in run.output
