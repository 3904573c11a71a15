"""The thread that tells others about events."""

import threading

from member_api.notifier import THREAD_NAME, Notifier

NOBODY = "http://127.0.0.1:9/events"


def test_stop_ends_the_thread() -> None:
    notifier = Notifier()
    notifier.start()
    notifier.stop()
    assert THREAD_NAME not in [thread.name for thread in threading.enumerate()]


def test_thread_waits_for_events() -> None:
    notifier = Notifier()
    notifier.start()
    assert THREAD_NAME in [thread.name for thread in threading.enumerate()]


def test_failed_delivery_is_not_counted() -> None:
    with Notifier() as notifier:
        notifier.submit(NOBODY, {"event": "member.joined"})
    assert notifier.delivered == []
