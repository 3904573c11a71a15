"""Sessions in Redis: a key each, which Redis itself forgets when the session is over."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import redis.asyncio
from fastapi import Depends, Request

from member_api.settings import Configured, Settings


class Sessions:
    """The sessions of one application; they begin with its prefix, in the database that its client is connected to."""

    def __init__(self, client: redis.asyncio.Redis, settings: Settings) -> None:
        """Use an open client."""
        self._client = client
        self._prefix = f"{settings.redis_prefix}session:"
        self._seconds = settings.session_seconds

    async def open(self, member_id: str) -> str:
        """Begin a session, and return its id."""
        session_id = secrets.token_hex(16)
        await self._client.set(self._prefix + session_id, member_id, ex=self._seconds)
        return session_id

    async def member_of(self, session_id: str) -> str | None:
        """Return whose session this is, or None when it is over."""
        found = await self._client.get(self._prefix + session_id)
        return found.decode() if isinstance(found, bytes) else found

    async def seconds_left(self, session_id: str) -> int:
        """Return for how long the session lasts: at least 0."""
        return max(0, int(await self._client.ttl(self._prefix + session_id)))

    async def close(self, session_id: str) -> None:
        """End a session now."""
        await self._client.delete(self._prefix + session_id)


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[redis.asyncio.Redis | None]:
    """Give a client of the server in the settings, if there is one, and close it in the loop that used it."""
    if settings.redis_url is None:
        yield None
        return
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(settings.redis_url)
    try:
        yield client
    finally:
        await client.aclose()


async def get_redis(request: Request) -> redis.asyncio.Redis | None:
    """Return the client of the application that serves `request`, if it has one."""
    client: redis.asyncio.Redis | None = request.app.state.redis
    return client


RedisClient = Annotated[redis.asyncio.Redis | None, Depends(get_redis)]


async def get_sessions(client: RedisClient, settings: Configured) -> Sessions | None:
    """Return the sessions of the application; None where there is no Redis."""
    return None if client is None else Sessions(client, settings)


OpenSessions = Annotated[Sessions | None, Depends(get_sessions)]
