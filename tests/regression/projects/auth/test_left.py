"""An override that nobody takes back, in an application that all tests share."""

import pytest
from applications import left as app
from fastapi.testclient import TestClient
from member_api.auth import User, get_current_user


@pytest.fixture
def client():
    return TestClient(app)


async def carla():
    return User(id="carla")


def test_carla_is_signed_in(client):
    app.dependency_overrides[get_current_user] = carla  # leak HRM201
    assert client.get("/me").json() == {"id": "carla"}


def test_a_stranger_is_refused(client):
    assert client.get("/me").status_code == 401
