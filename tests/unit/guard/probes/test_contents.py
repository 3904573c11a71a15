"""What a list, set or table has got and lost, told piece by piece: also while it grows, and by several tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

STORE = """
PRICES = {number: "a price" for number in range(990)}
ROWS = [*range(990)]
NAMES = {str(number) for number in range(990)}
WORDS = ["first"]
"""


@pytest.mark.parametrize(
    ("line", "state", "added"),
    [
        ("store.PRICES.update(dict.fromkeys(range(2000, 2020), 'new'))", "store.PRICES[2000] and 19 more", "'new'"),
        ("store.ROWS.extend(range(2000, 2020))", "store.ROWS", "added [2000, 2001, "),
        ("store.NAMES.update(map(str, range(2000, 2020)))", "store.NAMES", "added ['20"),
    ],
)
def test_what_grows_too_large_to_be_compared_each_time_is_told_and_put_back(
    tmp_path: Path, line: str, state: str, added: str
) -> None:
    test = f"""
import store

SIZES = []


def test_it_grows():
    {line}


def test_it_is_as_before():
    assert {{len(store.PRICES), len(store.ROWS), len(store.NAMES)}} == {{990}}


def test_the_guard_still_looks():
    store.WORDS.append("second")
"""

    run = guarded(tmp_path, files={"store.py": STORE, "test_store.py": test})

    assert [(item["code"], item["line"], item["state"]) for item in run.findings] == [
        ("HRM601", 8, state),
        ("HRM601", 16, "store.WORDS"),
    ]
    assert added in run.findings[0]["message"]
    assert "3 passed" in run.output


def test_what_shrinks_until_it_is_compared_as_a_whole_is_told(tmp_path: Path) -> None:
    test = "import store\n\n\ndef test_it():\n    del store.ROWS[990:]\n"

    run = guarded(tmp_path, files={"store.py": "ROWS = [*range(1500)]\n", "test_store.py": test})

    assert run.found == {("HRM601", "test_store.py", 5)}
    assert "510 more items" in run.findings[0]["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('["first"]', ("added ['second']", "removed ['first']")),
        ('["first"] * 1500', ("absent -> ['second']", "1 more items -> absent")),  # compared by a sample
    ],
)
def test_what_another_test_takes_out_does_not_take_back_what_one_put_in(
    tmp_path: Path, words: str, told: tuple[str, str]
) -> None:
    test = """
import store


def test_puts_one_in():
    store.WORDS.append("second")


def test_takes_another_one_out():
    store.WORDS.remove("first")


def test_makes_it_as_it_was():
    store.WORDS[:] = store.FIRST
"""
    store = f"WORDS = {words}\nFIRST = tuple(WORDS)\n"

    run = guarded(tmp_path, mode="warn", files={"store.py": store, "test_store.py": test})

    assert {item["message"].partition(" (")[0] for item in run.findings} == {
        f"test_puts_one_in left store.WORDS changed: {told[0]}",
        f"test_takes_another_one_out left store.WORDS changed: {told[1]}",
    }


def test_what_a_test_does_before_and_after_a_fixture_of_wider_scope_is_one_change(tmp_path: Path) -> None:
    test = """
import pytest

import store


@pytest.fixture(scope="module")
def price():
    return 3


def test_puts_one_in_and_takes_another_one_out(request):
    store.WORDS.append("second")
    assert request.getfixturevalue("price") == 3
    store.WORDS.remove("first")


@pytest.fixture(scope="module")
def name():
    return "tea"


def test_leaves_nothing(request):
    store.WORDS.append("third")
    assert request.getfixturevalue("name") == "tea"
    store.WORDS.remove("third")
"""

    run = guarded(tmp_path, files={"store.py": STORE, "test_store.py": test})

    assert [item["message"].partition(" changed: ")[2] for item in run.findings] == [
        "removed ['first'], added ['second']"
    ]


def test_another_order_is_told_as_such(tmp_path: Path) -> None:
    test = "import store\n\n\ndef test_it():\n    store.WORDS.reverse()\n"

    run = guarded(tmp_path, files={"store.py": "WORDS = [1, 2]\n", "test_store.py": test})

    assert "store.WORDS changed: [1, 2] -> [2, 1]" in run.findings[0]["message"]
    assert "store.WORDS.copy()" in run.output
