"""What OpenTelemetry keeps for the whole process, as code spells it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.changes import called, stores_of
from hermetic.source.names import resolve
from hermetic.source.origins import SHARED, origins
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

WORDS = ("telemetry", "otel", "tracing", "tracer", "provider")
MANAGERS = ("hermetic.workers.isolated_telemetry", "hermetic.workers.telemetry.isolated_telemetry")
FIXTURES = ("worker_telemetry",)
ONCE = "_SET_ONCE"
# Under the name of the signal: where a provider is set, the module that keeps it, and its attribute there.
SIGNALS = {
    "tracer": ("opentelemetry.trace", "opentelemetry.trace", "_TRACER_PROVIDER"),
    "meter": ("opentelemetry.metrics", "opentelemetry.metrics._internal", "_METER_PROVIDER"),
    "logger": ("opentelemetry._logs", "opentelemetry._logs._internal", "_LOGGER_PROVIDER"),
}
RESETS = {"tracer": "reset_trace_globals", "meter": "reset_metrics_globals", "logger": "reset_logging_globals"}
ADDERS = ("add_span_processor", "add_log_record_processor")
PARTS = ("_active_span_processor", "_multi_log_record_processor", "_span_processors", "_log_record_processors")
GETTERS = ("opentelemetry.trace.get_tracer_provider()", "opentelemetry._logs.get_logger_provider()")


class Provider(State):
    """A global provider. To set another one does not undo it, since only the first counts.

    What undoes it is to take back both the provider and the mark that one was set, or to isolate the test.
    """

    def __init__(self, signal: str) -> None:
        public, module, attribute = SIGNALS[signal]
        setter = f"set_{signal}_provider"
        self.provider = f"{module}.{attribute}"
        once = f"{self.provider}{ONCE}"
        super().__init__(
            f"the global {signal} provider",
            calls={f"{where}.{name}" for where in (public, module) for name in (setter, f"_{setter}")},
            attributes=(self.provider, once, f"{once}._done"),
            defaults={
                self.provider: ("None",),
                once: ("opentelemetry.util._once.Once()",),
                f"{once}._done": ("False",),
            },
            restores=(f"opentelemetry.test.globals_test.{RESETS[signal]}",),
            saves=(f"{public}.get_{signal}_provider", f"{module}.get_{signal}_provider"),
            managers=MANAGERS,
            fixtures=FIXTURES,
            words=WORDS,
        )

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Leave out a second call of one function, which is ignored."""
        place = call.lineno, call.col_offset
        others = (other for plain, calls in called(scope).items() if plain in self.calls for other in calls)
        return not any((other.lineno, other.col_offset) < place for other in others)

    def call_key(self, scope: Scope, call: ast.Call, name: str) -> str:  # noqa: ARG002 - each call for itself
        """Return a key that no other call has."""
        return f"call:{call.lineno}:{call.col_offset}"

    def attribute_key(self, scope: Scope, owner: ast.expr | None, target: str) -> str:  # noqa: ARG002 - as above
        """Return no key for the mark that a provider was set: to take that back is what undoes a call."""
        return target if target == self.provider else ""


PROVIDERS = {signal: Provider(signal) for signal in SIGNALS}


class Processors(State):
    """The processors of a provider that other tests have as well."""

    of_process = False

    def name_of(self, name: str) -> str:
        """Leave out which provider it is."""
        last = name.rpartition(".")[2]
        return f"provider.{last}" if last in (*ADDERS, *PARTS, "shutdown") else name

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Leave out providers that the test has made for itself, and one that it has made global just before."""
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is None:
            return False
        if is_global(scope, owner):
            return not any(sets_provider(other) for other in around(scope))
        project = scope.module.project
        found = origins(scope, owner, project) if project is not None else []
        return bool(found) and all(one.life == SHARED and is_provider(one.value, one.scope) for one in found)


PROCESSORS = Processors(
    "the processors of a provider",
    attributes=tuple(f"provider.{name}" for name in PARTS),
    methods={"provider": ADDERS},
    restores=("provider.shutdown",),
    managers=MANAGERS,
    fixtures=FIXTURES,
    words=(*WORDS, "processor"),
    also=tuple(PROVIDERS.values()),
    tokens=tuple(name.encode() for name in ADDERS),
)


def is_global(scope: Scope, owner: ast.expr) -> bool:
    """Tell whether an expression asks for the global provider."""
    return resolve(scope, owner) in GETTERS


def around(scope: Scope) -> Iterator[Scope]:
    """Yield a function, those in it, and those around it."""
    outer = scope
    while outer.parent is not None and outer.parent.is_function:
        outer = outer.parent
    return outer.family()


def sets_provider(scope: Scope) -> bool:
    """Tell whether a function makes a provider global, which then is its own, in one of the ways there are."""
    mine = {name for state in PROVIDERS.values() for name in state.calls}
    if mine.intersection(called(scope)):
        return True
    names = {state.provider for state in PROVIDERS.values()}
    return any(name in names for _, name, _, _ in stores_of(scope))


def is_provider(value: object, scope: Scope) -> bool:
    """Tell whether what makes a value is a call of the SDK's provider, or asks for the global one."""
    if not isinstance(value, ast.Call):
        return False
    name = resolve(scope, value.func)
    return name.startswith("opentelemetry.") and name.endswith(("Provider", "get_tracer_provider"))


class Instrumentation(State):
    """What an instrumentor has done to a library, until it takes it back."""

    def name_of(self, name: str) -> str:
        """Leave out which instrumentor it is; one that is defined in the test file is nobody else's."""
        base, _, last = name.rpartition(".")
        return f"instrumentor.{last}" if base.endswith("Instrumentor()") and base[0] not in "@.[" else name


INSTRUMENTATION = Instrumentation(
    "instrumentation",
    calls=("instrumentor.instrument",),
    restores=("instrumentor.uninstrument",),
    words=("instrument", *WORDS),
    tokens=(b".instrument",),
)
PROPAGATOR = State(
    "the global propagator",
    calls=("opentelemetry.propagate.set_global_textmap",),
    attributes=("opentelemetry.propagate._HTTP_TEXT_FORMAT",),
    saves=("opentelemetry.propagate.get_global_textmap", "opentelemetry.propagate._HTTP_TEXT_FORMAT"),
    words=("propagat", *WORDS),
)
STATES = (*PROVIDERS.values(), PROCESSORS, INSTRUMENTATION, PROPAGATOR)
