"""Functions and classes that were replaced."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._assigned import Assigned, own_space
from hermetic.guard._definitions import REPLACED, is_defined
from hermetic.guard._filled import is_looked_up_once, is_made_up
from hermetic.guard._globals import PROJECT
from hermetic.guard.compare import identical, is_same_definition
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import MOMENT, Change, Probe, Table
from hermetic.guard.setters import without_wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.guard._globals import Difference, Snapshot
    from hermetic.guard._patched import Patches


class State(NamedTuple):
    """What the project holds, and the values of what its code assigns to in libraries and to objects."""

    project: Snapshot
    values: list[Any]


class ReplacedProbe(Probe[State]):
    """A function, class or method of the project; or of a library or object, where the project's code assigns to it."""

    code = REPLACED

    def __init__(self) -> None:
        self.assigned = Assigned()
        self.last: State | None = None
        self.started: list[Any] = []  # the patches that were started with the last snapshot
        self.patched: list[tuple[int, Any]] = []  # those of what is watched, with its number; the youngest first

    def snapshot(self) -> State:
        """Return the project's part, shared with other probes, and read the attributes of libraries."""
        project = PROJECT.snapshot()
        grown = self.assigned.keep_up()
        values = self.assigned.values()
        if grown or PROJECT.patches.started is not self.started:
            self.started, self.patched = PROJECT.patches.started, list(self.of_watched(PROJECT.patches))
        for number, patcher in self.patched:
            values[number] = PROJECT.patches.behind(patcher, values[number])
        last = self.last
        if last is None or project is not last.project or not identical(values, last.values):
            self.last = last = State(project, values)
        return last

    def of_watched(self, patches: Patches) -> Iterator[tuple[int, Any]]:
        """Yield the started patches of what is watched: that they are started is HRM304's business."""
        for patcher in patches.of_attributes():
            for number, one in enumerate(self.assigned.watched):
                if one.held() is patcher.target and one.name == patcher.attribute:
                    yield number, patcher

    def tables(self) -> Iterator[Table]:
        """Yield what modules and classes hold, those of libraries too where the project's code assigns to them."""
        yield from PROJECT.tables(of_classes=False)
        yield from PROJECT.tables(of_classes=True)
        for one in self.assigned.watched:
            space = own_space(one.held())
            if space is not None:
                yield Table(one.state.removesuffix(f".{one.name}"), space, attributes=True)

    def changes(self, before: State, after: State) -> Iterator[Change]:
        """Compare what is defined."""
        for difference in PROJECT.differences(before.project, after.project, self.code):
            change = self.with_line(difference.change())
            if difference.before is not ABSENT or not self.is_made(difference, change.state):
                yield change
        for one, was, now in zip(self.assigned.watched, before.values, after.values, strict=False):
            if was is not now and counts(was, now):
                undo = functools.partial(put, one.held(), one.name, was)
                yield self.with_line(Change(one.state, was, now, undo))

    def is_made(self, difference: Difference, state: str) -> bool:
        """Tell whether the code under test has made a new name for itself, or keeps what it has looked up."""
        holder, name, value = difference.holder, difference.name, difference.after
        if is_looked_up_once(holder, name, value):
            return not self.assigned.is_by_test(state, MOMENT.item)
        return state not in self.assigned.lines and is_made_up(holder, name, value)

    def with_line(self, change: Change) -> Change:
        """Add the line that assigns the name, where there is one only."""
        return change._replace(note=self.assigned.line_of(change.state))


def counts(before: object, after: object) -> bool:
    """Tell whether a function or class was replaced, and not just wrapped by the guard itself."""
    pair = [without_wrapper(value) for value in (before, after)]
    defined = is_defined(pair[0]) or is_defined(pair[1])
    return defined and pair[0] is not pair[1] and not is_same_definition(*pair)


def put(holder: Any, name: str, value: object) -> None:
    """Set an attribute as it was, or take it away."""
    if value is ABSENT:
        delattr(holder, name)
    else:
        setattr(holder, name, value)
