"""What a probe is: it watches one kind of state that a test can leave changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from hermetic.guard.compare import is_registered_again, same, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    import pytest


Snapshot = TypeVar("Snapshot")
UNSEEN = object()  # in place of a snapshot that was not taken


class Change(NamedTuple):
    """One piece of state that is not as it was.

    `state` names it so finely that no two pieces share a name (`os.environ['HOME']`): a change that is taken back
    later is recognised by it. `before` and `after` are the values themselves; they are compared with `is`, then with
    `==`, and only written out when they are reported. `undo` puts the old value back. `note` is the key under which
    `heard` or `called` noted the line; without one it is the state; or it is the place itself, where the probe kept it.
    `code` is the rule, for probes that serve several.
    What is an act and no state says so itself: `text` is then the message behind the name of the test.
    Where `before` and `after` tell only what was taken out and put in, `whole` has all that was there, and is by now.
    `quiet` says that the change is not worth telling, but may take back one that was told.
    """

    state: str
    before: object
    after: object
    undo: Callable[[], object] | None = None
    note: Hashable = None
    code: str = ""
    text: str = ""
    whole: tuple[object, object] | None = None
    quiet: bool = False

    def is_taken_back_by(self, later: Change) -> bool:
        """Tell whether a later change of this piece of state makes it as it was before this one."""
        if self.whole is not None and later.whole is not None:
            return same(self.whole[0], later.whole[1])
        return same(self.before, later.after) or is_registered_again(self.before, later.after)

    def joined(self, later: Change) -> Change | None:
        """Return this change and a later one of the same piece of state as one, None where nothing is left of both."""
        if self.is_taken_back_by(later):
            return None
        if self.whole is None or later.whole is None:
            return self._replace(after=later.after)
        first, last = self.whole[0], later.whole[1]
        shown = told_of(first, last) if isinstance(first, (list, set)) else (self.before, later.after)
        return self._replace(before=shown[0], after=shown[1], whole=(first, last))


class Table(NamedTuple):
    """A dictionary behind states, and how these are written: `path.name` for attributes, else `path[key]`."""

    path: str
    held: dict[Any, Any]
    attributes: bool


class Act(NamedTuple):
    """What a test did that harms a test of another process, if that one does it too. Plain data: workers send it.

    `what` is compared between processes; `text` says what the test does with it, and `harm` what comes of it.
    """

    code: str
    what: str
    test: str
    text: str
    harm: str
    path: str
    line: int
    function: str


class Moment:
    """Where the run is, for all probes: to tell each of them would cost more than what most of them do in a test.

    An object, since Python looks up the attributes of a class anew after each of them was set. `number` counts the
    points at which snapshots are compared; probes that share one take it once at each. `item` is the test that runs,
    None while a file is imported. `ends` says that its fixtures are torn down, and `file_ends` that it is the last one
    of its file.
    """

    __slots__ = ("ends", "file_ends", "item", "number")
    item: pytest.Item | None

    def __init__(self) -> None:
        self.number = 0
        self.begin(None)

    def next(self) -> None:
        """Say that what was seen so far may have changed."""
        self.number += 1

    def begin(self, item: pytest.Item | None) -> None:
        """Say which test begins; None where files are imported, or nobody tells any more."""
        self.item, self.ends, self.file_ends = item, False, False


MOMENT = Moment()


class Probe(Generic[Snapshot]):
    """Watches one kind of state. Subclasses are found by walking `hermetic.guard.probes`; one file each.

    A probe is made once for a session. `snapshot` runs at least once for every test, so it copies and looks at
    nothing: a few microseconds. Where it returns the very object that it returned the last time, nothing has changed,
    and `changes` is not asked; a probe that keeps its last snapshot and compares first costs a quiet test least. Else
    `changes` sees the two snapshots; it returns at once when they are alike. A probe that raises is switched off for
    the rest of the session, with a warning that names it.

    `code` is the rule whose hazard this is. `events` are audit events and `setters` are dotted names of functions
    without an audit event; whoever causes one is noted under the key that `heard` or `called` returns, and becomes the
    line of the change with that `note`. `at_import` says that a change during the import of a test file counts.
    `phases` says that the state is also compared when the test's fixtures are set up, and when the test function has
    ended, before they are torn down.
    `between` says that others (pytest, plugins) change this state between tests, so that the end of one test is not
    the start of the next.

    What costs nothing while nobody uses it: `gates` are modules, and `words` are words of the project's code, of which
    there has to be one before the probe is asked in a test; `in_tests` is false where only imports count, and its
    setters are then heard around these alone.

    `hearing` is set by the trail while every event reaches the probe, and with it `stirred`, since events may have been
    missed. A probe whose state changes with what it is told alone says so with `by_events`: it sets `stirred` when it
    learns of something, clears it when it has looked, and is not asked while it is clear.
    """

    code: ClassVar[str]
    events: ClassVar[tuple[str, ...]] = ()
    setters: tuple[str, ...] = ()  # a probe may make its own when it learns the options
    at_import: ClassVar[bool] = False
    phases: ClassVar[bool] = False
    between: ClassVar[bool] = False
    in_tests: ClassVar[bool] = True
    gates: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()
    by_events: ClassVar[bool] = False
    hearing = False
    stirred = True

    def is_awake(self, mentioned: set[str]) -> bool:
        """Tell whether there is something to see; asked after imports only. `mentioned` are words of all probes."""
        gates, words = self.gates, self.words
        return (not gates or any(gate in sys.modules for gate in gates)) and (
            not words or not mentioned.isdisjoint(words)
        )

    def asleep(self) -> object:
        """Return the snapshot that stands for the time before it was awake; `UNSEEN` where it has to look first."""
        return UNSEEN

    def learn_options(self, options: Mapping[str, object]) -> None:
        """Learn the settings of single rules, by option name; once, before anything else."""

    def snapshot(self) -> Snapshot:
        """Return the state as it is now; it must not change when the state does."""
        raise NotImplementedError

    def changes(self, before: Snapshot, after: Snapshot) -> Iterable[Change]:
        """Return what differs between two snapshots, without what is benign."""
        raise NotImplementedError

    def handed_over(self) -> Iterable[Act]:
        """Return what tests of this process did that harms those of another one that do the same; once, at its end."""
        return ()

    def tables(self) -> Iterable[Table]:
        """Return the dictionaries behind the last snapshot, for `--hermetic-trace=watch`."""
        return ()

    def import_begins(self, collector: pytest.Module) -> None:
        """Learn that a test file is about to be imported, before the snapshot."""

    def test_begins(self, item: pytest.Item) -> None:
        """Learn that a test begins, before the snapshot and before its fixtures are set up."""

    def test_ends(self, item: pytest.Item) -> None:
        """Learn that a test has ended, after its fixtures were torn down and before the snapshot."""

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn that a fixture of wider scope is about to be set up."""

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn that a fixture of wider scope is set up (or failed to be); its value is in `cached_result[0]`.

        What is in the next snapshot only from here on is not taken for a change of the fixture.
        """

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Learn that a fixture of wider scope is about to be torn down."""

    def listens(self) -> bool:
        """Tell whether its setters are of interest by now; asked where a test begins, until they are wrapped."""
        return True

    def heard(self, event: str, args: tuple[object, ...]) -> Hashable:
        """Return the key to note the place of an audit event under, None to ignore it. Runs before it happens."""
        return None

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Return the key to note the place of a call to a setter under, None to ignore it. Runs before the call."""
        return None

    def returned(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Learn what a setter returned, None where it raised; also when pytest called it."""


def list_change(name: str, before: tuple[list[object], list[object]], now: list[object]) -> Change:
    """Return the change of a list, given as (the list itself, a copy of its items) before and the list now."""
    kept, items = before
    old, new = told_of(items, now[:])
    return Change(name, old, new, lambda: kept.__setitem__(slice(None), items), name, whole=(items, now[:]))
