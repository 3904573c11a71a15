"""The line by running again: leaking tests without a line run once more, in a child process, under a line tracer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hermetic import config as configuration
from hermetic.guard import probe as states
from hermetic.guard import registry
from hermetic.guard.judge import GUARD
from hermetic.guard.places import USER, responsible, whose

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from hermetic.guard.judge import Judge, Record
    from hermetic.guard.probe import Probe

LIMIT = 300.0  # seconds for all tests that run again
NOT_FOUND = "nothing told who changed it, and run again alone under a line tracer the test did not change it"
WRITERS = ("--junit", "--cov", "--html", "--report-log", "--json-report", "--hermetic-report", "--log-file")


def trace_again(config: pytest.Config, judge: Judge, records: list[Record]) -> None:
    """Give a line to those records that lack one, where running their tests again tells."""
    without = [record for record in records if not record["line"] and record["layer"] == GUARD and record["test"]]
    if not without:
        return
    wanted: dict[str, list[str]] = {}
    for record in without:
        wanted.setdefault(record["test"], []).append(record["code"])
    for record in without:
        record["line_reason"] = NOT_FOUND
    found = child(config, wanted)
    for record in without:
        for code, state, path, line in found.get(record["test"], ()):
            if code == record["code"] and record["state"].startswith(state):
                record.update(path=judge.shown(path), line=line, line_reason="")
                break


def child(config: pytest.Config, wanted: dict[str, list[str]]) -> dict[str, list[tuple[str, str, str, int]]]:
    """Run tests again, and return for each the (code, state, path, line) of what changed."""
    with tempfile.TemporaryDirectory(prefix="hermetic-") as folder:
        file = Path(folder, "trace.json")
        file.write_text(json.dumps(wanted), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", *arguments(config, wanted, folder), f"--hermetic-retrace={file}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        try:
            subprocess.run(  # noqa: S603 - the command of this very run
                command,
                cwd=config.invocation_params.dir,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=LIMIT,
                check=False,
            )
            answer: dict[str, Any] = json.loads(file.with_suffix(".found").read_text(encoding="utf-8"))
        except (OSError, ValueError, subprocess.SubprocessError):
            return {}
        return answer


def arguments(config: pytest.Config, wanted: dict[str, list[str]], folder: str) -> list[str]:
    """Return the arguments of this run, for the files of some tests alone, in one process, and without its outputs."""
    paths = set(config.getoption("file_or_dir", None) or ())
    given = [str(one) for one in config.invocation_params.args]
    kept = [one for one in given if one not in paths and not one.startswith(WRITERS)]
    files = sorted({str(config.rootpath / test.partition("::")[0]) for test in wanted})
    more = ["--hermetic=off", "-o", f"cache_dir={folder}/cache", f"--basetemp={folder}/temp"]
    if config.pluginmanager.hasplugin("xdist"):
        more += ["-n0"]
    if config.pluginmanager.hasplugin("_cov"):
        more += ["--no-cov"]
    return [*kept, *more, *files]


class Retrace:
    """In the child: runs the wanted tests, each under a tracer that compares the probes of its codes at every line."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)
        self.wanted: dict[str, list[str]] = json.loads(self.file.read_text(encoding="utf-8"))
        self.found: dict[str, list[tuple[str, str, str, int]]] = {}
        self.tracer: Tracer | None = None
        self.wide: dict[pytest.FixtureDef[Any], pytest.FixtureRequest] = {}  # fixtures that outlive a test

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out all other tests."""
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self.wanted])
        items[:] = [item for item in items if item.nodeid in self.wanted]

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Make the tracer of a test, and trace what sets it up."""
        self.tracer = Tracer(self.wanted[item.nodeid], item.config)
        states.MOMENT.begin(item)
        self.tracer.tell("test_begins", item)
        for fixturedef, request in self.wide.items():
            self.tracer.tell("fixture_is_set_up", fixturedef, request)
        return (yield from self.tracer.phase())

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Tell the probes of fixtures of wider scope, as the first run did."""
        if fixturedef.scope == "function" or self.tracer is None:
            return (yield)
        self.tracer.tell("fixture_begins", fixturedef, request)
        try:
            return (yield)
        finally:
            self.wide[fixturedef] = request
            self.tracer.tell("fixture_is_set_up", fixturedef, request)
            fixturedef.addfinalizer(lambda: self.fixture_ends(fixturedef))

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget a fixture that is torn down."""
        self.wide.pop(fixturedef, None)
        if self.tracer is not None:
            self.tracer.tell("fixture_ends", fixturedef)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        """Trace the test function."""
        return (yield from self.tracer.phase()) if self.tracer is not None else (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Trace the teardown, and keep what was found."""
        try:
            return (yield from self.tracer.phase()) if self.tracer is not None else (yield)
        finally:
            if self.tracer is not None:
                self.found[item.nodeid] = [(*key, *place) for key, (_, place) in self.tracer.found.items()]

    def pytest_sessionfinish(self) -> None:
        """Hand the answer over."""
        self.file.with_suffix(".found").write_text(json.dumps(self.found), encoding="utf-8")


class Tracer:
    """Compares snapshots after every line of the user's code; `found` holds what was changed and not changed back.

    A change belongs to the line that ran before it was seen.
    """

    def __init__(self, codes: list[str], config: pytest.Config) -> None:
        self.probes: list[Probe[Any]] = registry.probes_for(
            config, frozenset(codes), configuration.load(str(config.rootpath)).options
        )
        self.last: dict[Probe[Any], Any] = {}
        self.place: tuple[str, int] | None = None
        self.found: dict[tuple[str, str], tuple[states.Change, tuple[str, int]]] = {}

    def tell(self, method: str, *args: object) -> None:
        """Call a method of the probes, as the first run did."""
        for probe in list(self.probes):
            try:
                getattr(probe, method)(*args)
            except Exception:  # noqa: BLE001 - it was reported in the first run
                self.probes.remove(probe)

    def phase(self) -> Generator[None, None, None]:
        """Trace one phase; what happens between phases is nobody's."""
        states.MOMENT.next()
        for probe in self.probes:
            probe.is_awake(set())  # some learn there what to look at
        self.last = {probe: probe.snapshot() for probe in self.probes}
        self.place = None
        before = sys.gettrace()
        sys.settrace(self.enter)
        try:
            return (yield)
        finally:
            sys.settrace(before)
            self.compare()

    def enter(self, frame: FrameType, event: str, arg: object) -> Any:
        """Trace the lines of the user's code."""
        return self.line if whose(frame.f_code.co_filename) == USER else None

    def line(self, frame: FrameType, event: str, arg: object) -> Any:
        """Compare before a line runs, and when a function returns to the line that called it."""
        if event == "line":
            self.compare()
            self.place = (frame.f_code.co_filename, frame.f_lineno)
        elif event == "return":
            self.compare()
            caller = responsible(frame.f_back)
            if caller is not None and caller.origin == USER:
                self.place = (caller.path, caller.line)
        return self.line

    def compare(self) -> None:
        """Note what has changed since the last line."""
        states.MOMENT.next()
        for probe in list(self.probes):
            try:
                now = probe.snapshot()
                changes = list(probe.changes(self.last[probe], now))
            except Exception:  # noqa: BLE001 - it was reported in the first run
                self.probes.remove(probe)
                continue
            self.last[probe] = now
            for change in changes:
                self.note((change.code or probe.code, change.state), change)

    def note(self, key: tuple[str, str], change: states.Change) -> None:
        """Keep the first change of a state, until it is taken back."""
        known = self.found.get(key)
        if known is not None and known[0].is_taken_back_by(change):
            del self.found[key]
        elif known is None and self.place is not None and not change.quiet:
            self.found[key] = (change, self.place)
