"""What the hooks of a suite keep for themselves, and what a test does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
import pytest

OUTCOMES = []
TIMES = {}
COUNTED = {"setups": 0}
running = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    global running
    running = item.name
    item.cls.item = item
    setattr(item.cls, "name", item.name)
    return (yield)


def pytest_runtest_setup(item):
    count("setups")


def count(what):
    COUNTED[what] += 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    TIMES[item.name, call.when] = call.duration
    return (yield)


def pytest_runtest_logreport(report):
    OUTCOMES.append(report.outcome)


class Recorder:
    seen = []

    def pytest_runtest_teardown(self, item):
        self.seen.append(item.name)


def pytest_configure(config):
    config.pluginmanager.register(Recorder())
"""
KEEPS = """
class TestIt:
    def test_first(self):
        assert self.item.name == self.name == "test_first"

    def test_second(self):
        assert self.item.name == self.name == "test_second"
"""
WRITES = """
import conftest


class TestOther:
    def test_writes_what_a_hook_writes(self):
        conftest.OUTCOMES.append("mine")

    def test_gives_a_name_of_a_hook_a_value(self):
        conftest.running = "nothing"

    def test_changes_what_no_hook_writes(self):
        conftest.KINDS.append("new")
"""


def test_what_hooks_of_a_conftest_write_around_each_test_is_nobodys(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"conftest.py": CONFTEST, "test_it.py": KEEPS})

    assert run.findings == [], run.output
    assert run.exit == 0, run.output


def test_what_a_test_writes_there_itself_is_a_finding(tmp_path: Path) -> None:
    files = {"conftest.py": f"{CONFTEST}\n\nKINDS = []\n", "test_it.py": WRITES}

    run = guarded(tmp_path / "suite", "--hermetic-trace=off", mode="warn", files=files)

    found = {(item["test"].rpartition("::")[2], item["state"]) for item in run.findings}
    assert found == {
        ("test_writes_what_a_hook_writes", "conftest.OUTCOMES"),
        ("test_gives_a_name_of_a_hook_a_value", "conftest.running"),
        ("test_changes_what_no_hook_writes", "conftest.KINDS"),
    }, run.output


PLUGIN = """
import books

at = None


def pytest_runtest_setup(item):
    global at
    at = item.nodeid
    books.begin(item)


def pytest_runtest_logreport(report):
    books.report = report
    books.last = report
    books.keep(report)
"""
BOOKS = """
running = report = last = kept = None
limit = 1


def begin(item):
    global running, limit
    running = item.name
    if item.name == "test_first":
        limit = 2


def keep(report):
    global kept
    kept = report


def set_limit(value):
    global limit
    limit = value
"""
TWO = """
import books


def test_first():
    assert books.running == "test_first"


def test_second():
    books.set_limit(5)


def test_third():
    books.running = "test_third, as it says"
"""


def test_what_the_hooks_of_a_plugin_of_the_project_write_of_a_test_is_nobodys(tmp_path: Path) -> None:
    files = {"plugin.py": PLUGIN, "books.py": BOOKS, "test_it.py": TWO}
    files["pytest.ini"] = "[pytest]\npythonpath = .\naddopts = -p plugin -p no:xdist\n"

    run = guarded(tmp_path / "suite", "--hermetic-trace=off", mode="warn", files=files)

    found = {(item["test"].rpartition("::")[2], item["state"]) for item in run.findings}
    assert found == {
        ("test_first", "books.limit"),
        ("test_second", "books.limit"),
        ("test_third", "books.running"),
    }, run.output
