"""The thread that tells others about events."""

import threading

import pytest
from member_api import notifier
from member_api.notifier import Event, Notifier

LOST = {"event": "member.joined", "number": "M-00000001"}
KEPT = {"event": "member.joined", "number": "M-00000002"}


def test_thread_lives_between_start_and_stop() -> None:
    before = set(threading.enumerate())
    with Notifier():
        (thread,) = set(threading.enumerate()) - before
        assert thread.name == notifier.THREAD_NAME
    assert not thread.is_alive()


def test_failed_delivery_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def accept_only(url: str, _event: Event) -> int:
        if url != "http://up.test":
            raise ConnectionError
        return 202

    monkeypatch.setattr(notifier, "post_event", accept_only)
    with Notifier() as outbox:
        outbox.submit("http://down.test", LOST)
        outbox.submit("http://up.test", KEPT)
    assert outbox.delivered == [KEPT]
