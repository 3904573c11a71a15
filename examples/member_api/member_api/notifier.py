"""Tells another service about events, from a thread of its own."""

import asyncio
import logging
import queue
import threading
from typing import Annotated, Self

import httpx
from fastapi import Depends, Request

logger = logging.getLogger("member_api.notifier")

THREAD_NAME = "member-notifier"
TIMEOUT_SECONDS = 5.0

Event = dict[str, str]


async def post_event(url: str, event: Event, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """Send `event` to `url` and return the HTTP status. Raises httpx.HTTPError when it is not accepted."""
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS) as client:
        response = await client.post(url, json=event)
    return response.raise_for_status().status_code


class Notifier:
    """A queue of events and, between `start` and `stop`, a thread that sends them."""

    def __init__(self) -> None:
        """Start with an empty queue and no thread."""
        self._queue: queue.Queue[tuple[str, Event] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.delivered: list[Event] = []
        """The events that were accepted, oldest first."""

    def start(self) -> None:
        """Begin to send; does nothing while already sending."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send what is queued, then end the thread; does nothing without one."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def submit(self, url: str, event: Event) -> None:
        """Queue `event` for `url`."""
        self._queue.put((url, event))

    def __enter__(self) -> Self:
        """Start, for a `with` block."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop at the end of the block."""
        self.stop()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            url, event = job
            try:
                asyncio.run(post_event(url, event))
            except Exception:
                # Whatever is wrong with one event, the next one deserves its turn.
                logger.exception("could not deliver to %s", url)
            else:
                self.delivered.append(event)


def get_notifier(request: Request) -> Notifier:
    """Return the notifier of the application that serves `request`."""
    notifier: Notifier = request.app.state.notifier
    return notifier


Outbox = Annotated[Notifier, Depends(get_notifier)]
