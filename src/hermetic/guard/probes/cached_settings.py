"""Caches of functions that were filled with a test's environment."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._globals import PROJECT
from hermetic.guard._sieve import Sieve
from hermetic.guard.compare import CACHED
from hermetic.guard.containers import attributes
from hermetic.guard.describe import ABSENT, Described, hidden, short
from hermetic.guard.places import LIBRARY, asking, getframe, responsible
from hermetic.guard.probe import Change, Probe
from hermetic.guard.probes.environ import CURRENT

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from types import CodeType, FrameType

    import pytest

    from hermetic.guard.places import Place


DEPTH = 3  # a field of a nested model
READ = "os._Environ.__getitem__"
FEW = 30  # caches that are asked in less time than it takes to walk up from a test


class Fill(NamedTuple):
    """What a cached function read to fill its cache: a variable's name, its value then and outside, and who asked."""

    cache: Any
    key: str
    value: str | None
    outside: str | None
    place: Place | None


class CachedSettingsProbe(Probe[object]):
    """Functions of the project with `lru_cache` or `cache` that read a variable which only the test had set.

    Each read of the environment that gives another value than outside of the test is looked at: when a cached function
    is on the stack, its cache holds something that was made with that value. It is a finding when the value is gone and
    the cache is not.
    """

    code = "HRM602"
    setters = (READ,)

    def __init__(self) -> None:
        self.caches: dict[CodeType, Any] = {}
        self.sizes: dict[Any, tuple[int, int]] = {}  # of each cache at the last boundary
        self.looks = 0  # as the project's modules were when they were gone through
        self.sieve = Sieve(lambda _, value: type(function_in(value)) is CACHED)
        self.outside: dict[Any, Any] = {}
        self.held: dict[Any, dict[Any, Any]] = {}  # by fixture, what it changed, as it was before
        self.fills: dict[tuple[Any, str], Fill] = {}
        self.copying: set[Any] = set()  # caches of functions that went through all of the environment
        self.ends = False

    def test_begins(self, item: pytest.Item) -> None:
        """Learn what the environment is outside of the test."""
        self.outside, self.ends = environment(), False
        for before in self.held.values():
            self.outside.update(before)

    def test_ends(self, item: pytest.Item) -> None:
        """Let the next comparison be the one that counts."""
        self.ends = True

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn what the environment is before a wide fixture changes it."""
        if fixturedef.scope != "session":
            self.held[fixturedef] = environment()

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Keep what the fixture has changed; what one of the session sets is there for all tests."""
        now = environment()
        if fixturedef.scope == "session":
            self.outside.update(now)
        before = self.held.pop(fixturedef, now)
        changed = {key: before.get(key) for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
        if changed:
            self.held[fixturedef] = changed

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Judge what was filled while the fixture held."""
        self.ends = self.held.pop(fixturedef, None) is not None

    def listens(self) -> bool:
        """Leave the environment alone while the project caches nothing."""
        return bool(self.caches)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Look at a read that gives another value than outside of the test."""
        key = args[1] if len(args) > 1 else None
        if args[0] is not os.environ or not isinstance(key, str) or not self.may_fill():
            return None
        value, outside = value_of(key), value_of(key, self.outside)
        found = self.filling(getframe(3))
        if found is None:
            return None
        frame, cache = found
        if key == CURRENT:  # nobody asks for this one alone
            self.copying.add(cache)
            return None
        if value == outside:
            self.fills.pop((cache, key), None)
            return None
        self.fills[cache, key] = Fill(cache, key, value, outside, asker(frame.f_back))
        return None

    def may_fill(self) -> bool:
        """Tell whether a cached function may be running; where there are few, by what they have missed since."""
        if len(self.caches) > FEW:
            return True
        return any(size_of(cache) != self.sizes.get(cache) for cache in self.caches.values())

    def filling(self, frame: FrameType | None) -> tuple[FrameType, Any] | None:
        """Return the innermost cached function that is running, None when there is none."""
        caches = self.caches
        while frame is not None:
            cache = caches.get(frame.f_code)
            if cache is not None and size_of(cache) != self.sizes.get(cache):  # else it was called past its cache
                return frame, cache
            frame = frame.f_back
        return None

    def snapshot(self) -> object:
        """Find the cached functions, anew when there are new modules; return another object where there is news."""
        walk = PROJECT.snapshot()
        if self.looks != walk.looks:
            self.looks = walk.looks
            found = [function_in(value) for _, _, value in self.sieve.through(walk)]
            codes = [getattr(one.__wrapped__, "__code__", None) for one in found]
            self.caches = {code: one for code, one in zip(codes, found, strict=True) if code is not None}
        if self.caches:
            self.sizes = {cache: size_of(cache) for cache in self.caches.values()}
        if self.fills:
            return object()
        self.ends = False
        return None

    def changes(self, before: object, after: object) -> Iterator[Change]:
        """Yield the caches that still hold what was made with a value that is gone."""
        ends, self.ends = self.ends, False
        if not ends or not self.fills:
            return
        for place, fill in list(self.fills.items()):
            if not fill.cache.cache_info().currsize:
                del self.fills[place]
            elif value_of(fill.key) != fill.value:
                del self.fills[place]
                if fill.cache in self.copying and not gives(fill.cache, str(fill.value)):
                    continue
                state, key = state_of(fill.cache), fill.key
                was = ABSENT if fill.outside is None else hidden(key, fill.outside)
                made = "taken away" if fill.value is None else short(hidden(key, fill.value))
                yield Change(
                    f"what {state}() keeps of {key}",
                    was,
                    Described(f"filled with {key} {made}"),
                    fill.cache.cache_clear,
                    note=fill.place,
                )


def function_in(value: Any) -> Any:
    """Return the function in a class method or static method, any other value as it is."""
    return value.__func__ if type(value) in {classmethod, staticmethod} else value


def asker(frame: FrameType | None) -> Place | None:
    """Return the line that a call of a cached function goes back to: in a thread of a server, that of the request."""
    place = responsible(frame)
    alone = place is not None and place.origin == LIBRARY
    return (asking() if alone else None) or place


def size_of(cache: Any) -> tuple[int, int]:
    """Return how often a cache was missed, and how much is in it; the first grows before the function runs."""
    _, misses, _, size = cache.cache_info()
    return misses, size


ENCODE, DECODE = os.environ.encodekey, os.environ.decodevalue


def environment() -> dict[Any, Any]:
    """Return a copy of the dictionary behind `os.environ`, whose reads are not heard; POSIX has bytes in it."""
    return getattr(os.environ, "_data", {}).copy()


def value_of(key: str, held: dict[Any, Any] | None = None) -> str | None:
    """Return the value of a variable, now or in a copy, None when it is not set."""
    value = (getattr(os.environ, "_data", {}) if held is None else held).get(ENCODE(key))
    return None if value is None else DECODE(value)


def gives(cache: Any, wanted: str) -> bool:
    """Tell whether the object that a cached function without parameters returns holds a value, as text or converted."""
    code = cache.__wrapped__.__code__
    if code.co_argcount or code.co_kwonlyargcount or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return False
    return holds_text(cache(), wanted.lower(), DEPTH)  # a hit: there is but one key


def holds_text(value: object, wanted: str, steps: int) -> bool:
    """Tell whether a value is written as `wanted`, or one of its items or attributes is."""
    if value is None or isinstance(value, (str, int, float, os.PathLike)):
        return str(value).lower() == wanted
    if not steps:
        return False
    if isinstance(value, dict):
        inner = [*value.values()]
    else:
        inner = [*value] if isinstance(value, (list, tuple, set, frozenset)) else [*attributes(value).values()]
    return any(holds_text(one, wanted, steps - 1) for one in inner)


def state_of(cache: Any) -> str:
    """Return the full name of a cached function."""
    return f"{cache.__module__}.{cache.__qualname__}"
