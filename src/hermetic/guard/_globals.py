"""What the project's modules and their classes hold, copied once at each boundary for all probes that compare it.

Three rules look at it: HRM308 (a function or class was replaced), HRM603 (other attributes of a class) and HRM601
(other data of a module). Each difference belongs to exactly one of them, and keeps to it: what is put back later has
to be seen by the same rule. A probe takes `PROJECT.snapshot()` for its own, and asks `PROJECT.differences`.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from hermetic.guard.places import USER, whose
from hermetic.guard.probe import ABSENT, Change, Moment, same_objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPLACED, CLASS_STATE, MODULE_STATE = "HRM308", "HRM603", "HRM601"
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
    type(functools.lru_cache(bool)),
    mock.NonCallableMock,
)

held_by = gc.get_referents  # a dictionary refers to its values, and a class's read-only view to the dictionary


class Holder:
    """A module or class of the project, and its own dictionary. Its name is what a state's name starts with."""

    __slots__ = ("is_class", "module", "name", "own", "space", "value")

    def __init__(self, module: str, name: str, value: Any, space: Mapping[str, Any]) -> None:  # noqa: ANN401 - either
        self.module, self.name, self.value, self.space = module, name, value, space
        self.is_class = issubclass(type(value), type)
        self.own: Any = space if type(space) is dict else held_by(space)[0]

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
    """Finds the project's modules and classes, and copies what they hold; once at each boundary, whoever asks."""

    def __init__(self) -> None:
        self.holders: list[Holder] = []
        self.modules: dict[str, types.ModuleType] = {}  # those of the project
        self.known: set[str] = set()
        self.moment = -1
        self.spaces: tuple[list[Holder], int, list[Any]] = self.holders, 0, []  # of how many holders, and what they are
        self.last: Snapshot | None = None
        self.seen: tuple[list[Any], list[Any]] = [], []  # started patches, and what was held with them
        self.codes: dict[str, str] = {}  # by state, the rule that saw it change first
        self.compared: tuple[Snapshot | None, Snapshot | None, list[Difference]] = None, None, []

    def snapshot(self) -> Snapshot:
        """Return what is held now: about 3 ns for each attribute, and nothing when this boundary has one.

        Where nothing has changed it is the last snapshot itself.
        """
        if self.last is None or self.moment != Moment.number:
            self.moment = Moment.number
            self.look()
            patchers = started_patches()
            # Flat, and by the garbage collector's own walk: no iterator gives values half as fast.
            values = held_by(*self.dictionaries())
            last, (patched, seen) = self.last, self.seen
            known = last is not None and last.holders is self.holders and patched == patchers
            if not known or not same_objects(seen, values):
                self.last = self.copied(patchers)
                self.seen = patchers, values
        return self.last  # type: ignore[return-value]

    def dictionaries(self) -> list[Any]:
        """Return the dictionaries of the holders; the list is made anew when there are others."""
        known, count, _ = self.spaces
        if known is not self.holders or count != len(self.holders):
            self.spaces = self.holders, len(self.holders), [holder.own for holder in self.holders]
        return self.spaces[2]

    def copied(self, patchers: list[Any]) -> Snapshot:
        """Copy what is held now, as it is without the patches that are started."""
        copies = [holder.space.copy() for holder in self.holders]  # type: ignore[attr-defined]
        for patcher in reversed(patchers):
            self.see_through(patcher, copies)
        return Snapshot(self.holders, copies, [[*copy.values()] for copy in copies])

    def look(self) -> None:
        """Find the modules that were imported since, and forget those that are no longer there."""
        table = sys.modules
        if [*map(table.get, self.modules)] != [*self.modules.values()]:
            gone = {name for name, module in self.modules.items() if table.get(name) is not module}
            self.holders = [holder for holder in self.holders if holder.module not in gone]
            for name in gone:
                del self.modules[name]
            self.known -= gone
        if len(table) == len(self.known):
            return
        for name, module in list(table.items()):
            if name not in self.known and is_projects(module):
                self.modules[name] = module
                self.holders += found_in(name, module)
        self.known = set(table)

    def see_through(self, patcher: Any, copies: list[dict[str, Any]]) -> None:  # noqa: ANN401 - a part of mock
        """Put what a started patch has replaced where the mock is: that it is started is HRM304's business."""
        for holder, copy in zip(self.holders, copies, strict=True):
            if holder.value is patcher.target and patcher.attribute in copy:
                if patcher.is_local:
                    copy[patcher.attribute] = patcher.temp_original
                else:
                    del copy[patcher.attribute]

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
        old: Mapping[Holder, int] = {holder: number for number, holder in enumerate(before.holders)}
        for number, holder in enumerate(after.holders):
            place = old.get(holder, count)
            if place < count and not same_objects(before.values[place], after.values[number]):
                yield from self.compare_holder(holder, before.copies[place], after.copies[number])

    def compare_holder(self, holder: Holder, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
        """Yield what differs between two copies of what a module or class holds."""
        for name in dict.fromkeys([*before, *after]):
            was, now = before.get(name, ABSENT), after.get(name, ABSENT)
            if was is not now and not is_benign(holder, name, was, now):
                state = f"{holder.name}.{name}"
                if state not in self.codes:
                    self.codes[state] = code_of(holder, was, now)
                yield Difference(holder, name, was, now, self.codes[state])


PROJECT = Walk()


def started_patches() -> list[Any]:
    """Return the patches of attributes that were started and not stopped, the eldest first."""
    active: list[Any] = mock._patch._active_patches  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else tells
    return [patcher for patcher in active if hasattr(patcher, "temp_original")] if active else active


def is_projects(module: object) -> bool:
    """Tell whether a module is code of the project; test files and conftests are."""
    if not issubclass(type(module), types.ModuleType):  # `isinstance` would wake up proxies
        return False
    filename = module.__dict__.get("__file__")
    return isinstance(filename, str) and whose(filename) == USER


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
    if name.startswith(("@py_", "_abc_")):
        return True
    if before is ABSENT or after is ABSENT:
        there = after if before is ABSENT else before
        lazy = not holder.is_class and "__getattr__" in holder.space  # it keeps what was asked for once
        return lazy or issubclass(type(there), types.ModuleType)
    return is_same_definition(before, after)


def is_same_definition(before: object, after: object) -> bool:
    """Tell whether one function or class was defined again from the same lines, as by a reload (HRM104's)."""
    if type(before) is types.FunctionType and type(after) is types.FunctionType:
        return before.__code__ == after.__code__ and before.__qualname__ == after.__qualname__
    if isinstance(before, type) and isinstance(after, type):
        return (before.__module__, before.__qualname__) == (after.__module__, after.__qualname__)
    return False


def is_defined(value: object) -> bool:
    """Tell whether a value is a function, a class, or something that stands for one, as a mock does."""
    return issubclass(type(value), DEFINED)


def code_of(holder: Holder, before: object, after: object) -> str:
    """Return the rule whose business a difference is."""
    known = before if before is not ABSENT else after
    if is_defined(known) or issubclass(type(after), mock.NonCallableMock):
        return REPLACED
    return CLASS_STATE if holder.is_class else MODULE_STATE
