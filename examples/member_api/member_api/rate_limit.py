"""How often a member may ask: a counter in Redis for each, which begins anew every minute."""

from fastapi import HTTPException, status

from member_api.auth import CurrentUser
from member_api.sessions import RedisClient
from member_api.settings import Configured

WINDOW_SECONDS = 60


async def limit_rate(user: CurrentUser, client: RedisClient, settings: Configured) -> None:
    """Count this request. Raises HTTPException 429 for one too many; without Redis there is no limit."""
    if client is None:
        return
    key = f"{settings.redis_prefix}rate:{user.id}"
    # The minute begins with a member's first request, not with the clock's: nobody gets two minutes' worth at once.
    async with client.pipeline(transaction=True) as pipeline:
        # A pipeline only notes these; its methods have the types of a client's all the same.
        _ = pipeline.incr(key), pipeline.expire(key, WINDOW_SECONDS, nx=True), pipeline.ttl(key)
        count, _, seconds_left = await pipeline.execute()
    if count > settings.requests_per_minute:
        raise HTTPException(
            status.HTTP_429_TOO_MANY_REQUESTS, "too many requests", headers={"Retry-After": str(seconds_left)}
        )
