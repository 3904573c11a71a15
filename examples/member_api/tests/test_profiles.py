"""What members tell about themselves, and who may read it."""

import logging

import pytest
from fastapi.testclient import TestClient
from member_api.access_log import fingerprint

ALICE = {"display_name": "Alice", "about": "Likes tests."}


@pytest.fixture
def profile(client: TestClient, alice: dict[str, str]) -> dict[str, str]:
    """Let alice have a profile."""
    written: dict[str, str] = client.put("/me/profile", json=ALICE, headers=alice).json()
    return written


def test_latest_profile_counts(client: TestClient, alice: dict[str, str], profile: dict[str, str]) -> None:
    client.put("/me/profile", json=profile | {"about": "Likes mornings."}, headers=alice)
    data = client.get("/me/data", headers=alice).json()
    assert data["profile"] == {"display_name": "Alice", "about": "Likes mornings."}


def test_members_see_all_that_is_kept_about_them(
    client: TestClient, alice: dict[str, str], profile: dict[str, str]
) -> None:
    client.put("/consents/research", json={"granted": True}, headers=alice)
    assert client.get("/me/data", headers=alice).json() == {
        "member": "alice",
        "profile": profile,
        "consents": [{"purpose": "research", "granted": True, "recorded_by": "alice"}],
    }


def test_erased_data_is_gone_and_that_of_others_is_not(
    client: TestClient, alice: dict[str, str], bob: dict[str, str], profile: dict[str, str]
) -> None:
    client.put("/me/profile", json=profile, headers=bob)
    client.put("/consents/research", json={"granted": True}, headers=alice)
    client.post("/api-keys", json={"name": "tool"}, headers=alice)

    assert client.delete("/me/data", headers=alice).status_code == 204

    assert client.get("/me/data", headers=alice).json() == {"member": "alice", "profile": None, "consents": []}
    assert client.get("/api-keys", headers=alice).json() == []
    assert client.get("/me/data", headers=bob).json()["profile"] == profile


@pytest.mark.parametrize("wrong", [{"display_name": ""}, {"display_name": "x" * 81}, {"about": "nobody"}])
def test_profile_needs_a_name_of_some_length(client: TestClient, alice: dict[str, str], wrong: dict[str, str]) -> None:
    assert client.put("/me/profile", json=wrong, headers=alice).status_code == 422


@pytest.mark.usefixtures("profile")
def test_stranger_may_not_read_a_profile(client: TestClient, bob: dict[str, str]) -> None:
    assert client.get("/profiles/alice", headers=bob).status_code == 403


def test_reader_may_read_until_dismissed(
    client: TestClient, alice: dict[str, str], bob: dict[str, str], profile: dict[str, str]
) -> None:
    client.put("/me/readers/bob", headers=alice)
    assert client.get("/profiles/alice", headers=bob).json() == profile
    client.delete("/me/readers/bob", headers=alice)
    assert client.get("/profiles/alice", headers=bob).status_code == 403


@pytest.mark.usefixtures("profile")
def test_leave_to_read_goes_one_way(client: TestClient, alice: dict[str, str], bob: dict[str, str]) -> None:
    client.put("/me/profile", json=ALICE, headers=bob)
    client.put("/me/readers/alice", headers=bob)
    assert client.get("/profiles/bob", headers=alice).status_code == 200
    assert client.get("/profiles/alice", headers=bob).status_code == 403


def test_readers_are_admitted_and_dismissed_twice_without_harm(client: TestClient, alice: dict[str, str]) -> None:
    changes = [client.put, client.put, client.delete, client.delete]
    assert [change("/me/readers/bob", headers=alice).status_code for change in changes] == [204] * 4


def test_members_read_their_own_profile(client: TestClient, alice: dict[str, str]) -> None:
    assert client.get("/profiles/alice", headers=alice).status_code == 404


def test_reading_leaves_the_tokens_fingerprint(
    client: TestClient, alice: dict[str, str], profile: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="member_api.access"):
        assert client.get("/profiles/alice", headers=alice).json() == profile
    assert f"{fingerprint('alice-token')} GET /profiles/alice" in caplog.messages
    assert "alice-token" not in caplog.text
