"""The request that carries an event."""

import json
from dataclasses import replace

import httpx
import pytest
from fastapi.testclient import TestClient
from member_api import notifier
from member_api.app import create_app
from member_api.notifier import Event, Notifier, post_event
from member_api.settings import Settings

LISTENER = "http://listener.test/events"
EVENT = {"event": "member.joined", "number": "M-00000001"}


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Event]]:
    """Return what is posted from now on; the stand-in is async, as `post_event` is."""
    posted: list[tuple[str, Event]] = []

    async def accept(url: str, event: Event) -> int:
        posted.append((url, event))
        return 202

    monkeypatch.setattr(notifier, "post_event", accept)
    return posted


def test_event_goes_to_the_configured_listener(
    alice: dict[str, str], settings: Settings, posted: list[tuple[str, Event]]
) -> None:
    with TestClient(create_app(replace(settings, notify_url=LISTENER))) as client:
        new = client.post("/members", json={"name": "Hugo", "email": "hugo@example.org"}, headers=alice).json()
    assert posted == [(LISTENER, {"event": "member.joined", "number": new["number"]})]


def test_events_keep_their_order(posted: list[tuple[str, Event]]) -> None:
    second = EVENT | {"number": "M-00000002"}
    with Notifier() as outbox:
        outbox.submit(LISTENER, EVENT)
        outbox.submit(LISTENER, second)
    assert posted == [(LISTENER, EVENT), (LISTENER, second)]
    assert outbox.delivered == [EVENT, second]


@pytest.mark.asyncio
async def test_event_travels_as_json() -> None:
    received: list[Event] = []

    def listen(request: httpx.Request) -> httpx.Response:
        received.append(json.loads(request.content))
        return httpx.Response(202)

    assert await post_event(LISTENER, EVENT, httpx.MockTransport(listen)) == 202
    assert received == [EVENT]


@pytest.mark.asyncio
async def test_listener_that_is_down_is_not_a_success() -> None:
    down = httpx.MockTransport(lambda _: httpx.Response(503))
    with pytest.raises(httpx.HTTPStatusError):
        await post_event(LISTENER, EVENT, down)
