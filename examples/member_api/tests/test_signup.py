"""Becoming a member."""

import pytest
from fastapi.testclient import TestClient
from member_api.registry import MemberStore, NewMember


@pytest.fixture(autouse=True)
def existing_members(registry: MemberStore) -> None:
    """Let two people be members already, in this test's own application."""
    for name in ("dora", "erik"):
        registry.add(NewMember(name=name.title(), email=f"{name}@example.org"))


def test_address_is_taken_once(client: TestClient, alice: dict[str, str]) -> None:
    dora = {"name": "Theodora", "email": "dora@example.org"}
    assert client.post("/members", json=dora, headers=alice).status_code == 409


def test_address_needs_a_host(client: TestClient, alice: dict[str, str], new_member: dict[str, str]) -> None:
    without_host = new_member | {"email": "carol"}
    assert client.post("/members", json=without_host, headers=alice).status_code == 422
