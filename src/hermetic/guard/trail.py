"""Who did what since the last boundary: one audit hook for the process, and wrappers around a few setters.

An audit hook cannot be removed, so it is installed once, by the first session that guards, and does nothing while no
trail is current. It takes no lock and never raises: it runs in any thread, inside whatever the event belongs to.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from hermetic.guard import places
from hermetic.guard.probe import Probe
from hermetic.guard.setters import Current, unwrap, wrap

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from hermetic.guard.watching import Watch

    Key = tuple[str, Hashable]


class Trail:
    """The notes of one session: the first place for each (code of the rule, key of the probe)."""

    def __init__(self, probes: list[Probe[Any]]) -> None:
        self.notes: dict[Key, places.Place | None] = {}
        self.watch: Watch | None = None
        self.paused = False
        self.listeners: dict[str, list[Any]] = {}  # probes, and who hears of imports
        self.callees: dict[str, list[Probe[Any]]] = {}
        self.results: dict[str, list[Probe[Any]]] = {}
        self.broken: list[tuple[Probe[Any], BaseException]] = []
        self.probes = probes
        for probe in probes:
            for event in probe.events:
                self.listeners.setdefault(event, []).append(probe)
            for name in probe.setters:
                self.callees.setdefault(name, []).append(probe)
                if type(probe).returned is not Probe.returned:
                    self.results.setdefault(name, []).append(probe)

    def listen(self, *, on: bool) -> None:
        """Let the probes know whether they hear of everything from here on; they may have missed something."""
        for probe in self.probes:
            probe.hearing, probe.stirred = on, True

    def hear(self, probes: list[Any], event: str, args: tuple[object, ...]) -> None:
        """Note who caused an audit event."""
        for probe in probes:
            try:
                key = probe.heard(event, args)
                if key is not None:
                    self.note(probe, key)
            except Exception as error:  # noqa: BLE001 - it would surface in the code that is being tested
                self.broken.append((probe, error))

    def call(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Note who calls a setter."""
        if self.paused:
            return
        for probe in self.callees.get(name, ()):
            try:
                key = probe.called(name, args, kwargs)
                if key is not None:
                    self.note(probe, key)
            except Exception as error:  # noqa: BLE001 - as above
                self.broken.append((probe, error))

    def answer(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Tell what a setter returned."""
        for probe in () if self.paused else self.results.get(name, ()):
            try:
                probe.returned(name, args, result)
            except Exception as error:  # noqa: BLE001 - as above
                self.broken.append((probe, error))

    def note(self, probe: Probe[Any], key: Hashable) -> None:
        """Keep the place that is responsible, if it is the first since the last boundary."""
        full = (probe.code, key)
        if full not in self.notes:
            self.notes[full] = None  # walking frames raises audit events itself
            self.notes[full] = places.responsible(places.getframe(3))

    def place_of(self, probe: Probe[Any], key: Hashable) -> places.Place | None:
        """Return the first place that was noted since the last boundary."""
        place = self.notes.get((probe.code, key))
        return self.watch.place_of(key) if place is None and self.watch is not None and isinstance(key, str) else place

    def forget(self) -> None:
        """Begin anew at a boundary."""
        self.notes.clear()
        if self.watch is not None:
            self.watch.forget()

    def drop(self, probe: Probe[Any]) -> None:
        """Ask a probe no more."""
        for table in (self.listeners, self.callees, self.results):
            for name, probes in list(table.items()):
                table[name] = [other for other in probes if other is not probe]


_events: set[str] = set()  # those that any session has listened to


class _Hook:
    """Whether the process has the hook."""

    installed = False


def _audit(event: str, args: tuple[object, ...]) -> None:
    if event in _events:  # most events, dozens in each test, end here
        trail = Current.trail
        if trail is not None and not trail.paused:
            trail.hear(trail.listeners.get(event, []), event, args)


class Listening:
    """A trail that is current from `start` to `stop`."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.outer: Trail | None = None
        self.waiting: list[str] = []
        self.of_imports: list[str] = []  # setters that are heard while a test file is imported, and not else
        self.awaited: frozenset[str] = frozenset()  # the modules of Python that those may be in
        self.imported = 0  # how many modules there were when setters were last looked for
        self.installed: list[str] = []

    def start(self) -> None:
        """Install the hook and the wrappers, and make the trail current."""
        self.trail.listeners.setdefault("import", []).append(self)
        _events.update(self.trail.listeners)
        if not _Hook.installed:
            _Hook.installed = True
            sys.addaudithook(_audit)
        callees = self.trail.callees
        self.of_imports = [name for name in callees if not any(probe.in_tests for probe in callees[name])]
        self.waiting = [name for name in callees if name not in self.of_imports]
        self.wrap_imported()
        self.outer, Current.trail = Current.trail, self.trail
        if self.outer is not None:
            self.outer.listen(on=False)
        self.trail.listen(on=True)

    def wrap_imported(self) -> None:
        """Wrap the setters whose module has been imported by now."""
        if self.waiting and len(sys.modules) != self.imported:
            self.imported = len(sys.modules)
            callees = self.trail.callees
            new = [name for name in self.waiting if any(probe.listens() for probe in callees[name]) and wrap(name)]
            if new:
                self.installed += new
                self.waiting = [name for name in self.waiting if name not in new]
            heads = {name.rpartition(".")[0] for name in self.waiting}
            heads |= {head.rpartition(".")[0] for head in heads}
            self.awaited = frozenset(head for head in heads if head.partition(".")[0] in sys.stdlib_module_names)

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Hear of those setters, too, that count only while a test file is imported."""
        heard = [name for name in self.of_imports if wrap(name)]
        try:
            yield
        finally:
            for name in heard:
                unwrap(name)

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Import a module at once where its setters are waited for, so that nobody uses them before they are wrapped.

        What a run never imports need not be imported by the guard either.
        """
        if args[0] in self.awaited:
            self.awaited -= {args[0]}
            with contextlib.suppress(Exception):  # the import that was heard of raises it again
                importlib.import_module(args[0])
                self.imported = 0  # what it imports was heard of as well, when it was there and not yet complete
                self.wrap_imported()

    def stop(self) -> None:
        """Give way to the outer session, and take the wrappers away with the last one."""
        Current.trail = self.outer
        self.trail.listen(on=False)
        if self.outer is not None:
            self.outer.listen(on=True)
        while self.installed:
            unwrap(self.installed.pop())
