"""What is known of one run of the suite: what was to run, and how each test ended, as the events of the run tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.audit.lab import BAD
from hermetic.audit.names import OVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.problem import Problem


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

    @property
    def name(self) -> str:
        """What people are told; of a run that was stopped, only a part took place."""
        return self.spec.name if self.is_whole else f"the part of {self.spec.name} that took place"

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
        elif test in run.ends and run.ends[test].status not in BAD:
            del run.ends[test]  # its setup went well, and nobody knows how it would have ended
    return over


def about_collection(event: Any, run: Run) -> None:  # noqa: ANN401 - JSON
    """Add what an event says about collection."""
    match event:
        case ["collected", tests]:
            run.order.extend(test for test, _, _ in tests if test not in run.tests)
            run.tests.update({test: (path, line) for test, path, line in tests})
        case ["config", patterns, *_]:
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
