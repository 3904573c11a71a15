"""Data of libraries that the project's code writes, and NumPy's settings."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._assigned import Assigned, Watched, held_by
from hermetic.guard._definitions import CLASS_STATE, MODULE_STATE, is_defined, is_mock
from hermetic.guard.compare import same, same_objects
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import MOMENT, Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping


NUMPY = "numpy"
OTHERS = ("opentelemetry.",)  # HRM604 looks after it


class Values(NamedTuple):
    """What is read, what it is now, and NumPy's settings."""

    mine: list[Watched]
    values: list[Any]
    settings: list[dict[str, Any]]


class LibraryValuesProbe(Probe[Values]):
    """Data of libraries' modules that the project's code assigns to; and NumPy's error handling and print options."""

    code = MODULE_STATE
    setters: tuple[str, ...] = ("numpy.seterr", "numpy.set_printoptions")
    readers = {"numpy.geterr": "numpy.seterr", "numpy.get_printoptions": "numpy.set_printoptions"}  # noqa: RUF012

    def __init__(self) -> None:
        self.assigned = Assigned()
        self.mine: list[Watched] = []
        self.spaces: list[tuple[Mapping[str, Any], str]] = []  # where the value of each is
        self.called_numpy = False  # from the first call on its settings are read at each boundary
        self.last = Values([], [], [])

    def is_awake(self, mentioned: set[str]) -> bool:
        """Learn what the project's code assigns to by now."""
        before = len(self.assigned.watched)
        self.assigned.keep_up()
        if len(self.assigned.watched) != before:
            self.mine = [one for one in self.assigned.watched if isinstance(one, Watched) and self.is_mine(one)]
            self.spaces = [(held_by(one.holder), one.name) for one in self.mine]
        return bool(self.mine) or (self.code == MODULE_STATE and NUMPY in sys.modules)

    def snapshot(self) -> Values:
        """Read what the project's code assigns to (about 0.1 us each), and NumPy's settings once somebody sets them."""
        last = self.last
        values = [space.get(name, ABSENT) for space, name in self.spaces]
        settings = last.settings
        known = settings and self.hearing and not self.called_numpy
        if not known and self.code == MODULE_STATE and NUMPY in sys.modules:
            settings = [function_of(name)() for name in self.readers]
        if self.mine is not last.mine or not same_objects(values, last.values) or settings != last.settings:
            self.last = Values(self.mine, values, settings)
        return self.last

    def changes(self, before: Values, after: Values) -> Iterator[Change]:
        """Compare value by value; functions and classes are another rule's."""
        known = dict(zip([one.state for one in before.mine], before.values, strict=True))
        for one, now in zip(after.mine, after.values, strict=True):
            was = known.get(one.state, now)
            if not same(was, now) and self.is_data(was, now, one):
                undo = functools.partial(put, one.holder, one.name, was)
                yield Change(one.state, was, now, undo, self.assigned.line_of(one.state))
        for setter, old, new in zip(self.readers.values(), before.settings, after.settings, strict=False):
            if old != new:
                yield Change(setter.replace("set", "get"), old, new, restorer(setter, old), setter)

    def is_mine(self, one: Watched) -> bool:
        """Tell whether an attribute is this probe's: data of a module, or of a class."""
        if one.state.startswith(OTHERS):
            return False
        return isinstance(one.holder, type) is (self.code == CLASS_STATE) and not is_defined(one.value())

    def is_data(self, before: object, after: object, one: Watched) -> bool:
        """Tell whether data was changed; what was nothing counts where a test's code writes it."""
        if is_defined(before) or is_defined(after) or is_mock(after):
            return False
        filled = before is None or before is ABSENT
        return not filled or self.assigned.is_by_test(one.state, MOMENT.item)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who sets something; who puts it back need not be heard."""
        self.called_numpy = True
        return name


class LibraryClassesProbe(LibraryValuesProbe):
    """Data of libraries' classes that the project's code assigns to."""

    code = CLASS_STATE
    setters = ()


def function_of(dotted: str) -> Callable[..., Any]:
    """Return a function of an imported module, without the wrapper around it."""
    module, _, name = dotted.rpartition(".")
    found = getattr(sys.modules[module], name, dict)
    return getattr(found, "__wrapped__", found)


def restorer(setter: str, values: dict[str, Any]) -> Callable[[], object]:
    """Return what sets NumPy's settings as they were."""
    return lambda: function_of(setter)(**values)


def put(holder: Any, name: str, value: object) -> None:
    """Set an attribute as it was, or take it away."""
    if value is ABSENT:
        delattr(holder, name)
    else:
        setattr(holder, name, value)
