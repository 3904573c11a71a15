"""HRM201: a test overrides who the user is, and the next one finds the door open."""

from api import app, current_user
from fastapi.testclient import TestClient


async def ada():
    return "ada"


# pattern: an override for one test [HRM201]
def test_overrides_pattern(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, current_user, ada)
    assert TestClient(app).get("/me").json() == "hello ada"


# end of pattern


def test_overrides_after_pattern():
    assert TestClient(app).get("/me").status_code in {401, 403}


def test_overrides_polluter():
    app.dependency_overrides[current_user] = ada  # leak HRM201
    assert TestClient(app).get("/me").json() == "hello ada"


def test_overrides_victim():
    assert TestClient(app).get("/me").status_code in {401, 403}
