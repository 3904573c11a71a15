"""What modules and classes of the project hold, and which changes of it are worth telling.

Filling in what was empty on purpose is what healthy suites do most: memo tables, lazy singletons, registries of
classes. Telling of that would bury what harms, so the rules below leave it out; HRM601's page says which they are.
"""

from __future__ import annotations

import functools
import linecache
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT, is_mock
from hermetic.guard._written import writes_entry
from hermetic.guard.containers import CONTAINERS, ROWS, TABLES, Part, attributes, holds
from hermetic.guard.places import is_test_file
from hermetic.guard.probe import ABSENT, Change, Moment, Probe, same_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.guard._globals import Difference, Holder, Snapshot

# A module that imports one of these by name holds the very object: a change of it is another rule's business.
OF_SYS = ("argv", "path", "meta_path", "path_hooks", "modules", "warnoptions")
LARGEST = 1000  # items of a container that is copied at each boundary (about 3 us)
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
MEMO = frozenset({
    "cache", "caches", "cached", "memo", "memoized", "lru", "interned", "pool", "pools", "seen", "compiled", "warned",
    "instances", "counter", "counters", "lazy", "stats", "lock", "locks", "threadlocal",
})  # fmt: skip
DONE = frozenset({
    "init", "inited", "initialized", "initialised", "ready", "loaded", "setup", "configured", "warned", "done",
    "started", "registered", "installed", "patched", "imported", "checked",
})  # fmt: skip
COUNT = frozenset({
    "count", "counts", "next", "last", "seq", "sequence", "serial", "number", "total", "version", "id", "ids", "uid",
    "index", "hits", "misses", "calls", "created", "time", "timestamp",
})  # fmt: skip


class Watched(NamedTuple):
    """A container, and the modules or classes that hold it, each with the name."""

    part: Part
    holders: list[tuple[Holder, str]]


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
        self.in_sight: tuple[list[Any], list[Any]] = [], []  # the containers of it, and their mirrors
        self.last: Held | None = None
        self.filled: set[str] = set()  # entries that were filled in once may change

    def snapshot(self) -> Held:
        """Compare each container with its copy, and where one differs copy all (about 0.3 us each).

        The list of them is made anew when there are new modules.
        """
        walk = PROJECT.snapshot()
        if self.known is None or self.known[0] is not walk.holders or self.known[1] != len(walk.holders):
            self.watched = list(self.find(walk))
            self.known = walk.holders, len(walk.holders)
            self.last = None
        if self.spaces is not PROJECT.spaces and self.last is not None:
            self.focus()
        if self.last is None or self.last.walk is not walk or not same_objects(*self.in_sight):
            self.mirrors = [one.part.mirrored() for one in self.watched]
            self.last = Held(walk, self.watched, [one.part.copied() for one in self.watched])
            self.focus()
        return self.last

    def focus(self) -> None:
        """Gather the containers that are in sight."""
        pairs = zip(self.watched, self.mirrors, strict=True)
        inside = [pair for pair in pairs if any(holder in PROJECT.in_sight for holder, _ in pair[0].holders)]
        self.in_sight = [one.part.itself for one, _ in inside], [mirror for _, mirror in inside]
        self.spaces = PROJECT.spaces

    def find(self, walk: Snapshot) -> Iterator[Watched]:
        """Yield the containers; one that several modules hold under its name is one."""
        found: dict[str, list[Watched]] = {}
        others = [getattr(sys, name, None) for name in OF_SYS]
        for holder, copy in zip(walk.holders, walk.copies, strict=True):
            if holder.is_class is not self.of_classes:
                continue
            for name, value in copy.items():
                if type(value) not in CONTAINERS or len(value) > LARGEST or name.startswith(("__", "@")):
                    continue
                if any(value is other for other in others):
                    continue
                same = [one for one in found.setdefault(name, []) if one.part.itself is value]
                if same:
                    same[0].holders.append((holder, name))
                else:
                    found[name].append(Watched(Part(f"{holder.name}.{name}", value), [(holder, name)]))
        for watched in found.values():
            yield from watched

    def changes(self, before: Held, after: Held) -> Iterator[Change]:
        """Compare what names stand for, then what containers hold."""
        for difference in PROJECT.differences(before.walk, after.walk, self.code):
            self.known = None
            if are_containers(difference.before, difference.after):
                yield from self.replaced(difference, before)
            elif self.is_worth_telling(difference.holder, difference.name, difference.before, difference.after):
                yield difference.change()
        if before.watched is after.watched:
            if before.copies == after.copies:
                return
            pairs = zip(after.watched, before.copies, after.copies, strict=True)
        else:
            old = {one.part.path: number for number, one in enumerate(before.watched)}
            pairs = zip(*self.common(before, after, old), strict=True)
        for one, was, now in pairs:
            if was != now:
                yield from self.contents(one, was, now)

    @staticmethod
    def common(before: Held, after: Held, old: dict[str, int]) -> tuple[list[Watched], list[Any], list[Any]]:
        """Return the containers that are in both lists, and their copies."""
        both = [
            (one, before.copies[old[one.part.path]], after.copies[number])
            for number, one in enumerate(after.watched)
            if one.part.path in old and before.watched[old[one.part.path]].part.itself is one.part.itself
        ]
        return [one for one, _, _ in both], [was for _, was, _ in both], [now for _, _, now in both]

    def replaced(self, difference: Difference, before: Held) -> Iterator[Change]:
        """Yield what a container holds that another one's name was given to; one that holds the same is no change."""
        pairs = zip(before.watched, before.copies, strict=True)
        known = [copy for one, copy in pairs if one.part.itself is difference.before]
        path = f"{difference.holder.name}.{difference.name}"
        was = known[0] if known else Part(path, difference.before).copied()
        one = Watched(Part(path, difference.before), [(difference.holder, difference.name)])
        undo = difference.change().undo
        for change in self.contents(one, was, Part(path, difference.after).copied()):
            yield change._replace(undo=undo)

    def contents(self, one: Watched, before: Any, after: Any) -> Iterator[Change]:
        """Yield what is worth telling of a container that was changed."""
        holder, name = definer(one.holders)
        part = one.part._replace(path=f"{holder.name}.{name}")
        for change in part.changes(before, after):
            if change.state in self.filled:
                continue
            if (
                change.before is ABSENT
                and type(part.itself) in TABLES
                and writes_entry(Moment.item, name, change.state)
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
            return private and self.is_of_test(change.before, holder) and self.is_of_test(change.after, holder)
        if type(part.itself) in ROWS or private:
            return private and type(part.itself) not in ROWS
        news = change.after if type(part.itself) is set else [change.after]
        return not any(is_plain(new) or self.is_of_test(new, holder, but=change.state) for new in news)  # type: ignore[attr-defined]

    def is_worth_telling(self, holder: Holder, name: str, before: object, after: object) -> bool:
        """Tell whether a name that stands for something else is worth telling."""
        if speaks_of(name, MEMO):
            return False
        if before is None or after is None or before is ABSENT or after is ABSENT:
            new = after if before is None or before is ABSENT else before
            return self.is_of_test(new, holder)
        if type(before) is bool and type(after) is bool:
            return not (name.startswith("_") and speaks_of(name, DONE))
        if type(before) is int and type(after) is int:
            return not (name.startswith("_") or speaks_of(name, COUNT))
        return True

    def constants(self) -> set[object]:
        """Return the strings that are written out in the test."""
        code = getattr(getattr(Moment.item, "function", None), "__code__", None)
        return constants_of(code) if code is not None else set()

    def in_folder(self, text: str) -> bool:
        """Tell whether a text names the temporary folder of the test."""
        return Moment.item is not None and re.sub(r"\W", "_", Moment.item.name)[:30] in text

    def is_of_test(self, value: object, holder: Holder, steps: int = 2, but: str = "") -> bool:
        """Tell whether a value comes from the test: a mock, a class or function of a test file, a constant of it.

        `but` is the state; a constant that stands in it is the key.
        """
        if isinstance(value, str):
            constant = value in self.constants() and value not in source_of(holder) and value not in but
            return constant or self.in_folder(value)
        if isinstance(value, (int, float, type(None), bytes)):
            return False
        if is_mock(value) or (is_in_test_file(value) and not is_in_tests(holder)):
            return True
        if not steps:
            return False
        if type(value) in CONTAINERS or isinstance(value, tuple):
            inner = [*value.values()] if isinstance(value, dict) else [*value]  # type: ignore[misc]
        else:
            inner = [*attributes(value).values()]
        return any(self.is_of_test(one, holder, steps - 1, but) for one in inner[:LARGEST])


def are_containers(before: object, after: object) -> bool:
    """Tell whether two values are containers of one kind, small enough to be compared."""
    return type(before) is type(after) and type(before) in CONTAINERS and max(len(before), len(after)) <= LARGEST  # type: ignore[arg-type]


def is_in_tests(holder: Holder) -> bool:
    """Tell whether a module is a test file or conftest, or a class is defined in one."""
    path = getattr(sys.modules.get(holder.module), "__file__", None)
    return isinstance(path, str) and is_test_file(path)


def is_plain(value: object) -> bool:
    """Tell whether a value is a text, a number, or a builtin container."""
    return type(value) in CONTAINERS or isinstance(value, (str, bytes, int, float, tuple))


def speaks_of(name: str, words: frozenset[str]) -> bool:
    """Tell whether one of the words that a name consists of is one of `words`."""
    return any(word.lower() in words for word in WORDS.findall(name))


def is_in_test_file(value: object) -> bool:
    """Tell whether a function, class or object is defined in a test file or conftest."""
    name = getattr(value, "__module__", None) if isinstance(value, (type, types.FunctionType)) else None
    path = getattr(sys.modules.get(name or type(value).__module__), "__file__", None)
    return isinstance(path, str) and is_test_file(path)


def source_of(holder: Holder) -> str:
    """Return the source of the module that a holder is, or is in."""
    path = getattr(sys.modules.get(holder.module), "__file__", None)
    return source_in(path) if isinstance(path, str) else ""


@functools.lru_cache(maxsize=200)
def source_in(path: str) -> str:
    """Return the text of a file: it is asked for each time that a table of its module is filled."""
    return "".join(linecache.getlines(path))


@functools.lru_cache(maxsize=1000)
def is_bound_in(path: str, name: str) -> bool:
    """Tell whether a name is bound at the start of a line of a file."""
    return re.search(rf"^{re.escape(name)}\s*(:[^=\n]*)?=", source_in(path), re.MULTILINE) is not None


def constants_of(code: types.CodeType) -> set[object]:
    """Return the strings that are written out in a function."""
    found: set[object] = set()
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            found |= constants_of(one)
        elif isinstance(one, str):
            found.add(one)
        elif isinstance(one, tuple):
            found |= {item for item in one if isinstance(item, str)}
    return found


def definer(holders: list[tuple[Holder, str]]) -> tuple[Holder, str]:
    """Return the holder in whose source the name is bound at the start of a line; the others import it."""
    for holder, name in holders:
        path = getattr(holder.value, "__file__", None)
        if isinstance(path, str) and is_bound_in(path, name):
            return holder, name
    return holders[0]
