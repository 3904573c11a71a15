"""A plugin of pytest that writes down how each test ended, and changes nothing but that the guard is off."""

from __future__ import annotations

import json
import os

import pytest

from hermetic.audit.names import OVER

VARIABLE = "HERMETIC_HUNT_WITNESS"
FILE = os.environ.pop(VARIABLE, "")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Switch the guard off: it would undo what is to be shown, or cost time where it only warns."""
    if hasattr(config.option, "hermetic"):
        config.option.hermetic = "off"


def pytest_runtest_logstart(nodeid: str) -> None:
    """Write that a test starts."""
    write(nodeid, "start")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write how a phase of a test ended."""
    write(report.nodeid, report.outcome)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write that a test has ended."""
    write(nodeid, "end")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write that all is over: threads that tests have left may keep the process for long."""
    write("", OVER)


def write(nodeid: str, what: str) -> None:
    """Write a line."""
    with open(FILE, "a", encoding="utf-8") as file:
        file.write(json.dumps([nodeid, what]) + "\n")
