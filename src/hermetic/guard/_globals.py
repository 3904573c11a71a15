"""What the project's modules and their classes hold, copied once at each boundary for all probes that compare it.

Three rules look at it: HRM308 (a function or class was replaced), HRM603 (other attributes of a class) and HRM601
(other data of a module). Each difference belongs to exactly one of them, and keeps to it: what is put back later has
to be seen by the same rule. A probe takes `PROJECT.snapshot()` for its own, and asks `PROJECT.differences`.
"""

from __future__ import annotations

import functools
import gc
import itertools
import operator
import os
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._stamps import Numbered, Stamps, are_told
from hermetic.guard.places import USER, is_test_file, whose
from hermetic.guard.probe import ABSENT, Change, Moment, Table, same_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


REPLACED, CLASS_STATE, MODULE_STATE = "HRM308", "HRM603", "HRM601"
CACHED = type(functools.lru_cache(bool))
MODULES = 0  # the place of the table of modules before what is in sight
SPECIFICATION = "__spec__"  # of a module; a reload gives it another one
DEFINED = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    type,
    staticmethod,
    classmethod,
    property,
    functools.partial,
    functools.partialmethod,
    functools.singledispatchmethod,
    CACHED,
)

OF_UNITTEST = frozenset({"tearDown_exceptions", "_class_cleanups", "_classSetupFailed"})  # what it keeps in classes
MOCK = "unittest.mock"  # imported by those who use it
held_by = gc.get_referents  # a dictionary refers to its values, and a class's read-only view to the dictionary


class Holder:
    """A module or class of the project, and its own dictionary. Its name is what a state's name starts with.

    `test` is the file of tests that it is, or is defined in; a conftest is none.
    """

    __slots__ = ("counted", "is_class", "module", "name", "own", "space", "test", "value")

    def __init__(self, module: str, name: str, value: Any, space: Mapping[str, Any]) -> None:
        self.module, self.name, self.value, self.space = module, name, value, space
        self.is_class = issubclass(type(value), type)
        self.own: Any = space if type(space) is dict else held_by(space)[0]
        self.test = test_file_of(module)
        self.counted: Numbered | None = None

    def numbered(self) -> Numbered:
        """Return its dictionary, with what reads its number."""
        if self.counted is None:
            self.counted = Numbered(self.own)
        return self.counted

    def put(self, name: str, value: object) -> None:
        """Set an attribute as it was, or take it away."""
        if value is ABSENT:
            if name in self.space:
                delattr(self.value, name)
        else:
            setattr(self.value, name, value)


class Snapshot(NamedTuple):
    """The holders, and a copy of what each holds. The list of holders only grows, else it is another list."""

    holders: list[Holder]
    copies: list[dict[str, Any]]
    values: list[list[Any]]


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
        self.table: dict[str, Any] = {}  # a copy of the table of modules
        self.moment = -1
        self.last: Snapshot | None = None
        self.copies: list[dict[str, Any]] = []  # of what each holder held with the last snapshot, whatever is patched
        self.held: list[list[Any]] = []  # the values of these
        self.patchers: list[Any] = []  # those that were started then
        self.known: tuple[list[Holder], dict[int, int]] = [], {}  # the places of some holders, by what they are
        self.file: os.PathLike[str] | None = None  # of the running test, None where everything is in sight
        self.in_sight: set[Holder] = set()
        self.inside: list[int] = []  # the places of those among the holders
        self.spaces: list[Any] = []  # the dictionaries of those
        self.kept: list[list[Any]] = []  # what the table of modules and each of them held with the last snapshot
        self.flat: list[Any] = []  # the same, one after the other; empty where nobody has asked for it
        self.stamps = Stamps()  # of all that is in sight, where they tell of writes
        self.stamped = b""  # those that stood for what is known; empty where that is not known
        self.codes: dict[str, str] = {}  # by state, the rule that saw it change first
        self.compared: tuple[Snapshot | None, Snapshot | None, list[Difference]] = None, None, []

    def snapshot(self) -> Snapshot:
        """Return what is held now: about 50 ns for each module and class, and nothing when this boundary has one.

        Where nothing has changed it is the last snapshot itself.
        """
        if self.last is None or self.moment != Moment.number:
            self.moment = Moment.number
            file = Moment.item.path if Moment.item is not None and not (Moment.ends and Moment.file_ends) else None
            if file is not self.file:
                self.file = file
                self.focus()
            patchers, stamps = started_patches(self.patchers), self.stamps.read()
            changed = self.changed(stamps) if self.last is not None else [MODULES]
            self.stamped = stamps
            if changed or patchers is not self.patchers or self.last is None:
                self.keep_up(changed)
                self.last = self.as_without(patchers)
        return self.last

    def changed(self, stamps: bytes) -> list[int]:
        """Return which of what is in sight holds something else by now, by its place in `kept`.

        Without stamps it takes about 5 ns for each attribute to see that nothing does.
        """
        spaces = [sys.modules, *self.spaces]
        come = [MODULES] if len(self.held) != len(self.holders) else []  # somebody has looked since
        if stamps and len(stamps) == len(self.stamped) and self.stamps.numbered[MODULES].space is sys.modules:
            if stamps == self.stamped:
                return come
            places: Iterable[int] = self.stamps.written(self.stamped, stamps)
        else:
            # Flat, and by the garbage collector's own walk: no iterator gives values half as fast.
            self.flat = self.flat or [*itertools.chain.from_iterable(self.kept)]
            if self.is_known(held_by(*spaces), self.flat):
                return come
            places = range(len(spaces))
        found = [place for place in places if not self.is_known([*spaces[place].values()], self.kept[place])]
        return found if MODULES in found else [*come, *found]

    def is_known(self, values: list[Any], seen: list[Any]) -> bool:
        """Tell whether values are those of the last time, and the newest module has the name that it had."""
        return same_objects(values, seen) and next(reversed(sys.modules), None) == next(reversed(self.table), None)

    def modules_now(self) -> dict[str, Any]:
        """Return a copy of the table of modules: the last one, where nothing has changed."""
        if self.moment != Moment.number and not self.is_known(held_by(sys.modules), [*self.table.values()]):
            self.look()
        return self.table

    # What is in sight

    def focus(self) -> None:
        """Gather what is in sight, and what it held with the last snapshot."""
        file = None if self.file is None else os.fspath(self.file)
        self.inside = [
            number
            for number, (holder, _) in enumerate(zip(self.holders, self.held, strict=False))
            if file is None or holder.test in {"", file} or holder.module in self.shared
        ]
        seen = {self.holders[number] for number in self.inside}
        if seen != self.in_sight:  # others gather what they compare when there is another list
            self.in_sight = seen
            self.spaces = [self.holders[number].own for number in self.inside]
            self.stamps = Stamps()
            if are_told():
                own = [self.holders[number].numbered() for number in self.inside]
                self.stamps = Stamps([Numbered(sys.modules), *own])
        self.stamped = b""  # what was written since is seen the next time
        self.kept = [[*self.table.values()], *[self.held[number] for number in self.inside]]
        self.flat = []

    # What is held

    def keep_up(self, changed: list[int]) -> None:
        """Copy what has changed, by its place in `kept`; where modules came or went, the new ones, or all."""
        own = {place: self.inside[place - 1] for place in changed if place != MODULES}
        self.unread.update(self.holders[number] for number in own.values())
        if MODULES in changed:
            self.look()
            if not self.held:  # the holders are others
                self.copies, own = [], {}
        for number in [*own.values(), *range(len(self.held), len(self.holders))]:
            copy = self.holders[number].own.copy()
            self.copies[number : number + 1], self.held[number : number + 1] = [copy], [[*copy.values()]]
        if MODULES in changed:
            self.focus()
        for place, number in own.items():
            self.kept[place] = self.held[number]
            self.flat = []

    def as_without(self, patchers: list[Any]) -> Snapshot:
        """Return what is held, as it is without the patches that are started."""
        self.patchers = patchers
        copies, values = [*self.copies], [*self.held]
        replaced = of_attributes(patchers)
        if replaced and (self.known[0] is not self.holders or len(self.known[1]) != len(self.holders)):
            self.known = self.holders, {id(holder.value): number for number, holder in enumerate(self.holders)}
        for patcher in replaced:
            number = self.known[1].get(id(patcher.target))
            if number is not None and patcher.attribute in copies[number]:
                copies[number] = without(patcher, copies[number])
                values[number] = [*copies[number].values()]
        return Snapshot(self.holders, copies, values)

    def look(self) -> None:
        """Find the modules that were imported since, and forget those that are no longer there."""
        table, known = sys.modules, self.table
        gone = {name for name, module in self.modules.items() if table.get(name) is not module}
        if gone:
            self.holders = [holder for holder in self.holders if holder.module not in gone]
            self.held, self.shared, self.unread = [], set(), {*self.holders}
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
        count = len(before.values)
        if before.holders is after.holders and same_objects(before.values, after.values[:count]):
            return
        if before.holders is after.holders:
            others = map(operator.is_not, before.values, after.values)
            pairs = [(number, number) for number in itertools.compress(itertools.count(), others)]
        else:
            old = {holder: number for number, holder in enumerate(before.holders[:count])}
            pairs = [(old[holder], number) for number, holder in enumerate(after.holders) if holder in old]
        for place, number in pairs:
            if not same_objects(before.values[place], after.values[number]):
                yield from self.compare_holder(after.holders[number], before.copies[place], after.copies[number])

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


PROJECT = Walk()


def started_patches(known: list[Any]) -> list[Any]:
    """Return the patches that were started and not stopped, the eldest first; the known list, where it is these."""
    mock: Any = sys.modules.get(MOCK)
    active = mock._patch._active_patches if mock is not None else []  # noqa: SLF001 - nothing else tells
    return known if active == known else [*active]  # some plugins start theirs once, for all tests


def of_attributes(patchers: list[Any]) -> list[Any]:
    """Return the patches of attributes, the youngest first, but for those that ended without `stop`."""
    return [patcher for patcher in reversed(patchers) if hasattr(patcher, "temp_original")]


def without(patcher: Any, copy: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with what a started patch has replaced; that it is started is the business of HRM304."""
    copy = copy.copy()
    if patcher.is_local:
        copy[patcher.attribute] = patcher.temp_original
    else:
        del copy[patcher.attribute]
    return copy


def is_projects(module: object) -> bool:
    """Tell whether a module is code of the project; test files and conftests are."""
    if not issubclass(type(module), types.ModuleType):  # `isinstance` would wake up proxies
        return False
    filename = module.__dict__.get("__file__")
    return isinstance(filename, str) and whose(filename) == USER


def test_file_of(name: str) -> str:
    """Return the path of a module that is a file of tests, and no conftest; else ""."""
    path = str(getattr(sys.modules.get(name), "__file__", ""))
    return path if is_test_file(path) and not os.path.basename(path).startswith("conftest.") else ""


def named_in(holder: Holder) -> Iterator[str]:
    """Yield the names of the modules that a module holds, or whose functions and classes it holds, but its own."""
    if not holder.is_class:
        for value in [*holder.space.values()]:
            kind = type(value)
            defined = kind is types.FunctionType or issubclass(kind, type)
            name = value.__module__ if defined else value.__dict__.get("__name__") if kind is types.ModuleType else None
            if name != holder.module and isinstance(name, str):
                yield name


def found_in(name: str, module: types.ModuleType) -> Iterator[Holder]:
    """Yield a module and the classes that are defined in it."""
    space = vars(module)
    yield Holder(name, name, module, space)
    for value in list(space.values()):
        if issubclass(type(value), type) and value.__module__ == name:
            yield Holder(name, f"{name}.{value.__qualname__}", value, value.__dict__)


def is_benign(holder: Holder, name: str, before: object, after: object) -> bool:
    """Tell whether a difference is made by Python itself, an import, or a lazy module."""
    if name.startswith("__") and name.endswith("__") and not (is_defined(before) and is_defined(after)):
        return True  # what the interpreter and class decorators keep: annotations, abstract methods, caches
    if name.startswith(("@py_", "_abc_")) or (holder.is_class and name in OF_UNITTEST):
        return True
    if before is ABSENT or after is ABSENT:
        there = after if before is ABSENT else before
        lazy = not holder.is_class and "__getattr__" in holder.space  # it keeps what was asked for once
        return lazy or issubclass(type(there), types.ModuleType)
    return is_same_definition(before, after) or is_imported_again(before, after)


def is_imported_again(before: object, after: object) -> bool:
    """Tell whether a module is the one that the table of modules has by now under its name (HRM104's)."""
    modules = type(before) is types.ModuleType and type(after) is types.ModuleType
    return modules and before.__name__ == after.__name__ and sys.modules.get(after.__name__) is after  # type: ignore[attr-defined]


def is_same_definition(before: object, after: object) -> bool:
    """Tell whether one function or class was defined again from the same lines, as by a reload (HRM104's)."""
    if type(before) is CACHED and type(after) is CACHED:
        return is_same_definition(before.__wrapped__, after.__wrapped__)
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        return before.__code__ == after.__code__ and before.__qualname__ == after.__qualname__
    if type(before) is types.BuiltinFunctionType and type(after) is types.BuiltinFunctionType:
        return (before.__module__, before.__qualname__) == (after.__module__, after.__qualname__)
    if isinstance(before, type) and isinstance(after, type):
        return (before.__module__, before.__qualname__) == (after.__module__, after.__qualname__)
    return False


def is_made_again(before: object, after: object) -> bool:
    """Tell whether a value is another object of the same kind: a reload makes everything anew.

    What is plain is compared by those who look into it, and what is defined by what defines it.
    """
    if is_defined(before) or is_defined(after):
        return False
    kinds = [(type(one).__module__, type(one).__qualname__) for one in (before, after)]
    return kinds[0] == kinds[1] and kinds[0][0] != "builtins"


def is_defined(value: object) -> bool:
    """Tell whether a value is a function, a class, or something that stands for one, as a mock does."""
    return issubclass(type(value), DEFINED) or is_mock(value)


def is_mock(value: object) -> bool:
    """Tell whether a value is a mock."""
    mock: Any = sys.modules.get(MOCK)
    return mock is not None and issubclass(type(value), mock.NonCallableMock)


def code_of(holder: Holder, before: object, after: object) -> str:
    """Return the rule whose business a difference is."""
    known = before if before is not ABSENT else after
    if is_defined(known) or is_mock(after):
        return REPLACED
    return CLASS_STATE if holder.is_class else MODULE_STATE
