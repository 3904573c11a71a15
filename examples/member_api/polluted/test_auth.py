"""Who gets in."""

from fastapi.security import HTTPAuthorizationCredentials
from fastapi.testclient import TestClient
from member_api.app import app
from member_api.auth import bearer_scheme


def test_no_token_is_unauthorized(client: TestClient) -> None:
    assert client.get("/me").status_code == 401


def test_unknown_token_is_unauthorized(client: TestClient) -> None:
    response = client.get("/me", headers={"Authorization": "Bearer stolen"})
    assert response.status_code == 401


def test_token_stands_for_its_member(client: TestClient, alice: dict[str, str]) -> None:
    assert client.get("/me", headers=alice).json() == {"id": "alice"}


def test_gateway_may_supply_the_token(client: TestClient) -> None:
    async def from_gateway() -> HTTPAuthorizationCredentials:
        return HTTPAuthorizationCredentials(scheme="Bearer", credentials="bob-token")

    app.dependency_overrides[bearer_scheme] = from_gateway

    assert client.get("/me").json() == {"id": "bob"}
