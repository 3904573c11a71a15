"""HRM901."""

from __future__ import annotations

from hermetic.catalogue.rule import COLLECTION, Example, Rule


class GroupInert(Rule):
    """Tests are marked with `xdist_group`, and xdist does not keep them together.

    Why it breaks:
    The mark says that these tests must not run at the same time, or that one needs what another made. xdist reads it
    only under `--dist loadgroup`; under any other mode it is accepted and ignored. Some pairs of pytest and
    pytest-xdist ignore it even there (pytest 9.2.0 with pytest-xdist 3.8.0 does, pytest 9.1.1 does not). The tests are
    then split over the workers without a word, and fail now and then.

    Do this instead:
    Run with `--dist loadgroup`, best in `addopts`, so that nobody has to remember it. Where the pair of versions
    ignores groups, install one that does not. A mark that a hook adds must be there before xdist looks: write
    `@pytest.hookimpl(tryfirst=True)` above `pytest_collection_modifyitems`. Or drop the mark, and give each worker a
    resource of its own.

    Limits:
    Found by what workers do with the tests that they have collected, so only where tests are distributed to two
    workers or more. A group is left alone where another mode keeps it together as well: all of its tests in one file
    under `--dist loadfile`, in one class or file under `--dist loadscope`, or just one test. `--dist each` runs whole
    suites. Where a project has its own scheduler, nothing is said.
    """

    code = "HRM901"
    name = "group-inert"
    symptoms = (
        "xdist_group is ignored, and grouped tests run on several workers",
        "tests of one group race with each other",
    )
    message = "the tests of an xdist_group can run on several workers at once"
    repair = "run pytest with --dist loadgroup"
    claims = (COLLECTION,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "lint": "no file says how its tests will be distributed",
        "guard": "it is known before the first test runs",
    }
    related = ("HRM301",)
    bad = (
        Example(
            "the second test needs what the first made in its process; the default mode sends them to two workers",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
markers = xdist_group: tests that run on one worker
""",
                "basket.py": """
items = []
""",
                "test_basket.py": """
import basket
import pytest


@pytest.mark.xdist_group("basket")  # <- HRM901
def test_add():
    basket.items.append("tea")


@pytest.mark.xdist_group("basket")
def test_total():
    assert basket.items == ["tea"]
""",
            },
            harm="fails",
        ),
        Example(
            "a class is marked, and work is stolen test by test",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2 --dist worksteal
markers = xdist_group: tests that run on one worker
""",
                "account.py": """
state = {"open": False}
""",
                "test_account.py": """
import account
import pytest


@pytest.mark.xdist_group(name="account")  # <- HRM901
class TestAccount:
    def test_open(self):
        account.state["open"] = True

    def test_pay(self):
        assert account.state["open"]
""",
            },
            harm="fails",
        ),
        Example(
            "two files share a group, and the mode keeps only each file together",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2 --dist loadfile
markers = xdist_group: tests that run on one worker
""",
                "register.py": """
users = set()
""",
                "test_register_first.py": """
import pytest
import register

pytestmark = pytest.mark.xdist_group("register")  # <- HRM901


def test_sign_up():
    register.users.add("ada")
""",
                "test_register_second.py": """
import pytest
import register

pytestmark = [pytest.mark.xdist_group("register")]


def test_log_in():
    assert "ada" in register.users
""",
            },
            harm="fails",
        ),
        Example(
            "a hook adds the mark after xdist has looked for it",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2 --dist loadgroup
markers = xdist_group: tests that run on one worker
""",
                "conftest.py": """
import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "queue" in item.name:
            item.add_marker(pytest.mark.xdist_group("queue"))
""",
                "jobs.py": """
queue = []
""",
                "test_jobs.py": """
import jobs


def test_queue_takes_a_job():  # <- HRM901
    jobs.queue.append("mail")


def test_queue_runs_the_job():
    assert jobs.queue.pop() == "mail"
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "the mode that reads the mark keeps the group on one worker",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2 --dist loadgroup
markers = xdist_group: tests that run on one worker
""",
                "shelf.py": """
books = []
""",
                "test_shelf.py": """
import pytest
import shelf


@pytest.mark.xdist_group("shelf")
def test_put():
    shelf.books.append("Emma")
    try:
        assert len(shelf.books) == 1
    finally:
        shelf.books.clear()


@pytest.mark.xdist_group("shelf")
def test_empty():
    assert shelf.books == []


def test_alone():
    assert 1 + 1 == 2
""",
            },
        ),
        Example(
            "all of the group stands in one file, which this mode keeps together as well",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2 --dist loadfile
markers = xdist_group: tests that run on one worker
""",
                "test_one_file.py": """
import pytest

pytestmark = pytest.mark.xdist_group("one")


def test_first():
    assert [1][0] == 1


def test_second():
    assert [2][0] == 2
""",
                "test_other_file.py": """
def test_other():
    assert True
""",
            },
        ),
        Example(
            "a group of one test cannot be split",
            {
                "pytest.ini": """
[pytest]
addopts = -n 2
markers = xdist_group: tests that run on one worker
""",
                "test_single.py": """
import pytest


@pytest.mark.xdist_group("single")
def test_single():
    assert True


def test_other():
    assert True
""",
            },
        ),
        Example(
            "one process runs everything, in order",
            {
                "pytest.ini": """
[pytest]
addopts = -n 0
markers = xdist_group: tests that run on one worker
""",
                "test_serial.py": """
import pytest

pytestmark = pytest.mark.xdist_group("serial")


def test_first():
    assert True


def test_second():
    assert True
""",
            },
        ),
    )
