"""What SQLAlchemy's session factories and engines keep: sessions, connections, configuration, listeners."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._kept import Keeper
from hermetic.guard._shown import callable_name, is_of_library, name_in_modules
from hermetic.guard.compare import same
from hermetic.guard.describe import ABSENT, Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pytest

GATE = "sqlalchemy"
SCOPED, FACTORY, ENGINE = (
    "sqlalchemy.orm.scoping.scoped_session", "sqlalchemy.orm.session.sessionmaker", "sqlalchemy.engine.base.Engine",
)  # fmt: skip
CALL, CONFIGURE, CONNECT = f"{SCOPED}.__call__", f"{FACTORY}.configure", f"{ENGINE}.connect"
LISTEN = ("sqlalchemy.event.listen", "sqlalchemy.event.api.listen")
NO_SESSION = Described("no session in use")


class Listener:
    """A listener of the project: what it listens to, to which event, and the function.

    One equals itself alone: to compare weak references compares what they refer to, and columns answer with an
    expression, or an error.
    """

    __slots__ = ("event", "function", "target")

    def __init__(self, target: weakref.ref[Any], event: str, function: Any) -> None:
        self.target, self.event, self.function = target, event, function

    def is_for(self, target: object, event: str, function: object) -> bool:
        """Tell whether it is this listener."""
        return self.target() is target and self.event == event and same(self.function, function)

    def is_on(self) -> bool:
        """Tell whether it still listens, to something that is still there."""
        target = self.target()
        return target is not None and sys.modules["sqlalchemy.event"].contains(target, self.event, self.function)


class State(NamedTuple):
    """By name: whether sessions are in use, how many connections are out, how factories are configured, who listens."""

    sessions: dict[str, str]
    connections: dict[str, int]
    settings: dict[str, tuple[Any, dict[str, Any]]]
    listeners: tuple[Listener, ...]


class SQLAlchemyProbe(Probe["State | None"]):
    """Factories and engines that a module of the project keeps, or that a fixture of wider scope gave."""

    code = "HRM601"
    gates = (GATE,)
    setters = (CALL, CONFIGURE, CONNECT, *LISTEN)

    def __init__(self) -> None:
        self.kept = Keeper(SCOPED, FACTORY, ENGINE)
        self.listeners: list[Listener] = []
        self.last: State | None = None

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Watch a factory or engine that outlives the test."""
        self.kept.gave(fixturedef)

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget what a fixture gave."""
        self.kept.takes(fixturedef)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who opens a session, takes a connection, configures; and who listens."""
        if name in LISTEN:
            return self.listens_to(*args[:3]) if len(args) > 2 and not is_of_library(args[2]) else None  # noqa: PLR2004
        kept = next((one.name for one in self.kept.found if one.value is args[0]), None)
        return None if kept is None else (name, kept)

    def listens_to(self, target: Any, event: Any, function: Any) -> Hashable:
        """Keep a listener; what cannot be referred to weakly is none that lasts."""
        try:
            one = Listener(weakref.ref(target), str(event), function)
        except TypeError:
            return None
        if not any(known.is_for(target, one.event, function) for known in self.listeners):
            self.listeners.append(one)
        return "listen", str(event), callable_name(function)

    def snapshot(self) -> State | None:
        """Ask each factory and engine (about 0.5 us each)."""
        if GATE not in sys.modules:
            return None
        sessions, connections, settings = {}, {}, {}
        for name, value, _ in self.kept.objects():
            if hasattr(value, "registry"):
                sessions[name] = in_use(value)
            elif hasattr(value, "pool"):
                out = getattr(value.pool, "checkedout", None)
                connections[name] = out() if callable(out) else 0
            else:
                settings[name] = value, value.kw
        if self.listeners:
            self.listeners = [one for one in self.listeners if one.is_on()]
        last = self.last
        found = State(sessions, connections, settings, tuple(self.listeners))
        if last is None or found[:2] != last[:2] or not same_settings(last.settings, settings) or found[3] != last[3]:
            self.last = found._replace(settings={name: (one, dict(kw)) for name, (one, kw) in settings.items()})
        return self.last

    def changes(self, before: State | None, after: State | None) -> Iterator[Change]:
        """Compare one by one. A session in use holds a connection: that is told once."""
        if before is None or after is None:
            return
        in_session = False
        for name, now in after.sessions.items():
            was = before.sessions.get(name, NO_SESSION)
            if was != now:
                in_session = True
                undo = functools.partial(remove, self.kept, name)
                yield Change(f"the session of {name}", Described(was), Described(now), undo, (CALL, name))
        for name, out in after.connections.items():
            was_out = before.connections.get(name)
            if was_out is not None and was_out != out and not in_session:
                old, new = (Described(f"{count} in use") for count in (was_out, out))
                yield Change(f"the connections of {name}", old, new, None, (CONNECT, name))
        yield from self.configured(before, after)
        yield from self.listening(before.listeners, after.listeners)

    @staticmethod
    def configured(before: State, after: State) -> Iterator[Change]:
        """Yield how factories were configured anew."""
        for name, (factory, now) in after.settings.items():
            known = before.settings.get(name)
            if known is None or known[0] is not factory:
                continue
            for key in {**known[1], **now}:
                old, new = known[1].get(key, ABSENT), now.get(key, ABSENT)
                if not same(old, new):
                    undo = functools.partial(put, factory.kw, key, old)
                    yield Change(f"{name}.kw[{key!r}]", old, new, undo, (CONFIGURE, name))

    def listening(self, before: tuple[Listener, ...], after: tuple[Listener, ...]) -> Iterator[Change]:
        """Yield who has begun to listen, or does no longer, to what a module keeps."""
        for one in (*after, *before):
            target = one.target()
            if (one in before) == (one in after) or target is None:
                continue
            name = next((kept.name for kept in self.kept.found if kept.value is target), "") or name_in_modules(target)
            if name:
                function = callable_name(one.function)
                state = f"the listener {function} of {name} to {one.event}"
                old, new = (one.function if one in side else ABSENT for side in (before, after))
                undo = functools.partial(sys.modules["sqlalchemy.event"].remove, target, one.event, one.function)
                yield Change(state, old, new, undo if one in after else None, ("listen", one.event, function))


def in_use(scoped: Any) -> str:
    """Return whether the sessions of a registry are in use: one that was closed and holds nothing is not."""
    registry = getattr(scoped.registry, "registry", None)
    if isinstance(registry, dict):
        sessions = list(registry.values())
    else:
        sessions = [one] if (one := getattr(registry, "value", None)) is not None else []
    return Described("a session in use") if any(map(is_open, sessions)) else NO_SESSION


def is_open(session: Any) -> bool:
    """Tell whether a session is in a transaction, or holds objects or notes."""
    session = getattr(session, "sync_session", session)
    held = session.__dict__
    return bool(
        session.in_transaction() or held.get("info") or held.get("_new") or held.get("_deleted")
        or len(session.identity_map)
    )  # fmt: skip


def remove(kept: Keeper, name: str) -> None:
    """Remove the session of a registry."""
    for one in kept.found:
        if one.name == name:
            one.value.remove()


def put(held: dict[str, Any], key: str, value: object) -> None:
    """Put an argument of a factory back."""
    if value is ABSENT:
        held.pop(key, None)
    else:
        held[key] = value


def same_settings(one: dict[str, tuple[Any, dict[str, Any]]], other: dict[str, tuple[Any, dict[str, Any]]]) -> bool:
    """Tell whether factories are configured as they were; values are compared with `is` only."""
    if one.keys() != other.keys():
        return False
    pairs = [(one[name][1], other[name][1]) for name in one]
    return all(was.keys() == now.keys() and all(was[key] is now[key] for key in was) for was, now in pairs)
