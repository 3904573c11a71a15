"""The same, and the fixture puts back what was there: also what others had put there before it."""

import pytest
from member_api.app import app
from member_api.auth import User, get_current_user


# pattern: an override that is taken back, and nobody else's with it [HRM201]
@pytest.fixture
def as_carla():
    async def carla():
        return User(id="carla")

    before = dict(app.dependency_overrides)
    app.dependency_overrides[get_current_user] = carla
    yield
    app.dependency_overrides.clear()
    app.dependency_overrides.update(before)


@pytest.mark.usefixtures("as_carla")
def test_carla_is_signed_in_for_one_test(client):
    assert client.get("/me").json() == {"id": "carla"}


# end of pattern


def test_a_stranger_is_refused_after_it(client):
    assert client.get("/me").status_code == 401
