"""What counts as telemetry that a test left, and what does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes.telemetry import TelemetryProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("opentelemetry.sdk.trace")

HEAD = """
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
"""


def test_what_is_left_is_named_and_put_back(tmp_path: Path) -> None:
    files = {
        "test_spans.py": f"""{HEAD}
import logging
from opentelemetry import _logs, metrics, propagate
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk._logs import LoggerProvider

def test_a_provider_is_set():
    trace.set_tracer_provider(TracerProvider())

def test_a_logger_provider_is_set():
    _logs.set_logger_provider(LoggerProvider())

def test_a_library_is_instrumented():
    HTTPXClientInstrumentor().instrument()

def test_a_propagator_is_set():
    propagate.set_global_textmap(CompositePropagator([]))

def test_all_is_as_it_was():
    trace.set_tracer_provider(provider := TracerProvider())
    assert trace.get_tracer_provider() is provider
    assert not HTTPXClientInstrumentor().is_instrumented_by_opentelemetry
    assert "traceparent" in propagate.get_global_textmap().fields
    trace._TRACER_PROVIDER = None

def test_the_mark_was_put_back_too():
    trace.set_tracer_provider(provider := TracerProvider())
    assert trace.get_tracer_provider() is provider
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE._done = None, False
"""
    }

    run = guarded(tmp_path / "suite", files=files)

    assert {
        (item["test"].rpartition("::")[2], item["state"], item["before"], item["after"]) for item in run.findings
    } == {
        ("test_a_provider_is_set", "the global tracer provider", "none", "TracerProvider"),
        ("test_a_logger_provider_is_set", "the global logger provider", "none", "LoggerProvider"),
        (
            "test_a_library_is_instrumented",
            "what HTTPXClientInstrumentor instruments",
            "not instrumented",
            "instrumented",
        ),
        (
            "test_a_propagator_is_set",
            "the global propagator",
            "<opentelemetry.propagators.composite.CompositePropagator object>",
            "<opentelemetry.propagators.composite.CompositePropagator object>",
        ),
        ("test_all_is_as_it_was", "the global tracer provider", "none", "none, and none can be set any more"),
    }, run.output
    assert "6 passed" in run.output


def test_what_configures_the_process_is_left_alone(tmp_path: Path) -> None:
    files = {
        "shop.py": f"{HEAD}\nprovider = TracerProvider()\ntrace.set_tracer_provider(provider)\n",
        "one/test_import.py": """
def test_a_module_that_sets_a_provider_is_imported_late():
    import shop
    from opentelemetry import trace

    assert trace.get_tracer_provider() is shop.provider

def test_it_stays():
    from opentelemetry import trace

    assert type(trace.get_tracer_provider()).__name__ == "TracerProvider"
""",
    }

    run = guarded(tmp_path / "imports", files=files)

    assert run.findings == [], run.output
    assert "2 passed" in run.output

    files = {
        "conftest.py": f"""{HEAD}
from opentelemetry.util._once import Once

@pytest.fixture(scope="session")
def exporter():
    exporter = InMemorySpanExporter()
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()
""",
        "test_it.py": """
def test_spans_are_collected(exporter):
    assert exporter.get_finished_spans() == ()

def test_the_worker_telemetry_puts_back(worker_telemetry, exporter):
    assert worker_telemetry.spans == ()
""",
    }

    run = guarded(tmp_path / "session", files=files)

    assert run.findings == [], run.output
    assert "2 passed" in run.output


def test_a_processor_counts_where_the_provider_outlives_the_test(tmp_path: Path) -> None:
    files = {
        "shop.py": f"{HEAD}\nprovider = TracerProvider()\n",
        "test_processors.py": f"""{HEAD}
import shop

@pytest.fixture(scope="class")
def shared():
    return TracerProvider()

def processor():
    return SimpleSpanProcessor(InMemorySpanExporter())

def test_of_a_module():
    shop.provider.add_span_processor(processor())

def test_of_its_own():
    TracerProvider().add_span_processor(processor())

def test_shut_down_again():
    shop.provider.add_span_processor(one := processor())
    one.shutdown()

class TestShared:
    def test_of_the_class(self, shared):
        shared.add_span_processor(processor())
""",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert {(item["line"], item["state"], item["after"]) for item in run.findings} == {
        (18, "the processors of shop.provider", "SimpleSpanProcessor"),
        (29, "the processors of a tracer provider (2)", "SimpleSpanProcessor"),
    }, run.output


def test_nothing_is_read_where_the_library_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.context", raising=False)
    probe = TelemetryProbe()

    assert probe.snapshot() is None
    assert probe.searched == -1
