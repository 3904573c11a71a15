"""Where experiments are made: pytest in a copy of the tree, asked over pipes, or started anew for each of them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.audit import tree
from hermetic.audit.names import PLAIN, UNRECOGNIZED, VARIABLE
from hermetic.audit.processes import attend, in_environment, moved, read, reason
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hermetic.audit.journal import Journal

BAD = frozenset({"fail", "crash", "hang"})
FORKS = "HERMETIC_HUNT_FORK"  # "0": as on a platform that cannot fork
FOREIGN = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST", "HERMETIC_HUNT")
LONGEST = 900.0  # seconds until the tests have been collected


class Test(NamedTuple):
    """One collected test: its node id, its file relative to the folder of the call, and its line."""

    id: str
    path: str
    line: int


class Seen(NamedTuple):
    """What a walk showed: how the tests of its main sequence ended, and the last test of each branch."""

    main: dict[int, str]
    branches: dict[tuple[int, int], str]


class OutOfBudgetError(Exception):
    """The time that was given is over."""


class Lab:
    """Runs tests in any order, each time from the state after collection.

    `cpu` is what experiments have cost so far, in seconds; `tests` are those that were collected.
    """

    def __init__(self, place: tree.Place, arguments: Sequence[str], patience: float, until: float) -> None:
        self.place = place
        self.given = list(arguments)
        self.patience = patience
        self.until = until
        self.files = tree.files_in(place.top)
        self.home = os.path.realpath(tempfile.mkdtemp(prefix="hunt-"))
        self.tree, self.temp = os.path.join(self.home, "tree"), os.path.join(self.home, "t")
        self.log = os.path.join(self.home, "log")
        self.plain: tuple[str, ...] = ()
        self.tests: list[Test] = []
        self.records: dict[int, list[list[Any]]] = {}
        self.seconds: dict[int, float] = {}
        self.journal: Journal | None = None
        self.cpu = 0.0
        self.forks = hasattr(os, "fork") and os.environ.get(FORKS) != "0"
        self.against = ""
        self.root = "."
        self.paths: list[str] = []  # those of the given arguments that name what to collect
        self.extra: list[str] = []  # what a plain run has to be told besides
        self.process: subprocess.Popen[bytes] | None = None
        self.disk = tree.Disk([self.tree, self.temp], os.path.join(self.home, "before"))

    def start(self) -> None:
        """Copy the tree, and let pytest collect. Raises `CannotRunError` where there is nothing to experiment with."""
        os.makedirs(self.temp)
        tree.copy(self.place.top, self.files, self.tree)
        known: dict[str, Any] | None = None
        for flags in PLAIN:
            self.plain = flags
            known, log = self.collect()
            if known is not None or not UNRECOGNIZED.search(log):
                break
        if known is None:
            raise CannotRunError(reason(read(self.log), self.given))
        self.tests = [Test(*each) for each in known["tests"]]
        self.root, self.paths, self.extra = known["root"], known["paths"], known["extra"]
        if not self.tests:
            raise CannotRunError("pytest collected no test; name the folder of the tests after `--`")
        if self.forks and known["against"]:
            self.against = known["against"]
            self.forks = False
            self.stop()
        if not self.forks:
            self.disk.keep()

    def collect(self) -> tuple[dict[str, Any] | None, str]:
        """Start pytest, and return what it collected, None where it ended before, and what it printed."""
        if not self.forks:
            events, code = self.spawn({}, LONGEST)
            known = events[0] if events and isinstance(events[0], dict) and not code else None
            return known, read(self.log)
        requests, self.to = os.pipe()
        self.out, answers = os.pipe()
        given = {"requests": requests, "answers": answers}
        with open(self.log, "wb") as file:
            self.process = subprocess.Popen(  # noqa: S603 - the user's own pytest
                self.command(),
                cwd=self.place.within(self.tree),
                env=self.environment(given),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                pass_fds=(requests, answers),
                start_new_session=True,
            )
        os.close(requests)
        os.close(answers)
        self.answers = os.fdopen(self.out, encoding="utf-8")
        ready, _, _ = select.select([self.out], [], [], LONGEST)
        line = self.answers.readline() if ready else ""
        if not line:
            self.stop()
            return None, read(self.log)
        return json.loads(line), read(self.log)

    def command(self) -> list[str]:
        """Return how pytest is started."""
        return [sys.executable, "-m", "pytest", "-p", "hermetic.audit.serve", *self.plain, *self.arguments(self.tree)]

    def arguments(self, copy: str) -> list[str]:
        """Return the user's arguments, those that name the tree naming a copy."""
        return [moved(word, self.place.top, copy) for word in self.given]

    def environment(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return the environment of pytest in the copy."""
        extra = {"home": self.home, "tree": self.tree, "temp": self.temp, **given}
        return self.surroundings(self.tree) | {"TMPDIR": self.temp, VARIABLE: json.dumps(extra)}

    def surroundings(self, copy: str) -> dict[str, str]:
        """Return this process's environment for a run in a copy: what is imported from the tree comes from the copy."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        inside = self.place.top.rstrip(os.sep) + os.sep
        own = [path for path in sys.path if (path + os.sep).startswith(inside)]
        paths = [moved(path, self.place.top, copy) for path in own if not in_environment(path, self.place.top)]
        given = [moved(path, self.place.top, copy) for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path]
        joined = os.pathsep.join(dict.fromkeys([*given, *paths]))
        return kept | ({"PYTHONPATH": joined} if joined else {})

    def stop(self) -> None:
        """End pytest."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
            os.close(self.to)
            self.answers.close()

    def close(self) -> None:
        """End pytest, and remove all copies."""
        self.stop()
        tree.remove(self.home)

    def run(self, order: Sequence[int], *, watch: bool = False) -> dict[int, str]:
        """Run tests in one order, and return how each ended; those after a crash or a hang run without what caused it.

        Where it is to `watch`, the guard notes what tests leave.
        """
        found: dict[int, str] = {}
        left = list(order)
        for _ in range(5):
            found = self.take(*self.ask(left, {}, watch=watch)).main | {
                test: status for test, status in found.items() if status in BAD
            }
            stopped = [test for test in left if found.get(test) in ("crash", "hang")]
            left = [test for test in left if test not in stopped]
            if all(test in found for test in order):
                break
        return found

    def ends(self, order: Sequence[int], again: int = 0) -> str:
        """Run tests in one order, and return how the last one ended; "" where it was not reached.

        `again` numbers repetitions, whose results are kept apart.
        """
        return self.take(*self.ask(list(order), {}, again)).main.get(order[-1], "")

    def walk(self, order: list[int], branches: dict[int, list[list[int]]], *, whole: bool = True) -> Seen:
        """Run a sequence with branches. What a walk cannot tell, a run of its own does, where `whole` is wanted."""
        seen = self.take(*self.ask(order, branches)) if self.forks or not branches else Seen({}, {})
        for position, tails in branches.items() if whole else ():
            for number, tail in enumerate(tails):
                if (position, number) not in seen.branches:
                    seen.branches[position, number] = self.ends([*order[:position], *tail])
        return seen

    def ask(
        self, order: list[int], branches: dict[int, list[list[int]]], again: int = 0, *, watch: bool = False
    ) -> tuple[list[Any], str]:
        """Make one experiment, unless its result is known."""
        key = json.dumps([order, sorted(branches.items()), again])
        known = self.journal.known.get(key) if self.journal is not None else None
        if known is None:
            if self.is_over():
                raise OutOfBudgetError
            known = self.forked(order, branches, watch=watch) if self.forks else self.spawned(order, watch=watch)
            if self.journal is not None:
                self.journal.add(key, known)
        self.cpu += known[2]
        return known[0], known[1]

    def is_over(self) -> bool:
        """Tell whether the time that was given is over."""
        return time.monotonic() > self.until

    def forked(self, order: list[int], branches: dict[int, list[list[int]]], *, watch: bool) -> list[Any]:
        """Ask the server."""
        request = {"order": order, "branches": branches, "patience": self.patience, "watch": watch}
        line = ""
        with suppress(BrokenPipeError):
            data = json.dumps(request).encode() + b"\n"
            while data:
                data = data[os.write(self.to, data) :]
            line = self.answers.readline()
        if not line:
            raise CannotRunError("the pytest that makes the experiments has ended; is memory short? `--resume` goes on")
        answer = json.loads(line)
        return [answer["events"], answer["end"], answer["cpu"]]

    def spawned(self, order: list[int], *, watch: bool) -> list[Any]:
        """Run one sequence in a new interpreter."""
        before = sum(os.times()[2:4])
        events, code = self.spawn({"order": order, "watch": watch}, self.patience)
        self.disk.restore()
        over = bool(events) and events[-1][0] == "bye"
        return [events, "bye" if over else "hang" if code is None else "crash", sum(os.times()[2:4]) - before]

    def spawn(self, job: dict[str, Any], patience: float) -> tuple[list[Any], int | None]:
        """Run pytest for one job, and return its events and its exit code, None where it had to be stopped."""
        files = {name: os.path.join(self.home, name) for name in ("job", "events")}
        with open(files["job"], "w", encoding="utf-8") as file:
            json.dump(job, file)
        with suppress(FileNotFoundError):
            os.remove(files["events"])
        with open(self.log, "wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the user's own pytest
                self.command(),
                cwd=self.place.within(self.tree),
                env=self.environment(files),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        code = attend(process, files["events"], patience)
        return [json.loads(line) for line in read(files["events"]).splitlines() if line.endswith(("]", "}"))], code

    def take(self, events: list[Any], end: str) -> Seen:
        """Return what events say."""
        seen = Seen({}, {})
        started: tuple[str, int] | None = None
        for event in events:
            match event:
                case ["s", branch, test]:
                    if started is not None:
                        note(seen, started, "crash")
                    started = (branch, test)
                case ["e", branch, test, status, seconds]:
                    note(seen, (branch, test), status)
                    self.seconds.setdefault(test, seconds)
                    started = None
                case ["r", test, records]:
                    known = self.records.setdefault(test, [])
                    known += [record for record in records if record not in known]
        if started is not None:
            note(seen, started, "hang" if end == "hang" else "crash")
        return seen

    @staticmethod
    def all_ends(events: list[Any]) -> dict[tuple[str, int], str]:
        """Return how each test ended, by branch and test, those of the main sequence under ""."""
        return {(event[1], event[2]): event[3] for event in events if event[0] == "e"}


def note(seen: Seen, place: tuple[str, int], status: str) -> None:
    """Keep how a test ended."""
    branch, test = place
    if branch:
        position, _, number = branch.partition(":")
        seen.branches[int(position), int(number)] = status
    else:
        seen.main[test] = status
