"""Handlers of signals, and the signals that are blocked."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the conversion to enumerations, 20 times as slow
import functools
import signal
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard.compare import same, same_objects
from hermetic.guard.describe import Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

SIGNALS = tuple(int(number) for number in signal.valid_signals() if number < getattr(signal, "SIGRTMIN", 64))
HANDLER, MASK = "signal.signal", "signal.pthread_sigmask"
getsignal = _signal.getsignal
blocked: Callable[[], Any] = (
    functools.partial(_signal.pthread_sigmask, int(signal.SIG_BLOCK), ())
    if hasattr(_signal, "pthread_sigmask")
    else tuple
)


class Signals(NamedTuple):
    """The handler of each signal, and the signals that are blocked."""

    handlers: list[Any]
    mask: Any


class SignalsProbe(Probe[Signals]):
    """What the process does when a signal comes."""

    code = "HRM106"
    between = True  # plugins that limit the time of a test set a handler around it
    setters = (HANDLER, MASK)

    def __init__(self) -> None:
        self.seen: list[Any] = []  # what was read for the last snapshot
        self.last: Signals | None = None

    def snapshot(self) -> Signals:
        """Ask for every handler (about 2 us)."""
        seen = [[*map(getsignal, SIGNALS)], blocked()]
        if self.last is None or not same_objects(seen, self.seen):
            self.seen, self.last = seen, Signals(*seen)
        return self.last

    def changes(self, before: Signals, after: Signals) -> Iterator[Change]:
        """Compare signal by signal."""
        for number, old, new in zip(SIGNALS, before.handlers, after.handlers, strict=True):
            if not same(old, new) and not (is_plugins(old) or is_plugins(new)):
                undo = functools.partial(_signal.signal, number, old) if old is not None else None
                name = signal.Signals(number).name
                yield Change(f"the handler of {name}", shown(old), shown(new), undo, (HANDLER, number))
        if before.mask != after.mask:
            undo = functools.partial(signal.pthread_sigmask, signal.SIG_SETMASK, before.mask)
            yield Change("the signal mask", before.mask, after.mask, undo, MASK)

    def called(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note who sets what."""
        if name == HANDLER:
            return (name, int(args[0])) if args else None
        return name


def is_plugins(value: Any) -> bool:
    """Tell whether a handler is that of pytest-timeout, which sets one for each test and leaves the last one there."""
    return getattr(value, "__module__", "") == "pytest_timeout"


def shown(value: Any) -> object:
    """Return a handler as it is reported."""
    try:
        return Described(signal.Handlers(value).name)
    except (ValueError, TypeError):
        return value
