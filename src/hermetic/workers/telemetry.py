"""An OpenTelemetry tracer provider for one test, with its spans in memory, and nothing left of it afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.workers._extras import optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Telemetry(NamedTuple):
    """The provider that is global during the test, and the exporter that collects its finished spans."""

    provider: TracerProvider
    exporter: InMemorySpanExporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended so far, in the order of their ends."""
        return tuple(self.exporter.get_finished_spans())


@contextmanager
def isolated_telemetry() -> Iterator[Telemetry]:
    """Make a fresh tracer provider global; at the end shut it down and put back the one before.

    The shutdown ends the threads of every span processor that was added to the provider, and the baggage and the
    current span of the thread are put back too. Module-level tracers, made by `trace.get_tracer` before any provider
    was set, report to this provider during the test, and to the next one in the next test. Raises MissingLibraryError.
    """
    context = optional("opentelemetry.context")
    sdk = optional("opentelemetry.sdk.trace")
    export = optional("opentelemetry.sdk.trace.export")
    exporter = optional("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    with _global(provider):
        token = context.attach(context.Context())
        try:
            yield Telemetry(provider, exporter)
        finally:
            context.detach(token)
            provider.shutdown()


@contextmanager
def _global(provider: TracerProvider) -> Iterator[None]:
    """Set the global provider, which the library itself lets nobody set twice, and put all of its state back."""
    api: Any = optional("opentelemetry.trace")
    once = api._TRACER_PROVIDER_SET_ONCE
    before = api._TRACER_PROVIDER, once._done
    kept = api.ProxyTracer._tracer
    api._TRACER_PROVIDER, once._done = provider, True
    api.ProxyTracer._tracer = property(_current_tracer)
    try:
        yield
    finally:
        api.ProxyTracer._tracer = kept
        api._TRACER_PROVIDER, once._done = before


def _current_tracer(proxy: Any) -> Any:
    """Find the tracer of a proxy anew each time: a proxy that keeps one reports to a dead provider in the next test."""
    api: Any = optional("opentelemetry.trace")
    if api._TRACER_PROVIDER is None:
        return proxy._noop_tracer
    return api._TRACER_PROVIDER.get_tracer(
        proxy._instrumenting_module_name,
        proxy._instrumenting_library_version,
        proxy._schema_url,
        proxy._attributes,
    )
