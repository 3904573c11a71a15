"""An application, settings and a client for each test alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.audit import actor
from member_api.auth import User, bearer_scheme, get_current_user
from member_api.settings import Settings, get_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two known tokens, and a report folder that no other test sees."""
    return Settings(tokens={"alice-token": "alice", "bob-token": "bob"}, export_dir=tmp_path / "exports")


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """Return an application made for this test, which reads the test's settings and not the cached ones."""
    app = create_app()
    app.dependency_overrides[get_settings] = lambda: settings
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Serve the application, with its notifier running until the test is over."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def alice() -> dict[str, str]:
    """Return the headers of a request by alice."""
    return {"Authorization": "Bearer alice-token"}


@pytest.fixture
def as_carla(app: FastAPI) -> None:
    """Sign every request in as carla: the user and the scheme, both async like the originals."""

    async def carla() -> User:
        actor.set("carla")
        return User(id="carla")

    async def any_token() -> HTTPAuthorizationCredentials:
        return HTTPAuthorizationCredentials(scheme="Bearer", credentials="any")

    app.dependency_overrides[get_current_user] = carla
    app.dependency_overrides[bearer_scheme] = any_token


@pytest.fixture
def new_member() -> dict[str, str]:
    """Return a valid request to join, built anew for each test that edits it."""
    return {"name": "Carol", "email": "carol@example.org"}
