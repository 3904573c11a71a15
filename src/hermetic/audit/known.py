"""What runs have shown so far, and the questions that are asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermetic.audit.lab import BAD

if TYPE_CHECKING:
    from hermetic.audit.collection import Broken
    from hermetic.audit.hunt import Record
    from hermetic.audit.record import End, Run
    from hermetic.finding import Finding


SURE = 2  # runs with workers in which a failure has to show, before it is said that workers are the reason


def words(end: End) -> tuple[str, str]:
    """Return how a test failed, by which two failures are the same: the status, and the first line of the error."""
    return end.status, end.text.strip().partition("\n")[0]


class Counts(NamedTuple):
    """How many tests there are. `declared` adds to the collected ones those of files that cannot be collected."""

    collected: int
    declared: int
    passed: int
    skipped: int


class Known:
    """What is known of a suite: `runs` in the order in which they were made, `records` by victim from the hunt."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.broken: list[Broken] = []
        self.guard: list[Finding] = []
        self.lint: list[Finding] = []
        self.records: dict[str, list[Record]] = {}
        self.hunted = ""  # "" before, "part" where it was stopped, "all" where it came to its end
        self.is_cut = False  # something stopped the audit, so that runs are missing
        self.notes: list[str] = []

    @property
    def plain(self) -> Run | None:
        """The first run."""
        return self.runs[0] if self.runs else None

    def add(self, run: Run) -> None:
        """Keep a run; the suffix that `--dist loadgroup` gives to node ids is left out."""
        tests = self.plain.tests if self.plain is not None else run.tests
        for name in [name for name in run.ends if name not in tests and name.rpartition("@")[0] in tests]:
            run.ends[name.rpartition("@")[0]] = run.ends.pop(name)
        self.runs.append(run)

    def ends(self, test: str, *, parallel: bool) -> list[tuple[Run, End]]:
        """Return how a test ended in the runs with or without workers."""
        return [(run, run.ends[test]) for run in self.runs if bool(run.spec.workers) is parallel and test in run.ends]

    def failing(self) -> list[str]:
        """Return the tests that failed in any run, in the plain order."""
        bad = {test: None for run in self.runs for test in run.bad()}
        places = {test: number for number, test in enumerate(self.plain.order if self.plain else ())}
        return sorted(bad, key=lambda test: places.get(test, len(places)))

    def is_mixed(self, test: str) -> bool:
        """Tell whether a test ended both well and badly without workers."""
        return len({end.status in BAD for _, end in self.ends(test, parallel=False)}) > 1

    def is_serial(self, test: str) -> bool:
        """Tell whether a test failed in a run without workers."""
        return any(end.status in BAD for _, end in self.ends(test, parallel=False))

    def was_alone(self, test: str) -> bool:
        """Tell whether a test has failed without workers where no other test had run before it."""
        first = any(run.order[:1] == [test] for run, end in self.ends(test, parallel=False) if end.status in BAD)
        return first or self.hunted == "all"

    def is_open(self, test: str) -> bool:
        """Tell whether a run is missing without which nobody can say of a failing test what it fails for."""
        if not self.is_cut or self.is_mixed(test):
            return False
        if self.is_serial(test):
            return not self.was_alone(test)
        return not self.hunted or self.times(test) < SURE

    def times(self, test: str) -> int:
        """Return in how many runs with workers a test failed, or another one of its file with the same error.

        Which of the tests that share something meet is up to chance.
        """
        own = {words(end) for _, end in self.ends(test, parallel=True) if end.status in BAD}
        path = test.partition("::")[0]
        runs = [run for run in self.runs if run.spec.workers]
        return sum(
            any(name.partition("::")[0] == path and words(run.ends[name]) in own for name in run.bad()) for run in runs
        )

    def contradiction(self, test: str) -> tuple[Run, Run] | None:
        """Return two runs in the same order in which a test ended well in one, badly in the other."""
        seen: dict[object, dict[bool, Run]] = {}
        for run, end in self.ends(test, parallel=False):
            ways = seen.setdefault((run.spec.order, run.spec.tests), {})
            ways.setdefault(end.status in BAD, run)
            if len(ways) > 1:
                return ways[True], ways[False]
        return None

    def failure(self, test: str, *, parallel: bool = False) -> tuple[Run, End] | None:
        """Return a run in which a test failed, with how."""
        return next(((run, end) for run, end in self.ends(test, parallel=parallel) if end.status in BAD), None)

    def place(self, test: str) -> tuple[str, int]:
        """Return the file and the line of a test, 0 for a line that no run has told."""
        known = next((run.tests[test] for run in self.runs if test in run.tests), None)
        return known or (test.partition("::")[0], 0)

    def leaks_of(self, tests: list[str]) -> list[Finding]:
        """Return what the guard saw some tests leave."""
        return [item for item in self.guard if item.test in tests]

    def counts(self) -> Counts:
        """Return how many tests there are, and how many of them passed in the plain order."""
        ends = self.plain.ends if self.plain is not None else {}
        collected = len(self.plain.order) if self.plain is not None else 0
        lost = len({test for broken in self.broken for test in broken.tests})
        ways = [end.status for end in ends.values()]
        return Counts(collected, collected + lost, ways.count("pass"), ways.count("skip"))
