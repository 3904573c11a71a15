"""The authorization store, when it is not there."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.authorization import create_store
from member_api.authorization_stand_in import serving
from member_api.settings import Settings


@pytest.fixture
def settings(settings: Settings, worker_port: int) -> Settings:
    """Expect the store where nothing listens yet, and leave it alone for an hour after two failures."""
    return replace(
        settings,
        authorization_url=f"http://127.0.0.1:{worker_port}",
        authorization_store="store1",  # the id of the first store of a new stand-in
        breaker_failures=2,
        breaker_seconds=3600.0,
    )


def test_store_that_does_not_answer_is_unavailable(client: TestClient, bob: dict[str, str]) -> None:
    response = client.get("/profiles/alice", headers=bob)
    assert response.status_code == 503
    assert response.json() == {"detail": "authorization store is unavailable"}


def test_breaker_opens_after_the_failures_of_the_settings(
    app: FastAPI, client: TestClient, bob: dict[str, str]
) -> None:
    states = []
    for _ in range(2):
        client.get("/profiles/alice", headers=bob)
        states.append(app.state.authorization.breaker.current_state)
    assert states == ["closed", "open"]


def test_open_breaker_asks_nobody(client: TestClient, bob: dict[str, str], worker_port: int) -> None:
    for _ in range(2):
        client.get("/profiles/alice", headers=bob)
    with serving(worker_port) as address:
        create_store(address, "back again")
        assert client.get("/profiles/alice", headers=bob).status_code == 503


def test_breaker_closes_when_the_store_is_back(settings: Settings, bob: dict[str, str], worker_port: int) -> None:
    app = create_app(replace(settings, breaker_seconds=0.0))
    with TestClient(app) as client:
        for _ in range(2):
            client.get("/profiles/alice", headers=bob)
        with serving(worker_port) as address:
            create_store(address, "back again")
            assert client.get("/profiles/alice", headers=bob).status_code == 403
        assert app.state.authorization.breaker.current_state == "closed"


def test_store_that_refuses_is_well(app: FastAPI, client: TestClient, bob: dict[str, str], worker_port: int) -> None:
    with serving(worker_port):  # without our store: every answer is 404
        answers = [client.get("/profiles/alice", headers=bob).status_code for _ in range(3)]
    assert answers == [503, 503, 503]
    assert app.state.authorization.breaker.current_state == "closed"


def test_own_profile_needs_no_store(client: TestClient, alice: dict[str, str]) -> None:
    for _ in range(3):
        assert client.get("/profiles/alice", headers=alice).status_code == 404


def test_breaker_of_one_application_is_not_that_of_another(
    client: TestClient, app: FastAPI, settings: Settings, bob: dict[str, str]
) -> None:
    for _ in range(2):
        client.get("/profiles/alice", headers=bob)
    assert app.state.authorization.breaker.current_state == "open"
    other = create_app(settings)
    with TestClient(other):
        assert other.state.authorization.breaker.current_state == "closed"
