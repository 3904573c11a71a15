"""The user is overridden, and a route asks for the bearer's token on another path."""

import pytest
from applications import scheme as app
from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.testclient import TestClient
from member_api.access_log import log_access
from member_api.auth import CurrentUser, User, bearer_scheme, get_current_user


@pytest.fixture
def client():
    return TestClient(app)


async def carla():
    return User(id="carla")


def test_user_alone_where_the_scheme_is_reached_twice(client, monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, carla)
    answer = client.get("/consents")  # leak HRM203
    note(status=answer.status_code)
    assert answer.status_code == 200


# pattern: the user and the scheme, for routes that ask for both [HRM203]
def test_user_and_scheme(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, carla)
    monkeypatch.setitem(app.dependency_overrides, bearer_scheme, lambda: None)
    answer = client.get("/consents")
    assert answer.status_code == 200


# end of pattern


def test_user_alone_where_the_scheme_is_reached_once(client, monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, carla)
    note(status=client.get("/me").status_code)


def test_scheme_left(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, carla)
    app.dependency_overrides[bearer_scheme] = lambda: None  # leak HRM201
    assert client.get("/consents").status_code == 200


def test_the_scheme_is_asked_after_it(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, carla)
    assert client.get("/consents").status_code == 401


def test_scheme_alone(client, monkeypatch, note):
    forged = HTTPAuthorizationCredentials(scheme="Bearer", credentials="forged")
    monkeypatch.setitem(app.dependency_overrides, bearer_scheme, lambda: forged)
    note(status=client.get("/me").status_code)


def test_dependency_that_reads_the_token(monkeypatch, note):
    small = FastAPI()

    @small.get("/me", dependencies=[Depends(log_access)])
    async def me(user: CurrentUser):
        return user

    small.dependency_overrides[get_current_user] = carla
    alone = TestClient(small).get("/me").status_code
    any_token = HTTPAuthorizationCredentials(scheme="Bearer", credentials="any")
    small.dependency_overrides[bearer_scheme] = lambda: any_token
    note(alone=alone, both=TestClient(small).get("/me").status_code)
