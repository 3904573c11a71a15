"""The request that carries an event."""

import os
from unittest.mock import AsyncMock, Mock, call

import pytest
from member_api import notifier
from member_api.settings import Settings

LISTENER = "http://127.0.0.1:9/events"
EVENT = {"event": "member.joined", "number": "M-00000001"}


@pytest.fixture
def post_event(monkeypatch: pytest.MonkeyPatch) -> Mock:
    post_event = Mock(return_value=202)
    monkeypatch.setattr(notifier, "post_event", post_event)
    return post_event


def test_event_goes_to_the_configured_listener(post_event: Mock) -> None:
    url = Settings.from_environ(os.environ).notify_url
    with notifier.Notifier() as outbox:
        outbox.submit(url, EVENT)
    post_event.assert_called_once_with(LISTENER, EVENT)


def test_events_keep_their_order(post_event: Mock) -> None:
    url = Settings.from_environ(os.environ).notify_url
    with notifier.Notifier() as outbox:
        outbox.submit(url, EVENT)
        outbox.submit(url, EVENT | {"number": "M-00000002"})
    assert post_event.mock_calls == [
        call(LISTENER, EVENT),
        call(LISTENER, EVENT | {"number": "M-00000002"}),
    ]


def test_listener_that_is_down_is_not_a_success() -> None:
    post_event = AsyncMock(spec=notifier.post_event, return_value=503)
    status = post_event(LISTENER, EVENT)
    assert status != 202
