"""The hooks around collection, fixtures and tests, in a process that runs tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest.reports import CollectErrorRepr

from hermetic.guard import between, checking, judge, options, registry
from hermetic.guard.chain import Chain, Owner
from hermetic.guard.judge import CARRIED
from hermetic.guard.probe import MOMENT
from hermetic.guard.trail import Listening, Trail

if TYPE_CHECKING:
    from collections.abc import Generator

    from hermetic.guard.carrier import Carrier
    from hermetic.guard.judge import Record
    from hermetic.guard.options import Options
    from hermetic.guard.probe import Probe
    from hermetic.guard.watching import Watch


class Guarded:
    """Watches one session. Its records ride on reports, so that they reach the controller under xdist."""

    def __init__(self, config: pytest.Config, chosen: Options) -> None:
        self.config = config
        self.options = chosen
        active = chosen.active()
        self.trail = Trail(found := registry.probes_for(config, active, chosen.settings.options))
        self.chain = Chain(found, self.trail, self.complain)
        self.importers = [probe for probe in found if probe.at_import]
        self.listening = Listening(self.trail)
        self.judge = judge.Judge(chosen, str(config.invocation_params.dir), str(config.rootpath))
        self.checking = checking.Checking(config, chosen, self.judge, active)
        self.pending: list[Record] = []  # found outside of a test; they ride on the next report
        self.carrier: Carrier | None = None  # there once a test has left something
        self.outer = MOMENT.item  # the test that runs this session, if one does
        self.listening.start()
        if chosen.trace == "watch":
            self.trail.watch = self.watching()

    def watching(self) -> Watch | None:
        """Begin to watch dictionaries, where the interpreter offers it; else only the tracer tells of data."""
        from hermetic.guard.watching import Watch

        watch = Watch()
        return watch if watch.start() else None

    def stop(self) -> None:
        """End the session's watch."""
        self.listening.stop()
        if self.trail.watch is not None:
            self.trail.watch.stop()
        if self.carrier is not None:
            self.config.pluginmanager.unregister(self.carrier)
        MOMENT.begin(self.outer)

    def complain(self, probe: Probe[Any], error: BaseException) -> None:
        """Say that a probe has been switched off: a finding, so that no run passes for one that was guarded."""
        self.pending.append(self.judge.unguarded(probe, error))

    # Collection

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Compare around the import of a test file, and look at the marks of what was collected."""
        if not isinstance(collector, pytest.Module):
            report = yield
        else:
            owner = Owner(collector.nodeid)
            self.chain.owners = [owner]
            MOMENT.begin(None)
            self.chain.tell("import_begins", collector)
            self.chain.refresh(self.importers)
            with self.listening.importing():
                report = yield
            self.chain.boundary(self.importers)
            self.chain.forget()
            self.imported(owner, report)
        # A class has its marks when it is collected itself.
        nodes: list[pytest.Item | pytest.Collector] = [
            node for node in report.result or () if node.own_markers and isinstance(node, pytest.Item)
        ]
        if isinstance(collector, (pytest.Module, pytest.Class)):
            nodes.append(collector)
        wrong = [text for node in nodes for text in options.wrong_marks(node, self.options)]
        if wrong:
            fail_collection(report, "\n".join(wrong))
        return report

    def imported(self, owner: Owner, report: pytest.CollectReport) -> None:
        """Judge what the import of a test file changed."""
        entries = self.judge.counting(owner, None)
        if not entries:
            return
        records = self.judge.records(entries, None, owner.name, layer=judge.COLLECTION)
        fatal = [record for record in records if record["level"] == "error"]
        self.pending += records
        if fatal:
            self.chain.restore(entries)
            fail_collection(report, judge.text(fatal))
            report.__dict__[CARRIED] = self.taken()
        else:
            self.chain.keep(entries)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Run the checks on what was collected; where one of them is an error, stop before the first test."""
        self.chain.forget()
        records = self.checking.collected(session)
        wrong = checking.fatal(records)
        self.pending += records
        if not wrong:
            return
        if self.checking.is_worker:
            checking.relay(self.config, self.taken())
        else:
            session.shouldfail = checking.reason(records)
            raise session.Failed(session.shouldfail)

    # Fixtures

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Let what a fixture of wider scope changes belong to it."""
        if fixturedef.scope == "function":
            return (yield)
        owner = owner_of(fixturedef, request)
        fixturedef.addfinalizer(lambda: self.fixture_ended(owner, request))
        self.chain.push(owner)
        self.chain.tell("fixture_begins", fixturedef, request)
        try:
            return (yield)
        finally:
            self.chain.pop(owner)
            self.chain.tell("fixture_is_set_up", fixturedef, request)
            fixturedef.addfinalizer(lambda: self.fixture_ends(owner, fixturedef))

    def fixture_ends(self, owner: Owner, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Let what the teardown of a fixture changes belong to it."""
        self.chain.push(owner)
        self.chain.tell("fixture_ends", fixturedef)

    def fixture_ended(self, owner: Owner, request: pytest.FixtureRequest) -> None:
        """Judge what a fixture of wider scope has left."""
        self.chain.pop(owner)
        entries = self.judge.counting(owner, None)
        if entries:
            node = getattr(request, "_pyfuncitem", None)
            item = node if isinstance(node, pytest.Item) else None
            test = item.nodeid if item is not None else request.node.nodeid
            self.settle(entries, self.judge.records(entries, item, test, owner.name))

    def settle(self, entries: list[Any], records: list[Record]) -> None:
        """Keep records for the next report; put back what is an error, remember the rest."""
        self.pending += records
        fatal = [entry for entry in entries if self.options.level(entry.code) == "error"]
        if fatal:
            self.chain.restore(fatal)
        self.chain.keep([entry for entry in entries if entry not in fatal or entry.change.undo is None])

    # Tests

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begin a test, within what pytest and its plugins put around the phase."""
        MOMENT.begin(item)
        if self.carrier is not None:
            self.carrier.records = []
        self.chain.tell("test_begins", item)
        self.chain.begin(Owner(item.name))
        if self.trail.watch is not None:
            self.trail.watch.keep_up(self.chain)
        self.listening.wrap_imported()  # what probes listen to depends on what they have seen
        try:
            return (yield)
        finally:
            if self.chain.owners:
                self.chain.boundary(self.chain.phased, clear=False)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        """Look at what pytest sets anew between the phases."""
        try:
            return (yield)
        finally:
            if self.chain.owners:
                self.chain.boundary(self.chain.phased, clear=False)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
        """End a test, after its fixtures; where a leak is an error, the teardown fails."""
        MOMENT.file_ends = nextitem is None or nextitem.path is not item.path
        try:
            result = yield
        except BaseException:
            self.end(item)
            raise
        fatal = self.end(item)
        if fatal:
            pytest.fail(judge.text(fatal), pytrace=False)
        return result

    def end(self, item: pytest.Item, *, all_phases: bool = True) -> list[Record]:
        """Judge a test, and return the records that fail it.

        `all_phases` is false when something else failed the teardown before the guard was reached.
        """
        if not self.chain.owners:
            return []
        owner = self.chain.owners[0]
        MOMENT.ends = True
        self.chain.tell("test_ends", item)
        if all_phases:
            self.chain.pop(owner)
        else:
            self.chain.boundary([probe for probe in self.chain.awake if not probe.phases])
            self.chain.forget()
        entries = self.judge.counting(owner, item)
        if entries:
            self.settle(entries, self.judge.records(entries, item, item.nodeid))
        if not self.pending:
            return []
        if self.carrier is None:
            with self.judge.imports.as_at_first():
                from hermetic.guard.carrier import Carrier

            self.carrier = Carrier()
            self.config.pluginmanager.register(self.carrier, "hermetic-carrier")
        self.carrier.records = records = self.taken()
        return [record for record in records if record["level"] == "error" and record["layer"] == judge.GUARD]

    def ended(self, report: pytest.TestReport) -> None:
        """End a test whose teardown failed before the guard was reached."""
        if self.chain.owners and MOMENT.item is not None:
            self.end(MOMENT.item, all_phases=False)
            if self.carrier is not None:
                self.carrier.load(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand over what no report carried, such as findings of an import when no test ran."""
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[CARRIED] = self.taken()
            output[between.HANDED] = [tuple(act) for act in self.chain.acts()]

    def taken(self) -> list[Record]:
        """Return the pending records, and forget them."""
        records, self.pending = self.pending, []
        return records


def fail_collection(report: pytest.CollectReport, text: str) -> None:
    """Make a file one that cannot be collected, for a reason that reads well."""
    known = f"{report.longreprtext}\n" if report.outcome == "failed" else ""
    report.outcome = "failed"
    report.result = []
    report.longrepr = CollectErrorRepr(known + text)


def owner_of(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Owner:
    """Return a fixture as an owner; those that pytest makes for `setup_module` and kin stand for the user's code."""
    name = fixturedef.argname
    serves = getattr(request.node, "obj", None) if fixturedef.scope in {"class", "module"} else None
    for known in ("setup_module", "setup_class", "setUpClass", "setUpModule"):
        if name.startswith("_") and known in name:
            return Owner(known, serves=serves)
    path = getattr(getattr(fixturedef.func, "__code__", None), "co_filename", "")
    wide = fixturedef.scope == "session" and fixturedef._autouse  # noqa: SLF001 - pytest shows it nowhere else
    # Once before all tests: a test file is no plugin, a conftest is one.
    plugins = request.config.pluginmanager.get_plugins() if wide else ()
    configures = any(getattr(one, "__file__", "") == path for one in plugins)
    return Owner(name, path, serves=serves, configures=configures)
