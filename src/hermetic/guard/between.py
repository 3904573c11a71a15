"""Where the workers of xdist come together: what they hand over, and what only all of them together show.

A worker sees its own tests alone. It hands over the acts of its tests at its end, and these are compared here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import checking
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.judge import CARRIED, GUARD
from hermetic.guard.places import Place
from hermetic.guard.probe import Act, Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from hermetic.guard.checking import Checking
    from hermetic.guard.judge import Judge, Record

    class Session(Protocol):
        """What takes the records of a run; `late` says that one of them fails the run, and can fail no test."""

        config: pytest.Config
        late: bool

        def take(self, records: list[Record]) -> None:
            """Keep records."""

        def stop_for(self, records: list[Record]) -> None:
            """Keep records, and stop the run where one is an error."""

        def checking(self) -> Checking:
            """Return the checks."""

        def reader(self) -> Judge:
            """Return what makes records."""


HANDED = "_hermetic_acts"  # the key of what a worker hands over
ELSEWHERE = Described("in another worker too")


class FromWorkers:
    """Hooks of xdist, registered where it is installed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.collected: dict[str, list[str]] = {}  # by worker, the ids of its tests
        self.acts: list[list[Any]] = []  # of the workers whose tests did any

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker how tests are distributed: xdist hides it from its workers."""
        node.workerinput["hermetic_dist"] = self.session.config.getoption("dist", "load")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Compare what the workers collected, once all have."""
        self.collected[node.gateway.id] = list(ids)
        if len(self.collected) == node.workerinput["workercount"]:
            self.session.stop_for(self.session.checking().gathered(self.collected))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker handed over at its end; one that died has handed over nothing."""
        output = getattr(node, "workeroutput", {})
        self.session.take(output.get(CARRIED, []))
        if output.get(HANDED):
            self.acts.append(output[HANDED])

    def pytest_sessionfinish(self) -> None:
        """Take what only all workers together show; one alone has seen everything."""
        if len(self.acts) > 1:
            found = records(self.acts, self.session.reader())
            self.session.take(found)
            self.session.late = bool(checking.fatal(found))


def records(workers: Iterable[Iterable[Iterable[Any]]], judge: Judge) -> list[Record]:
    """Return a record for each act that another test does too, in another worker; the first by name is that other one.

    A test that each worker runs (`--dist each`) does not harm others.
    """
    acts: dict[tuple[str, str], dict[str, Act]] = {}
    for given in workers:
        for act in map(Act._make, given):
            acts.setdefault((act.code, act.what), {})[act.test] = act
    return [record for by_test in acts.values() for record in of_same(by_test, judge)]


def of_same(acts: dict[str, Act], judge: Judge) -> Iterator[Record]:
    """Yield what is found of acts that are one, by test."""
    first, *others = [acts[test] for test in sorted(acts)]
    for act in others:
        if judge.options.level(act.code) != "off" and not judge.excused(act.code, act.path, act.line):
            text = f"{act.text}, as {first.test} does: {act.harm}"
            change = Change(f"{act.what} of {first.test}", ABSENT, ELSEWHERE, text=text)
            place = Place(act.path, act.line, act.function)
            yield judge.record(act.code, place, [change], None, act.test, "", GUARD)
