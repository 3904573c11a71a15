"""How often a member may ask."""

from dataclasses import replace

import pytest
import redis
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow two requests a minute in this file."""
    return replace(settings, requests_per_minute=2)


def statuses(client: TestClient, headers: dict[str, str], times: int) -> list[int]:
    """Ask some times, and return what the answers were."""
    return [client.get("/me/data", headers=headers).status_code for _ in range(times)]


def test_one_request_too_many_is_refused(client: TestClient, alice: dict[str, str]) -> None:
    assert statuses(client, alice, 3) == [200, 200, 429]


def test_refusal_says_when_to_come_back(client: TestClient, alice: dict[str, str]) -> None:
    statuses(client, alice, 2)
    refused = client.get("/me/data", headers=alice)
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_members_have_limits_of_their_own(client: TestClient, alice: dict[str, str], bob: dict[str, str]) -> None:
    statuses(client, alice, 3)
    assert statuses(client, bob, 1) == [200]


def test_limit_is_that_of_all_routes_together(client: TestClient, alice: dict[str, str]) -> None:
    statuses(client, alice, 2)
    assert client.get("/api-keys", headers=alice).status_code == 429


def test_next_minute_begins_when_the_counter_is_gone(
    client: TestClient, alice: dict[str, str], worker_redis: redis.Redis, settings: Settings
) -> None:
    statuses(client, alice, 3)
    # What Redis does by itself after a minute.
    worker_redis.expire(f"{settings.redis_prefix}rate:alice", 0)
    assert statuses(client, alice, 1) == [200]


def test_later_requests_do_not_lengthen_the_minute(
    client: TestClient, alice: dict[str, str], worker_redis: redis.Redis, settings: Settings
) -> None:
    statuses(client, alice, 1)
    worker_redis.expire(f"{settings.redis_prefix}rate:alice", 5)
    statuses(client, alice, 1)
    assert worker_redis.ttl(f"{settings.redis_prefix}rate:alice") <= 5


def test_two_prefixes_on_one_database_are_two_limits(
    client: TestClient, alice: dict[str, str], settings: Settings
) -> None:
    statuses(client, alice, 3)
    with TestClient(create_app(replace(settings, redis_prefix="other:"))) as other:
        assert statuses(other, alice, 1) == [200]


def test_without_redis_there_is_no_limit(alice: dict[str, str], settings: Settings) -> None:
    with TestClient(create_app(replace(settings, redis_url=None))) as client:
        assert statuses(client, alice, 3) == [200, 200, 200]
