"""When exactly must `bearer_scheme` be overridden? Where a route reaches it by another path than `get_current_user`.

An overridden dependency takes its own sub-dependencies with it: whoever replaces `get_current_user` replaces its use
of the scheme as well. A second use stays: of the whole router (`/consents`), or of another dependency
(`log_access`, which reads the credentials themselves).
"""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from member_api.auth import User, get_current_user

ONE_PATH = ["/me", "/members", "/me/data", "/api-keys"]
TWO_PATHS = ["/consents", "/profiles/carla"]


@pytest.fixture
def as_carla_alone(app: FastAPI) -> None:
    """Sign every request in as carla, and leave the scheme as it is."""

    async def carla() -> User:
        return User(id="carla")

    app.dependency_overrides[get_current_user] = carla


@pytest.mark.usefixtures("as_carla_alone")
@pytest.mark.parametrize("path", ONE_PATH)
def test_the_user_alone_is_enough_on_one_path(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("as_carla_alone")
@pytest.mark.parametrize("path", TWO_PATHS)
def test_the_user_alone_is_refused_on_two_paths(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.usefixtures("as_carla")
@pytest.mark.parametrize(
    ("path", "status"), [*[(path, 200) for path in ONE_PATH], ("/consents", 200), ("/profiles/carla", 404)]
)
def test_user_and_scheme_together_are_enough_everywhere(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status
