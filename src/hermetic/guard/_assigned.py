"""Which functions and classes the project's own code assigns to, in libraries and in itself; read from its text.

To compare all that libraries hold would take milliseconds at each boundary. But who replaces a function of a library
writes `library.function = ...`; so only what is written like this somewhere in the project is compared. Where one line
alone assigns a name, it is the line of the change, too.
"""

from __future__ import annotations

import functools
import gc
import itertools
import linecache
import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT
from hermetic.guard._mentions import text_of
from hermetic.guard._written import functions_of
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import Place, is_test_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

DOTTED = r"([A-Za-z_]\w*(?:\.\w+)*)"
# Each begins with what stands in it literally, which is found ten times as fast as the start of a line.
# What a name took is not given back (`++`): no shorter one could be followed by what has to follow it.
ATTRIBUTE = re.compile(r"\.(\w++)[ \t]*+(=(?!=)|(?:\#.*)?$)", re.MULTILINE)  # .function = ...; del ....function
HOLDER = re.compile(rf"[ \t]*(del[ \t]+)?{DOTTED}")  # what stands before it in its line
BY_NAME = re.compile(rf"""attr\(\s*{DOTTED}\s*,\s*["'](\w+)["']""")  # setattr(library, "function", ...)
NOTHING = r"""(?:None|\[\]|\{\}|\(\)|(?:set|dict|list|tuple)\(\)|""|'')"""
EMPTIES = re.compile(rf"^\s*del\b|\bdelattr\(|[=,]\s*{NOTHING}\s*\)?\s*(?:#.*)?$")
OTHERS = frozenset({"sys", "builtins", "logging"})  # their attributes are watched by other rules
OF_OTHERS = {  # by module, what another rule watches, or pytest puts back
    "os": frozenset({"environ"}),
    "threading": frozenset({"excepthook"}),
    "warnings": frozenset({"filters", "showwarning", "onceregistry", "defaultaction"}),
}


class Watched(NamedTuple):
    """An attribute of a module or class of a library that the project's code assigns to."""

    holder: Any
    name: str

    @property
    def state(self) -> str:
        """Return its name."""
        return f"{name_of(self.holder)}.{self.name}"

    def held(self) -> Any:
        """Return what holds it."""
        return self.holder

    def value(self) -> object:
        """Return what it is now."""
        return held_by(self.holder).get(self.name, ABSENT)


class Method(NamedTuple):
    """A method of an object that hangs from a module of the project, which the project's code assigns to.

    The object is looked up each time: to hold it would keep it alive.
    """

    module: types.ModuleType
    dotted: str
    name: str

    @property
    def state(self) -> str:
        """Return its name."""
        return f"{self.module.__name__}.{self.dotted}.{self.name}"

    def held(self) -> Any:
        """Return what holds it, None where nothing does any more."""
        return reached(self.dotted, self.module)

    def value(self) -> object:
        """Return what the object itself has in its place; that of the class, as an undo leaves it, is nothing."""
        holder = self.held()
        value = held_by(holder).get(self.name, ABSENT)
        if value is ABSENT:
            return ABSENT
        own = getattr(value, "__func__", value) if getattr(value, "__self__", holder) is holder else value
        of_class = getattr(type(holder), self.name, None)
        return ABSENT if own is of_class or is_bound(value, holder, of_class) else value


def is_bound(value: Any, holder: object, of_class: object) -> bool:
    """Tell whether a value is a method that is written in C, bound to its object."""
    return (
        type(value) is types.BuiltinMethodType
        and value.__self__ is holder
        and type(of_class) is types.MethodDescriptorType
        and of_class.__name__ == value.__name__
    )


class Assigned:
    """The assignments that were read so far: what is watched, and the lines for each name."""

    def __init__(self) -> None:
        self.watched: list[Watched | Method] = []
        self.spaces: list[dict[str, Any]] = []  # what holds each of them, empty for those that are looked up
        self.names: list[str] = []
        self.looked_up: list[tuple[int, Watched | Method]] = []
        self.lines: dict[str, list[Place]] = {}
        self.read: set[str] = set()
        self.looks = 0  # how often the modules were others, as far as they were read

    def keep_up(self) -> bool:
        """Read the modules of the project that are new; tell whether there is more to watch now."""
        PROJECT.snapshot()
        if self.looks == PROJECT.looks:
            return False
        self.looks = PROJECT.looks
        self.learn(PROJECT.modules)
        if len(self.watched) == len(self.names):
            return False
        for number, one in enumerate(self.watched[len(self.names) :], start=len(self.names)):
            space = own_space(one.holder) if isinstance(one, Watched) else None
            self.spaces.append({} if space is None else space)
            self.names.append(one.name)
            if space is None:
                self.looked_up.append((number, one))
        return True

    def values(self) -> list[Any]:
        """Return what each is now (about 0.05 us each)."""
        values = [*map(dict.get, self.spaces, self.names, itertools.repeat(ABSENT))]
        for number, one in self.looked_up:
            values[number] = one.value()
        return values

    def is_by_test(self, state: str, item: pytest.Item | None) -> bool:
        """Tell whether the code of a test, or the import of a file of tests, gives a name a value.

        Who only empties it lets the code under test fill it anew.
        """
        return any(self.by_test(state, item))

    def by_test(self, state: str, item: pytest.Item | None) -> Iterator[Place]:
        """Yield the lines with which it does so."""
        places = [place for place in self.lines.get(state, ()) if is_test_file(place.path) and not empties(place)]
        return (place for place in places if item is None or is_code_of(item, place))

    def learn(self, modules: dict[str, types.ModuleType]) -> None:
        """Read the modules that are new; about 0.1 ms each."""
        for name in [name for name in modules if name not in self.read]:  # in order: what is met first gives the name
            self.read.add(name)
            path = modules[name].__dict__["__file__"]
            for dotted, attribute, line in assignments_in(path):
                holder = reached(dotted, modules[name])
                one = assigned(holder, modules[name], dotted, attribute)
                if one is None:
                    continue
                known = next((old for old in self.watched if old.held() is holder and old.name == attribute), one)
                self.lines.setdefault(known.state, []).append(Place(path, line, ""))
                projects = isinstance(one, Watched) and getattr(holder, "__module__", name_of(holder)) in modules
                if known is one and not projects and not is_others(holder, attribute):
                    self.watched.append(one)

    def line_of(self, state: str) -> Place | None:
        """Return the line that assigns a name, where it is the only one."""
        places = self.lines.get(state, [])
        return places[0] if len(places) == 1 else None


def empties(place: Place) -> bool:
    """Tell whether a line deletes a name, or assigns what holds nothing."""
    line = linecache.getline(place.path, place.line)
    return EMPTIES.search(line) is not None


def is_code_of(item: pytest.Item, place: Place) -> bool:
    """Tell whether a line is in the functions of a test, its fixtures or their helpers."""
    codes = [function.__code__ for function, _ in functions_of(item)]
    return any(
        code.co_filename == place.path and code.co_firstlineno <= place.line <= last_line(code) for code in codes
    )


@functools.lru_cache(maxsize=500)
def last_line(code: types.CodeType) -> int:
    """Return the last line of a function, those of the functions within it too."""
    inner = [last_line(one) for one in code.co_consts if isinstance(one, types.CodeType)]
    return max([line for _, _, line in code.co_lines() if line is not None] + inner)


def is_others(holder: object, attribute: str) -> bool:
    """Tell whether an attribute is watched by another rule, or put back by pytest."""
    name = getattr(holder, "__name__", "")
    return name in OTHERS or attribute in OF_OTHERS.get(name, ())


@functools.lru_cache(maxsize=10_000)
def assignments_in(path: str) -> tuple[tuple[str, str, int], ...]:
    """Return the dotted name, the attribute and the line of each assignment in a file; several probes ask."""
    return tuple(read_assignments(path))


def read_assignments(path: str) -> Iterator[tuple[str, str, int]]:
    """Yield the dotted name, the attribute and the line of each assignment in a file."""
    text = text_of(path)
    for start, dotted, attribute in sorted([*set_directly(text), *set_by_name(text)]):
        if dotted.partition(".")[0] not in {"self", "cls"}:
            yield dotted, attribute, text.count("\n", 0, start) + 1


def set_directly(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield where a line sets or deletes an attribute, the dotted name before it, and the attribute."""
    for match in ATTRIBUTE.finditer(text):
        holder = HOLDER.fullmatch(text, text.rfind("\n", 0, match.start()) + 1, match.start())
        if holder is not None and (holder[1] or match[2].startswith("=")):
            yield holder.start(2), holder[2], match[1]


def set_by_name(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the same of calls of `setattr` and `delattr` with a name that is written out."""
    for match in BY_NAME.finditer(text):
        start = match.start() - len("set")
        before = text[max(0, start - 1) : start]
        if text[max(0, start) : match.start()] in {"set", "del"} and before != "." and not before.isidentifier():
            yield start, match[1], match[2]


def reached(dotted: str, module: types.ModuleType) -> Any:
    """Return what a dotted name means in a module, None where it means nothing there."""
    head, *rest = dotted.split(".")
    value = module.__dict__.get(head, sys.modules.get(head))  # the latter: imported within a function
    for name in rest:
        value = held_by(value).get(name)
    return value


def held_by(value: object) -> Mapping[str, Any]:
    """Return what an object holds itself, without waking up what stands in for another."""
    try:
        found: Mapping[str, Any] = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - it has none, or is a proxy
        return {}
    return found


def own_space(holder: object) -> dict[str, Any] | None:
    """Return the very dictionary of a module or class, None for what has none."""
    space: object = held_by(holder)
    if type(space) is types.MappingProxyType:
        space = gc.get_referents(space)[0]
    return space if type(space) is dict else None


def assigned(holder: Any, module: types.ModuleType, dotted: str, name: str) -> Watched | Method | None:
    """Return an attribute as it is watched; of objects only what is a method of their class."""
    kind = type(holder)
    if holder is None or issubclass(kind, (types.ModuleType, type)):
        return None if holder is None else Watched(holder, name)
    methods = [vars(one)[name] for one in kind.__mro__ if name in vars(one)]
    return Method(module, dotted, name) if methods and callable(methods[0]) else None


def name_of(holder: Any) -> str:
    """Return the dotted name of a module or class."""
    if issubclass(type(holder), types.ModuleType):
        return str(holder.__name__)
    return f"{holder.__module__}.{holder.__qualname__}"
