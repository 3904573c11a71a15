"""The routes for members."""

import logging

import pytest
from fastapi.testclient import TestClient
from member_api.registry import MemberStore, NewMember

pytestmark = pytest.mark.usefixtures("as_carla")


def test_new_service_has_no_members(client: TestClient) -> None:
    assert client.get("/members").json() == []


def test_new_member_is_admitted(client: TestClient, new_member: dict[str, str]) -> None:
    admitted = client.post("/members", json=new_member)
    assert admitted.status_code == 201
    assert client.get("/members").json() == [admitted.json()]


def test_admission_is_audited(client: TestClient, new_member: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="member_api.audit"):
        admitted = client.post("/members", json=new_member).json()
    assert f"carla admitted {admitted['number']}" in caplog.messages


def test_member_is_found_by_id(client: TestClient, registry: MemberStore) -> None:
    gina = registry.add(NewMember(name="Gina", email="gina@example.org"))
    assert client.get(f"/members/{gina.id}").json()["name"] == "Gina"
