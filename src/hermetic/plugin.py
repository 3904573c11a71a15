"""The pytest plugin: options, thin hooks that call the guard, and the fixtures of the workers.

Nothing of the guard is imported when the mode is off.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.guard.checking import Checking
    from hermetic.guard.judge import Judge, Record
    from hermetic.guard.options import Options
    from hermetic.guard.session import Guarded

MODES = ("error", "warn", "off")
NAME = "hermetic-session"
MARK = "hermetic(allow=[...]): codes of rules that this test may break, such as 'HRM101'."
pytest_plugins = ("hermetic.workers.fixtures",)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and their ini twins."""
    group = parser.getgroup("hermetic", "isolation of tests (hermetic)")
    group.addoption(
        "--hermetic",
        choices=MODES,
        help="what to do with a test that leaves state changed: error (it fails), warn (a summary; default), off",
    )
    group.addoption("--hermetic-report", metavar="FILE", help="write the findings to FILE, as JSON")
    group.addoption(
        "--hermetic-trace",
        choices=("auto", "watch", "off"),
        help="auto (default): in error mode, run leaking tests without a line again under a line tracer; "
        "watch: note lines as data is written (CPython 3.12 and newer), then as auto",
    )
    group.addoption("--hermetic-retrace", help=argparse.SUPPRESS)  # the file of a child that runs tests again
    parser.addini("hermetic", "mode: error, warn or off", default="warn")
    parser.addini("hermetic_report", "file for the findings, as JSON", default="")
    parser.addini("hermetic_trace", "auto, watch or off", default="auto")
    parser.addini("hermetic_depth", "how deep the guard looks into what modules and fixtures hold", default="3")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks that conftest files and plugins may implement."""
    from hermetic.guard import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the guard, unless it is off."""
    config.addinivalue_line("markers", MARK)
    if config.getoption("hermetic_retrace"):
        from hermetic.guard.retrace import Retrace

        config.pluginmanager.register(Retrace(config.getoption("hermetic_retrace")), NAME)
        return
    mode = str(config.getoption("hermetic") or config.getini("hermetic"))
    report = report_file(config)
    if mode != "off":
        with read_at_once(config):
            from hermetic.guard import options

            session = Session(config, options.read(config, report))
        config.pluginmanager.register(session, NAME)
    elif report:
        write_report(report, mode, [])


@contextlib.contextmanager
def read_at_once(config: pytest.Config) -> Iterator[None]:
    """Import without pytest's hook, which reads compiled files piece by piece; there is no `assert` here to rewrite."""
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    if hook not in sys.meta_path:
        yield
        return
    place = sys.meta_path.index(hook)
    sys.meta_path.remove(hook)
    try:
        yield
    finally:
        sys.meta_path.insert(place, hook)


def report_file(config: pytest.Config) -> str:
    """Return the full name of the report; "" in workers, and where none is wanted.

    Raises `pytest.UsageError` where it could not be written at the end: that is better known before the tests run.
    """
    given = str(config.getoption("hermetic_report") or config.getini("hermetic_report"))
    if not given or hasattr(config, "workerinput"):
        return ""
    path = os.path.join(config.invocation_params.dir, given)
    folder = os.path.dirname(path)
    if os.path.isdir(path) or not os.path.isdir(folder):
        why = "is a folder" if os.path.isdir(path) else f"cannot be written: there is no folder {folder}"
        raise pytest.UsageError(f"hermetic: the report {path} {why}")
    return path


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the guard."""
    session = config.pluginmanager.unregister(name=NAME)
    if isinstance(session, Session):
        session.close()


class Session:
    """One run: the guard where tests run, the summary and the report where results come together."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        from hermetic.guard._imports import Imports

        self.config = config
        self.options = options
        self.imports = Imports()
        self.records: list[Record] = []
        self.seen: set[tuple[object, ...]] = set()
        self.is_worker = hasattr(config, "workerinput")
        self.guarded: Guarded | None = None
        self.late = False  # something was found that fails the run, and can fail no test any more
        self.written = False
        if not distributes(config):
            from hermetic.guard.session import Guarded

            self.guarded = Guarded(config, options)
            config.pluginmanager.register(self.guarded, "hermetic-guard")
        if not self.is_worker and config.pluginmanager.hasplugin("xdist"):
            from hermetic.guard.between import FromWorkers

            config.pluginmanager.register(FromWorkers(self), "hermetic-workers")

    def close(self) -> None:
        """End the guard, and write the report."""
        if self.guarded is not None:
            self.config.pluginmanager.unregister(self.guarded)
            self.guarded.stop()
        self.write()

    def write(self) -> bool:
        """Write the report, if one is asked for and not there yet; return whether nothing failed."""
        if not self.options.report or self.is_worker or self.written:
            return True
        self.written = True
        return write_report(self.options.report, self.options.mode, self.records)

    def take(self, records: list[Record]) -> None:
        """Keep records; workers that collect or run the same find the same."""
        for record in records:
            test = record["test"] if record["layer"] != "collection" else ""
            key = (record["code"], record["path"], record["line"], record["state"], record["owner"], test)
            if key not in self.seen:
                self.seen.add(key)
                self.records.append(record)

    def pytest_report_header(self) -> str | None:
        """Name the mode, where somebody chose one or wants to know."""
        if self.config.get_verbosity() > 0 or self.options.mode != "warn":
            return f"hermetic: {self.options.mode}"
        return None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Run the checks that need no collection, before workers start."""
        self.session = session
        if self.is_worker:
            return
        records = self.checking().before()
        self.take(records)
        from hermetic.guard import checking, judge

        if checking.fatal(records):
            pytest.exit(f"{checking.reason(records)}\n{judge.text(records)}", returncode=1)

    def checking(self) -> Checking:
        """Return the checks; the controller of xdist makes its own."""
        if self.guarded is not None:
            return self.guarded.checking
        from hermetic.guard.checking import Checking

        return Checking(self.config, self.options, self.reader(), self.options.active())

    def stop_for(self, records: list[Record]) -> None:
        """Keep what checks found, and stop the run where it is an error."""
        from hermetic.guard import checking

        self.take(records)
        if checking.fatal(records):
            self.session.shouldfail = checking.reason(records)
            raise self.session.Failed(self.session.shouldfail)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take the records of a file whose import failed for them."""
        records = report.__dict__.get("_hermetic", [])
        self.take(records)
        if report.nodeid.startswith("hermetic HRM") and self.guarded is None:
            from hermetic.guard import checking

            self.session.shouldfail = checking.reason(records)
            raise self.session.Failed(self.session.shouldfail)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the records of a test; before xdist sends the report, where a worker does."""
        if self.guarded is not None and report.when == "teardown":
            self.guarded.ended(report)
        carried = report.__dict__.get("_hermetic")
        if carried:
            self.take(carried)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Take what no report carried, find the lines that are missing by running tests again, write the report."""
        if self.is_worker:
            return
        if self.guarded is not None:
            self.take(self.guarded.taken())
        with self.imports.as_at_first():
            if self.records and self.options.mode == "error" and self.options.trace != "off":
                from hermetic.guard import retrace

                retrace.trace_again(self.config, self.reader(), self.records)
            fails = not self.write() or self.late
        if fails and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            # A build must not go on without its report, nor after what no test could fail for any more.
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def reader(self) -> Judge:
        """Return what makes records; the controller of xdist has none of its own."""
        if self.guarded is not None:
            return self.guarded.judge
        from hermetic.guard.judge import Judge

        return Judge(self.options, str(self.config.invocation_params.dir), str(self.config.rootpath))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the findings."""
        if not self.records:
            return
        with self.imports.as_at_first():
            from hermetic.guard import summary

        terminalreporter.section("hermetic")
        for line in summary.lines(self.records):
            terminalreporter.write_line(line)
        if self.late:
            terminalreporter.write_line("the run fails: what two workers do was known when their tests had ended")


def write_report(path: str, mode: str, records: list[Record]) -> bool:
    """Write the mode and the findings, also when there are none; where that fails, say so and return False."""
    from hermetic.report import json_report

    found = []
    if records:
        from hermetic.guard.judge import finding

        found = [finding(record) for record in records]
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(json_report.guarded(found, mode))
    except OSError as error:
        print(f"\nhermetic: {path} cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True


def distributes(config: pytest.Config) -> bool:
    """Tell whether this process hands its tests to workers."""
    if hasattr(config, "workerinput"):
        return False
    return config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))
