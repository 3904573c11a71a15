"""What OpenTelemetry keeps for the process: providers, processors, the propagator, instrumented libraries."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._instances import Instances, kinds_of, maker, names_of
from hermetic.guard.compare import same_objects
from hermetic.guard.describe import Described
from hermetic.guard.places import getframe, is_test_file, responsible
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pytest

API = "opentelemetry.context"  # what whatever else of the library imports
PROPAGATE, TEXTMAP = "opentelemetry.propagate", "_HTTP_TEXT_FORMAT"
SET_TEXTMAP = f"{PROPAGATE}.set_global_textmap"
INSTRUMENTOR = "opentelemetry.instrumentation.instrumentor"
FLAG = "_is_instrumented_by_opentelemetry"
INSTRUMENT, UNINSTRUMENT = (f"{INSTRUMENTOR}.BaseInstrumentor.{name}" for name in ("instrument", "uninstrument"))


class Signal(NamedTuple):
    """One of the three global providers: where it is kept, what sets it, and where a provider keeps its processors."""

    name: str
    module: str
    attribute: str
    setter: str
    kind: str = ""
    held_in: tuple[str, str] = ("", "")

    @property
    def once(self) -> str:
        """The name of what lets a provider be set only once."""
        return f"{self.attribute}_SET_ONCE"

    @property
    def adder(self) -> str:
        """The method of a provider that adds a processor."""
        return f"{self.kind}.add_{'span' if self.name == 'tracer' else 'log_record'}_processor"

    def now(self) -> Global:
        """Return the provider that is set now."""
        module = sys.modules.get(self.module)
        done = getattr(getattr(module, self.once, None), "_done", False)
        return Global(getattr(module, self.attribute, None), bool(done))

    def put(self, value: Global) -> None:
        """Set the provider, which the library lets nobody do twice."""
        module: Any = sys.modules[self.module]
        setattr(module, self.attribute, value.provider)
        getattr(module, self.once)._done = value.is_set  # noqa: SLF001 - there is no other way

    def processors(self, provider: object) -> tuple[object, ...]:
        """Return the processors of a provider."""
        found = self.held(provider)
        return tuple(found) if isinstance(found, (tuple, list)) else ()

    def held(self, provider: object) -> Any:
        """Return what a provider keeps its processors in."""
        outer, inner = self.held_in
        return getattr(getattr(provider, outer, None), inner, ())

    def put_processors(self, provider: object, value: tuple[object, ...]) -> None:
        """Give a provider other processors."""
        outer, inner = self.held_in
        setattr(getattr(provider, outer), inner, value)


class Global(NamedTuple):
    """A global provider, and whether one was set: only the first one counts."""

    provider: Any
    is_set: bool

    def __repr__(self) -> str:
        if self.provider is not None:
            return type(self.provider).__name__
        return "none, and none can be set any more" if self.is_set else "none"


SIGNALS = (
    Signal(
        "tracer", "opentelemetry.trace", "_TRACER_PROVIDER", "opentelemetry.trace._set_tracer_provider",
        "opentelemetry.sdk.trace.TracerProvider", ("_active_span_processor", "_span_processors"),
    ),
    Signal(
        "meter", "opentelemetry.metrics._internal", "_METER_PROVIDER",
        "opentelemetry.metrics._internal._set_meter_provider",
    ),
    Signal(
        "logger", "opentelemetry._logs._internal", "_LOGGER_PROVIDER",
        "opentelemetry._logs._internal._set_logger_provider",
        "opentelemetry.sdk._logs.LoggerProvider", ("_multi_log_record_processor", "_log_record_processors"),
    ),
)  # fmt: skip
BY_NAME = {signal.name: signal for signal in SIGNALS}
PLACES = tuple((signal.module, signal.attribute, signal.once) for signal in SIGNALS)
BY_SETTER = {signal.setter: signal for signal in SIGNALS}
BY_ADDER = {signal.adder: signal for signal in SIGNALS if signal.kind}
MAKERS = {maker(signal.kind): signal for signal in SIGNALS if signal.kind}


def globals_now() -> Iterator[object]:
    """Yield the global providers, the marks that one was set, and the propagator."""
    modules = sys.modules
    for module, attribute, once in PLACES:
        found = modules.get(module)
        if found is not None:
            space = found.__dict__
            yield space.get(attribute)
            yield getattr(space.get(once), "_done", None)
    found = modules.get(PROPAGATE)
    yield found.__dict__.get(TEXTMAP) if found is not None else None


class State(NamedTuple):
    """The global providers, the processors of each living provider, the propagator, and what is instrumented."""

    providers: tuple[Global, ...]
    processors: dict[tuple[str, int], tuple[object, ...]]
    textmap: object
    instrumented: list[Any]


class TelemetryProbe(Probe["State | None"]):
    """Global providers, processors of providers that outlive a test, the propagator, and instrumented libraries.

    What a conftest's session fixture or the import of a module sets is configuration: a provider can be set only once.
    """

    code = "HRM604"
    setters = (*BY_SETTER, *BY_ADDER, *MAKERS, SET_TEXTMAP, INSTRUMENT, UNINSTRUMENT)
    gates = (API,)

    def __init__(self) -> None:
        self.living = {signal.name: Instances(signal.kind) for signal in SIGNALS if signal.kind}
        self.instrumentors: list[Any] = []
        self.searched = -1
        self.mirror: list[object] = []  # what was read with the last snapshot
        self.last: State | None = None
        self.configures = False
        self.configuring: set[Any] = set()  # fixtures that configure the session
        self.configured: list[object] = []  # providers that were set when a module was imported

    # What goes on

    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn whether a fixture configures the session."""
        path = getattr(getattr(fixturedef.func, "__code__", None), "co_filename", "")
        self.configures = fixturedef.scope == "session" and os.path.basename(path) == "conftest.py"
        if self.configures:
            self.configuring.add(fixturedef)

    def fixture_is_set_up(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Learn that the tests go on."""
        self.configures = False

    def fixture_ends(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Let a fixture that configured the session take it back."""
        self.configures = fixturedef in self.configuring
        self.configuring.discard(fixturedef)

    def test_begins(self, item: pytest.Item) -> None:
        """Let what changes from here on count."""
        self.configures = False

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        """Note a call by what it sets."""
        if name in BY_SETTER:
            provider = args[0] if args else next(iter(kwargs.values()), None)
            place = responsible(getframe(3))
            if place is not None and place.function == "<module>" and not is_test_file(place.path):
                self.configured.append(provider)
            return BY_SETTER[name].name
        if name in MAKERS:
            self.living[MAKERS[name].name].add(args[0])
            return None
        if name in BY_ADDER:
            signal = BY_ADDER[name]
            return signal.name, self.living[signal.name].add(args[0])
        if name == SET_TEXTMAP:
            return "propagator"
        if not any(args[0] is one for one in self.instrumentors):
            self.instrumentors.append(args[0])
        return "instrument", type(args[0]).__qualname__

    # The comparison

    def asleep(self) -> None:
        """Return what a snapshot is without the library."""
        return

    def snapshot(self) -> State | None:
        """Read what is set (about 4 us), and copy it where something is new; nothing where the library is not there."""
        if API not in sys.modules:
            return None
        self.search()
        found = [*globals_now()]
        for name, instances in self.living.items():
            for number, provider in instances.living():
                found += (name, number, BY_NAME[name].held(provider))
        found += [one.__dict__.get(FLAG, False) for one in self.instrumentors]
        if self.configures or self.last is None or not same_objects(found, self.mirror):
            self.mirror, self.last = found, self.state()
        return self.last

    def state(self) -> State:
        """Return what is set now."""
        return State(
            tuple([signal.now() for signal in SIGNALS]),
            {
                (name, number): BY_NAME[name].processors(provider)
                for name, instances in self.living.items()
                for number, provider in instances.living()
            },
            getattr(sys.modules.get(PROPAGATE), TEXTMAP, None),
            [one for one in self.instrumentors if getattr(one, FLAG, False)],
        )

    def search(self) -> None:
        """Find the providers and instrumentors that were there before anybody listened."""
        if len(sys.modules) == self.searched:
            return
        self.searched = len(sys.modules)
        for instances in self.living.values():
            instances.search()
        base = getattr(sys.modules.get(INSTRUMENTOR), "BaseInstrumentor", None)
        for kind in kinds_of(base) if base is not None else ():
            one = vars(kind).get("_instance")
            if one is not None and not any(one is known for known in self.instrumentors):
                self.instrumentors.append(one)

    def changes(self, before: State | None, after: State | None) -> Iterator[Change]:
        """Compare part by part. A provider that is new keeps to itself until it is made global."""
        configures, self.configures = self.configures, False
        if after is None or configures:
            return
        if before is None:  # it was imported since, before anybody could listen: what is set was set by an import
            self.configured += [one.provider for one in after.providers if one.provider is not None]
            return
        for signal, old, new in zip(SIGNALS, before.providers, after.providers, strict=True):
            if old != new and not any(new.provider is known for known in self.configured):
                undo = functools.partial(signal.put, old)
                yield Change(f"the global {signal.name} provider", old, new, undo, signal.name)
        for key, held in after.processors.items():
            if key in before.processors and not same_processors(before.processors[key], held):
                yield self.of_processors(key, before.processors[key], held)
        if before.textmap is not after.textmap and before.textmap is not None:
            undo = functools.partial(setattr, sys.modules[PROPAGATE], TEXTMAP, before.textmap)
            yield Change("the global propagator", before.textmap, after.textmap, undo, "propagator")
        yield from instrumented(before.instrumented, after.instrumented)

    def of_processors(self, key: tuple[str, int], before: tuple[object, ...], after: tuple[object, ...]) -> Change:
        """Return the change of a provider's processors."""
        signal = next(signal for signal in SIGNALS if signal.name == key[0])
        provider = self.living[key[0]].get(key[1])
        if provider is signal.now().provider:
            name = f"the global {signal.name} provider"
        else:
            name = next((name for name, _ in names_of(provider)), f"a {signal.name} provider ({key[1]})")
        undo = functools.partial(signal.put_processors, provider, before)
        return Change(f"the processors of {name}", Shown(before), Shown(after), undo, key)


class Shown(tuple[object, ...]):
    """Processors, shown by their classes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return ", ".join(type(one).__name__ for one in self) or "none"


def same_processors(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    """Tell whether the same processors are at work; one that was shut down is not, and nothing else takes it off."""
    one, other = ([each for each in held if not is_shut_down(each)] for held in (before, after))
    return len(one) == len(other) and all(map(same_object, one, other))


def same_object(one: object, other: object) -> bool:
    """Tell whether two names mean one object."""
    return one is other


def is_shut_down(processor: object) -> bool:
    """Tell whether a processor, or the exporter that it hands its spans to, does nothing any more."""
    marks = ("_stopped", "_shutdown", "_is_shutdown", "done")
    parts = [getattr(processor, name, None) for name in ("span_exporter", "_exporter", "_batch_processor")]
    return any(getattr(one, mark, False) is True for one in (processor, *parts) for mark in marks)


ON, OFF = Described("instrumented"), Described("not instrumented")


def instrumented(before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Yield the libraries that were instrumented, and those that no longer are."""
    for one in without(after, before):
        name = type(one).__qualname__
        yield Change(f"what {name} instruments", OFF, ON, one.uninstrument, ("instrument", name))
    for one in without(before, after):
        name = type(one).__qualname__
        yield Change(f"what {name} instruments", ON, OFF, one.instrument, ("instrument", name))


def without(values: list[Any], others: list[Any]) -> list[Any]:
    """Return the objects that are in one list and not in the other."""
    return [one for one in values if not any(one is other for other in others)]
