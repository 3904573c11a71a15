"""Settings of the interpreter."""

from __future__ import annotations

import _locale
import _socket
import atexit
import builtins
import functools
import gc
import operator
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._stamps import Stamps, are_told, number_of
from hermetic.guard.compare import alike, same, same_objects
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.places import USER, getframe, is_users, whose
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping


IMMORTAL = 2000  # objects; under pytest there are tens of thousands


class Setting(NamedTuple):
    """A setting: how it is named in a report, read, and set; and the function or event that sets it."""

    state: str
    read: Callable[[], Any]
    put: Callable[[Any], object]
    setter: str = ""


def policy() -> Any:
    """Return the event loop policy without making one."""
    return getattr(sys.modules.get("asyncio.events"), "_event_loop_policy", None)


def set_policy(value: Any) -> None:
    """Set the event loop policy, None included."""
    vars(sys.modules["asyncio.events"])["_event_loop_policy"] = value  # the setter warns from Python 3.14 on


def attribute(holder: Any, name: str, state: str = "") -> Setting:
    """Return the setting that is an attribute of a module."""
    get = functools.partial(getattr, holder, name, None)
    return Setting(state or f"{holder.__name__}.{name}", get, functools.partial(setattr, holder, name))


def set_zone(_: object) -> None:
    """Let the C library read `TZ` again, which the environment's probe has put back by now."""
    time.tzset()


def callbacks() -> tuple[Any, ...]:
    """Return the callbacks of garbage collection that are code of the project; libraries add theirs for good."""
    return tuple([one for one in gc.callbacks if is_users(one)])


def set_callbacks(found: tuple[Any, ...]) -> None:
    """Set the project's callbacks of garbage collection."""
    gc.callbacks[:] = [one for one in gc.callbacks if not is_users(one)] + list(found)


def is_frozen() -> bool:
    """Tell whether somebody has frozen what there is; Python 3.12 does so with its immortal objects, some hundreds."""
    return gc.get_freeze_count() > IMMORTAL


def always() -> bool:
    """Tell so in place of `is_frozen`, which walks all that is frozen."""
    return True


ZONE = operator.attrgetter("tzname", "timezone")
SETTINGS: tuple[Setting, ...] = (  # read by functions of C where there are any: all are read at each boundary
    Setting(
        "the locale",
        functools.partial(_locale.setlocale, _locale.LC_ALL, None),
        functools.partial(_locale.setlocale, _locale.LC_ALL),
        "locale.setlocale",
    ),
    Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit, "sys.setrecursionlimit"),
    Setting("the switch interval", sys.getswitchinterval, sys.setswitchinterval, "sys.setswitchinterval"),
    Setting(
        "the limit on digits of integers",
        sys.get_int_max_str_digits,
        sys.set_int_max_str_digits,
        "sys.set_int_max_str_digits",
    ),
    Setting(
        "the default socket timeout", _socket.getdefaulttimeout, _socket.setdefaulttimeout, "socket.setdefaulttimeout"
    ),
    Setting("the event loop policy", policy, set_policy, "asyncio.set_event_loop_policy"),
    Setting("garbage collection", gc.isenabled, lambda on: gc.enable() if on else gc.disable(), "gc.disable"),
    Setting(
        "the thresholds of garbage collection", gc.get_threshold, lambda three: gc.set_threshold(*three),
        "gc.set_threshold",
    ),
    Setting("debugging of garbage collection", gc.get_debug, gc.set_debug, "gc.set_debug"),
    Setting("the callbacks of garbage collection", callbacks, set_callbacks),
    Setting(
        "frozen objects of garbage collection", is_frozen, lambda _: gc.unfreeze(), "gc.freeze"
    ),
    Setting("the trace function", sys.gettrace, sys.settrace, "sys.settrace"),
    Setting("the profile function", sys.getprofile, sys.setprofile, "sys.setprofile"),
    Setting("the trace function of threads", threading.gettrace, threading.settrace, "threading.settrace"),
    attribute(sys, "excepthook"),
    attribute(sys, "unraisablehook"),
    attribute(sys, "displayhook"),
    attribute(sys, "breakpointhook"),
    attribute(threading, "excepthook"),
)  # fmt: skip
if hasattr(time, "tzset"):
    SETTINGS += (Setting("the time zone", functools.partial(ZONE, time), set_zone, "time.tzset"),)
READERS = tuple([setting.read for setting in SETTINGS])
BY_SETTER = {setting.setter: setting for setting in SETTINGS if setting.setter}
EVENTS = ("sys.settrace", "sys.setprofile")
UMASK = os.umask  # without the wrapper that calls this probe


class Values(NamedTuple):
    """The value of each setting, the names in `builtins`, the umask and the functions at exit."""

    settings: tuple[Any, ...]
    builtins: dict[str, Any]
    umask: int
    at_exit: tuple[Any, ...]


class SettingsProbe(Probe[Values]):
    """Locale, time zone, umask, limits, garbage collection, tracing, hooks, `builtins`, functions at exit.

    The umask can only be read by setting it, for all threads: so it is read after somebody called `os.umask`. Functions
    at exit count when code of the project registers them.
    """

    code = "HRM106"
    events = EVENTS
    setters = (
        *(name for name in BY_SETTER if name not in EVENTS),
        "os.umask",
        "atexit.register",
        "atexit.unregister",
    )

    def __init__(self) -> None:
        self.umask = read_umask()  # as far as it is known: this sets it, so it is read again only after a call
        self.umask_called = False
        self.at_exit: list[Any] = []
        self.written = Stamps([number_of(builtins.__dict__)] if are_told() else ())
        self.seen: list[Any] = []  # what was read for the last snapshot
        self.last: Values | None = None
        # What was frozen before the tests is not counted again at each boundary: there may be much of it.
        self.readers = tuple([always if read is is_frozen else read for read in READERS]) if is_frozen() else READERS

    def snapshot(self) -> Values:
        """Read every setting (about 6 us)."""
        if self.umask_called:
            self.umask, self.umask_called = read_umask(), False
        seen: list[Any] = [
            [*map(operator.call, self.readers)],
            self.written.read() or [*builtins.__dict__.values()],
            self.umask,
            self.at_exit,
        ]
        if self.last is None or not same_objects(seen, self.seen):
            self.seen = [*seen[:-1], self.at_exit.copy()]
            self.last = Values(tuple(seen[0]), builtins.__dict__.copy(), self.umask, tuple(self.at_exit))
        return self.last

    def changes(self, before: Values, after: Values) -> Iterator[Change]:
        """Compare setting by setting."""
        if before.settings != after.settings:
            yield from setting_changes(before.settings, after.settings)
        if not alike(before.builtins, after.builtins):
            yield from builtin_changes(before.builtins, after.builtins)
        if before.umask != after.umask:
            old, new = (Described(f"{mask:#05o}") for mask in (before.umask, after.umask))
            yield Change("the umask", old, new, functools.partial(UMASK, before.umask), "os.umask")
        for function in after.at_exit:
            if not any(function is known for known in before.at_exit):
                undo = functools.partial(self.unregister, function)
                yield Change(f"atexit: {name_of(function)}", ABSENT, function, undo, "atexit.register")

    def unregister(self, function: Any) -> None:
        """Take a function out that was to run at exit."""
        atexit.unregister(function)
        self.at_exit = [other for other in self.at_exit if other is not function]

    def heard(self, event: str, args: tuple[object, ...]) -> Hashable:
        """Note who sets a trace or a profile function."""
        return event

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who sets what; learn of the umask and of functions at exit."""
        if name == "os.umask":
            self.umask_called = True
        if name.startswith("atexit."):
            function = args[0] if args else None
            if name == "atexit.unregister":
                self.at_exit = [other for other in self.at_exit if other != function]
                return None
            if whose(getframe(3).f_code.co_filename) != USER:
                return None
            self.at_exit.append(function)
        return name


def setting_changes(before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Change]:
    """Yield the settings that differ. A loop policy that was made when somebody asked for a loop is benign."""
    for setting, old, new in zip(SETTINGS, before, after, strict=True):
        if same(old, new):
            continue
        if setting.read is policy and old is None and type(new).__module__.startswith("asyncio."):
            continue
        yield Change(setting.state, old, new, functools.partial(setting.put, old), setting.setter or None)


def builtin_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    """Yield the names in `builtins` that differ. The last result, which doctest leaves in `_`, is benign."""
    for name in before.keys() | after.keys():
        old, new = before.get(name, ABSENT), after.get(name, ABSENT)
        if old is not new and not (name == "_" and not callable(new)):
            yield Change(f"builtins.{name}", old, new, functools.partial(set_builtin, name, old))


def set_builtin(name: str, value: object) -> None:
    """Give a name in `builtins` its old value."""
    if value is ABSENT:
        builtins.__dict__.pop(name, None)
    else:
        setattr(builtins, name, value)


def read_umask() -> int:
    """Return the umask, by setting it twice."""
    mask = UMASK(0o022)
    UMASK(mask)
    return mask


def name_of(function: Any) -> str:
    """Return the name of a callable."""
    return str(getattr(function, "__qualname__", type(function).__qualname__))
