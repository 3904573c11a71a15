"""Which functions and classes the project's own code assigns to, in libraries and in itself; read from its text.

To compare all that libraries hold would take milliseconds at each boundary. But who replaces a function of a library
writes `library.function = ...`; so only what is written like this somewhere in the project is compared. Where one line
alone assigns a name, it is the line of the change, too.
"""

from __future__ import annotations

import re
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

DOTTED = r"([A-Za-z_]\w*(?:\.\w+)*)"
ASSIGNMENT = re.compile(
    rf"""^[ \t]*(?:del[ \t]+)?{DOTTED}\.(\w+)[ \t]*(?:=(?!=)|(?:\#.*)?$)  # library.function = ...; del library.function
    |(?<![.\w])(?:set|del)attr\(\s*{DOTTED}\s*,\s*["'](\w+)["']  # setattr(library, "function", ...)""",
    re.MULTILINE | re.VERBOSE,
)
OTHERS = frozenset({"sys", "builtins", "logging", "warnings"})  # their attributes are watched by other rules


class Watched(NamedTuple):
    """An attribute of a module or class of a library that the project's code assigns to."""

    holder: Any
    name: str

    @property
    def state(self) -> str:
        """Return its name."""
        return f"{name_of(self.holder)}.{self.name}"


class Assigned:
    """The assignments that were read so far: what is watched, and the lines for each name."""

    def __init__(self) -> None:
        self.watched: list[Watched] = []
        self.lines: dict[str, list[Place]] = {}
        self.read: set[str] = set()

    def learn(self, modules: dict[str, types.ModuleType]) -> None:
        """Read the modules that are new; about 0.1 ms each."""
        for name in modules.keys() - self.read:
            self.read.add(name)
            path = modules[name].__dict__["__file__"]
            for dotted, attribute, line in assignments_in(path):
                holder = found(dotted, modules[name])
                if holder is None:
                    continue
                one = Watched(holder, attribute)
                self.lines.setdefault(one.state, []).append(Place(path, line, ""))
                if holder.__name__ not in OTHERS and getattr(holder, "__module__", name_of(holder)) not in modules:
                    self.watch(one)

    def watch(self, one: Watched) -> None:
        """Watch an attribute, once."""
        if not any(one.holder is other.holder and one.name == other.name for other in self.watched):
            self.watched.append(one)

    def line_of(self, state: str) -> Place | None:
        """Return the line that assigns a name, where it is the only one."""
        places = self.lines.get(state, [])
        return places[0] if len(places) == 1 else None


def assignments_in(path: str) -> Iterator[tuple[str, str, int]]:
    """Yield the dotted name, the attribute and the line of each assignment in a file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:  # a module that is made up, or one in an archive
        return
    for match in ASSIGNMENT.finditer(text):
        dotted, attribute = (match[1], match[2]) if match[1] else (match[3], match[4])
        if dotted.partition(".")[0] not in {"self", "cls"}:
            start = match.start() if match[1] is None else match.start(1)
            yield dotted, attribute, text.count("\n", 0, start) + 1


def found(dotted: str, module: types.ModuleType) -> Any:  # noqa: ANN401 - a module or class
    """Return the module or class that a dotted name means in a module, None where it means something else."""
    head, *rest = dotted.split(".")
    value = module.__dict__.get(head, sys.modules.get(head))  # the latter: imported within a function
    for name in rest:
        value = getattr(value, "__dict__", {}).get(name)
    return value if issubclass(type(value), (types.ModuleType, type)) else None


def name_of(holder: Any) -> str:  # noqa: ANN401 - as above
    """Return the dotted name of a module or class."""
    if issubclass(type(holder), types.ModuleType):
        return str(holder.__name__)
    return f"{holder.__module__}.{holder.__qualname__}"
