"""Who listens to the signals of Django and blinker (which Flask uses)."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any

from hermetic.guard._instances import Instances, maker
from hermetic.guard._shown import callable_name, is_of_library, name_in_modules
from hermetic.guard.compare import same_objects
from hermetic.guard.describe import ABSENT
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

DJANGO, BLINKER = "django.dispatch.dispatcher.Signal", "blinker.base.Signal"
GATES = ("django.dispatch.dispatcher", "blinker.base")
CONNECTORS = tuple(f"{kind}.{name}" for kind in (DJANGO, BLINKER) for name in ("connect", "disconnect"))
NONE: dict[int, Any] = {}


class ReceiversProbe(Probe[dict[int, dict[Any, Any]]]):
    """The receivers of each signal that a module holds, or that has a name; those that are gone do not count."""

    code = "HRM601"
    gates = GATES
    setters = (maker(DJANGO), maker(BLINKER), *CONNECTORS)

    def __init__(self) -> None:
        self.signals = Instances(DJANGO, BLINKER)
        self.mirrors: list[Any] = []
        self.last = NONE

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Learn of a new signal; note who connects and disconnects."""
        number = self.signals.add(args[0])
        return number if name in CONNECTORS else None

    def snapshot(self) -> dict[int, dict[Any, Any]]:
        """Read the receivers of each signal (about 0.2 us each)."""
        if not any(gate in sys.modules for gate in GATES):
            return NONE
        self.signals.search()
        living = self.signals.living()
        found = [one for number, signal in living for one in (number, signal.receivers)]
        if self.last is NONE or not same_objects(found, self.mirrors):
            self.mirrors = [one if isinstance(one, int) else one.copy() for one in found]
            self.last = {number: receivers_of(signal) for number, signal in living}
        return self.last

    def changes(self, before: dict[int, dict[Any, Any]], after: dict[int, dict[Any, Any]]) -> Iterator[Change]:
        """Compare signal by signal. What a library connects when it is first used is benign."""
        if before is NONE:
            return
        for number, now in after.items():
            was = before.get(number)
            if was is not None and was.keys() != now.keys():
                yield from self.of_signal(number, was, now)

    def of_signal(self, number: int, before: dict[Any, Any], after: dict[Any, Any]) -> Iterator[Change]:
        """Yield the receivers of one signal that were connected or disconnected."""
        signal = self.signals.get(number)
        name = name_in_modules(signal) or (f"signal({signal.name!r})" if getattr(signal, "name", "") else "")
        for key in {**before, **after} if name else ():
            old, new = before.get(key), after.get(key)
            function = resolved(new if old is None else old)
            if (old is None) == (new is None) or function is None or (new is not None and is_benign(new, function)):
                continue
            state = f"the receiver {callable_name(function)} of {name}"
            undo = functools.partial(put_back, signal, key, old, function)
            was, now = (ABSENT if kept is None else function for kept in (old, new))
            yield Change(state, was, now, undo, number)


def receivers_of(signal: Any) -> dict[Any, Any]:
    """Return the receivers of a signal by their keys."""
    held = signal.receivers
    if isinstance(held, dict):
        return {key: kept for key, kept in held.items() if resolved(kept) is not None}
    return {entry[0]: entry for entry in held if resolved(entry) is not None}


def is_benign(kept: Any, function: Any) -> bool:
    """Tell whether a receiver is a library's, or goes away with what the test made: a weak reference to a local."""
    reference = kept[1] if isinstance(kept, tuple) else kept
    return is_of_library(function) or (
        isinstance(reference, weakref.ReferenceType)
        and ("<locals>" in callable_name(function) or hasattr(function, "__self__"))
    )


def resolved(kept: Any) -> Any:
    """Return the function of a receiver, None when it is gone."""
    reference = kept[1] if isinstance(kept, tuple) else kept
    return reference() if isinstance(reference, weakref.ReferenceType) else reference


def put_back(signal: Any, key: Any, kept: Any, function: Any) -> None:
    """Connect or disconnect a receiver, past what the library would do about its sender."""
    if isinstance(signal.receivers, dict):
        if kept is None:
            signal.disconnect(function)
        else:
            signal.connect(function, weak=isinstance(kept, weakref.ReferenceType))
        return
    signal.receivers = [entry for entry in signal.receivers if entry[0] != key] + ([] if kept is None else [kept])
    signal.sender_receivers_cache.clear()
