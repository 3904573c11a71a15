"""One run of the suite: plain pytest in a new interpreter, on a fresh copy of the tree, and how each test ended."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.audit import tree
from hermetic.audit.lab import BAD, Lab
from hermetic.audit.names import AUDIT, GRACE, ORDER, OVER, PLAIN, UNRECOGNIZED
from hermetic.audit.processes import end, moved, read, reason
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hermetic.audit.arguments import Arguments
    from hermetic.audit.problem import Problem

ATTEMPTS = 5  # how often a run goes on without what ended or stopped it
USAGE, NOTHING = 4, 5  # exit codes of pytest
POLL = 0.1  # seconds


class End(NamedTuple):
    """How a test ended: `pass`, `skip`, `fail`, `crash` or `hang`, and why.

    `path` and `line` are where it failed, `start` and `stop` seconds since the epoch, 0.0 where nobody said.
    """

    status: str
    text: str = ""
    path: str = ""
    line: int = 0
    phase: str = ""
    worker: str = ""
    start: float = 0.0
    stop: float = 0.0


class Spec(NamedTuple):
    """What to run: an order (`plain`, `reversed`, `shuffled-N`), whether guarded, on how many workers, what number."""

    order: str = "plain"
    guarded: bool = False
    workers: int = 0
    number: int = 1
    tests: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """What people are told."""
        again = f" (number {self.number})" if self.number > 1 else ""
        if self.workers:
            return f"{self.workers} workers{again}"
        if self.tests is not None:
            return f"the order of one worker{again}"
        if "-" in self.order:
            return f"the order shuffled with seed {self.order.rpartition('-')[2]}{again}"
        return f"{'the guarded run' if self.guarded else f'the {self.order} order'}{again}"


class Run(NamedTuple):
    """What one run showed. `order` holds the tests as they ran; `is_whole` is false where it was stopped."""

    spec: Spec
    order: list[str]
    ends: dict[str, End]
    tests: dict[str, tuple[str, int]]
    errors: list[tuple[str, Problem]]
    patterns: dict[str, list[str]]
    guard: list[dict[str, Any]]
    seconds: float
    is_whole: bool

    def bad(self) -> list[str]:
        """Return the tests that failed, in the order in which they ran."""
        return [test for test, end in self.ends.items() if end.status in BAD]

    def as_json(self) -> list[Any]:
        """Return the run as JSON has it: tuples are lists there."""
        return [*self]

    @classmethod
    def of_json(cls, found: Sequence[Any]) -> Run:
        """Return the run that `as_json` made."""
        spec, order, ends, tests, errors, *rest = found
        chosen = Spec(*spec)
        known = chosen._replace(tests=tuple(chosen.tests) if chosen.tests is not None else None)
        return cls(
            known,
            order,
            {test: End(*each) for test, each in ends.items()},
            {test: (path, line) for test, (path, line) in tests.items()},
            [(path, problem) for path, problem in errors],
            *rest,
        )


class Stopped(Exception):  # noqa: N818 - no error: somebody or the clock stopped a run
    """Ctrl-C (`by_hand`) or a budget that is over stopped an audit; `run` is what the run that was made had shown."""

    def __init__(self, run: Run | None, *, by_hand: bool) -> None:
        super().__init__("stopped")
        self.run = run
        self.by_hand = by_hand


class Workshop:
    """Makes runs. `root` is pytest's root folder relative to that of the call."""

    def __init__(self, place: tree.Place, arguments: Arguments, patience: float, until: float) -> None:
        self.lab = Lab(place, arguments.serial, patience, until)
        self.place = place
        self.given = arguments.serial
        self.spread = arguments.spread
        self.flags: tuple[str, ...] = ()
        self.root = "."
        self.compiled = ""

    def close(self) -> None:
        """Remove all copies."""
        self.lab.close()

    def command(self, spec: Spec) -> str:
        """Return the command that repeats a run, but for the guard's report, quoted for the shell."""
        start = f"{ORDER}={spec.order} " if spec.order != "plain" else ""
        observed = ["-p", "hermetic.audit.observe"] if spec.order != "plain" else []
        guard = ["--hermetic=warn"] if spec.guarded else []
        return start + shlex.join(["python", "-m", "pytest", *observed, *self.how(spec), *guard, *self.given])

    def alone(self, tests: Sequence[str]) -> str:
        """Return the command that runs some tests in this order."""
        flags = self.how(Spec())
        return shlex.join(["python", "-m", "pytest", *flags, *(self.argument(test) for test in tests)])

    def argument(self, test: str) -> str:
        """Return how a test is named on the command line."""
        path, separator, rest = test.partition("::")
        return os.path.normpath(os.path.join(self.root, path)).replace(os.sep, "/") + separator + rest

    def how(self, spec: Spec) -> list[str]:
        """Return the flags that say where and in which order tests run."""
        flags = list(self.flags)
        if not spec.workers:
            return flags
        if "no:xdist" in flags:
            at = flags.index("no:xdist")
            del flags[at - 1 : at + 1]
        return [flag for flag in flags if flag != "-n0"] + [f"-n{spec.workers}", *self.spread]

    def first(self, spec: Spec, progress: Callable[[int], None]) -> Run:
        """Make the first run, which shows what pytest accepts. Raises `CannotRunError` where nothing can be run."""
        run: Run | None = None
        for flags in PLAIN:
            self.flags = flags
            run = self.make(spec, progress)
            if run.order or run.errors or not UNRECOGNIZED.search(read(self.lab.log)):
                break
        if run is None or not (run.ends or (run.errors and not run.order)):
            raise CannotRunError(self.why())
        return run

    def why(self) -> str:
        """Return why no test ran, and what to type next."""
        log = read(self.lab.log)
        if "collected 0 items" in log and "\nERROR" not in log:
            return "pytest collected no test; name the folder of the tests after `--`"
        return reason(log, self.given)

    def make(self, spec: Spec, progress: Callable[[int], None]) -> Run:
        """Make one run; what a test that ends or stops the process leaves undone is run without it.

        Raises `Stopped`.
        """
        started = time.monotonic()
        found = Run(spec, [], {}, {}, [], {}, [], 0.0, is_whole=True)
        tests = list(spec.tests) if spec.tests is not None else None
        for _ in range(ATTEMPTS):
            events, code, by_hand = self.process(spec, tests, lambda done: progress(len(found.ends) + done))
            self.root = next((event[2] for event in events if event[0] == "config"), self.root)
            unfinished = "" if by_hand is not None else "hang" if code is None else "crash"
            taken = take(events, found, unfinished)
            found.guard.extend(self.guard_report() if spec.guarded else [])
            if by_hand is not None:
                part = found._replace(seconds=time.monotonic() - started, is_whole=False)
                raise Stopped(part, by_hand=by_hand)
            left = [test for test in found.order if test not in found.ends]
            if taken or spec.workers or not left or not found.ends:
                break
            tests = left
        return found._replace(seconds=time.monotonic() - started)

    def process(
        self, spec: Spec, tests: list[str] | None, progress: Callable[[int], None]
    ) -> tuple[list[Any], int | None, bool | None]:
        """Start pytest once; return its events, exit code (None: it hung), and whether Ctrl-C or the clock ended it."""
        home = os.path.join(self.lab.home, "run")
        copy, temp, told, job = (os.path.join(home, name) for name in ("tree", "t", "events", "job"))
        tree.remove(home)
        os.makedirs(temp)
        tree.copy(self.place.top, self.lab.files, copy)
        if self.compiled:
            tree.copy_compiled(self.compiled, copy)
        guard = os.path.join(home, "guard") if spec.guarded else ""
        content = {
            "events": told,
            "guard": guard,
            "tests": tests,
            "order": "plain" if tests is not None else spec.order,
        }
        with open(job, "w", encoding="utf-8") as file:
            json.dump(content, file)
        given = [moved(word, self.place.top, copy) for word in self.given]
        with open(self.lab.log, "wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the user's own pytest
                [sys.executable, "-m", "pytest", "-p", "hermetic.audit.observe", *self.how(spec), *given],
                cwd=self.place.within(copy),
                env=self.lab.surroundings(copy) | {"TMPDIR": temp, AUDIT: job},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        code, by_hand = self.attend(process, told, progress)
        self.keep_compiled(copy)
        text = read(told).replace(copy, self.place.top).replace(temp, "$TMPDIR")
        return [json.loads(line) for line in text.splitlines() if line.endswith("]")], code, by_hand

    def attend(
        self, process: subprocess.Popen[bytes], told: str, progress: Callable[[int], None]
    ) -> tuple[int | None, bool | None]:
        """Wait for pytest; return its exit code, None where it hung, and whether Ctrl-C or the budget stopped it."""
        size, heard, done, over = 0, time.monotonic(), 0, False
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(POLL), None
                now = os.path.getsize(told) if os.path.exists(told) else 0
                if now != size:
                    events = since(told, size)
                    size, heard = size + len(events), time.monotonic() if events else heard
                    done, over = done + events.count(b'["end"'), over or f'["{OVER}"'.encode() in events
                progress(done)
                if self.lab.is_over():
                    return None, False
                if time.monotonic() - heard > (GRACE if over else max(self.lab.patience, 1.0)):
                    return None, None
        except KeyboardInterrupt:
            return None, True
        finally:
            end(process)

    def keep_compiled(self, copy: str) -> None:
        """Keep what Python has compiled for the next copy."""
        if not self.compiled:
            self.compiled = os.path.join(self.lab.home, "compiled")
            tree.copy(copy, [], self.compiled)
            for folder, _, _ in os.walk(copy):
                os.makedirs(os.path.join(self.compiled, os.path.relpath(folder, copy)), exist_ok=True)
            tree.copy_compiled(copy, self.compiled)

    def guard_report(self) -> list[dict[str, Any]]:
        """Return what the guard wrote, its paths those of the user's tree."""
        home = os.path.join(self.lab.home, "run")
        text = read(os.path.join(home, "guard")).replace(os.path.join(home, "tree"), self.place.top)
        text = text.replace(os.path.join(home, "t"), "$TMPDIR")
        with suppress(ValueError):
            found: list[dict[str, Any]] = json.loads(text)["findings"]
            return found
        return []


def since(path: str, position: int) -> bytes:
    """Return what stands in a file after a position, up to the end of the last line."""
    with open(path, "rb") as file:
        file.seek(position)
        data = file.read()
    return data[: data.rfind(b"\n") + 1]


def take(events: Sequence[Any], run: Run, unfinished: str) -> bool:
    """Add what events say to a run, and return whether pytest came to its end.

    `unfinished` is how a test ended that did not come to its end, "" where that says nothing about it.
    """
    open_tests: dict[str, None] = {}
    over = False
    for event in events:
        match event:
            case ["start", test]:
                open_tests[test] = None
            case ["phase", test, *phase]:
                run.ends[test] = merged(run.ends.get(test) if test in open_tests else None, phase)
            case ["end", test]:
                open_tests.pop(test, None)
            case _:
                over = over or event[0] == OVER
                about_collection(event, run)
    for test in open_tests:
        if unfinished == "hang" or (unfinished and not run.spec.workers):
            run.ends[test] = End(unfinished, "", *run.tests.get(test, ("", 0)))
    return over


def about_collection(event: Any, run: Run) -> None:  # noqa: ANN401 - JSON
    """Add what an event says about collection."""
    match event:
        case ["collected", tests]:
            run.order.extend(test for test, _, _ in tests if test not in run.tests)
            run.tests.update({test: (path, line) for test, path, line in tests})
        case ["config", patterns, _]:
            run.patterns.update(patterns)
        case ["error", path, problem] if (path, problem) not in run.errors:
            run.errors.append((path, problem))


def merged(before: End | None, phase: Sequence[Any]) -> End:
    """Return how a test stands after one more phase."""
    when, outcome, text, path, line, worker, start, stop = phase
    first = before or End("pass", worker=worker, start=start)
    now = first._replace(stop=stop, worker=worker or first.worker)
    if outcome == "failed" and first.status != "fail":
        return now._replace(status="fail", text=text, path=path, line=line, phase=when)
    return now._replace(status="skip") if outcome == "skipped" and first.status == "pass" else now
