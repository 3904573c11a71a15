"""The values of fixtures that outlive a test."""

from __future__ import annotations

import inspect
import re
import types
from typing import TYPE_CHECKING, Any

from hermetic.guard._own import BASES, PLAIN, is_users_class
from hermetic.guard.containers import CONTAINERS, parts_of, stored_outside_init
from hermetic.guard.describe import ABSENT
from hermetic.guard.places import USER, is_users, whose
from hermetic.guard.probe import MOMENT, Change, Probe, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

    from hermetic.guard.containers import Part

WIDTHS = {"function": 0, "class": 1, "module": 2, "package": 3, "session": 4}
GONE_THROUGH = r"(?<![\w.]){name}(?:[)\]:, \n]|\.(?:items|values|keys|pop|popleft|copy)\(|$)"
RESET = r"(?<![\w.]){name}(?:\.\w+|\[[^\]]*\])*\.(?:clear|(?:reset|flush|truncate|rollback|empty|wipe)\w*)\("
SET_ANEW = r"(?<![\w.]){name}(?:\.\w+|\[[^\]]*\])+ *=[^=]"

DEPTH = 3  # steps into a value, unless `hermetic_depth` says otherwise
Copies = dict["Watched", list[Any]]
NONE: Copies = {}  # the snapshot where nothing is watched


class Watched:
    """The value that a fixture gave, what of it is compared, and the copies of when it was given."""

    __slots__ = ("first", "name", "parts", "value", "width")

    def __init__(self, fixturedef: pytest.FixtureDef[Any], value: object, depth: int) -> None:
        self.name = fixturedef.argname
        self.width = WIDTHS.get(fixturedef.scope, 0)
        self.value = value
        self.parts: list[Part] = parts_of(value, self.name, public=True, steps=depth - 1)
        self.first = self.copies()

    def copies(self) -> list[Any]:
        """Copy each part (about 0.5 us each)."""
        return [part.copied() for part in self.parts]


class SharedFixturesProbe(Probe[Copies]):
    """Containers and objects of the project that a fixture of class, module, package or session scope gave."""

    code = "HRM403"
    by_events = True

    def __init__(self) -> None:
        self.watched: dict[Any, Watched] = {}
        self.widths = [0]  # of the fixtures that are being set up
        self.ending = 0  # the width of the one that is being torn down
        self.depth = DEPTH

    def learn_options(self, options: Mapping[str, object]) -> None:
        """Learn how deep to look."""
        depth = options.get("hermetic_depth", DEPTH)
        self.depth = depth if isinstance(depth, int) else DEPTH

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn whose changes come next."""
        self.widths.append(WIDTHS.get(fixturedef.scope, 0))

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Watch the value from here on."""
        self.widths = self.widths[:-1] or [0]
        result = fixturedef.cached_result
        if result is None or result[2] is not None or not is_ones_own(fixturedef.func) or not counts(result[0]):
            return
        known = any(one.value is result[0] for one in self.watched.values())
        if not known and not (type(result[0]) in CONTAINERS and is_collected(fixturedef.func)):
            self.watched[fixturedef] = Watched(fixturedef, result[0], self.depth)
            self.stirred = True

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Let a fixture do with its value what it likes."""
        self.watched.pop(fixturedef, None)
        self.ending = WIDTHS.get(fixturedef.scope, 0)
        self.stirred = True

    def snapshot(self) -> Copies:
        """Copy each value."""
        self.stirred = bool(self.watched)
        return {one: one.copies() for one in self.watched.values()} if self.watched or self.ending else NONE

    def tables(self) -> Iterator[Table]:
        """Yield those of the values that are dictionaries, or have one."""
        for part in (part for one in self.watched.values() for part in one.parts):
            held = getattr(part.itself, "__dict__", None) if part.attributes else part.itself
            if isinstance(held, dict):
                yield Table(part.path, held, part.attributes)

    def changes(self, before: Copies, after: Copies) -> Iterator[Change]:
        """Compare part by part; a fixture may change what is as wide as itself, or narrower."""
        width, self.ending = self.ending or self.widths[-1], 0
        for one, now in after.items():
            if width < one.width:
                for part, old, new in zip(one.parts, before.get(one, one.first), now, strict=True):
                    found = [change for change in part.changes(old, new) if is_told(part, change)]
                    if found and not self.is_reset(one.name):
                        yield from found

    def is_reset(self, name: str) -> bool:
        """Tell whether a fixture of the test empties or resets the value, so that what a test leaves is never seen."""
        known = getattr(getattr(MOMENT.item, "_fixtureinfo", None), "name2fixturedefs", {})
        for fixturedefs in known.values():
            for one in fixturedefs[-1:]:
                if one.scope != "function" or name not in one.argnames:
                    continue
                text = source(one.func)
                pattern = f"{RESET}|{SET_ANEW}" if getattr(one, "_autouse", False) else RESET
                if re.search(pattern.replace("{name}", re.escape(name)), text):
                    return True
        return False


def is_ones_own(function: Callable[..., object]) -> bool:
    """Tell whether a fixture is defined in the project."""
    return whose(getattr(getattr(function, "__code__", None), "co_filename", "<")) == USER


def counts(value: object) -> bool:
    """Tell whether a value is watched."""
    if type(value) in CONTAINERS or isinstance(value, tuple):
        return True
    kind = type(value)
    if kind in PLAIN:
        return True
    if isinstance(value, (type, types.ModuleType, types.FunctionType)) or not is_users(value):
        return False
    return all(each.__module__ in BASES or is_users_class(each) for each in kind.__mro__)


def is_told(part: Part, change: Change) -> bool:
    """Tell whether a change is one to tell of.

    Private attributes are the object's own affair, and so is what its methods compute when it is first asked for.
    """
    if not part.attributes:
        return True
    name = change.state.rpartition(".")[2]
    if name.startswith("_"):
        return False
    kind: Any = type(part.itself)
    lazy = change.before is None or change.before is ABSENT
    return not (lazy and name in stored_outside_init(kind))


def source(function: Callable[..., object]) -> str:
    """Return the source of a function, "" when there is none."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def is_collected(function: Callable[..., object]) -> bool:
    """Tell whether a fixture goes through its value after its `yield`: tests put into it what it reports or removes."""
    if not inspect.isgeneratorfunction(function) and not inspect.isasyncgenfunction(function):
        return False
    text = source(function)
    found = list(re.finditer(r"\byield +(\w+)", text))
    if not found:
        return False
    pattern = GONE_THROUGH.format(name=found[-1][1])
    return re.search(pattern, text[found[-1].end() :]) is not None
