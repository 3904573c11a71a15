"""Spans: each test has a tracer provider of its own, with the spans in memory."""

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from hermetic.workers import Telemetry


def named(telemetry: Telemetry, name: str) -> ReadableSpan:
    """Return the one span of this name."""
    (found,) = [span for span in telemetry.spans if span.name == name]
    return found


def test_request_makes_a_span_named_after_its_route(
    client: TestClient, alice: dict[str, str], worker_telemetry: Telemetry
) -> None:
    client.get("/members/m-1", headers=alice)
    attributes = named(worker_telemetry, "GET /members/{member_id}").attributes
    assert attributes is not None
    assert attributes["http.response.status_code"] == 404
    assert attributes["url.path"] == "/members/m-1"


def test_request_for_nothing_makes_a_span_without_a_route(client: TestClient, worker_telemetry: Telemetry) -> None:
    client.get("/nowhere")
    assert [span.name for span in worker_telemetry.spans if span.kind is SpanKind.SERVER] == ["GET"]


def test_call_of_the_store_belongs_to_the_request(
    client: TestClient, bob: dict[str, str], worker_telemetry: Telemetry
) -> None:
    client.get("/profiles/alice", headers=bob)
    request = named(worker_telemetry, "GET /profiles/{member_id}").context
    check = named(worker_telemetry, "authorization.check").context
    assert request is not None
    assert check is not None
    assert (check.trace_id, check.span_id != request.span_id) == (request.trace_id, True)


def test_summary_names_its_model(client: TestClient, alice: dict[str, str], worker_telemetry: Telemetry) -> None:
    client.post("/summaries", json={"model": "qwen2.5:7b"}, headers=alice)
    attributes = named(worker_telemetry, "summary.generate").attributes
    assert attributes is not None
    assert dict(attributes) == {"gen_ai.request.model": "qwen2.5:7b"}


@pytest.mark.parametrize("time", ["first", "second"])
def test_no_test_sees_the_spans_of_another(
    client: TestClient, alice: dict[str, str], worker_telemetry: Telemetry, time: str
) -> None:
    assert worker_telemetry.spans == (), f"{time} time"
    client.get("/me", headers=alice)
    assert worker_telemetry.spans != ()
