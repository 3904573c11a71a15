"""Spans: one for each request, with one for each server that it asked inside."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.trace import Span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class TraceRequests:
    """ASGI middleware: a span around each request, named after its method and route."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request inside a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with span(scope["method"], **{"url.path": scope["path"]}) as current:

            async def note_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, note_status)
            # Known only now; a path would make as many names as there are members.
            if route := scope.get("route"):
                current.update_name(f"{scope['method']} {route.path}")
