"""What is begun and has to be ended: threads, processes, tasks, started patches. Base of the probes that watch it.

Whoever begins something owns it: the test, or the fixture of wider scope that is being set up. It is a finding when
its owner ends before it does. That it ends too early is none.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.places import LIBRARY, MACHINE, STDLIB, USER, Place, getframe, responsible, whose
from hermetic.guard.probe import MOMENT, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

GRACE = 0.05  # seconds for what is about to end by itself; only waited when something is left
STEP = 0.001  # seconds between two looks
ONCE_MODULE, ONCE_PER_RUN = "hermetic.workers.once", os.path.join("hermetic", "workers", "once.py")
sleep, monotonic = time.sleep, time.monotonic  # as they are, whatever a test puts in their place


class Left:
    """Something that was begun. `alive` tells whether it goes on, `undo` ends it, where that can be done.

    `name` may be a function, for what has its name only later.
    """

    __slots__ = ("alive", "name", "owner", "place", "state", "undo")

    def __init__(  # noqa: PLR0913, PLR0917 - a record: one argument for each of its fields
        self,
        name: str | Callable[[], str],
        place: Place,
        owner: object,
        alive: Callable[[], bool],
        undo: Callable[[], object] | None,
        state: str,
    ) -> None:
        self.name, self.place, self.owner, self.alive, self.undo, self.state = name, place, owner, alive, undo, state


class LeftProbe(Probe[int]):
    """Keeps what was begun, and asks at the end of its owner whether it goes on. A snapshot counts what was left."""

    by_events = True
    before: object = ABSENT
    after = Described("running")

    def __init__(self) -> None:
        self.begun: list[Left] = []
        self.fixtures: list[object] = []  # the wide ones that are being set up
        self.ending: object = None  # the one that ends before the next snapshot
        self.importing: object = None  # the file whose import is watched, or was
        self.count = 0
        self.found: list[Left] = []

    def snapshot(self) -> int:
        """Return how much was left so far."""
        if self.has_begun():
            self.judge(self.ending)
            if MOMENT.item is None:
                self.judge(self.importing)
            elif MOMENT.ends:
                self.judge(MOMENT.item)
        self.ending = None
        self.stirred = self.has_begun()
        return self.count

    def has_begun(self) -> bool:
        """Tell whether there is anything to judge."""
        return bool(self.begun)

    def judge(self, owner: object) -> None:
        """Find what an owner leaves, after a short time in which it may end."""
        left = [one for one in self.taken(owner) if goes_on(one)]
        if not left:
            return
        end = monotonic() + GRACE if self.waits(left) else 0.0
        while left and monotonic() < end:
            sleep(STEP)
            left = [one for one in left if goes_on(one)]
        self.count += len(left)
        self.found = left

    def taken(self, owner: object) -> list[Left]:
        """Return what an owner has begun, and forget it, and what nobody will ask for any more."""
        mine = [one for one in self.begun if one.owner is owner]
        if mine:
            self.begun = [one for one in self.begun if one.owner is not owner and not is_over(one.owner)]
        return mine

    def waits(self, left: list[Left]) -> bool:
        """Tell whether what is left may end by itself in a short time."""
        return True

    def changes(self, before: int, after: int) -> list[Change]:
        """Return what was left since."""
        names: list[str] = []
        found = []
        for one in self.found[max(0, len(self.found) - (after - before)) :]:
            name = one.name if isinstance(one.name, str) else one.name()
            names.append(name)
            if names.count(name) > 1:
                name = f"{name} ({names.count(name)})"
            found.append(Change(name, self.before, Described(one.state or self.after), one.undo, one.place))
        return found

    def begins(
        self,
        name: str | Callable[[], str],
        place: Place | None,
        alive: Callable[[], bool],
        undo: Callable[[], object] | None = None,
        state: str = "",
    ) -> None:
        """Learn that something was begun; `state` says how it is while it goes on, where that is not `after`."""
        owner = self.owner()
        if owner is not None and place is not None and place.origin != MACHINE:
            self.begun.append(Left(name, place, owner, alive, undo, state))
            self.stirred = True

    def owner(self) -> object:
        """Return to whom belongs what begins now."""
        return self.fixtures[-1] if self.fixtures else MOMENT.item or self.importing

    def import_begins(self, collector: pytest.Module) -> None:
        """Let what is begun from here on belong to the file."""
        self.importing, self.fixtures, self.ending = collector, [], None

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Let what is begun belong to the fixture."""
        self.fixtures.append(fixturedef)

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Let what is begun no longer belong to the fixture."""
        if fixturedef in self.fixtures:
            del self.fixtures[self.fixtures.index(fixturedef) :]

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Let the next snapshot, after the teardown, judge the fixture."""
        self.ending = fixturedef if self.has_begun() else None


def is_over(owner: object) -> bool:
    """Tell whether an owner is a test that has ended: what began after that is nobody's."""
    return isinstance(owner, pytest.Item) and owner is not MOMENT.item


def goes_on(one: Left) -> bool:
    """Tell whether something goes on; what cannot be asked any more does not."""
    try:
        return one.alive()
    except Exception:  # noqa: BLE001 - an object of the project, half made or torn down
        return False


def starter() -> tuple[Place | None, str, str]:
    """Return who is responsible for a call to a setter, whose code made it, and the file of the very caller.

    For use in `called`. The code that made it is the nearest that is not Python's own. For what a run has once nobody
    is: its last worker ends it.
    """
    frame: FrameType | None = getframe(4)  # above `called`, the trail and the wrapper
    caller = frame.f_code.co_filename if frame is not None else ""
    if is_of_the_run(frame):
        return None, STDLIB, caller
    nearest = frame
    while nearest is not None and whose(nearest.f_code.co_filename) not in {MACHINE, LIBRARY, USER}:
        nearest = nearest.f_back
    maker = whose(nearest.f_code.co_filename) if nearest is not None else STDLIB
    return responsible(frame), maker, caller


def is_of_the_run(frame: FrameType | None) -> bool:
    """Tell whether the fixture `once_per_run` is setting something up for all workers.

    While nobody uses it its module is not imported: to look at all frames raises an audit event for each.
    """
    if ONCE_MODULE not in sys.modules:
        return False
    while frame is not None:
        if frame.f_code.co_filename.endswith(ONCE_PER_RUN):
            return True
        frame = frame.f_back
    return False
