"""HRM703."""

from __future__ import annotations

from hermetic.catalogue.rule import AUDIT, Example, Rule


class CollectionError(Rule):
    """A file cannot be collected, so none of its tests ever runs.

    Why it breaks:
    pytest reports an error for the file and none of the tests in it: they are in no count, in no pass rate and in no
    list of failures. `--continue-on-collection-errors`, or a job that looks only at failed tests, makes that look like
    a smaller suite that passes. It is no failure of isolation either, and is easily taken for one where it shows
    beside others.

    Do this instead:
    Repair the import that the finding names: install what is missing, correct the name, register the marker. What may
    be absent on purpose is skipped for a reason, with `pytest.importorskip`.

    Limits:
    `hermetic audit` counts the tests that such a file declares from its source; what is made when the file is
    imported, such as parameters, is not in that count.
    """

    code = "HRM703"
    name = "collection-error"
    symptoms = ("ERROR collecting", "errors during collection", "the number of tests has fallen and nobody removed any")
    message = "the file cannot be collected"
    repair = "repair the import, or skip the file with `pytest.importorskip`"
    claims = (AUDIT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "what can be imported depends on what is installed; a file that cannot be parsed is HRM001",
        "collection": "pytest itself reports the error, and stops",
        "guard": "there is no test to guard",
    }
    related = ("HRM001", "HRM702")
    bad = (
        Example(
            "the module that a test file imports is not there",
            {
                "test_prices.py": """
import price_service_that_nobody_installed as prices  # <- HRM703


def test_a_price_is_known():
    assert prices.of("apple") == 3
""",
                "test_sum.py": """
def test_one_and_one():
    assert 1 + 1 == 2
""",
            },
            harm="fails",
        ),
        Example(
            "the marker is not registered, and the configuration is strict about that",
            {
                "pytest.ini": """
[pytest]
addopts = --strict-markers
""",
                "test_slow.py": """
import pytest


@pytest.mark.slwo  # <- HRM703
def test_takes_long():
    assert sum(range(10)) == 45
""",
                "test_sum.py": """
def test_one_and_one():
    assert 1 + 1 == 2
""",
            },
            harm="fails",
        ),
        Example(
            "the name that a test file imports has gone from its module",
            {
                "pricing.py": """
def price_of(name):
    return {"apple": 3}[name]
""",
                "test_pricing.py": """
from pricing import price  # <- HRM703


def test_a_price_is_known():
    assert price("apple") == 3
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "what may be absent is skipped for a reason",
            {
                "test_prices.py": """
import pytest

prices = pytest.importorskip("price_service_that_nobody_installed")


def test_a_price_is_known():
    assert prices.of("apple") == 3
""",
                "test_sum.py": """
def test_one_and_one():
    assert 1 + 1 == 2
""",
            },
        ),
        Example(
            "the marker is registered",
            {
                "pytest.ini": """
[pytest]
addopts = --strict-markers
markers = slow: takes more than a second
""",
                "test_slow.py": """
import pytest


@pytest.mark.slow
def test_takes_long():
    assert sum(range(10)) == 45
""",
            },
        ),
        Example(
            "the name is the one that the module has",
            {
                "pricing.py": """
def price_of(name):
    return {"apple": 3}[name]
""",
                "test_pricing.py": """
from pricing import price_of


def test_a_price_is_known():
    assert price_of("apple") == 3
""",
            },
        ),
    )
