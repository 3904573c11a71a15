"""A message names the entry that is changed, and says whether a name is set, added, replaced or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
TABLE = {"tea": 2}
PRICES = [2]


class Till:
    table = {"tea": 2}
    strict = False


class Special(Till):
    def close(self):
        pass


class Book(dict):
    def close(self):
        pass


@register
class Listed:
    pass


class Made(table=True):
    pass


def load():
    pass
"""
SENTENCES = {
    'shop.TABLE["tea"] = 3': "shop.TABLE['tea'] is changed",
    'shop.TABLE["tea"] += 3': "shop.TABLE['tea'] is changed",
    'shop.TABLE[b"tea"] = 3': "shop.TABLE[b'tea'] is changed",
    'del shop.Till.table["tea"]': "shop.Till.table['tea'] is deleted",
    'shop.Till.table["tea"] = 3': "shop.Till.table['tea'] is changed",
    'shop.TABLE["tea"] = shop.TABLE["cake"] = 3': "shop.TABLE is changed",
    "shop.PRICES[0] = 3": "shop.PRICES is changed",
    "shop.PRICES.append(3)": "shop.PRICES is changed",
    "shop.Till.table.update(tea=3)": "shop.Till.table is changed",
    "shop.Till.strict = True": "shop.Till.strict is set",
    "shop.load = lambda: 1": "shop.load is replaced",
    "del shop.load": "shop.load is deleted",
    'delattr(shop, "load")': "shop.load is deleted",
    'setattr(shop, "load", lambda: 1)': "shop.load is replaced",
    "shop.more = lambda: 1": "shop.more is added",
    'setattr(shop, "more", lambda: 1)': "shop.more is added",
    "shop.Till.more = 1": "shop.Till.more is added",
    "shop.Special.more = lambda self: 1": "shop.Special.more is added",
    "shop.Special.strict = True": "shop.Special.strict is set",
    "shop.Book.more = lambda self: 1": "shop.Book.more is replaced",
    "shop.Listed.more = lambda self: 1": "shop.Listed.more is replaced",
    "shop.Made.more = lambda self: 1": "shop.Made.more is replaced",
    "shop.Special.close = None": "shop.Special.close is replaced",
    "Own.check = lambda self: 1": "Own.check is replaced",
    "Own.more = lambda self: 1": "Own.more is added",
}
TEST = """
import shop


class Own(shop.Till):
    def check(self):
        pass


def test_a():
    {line}
"""


@pytest.mark.parametrize(("line", "told"), SENTENCES.items(), ids=SENTENCES)
def test_a_message_says_what_is_done_to_what(line: str, told: str, tmp_path: Path) -> None:
    files = {"shop.py": SHOP, "test_it.py": TEST.format(line=line)}

    items = lint_files(files, tmp_path, select=("HRM308", "HRM601", "HRM603"))

    undone = "taken away" if told.endswith("added") else "put back"
    assert [item.message for item in items] == [f"{told} in test_a and not {undone}"]


@pytest.mark.parametrize("name", ["*", "__getattr__"])
def test_a_module_that_may_have_a_name_all_the_same_is_not_said_to_be_without(name: str, tmp_path: Path) -> None:
    more = "from elsewhere import *\n" if name == "*" else f"def {name}(name):\n    return 1\n"
    files = {"shop.py": SHOP + more, "test_it.py": TEST.format(line="shop.more = lambda: 1")}

    items = lint_files(files, tmp_path, select=("HRM308",))

    assert [item.message for item in items] == ["shop.more is replaced in test_a and not put back"]


def test_what_is_added_and_taken_away_in_the_last_line(tmp_path: Path) -> None:
    line = "shop.more = lambda: 1\n    assert shop.more()\n    del shop.more"

    items = lint_files({"shop.py": SHOP, "test_it.py": TEST.format(line=line)}, tmp_path, select=("HRM308",))

    assert [item.message for item in items] == [
        "shop.more is added in test_a and taken away only when nothing fails in between"
    ]


def test_an_instrumentation_is_named_by_who_made_it(tmp_path: Path) -> None:
    files = {
        "test_it.py": """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor


def test_a():
    HTTPXClientInstrumentor().instrument()


def test_b():
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=None)
"""
    }

    items = lint_files(files, tmp_path, select=("HRM604",))

    assert [item.message.partition(", and")[0] for item in items] == [
        f"the instrumentation by HTTPXClientInstrumentor is changed in {test}" for test in ("test_a", "test_b")
    ]
