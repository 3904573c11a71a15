"""The audit: what is wrong with a suite, from runs in several orders, the guard, the linter and the hunt.

1. One run as it is. What cannot be collected is told first: tests that never run hide more than tests that fail.
2. The same with the guard; reversed; two shuffled orders; twice in parallel.
3. The hunt, for what ended differently or failed.
4. Repetitions, for what nobody explains: the same order again, a worker's share without workers.
"""

from __future__ import annotations

import importlib.util
import os
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hermetic import __version__
from hermetic.audit import collection, leaks, tree
from hermetic.audit.arguments import Arguments, split
from hermetic.audit.hunt import Wanted as HuntWanted
from hermetic.audit.hunt import hunt
from hermetic.audit.journal import Journal
from hermetic.audit.known import Known
from hermetic.audit.lab import BAD
from hermetic.audit.processes import read, reason
from hermetic.audit.record import Run, Spec
from hermetic.audit.runs import Stopped, Workshop
from hermetic.audit.schedule import share
from hermetic.audit.triage import Verdict, triage
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Progress = Callable[[str, int, int, float | None], None]  # what, done, total, seconds left where known

ORDERS = (Spec(guarded=True), Spec("reversed"), Spec("shuffled-1"), Spec("shuffled-2"))
SHARES = 4  # shares of workers that are replayed
LEAST = 1.0  # seconds of a budget that are worth a hunt
STRICT = (
    "the project has the guard fail tests, which no run here did, with or without workers: what only the guard fails "
    "is told as its finding"
)
KEPT_NOTES = ("nothing was forked", "left out", "tests were run in small groups")


class Wanted(NamedTuple):
    """What is asked for: `budget` and `patience` are in seconds, a budget of 0 is none."""

    arguments: tuple[str, ...] = ()
    budget: float = 0.0
    patience: float = 60.0
    resume: bool = False


class Audited(NamedTuple):
    """What is known at the end; `is_whole` is false where something stopped the audit."""

    known: Known
    verdicts: list[Verdict]
    is_whole: bool


class Audit:
    """One audit: the runs that were made, and those that are still to be made."""

    def __init__(self, wanted: Wanted, progress: Progress) -> None:
        self.wanted = wanted
        self.progress = progress
        self.until = time.monotonic() + wanted.budget if wanted.budget else float("inf")
        self.given: Arguments = split(wanted.arguments)
        self.workshop = Workshop(tree.place_of("."), self.given, wanted.patience, self.until)
        self.known = Known()
        self.todo: list[str] = []  # what is left, in words
        place, lab = self.workshop.place, self.workshop.lab
        about = [__version__, pytest.__version__, wanted.patience, list(wanted.arguments)]
        about.append(tree.fingerprint(place.top, lab.files))
        self.journal = Journal(place.within(place.top), about, resume=wanted.resume, kind="audit")
        if wanted.resume and not self.journal.resumed:
            self.known.notes.append(
                "there was nothing to resume: no audit was stopped here, or files have changed since"
            )

    def close(self, *, done: bool) -> None:
        """Remove the copies; keep what was found where it is not all."""
        self.journal.close(done=done)
        self.workshop.close()

    def run(self, spec: Spec) -> Run:
        """Make a run, unless a stopped audit has made it. Raises `Stopped`."""
        key = repr(tuple(spec))
        if key in self.journal.known:
            run = Run.of_json(self.journal.known[key])
            self.workshop.flags, self.workshop.root = tuple(run.patterns["flags"]), run.patterns["root"][0]
            self.workshop.quiet = tuple(run.patterns.get("quiet", ()))
        elif not self.known.runs:
            run = self.workshop.first(spec, self.tell(spec))
        else:
            run = self.workshop.make(spec, self.tell(spec))
        run.patterns.update(flags=list(self.workshop.flags), root=[self.workshop.root], quiet=list(self.workshop.quiet))
        self.journal.add(key, run.as_json())
        self.known.add(run)
        if len(self.known.runs) > 1 and not run.ends:
            why = reason(read(self.workshop.lab.log), self.given.serial)
            self.known.notes.append(f"left out: {spec.name}, since {why}")
        return run

    def tell(self, spec: Spec) -> Callable[[int, int], None]:
        """Return what tells how far a run is: of how many tests, and for how long, only where that is known."""
        plain = self.known.plain
        started = time.monotonic()

        def told(done: int, total: int) -> None:
            so_far = time.monotonic() - started
            each: float | None = None  # seconds of one run
            if plain is not None:
                total, each = max(len(plain.order), done), plain.seconds
            elif done and total:
                each = so_far / done * total
            left = None if each is None else max(0.0, each - so_far) + each * max(0, len(self.todo) - 1)
            self.progress(spec.name, done, total, left)

        return told

    def stages(self) -> None:
        """Go through the stages. Raises `Stopped`, and `CannotRunError` where there is nothing to audit."""
        specs = self.specs()
        self.todo = [spec.name for spec in (Spec(), *specs)] + ["the hunt"]
        plain = self.run(Spec())
        if self.workshop.quiet:
            self.known.notes.append(STRICT)
        self.known.broken = collection.story(plain.errors, plain.patterns, os.getcwd())
        self.progress("reading the tests", 0, 1, None)
        self.known.lint, notes = leaks.linted(self.given.serial)
        self.known.notes += notes
        if len(plain.order) <= 1:
            specs = specs[:1] if plain.order else []
            self.todo = [self.todo[0], *(spec.name for spec in specs)]
        for spec in specs:
            del self.todo[0]
            run = self.run(spec)
            if spec.guarded:
                self.known.guard = leaks.guarded(run.guard)
        self.todo = ["the hunt"]
        beside = [test for test in self.known.failing() if not self.known.is_serial(test)]
        self.more(shares(self.known, beside))
        self.hunt()
        self.repeat()

    def specs(self) -> list[Spec]:
        """Return the runs to make after the first."""
        if importlib.util.find_spec("xdist") is None:
            what = "left out: runs with workers, since pytest-xdist is not installed; `pip install pytest-xdist`"
            self.known.notes.append(what)
            return [*ORDERS]
        return [*ORDERS, *(Spec(workers=self.given.workers, number=number) for number in (1, 2))]

    def more(self, specs: Sequence[Spec]) -> None:
        """Make further runs, before what else is left."""
        self.todo = [*(spec.name for spec in specs), *self.todo]
        for spec in specs:
            self.run(spec)
            del self.todo[0]

    def hunt(self) -> None:
        """Ask the hunt about the tests that failed without workers, but for those that do as they like."""
        known = self.known
        suspects = [test for test in known.failing() if known.is_serial(test) and not known.contradiction(test)]
        suspects = [test for test in suspects if known.plain is not None and test in known.plain.tests]
        if suspects and known.plain is not None and len(known.plain.order) > 1:
            self.ask(suspects)
        else:
            known.hunted = "all"
        self.todo = []

    def ask(self, suspects: Sequence[str]) -> None:
        """Ask the hunt about some tests. Raises `Stopped` where it does not come to its end."""
        known, left = self.known, self.until - time.monotonic()
        if left < LEAST:
            raise Stopped(None, by_hand=False)
        extra = ["--continue-on-collection-errors"] if known.broken else []
        resume = "hunt" in self.journal.known
        self.journal.add("hunt", resume)
        budget = left if self.wanted.budget else 0.0
        arguments = (*extra, *self.given.serial)
        wanted = HuntWanted(tuple(suspects), 0, budget, self.wanted.patience, resume, arguments, is_brief=True)
        try:
            found = hunt(".", wanted, lambda what, done, total: self.progress(f"hunt: {what}", done, total, None))
        except CannotRunError as error:
            known.notes.append(f"left out: the hunt for the tests behind failures, since {error}")
            return
        for record in found.records:
            known.records.setdefault(record.victim, []).append(record)
        known.notes += [note for note in found.notes if note.startswith(KEPT_NOTES)]
        known.hunted = "all" if found.is_whole else "part"
        if not found.is_whole:
            raise Stopped(None, by_hand=any(note.startswith("interrupted") for note in found.notes))

    def repeat(self) -> None:
        """Run again what nobody explains."""
        known = self.known
        unsure = [test for test in known.failing() if not known.contradiction(test) and not known.records.get(test)]
        mixed = [test for test in unsure if known.is_mixed(test)]
        specs = [spec._replace(number=spec.number + 1, guarded=False) for spec in covering(known, mixed)]
        rare = [test for test in unsure if not known.is_serial(test) and known.times(test) == 1]
        specs += [Spec(workers=self.given.workers, number=number) for number in (3, 4) if rare]
        self.more(specs)


def covering(known: Known, tests: Sequence[str]) -> list[Spec]:
    """Return few runs in which each of some tests failed."""
    left = set(tests)
    found: list[Spec] = []
    runs = [run for run in known.runs if not run.spec.workers]
    while left:
        best = max(runs, key=lambda run: len(left & set(run.bad())))
        if not left & set(best.bad()):
            break
        left -= set(best.bad())
        found.append(best.spec)
    return found


def shares(known: Known, tests: Sequence[str]) -> list[Spec]:
    """Return runs of what a worker did, each in its order and without workers, where some tests failed."""
    left = set(tests)
    found: list[Spec] = []
    for run in known.runs:
        for worker in sorted({run.ends[test].worker for test in run.bad() if run.spec.workers and test in left}):
            part = share(run, worker)
            left -= {test for test in part if run.ends[test].status in BAD}
            found.append(Spec(tests=tuple(part), number=len(found) + 1))
    return found[:SHARES]


def audit(wanted: Wanted, progress: Progress) -> Audited:
    """Audit the suite of the current folder. Raises `CannotRunError` where there is none."""
    made = Audit(wanted, progress)
    known, done = made.known, False
    try:
        try:
            made.stages()
            done = True
        except Stopped as stopped:
            if stopped.run is not None:
                known.add(stopped.run)
                known.guard = known.guard or leaks.guarded(stopped.run.guard)
            stop(made, by_hand=stopped.by_hand)
        except KeyboardInterrupt:
            stop(made, by_hand=True)
        return Audited(known, triage(known, made.workshop), done)
    finally:
        made.close(done=done)


def is_begun(known: Known) -> bool:
    """Tell whether the last run was stopped after tests of it had ended."""
    return bool(known.runs and known.runs[-1].ends) and not known.runs[-1].is_whole


def stop(made: Audit, *, by_hand: bool) -> None:
    """Note why the audit ends here, and what is left out."""
    why = "interrupted" if by_hand else f"the budget of {made.wanted.budget:g} seconds was over"
    made.known.notes.append(f"{why}; `--resume` goes on from here")
    known, left = made.known, made.todo
    known.is_cut = True
    if left and (known.hunted == "part" or is_begun(known)):
        left = [f"the rest of {left[0]}", *left[1:]]
    if left:
        known.notes.append(f"left out: {', '.join(left)}")
