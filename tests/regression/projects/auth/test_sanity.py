"""What a suite asks first: who gets in with a token, who without, and who with an override."""

import pytest
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.auth import User, get_current_user
from member_api.settings import Settings, current_settings

SETTINGS = Settings(tokens={"alice-token": "alice"})
ALICE = {"Authorization": "Bearer alice-token"}


async def carla():
    return User(id="carla")


# pattern: an application for each test [HRM201]
@pytest.fixture
def app():
    return create_app(SETTINGS)


@pytest.fixture
def own_client(app):
    return TestClient(app)


# end of pattern


@pytest.mark.parametrize("path", ["/me", "/members", "/consents"])
def test_statuses(own_client, note, path):
    with_token = own_client.get(path, headers=ALICE).status_code
    without = own_client.get(path).status_code
    wrong = own_client.get(path, headers={"Authorization": "Bearer forged"}).status_code
    note(statuses=[with_token, without, wrong])


def test_no_override(own_client, note):
    note(status=own_client.get("/me").status_code)


# pattern: the smallest override that signs somebody in [human]
def test_minimal_override(app, own_client):
    app.dependency_overrides[get_current_user] = carla
    answer = own_client.get("/me")
    assert (answer.status_code, answer.json()) == (200, {"id": "carla"})


# end of pattern


def test_other_application(app, note):
    app.dependency_overrides[get_current_user] = carla
    other = create_app(SETTINGS)
    note(own=TestClient(app).get("/me").status_code, other=TestClient(other).get("/me").status_code)


@pytest.fixture
def shared(app):
    """Settings that a fixture of all tests has overridden: Alice has another token there."""
    app.dependency_overrides[current_settings] = lambda: Settings(tokens={"shared-token": "alice"})
    return TestClient(app)


def ask(client):
    return client.get("/me", headers={"Authorization": "Bearer shared-token"}).status_code


def test_cleared(app, shared, note):
    before = ask(shared)
    app.dependency_overrides[get_current_user] = carla
    app.dependency_overrides.clear()
    note(before=before, after=ask(shared))


def test_snapshot(app, shared, note):
    before = ask(shared)
    kept = dict(app.dependency_overrides)
    app.dependency_overrides[get_current_user] = carla
    app.dependency_overrides.clear()
    app.dependency_overrides.update(kept)
    note(before=before, after=ask(shared))


def test_real_user(own_client, note):
    consent = own_client.put("/consents/newsletter", json={"granted": True}, headers=ALICE).json()
    note(giver=consent["recorded_by"])
