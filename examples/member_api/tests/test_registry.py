"""Members in memory."""

import random

import pytest
from fastapi.testclient import TestClient
from member_api.registry import MemberRegistry, NewMember
from member_api.stored_registry import StoredRegistry

IDA = NewMember(name="Ida", email="ida@example.org")
JON = NewMember(name="Jon", email="jon@example.org")


def test_numbers_follow_the_draw() -> None:
    generator = random.Random(2024)  # noqa: S311 - a member's number is no secret
    registry = MemberRegistry(draw=generator.randrange)
    assert [registry.add(new).number for new in (IDA, JON)] == ["M-63094508", "M-24388171"]


def test_lost_member_is_not_found(client: TestClient, alice: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StoredRegistry, "find", lambda _registry, _member_id: None)
    assert client.get("/members/m-1", headers=alice).status_code == 404
