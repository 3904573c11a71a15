"""How the process logs."""

from __future__ import annotations

import dis
import functools
import logging
import operator
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.compare import same
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.places import USER, getframe, is_test_file, whose
from hermetic.guard.probe import MOMENT, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from types import FrameType


FIELDS = ("level", "propagate", "disabled", "handlers", "filters")
READ = operator.attrgetter(*FIELDS)
SWITCHES = ("raiseExceptions", "lastResort", "_loggerClass", "_logRecordFactory", "_warnings_showwarning")
SWITCHED = operator.attrgetter(*SWITCHES)
SETTERS = {
    "logging.disable": "disable",
    "logging.Logger.setLevel": "level",
    "logging.Logger.addHandler": "handlers",
    "logging.Logger.removeHandler": "handlers",
    "logging.Filterer.addFilter": "filters",
    "logging.Filterer.removeFilter": "filters",
    "logging.setLoggerClass": "_loggerClass",
    "logging.setLogRecordFactory": "_logRecordFactory",
    "logging.captureWarnings": "_warnings_showwarning",
    "logging.config.dictConfig": "disabled",
    "logging.config.fileConfig": "disabled",
}
WHOLE = ("disable", "disabled", "_loggerClass", "_logRecordFactory", "_warnings_showwarning")
NOTHING = frozenset({"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"})  # the steps of an empty function
LENGTH = 30  # characters of a test's name in its temporary folder's


class Row(NamedTuple):
    """What is set on one logger."""

    level: int
    propagate: bool
    disabled: bool
    handlers: tuple[Any, ...]
    filters: tuple[Any, ...]


NEW = Row(logging.NOTSET, True, False, (), ())  # noqa: FBT003 - as the fields say


class State(NamedTuple):
    """The loggers with what is set on each, and what is set for all: `disable` and the switches of the module."""

    rows: dict[logging.Logger, Row]
    whole: tuple[Any, ...]


class LoggingProbe(Probe[State]):
    """Levels, handlers, filters, `propagate` and `disabled` of every logger, and the switches of `logging`."""

    code = "HRM105"
    setters = tuple(SETTERS)

    def __init__(self) -> None:
        self.loggers: list[logging.Logger] = []
        self.known = -1
        self.table: dict[str, Any] = {}
        self.mirror: list[tuple[Any, ...]] = []  # what was read of each logger, with copies of the lists
        self.last: State | None = None
        self.by_project: set[str] = set()  # names of loggers whose level a function of the project has set

    def snapshot(self) -> State:
        """Read every logger (about 0.2 us each); the list of them is made anew when there are more."""
        table = logging.root.manager.loggerDict
        if len(table) != self.known or table is not self.table:
            self.loggers = [logging.root, *(found for found in table.values() if isinstance(found, logging.Logger))]
            self.known, self.table = len(table), table
        found = [*map(READ, self.loggers)]
        whole = (logging.root.manager.disable, *SWITCHED(logging))
        if self.last is None or found != self.mirror or whole != self.last.whole:
            self.mirror = [(*row[:3], [*row[3]], [*row[4]]) for row in found]
            rows = [Row._make((*row[:3], tuple(row[3]), tuple(row[4]))) for row in found]
            self.last = State(dict(zip(self.loggers, rows, strict=True)), whole)
        return self.last

    def changes(self, before: State, after: State) -> Iterator[Change]:
        """Compare logger by logger. A new one counts when it has handlers, does not hand records on, or got a level.

        The latter from a function of the code under test: a library sets its own when it is first used, a test one that
        nobody else knows.

        It does not when its name holds the test's, as the name of `tmp_path` does: it is the test's own.
        """
        if before.whole != after.whole:
            yield from whole_changes(before.whole, after.whole)
        if before.rows == after.rows:
            return
        by_project, self.by_project = self.by_project, set()
        own = re.sub(r"\W", "_", MOMENT.item.name)[:LENGTH] if MOMENT.item is not None else "\0"
        for logger, new in after.rows.items():
            old = before.rows.get(logger)
            if old != new and (old is not None or (counts(new) and own not in logger.name)):
                yield from logger_changes(logger, old or NEW._replace(level=new.level), new)
            elif old is None and new.level and logger.name in by_project and own not in logger.name:
                yield from logger_changes(logger, NEW, new)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note a call by the field that it sets, and by the logger where it is one's own."""
        field = SETTERS[name]
        if field == "level" and isinstance(args[0], logging.Logger) and names(getframe(3), args[0]):
            self.by_project.add(args[0].name)
        if field in WHOLE:
            return field
        return (field, args[0].name) if isinstance(args[0], logging.Logger) else None


def names(frame: FrameType, logger: logging.Logger) -> bool:
    """Tell whether a function of the project sets the level of a logger that it names; others the test has named."""
    code, held = frame.f_code, frame.f_globals
    if code.co_name == "<module>" or whose(code.co_filename) != USER or is_test_file(code.co_filename):
        return False
    own = f"{held.get('__name__', '')}.".startswith(f"{logger.name}.")
    return own or logger.name in code.co_consts or any(value is logger for value in list(held.values()))


def counts(row: Row) -> bool:
    """Tell whether a logger that is new does something to records."""
    kinds: list[Any] = [type(one) for one in suites(row.handlers)]
    return not row.propagate or row.disabled or not all(map(is_silent, kinds))


@functools.lru_cache(maxsize=200)
def is_silent(kind: type) -> bool:
    """Tell whether handlers of a class do nothing: `logging.NullHandler`, or one that a project wrote for itself."""
    methods = [getattr(kind, name, None) for name in ("handle", "emit")]
    codes = [code for one in methods if (code := getattr(one, "__code__", None)) is not None]
    return any({step.opname for step in dis.get_instructions(code)} <= NOTHING for code in codes)


def whole_changes(before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Change]:
    """Yield what is set for all loggers."""
    names = ("disable", *SWITCHES)
    for name, old, new in zip(names, before, after, strict=True):
        if not same(old, new):
            holder = logging.root.manager if name == "disable" else logging
            state = "logging.disable" if name == "disable" else f"logging.{name}"
            yield Change(state, old, new, functools.partial(setattr, holder, name, old), name)


def logger_changes(logger: logging.Logger, old: Row, new: Row) -> Iterator[Change]:
    """Yield what differs of one logger."""
    who = f"logging.getLogger({logger.name!r})" if logger is not logging.root else "logging.getLogger()"
    for name, was, now in zip(FIELDS, old, new, strict=True):
        if was == now or (name == "handlers" and suites(was) == suites(now)):
            continue
        note: Hashable = name if name == "disabled" else (name, logger.name)
        yield Change(f"{who}.{name}", shown(name, was), shown(name, now), undo_for(logger, name, was), note)


def suites(handlers: Any) -> list[Any]:
    """Return handlers without those with which pytest captures records, also of loggers that do not propagate."""
    return [one for one in handlers if type(one).__module__ != "_pytest.logging"]


def undo_for(logger: logging.Logger, name: str, value: Any) -> functools.partial[Any]:
    """Return what puts one field of a logger back."""
    if name == "level":
        return functools.partial(logger.setLevel, value)  # clears the caches of enabled levels, too
    if name in ("handlers", "filters"):
        return functools.partial(getattr(logger, name).__setitem__, slice(None), list(value))
    return functools.partial(setattr, logger, name, value)


def shown(name: str, value: Any) -> object:
    """Return a field as it is reported."""
    if name == "level":
        return Described(logging.getLevelName(value))
    if name == "handlers":
        return suites(value) or ABSENT
    return (list(value) or ABSENT) if isinstance(value, tuple) else value
