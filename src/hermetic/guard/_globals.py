"""What the project's modules and their classes hold, copied once at each boundary for all probes that compare it.

Three rules look at it: HRM308 (a function or class was replaced), HRM603 (other attributes of a class) and HRM601
(other data of a module). Each difference belongs to exactly one of them, and keeps to it: what is put back later has
to be seen by the same rule. A probe takes `PROJECT.snapshot()` for its own, and asks `PROJECT.differences`.
"""

from __future__ import annotations

import functools
import itertools
import operator
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._definitions import code_of, is_benign, is_made_again
from hermetic.guard._holders import found_in, held_by, is_projects, named_in
from hermetic.guard._patched import Patches
from hermetic.guard._stamps import Stamps, are_told, number_of
from hermetic.guard.compare import identical, same_objects
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import MOMENT, Change, Table

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Sequence

    from hermetic.guard._holders import Holder

MODULES = 0  # the place of the table of modules before what is in sight
SPECIFICATION = "__spec__"  # of a module; a reload gives it another one


class Snapshot(NamedTuple):
    """The holders, and a copy of what each holds: the same one as before where nobody wrote to it.

    `looks` is another number where there are other holders.
    """

    holders: list[Holder]
    copies: list[dict[str, Any]]
    looks: int


class Difference(NamedTuple):
    """One attribute of a module or class that is another object than before, and the rule whose business it is."""

    holder: Holder
    name: str
    before: object
    after: object
    code: str

    def change(self) -> Change:
        """Return it as a change of state."""
        state = f"{self.holder.name}.{self.name}"
        return Change(state, self.before, self.after, functools.partial(self.holder.put, self.name, self.before))


class Walk:
    """Finds the project's modules and classes, and copies what they hold; once at each boundary, whoever asks.

    To compare is to touch every value, most of which no cache of the processor has. So what CPython says was not
    written to is not compared; and another test file than the running one, of which no module holds anything, is out of
    sight: it is compared when the last test of a file ends.
    """

    def __init__(self) -> None:
        self.holders: list[Holder] = []
        self.modules: dict[str, types.ModuleType] = {}  # those of the project
        self.shared: set[str] = set()  # names of those that another one holds, or held, or something of them
        self.unread: set[Holder] = set()  # those that may have made others shared since that was found out
        self.looks = 0  # how often there were others of them
        self.table: dict[str, Any] = {}  # a copy of the table of modules
        self.seen: dict[str, types.ModuleType] = {}  # that table itself
        self.moment = -1
        self.last: Snapshot | None = None
        self.copies: list[dict[str, Any]] = []  # of what each holder held with the last snapshot, whatever is patched
        self.patches = Patches()  # those that were started then
        # After so many looks, the places of the holders by what they are: two names may lead to one class.
        self.known: tuple[int, dict[int, int]] = 0, {}
        self.file: os.PathLike[str] | None = None  # of the running test, None where everything is in sight
        self.in_sight: set[Holder] = set()
        self.inside: list[int] = []  # the places of those among the holders
        self.spaces: list[Any] = []  # the dictionaries of those
        self.kept: list[dict[str, Any]] = []  # what the table of modules and each of them held with the last snapshot
        self.flat: list[Any] = []  # the values of it, one after the other; empty where nobody has asked for them
        self.stamps = Stamps()  # of all that is in sight, where they tell of writes
        self.stamped = b""  # those that stood for what is known; empty where that is not known
        self.codes: dict[str, str] = {}  # by state, the rule that saw it change first
        self.compared: tuple[Snapshot | None, Snapshot | None, list[Difference]] = None, None, []

    def snapshot(self) -> Snapshot:
        """Return what is held now: about 50 ns for each module and class, and nothing when this boundary has one.

        Where nothing has changed it is the last snapshot itself.
        """
        if self.last is None or self.moment != MOMENT.number:
            self.moment = MOMENT.number
            file = MOMENT.item.path if MOMENT.item is not None and not (MOMENT.ends and MOMENT.file_ends) else None
            if file is not self.file:
                self.file = file
                self.focus()
            patched, stamps = self.patches.keep_up(), self.stamps.read()
            changed = self.changed(stamps) if self.last is not None else [MODULES]
            self.stamped = stamps
            if changed or patched or self.last is None:
                self.keep_up(changed)
                self.last = self.without_patches()
        return self.last

    def changed(self, stamps: bytes) -> list[int]:
        """Return which of what is in sight holds something else by now, by its place in `kept`.

        Without stamps it takes about 5 ns for each attribute to see that nothing does.
        """
        come = [MODULES] if len(self.copies) != len(self.holders) else []  # somebody has looked since
        if stamps and len(stamps) == len(self.stamped) and self.seen is sys.modules:
            if stamps == self.stamped:
                return come
            spaces = [sys.modules, *self.spaces]
            places: Sequence[int] = self.stamps.written(self.stamped, stamps)
        else:
            spaces = [sys.modules, *self.spaces]
            if not stamps and self.is_flat_same(spaces):
                return come
            places = range(len(spaces))
        found = [place for place in places if not has_same(spaces[place], self.kept[place])]
        return found if MODULES in found or (not come and self.has_newest()) else [MODULES, *found]

    def is_flat_same(self, spaces: list[dict[str, Any]]) -> bool:
        """Tell whether all values are the same; names, and what is a proxy, are too much to look at in each test.

        Flat, and by the garbage collector's own walk: no iterator gives values half as fast.
        """
        self.flat = self.flat or [*itertools.chain.from_iterable(map(dict.values, self.kept))]
        return same_objects(held_by(*spaces), self.flat) and self.has_newest()

    def has_newest(self) -> bool:
        """Tell whether the newest module has the name that it had."""
        return next(reversed(sys.modules), None) == next(reversed(self.table), None)

    def modules_now(self) -> dict[str, Any]:
        """Return a copy of the table of modules: the last one, where nothing has changed."""
        known = self.moment == MOMENT.number
        if not known and not (same_objects(held_by(sys.modules), [*self.table.values()]) and self.has_newest()):
            self.look()
        return self.table

    # What is in sight

    def focus(self) -> None:
        """Gather what is in sight, and what it held with the last snapshot."""
        file = None if self.file is None else os.fspath(self.file)
        self.inside = [
            number
            for number, (holder, _) in enumerate(zip(self.holders, self.copies, strict=False))
            if file is None or holder.test in {"", file} or holder.module in self.shared
        ]
        seen = {self.holders[number] for number in self.inside}
        if seen != self.in_sight:  # others gather what they compare when there is another list
            self.in_sight = seen
            self.spaces = [self.holders[number].own for number in self.inside]
            self.stamps = Stamps()
            if are_told():
                own = [self.holders[number].numbered() for number in self.inside]
                self.seen = sys.modules
                self.stamps = Stamps([number_of(self.seen), *own])
        self.stamped = b""  # what was written since is seen the next time
        self.kept = [self.table, *[self.copies[number] for number in self.inside]]
        self.flat = []

    # What is held

    def keep_up(self, changed: list[int]) -> None:
        """Copy what has changed, by its place in `kept`; where modules came or went, the new ones, or all."""
        own = {place: self.inside[place - 1] for place in changed if place != MODULES}
        self.unread.update(self.holders[number] for number in own.values())
        if MODULES in changed:
            self.look()
            if not self.copies:  # the holders are others
                own = {}
        for number in [*own.values(), *range(len(self.copies), len(self.holders))]:
            self.copies[number : number + 1] = [self.holders[number].own.copy()]
        if MODULES in changed:
            self.focus()
        for place, number in own.items():
            self.kept[place] = self.copies[number]
            self.flat = []

    def without_patches(self) -> Snapshot:
        """Return what is held, as it is without the patches that are started."""
        copies = [*self.copies]
        patchers = self.patches.of_attributes()
        if patchers and self.known[0] != self.looks:
            self.known = self.looks, {id(holder.value): number for number, holder in enumerate(self.holders)}
        for patcher in patchers:
            number = self.known[1].get(id(patcher.target))
            if number is not None:
                copies[number] = self.patches.seen_through(patcher, copies[number])
        return Snapshot(self.holders, copies, self.looks)

    def look(self) -> None:
        """Find the modules that were imported since, and forget those that are no longer there."""
        table, known = sys.modules, self.table
        gone = {name for name, module in self.modules.items() if table.get(name) is not module}
        if gone:
            self.holders = [holder for holder in self.holders if holder.module not in gone]
            self.copies, self.shared, self.unread = [], set(), {*self.holders}
            for name in gone:
                del self.modules[name]
        new = {
            name: module
            for name, module in table.copy().items()
            if (name not in known or name in gone) and is_projects(module)
        }
        for name, module in new.items():
            self.modules[name] = module
            found = [*found_in(name, module)]
            self.holders += found
            self.unread.update(found)
        if new or gone:
            self.looks += 1
            self.shared |= {name for holder in self.unread for name in named_in(holder)}
            self.unread = set()
        if [*table] != [*known] or not same_objects([*table.values()], [*known.values()]):
            self.table = table.copy()

    def tables(self, *, of_classes: bool) -> Iterator[Table]:
        """Yield the dictionaries of the modules, or of the classes."""
        for holder in self.holders:
            if holder.is_class is of_classes:
                yield Table(holder.name, holder.own, attributes=True)

    def differences(self, before: Snapshot, after: Snapshot, code: str) -> Iterator[Difference]:
        """Yield what differs and is the business of one rule. What a new module holds is no difference."""
        if before is after:
            return
        if self.compared[0] is not before or self.compared[1] is not after:
            self.compared = before, after, list(self.compare(before, after))
        for found in self.compared[2]:
            if found.code == code:
                yield found

    def compare(self, before: Snapshot, after: Snapshot) -> Iterator[Difference]:
        """Yield what differs, attribute by attribute where the values of a holder are not all the same objects."""
        if before.holders is after.holders:
            others = map(operator.is_not, before.copies, after.copies)
            pairs = [(number, number) for number in itertools.compress(itertools.count(), others)]
        else:
            old = {holder: number for number, holder in enumerate(before.holders[: len(before.copies)])}
            pairs = [(old[holder], number) for number, holder in enumerate(after.holders) if holder in old]
        for place, number in pairs:
            was, now = before.copies[place], after.copies[number]
            if was is not now and not has_same(was, now):
                yield from self.compare_holder(after.holders[number], was, now)

    def compare_holder(self, holder: Holder, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
        """Yield what differs between two copies of what a module or class holds."""
        reloaded = before.get(SPECIFICATION) is not after.get(SPECIFICATION)
        for name in dict.fromkeys([*before, *after]):
            was, now = before.get(name, ABSENT), after.get(name, ABSENT)
            if was is not now and not is_benign(holder, name, was, now) and not (reloaded and is_made_again(was, now)):
                state = f"{holder.name}.{name}"
                if state not in self.codes:
                    self.codes[state] = code_of(holder, was, now)
                yield Difference(holder, name, was, now, self.codes[state])


def has_same(space: dict[str, Any], copy: dict[str, Any]) -> bool:
    """Tell whether a dictionary and a copy hold the very same objects under the same names, in the same order."""
    return identical([*space.values()], [*copy.values()]) and [*space] == [*copy]


PROJECT = Walk()
