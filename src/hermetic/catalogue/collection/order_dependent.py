"""HRM702."""

from __future__ import annotations

from hermetic.catalogue.rule import AUDIT, Example, Rule


class OrderDependent(Rule):
    """A test passes only after another one, or only without it.

    Why it breaks:
    A *victim* fails when another test has run before it and left something. A *brittle* test fails alone: it takes for
    granted what another test has set up. In the order of the files both may pass for years. Then somebody adds a test,
    runs one file, shuffles, or spreads the suite over workers, and a test fails that nobody has touched.

    Do this instead:
    Of a victim, repair the other test: it has to put back what it changes, in a fixture after its `yield` or with
    `monkeypatch`. Of a brittle test, repair the test itself: it sets up what it needs, in a fixture that both request.

    Limits:
    `hermetic audit` runs the suite in the order of the files, reversed, in two shuffled orders and in parallel, and
    hunts for the other test where the results differ. A dependence that shows in none of these orders is not found;
    `hermetic hunt` alone tries more of them. The finding stands at the test that depends on others; where they change
    something is told beside it, as far as the guard saw that.
    """

    code = "HRM702"
    name = "order-dependent"
    symptoms = (
        "an order-dependent test",
        "tests fail only with pytest-randomly",
    )
    message = "the test passes only after, or only without, another one"
    repair = "let the other test put back what it changes, or this one set up what it needs"
    claims = (AUDIT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "which tests need each other shows only in runs; what leaks is reported under the rule for that state",
        "collection": "no test has run yet",
        "guard": "one run has one order; what leaks is reported under the rule for that state",
    }
    related = ("HRM601", "HRM703")
    bad = (
        Example(
            "the second test fails after the first one, which leaves an entry",
            {
                "basket.py": """
ITEMS = []
""",
                "test_basket.py": """
import basket


def test_an_item_is_added():
    basket.ITEMS.append("apple")
    assert basket.ITEMS[-1] == "apple"


def test_a_basket_is_empty_at_first():  # <- HRM702
    assert basket.ITEMS == []
""",
            },
        ),
        Example(
            "the first test needs what the second one sets up",
            {
                "registry.py": """
HANDLERS = {}
""",
                "test_registry.py": """
import registry


def test_the_handler_is_called():  # <- HRM702
    assert registry.HANDLERS["sum"]([1, 2]) == 3


def test_a_handler_is_registered():
    registry.HANDLERS["sum"] = sum
    assert registry.HANDLERS["sum"] is sum
""",
            },
            harm="fails",
        ),
        Example(
            "the second test finds a variable that the first one has set",
            {
                "test_region.py": """
import os


def test_a_region_can_be_chosen():
    os.environ["REGION"] = "north"
    assert os.environ["REGION"] == "north"


def test_no_region_is_chosen_at_first():  # <- HRM702
    assert "REGION" not in os.environ
""",
            },
        ),
    )
    good = (
        Example(
            "each test begins with an empty list, which monkeypatch puts in place",
            {
                "basket.py": """
ITEMS = []
""",
                "test_basket.py": """
import basket
import pytest


@pytest.fixture(autouse=True)
def empty_basket(monkeypatch):
    monkeypatch.setattr(basket, "ITEMS", [])


def test_an_item_is_added():
    basket.ITEMS.append("apple")
    assert basket.ITEMS[-1] == "apple"


def test_a_basket_is_empty_at_first():
    assert basket.ITEMS == []
""",
            },
        ),
        Example(
            "both tests request the fixture that registers the handler",
            {
                "registry.py": """
HANDLERS = {}
""",
                "test_registry.py": """
import pytest
import registry


@pytest.fixture
def handler(monkeypatch):
    monkeypatch.setitem(registry.HANDLERS, "sum", sum)


def test_the_handler_is_called(handler):
    assert registry.HANDLERS["sum"]([1, 2]) == 3


def test_a_handler_is_registered(handler):
    assert registry.HANDLERS["sum"] is sum
""",
            },
        ),
        Example(
            "the variable is set through monkeypatch, which takes it back",
            {
                "test_region.py": """
import os


def test_a_region_can_be_chosen(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    assert os.environ["REGION"] == "north"


def test_no_region_is_chosen_at_first(monkeypatch):
    monkeypatch.delenv("REGION", raising=False)
    assert "REGION" not in os.environ
""",
            },
        ),
    )
