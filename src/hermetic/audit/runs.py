"""Runs of the suite: plain pytest in a new interpreter, on a fresh copy of the tree."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hermetic.audit import tree
from hermetic.audit.lab import Lab
from hermetic.audit.names import AUDIT, GRACE, ORDER, OVER, PLAIN, UNRECOGNIZED
from hermetic.audit.processes import end, moved, read, reason
from hermetic.audit.record import Run, Spec, take
from hermetic.config import CannotRunError, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hermetic.audit.arguments import Arguments

    Progress = Callable[[int, int], None]  # tests that have ended, tests that were collected, 0 where nobody knows

ATTEMPTS = 5  # how often a run goes on without what ended or stopped it
USAGE, NOTHING = 4, 5  # exit codes of pytest
POLL = 0.1  # seconds
UNGUARDED = ("--hermetic=off",)


class Stopped(Exception):  # noqa: N818 - no error: somebody or the clock stopped a run
    """Ctrl-C (`by_hand`) or a budget that is over stopped an audit; `run` is what the run that was made had shown."""

    def __init__(self, run: Run | None, *, by_hand: bool) -> None:
        super().__init__("stopped")
        self.run = run
        self.by_hand = by_hand


class Workshop:
    """Makes runs. `root` is pytest's root folder relative to that of the call.

    `quiet` is what a command has to say besides where the guard would otherwise fail tests.
    """

    def __init__(self, place: tree.Place, arguments: Arguments, patience: float, until: float) -> None:
        self.lab = Lab(place, arguments.serial, patience, until)
        self.place = place
        self.given = arguments.serial
        self.spread = arguments.spread
        self.flags: tuple[str, ...] = ()
        self.root = "."
        self.quiet: tuple[str, ...] = ()
        self.compiled = ""

    def close(self) -> None:
        """Remove all copies."""
        self.lab.close()

    def command(self, spec: Spec) -> str:
        """Return the command that repeats a run, but for the guard's report, quoted for the shell."""
        start = f"{ORDER}={spec.order} " if spec.order != "plain" else ""
        observed = ["-p", "hermetic.audit.observe"] if spec.order != "plain" else []
        guard = self.quiet or (["--hermetic=warn"] if spec.guarded else [])
        return start + shlex.join(["python", "-m", "pytest", *observed, *self.how(spec), *self.given, *guard])

    def alone(self, tests: Sequence[str]) -> str:
        """Return the command that runs some tests in this order."""
        flags = [*self.how(Spec()), *self.quiet]
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

    def first(self, spec: Spec, progress: Progress) -> Run:
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

    def make(self, spec: Spec, progress: Progress) -> Run:
        """Make one run; what a test that ends or stops the process leaves undone is run without it.

        Raises `Stopped`.
        """
        started = time.monotonic()
        found = Run(spec, [], {}, {}, [], {}, [], 0.0, is_whole=True)
        tests = list(spec.tests) if spec.tests is not None else None
        for _ in range(ATTEMPTS):
            events, code, by_hand = self.process(
                spec, tests, lambda done, total: progress(len(found.ends) + done, len(found.order) or total)
            )
            for _, _, root, mode in (event for event in events if event[0] == "config"):
                self.root, self.quiet = root, UNGUARDED if is_strict(mode, root) else ()
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
        self, spec: Spec, tests: list[str] | None, progress: Progress
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

    def attend(self, process: subprocess.Popen[bytes], told: str, progress: Progress) -> tuple[int | None, bool | None]:
        """Wait for pytest; return its exit code, None where it hung, and whether Ctrl-C or the budget stopped it."""
        size, heard, done, total, over = 0, time.monotonic(), 0, 0, False
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(POLL), None
                now = os.path.getsize(told) if os.path.exists(told) else 0
                if now != size:
                    events = since(told, size)
                    size, heard = size + len(events), time.monotonic() if events else heard
                    total = total or collected(events)
                    done, over = done + events.count(b'["end"'), over or f'["{OVER}"'.encode() in events
                progress(done, total)
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


def collected(events: bytes) -> int:
    """Return how many tests were collected by what events say, 0 where they do not."""
    lines = (line for line in events.splitlines() if line.startswith(b'["collected"'))
    return next((len(json.loads(line)[1]) for line in lines), 0)


def is_strict(mode: str, root: str) -> bool:
    """Tell whether the guard fails tests in a mode, or for single rules by what `[tool.hermetic]` says."""
    if mode in ("", "off"):
        return False
    with suppress(CannotRunError):
        return mode == "error" or "error" in load(root).levels.values()
    return False


def since(path: str, position: int) -> bytes:
    """Return what stands in a file after a position, up to the end of the last line."""
    with open(path, "rb") as file:
        file.seek(position)
        data = file.read()
    return data[: data.rfind(b"\n") + 1]
