"""A pytest plugin for the runs of `hermetic verify`: it tells how the repository configures the guard.

Loaded with `-p hermetic.verify.inside`, in the scratch copy alone. It changes nothing but the import path, and the
markers that are known.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import pytest

FACTS = "HERMETIC_VERIFY_FACTS"  # the file to write
FOLDERS = "HERMETIC_VERIFY_FOLDERS"  # what the plants import from, whatever the import mode
SESSION = "hermetic-session"
# What the examples of the rules mark, so that a strict suite does not refuse them.
MARKERS = ("performance", "benchmark", "perf", "slow", "asyncio", "anyio", "xdist_group")


class Facts:
    """What is noted during a run, and written at its end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.broken: dict[str, str] = {}
        self.ran: set[str] = set()
        self.started = time.monotonic()
        self.values: dict[str, Any] = configured(config)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be collected, and why."""
        if report.failed:
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            self.broken[report.nodeid.partition("::")[0]] = (lines or ["it cannot be collected"])[-1].strip()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a file one of whose tests ran."""
        if report.when == "call" or report.failed:
            self.ran.add(report.nodeid.partition("::")[0])

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Write what was noted: also where the run was stopped."""
        self.values |= {"broken": self.broken, "ran": sorted(self.ran), "ms": 1000 * (time.monotonic() - self.started)}
        with open(os.environ[FACTS], "w", encoding="utf-8") as file:
            json.dump(self.values, file)


def configured(config: pytest.Config) -> dict[str, Any]:
    """Return how the guard and xdist are configured."""
    session: Any = config.pluginmanager.get_plugin(SESSION)
    options = session.options if session is not None else None
    return {
        "loaded": config.pluginmanager.hasplugin("hermetic"),
        "mode": options.mode if options is not None else "off",
        "levels": {code: options.level(code) for code in options.entries} if options is not None else {},
        "xdist": config.pluginmanager.hasplugin("xdist"),
        "workers": len(config.getoption("tx", None) or []),
    }


def pytest_load_initial_conftests() -> None:
    """Let plants import their own modules, also where pytest changes no import path."""
    sys.path.extend(filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)))


def pytest_configure(config: pytest.Config) -> None:
    """Make known what the examples mark."""
    for marker in MARKERS:
        config.addinivalue_line("markers", f"{marker}: of a planted example")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Note the configuration, now that all plugins have theirs."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Facts(session.config), "hermetic-verify-facts")
