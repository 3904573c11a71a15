"""A plugin of pytest that changes nothing, and writes down how each test ended."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

VARIABLE = "HERMETIC_HUNT_WITNESS"
FILE = os.environ.pop(VARIABLE, "")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Write that a test starts."""
    write(nodeid, "start")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write how a phase of a test ended."""
    write(report.nodeid, report.outcome)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Write that a test has ended."""
    write(nodeid, "end")


def write(nodeid: str, what: str) -> None:
    """Write a line."""
    with open(FILE, "a", encoding="utf-8") as file:
        file.write(json.dumps([nodeid, what]) + "\n")
