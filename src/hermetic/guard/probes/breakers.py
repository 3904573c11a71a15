"""Circuit breakers."""

from __future__ import annotations

import enum
import functools
import re
import sys
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._instances import Instances, is_kept, maker, names_of
from hermetic.guard.compare import same, same_objects
from hermetic.guard.describe import Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

OPENS, FAILS, LISTENS, SETS = "opens", "fails", "listens", "sets"  # what a call does to a breaker
CLOSED, LISTENERS = "closed", "_listeners"
# What an attribute of a configured class has in its name when it says how the breaker is.
WORDS = re.compile(r"state|status|open|close|half|fail|error|trip|listener|callback|threshold", re.IGNORECASE)
PLAIN = (str, int, bool, type(None), enum.Enum)
SEVERAL = (list, tuple, set)


class Library(NamedTuple):
    """How the breakers of one library hold what they know.

    `kept` are the attributes that say how a breaker is, the state and the number of failures first; they are those of
    its `storage` where it has one. `settings` are what a test may turn. `calls` are methods, and what they do.
    """

    name: str
    storage: str
    kept: tuple[str, ...]
    settings: tuple[str, ...]
    calls: Mapping[str, str]
    limit: str = ""  # the attribute with the number of failures that open it, where no method of its own does that


ONE_BY_ONE = {
    "open": OPENS, "half_open": OPENS, "close": OPENS, "_inc_counter": FAILS, "add_listener": LISTENS,
    "remove_listener": LISTENS, "add_excluded_exception": SETS, "remove_excluded_exception": SETS,
}  # fmt: skip
LIBRARIES = {
    library.name: library
    for library in (
        Library(
            "pybreaker.CircuitBreaker",
            "_state_storage",
            ("_state", "_fail_counter", "_success_counter", "_opened_at"),
            ("_fail_max", "_reset_timeout", "_success_threshold", "_excluded_exceptions"),
            ONE_BY_ONE,
        ),
        Library(
            "aiobreaker.CircuitBreaker",
            "_state_storage",
            ("_state", "_fail_counter", "_opened_at"),
            ("_fail_max", "_timeout_duration", "_excluded_exceptions"),
            ONE_BY_ONE,
        ),
        Library(
            "circuitbreaker.CircuitBreaker",
            "",
            ("_state", "_failure_count", "_opened"),
            ("_failure_threshold", "_recovery_timeout", "_fallback_function"),
            {"_CircuitBreaker__call_failed": FAILS, "reset": OPENS},
            "_failure_threshold",
        ),
    )
}


class Condition(NamedTuple):
    """Whether a breaker is open, and how many failures in a row it has counted; None where it is kept elsewhere."""

    state: str | None
    failures: int | None

    def __repr__(self) -> str:
        return f"{self.state}, {self.failures} failure{'' if self.failures == 1 else 's'}"


class Row(NamedTuple):
    """What is compared of one breaker, and what `put` needs to give it back its condition."""

    condition: Condition
    fields: dict[str, object]
    raw: dict[str, Any]


class BreakerProbe(Probe[dict[int, Row]]):
    """The condition, listeners and settings of breakers that outlive the test.

    A breaker that is new counts where a module of the project holds it. One whose storage is another server's is not
    asked, since that would go over the network.
    """

    code = "HRM605"

    def __init__(self) -> None:
        self.living: dict[str, Instances] = {}
        self.kinds: dict[str, tuple[str, str]] = {}  # by setter, the class and what the call does
        self.names: dict[tuple[str, int], str] = {}
        self.mirror: list[Any] = []  # what was read with the last snapshot
        self.last: dict[Any, Row] = {}
        self.learn_options({})

    def learn_options(self, options: Mapping[str, object]) -> None:
        """Learn of the project's own classes."""
        own = breaker_classes(options)
        self.living = {name: Instances(name) for name in (*LIBRARIES, *own)}
        self.kinds = {maker(name): (name, "") for name in LIBRARIES}  # a wrapped class of the project would be HRM308's
        for name, library in LIBRARIES.items():
            self.kinds.update({f"{name}.{method}": (name, does) for method, does in library.calls.items()})
        self.setters = tuple(self.kinds)

    def is_awake(self, mentioned: set[str]) -> bool:
        """Tell whether a library, or a module of the project, with a class of breakers is imported."""
        return any(kind.partition(".")[0] in sys.modules for kind in self.living)

    def asleep(self) -> dict[Any, Row]:
        """Return that there was no breaker."""
        return {}

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Learn of a new breaker; note what a call does to one."""
        kind, does = self.kinds[name]
        number = self.living[kind].add(args[0])
        if not does:
            return None
        limit = LIBRARIES[kind].limit
        if does == FAILS and limit:
            held = vars(args[0])
            does = OPENS if held["_failure_count"] + 1 >= held[limit] else FAILS
        return kind, number, does

    def snapshot(self) -> dict[Any, Row]:
        """Read each breaker (about 3 us), and copy all where something is new; nothing where there is no library."""
        found: list[Any] = []
        for kind, instances in self.living.items():
            if kind.partition(".")[0] in sys.modules:
                instances.search()
                library = LIBRARIES.get(kind)
                for number, breaker in instances.living():
                    found += (kind, number)
                    found += traces(library, breaker.__dict__)
        if not same_objects(found, self.mirror):
            self.mirror = found
            self.last = {
                (kind, number): read(LIBRARIES.get(kind), breaker)
                for kind, instances in self.living.items()
                for number, breaker in instances.living()
            }
        return self.last

    def changes(self, before: dict[Any, Row], after: dict[Any, Row]) -> Iterator[Change]:
        """Compare breaker by breaker."""
        for key, now in after.items():
            was = before.get(key)
            breaker = self.living[key[0]].get(key[1])
            if breaker is None or (was is not None and not differs(was, now)):
                continue
            if was is None:
                was = now._replace(condition=Condition(CLOSED, 0), raw={})
                if now.condition in (was.condition, UNKNOWN) or not is_kept(breaker):
                    continue
            yield from self.of_breaker(key, breaker, was, now)

    def of_breaker(self, key: tuple[str, int], breaker: Any, was: Row, now: Row) -> Iterator[Change]:
        """Yield what differs of one breaker."""
        name, library = self.name_of(key, breaker), LIBRARIES.get(key[0])
        if was.condition != now.condition:
            does = OPENS if was.condition.state != now.condition.state else FAILS
            undo = functools.partial(put, library, breaker, was.raw)
            yield Change(name, was.condition, now.condition, undo, (*key, does))
        for field in was.fields.keys() & now.fields.keys():
            old, new = was.fields[field], now.fields[field]
            if not same(old, new):
                does = LISTENS if "listener" in field else SETS
                undo = functools.partial(set_field, breaker, field, old)
                yield Change(f"{name}.{field.lstrip('_')}", shown(old), shown(new), undo, (*key, does))

    def name_of(self, key: tuple[str, int], breaker: object) -> str:
        """Return what a breaker is called: how a module of the project names it, else its own name."""
        if key not in self.names:
            own = getattr(breaker, "_name", None) or getattr(breaker, "name", None) or f"{key[0]} {key[1]}"
            known = next((name for name, _ in names_of(breaker)), "")
            self.names[key] = known or f"the circuit breaker {own!s}"
        return self.names[key]


UNKNOWN = Condition(None, None)


def breaker_classes(options: Mapping[str, object]) -> list[str]:
    """Return the project's own classes of breakers, none where the rule is off."""
    listed, codes = options.get("breaker-classes", ()), options.get("codes")
    is_off = isinstance(codes, frozenset) and BreakerProbe.code not in codes
    return [] if is_off or not isinstance(listed, (list, tuple)) else [str(name) for name in listed]


def read(library: Library | None, breaker: Any) -> Row:
    """Return how a breaker is now. Only what is in the memory of this process is read."""
    held = getattr(breaker, "__dict__", {})
    if library is None:
        fields = {name: copied(value) for name, value in held.items() if is_telling(name, value)}
        return Row(UNKNOWN, fields, {})
    storage = getattr(held.get(library.storage), "__dict__", {}) if library.storage else held
    state, failures = (storage.get(name) for name in library.kept[:2])
    fields = {name: copied(held.get(name)) for name in (*library.settings, LISTENERS) if name in held}
    kept = {name: storage[name] for name in library.kept if name in storage}
    return Row(Condition(word(state), failures), fields, kept)


def traces(library: Library | None, held: dict[str, Any]) -> list[Any]:
    """Return the values that `read` looks at. They are compared with each other alone, and hold no breaker."""
    if library is None:
        return [copied(value) for name, value in held.items() if is_telling(name, value)]
    storage = getattr(held.get(library.storage), "__dict__", {}) if library.storage else held
    found = [storage.get(name) for name in library.kept]
    for name in (*library.settings, LISTENERS):
        value = held.get(name)
        if type(value) is list:
            found += map(weak, value)
        else:
            found.append(value)
    return found


def differs(one: Row, other: Row) -> bool:
    """Tell whether two rows say different things."""
    return one.condition != other.condition or one.fields != other.fields


def is_telling(name: str, value: object) -> bool:
    """Tell whether an attribute of a class of the project's own says how the breaker is."""
    return WORDS.search(name) is not None and isinstance(value, (*PLAIN, *SEVERAL))


def copied(value: object) -> object:
    """Return a value that stays as it is when the breaker changes; what a list holds may know the breaker."""
    return tuple(map(weak, value)) if isinstance(value, SEVERAL) else value


def weak(value: Any) -> Any:
    """Return a weak reference to an object, where there can be one: the breaker may go when its test is over."""
    try:
        return weakref.ref(value)
    except TypeError:
        return value


def back(value: object) -> object:
    """Return what `copied` was given, as far as it is still there; a list for all that hold several."""
    if not isinstance(value, tuple):
        return value
    held = [one() if isinstance(one, weakref.ref) else one for one in value]
    return [one for one in held if one is not None]


def word(state: object) -> str | None:
    """Return a state as a word: some libraries have constants for them, others an enumeration."""
    return None if state is None else str(getattr(state, "name", state)).lower().replace("_", "-")


def shown(value: object) -> object:
    """Return a value as it is reported."""
    found = back(value)
    return Described("none") if found == [] else found


def put(library: Library | None, breaker: Any, raw: dict[str, Any]) -> None:
    """Give a breaker its condition back; one that was made by the test is closed."""
    if library is None:
        return
    if not raw:
        reset: Callable[[], object] = getattr(breaker, "reset", None) or breaker.close
        reset()
        return
    held = breaker.__dict__
    (held[library.storage].__dict__ if library.storage else held).update(raw)
    if library.storage:
        held["_state"] = breaker._create_new_state(breaker.current_state)  # noqa: SLF001 - without telling listeners


def set_field(breaker: Any, field: str, value: object) -> None:
    """Give an attribute its old value; a list or set stays the same one."""
    now: Any = breaker.__dict__.get(field)
    old: Any = back(value)
    if isinstance(now, (list, set)) and isinstance(old, list):
        now.clear()
        (now.extend if isinstance(now, list) else now.update)(old)
    else:
        setattr(breaker, field, type(now)(old) if isinstance(now, tuple) else old)
