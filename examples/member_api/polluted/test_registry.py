"""Members in memory."""

import random

from fastapi.testclient import TestClient
from member_api.registry import MemberRegistry, NewMember

IDA = NewMember(name="Ida", email="ida@example.org")
JON = NewMember(name="Jon", email="jon@example.org")


def test_number_has_eight_digits() -> None:
    random.seed(2024)
    assert MemberRegistry().add(IDA).number == "M-63094508"


def test_next_member_gets_the_next_number() -> None:
    assert MemberRegistry().add(JON).number == "M-24388171"


def test_lost_member_is_not_found(client: TestClient, alice: dict[str, str]) -> None:
    MemberRegistry.find = lambda self, member_id: None
    assert client.get("/members/m-1", headers=alice).status_code == 404
