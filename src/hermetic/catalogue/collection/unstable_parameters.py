"""HRM701."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.collection._drawn import shuffled
from hermetic.catalogue.collection._parameters import defined_by_worker, is_written_to, parameters_of
from hermetic.catalogue.collection._unstable import LISTING, SEARCHED, differs
from hermetic.catalogue.rule import COLLECTION, LINT, PROJECT, Example, Rule, node_id
from hermetic.source.names import resolve
from hermetic.source.reach import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project

SHUFFLED = "pytest_collection_modifyitems"


class UnstableParameters(Rule):
    """Each process that collects the suite gets other tests, or another order.

    Why it breaks:
    Every worker collects for itself, and xdist hands out tests by their number in that list. So it compares the lists
    and refuses to run when they differ: `Different tests were collected between gw0 and gw1`. Without workers the suite
    runs, but the name of a test changes from run to run: `--lf` and a list of known failures miss it, and a run cannot
    be repeated. The order of a set of strings differs in each process, as do random numbers, the time, process ids and
    `uuid.uuid4()`; the listing of a folder differs between machines, and as soon as a test writes there.

    Do this instead:
    Write the values out, or sort them: `parametrize("name", sorted(NAMES))`. Draw random values inside the test, or
    from a generator with a fixed seed (`random.Random(1)`), and give `ids=` where a value has no stable name. Define
    the same tests in every process and skip those that cannot run.

    Options:
    All names that `os.listdir` gives are reported: the workers of one machine agree on them as long as nothing writes
    to that folder, those of another machine or checkout need not, and the finding says so. What `glob` finds, or a
    condition picks out, is reported where the same file writes to that folder, or where it is the one for temporary
    files or the current one; with the `project` preset every search whose result is not sorted.

    Limits:
    The linter follows variables, comprehensions and functions of the project. What another library returns is taken to
    be in order, and so is a set of which it knows only numbers or classes. Where the ids are written out, or the values
    are objects of which pytest shows only a number, the workers agree, and nothing is reported.
    The plugin sees two or more workers that have collected different lists, so a set that by chance has the same order
    in all of them passes. What differs between machines only, as the order in which a file system lists a folder does,
    is the same in all workers of one: the run does not see it. `--dist each` may collect a suite of its own on each
    platform. Where a plugin or hook shuffles tests with another seed in each worker, the finding names the first test
    that differs.
    """

    code = "HRM701"
    name = "unstable-parameters"
    symptoms = (
        "Different tests were collected between gw0 and gw1",
        "the parameters or ids of tests change from run to run",
    )
    message = "each worker collects other tests, or another order"
    listed_message = "another machine or checkout may collect other tests, or another order"
    repair = "parametrize over a list in a fixed order, with ids that are the same in every process"
    claims = (LINT, COLLECTION)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "guard": "it is known before the first test runs",
    }
    tokens = (b"parametrize", b"params", b"expand", b"PYTEST_XDIST_WORKER", b"shuffle", b"random")
    reached = ()  # values are looked up in the files that hold them
    related = ("HRM108",)

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the parameters, and the tests, that are others in each process that collects them."""
        everything = PROJECT in project.presets
        for found in parameters_of(module):
            why = found.instability(project)
            listed = why in (LISTING, SEARCHED) and not is_written_to(found, project)
            if why and (everything or why != SEARCHED or not listed):
                message = self.listed_message if listed else self.message
                test = node_id(found.fixture) if found.fixture is not None else ""
                yield self.finding(found.scope.module, found.node, f"{message}: {why}", test=test)
        if not module.is_test:
            yield from self.shuffling(module, project)
            return
        for function, why in defined_by_worker(module, project):
            yield self.finding(module, function.node, f"this test is there in some processes only: {why}")

    def shuffling(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the calls of a hook that put the tests into a random order."""
        for hook in module.functions_naming(SHUFFLED):
            seeded = b"seed" in module.text(hook) or b"option" in module.text(hook)
            for call in calls_of(hook) if hook.name == SHUFFLED and not seeded else ():
                if isinstance(call.args[0] if call.args else None, ast.Name) and shuffled(hook, call, project):
                    why = differs(resolve(hook, call.func))
                    yield self.finding(module, call, f"{self.message}: {why}")

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
        Example(
            "a hook gives the values, out of a helper that removes doubles with a set",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "cities.py": """
VISITED = ["Rome", "Oslo", "Rome", "Lima", "Bern", "Kyiv", "Baku", "Doha", "Riga", "Nice", "Bonn", "Suva"]


def distinct():
    found = []
    for city in set(VISITED):
        found.append(city)
    return found
""",
                "conftest.py": """
from cities import distinct


def pytest_generate_tests(metafunc):
    if "city" in metafunc.fixturenames:
        metafunc.parametrize("city", distinct())  # <- HRM701
""",
                "test_cities.py": """
def test_a_name_is_short(city):
    assert len(city) == 4
""",
            },
            harm="fails",
        ),
        Example(
            "the ids show the time, and the values are shuffled",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_slots.py": """
import random
from datetime import datetime, timedelta, timezone

import pytest
from pytest import mark

NOW = datetime.now(timezone.utc)
HOURS = list(range(24))
random.shuffle(HOURS)


@pytest.mark.parametrize(  # <- HRM701
    "start", [NOW, NOW + timedelta(hours=1)], ids=lambda start: start.isoformat()
)
def test_a_slot_has_a_zone(start):
    assert start.tzinfo is not None


@mark.parametrize("hour", HOURS)  # <- HRM701
def test_an_hour_is_one_of_the_day(hour):
    assert hour < 24
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
        Example(
            "the order of numbers is the same in each process, and so is that of a list that a set only filters",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_codes.py": """
import pytest

RETRIED = {502, 503, 504}
SKIPPED = {"ftp", "gopher"}
SCHEMES = ["http", "ftp", "https", "gopher"]


@pytest.mark.parametrize("code", RETRIED | {429})
def test_a_code_is_an_error(code):
    assert code >= 400


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme not in SKIPPED])
def test_a_scheme_is_of_the_web(scheme):
    assert scheme.startswith("http")


@pytest.mark.parametrize(("scheme", "port"), dict.fromkeys(sorted({("http", 80), ("https", 443)})))
def test_a_port_is_small(scheme, port):
    assert port < 1024
""",
            },
        ),
        Example(
            "of an object pytest shows the number only, and a seed makes random numbers the same everywhere",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_objects.py": """
import random
import uuid
from datetime import datetime, timedelta

import pytest

generator = random.Random(7)
SIZES = [generator.randint(1, 9) for _ in range(3)]


@pytest.mark.parametrize("key", [uuid.uuid4(), uuid.uuid4()])
def test_a_key_is_random(key):
    assert key.version == 4


@pytest.mark.parametrize(("start", "days"), [(datetime.now(), 1), (datetime.now(), 2)])
def test_a_day_has_an_end(start, days):
    assert start + timedelta(days=days) > start


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_one_digit(size):
    assert 0 < size < 10
""",
            },
        ),
        Example(
            "a listing that is sorted",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
""",
                "test_cases.py": """
from pathlib import Path

import pytest

CASES = sorted(Path(__file__).parent.glob("test_*.py"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_case_is_a_file(path):
    assert path.is_file()
""",
            },
        ),
    )
