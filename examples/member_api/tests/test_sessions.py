"""Signing in: a session in Redis, and a token that stands for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient
from member_api import clock
from member_api.app import create_app
from member_api.settings import Settings


@pytest.fixture
def signed_in(client: TestClient, alice: dict[str, str]) -> dict[str, str]:
    """Return the headers of a request by alice, in a session of hers."""
    return {"Authorization": f"Bearer {client.post('/sessions', headers=alice).json()['token']}"}


def test_sessions_token_stands_for_the_member(client: TestClient, signed_in: dict[str, str]) -> None:
    assert client.get("/me", headers=signed_in).json() == {"id": "alice"}


def test_session_tells_how_long_it_lasts(client: TestClient, signed_in: dict[str, str], settings: Settings) -> None:
    current = client.get("/sessions/current", headers=signed_in).json()
    assert current["member"] == "alice"
    assert settings.session_seconds - 60 < current["seconds_left"] <= settings.session_seconds


def test_long_lived_token_belongs_to_no_session(client: TestClient, alice: dict[str, str]) -> None:
    assert client.get("/sessions/current", headers=alice).status_code == 404


def test_session_that_was_ended_is_refused(client: TestClient, signed_in: dict[str, str]) -> None:
    assert client.delete("/sessions/current", headers=signed_in).status_code == 204
    assert client.get("/me", headers=signed_in).status_code == 401


def test_ending_one_session_leaves_the_other(
    client: TestClient, alice: dict[str, str], signed_in: dict[str, str]
) -> None:
    other = client.post("/sessions", headers=alice).json()["token"]
    client.delete("/sessions/current", headers=signed_in)
    assert client.get("/me", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_redis_forgets_a_session_when_it_is_over(
    client: TestClient, signed_in: dict[str, str], worker_redis: redis.Redis, settings: Settings
) -> None:
    (key,) = worker_redis.keys(f"{settings.redis_prefix}session:*")
    assert 0 < worker_redis.ttl(key) <= settings.session_seconds
    # What Redis does by itself after half an hour.
    worker_redis.expire(key, 0)
    assert client.get("/me", headers=signed_in).status_code == 401


def test_token_expires_even_if_redis_kept_its_session(
    client: TestClient, signed_in: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(seconds=settings.session_seconds + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get("/me", headers=signed_in).status_code == 401


def test_token_of_another_deployment_is_refused(
    client: TestClient, alice: dict[str, str], signed_in: dict[str, str], settings: Settings
) -> None:
    assert client.get("/me", headers=signed_in).status_code == 200
    with TestClient(create_app(replace(settings, token_secret="of another deployment"))) as other:
        assert other.get("/me", headers=alice).status_code == 200
        assert other.get("/me", headers=signed_in).status_code == 401


@pytest.mark.parametrize("missing", [{"redis_url": None}, {"token_secret": ""}])
def test_without_its_parts_nobody_can_begin_a_session(
    settings: Settings, alice: dict[str, str], missing: dict[str, Any]
) -> None:
    with TestClient(create_app(replace(settings, **missing))) as client:
        assert client.post("/sessions", headers=alice).status_code == 503
        assert client.get("/me", headers=alice).status_code == 200
