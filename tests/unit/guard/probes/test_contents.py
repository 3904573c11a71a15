"""What a list, set or table has got and lost, told piece by piece: also while it grows, and by several tests."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING

import pytest

from hermetic.guard._samples import Sample
from hermetic.guard._stamps import are_told
from hermetic.guard.containers import Part
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


def test_modules_that_come_and_go_leave_what_the_others_hold_watched(tmp_path: Path) -> None:
    test = """
import sys

import alpha


def test_another_module_with_the_same_list_comes():
    import beta

    assert beta.WORDS is alpha.WORDS


def test_it_is_one_list():
    alpha.WORDS.append("by alpha")


def test_the_module_that_came_last_goes():
    sys.modules.pop("beta")
    alpha.WORDS.append("beta has gone")


def test_the_list_of_the_other_one_is_still_watched():
    alpha.WORDS.append("after beta")


def test_yet_another_comes():
    import gamma

    assert gamma.OTHERS == []


def test_the_first_one_goes():
    sys.modules.pop("alpha")


def test_what_the_newest_holds_is_watched():
    sys.modules["gamma"].WORDS.append("by gamma")
    sys.modules["gamma"].OTHERS.append("by gamma, too")
"""
    files = {
        "alpha.py": "WORDS = []\n",
        "beta.py": "from alpha import WORDS\nMORE = []\n",
        "gamma.py": "from alpha import WORDS\nOTHERS = []\n",
        "test_it.py": test,
    }

    run = guarded(tmp_path, mode="warn", files=files)

    told = {item["message"].partition(" changed: ")[2]: item["state"] for item in run.findings if "added" in str(item)}
    assert told == {
        "added ['by alpha']": "alpha.WORDS",
        "added ['beta has gone']": "alpha.WORDS",
        "added ['after beta']": "alpha.WORDS",
        "added ['by gamma']": "gamma.WORDS",
        "added ['by gamma, too']": "gamma.OTHERS",
    }


@pytest.mark.skipif(not are_told(), reason="this interpreter does not tell which dictionary was written to")
def test_a_name_that_takes_the_place_of_another_one_is_another(tmp_path: Path) -> None:
    test = """
import store


def test_renames_the_last_one():
    value = store.SECOND
    del store.SECOND
    store.THIRD = value
"""

    run = guarded(tmp_path, files={"store.py": "FIRST = 1\nSECOND = 2\n", "test_it.py": test})

    assert [item["state"] for item in run.findings] == ["store.THIRD"], run.output


class Parent:
    __slots__ = ("first",)


class Child(Parent):
    def __init__(self) -> None:
        self.first, self.second = 1, 2


@pytest.mark.parametrize(
    "value", [[1], {1}, {1: 2}, deque([1]), bytearray(b"1"), OrderedDict(a=1), Counter("a"), Child(), [0] * 2000]
)
def test_what_a_container_is_compared_with_equals_it(value: object) -> None:
    part = (Sample if isinstance(value, list) and len(value) > 1 else Part)("it", value, isinstance(value, Child))
    copy = part.copied()

    assert part.live == part.mirror_of(copy)
    assert part.live == part.mirrored()


def test_what_a_test_takes_back_in_a_list_of_its_own_file_may_be_left_again(tmp_path: Path) -> None:
    test = """
MINE = []


def test_it_is_left():
    MINE.append(1)


def test_it_is_taken_back():
    MINE.remove(1)


def test_it_is_left_again():
    MINE.append(1)
"""

    run = guarded(tmp_path, mode="warn", files={"test_it.py": test})

    assert [item["test"].partition("::")[2] for item in run.findings] == ["test_it_is_left", "test_it_is_left_again"]


REGISTER = """
ENCODERS = {}


def encloses(value):
    return lambda one: value


def register_all():
    ENCODERS["date"] = ("date", lambda one: str(one))
    ENCODERS["time"] = lambda one: str(one)
    ENCODERS["size"] = ("size", encloses([]))


register_all()
"""


def test_a_register_that_is_filled_again_by_the_same_code_is_as_it_was(tmp_path: Path) -> None:
    test = """
import register


def test_the_same_again():
    size = register.ENCODERS["size"]
    register.ENCODERS.clear()
    register.register_all()
    register.ENCODERS["size"] = size


def test_another_function():
    register.ENCODERS["date"] = ("date", lambda one: repr(one))


def test_another_name():
    register.ENCODERS["time"] = ("time", register.ENCODERS["time"])


def test_what_encloses_another_value():
    register.register_all()
"""

    run = guarded(tmp_path, files={"register.py": REGISTER, "test_it.py": test})

    assert [(item["test"].partition("::")[2], item["state"]) for item in run.findings] == [
        ("test_another_function", "register.ENCODERS['date']"),
        ("test_another_name", "register.ENCODERS['time']"),
        ("test_what_encloses_another_value", "register.ENCODERS['size']"),
    ]


def test_a_register_that_is_filled_again_at_the_end_of_a_fixture_is_as_it_was(tmp_path: Path) -> None:
    again = """
import pytest
import register


@pytest.fixture(scope="module")
def empty():
    size = register.ENCODERS.pop("size")
    register.ENCODERS.clear()
    yield
    register.register_all()
    register.ENCODERS["size"] = size


def test_there_is_none(empty):
    assert not register.ENCODERS
"""
    other = """
import pytest
import register


@pytest.fixture(scope="module")
def others():
    del register.ENCODERS["time"]
    yield
    register.ENCODERS["time"] = lambda one: repr(one)


def test_there_is_no_time(others):
    assert "time" not in register.ENCODERS
"""

    files = {"register.py": REGISTER, "test_again.py": again, "test_other.py": other}
    run = guarded(tmp_path, "-p", "no:randomly", files=files)

    assert [(item["owner"], item["state"]) for item in run.findings] == [("others", "register.ENCODERS['time']")]


KINDS = """
KINDS = {"int": int, "str": str}


def keep(name, kind):
    KINDS[name] = kind
"""


def test_what_comes_back_is_told_of_nobody_and_what_was_told_is_taken_back(tmp_path: Path) -> None:
    test = """
import pytest
import kinds


@pytest.fixture(scope="module")
def without():
    kind = kinds.KINDS.pop("int")
    yield
    kinds.KINDS["int"] = kind


def test_there_is_none(without):
    assert "int" not in kinds.KINDS


def test_takes_one_out():
    del kinds.KINDS["str"]


def test_the_code_puts_it_back():
    kinds.keep("str", str)


def test_the_code_fills():
    kinds.keep("float", float)


@pytest.mark.hermetic(allow=["HRM601"])
def test_may_take_out():
    del kinds.KINDS["str"]


def test_the_code_puts_that_back_too():
    kinds.keep("str", str)
"""

    run = guarded(tmp_path, "-p", "no:randomly", mode="warn", files={"kinds.py": KINDS, "test_it.py": test})

    assert [(item["test"].partition("::")[2], item["state"]) for item in run.findings] == [
        ("test_takes_one_out", "kinds.KINDS['str']")
    ], run.output
