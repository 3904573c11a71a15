"""The records of a test ride on its teardown's report, whoever makes the report and whatever becomes of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = """
import os

def test_quiet():
    pass

def test_leaves():
    os.environ["SHOP_REGION"] = "north"
"""
FAILS_FIRST = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    if item.name == "test_leaves":
        raise RuntimeError("before anything is torn down")
    return (yield)
"""
ELSEWHERE = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        print("CARRIED", item.name, report.when, [one["code"] for one in vars(report).get("_hermetic", ())])
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
SHOWS = """
def pytest_sessionfinish(session):
    names = [type(impl.plugin).__name__ for impl in session.config.hook.pytest_runtest_makereport.get_hookimpls()]
    print("AROUND REPORTS", "Carrier" in names)
"""


def test_what_a_test_leaves_is_told_when_its_teardown_fails_before_the_guard(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"test_it.py": LEAVES, "conftest.py": FAILS_FIRST})
    assert [(item["code"], item["test"]) for item in run.findings] == [("HRM101", "test_it.py::test_leaves")]
    assert "before anything is torn down" in run.output


def test_records_are_on_the_report_before_anybody_logs_it(tmp_path: Path) -> None:
    # As with a process of its own for each test: what the guard knows is gone when the report is logged elsewhere.
    run = guarded(tmp_path / "suite", "-s", mode="warn", files={"test_it.py": LEAVES, "conftest.py": ELSEWHERE})
    told = [line.partition("CARRIED ")[2] for line in run.output.splitlines() if "CARRIED" in line]
    assert told == [
        *(f"test_quiet {when} []" for when in ("setup", "call", "teardown")),
        "test_leaves setup []",
        "test_leaves call []",
        "test_leaves teardown ['HRM101']",
    ]
    assert [item["test"] for item in run.findings] == ["test_it.py::test_leaves"]


def test_nothing_is_put_around_reports_while_there_is_nothing_to_tell(tmp_path: Path) -> None:
    for test, carried in (("test_quiet", False), ("test_leaves", True)):
        run = guarded(
            tmp_path / test, "-s", "-k", test, mode="warn", files={"test_it.py": LEAVES, "conftest.py": SHOWS}
        )
        assert f"AROUND REPORTS {carried}" in run.output
