"""What the service writes down about who did what."""

import logging

import pytest
from fastapi.testclient import TestClient


def test_consent_names_its_giver(client: TestClient, alice: dict[str, str]) -> None:
    response = client.put("/consents/newsletter", json={"granted": True}, headers=alice)
    assert response.json()["recorded_by"] == "alice"


def test_refused_token_is_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/me", headers={"Authorization": "Bearer stolen"})
    assert "refused an unknown token" in caplog.text


def test_audit_line_names_actor_action_and_purpose(
    client: TestClient, alice: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="member_api.audit"):
        client.put("/consents/research", json={"granted": True}, headers=alice)
    assert ("member_api.audit", logging.INFO, "alice granted research") in caplog.record_tuples
