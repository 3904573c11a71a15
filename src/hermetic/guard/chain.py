"""The chain of snapshots: what changed since the last boundary, and to whom it belongs.

A boundary is a point at which the owner of changes may change: a test begins or ends, a fixture of wider scope is set
up or torn down. At each one every probe takes a snapshot; what differs from the last one is written into the ledger
of the innermost owner. A change that its owner takes back cancels out, so a ledger holds what is left.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._mentions import Mentions
from hermetic.guard.places import MACHINE, Place
from hermetic.guard.probe import MOMENT, UNSEEN, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hermetic.guard.probe import Act, Change
    from hermetic.guard.trail import Trail

    Key = tuple[str, str]


OF_TESTS = ("test_begins", "test_ends")
LISTS = ("awake", "fresh", "phased", "asked", "hearers")  # of probes that are not asleep, by how they are asked


class Entry(NamedTuple):
    """A change in a ledger, its probe, and the place that is responsible, if something noted it."""

    probe: Probe[Any]
    change: Change
    place: Place | None

    @property
    def code(self) -> str:
        """The rule."""
        return self.change.code or self.probe.code


class Owner:
    """Whom changes belong to: a test, a wide fixture, or an import. `path` is the file that defines it.

    `serves`: the class or module that a fixture sets up, None for the others. `configures`: a fixture that runs before
    all tests, once, as the import of its conftest does.
    """

    __slots__ = ("configures", "ledger", "name", "path", "serves")

    def __init__(self, name: str, path: str = "", *, serves: object = None, configures: bool = False) -> None:
        self.name, self.path, self.serves, self.configures = name, path, serves, configures
        self.ledger: dict[Key, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Write a change down, joined with what is known of the same state."""
        key = (entry.probe.code, entry.change.state)
        first = self.ledger.pop(key, None)
        if first is not None:
            change = first.change.joined(entry.change)
            if change is None:
                return
            entry = Entry(entry.probe, change, first.place or entry.place)
        self.ledger[key] = entry


class Chain:
    """The probes, their last snapshots, and the owners, the innermost last."""

    def __init__(
        self, probes: Iterable[Probe[Any]], trail: Trail, complain: Callable[[Probe[Any], BaseException], None]
    ) -> None:
        self.probes = list(probes)
        self.awake: list[Probe[Any]] = []  # those that are asked in tests
        self.fresh: list[Probe[Any]] = []  # those of them that begin anew with each test
        self.phased: list[Probe[Any]] = []  # those that are asked between the phases of a test, too
        self.asked: list[Probe[Any]] = []  # those that are asked at each boundary, whatever was heard
        self.hearers: list[Probe[Any]] = []  # the others, which are asked once they are stirred
        self.imported = -1  # how many modules there were when that was found out
        self.complete = False  # all that are awake have a snapshot
        self.mentions = Mentions(word for probe in self.probes for word in probe.words)
        self.trail = trail
        self.complain = complain
        self.last: dict[Probe[Any], Any] = {}
        self.owners: list[Owner] = []
        self.told: dict[str, list[tuple[Probe[Any], Callable[..., object]]]] = {}  # by name, methods that do something
        self.open: dict[Key, Change] = {}  # reported, and not put back: whoever does so later only cleans up

    def refresh(self, probes: Iterable[Probe[Any]] | None = None) -> None:
        """Take new snapshots, whatever has changed."""
        MOMENT.next()
        for probe in self.awakened() if probes is None else list(probes):
            try:
                self.last[probe] = probe.snapshot()
            except Exception as error:  # noqa: BLE001 - a probe must never end the run
                self.disable(probe, error)
        self.trail.forget()

    def forget(self) -> None:
        """Let the next test begin with new snapshots of everything."""
        self.owners = []
        self.last.clear()
        self.complete = False

    def awakened(self) -> list[Probe[Any]]:
        """Return the probes that are asked in tests; which those are is found out anew after imports."""
        if len(sys.modules) != self.imported:
            self.imported = len(sys.modules)
            before = self.awake
            self.mentions.keep_up()
            self.awake = [probe for probe in self.probes if probe.in_tests and probe.is_awake(self.mentions.found)]
            self.fresh = [probe for probe in self.awake if probe.between]
            self.phased = [probe for probe in self.awake if probe.phases]
            self.asked = [probe for probe in self.awake if not probe.by_events]
            self.hearers = [probe for probe in self.awake if probe.by_events]
            self.told.clear()
            complete = self.complete
            for probe in self.awake:
                if probe not in before:  # what it saw before it fell asleep is no longer what a test began with
                    self.last[probe] = probe.asleep() if complete else UNSEEN
                    if self.last[probe] is UNSEEN:
                        del self.last[probe]
                        self.complete = False
        return self.awake

    def tell(self, method: str, *args: object) -> None:
        """Call a method of those probes that have one of their own; of a test, not while a library is missing.

        Who is awake is not found out while files are collected: that reads the code of the project, each file once, and
        is done where the first test begins.
        """
        awake = self.awakened() if method in OF_TESTS else self.awake
        if method not in self.told:
            plain = getattr(Probe, method)
            asked = [one for one in self.probes if not (one.gates and method in OF_TESTS) or one in awake]
            mine = [probe for probe in asked if getattr(type(probe), method) is not plain]
            self.told[method] = [(probe, getattr(probe, method)) for probe in mine]
        for probe, told in self.told[method]:
            try:
                told(*args)
            except Exception as error:  # noqa: BLE001 - a probe must never end the run
                self.disable(probe, error)

    def begin(self, owner: Owner) -> None:
        """Start the first owner: a test. What others changed since the last boundary is nobody's."""
        self.owners = [owner]
        awake = self.awakened()
        if self.complete:
            self.refresh(self.fresh)
        else:
            self.refresh([probe for probe in awake if probe.between or probe not in self.last])
            self.complete = True

    def push(self, owner: Owner) -> None:
        """Let changes from here on belong to an owner within the present one."""
        if self.owners:
            self.boundary()
        else:
            self.refresh()
        self.owners.append(owner)

    def pop(self, owner: Owner) -> None:
        """End an owner (and those within it); the ledger is complete up to here."""
        if owner in self.owners:
            self.boundary()
            del self.owners[self.owners.index(owner) :]

    def boundary(self, probes: Iterable[Probe[Any]] | None = None, *, clear: bool = True) -> None:
        """Write what has changed since the last boundary into the ledger of the innermost owner.

        `clear` says whether the notes are done with: they are not where only some of the probes are asked.
        """
        MOMENT.next()
        last = self.last
        if probes is None:
            probes = self.due()
        for probe in probes:
            before = last.get(probe, UNSEEN)
            if before is UNSEEN:
                continue
            try:
                now = probe.snapshot()
                if now is not before:  # nearly all that a quiet test costs is to come to know this
                    for change in probe.changes(before, now):
                        self.enter(probe, change)
                    last[probe] = now
            except Exception as error:  # noqa: BLE001 - as above
                self.disable(probe, error)
        while self.trail.broken:
            self.disable(*self.trail.broken.pop())
        if clear:
            self.trail.forget()

    def due(self) -> list[Probe[Any]]:
        """Return the probes that may have something to say, in their order."""
        awake = self.awakened()
        stirred = [probe for probe in self.hearers if probe.stirred]
        return [probe for probe in awake if probe.stirred or not probe.by_events] if stirred else self.asked

    def enter(self, probe: Probe[Any], change: Change) -> None:
        """Write one change down, unless it is none of the suite's, or repairs what was reported."""
        key = (probe.code, change.state)
        known = self.open.get(key)
        if (
            known is not None
            and not any(key in owner.ledger for owner in self.owners)
            and known.is_taken_back_by(change)
        ):
            del self.open[key]
            return
        note = change.note if change.note is not None else change.state
        place = note if isinstance(note, Place) else self.trail.place_of(probe, note)
        if change.quiet or (place is not None and (place.origin == MACHINE or place.importing)):
            held = self.owners[-1].ledger.get(key)  # unittest's cleanups put back what the suite's code changed
            if held is None or not held.change.is_taken_back_by(change):
                return
        self.owners[-1].add(Entry(probe, change, place))

    def acts(self) -> list[Act]:
        """Return what tests of this process did that harms those of another one that do the same."""
        found: list[Act] = []
        for probe in list(self.probes):
            try:
                found += probe.handed_over()
            except Exception as error:  # noqa: BLE001 - as above
                self.disable(probe, error)
        return found

    def restore(self, entries: Iterable[Entry]) -> None:
        """Put back what was left changed, the last change first; what cannot be put back stays known."""
        self.trail.paused = True
        touched: list[Probe[Any]] = []
        for entry in reversed(list(entries)):
            touched.append(entry.probe)
            try:
                if entry.change.undo is not None:
                    entry.change.undo()
            except Exception:  # noqa: BLE001, S110 - for example a folder that is gone; the finding stands
                pass
        self.trail.listen(on=True)
        self.refresh(probe for probe in dict.fromkeys(touched) if probe in self.probes)
        self.trail.paused = False

    def keep(self, entries: Iterable[Entry]) -> None:
        """Remember what was reported and left as it is."""
        for entry in entries:
            self.open.setdefault((entry.probe.code, entry.change.state), entry.change)

    def disable(self, probe: Probe[Any], error: BaseException) -> None:
        """Ask a probe no more, and say so once."""
        if probe in self.probes:
            self.probes.remove(probe)
            for name in LISTS:  # new ones: one of them may be gone through just now
                setattr(self, name, [one for one in getattr(self, name) if one is not probe])
            self.last.pop(probe, None)
            self.told.clear()
            self.trail.drop(probe)
            self.complain(probe, error)
