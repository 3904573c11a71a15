"""The table of imported modules."""

from __future__ import annotations

import functools
import importlib.machinery
import itertools
import operator
import sys
import weakref
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT
from hermetic.guard.compare import alike, same
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import is_users
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

SUFFIXES = tuple(importlib.machinery.EXTENSION_SUFFIXES)
BY_PYTEST = "created by pytest"  # for the folders above a test file, with --import-mode=importlib
SPAWNED = "__mp_main__"  # `multiprocessing` calls the program by this name too, once it is imported
STANDING_IN = ("unittest", "mock", "types", "builtins")  # whose objects stand in for a module
PLAIN = (str, bytes, int, float, bool, type(None), tuple, list, dict, set, frozenset)


class Table(NamedTuple):
    """`sys.modules` itself, a copy of it, and for each module that was reloaded what it had before."""

    table: dict[str, Any]
    copy: dict[str, Any]
    reloaded: dict[str, dict[str, object]]


class ModulesProbe(Probe[Table]):
    """`sys.modules`: entries replaced, removed or made up; and modules that were reloaded and are not as before."""

    code = "HRM104"
    setters = ("importlib.reload",)
    at_import = True

    def __init__(self) -> None:
        self.reloaded: dict[str, dict[str, object]] = {}
        self.last: Table | None = None

    def snapshot(self) -> Table:
        """Return the copy of the table that is shared with other probes."""
        copy, last = PROJECT.modules_now(), self.last
        if last is None or copy is not last.copy or last.table is not sys.modules or self.reloaded:
            self.last = last = Table(sys.modules, copy, self.reloaded)
        return last

    def changes(self, before: Table, after: Table) -> Iterator[Change]:
        """Compare entry by entry. A module that was imported is benign."""
        if before is after:
            return
        if before.table is not after.table:
            undo = functools.partial(setattr, sys, "modules", before.table)
            yield Change("sys.modules", Sized(before.copy), Sized(after.copy), undo)
            return
        old, new = before.copy, after.copy
        if not alike(old, new):
            compiled = any(is_extension(new[name]) for name in new.keys() - old.keys())
            for name, was, now in differing(old, new):
                counts = is_made_up(name, now, old, compiled=compiled) if was is ABSENT else is_entry(was)
                if counts:
                    yield Change(f"sys.modules[{name!r}]", was, now, functools.partial(put_back, name, was), name)
        if self.reloaded:
            self.reloaded = {}
            for name, values in after.reloaded.items():
                yield from reload_changes(name, values)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Keep what a module holds before it is reloaded for the first time."""
        module = args[0] if args else kwargs.get("module")
        if not isinstance(module, ModuleType):
            return None
        key = module.__name__
        held = vars(module)
        self.reloaded.setdefault(key, {name: held[name] for name in held if is_kept(key, name, held[name])})
        return ("reload", key)


def differing(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the names whose values are not the same, with both values; in one order, whatever the hashes are."""
    names = [*dict.fromkeys([*old, *new])]
    before, after = ([*map(table.get, names, itertools.repeat(ABSENT))] for table in (old, new))
    yield from itertools.compress(zip(names, before, after, strict=True), map(operator.is_not, before, after))


def is_kept(module: str, name: str, value: object) -> bool:
    """Tell whether a global can be compared: a plain value, or a function or class that was imported."""
    if name.startswith("__"):
        return False
    return isinstance(value, PLAIN) or origin(value) not in (None, module)


def origin(value: object) -> str | None:
    """Return the module of a function or class, None for anything else."""
    return value.__module__ if isinstance(value, type | FunctionType) else None


def is_other(was: object, now: object) -> bool:
    """Tell whether a global has another value; a function of a module that was reloaded as well is the same."""
    if same(was, now):
        return False
    names = [(origin(value), getattr(value, "__qualname__", "")) for value in (was, now)]
    return origin(was) is None or names[0] != names[1]


def reload_changes(name: str, before: dict[str, object]) -> Iterator[Change]:
    """Yield the globals of a reloaded module that have another value than before."""
    module = sys.modules.get(name)
    held = vars(module) if module is not None else {}
    for key, was in before.items():
        now = held.get(key, ABSENT)
        if is_other(was, now):
            undo = functools.partial(held.__setitem__, key, was)
            yield Change(f"{name}.{key}", was, now, undo, ("reload", name))


def is_made_up(name: str, value: object, before: dict[str, Any], *, compiled: bool) -> bool:
    """Tell whether a new entry is something else than an imported module.

    `compiled` says that extension modules were imported as well: those make modules without a specification.
    """
    if name == SPAWNED or not is_entry(value):
        return False
    if not isinstance(value, ModuleType):
        return value is None or type(value).__module__.partition(".")[0] in STANDING_IN
    if (
        getattr(value, "__spec__", None) is not None
        or hasattr(value, "__file__")
        or BY_PYTEST in str(getattr(value, "__doc__", ""))
    ):
        return False
    if type(value) is not ModuleType and not is_users(type(value)):
        return False  # a proxy, or a library's own kind of module
    parts = name.split(".")
    # A package that is new may put parts in place while it is imported, as `xml.parsers.expat` does.
    known = all(".".join(parts[:count]) in before for count in range(1, len(parts)))
    return known and (not compiled or any(map(is_users, vars(value).values())))


def is_entry(value: object) -> bool:
    """Tell whether an entry was a module or a stub, rather than a proxy that goes when its module does."""
    return type(value) not in weakref.ProxyTypes


def is_extension(value: object) -> bool:
    """Tell whether a module comes from a shared library."""
    return is_entry(value) and str(getattr(value, "__file__", None)).endswith(SUFFIXES)


def put_back(name: str, value: Any) -> None:
    """Give an entry its old value."""
    if value is ABSENT:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = value


class Sized:
    """A table too large to show."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.size = len(table)

    def __repr__(self) -> str:
        return f"a table of {self.size} modules"
