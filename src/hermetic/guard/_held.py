"""What modules and classes of the project hold, and which changes of it are worth telling.

Filling in what was empty on purpose is what healthy suites do most: memo tables, lazy singletons, registries of
classes. Telling of that would bury what harms, so the rules below leave it out; HRM601's page says which they are.
"""

from __future__ import annotations

import itertools
import operator
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._assigned import Assigned
from hermetic.guard._globals import PROJECT
from hermetic.guard._own import is_left_to_breakers, is_own_object, is_told_of_object, last_attribute
from hermetic.guard._samples import Sample
from hermetic.guard._stamps import Numbered, Stamps, are_told, are_told_of_objects
from hermetic.guard._words import COUNT, DONE, MEMO, definer, is_in_tests, is_of_test, is_plain, speaks_of
from hermetic.guard._written import writes_entry
from hermetic.guard.containers import CONTAINERS, ROWS, TABLES, Part, deep_parts, holds
from hermetic.guard.probe import ABSENT, MOMENT, Change, Probe, Table, same, same_objects
from hermetic.guard.probes.breakers import breaker_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hermetic.guard._globals import Difference, Snapshot
    from hermetic.guard._holders import Holder

# A module that imports one of these by name holds the very object: a change of it is another rule's business.
OF_SYS = ("argv", "path", "meta_path", "path_hooks", "modules", "warnoptions")
# What most names stand for: nothing of the project's is within, which is seen at once.
NOTHING_WITHIN = frozenset({type(None), bool, int, float, str, type, types.FunctionType, types.ModuleType})
LARGEST = 1000  # items of a container that is copied at each boundary (about 3 us)
MOST = 40  # parts of what one name stands for
DEPTH = 3  # steps from a name into what it stands for, unless `hermetic_depth` says otherwise


class Watched(NamedTuple):
    """A container or object, and the modules or classes that hold it, each with the name.

    `suffix` is how it is written behind that name, where it lies deeper.
    """

    part: Part
    holders: list[tuple[Holder, str]]
    suffix: str = ""

    @property
    def root(self) -> str:
        """The name that the part lies behind."""
        return self.part.path.removesuffix(self.suffix)


class Held(NamedTuple):
    """What the walk saw, the watched containers, and a copy of each."""

    walk: Snapshot
    watched: list[Watched]
    copies: list[Any]


class HeldProbe(Probe[Held]):
    """Compares what the modules, or the classes, of the project hold."""

    of_classes = False

    def __init__(self) -> None:
        self.watched: list[Watched] = []
        self.known: tuple[object, int] | None = None
        self.mirrors: list[Any] = []  # what each is compared with
        self.spaces: list[Any] = []  # what was in sight with the last snapshot
        self.numbered: list[Numbered | None] = []  # what tells of writes to each, where something does
        self.inside: list[int] = []  # the places of what is in sight in the list of watched containers
        self.in_sight: tuple[list[Any], list[Any]] = [], []  # the containers of it, and their mirrors
        self.stamps, self.stamped = Stamps(), b""  # of those of them that are told of; when they were as their mirrors
        self.untold: list[int] = []  # the places of the others
        self.others: tuple[list[Any], list[Any]] = [], []  # those, and their mirrors
        self.last: Held | None = None
        self.filled: set[str] = set()  # entries that were filled in once may change
        self.depth = DEPTH
        self.breakers: list[str] = []  # classes of which another rule reports how their objects are
        self.assigned = Assigned()

    def learn_options(self, options: Mapping[str, object]) -> None:
        """Learn how deep to look, and what is another rule's."""
        depth = options.get("hermetic_depth", DEPTH)
        self.depth = depth if isinstance(depth, int) else DEPTH
        self.breakers = breaker_classes(options)

    def snapshot(self) -> Held:
        """Compare each container with its copy, and copy again what is behind a name that differs.

        It takes about 0.1 us each, and a tenth of that where the interpreter tells of writes. The list of them is made
        anew when there are new modules, or a name stands for something else.
        """
        walk, last = PROJECT.snapshot(), self.last
        if last is not None and walk is not last.walk and self.has_new_names(last.walk, walk):
            self.known = None
        if (
            last is None
            or self.known is None
            or self.known[0] is not walk.holders
            or self.known[1] != len(walk.holders)
        ):
            self.watched = list(self.find(walk))
            self.known = walk.holders, len(walk.holders)
            self.mirrors = [one.part.mirrored() for one in self.watched]
            self.numbered = [numbered(one.part) for one in self.watched]
            self.last = last = Held(walk, self.watched, [one.part.copied() for one in self.watched])
            self.focus()
            return last
        if self.spaces is not PROJECT.spaces:
            self.focus()
        copies = last.copies if self.is_as_before() else self.renewed(last.copies)
        if copies is not last.copies or walk is not last.walk:
            self.last = last = Held(walk, self.watched, copies)
        return last

    def tables(self) -> Iterator[Table]:
        """Yield what modules or classes hold, and the tables and objects behind their names."""
        yield from PROJECT.tables(of_classes=self.of_classes)
        for one in self.watched:
            held = one.part.itself.__dict__ if one.part.attributes else one.part.itself
            for holder, name in one.holders if isinstance(held, dict) else ():
                yield Table(f"{holder.name}.{name}{one.suffix}", held, one.part.attributes)

    def has_new_names(self, before: Snapshot, after: Snapshot) -> bool:
        """Tell whether a name stands for another container or object by now; a number that counts is neither."""
        return any(leads_on(found) for found in PROJECT.differences(before, after, self.code))

    def focus(self) -> None:
        """Gather the containers that are in sight."""
        self.inside = [number for number, one in enumerate(self.watched) if is_in_sight(one)]
        told = {number: one for number in self.inside if (one := self.numbered[number]) is not None}
        self.stamps, self.stamped = Stamps(told.values()), b""
        self.untold = [number for number in self.inside if number not in told]
        self.in_sight, self.others = (
            ([self.watched[number].part.live for number in places], self.mirrors_of(places))
            for places in (self.inside, self.untold)
        )
        self.spaces = PROJECT.spaces

    def mirrors_of(self, places: list[int]) -> list[Any]:
        """Return what some containers are compared with."""
        return [*map(self.mirrors.__getitem__, places)]

    def is_as_before(self) -> bool:
        """Tell whether the containers in sight are as their mirrors."""
        stamps = self.stamps.read()
        if stamps == self.stamped and same_objects(*self.others):
            return True
        self.stamped = stamps
        return same_objects(*self.in_sight)

    def find(self, walk: Snapshot) -> Iterator[Watched]:
        """Yield the containers; one that several modules hold under its name is one."""
        found: dict[str, list[Watched]] = {}
        others = [getattr(sys, name, None) for name in OF_SYS]
        for holder, copy in zip(walk.holders, walk.copies, strict=True):
            if holder.is_class is not self.of_classes:
                continue
            for name, value in copy.items():
                if type(value) in NOTHING_WITHIN or not is_watched(value) or name.startswith(("__", "@")):
                    continue
                if any(value is other for other in others):
                    continue
                same = [one for one in found.setdefault(name, []) if one.part.itself is value]
                if same:
                    same[0].holders.append((holder, name))
                else:
                    first = Part(f"{holder.name}.{name}", value, attributes=type(value) not in CONTAINERS)
                    found[name].append(Watched(first, [(holder, name)]))
        for watched in found.values():
            for one in watched:
                yield from self.expanded(one)

    def expanded(self, one: Watched) -> Iterator[Watched]:
        """Yield what a name stands for, and the containers and objects of the project within."""
        path = one.part.path
        if is_large(one.part.itself):
            yield Watched(Sample(path, one.part.itself), one.holders, one.suffix)
            return
        parts = deep_parts(one.part.itself, path, self.depth, is_own_object)
        for part in itertools.islice(parts, MOST):
            seen = Sample(part.path, part.itself) if is_large(part.itself) else part
            yield Watched(seen, one.holders, part.path.removeprefix(path))

    def renewed(self, copies: list[Any]) -> list[Any]:
        """Look anew into those names behind which something in sight was changed; return the copies of all.

        What is out of sight keeps its copy, and is compared with it when it is in sight again.
        """
        watched, copies = self.watched, [*copies]
        for span in reversed(self.changed_spans()):
            before = self.watched[span]
            now = list(self.expanded(before[0]))
            if not is_same_list(now, before):
                watched = [*watched] if watched is self.watched else watched
                watched[span] = now
            self.mirrors[span] = [one.part.mirrored() for one in now]
            self.numbered[span] = [numbered(one.part) for one in now]
            copies[span] = [one.part.copied() for one in now]
        if watched is self.watched:
            self.in_sight = self.in_sight[0], self.mirrors_of(self.inside)
            self.others = self.others[0], self.mirrors_of(self.untold)
        else:
            self.watched = watched
            self.focus()
        return copies

    def changed_spans(self) -> list[slice]:
        """Return the parts of the list of watched containers that lie behind one name, and of which one was changed."""
        watched, spans, end = self.watched, [], 0
        for number in itertools.compress(self.inside, differing(*self.in_sight)):
            if number >= end:
                root = watched[number].root
                start, end = number, number + 1
                while start and watched[start - 1].root == root:
                    start -= 1
                while end < len(watched) and watched[end].root == root:
                    end += 1
                spans.append(slice(start, end))
        return spans

    def changes(self, before: Held, after: Held) -> Iterator[Change]:
        """Compare what names stand for, then what containers hold."""
        for difference in PROJECT.differences(before.walk, after.walk, self.code):
            if leads_on(difference):
                self.known = None
            if are_containers(difference.before, difference.after):
                yield from self.replaced(difference, before)
            elif self.is_worth_telling(difference.holder, difference.name, difference.before, difference.after):
                yield difference.change()
        if before.watched is after.watched:
            if same_objects(before.copies, after.copies):
                return
            pairs: Iterable[tuple[Watched, Any, Any]] = zip(after.watched, before.copies, after.copies, strict=True)
        else:
            pairs = self.common(before, after)
        # `==` of a project's may raise.
        changed = [pair for pair in pairs if pair[1] is not pair[2] and not same_objects([pair[1]], [pair[2]])]
        told: set[tuple[int, bool]] = set()
        for one, was, now in sorted(changed, key=lambda pair: len(pair[0].suffix)):
            if (key := (id(one.part.itself), one.part.attributes)) not in told:  # several names may lead to it
                told.add(key)
                yield from self.contents(one, was, now)

    @staticmethod
    def common(before: Held, after: Held) -> Iterator[tuple[Watched, Any, Any]]:
        """Yield what is in both lists, with both copies."""
        old = {one.part.path: (one.part, copy) for one, copy in zip(before.watched, before.copies, strict=True)}
        for one, now in zip(after.watched, after.copies, strict=True):
            part, was = old.get(one.part.path, (None, None))
            if part is not None and part.itself is one.part.itself and type(part) is type(one.part):
                yield one, was, now

    def replaced(self, difference: Difference, before: Held) -> Iterator[Change]:
        """Yield what a container holds that another one's name was given to; one that holds the same is no change."""
        pairs = zip(before.watched, before.copies, strict=True)
        known = [copy for one, copy in pairs if one.part.itself is difference.before and type(one.part) is Part]
        path = f"{difference.holder.name}.{difference.name}"
        was = known[0] if known else Part(path, difference.before).copied()
        one = Watched(Part(path, difference.before), [(difference.holder, difference.name)])
        undo = difference.change().undo
        for change in self.contents(one, was, Part(path, difference.after).copied()):
            yield change._replace(undo=undo)

    def contents(self, one: Watched, before: Any, after: Any) -> Iterator[Change]:
        """Yield what is worth telling of a container that was changed."""
        holder, name = definer(one.holders)
        part = one.part._replace(path=f"{holder.name}.{name}{one.suffix}")
        for change in part.changes(before, after):
            if change.state in self.filled:
                continue
            attribute = last_attribute(
                f"{one.suffix}.{change.state[len(part.path) + 1 :]}" if part.attributes else one.suffix
            )
            if attribute:
                if self.breakers and is_left_to_breakers(self.breakers, self.watched, one, change, attribute):
                    continue
                if not speaks_of(attribute, MEMO) and is_told_of_object(part, change, attribute, MOMENT.item):
                    yield change
                continue
            if (
                change.before is ABSENT
                and type(part.itself) in TABLES
                and writes_entry(MOMENT.item, name, change.state)
            ):
                yield change
            elif speaks_of(name, MEMO):
                continue
            elif self.is_filling(name, holder, part, change):
                self.filled.add(change.state)
            else:
                yield change

    def is_filling(self, name: str, holder: Holder, part: Part, change: Change) -> bool:
        """Tell whether a container got what it is there for: a registry or a memo table that grows.

        A list is neither. In a public table or set, what is new must be an object that holds nothing of the test, but
        for its key.
        """
        private = name.startswith("_")
        if private and isinstance(change.before, list) and isinstance(change.after, list) and type(part.itself) in ROWS:
            moved = len(change.before) == len(change.after) and all(holds(change.after, one) for one in change.before)
            if moved:
                return True  # taken out and put back, at another place
        if change.before is not ABSENT:
            return private and is_of_test(change.before, holder) and is_of_test(change.after, holder)
        if type(part.itself) in ROWS or private:
            return private and type(part.itself) not in ROWS
        news = change.after if type(part.itself) is set else [change.after]
        return not any(is_plain(new) or is_of_test(new, holder, but=change.state) for new in news)  # type: ignore[attr-defined]

    def is_worth_telling(self, holder: Holder, name: str, before: object, after: object) -> bool:
        """Tell whether a name that stands for something else is worth telling."""
        if speaks_of(name, MEMO) or same(before, after):
            return False
        if before is None or after is None or before is ABSENT or after is ABSENT:
            filled = before is None or before is ABSENT
            return is_of_test(after if filled else before, holder) or (filled and self.is_by_test(holder, name))
        if before == "" and name.startswith("_"):
            return is_of_test(after, holder) or self.is_by_test(holder, name)
        if type(before) is bool and type(after) is bool:
            return not (name.startswith("_") and speaks_of(name, DONE))
        if type(before) is int and type(after) is int:
            return not (name.startswith("_") or speaks_of(name, COUNT))
        return True

    def is_by_test(self, holder: Holder, name: str) -> bool:
        """Tell whether a file of tests assigns a name of a module or class that is none itself."""
        self.assigned.keep_up()
        return not is_in_tests(holder) and self.assigned.is_by_test(f"{holder.name}.{name}", MOMENT.item)


def numbered(part: Part) -> Numbered | None:
    """Return what tells of writes to a container, or to the attributes of an object; None where nothing does."""
    if part.attributes:
        return Numbered(part.live) if are_told_of_objects() else None
    return Numbered(part.itself) if type(part.itself) is dict and are_told() else None


def differing(lives: list[Any], mirrors: list[Any]) -> list[bool]:
    """Tell which containers differ from their mirrors; one whose values cannot be compared does."""
    try:
        return [*map(operator.ne, lives, mirrors)]
    except Exception:  # noqa: BLE001 - comparison is code of the project
        return [not same_objects([live], [mirror]) for live, mirror in zip(lives, mirrors, strict=True)]


def is_in_sight(one: Watched) -> bool:
    """Tell whether a module or class in sight holds a container."""
    seen = PROJECT.in_sight
    return one.holders[0][0] in seen or any(holder in seen for holder, _ in one.holders[1:])


def is_same_list(now: list[Watched], before: list[Watched]) -> bool:
    """Tell whether the same containers are behind a name."""
    return len(now) == len(before) and all(
        one.part.itself is was.part.itself for one, was in zip(now, before, strict=True)
    )


def is_watched(value: Any) -> bool:
    """Tell whether a value is a container, or an object of the project."""
    return type(value) in CONTAINERS or is_own_object(value)


def leads_on(difference: Difference) -> bool:
    """Tell whether there is something to find behind a name, or was."""
    return is_watched(difference.before) or is_watched(difference.after)


def is_large(value: Any) -> bool:
    """Tell whether a value is a container of which only a sample is compared."""
    return type(value) in CONTAINERS and len(value) > LARGEST


def are_containers(before: object, after: object) -> bool:
    """Tell whether two values are containers of one kind, small enough to be compared."""
    return type(before) is type(after) and type(before) in CONTAINERS and max(len(before), len(after)) <= LARGEST  # type: ignore[arg-type]
