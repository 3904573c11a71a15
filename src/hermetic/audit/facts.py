"""What experiments have shown so far, and what they may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermetic.audit.lab import BAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hermetic.audit.lab import Lab

    Progress = Callable[[str, int, int], None]

TIMES = 6  # what experiments may cost, in serial runs of the suite; start and confirmations come on top
FLOOR = 20.0  # seconds of CPU that it may cost in any case
SLOWER = 30  # how much more where each experiment is an interpreter of its own


class Order(NamedTuple):
    """One order that was run, and how its tests ended. `name` is what people are told."""

    name: str
    tests: list[int]
    ends: dict[int, str]


class Facts:
    """What is known.

    `alone` is how tests end by themselves; `sets` holds, for a test, lists of others after which it ends otherwise,
    each of which suffices; `cleaners` belongs to such a pair of test and list. `tried` are the tests that were run
    after each other one. `notes` say what was left out, or cannot be told.
    """

    def __init__(self, lab: Lab, progress: Progress) -> None:
        self.lab = lab
        self.progress = progress
        self.alone: dict[int, str] = {}
        self.orders: list[Order] = []
        self.sets: dict[int, list[list[int]]] = {}
        self.cleaners: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        self.tried: set[int] = set()
        self.odd: set[int] = set()  # ended differently for no reason that could be repeated
        self.notes: list[str] = []
        self.serial = 0.0  # CPU seconds of all tests in one process
        self.each = 0.0  # CPU seconds of one test in a fork of its own, on average

    @property
    def limit(self) -> float:
        """The CPU seconds that experiments may cost."""
        slower = 1 if self.lab.forks else SLOWER
        return slower * max(FLOOR, TIMES * self.serial)

    def fits(self, cost: float, share: float = 1.0) -> bool:
        """Tell whether so many CPU seconds more stay within a share of the limit."""
        return self.lab.cpu + cost <= share * self.limit

    def flips(self, test: int, status: str) -> bool:
        """Tell whether a test ended otherwise than alone: a victim badly, a brittle test well."""
        return status == "pass" if self.alone.get(test) in BAD else status in BAD

    def know_alone(self, test: int) -> str:
        """Return how a test ends alone; run it if that is not known."""
        if test not in self.alone:
            self.alone[test] = self.lab.ends([test])
        return self.alone[test]

    def name(self, test: int) -> str:
        """Return a node id."""
        return self.lab.tests[test].id

    def add(self, test: int, culprits: Sequence[int]) -> None:
        """Keep a list of tests that suffices."""
        known = self.sets.setdefault(test, [])
        if list(culprits) not in known:
            known.append(list(culprits))

    def culprits(self, tests: Iterable[int]) -> set[int]:
        """Return what has to be left out so that nothing known makes these tests end otherwise."""
        return {found[-1] for test in tests for found in self.sets.get(test, ())}
