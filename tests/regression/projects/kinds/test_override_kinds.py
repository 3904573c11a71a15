"""HRM202: the override gives the route a coroutine in place of a user, and a weak test does not see it."""

from api import app, current_user
from fastapi.testclient import TestClient


# pattern: an override of the kind that the dependency has [HRM202]
async def fake_user(name="ada"):
    return name


def test_override_kinds_pattern(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, current_user, fake_user)
    answer = TestClient(app).get("/me")
    assert (answer.status_code, answer.json()) == (200, "hello ada")


# end of pattern


def test_override_kinds_polluter(monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, current_user, lambda: fake_user("ada"))  # leak HRM202
    answer = TestClient(app).get("/me")
    assert answer.status_code == 200
    note(harm="coroutine" in answer.text)
