"""What a member agrees to."""

import logging
from pathlib import Path

import member_api
import pytest
from fastapi.testclient import TestClient

PUBLISHED = Path(member_api.__file__).parent / "purposes.txt"


def test_every_published_purpose_is_known(client: TestClient, alice: dict[str, str]) -> None:
    for purpose in PUBLISHED.read_text().split():
        response = client.put(f"/consents/{purpose}", json={"granted": False}, headers=alice)
        assert response.status_code == 200


@pytest.mark.usefixtures("as_carla")
@pytest.mark.parametrize("purpose", ["newsletter", "partners", "research"])
def test_answer_is_kept(client: TestClient, purpose: str) -> None:
    client.put(f"/consents/{purpose}", json={"granted": True})
    assert client.get("/consents").json() == [
        {"purpose": purpose, "granted": True, "recorded_by": "carla"},
    ]


@pytest.mark.usefixtures("as_carla")
def test_latest_answer_counts(client: TestClient) -> None:
    client.put("/consents/partners", json={"granted": True})
    client.put("/consents/partners", json={"granted": False})
    assert [consent["granted"] for consent in client.get("/consents").json()] == [False]


@pytest.mark.usefixtures("as_carla")
def test_unknown_purpose_is_not_found(client: TestClient) -> None:
    assert client.put("/consents/gossip", json={"granted": True}).status_code == 404


@pytest.mark.usefixtures("as_carla")
@pytest.mark.parametrize(("answer", "verb"), [({"granted": True}, "granted"), ({"granted": False}, "withdrew")])
def test_answer_is_audited(
    client: TestClient, caplog: pytest.LogCaptureFixture, answer: dict[str, bool], verb: str
) -> None:
    with caplog.at_level(logging.INFO, logger="member_api.audit"):
        client.put("/consents/newsletter", json=answer)
    assert f"carla {verb} newsletter" in caplog.messages
