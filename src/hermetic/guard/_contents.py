"""The containers and objects behind the names of the project's modules and classes, copied at each boundary."""

from __future__ import annotations

import itertools
import operator
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT
from hermetic.guard._own import is_own_object
from hermetic.guard._samples import Sample
from hermetic.guard._stamps import Numbered, Stamps, are_told, are_told_of_objects
from hermetic.guard.compare import same_objects
from hermetic.guard.containers import CONTAINERS, Part, deep_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class Contents:
    """Keeps up with what names of modules, or of classes, stand for; what nobody wrote to is not looked into."""

    def __init__(self, *, of_classes: bool) -> None:
        self.of_classes = of_classes
        self.depth = DEPTH
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

    def snapshot(self, walk: Snapshot, code: str) -> Held:
        """Compare each container with its copy, and copy again what is behind a name that differs.

        It takes about 0.1 us each, and a tenth of that where the interpreter tells of writes. The list of them is made
        anew when there are new modules, or a name stands for something else; a new name is added to it.
        """
        last = self.last
        changed = PROJECT.differences(last.walk, walk, code) if last is not None and walk is not last.walk else ()
        others = [one for one in changed if leads_on(one)]  # a number that counts does not
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
        copies = self.parted(others, last.copies)
        copies = copies if self.is_as_before() else self.renewed(copies)
        if others:
            copies = [*copies, *self.joined(others)]
        if copies is not last.copies or walk is not last.walk:
            self.last = last = Held(walk, self.watched, copies)
        return last

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
        for holder, copy in zip(walk.holders, walk.copies, strict=True):
            if holder.is_class is self.of_classes:
                for name, value in copy.items():
                    if type(value) not in NOTHING_WITHIN and is_watched(value):
                        add(found.setdefault(name, []), holder, name, value)
        for watched in found.values():
            for one in watched:
                yield from self.expanded(one)

    def parted(self, others: list[Difference], copies: list[Any]) -> list[Any]:
        """Forget what stood behind names that stand for something else by now; return the copies of the rest.

        To find everything anew instead would take tenths of a second where a project holds much.
        """
        gone = [one for one in others if is_watched(one.before)]
        roots = [one for one in self.watched if gone and not one.suffix and any(led_to(each, one) for each in gone)]
        if not roots:
            return copies
        paths = {one.part.path for one in roots}
        kept = [one.root not in paths for one in self.watched]
        self.watched, self.mirrors, self.numbered, copies = (
            [*itertools.compress(each, kept)] for each in (self.watched, self.mirrors, self.numbered, copies)
        )
        for one in roots:
            holders = [pair for pair in one.holders if not any(is_of(each, pair) for each in gone)]
            if holders:  # what other names lead to as well is behind the first of them from here on
                copies += self.added([behind(holders, one.part.itself)])
        self.focus()
        return copies

    def joined(self, others: list[Difference]) -> list[Any]:
        """Add what stands behind new names; return the copies of it."""
        names = {one.name for one in others}
        roots: dict[str, list[Watched]] = {}
        for one in self.watched:
            if not one.suffix and one.holders[0][1] in names:
                roots.setdefault(one.holders[0][1], []).append(one)
        known = {name: len(held) for name, held in roots.items()}
        for holder, name, _, value, _ in others:
            if is_watched(value):
                add(roots.setdefault(name, []), holder, name, value)
        copies = self.added([one for name, held in roots.items() for one in held[known.get(name, 0) :]])
        self.focus()
        return copies

    def added(self, new: list[Watched]) -> list[Any]:
        """Watch what names stand for; return the copies of it."""
        come = [part for one in new for part in self.expanded(one)]
        self.watched = [*self.watched, *come]
        self.mirrors += [one.part.mirrored() for one in come]
        self.numbered += [numbered(one.part) for one in come]
        return [one.part.copied() for one in come]

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


def add(found: list[Watched], holder: Holder, name: str, value: Any) -> None:
    """Add what a name stands for to what has been found under this name, or the holder to that of another one."""
    if name.startswith(("__", "@")) or any(value is getattr(sys, other, None) for other in OF_SYS):
        return
    same = [one for one in found if one.part.itself is value]
    if same:
        same[0].holders.append((holder, name))
    else:
        found.append(behind([(holder, name)], value))


def behind(holders: list[tuple[Holder, str]], value: Any) -> Watched:
    """Return a container or object under the first of the names that stand for it."""
    holder, name = holders[0]
    return Watched(Part(f"{holder.name}.{name}", value, attributes=type(value) not in CONTAINERS), holders)


def led_to(difference: Difference, one: Watched) -> bool:
    """Tell whether a name that stands for something else by now led to a container or object."""
    return one.part.itself is difference.before and any(is_of(difference, pair) for pair in one.holders)


def is_of(difference: Difference, pair: tuple[Holder, str]) -> bool:
    """Tell whether a difference is that of a name of a module or class."""
    return pair[0] is difference.holder and pair[1] == difference.name


def is_same_list(now: list[Watched], before: list[Watched]) -> bool:
    """Tell whether the same containers are behind a name, each compared as it was: whole, or a sample of it."""
    return len(now) == len(before) and all(
        one.part.itself is was.part.itself and type(one.part) is type(was.part)
        for one, was in zip(now, before, strict=True)
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
