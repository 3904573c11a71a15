"""Run the checks, and stop a run that they object to."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from _pytest.reports import CollectErrorRepr

from hermetic.guard import registry
from hermetic.guard.judge import CARRIED, COLLECTION, Judge, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermetic.finding import Finding
    from hermetic.guard.check import Check
    from hermetic.guard.judge import Record
    from hermetic.guard.options import Options

STOPPED = "hermetic stopped the run before its tests: {}"


class Checking:
    """The checks of one process."""

    def __init__(self, config: pytest.Config, chosen: Options, judge: Judge, active: frozenset[str]) -> None:
        self.config = config
        self.options = chosen
        self.judge = judge
        self.checks = registry.checks_for(active)
        self.is_worker = hasattr(config, "workerinput")

    def before(self) -> list[Record]:
        """Return what is seen before collection."""
        return self.run(lambda check: check.before(self.config, self.options.settings))

    def collected(self, session: pytest.Session) -> list[Record]:
        """Return what is seen once tests are collected."""
        return self.run(lambda check: check.collected(session))

    def gathered(self, ids: dict[str, list[str]]) -> list[Record]:
        """Return what is seen from what the workers collected."""
        return self.run(lambda check: check.gathered(self.config, ids))

    def run(self, ask: Callable[[Check], Iterable[Finding]]) -> list[Record]:
        """Return the records of all checks; one that raises is left out from then on."""
        found = []
        for check in list(self.checks):
            try:
                findings = list(ask(check))
            except Exception as error:  # noqa: BLE001 - a check must never end the run
                self.checks.remove(check)
                message = (
                    f"hermetic: {check.code} is not checked, since its check raised {type(error).__name__}: {error}"
                )
                warn(message)
                continue
            found += [self.judge.from_finding(item, COLLECTION) for item in findings if self.judge.reports(item)]
        return found


def warn(message: str) -> None:
    """Warn, also where warnings are errors: what ends here must not fail somebody's test."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", pytest.PytestWarning)
        warnings.warn(pytest.PytestWarning(message), stacklevel=3)


def fatal(records: list[Record]) -> list[Record]:
    """Return the records that are errors."""
    return [record for record in records if record["level"] == "error"]


def reason(records: list[Record]) -> str:
    """Return in one line why a run was stopped."""
    return STOPPED.format(", ".join(sorted({record["code"] for record in fatal(records)})))


def relay(config: pytest.Config, records: list[Record]) -> None:
    """Send a worker's errors to the controller, as a file that cannot be collected; the controller stops the run."""
    codes = ", ".join(sorted({record["code"] for record in records}))
    longrepr = CollectErrorRepr(text(records))
    report = pytest.CollectReport(f"hermetic {codes}", "failed", longrepr, [])
    report.__dict__[CARRIED] = records
    config.hook.pytest_collectreport(report=report)
