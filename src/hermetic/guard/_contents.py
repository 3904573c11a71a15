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
from hermetic.guard._sight import Sight
from hermetic.guard._stamps import are_told, are_told_of_objects, number_of
from hermetic.guard.containers import CONTAINERS, Part, deep_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermetic.guard._globals import Difference, Snapshot
    from hermetic.guard._holders import Holder
    from hermetic.guard._stamps import Number

    Name = tuple[Holder, str]  # a module or class, and an attribute of it

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
    holders: list[Name]
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
        self.looks = 0  # as the holders were when they were gone through
        self.holders: set[Holder] = set()
        self.mirrors: list[Any] = []  # what each is compared with
        self.spaces: list[Any] = []  # what was in sight with the last snapshot
        self.numbered: list[Number | None] = []  # what tells of writes to each, where something does
        self.always = self.now = Sight([], [], [])  # of what is always in sight, and of what is just now
        self.of_files: list[int] = []  # the places of what files of tests alone hold
        self.last: Held | None = None

    def snapshot(self, walk: Snapshot, code: str) -> Held:
        """Compare each container with its copy, and copy again what is behind a name that differs.

        It takes about 0.1 us each, and a tenth of that where the interpreter tells of writes.
        """
        last, watched = self.last, self.watched
        changed = PROJECT.differences(last.walk, walk, code) if last is not None and walk is not last.walk else ()
        others = [one for one in changed if leads_on(one)]  # a number that counts does not
        copies = last.copies if last is not None else []
        if self.looks != walk.looks:
            copies = self.followed(walk, copies)
        if others:
            copies = self.parted(others, copies)
            copies = [*copies, *self.joined((one.holder, one.name, one.after) for one in others)]
        if self.watched is not watched:
            self.gather()
        elif self.spaces is not PROJECT.spaces:
            self.focus()
        if not (self.always.is_as_before() and self.now.is_as_before()):
            copies = self.renewed(copies)
        if last is None or copies is not last.copies or walk is not last.walk:
            self.last = last = Held(walk, self.watched, copies)
        return last

    def gather(self) -> None:
        """Look through the watched containers for those that are always in sight."""
        own = [not one.holders[0][0].test or any(not holder.test for holder, _ in one.holders) for one in self.watched]
        places = range(len(own))
        self.of_files = [*itertools.compress(places, map(operator.not_, own))]
        self.always = self.sight(itertools.compress(places, own))
        self.focus()

    def focus(self) -> None:
        """Gather the other containers that are in sight."""
        self.now = self.sight(place for place in self.of_files if is_in_sight(self.watched[place]))
        self.spaces = PROJECT.spaces

    def sight(self, places: Iterable[int]) -> Sight:
        """Return what compares some of the containers."""
        places = [*places]
        made = Sight(places, [self.watched[place].part.live for place in places], self.numbered)
        made.compare_with(self.mirrors)
        return made

    def followed(self, walk: Snapshot, copies: list[Any]) -> list[Any]:
        """Forget what modules held that are gone by now, and watch what new ones hold; return the copies of all.

        To find everything anew instead would take tenths of a second where a project holds much.
        """
        known, self.holders = self.holders, {*walk.holders}
        self.looks = walk.looks
        gone = known - self.holders
        if gone:
            copies = self.forgotten(lambda _, pair: pair[0] in gone, copies)
        pairs = zip(walk.holders, walk.copies, strict=True)
        come = [pair for pair in pairs if pair[0] not in known and pair[0].is_class is self.of_classes]
        return [*copies, *self.joined((holder, name, held[name]) for holder, held in come for name in held)]

    def parted(self, others: list[Difference], copies: list[Any]) -> list[Any]:
        """Forget what stood behind names that stand for something else by now; return the copies of the rest."""
        gone = [one for one in others if is_watched(one.before)]

        def is_gone(one: Watched, pair: Name) -> bool:
            return any(each.before is one.part.itself and is_of(each, pair) for each in gone)

        return self.forgotten(is_gone, copies) if gone else copies

    def forgotten(self, is_gone: Callable[[Watched, Name], bool], copies: list[Any]) -> list[Any]:
        """Forget names, and what lies behind them where no other one leads to it; return the copies of the rest."""
        leave: dict[int, Watched] = {}  # by the list of names, which a container shares with all that lies within
        for one in self.watched:
            if not one.suffix and any(is_gone(one, pair) for pair in one.holders):
                first = one.holders[0]
                one.holders[:] = [pair for pair in one.holders if not is_gone(one, pair)]
                if one.holders[:1] != [first]:
                    leave[id(one.holders)] = one
        if leave:
            stays = [id(one.holders) not in leave for one in self.watched]
            self.watched, self.mirrors, self.numbered, copies = (
                [*itertools.compress(each, stays)] for each in (self.watched, self.mirrors, self.numbered, copies)
            )
            # What other names lead to as well is behind the first of them from here on.
            copies += self.added([behind(one.holders, one.part.itself) for one in leave.values() if one.holders])
        return copies

    def joined(self, come: Iterable[tuple[Holder, str, Any]]) -> list[Any]:
        """Add what stands behind new names; return the copies of it. What several hold under a name is one."""
        new = [one for one in come if type(one[2]) not in NOTHING_WITHIN and is_watched(one[2])]
        names = {name for _, name, _ in new}
        roots: dict[str, list[Watched]] = {}
        for one in self.watched if new else ():
            if not one.suffix and one.holders[0][1] in names:
                roots.setdefault(one.holders[0][1], []).append(one)
        known = {name: len(held) for name, held in roots.items()}
        for holder, name, value in new:
            add(roots.setdefault(name, []), holder, name, value)
        return self.added([one for name, held in roots.items() for one in held[known.get(name, 0) :]])

    def added(self, new: list[Watched]) -> list[Any]:
        """Watch what names stand for; return the copies of it."""
        come = [part for one in new for part in self.expanded(one)]
        if not come:
            return []
        self.watched = [*self.watched, *come]
        copies = [one.part.copied() for one in come]
        self.mirrors += mirrors_of(come, copies)
        self.numbered += [numbered(one.part) for one in come]
        return copies

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
            copies[span] = copied = [one.part.copied() for one in now]
            self.mirrors[span] = mirrors_of(now, copied)
            self.numbered[span] = [numbered(one.part) for one in now]
        if watched is self.watched:
            self.always.compare_with(self.mirrors)
            self.now.compare_with(self.mirrors)
        else:
            self.watched = watched
            self.gather()
        return copies

    def changed_spans(self) -> list[slice]:
        """Return the parts of the list of watched containers that lie behind one name, and of which one was changed."""
        watched, spans, end = self.watched, [], 0
        for number in sorted([*self.always.changed(), *self.now.changed()]):
            if number >= end:
                root = watched[number].root
                start, end = number, number + 1
                while start and watched[start - 1].root == root:
                    start -= 1
                while end < len(watched) and watched[end].root == root:
                    end += 1
                spans.append(slice(start, end))
        return spans


def mirrors_of(watched: list[Watched], copies: list[Any]) -> list[Any]:
    """Return what containers are compared with: mostly the copies that were made of them just now."""
    return [one.part.mirror_of(copy) for one, copy in zip(watched, copies, strict=True)]


def numbered(part: Part) -> Number | None:
    """Return what tells of writes to a container, or to the attributes of an object; None where nothing does."""
    if part.attributes:
        return number_of(part.live) if are_told_of_objects() else None
    return number_of(part.itself) if type(part.itself) is dict and are_told() else None


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


def behind(holders: list[Name], value: Any) -> Watched:
    """Return a container or object under the first of the names that stand for it."""
    holder, name = holders[0]
    return Watched(Part(f"{holder.name}.{name}", value, attributes=type(value) not in CONTAINERS), holders)


def is_of(difference: Difference, pair: Name) -> bool:
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
