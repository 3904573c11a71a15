"""HRM604."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import GUARD, LINT, Example, StateRule
from hermetic.catalogue.state._telemetry import INSTRUMENTATION, PROVIDERS, STATES
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.scope import Scope

SDK = ("opentelemetry.sdk.trace",)
HTTPX = (*SDK, "opentelemetry.instrumentation.httpx", "httpx")
IMPORTS = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
"""


PROVIDED = frozenset(state.kind for state in PROVIDERS.values())


class TelemetryGlobal(StateRule):
    """A test sets what OpenTelemetry keeps for the whole process: a provider, a processor, a propagator.

    Why it breaks:
    Only the first global provider counts: `set_tracer_provider` of a later test is ignored with a warning, its exporter
    stays empty, and its spans go to the test before. To set the old provider again is ignored in the same way. A
    processor that is added to a provider of all tests exports their spans too, and an instrumented library stays so:
    the next test instruments in vain, or counts spans that it did not make.

    Do this instead:
    Give the code a provider of the test's own, `provider.get_tracer(__name__)` or `tracer_provider=provider`. Where it
    asks for the global one, use the fixture `worker_telemetry` of hermetic, or set it once, in a session fixture of the
    conftest, and clear its exporter before each test. Call `uninstrument()` after the fixture's `yield`, and
    `set_global_textmap` with the propagator that was there before.

    Options:
    What is set at import time of a `conftest.py` is reported only when the `project` preset is selected.

    Limits:
    A session fixture of a `conftest.py` may set a provider, and so may a module of the application when it is imported:
    that is how a process is configured. To take the global provider back, both it and the mark that one was set have to
    go, `_TRACER_PROVIDER` and `_TRACER_PROVIDER_SET_ONCE`; tracers that were asked for in between keep the old one. A
    processor that was shut down counts as taken off. `instrument_app` and `instrument_client` are left alone. In code
    under test only what certainly runs for the named test counts. The guard sees the rest.
    """

    code = "HRM604"
    name = "telemetry-global"
    symptoms = (
        "Overriding of current TracerProvider is not allowed",
        "the in-memory exporter has no spans, or those of another test",
        "Attempting to instrument while already instrumented",
    )
    repair = "use a provider of the test's own, or hermetic's worker_telemetry, and uninstrument after the yield"
    message = "{what} is changed {where}, and the change stays"
    late_message = "{what} is changed {where}, and taken back only when nothing fails in between"
    tokens = (
        b"er_provider", b"_PROVIDER", b"_processor", b".instrument", b"set_global_textmap", b"_HTTP_TEXT_FORMAT",
    )  # fmt: skip
    claims = (LINT, GUARD)
    related = ("HRM105", "HRM601", "HRM605")
    states = STATES

    def keeps(self, leak: Leak) -> bool:
        """Leave alone what a session fixture of a conftest sets for all tests, and what `opentelemetry.test` resets."""
        root = leak.root
        if root is not None and leak.change.kind in PROVIDED and is_reset_by_base(root):
            return False
        if root is None or roles.role_of(root) != "fixture" or not roles.is_conftest(root.module.path):
            return True
        return roles.fixture_scope(root) != "session"

    def subject(self, change: Change) -> str:
        """Return the kind of state, and whose instrumentation: the call says no more."""
        if change.kind != INSTRUMENTATION.kind or not isinstance(change.node, ast.Call):
            return change.kind
        instrumentor = resolve(change.scope, change.node.func).removesuffix("().instrument").rpartition(".")[2]
        return f"the {change.kind} by {instrumentor}"

    bad = (
        Example(
            "only the first fixture's provider counts, so the second test sees no spans",
            {
                "test_spans.py": f"""
import pytest
{IMPORTS.strip()}


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)  # <- HRM604
    return exporter


def test_checkout_is_traced(spans):
    trace.get_tracer("shop").start_span("checkout").end()
    assert [span.name for span in spans.get_finished_spans()] == ["checkout"]


def test_refund_is_traced(spans):
    trace.get_tracer("shop").start_span("refund").end()
    assert [span.name for span in spans.get_finished_spans()] == ["refund"]
"""
            },
            needs=SDK,
        ),
        Example(
            "to set the old provider again is ignored",
            {
                "test_recording.py": """
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider, get_tracer, set_tracer_provider


@pytest.fixture
def recording():
    before = get_tracer_provider()
    set_tracer_provider(TracerProvider())  # <- HRM604
    yield
    set_tracer_provider(before)


def test_spans_are_recorded(recording):
    assert get_tracer("shop").start_span("checkout").is_recording()


def test_nothing_is_recorded_by_default():
    assert not get_tracer("shop").start_span("checkout").is_recording()
"""
            },
            needs=SDK,
        ),
        Example(
            "the provider is taken back, and the mark that one was set is not",
            {
                "test_spans.py": f"""
import pytest
{IMPORTS.strip()}


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)  # <- HRM604
    yield exporter
    trace._TRACER_PROVIDER = None


@pytest.mark.parametrize("name", ["checkout", "refund"])
def test_spans_are_exported(spans, name):
    trace.get_tracer("shop").start_span(name).end()
    assert [span.name for span in spans.get_finished_spans()] == [name]
"""
            },
            needs=SDK,
        ),
        Example(
            "the code under test sets up its telemetry",
            {
                "shop_telemetry.py": """
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider


def setup():
    provider = TracerProvider()
    otel.set_tracer_provider(provider)  # <- HRM604
    return provider
""",
                "test_setup.py": """
import shop_telemetry
from opentelemetry import trace


def test_setup_gives_a_provider():
    assert shop_telemetry.setup() is not None


def test_a_span_outside_of_a_trace_has_no_number():
    assert not trace.get_tracer("shop").start_span("checkout").get_span_context().is_valid
""",
            },
            needs=SDK,
        ),
        Example(
            "each test adds a processor to the provider of all",
            {
                "shop_tracing.py": """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

provider = TracerProvider()
exporter = InMemorySpanExporter()
""",
                "test_export.py": """
import pytest
import shop_tracing
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


@pytest.fixture
def spans():
    shop_tracing.provider.add_span_processor(SimpleSpanProcessor(shop_tracing.exporter))  # <- HRM604
    shop_tracing.exporter.clear()
    return shop_tracing.exporter


@pytest.mark.parametrize("name", ["checkout", "refund"])
def test_a_span_is_exported_once(spans, name):
    shop_tracing.provider.get_tracer("shop").start_span(name).end()
    assert [span.name for span in spans.get_finished_spans()] == [name]
""",
            },
            needs=SDK,
        ),
        Example(
            "a library stays instrumented, with the provider of the first test",
            {
                "test_client.py": f"""
import httpx
import pytest
{IMPORTS.strip()}
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor


class TestClient:
    def setup_method(self):
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        HTTPXClientInstrumentor().instrument(tracer_provider=provider)  # <- HRM604

    @pytest.mark.parametrize("path", ["a", "b"])
    def test_a_request_makes_a_span(self, path):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:1/{{path}}", trust_env=False)
        assert len(self.exporter.get_finished_spans()) == 1
""".replace("from opentelemetry import trace\n", "")
            },
            needs=HTTPX,
        ),
        Example(
            "a meter provider is global, and set only once, too",
            {
                "test_metrics.py": """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


def counted(name):
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))  # <- HRM604
    metrics.get_meter("shop").create_counter(name).add(1)
    return reader.get_metrics_data()


def test_orders_are_counted():
    assert counted("orders") is not None


def test_refunds_are_counted():
    assert counted("refunds") is not None
"""
            },
            needs=("opentelemetry.sdk.metrics",),
        ),
        Example(
            "the propagator is put back below the assertion",
            {
                "test_headers.py": """
from opentelemetry import propagate
from opentelemetry.propagators.composite import CompositePropagator


def test_no_header_is_added_without_propagators():
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(CompositePropagator([]))  # <- HRM604
    assert propagate.get_global_textmap().fields == {"none"}
    propagate.set_global_textmap(before)


def test_the_trace_is_handed_on():
    assert "traceparent" in propagate.get_global_textmap().fields
"""
            },
            needs=SDK,
        ),
    )
    good = (
        Example(
            "a provider of the test's own is global to nobody",
            {
                "test_spans.py": f"""
import pytest
{IMPORTS.strip()}


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider
    provider.shutdown()


def test_checkout_is_traced(provider, exporter):
    provider.get_tracer("shop").start_span("checkout").end()
    assert len(exporter.get_finished_spans()) == 1


def test_a_second_processor_sees_it_too(provider, exporter):
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.get_tracer("shop", tracer_provider=provider).start_span("checkout").end()
    assert len(exporter.get_finished_spans()) == 2
"""
            },
            needs=SDK,
        ),
        Example(
            "the provider and the mark that one was set are both taken back",
            {
                "test_spans.py": f"""
import pytest
{IMPORTS.strip()}
from opentelemetry.util._once import Once


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()


def test_checkout_is_traced(spans):
    trace.get_tracer("shop").start_span("checkout").end()
    assert len(spans.get_finished_spans()) == 1


def test_refund_is_traced(spans):
    trace.get_tracer("shop").start_span("refund").end()
    assert len(spans.get_finished_spans()) == 1


def test_monkeypatch_takes_it_back_as_well(monkeypatch):
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider())
    assert trace.get_tracer("shop").start_span("checkout").is_recording()


def test_in_a_finally():
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE._done
    try:
        trace.set_tracer_provider(TracerProvider())
        assert trace.get_tracer("shop").start_span("checkout").is_recording()
    finally:
        trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE._done = before
"""
            },
            needs=SDK,
        ),
        Example(
            "one provider for all tests is set once, by a session fixture, and each test clears its exporter",
            {
                "conftest.py": f"""
import pytest
{IMPORTS.strip()}


@pytest.fixture(scope="session")
def exporter():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter):
    exporter.clear()
    return exporter
""",
                "test_spans.py": """
from opentelemetry import trace


def test_checkout_is_traced(spans):
    trace.get_tracer("shop").start_span("checkout").end()
    assert len(spans.get_finished_spans()) == 1


def test_refund_is_traced(spans):
    trace.get_tracer("shop").start_span("refund").end()
    assert len(spans.get_finished_spans()) == 1
""",
            },
            needs=SDK,
        ),
        Example(
            "what is instrumented, added or set is taken back when the test ends",
            {
                "shop_tracing.py": """
from opentelemetry.sdk.trace import TracerProvider

provider = TracerProvider()
""",
                "test_undone.py": """
import unittest

import pytest
from opentelemetry import propagate
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shop_tracing import provider


@pytest.fixture
def instrumented():
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()


def test_requests_are_traced(instrumented):
    assert HTTPXClientInstrumentor().is_instrumented_by_opentelemetry


class TestHeaders(unittest.TestCase):
    def setUp(self):
        self.addCleanup(propagate.set_global_textmap, propagate.get_global_textmap())
        propagate.set_global_textmap(CompositePropagator([]))

    def test_no_header_is_added(self):
        self.assertEqual(propagate.get_global_textmap().fields, set())


def test_a_processor_is_taken_off():
    before = provider._active_span_processor._span_processors
    exporter = InMemorySpanExporter()
    try:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("shop").start_span("checkout").end()
    finally:
        provider._active_span_processor._span_processors = before
    assert len(exporter.get_finished_spans()) == 1


def test_a_processor_is_shut_down(request):
    processor = SimpleSpanProcessor(InMemorySpanExporter())
    request.addfinalizer(processor.shutdown)
    provider.add_span_processor(processor)
""",
            },
            needs=HTTPX,
        ),
    )


def is_reset_by_base(root: Scope) -> bool:
    """Tell whether a test's class is below one of `opentelemetry.test`, which resets the providers around its tests."""
    return root.owner is not None and any(
        resolve(cls.parent or cls, base).startswith("opentelemetry.test.")
        for cls in ancestry(root.owner)
        for base in cls.bases
    )
