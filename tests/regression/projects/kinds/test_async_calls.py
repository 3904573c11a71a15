"""HRM305: the code forgets to await, and a test that asks only whether it has called does not see it."""

import asyncio
from unittest.mock import AsyncMock

import shop


# pattern: ask whether the call was awaited [HRM305]
def test_async_calls_pattern():
    sender = AsyncMock()
    asyncio.run(shop.notify_awaited(sender))
    sender.send.assert_awaited_once_with("ready")


# end of pattern


def test_async_calls_polluter(note):
    sender = AsyncMock()
    asyncio.run(shop.notify(sender))
    sender.send.assert_called_once_with("ready")
    note(harm=not sender.send.await_count)
