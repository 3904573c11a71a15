"""A plain function in place of an async one: where it does harm, and where it does not."""

import pytest
from member_api.app import app
from member_api.audit import actor
from member_api.auth import User, bearer_scheme, get_current_user


@pytest.fixture(autouse=True)
def any_token(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, bearer_scheme, lambda: None)


def plain_carla():
    actor.set("carla")
    return User(id="carla")


async def async_carla():
    actor.set("carla")
    return User(id="carla")


def test_plain_where_the_actor_counts(client, monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, plain_carla)
    consent = client.put("/consents/newsletter", json={"granted": True}).json()
    note(giver=consent["recorded_by"])
    assert consent["recorded_by"] == "carla"


# pattern: an override that is async where the dependency is [HRM202]
def test_async_where_the_actor_counts(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, async_carla)
    consent = client.put("/consents/newsletter", json={"granted": True}).json()
    assert consent["recorded_by"] == "carla"


# end of pattern


def test_plain_where_nothing_of_the_context_counts(client, monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: User(id="carla"))
    note(me=client.get("/me").json()["id"])
