"""The global random generators."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from hermetic.guard.describe import Described
from hermetic.guard.places import MACHINE, getframe, responsible
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    Seeds = tuple[int, ...]

FEW = 8  # numbers of a state
KEPT = 16  # states of a generator, 20 KB each
REMEMBERED = 10_000  # states that were asked for last, 0.1 KB each: suites under Hypothesis ask for hundreds a test
SEEDED, FREE = Described("seeded"), Described("not seeded")


class Generator:
    """One global generator, the names of its functions, and what is known of its state."""

    def __init__(self, name: str, module: str, get: str, put: str) -> None:
        self.name, self.module, self.get, self.put = name, module, get, put
        self.saved: dict[int, int] = {}  # by the hash of a state that was asked for, how often it was seeded by then
        self.states: list[Any] = []  # its state before each seeding that is not undone, one between two snapshots
        self.heard = False  # seeded since the last snapshot

    def function(self, name: str) -> Callable[..., Any]:
        """Return one of its functions, without the wrapper around it."""
        found = getattr(sys.modules[self.module], name)
        original: Callable[..., Any] = getattr(found, "__wrapped__", found)
        return original

    def call(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> bool:
        """Learn from a call, and return whether it seeds."""
        if name == self.get:
            return False
        given = (*args, *kwargs.values())
        undone = self.saved.get(digest(given[0])) if name == self.put else None if given and given[0] is not None else 0
        if undone is not None and undone <= len(self.states):
            del self.states[undone:]
            return False
        if self.heard:
            return False
        self.states.append(self.function(self.get)() if len(self.states) < KEPT else None)
        self.heard = True
        return True

    def answer(self, name: str, result: object) -> None:
        """Learn from what a call returned: a state that was asked for may be put back."""
        if name == self.get and result is not None:
            known = digest(result)
            self.saved.pop(known, None)
            self.saved[known] = len(self.states)
            if len(self.saved) > REMEMBERED:
                del self.saved[next(iter(self.saved))]

    def back(self, count: int) -> None:
        """Put the state back that it had when it was seeded so many times."""
        if count < len(self.states):
            state = self.states[count] or self.states[0]
            self.function(self.put)(state)
            del self.states[count:]


def digest(state: Any) -> int:
    """Return a hash of a state.

    The numbers of a Mersenne twister are made anew all together: a few of them, and what is drawn next, tell its states
    apart, and suites under Hypothesis ask for thousands.
    """
    if not isinstance(state, tuple):
        return hash(repr(state))
    return hash(tuple(map(part_of, state)))


def part_of(part: Any) -> object:
    """Return what tells a part of a state from others, as something that can be hashed."""
    if isinstance(part, tuple):
        return part[:FEW], part[-1:]
    return part[:FEW].tobytes() if hasattr(part, "tobytes") else part


class RandomProbe(Probe["Seeds"]):
    """Whether the generators of `random` and `numpy.random` were seeded; drawing from them is benign.

    Seen by wrapping the functions: a name that was bound before the session started is not seen.
    """

    code = "HRM108"
    setters = (
        "random.seed", "random.setstate", "random.getstate",
        "numpy.random.seed", "numpy.random.set_state", "numpy.random.get_state",
    )  # fmt: skip
    by_events = True

    def __init__(self) -> None:
        self.generators = {
            "random": Generator("random", "random", "getstate", "setstate"),
            "numpy.random": Generator("numpy.random", "numpy.random", "get_state", "set_state"),
        }
        self.last: Seeds = ()

    def snapshot(self) -> Seeds:
        """Return how many times each generator was seeded."""
        self.stirred = not self.hearing
        found = []
        for generator in self.generators.values():
            generator.heard = False
            found.append(len(generator.states))
        if (now := tuple(found)) != self.last:
            self.last = now
        return self.last

    def changes(self, before: Seeds, after: Seeds) -> Iterator[Change]:
        """Compare how often they were seeded."""
        if before == after:
            return
        for generator, old, new in zip(self.generators.values(), before, after, strict=True):
            if old != new:
                values = (FREE, SEEDED) if new > old else (SEEDED, FREE)
                undo = functools.partial(generator.back, old)
                yield Change(f"the state of {generator.name}", *values, undo, generator.name)

    def returned(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Learn from what a call returned."""
        module, _, function = name.rpartition(".")
        self.generators[module].answer(function, result)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Learn from a call; note one that seeds. What a plugin of pytest does is where a test begins."""
        self.stirred = True
        module, _, function = name.rpartition(".")
        generator = self.generators[module]
        if not generator.call(function, args, kwargs):
            return None
        place = responsible(getframe(2))
        if place is not None and place.origin == MACHINE:
            generator.states.clear()
            generator.heard = False
            return None
        return module
