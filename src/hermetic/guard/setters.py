"""The wrappers around the few setters that have no audit event: they tell the trail who calls them."""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

from _pytest.logging import LogCaptureHandler

from hermetic.guard.places import MACHINE, getframe, whose

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.guard.trail import Trail


class Current:
    """The trail of the innermost session; sessions nest when a test runs pytest in its own process."""

    trail: Trail | None = None


class Wrapped:
    """A setter that was replaced by a wrapper."""

    __slots__ = ("holder", "name", "original", "users", "wrapper")

    def __init__(self, holder: object, name: str, original: Callable[..., Any], wrapper: Callable[..., Any]) -> None:
        self.holder, self.name, self.original, self.wrapper = holder, name, original, wrapper
        self.users = 1


WRAPPED: dict[str, Wrapped] = {}


def find(dotted: str) -> tuple[object, str] | None:
    """Return what holds a dotted name and its last part, None while the module is not imported."""
    head, _, last = dotted.rpartition(".")
    module = sys.modules.get(head)
    if module is not None:
        return module, last
    head, _, owner = head.rpartition(".")
    holder = getattr(sys.modules.get(head), owner, None)
    return (holder, last) if holder is not None else None


def wrap(dotted: str) -> bool:
    """Put a wrapper around a setter; False while it does not exist."""
    if dotted in WRAPPED:
        WRAPPED[dotted].users += 1
        return True
    found = find(dotted)
    original = getattr(*found, None) if found is not None else None
    if found is None or original is None:
        return False

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # what the setter raises is shown as ever
        # Pytest's log capture calls setters twelve times a test: it is turned away first, and to look at a frame raises
        # audit events.
        if args and type(args[-1]) is LogCaptureHandler:
            return original(*args, **kwargs)
        trail = Current.trail
        if trail is not None and whose(getframe(1).f_code.co_filename) is not MACHINE:
            trail.call(dotted, args, kwargs)
            if dotted in trail.results:
                result = None
                try:
                    result = original(*args, **kwargs)
                finally:
                    trail.answer(dotted, args, result)
                return result
        return original(*args, **kwargs)

    setattr(*found, wrapper)
    WRAPPED[dotted] = Wrapped(*found, original, wrapper)
    return True


def unwrap(dotted: str) -> None:
    """Take a wrapper away, unless somebody has put something else in its place."""
    entry = WRAPPED[dotted]
    entry.users -= 1
    if not entry.users:
        del WRAPPED[dotted]
        if vars(entry.holder).get(entry.name) is entry.wrapper:
            setattr(entry.holder, entry.name, entry.original)


FILE = wrap.__code__.co_filename


def without_wrapper(value: Any) -> Any:
    """Return a function without the wrapper that it has as a setter, anything else as it is."""
    wrapped = type(value) is types.FunctionType and value.__code__.co_filename == FILE
    return value.__wrapped__ if wrapped else value
