"""The overridden dependencies of FastAPI applications."""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._instances import Instances, maker, names_of
from hermetic.guard._written import function_behind
from hermetic.guard.compare import same
from hermetic.guard.describe import ABSENT, short
from hermetic.guard.places import abspath
from hermetic.guard.probe import MOMENT, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    import pytest

TABLE = "dependency_overrides"
MAKER = maker("fastapi.FastAPI")
EMPTIED = re.compile(rf"{TABLE}\s*(\.clear\(\)|=\s*(\{{\}}|dict\(\))\s*$)", re.MULTILINE)


NONE: dict[Any, Table] = {}  # the snapshot where there is no application


class Table(NamedTuple):
    """The overrides of one application: the dictionary itself, and a copy."""

    itself: Any
    held: dict[Any, Any]


class OverridesProbe(Probe[dict[Any, Table]]):
    """`dependency_overrides` of every application that outlives the test that changes it."""

    code = "HRM201"
    setters = (MAKER,)
    gates = ("fastapi",)
    at_import = True

    def __init__(self) -> None:
        self.apps = Instances("fastapi.FastAPI")
        self.importing = ""  # the test file that is being imported, or was
        self.configures = False  # whether a session-wide autouse fixture is at work

    # What goes on

    def import_begins(self, collector: pytest.Module) -> None:
        """Learn which file is imported."""
        self.importing = str(collector.path)

    @property
    def file(self) -> str:
        """The test file that is being imported, "" while a test runs."""
        return self.importing if MOMENT.item is None else ""

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn whether a fixture configures the whole session."""
        self.configures = is_configuration(fixturedef, request)
        if self.configures:
            configuring.add(fixturedef)

    def fixture_is_set_up(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: pytest.FixtureRequest,
    ) -> None:
        """Learn that the tests go on."""
        self.configures = False

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Let a fixture that configured the session take its overrides back."""
        self.configures = fixturedef in configuring

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Learn of a new application."""
        self.apps.add(args[0])
        return None

    # The comparison

    def asleep(self) -> dict[Any, Table]:
        """Return that there was no application."""
        return NONE

    def snapshot(self) -> dict[Any, Table]:
        """Copy the table of each application (about 1 us each)."""
        if "fastapi" not in sys.modules and not self.configures:
            return NONE
        self.apps.search()
        found = {}
        for number, app in self.apps.living():
            table = getattr(app, TABLE, None)
            if isinstance(table, dict):
                found[number] = Table(table, dict(table))
        return found if found or self.configures else NONE

    def changes(self, before: dict[Any, Table], after: dict[Any, Table]) -> Iterator[Change]:
        """Compare entry by entry. An application made in the meantime counts only where others will meet it."""
        configures, self.configures = self.configures, False
        if configures:
            return
        for number, now in after.items():
            was = before.get(number)
            if same(was.held if was is not None else {}, now.held):
                continue
            app = self.apps.get(number)
            names = names_of(app)
            if self.file:
                own = [name for name, path in names if path == self.file]
                counts = len(own) < len(names)  # an application of the test file's own is its own affair
            else:
                counts = was is not None or bool(names)
            if counts:
                name = next((name for name, path in names if path != self.file), "the application")
                yield from self.entries(name, app, was.held if was is not None else {}, now.held)

    def entries(self, name: str, app: object, before: dict[Any, Any], after: dict[Any, Any]) -> Iterator[Change]:
        """Yield what differs between two copies of a table."""
        for key in {**before, **after}:
            old, new = before.get(key, ABSENT), after.get(key, ABSENT)
            if same(old, new) or (self.file and new is not ABSENT and not is_defined_in(new, self.file)):
                continue
            if self.starts_clean():
                continue  # whatever is left, and what a test before this one left
            undo = functools.partial(put_back, app, key, old)
            yield Change(f"{name}.{TABLE}[{spelled(key)}]", old, new, undo)

    def starts_clean(self) -> bool:
        """Tell whether an autouse fixture of the test empties the table, before each test or after it."""
        known = getattr(getattr(MOMENT.item, "_fixtureinfo", None), "name2fixturedefs", {})
        return any(
            one.scope == "function" and empties(one.func)
            for name in autouse_names(MOMENT.item)
            for one in known.get(name, ())[-1:]
        )


configuring: weakref.WeakSet[Any] = weakref.WeakSet()


def is_configuration(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> bool:
    """Tell whether a fixture is a session-wide autouse one of a conftest: what it overrides holds for all tests."""
    path = getattr(getattr(fixturedef.func, "__code__", None), "co_filename", "")
    return (
        fixturedef.scope == "session"
        and os.path.basename(path) == "conftest.py"
        and fixturedef.argname in autouse_names(getattr(request, "_pyfuncitem", None))
    )


def autouse_names(item: pytest.Item | None) -> list[str]:
    """Return the names of the autouse fixtures of a test, as pytest knows them."""
    manager = getattr(getattr(item, "session", None), "_fixturemanager", None)
    ask = getattr(manager, "_getautousenames", None)
    return list(ask(item)) if ask is not None else []


def empties(function: Callable[..., object]) -> bool:
    """Tell whether the source of a fixture empties a table of overrides."""
    try:
        return EMPTIED.search(inspect.getsource(function)) is not None
    except (OSError, TypeError):
        return False


def is_defined_in(value: object, file: str) -> bool:
    """Tell whether an override stands in a file."""
    function = function_behind(value)
    path = (
        function.__code__.co_filename
        if function is not None
        else getattr(sys.modules.get(type(value).__module__), "__file__", None)
    )
    return isinstance(path, str) and abspath(path) == file


def spelled(function: Any) -> str:
    """Return the full name of a dependency."""
    name = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{name}" if isinstance(name, str) else short(function)


def put_back(app: Any, key: object, value: object) -> None:
    """Give an entry of a table its old value."""
    if value is ABSENT:
        getattr(app, TABLE).pop(key, None)
    else:
        getattr(app, TABLE)[key] = value
