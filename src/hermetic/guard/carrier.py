"""How the records of a test reach the process where results come together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.guard.judge import CARRIED

if TYPE_CHECKING:
    from collections.abc import Generator

    from hermetic.guard.judge import Record


class Carrier:
    """Lets the records of a test ride on its teardown's report, which outlives the process.

    It is registered once there are any: most runs have none, and to go through a wrapper costs each test.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []  # of the test that has ended

    def load(self, report: pytest.TestReport) -> None:
        """Hand the records over."""
        if self.records:
            report.__dict__[CARRIED], self.records = self.records, []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hand them over with the report of the teardown."""
        report = yield
        if call.when == "teardown":
            self.load(report)
        return report
