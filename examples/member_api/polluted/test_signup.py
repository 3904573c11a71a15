"""Becoming a member."""

import pytest
from fastapi.testclient import TestClient
from member_api.app import app
from member_api.registry import NewMember


@pytest.fixture(scope="module", autouse=True)
def existing_members() -> None:
    for name in ("dora", "erik"):
        app.state.registry.add(NewMember(name=name.title(), email=f"{name}@example.org"))


def test_address_is_taken_once(client: TestClient, alice: dict[str, str]) -> None:
    dora = {"name": "Theodora", "email": "dora@example.org"}
    assert client.post("/members", json=dora, headers=alice).status_code == 409


def test_address_needs_a_host(client: TestClient, alice: dict[str, str], new_member: dict[str, str]) -> None:
    new_member["email"] = "carol"
    assert client.post("/members", json=new_member, headers=alice).status_code == 422
