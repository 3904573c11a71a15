"""The routes for members."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from member_api.app import app
from member_api.audit import actor
from member_api.auth import User, get_current_user
from member_api.registry import NewMember


@pytest.fixture(autouse=True)
def clean_app() -> Iterator[None]:
    yield
    app.dependency_overrides.clear()


@pytest.fixture
def as_alice() -> None:
    def alice() -> User:
        actor.set("alice")
        return User(id="alice")

    app.dependency_overrides[get_current_user] = alice


@pytest.mark.usefixtures("as_alice")
def test_new_service_has_no_members(client: TestClient) -> None:
    assert client.get("/members").json() == []


@pytest.mark.usefixtures("as_alice")
def test_new_member_is_admitted(client: TestClient, new_member: dict[str, str]) -> None:
    response = client.post("/members", json=new_member)
    assert response.status_code == 201


@pytest.mark.usefixtures("as_alice")
def test_admission_is_audited(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/members", json={"name": "Fay", "email": "fay@example.org"})
    assert "admitted M-" in caplog.text


@pytest.mark.usefixtures("as_alice")
def test_member_is_found_by_id(client: TestClient) -> None:
    gina = app.state.registry.add(NewMember(name="Gina", email="gina@example.org"))
    assert client.get(f"/members/{gina.id}").json()["name"] == "Gina"


@pytest.fixture(autouse=True)
def clean_app() -> Iterator[None]:
    yield
    app.state.notifier.stop()


@pytest.mark.usefixtures("as_alice")
def test_member_joins_while_events_are_sent(client: TestClient) -> None:
    app.state.notifier.start()
    response = client.post("/members", json={"name": "Hugo", "email": "hugo@example.org"})
    assert response.status_code == 201
