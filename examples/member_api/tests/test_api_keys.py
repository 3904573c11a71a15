"""Keys that members make for programs."""

import pytest
from fastapi.testclient import TestClient
from member_api.api_keys import digest
from sqlalchemy import Engine, text


@pytest.fixture
def key(client: TestClient, alice: dict[str, str]) -> dict[str, str]:
    """Return a key that alice has made: `id`, `name` and `key`."""
    created: dict[str, str] = client.post("/api-keys", json={"name": "newsletter tool"}, headers=alice).json()
    return created


def test_key_opens_the_partners_routes(client: TestClient, key: dict[str, str]) -> None:
    response = client.get("/partner/consents/newsletter", headers={"X-API-Key": key["key"]})
    assert (response.status_code, response.json()) == (200, [])


def test_partners_see_who_agrees_and_nobody_else(
    client: TestClient, key: dict[str, str], alice: dict[str, str], bob: dict[str, str]
) -> None:
    client.put("/consents/research", json={"granted": True}, headers=alice)
    client.put("/consents/research", json={"granted": False}, headers=bob)
    client.put("/consents/partners", json={"granted": True}, headers=bob)
    response = client.get("/partner/consents/research", headers={"X-API-Key": key["key"]})
    assert response.json() == ["alice"]


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "guessed"}, {"Authorization": "Bearer alice-token"}])
def test_partners_need_a_key(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/partner/consents/newsletter", headers=headers).status_code == 401


def test_partners_ask_for_published_purposes(client: TestClient, key: dict[str, str]) -> None:
    assert client.get("/partner/consents/gossip", headers={"X-API-Key": key["key"]}).status_code == 404


def test_key_is_shown_once_and_kept_as_a_hash(
    client: TestClient, key: dict[str, str], alice: dict[str, str], worker_sqlalchemy_engine: Engine
) -> None:
    assert client.get("/api-keys", headers=alice).json() == [{"id": key["id"], "name": key["name"]}]
    with worker_sqlalchemy_engine.connect() as connection:
        assert connection.execute(text("SELECT digest FROM api_keys")).scalars().all() == [digest(key["key"])]


def test_members_see_their_own_keys(client: TestClient, key: dict[str, str], bob: dict[str, str]) -> None:
    assert key["name"] == "newsletter tool"
    assert client.get("/api-keys", headers=bob).json() == []


def test_revoked_key_opens_nothing(client: TestClient, key: dict[str, str], alice: dict[str, str]) -> None:
    assert client.delete(f"/api-keys/{key['id']}", headers=alice).status_code == 204
    assert client.get("/partner/consents/newsletter", headers={"X-API-Key": key["key"]}).status_code == 401


def test_nobody_revokes_the_key_of_another(client: TestClient, key: dict[str, str], bob: dict[str, str]) -> None:
    assert client.delete(f"/api-keys/{key['id']}", headers=bob).status_code == 404
    assert client.get("/partner/consents/newsletter", headers={"X-API-Key": key["key"]}).status_code == 200


def test_key_without_a_name_is_refused(client: TestClient, alice: dict[str, str]) -> None:
    assert client.post("/api-keys", json={"name": ""}, headers=alice).status_code == 422
