"""HRM701."""

from __future__ import annotations

from hermetic.catalogue.rule import COLLECTION, Example, Rule


class UnstableParameters(Rule):
    """Each process that collects the suite gets other tests, or another order.

    Why it breaks:
    Every worker collects for itself, and xdist hands out tests by their number in that list. So it compares the lists
    and refuses to run when they differ: `Different tests were collected between gw0 and gw1`. Without workers the suite
    runs, but the name of a test changes from run to run: `--lf` and a list of known failures miss it, and a run cannot
    be repeated. The order of a set of strings differs in each process, as do random numbers, the time, process ids and
    `uuid.uuid4()`; the listing of a folder differs as soon as a test writes there.

    Do this instead:
    Write the values out, or sort them: `parametrize("name", sorted(NAMES))`. Draw random values inside the test, or
    from a generator with a fixed seed (`random.Random(1)`), and give `ids=` where a value has no stable name. Define
    the same tests in every process and skip those that cannot run.

    Limits:
    Seen where two or more workers have collected different lists, so a set that by chance has the same order in all of
    them passes. What differs between machines only, as the order in which a file system lists a folder does, is the
    same in all workers of one: the run does not see it. `--dist each` may collect a suite of its own on each platform.
    Where a plugin or hook shuffles tests with another seed in each worker, the finding names the first test that
    differs.
    """

    code = "HRM701"
    name = "unstable-parameters"
    symptoms = (
        "Different tests were collected between gw0 and gw1",
        "the parameters or ids of tests change from run to run",
    )
    message = "each worker collects other tests, or another order"
    repair = "parametrize over a list in a fixed order, with ids that are the same in every process"
    claims = (COLLECTION,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "the static check comes later",
        "guard": "it is known before the first test runs",
    }
    related = ("HRM108",)
    bad = (
        Example(
            "the values are random",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_dice.py": """
import random

import pytest


@pytest.mark.parametrize("sides", [random.randrange(10**9) for _ in range(3)])  # <- HRM701
def test_a_die_shows_one_of_its_sides(sides):
    assert 0 <= random.randrange(sides + 1) <= sides


def test_a_coin_has_two():
    assert len({"heads", "tails"}) == 2
""",
            },
            harm="fails",
        ),
        Example(
            "a set gives them in another order in each process",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "colours.py": """
KNOWN = {f"colour{number}" for number in range(20)}
""",
                "test_colours.py": """
import colours
import pytest


class TestColours:
    @pytest.mark.parametrize("length", [8, 9])
    @pytest.mark.parametrize(  # <- HRM701
        "name",
        colours.KNOWN,
    )
    def test_names_are_short(self, name, length):
        assert len(name) < length + 8
""",
            },
            harm="fails",
        ),
        Example(
            "the id of each case is new in each process",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "conftest.py": """
import uuid

import pytest


@pytest.fixture(params=[str(uuid.uuid4()), str(uuid.uuid4())])  # <- HRM701
def key(request):
    return request.param
""",
                "test_keys.py": """
def test_a_key_is_long(key):
    assert len(key) == 36
""",
            },
            harm="fails",
        ),
        Example(
            "which tests there are depends on the process",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_worker.py": """
import os


def test_everywhere():
    assert True


if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":

    def test_first_worker_only():  # <- HRM701
        assert True
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "sorted, a set has one order",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_sorted.py": """
import pytest

NAMES = {f"name{number}" for number in range(20)}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_name(name):
    assert name.startswith("name")
""",
            },
        ),
        Example(
            "random values from a seed of their own are the same everywhere",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_seeded.py": """
import random

import pytest


@pytest.mark.parametrize("number", random.Random(1).sample(range(100), 3))
def test_number(number):
    assert number < 100
""",
            },
        ),
        Example(
            "the values differ, and their names do not",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_named.py": """
import uuid

import pytest


@pytest.mark.parametrize("key", [uuid.uuid4(), uuid.uuid4()], ids=["first", "second"])
def test_key(key):
    assert key.version == 4
""",
            },
        ),
        Example(
            "one process cannot disagree with itself",
            {
                "pytest.ini": """
[pytest]
addopts = -n 0
""",
                "test_time.py": """
import time

import pytest


@pytest.mark.parametrize("start", [time.time()], ids=["now"])
def test_start(start):
    assert start <= time.time()
""",
            },
        ),
    )
