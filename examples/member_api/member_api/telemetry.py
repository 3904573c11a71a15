"""Spans: FastAPI makes one for each request, and this one for each server that was asked inside."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.trace import Span

TRACER_NAME = "member_api"


@contextmanager
def span(name: str, **attributes: str | int | bool) -> Iterator[Span]:
    """Give a span that ends with the block.

    The tracer is looked up each time: one kept on a module would belong to the provider of that moment for ever.
    """
    with trace.get_tracer(TRACER_NAME).start_as_current_span(name, attributes=attributes) as current:
        yield current


@contextmanager
def tracing_to_console() -> Iterator[TracerProvider]:
    """Print every span of this process, from a thread that ends with the block."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield provider
    finally:
        provider.shutdown()
