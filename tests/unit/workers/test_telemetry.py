"""A tracer provider for one test: it sees the test's spans, and leaves nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hermetic.workers import MissingLibraryError, isolated_telemetry
from hermetic.workers._extras import optional

if TYPE_CHECKING:
    from hermetic.workers import Telemetry

# As applications do: when the module is imported, before anyone has set a provider.
TRACER = trace.get_tracer("application")


def state() -> tuple[object, ...]:
    return trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE._done, trace.ProxyTracer.__dict__["_tracer"]


def names(telemetry: Telemetry) -> list[str]:
    return [span.name for span in telemetry.spans]


def test_the_global_provider_is_set_and_put_back() -> None:
    before = state()

    with isolated_telemetry() as telemetry:
        assert trace.get_tracer_provider() is telemetry.provider

    assert all(now is then for now, then in zip(state(), before, strict=True))


def test_a_provider_that_was_there_is_put_back() -> None:
    with isolated_telemetry() as outer:
        with isolated_telemetry() as inner, TRACER.start_as_current_span("inner"):
            pass
        with TRACER.start_as_current_span("outer"):
            pass

    assert (names(inner), names(outer)) == (["inner"], ["outer"])


def test_it_is_put_back_when_the_test_fails() -> None:
    before = state()
    lent = isolated_telemetry()
    lent.__enter__()
    failure = RuntimeError("raised on purpose")

    assert lent.__exit__(RuntimeError, failure, None) is not True
    assert all(now is then for now, then in zip(state(), before, strict=True))


@pytest.mark.parametrize("number", [1, 2])
def test_a_tracer_of_a_module_reports_to_the_provider_of_each_test(worker_telemetry: Telemetry, number: int) -> None:
    with TRACER.start_as_current_span(f"span {number}", attributes={"number": number}):
        assert names(worker_telemetry) == []

    assert names(worker_telemetry) == [f"span {number}"]


def test_after_the_test_spans_go_nowhere() -> None:
    with isolated_telemetry() as telemetry:
        pass
    with TRACER.start_as_current_span("late") as span:
        assert not span.is_recording()

    assert names(telemetry) == []


def test_the_threads_of_processors_that_were_added_end() -> None:
    before = set(threading.enumerate())
    exporter = InMemorySpanExporter()
    with isolated_telemetry() as telemetry:
        telemetry.provider.add_span_processor(BatchSpanProcessor(exporter))
        started = set(threading.enumerate()) - before
        assert started
        with TRACER.start_as_current_span("batched"):
            pass

    assert not any(thread.is_alive() for thread in started)
    assert [span.name for span in exporter.get_finished_spans()] == ["batched"]


def test_context_that_a_test_left_attached_is_detached() -> None:
    outer = context.attach(baggage.set_baggage("whose", "caller"))
    try:
        with isolated_telemetry():
            assert baggage.get_baggage("whose") is None
            context.attach(baggage.set_baggage("whose", "test"))

        assert baggage.get_baggage("whose") == "caller"
    finally:
        context.detach(outer)


def test_the_test_may_not_replace_the_provider(worker_telemetry: Telemetry) -> None:
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))

    assert trace.get_tracer_provider() is worker_telemetry.provider


def test_a_library_that_is_missing_is_named_with_what_to_install() -> None:
    with pytest.raises(
        MissingLibraryError, match=r"no_such_library cannot be imported .*'hermetic\[services\]'"
    ) as caught:
        optional("no_such_library")

    assert isinstance(caught.value, ImportError)
    assert caught.value.name == "no_such_library"
