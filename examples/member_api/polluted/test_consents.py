"""What a member agrees to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from member_api.app import app
from member_api.auth import User, get_current_user


@pytest.fixture
def as_carla() -> Iterator[None]:
    async def carla() -> User:
        return User(id="carla")

    app.dependency_overrides[get_current_user] = carla
    yield
    del app.dependency_overrides[get_current_user]


def test_every_published_purpose_is_known(client: TestClient, alice: dict[str, str]) -> None:
    for purpose in Path("member_api/purposes.txt").read_text().split():
        response = client.put(f"/consents/{purpose}", json={"granted": False}, headers=alice)
        assert response.status_code == 200


@pytest.mark.usefixtures("as_carla")
@pytest.mark.parametrize("purpose", ["newsletter", "partners", "research"])
def test_answer_is_kept(client: TestClient, purpose: str) -> None:
    response = client.put(f"/consents/{purpose}", json={"granted": True})
    assert response.json()["granted"] is True


@pytest.mark.usefixtures("as_carla")
def test_latest_answer_counts(client: TestClient) -> None:
    client.put("/consents/partners", json={"granted": True})
    response = client.put("/consents/partners", json={"granted": False})
    assert response.json() in client.get("/consents").json()


@pytest.mark.usefixtures("as_carla")
def test_unknown_purpose_is_not_found(client: TestClient) -> None:
    assert client.put("/consents/gossip", json={"granted": True}).status_code == 404


@pytest.mark.usefixtures("as_carla")
@pytest.mark.parametrize(("answer", "verb"), [({"granted": True}, "granted"), ({"granted": False}, "withdrew")])
def test_answer_is_audited(
    client: TestClient, caplog: pytest.LogCaptureFixture, answer: dict[str, bool], verb: str
) -> None:
    client.put("/consents/newsletter", json=answer)
    assert f"{verb} newsletter" in caplog.text
