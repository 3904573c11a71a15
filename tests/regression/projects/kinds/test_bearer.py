"""HRM203: the user is overridden, and the route asks for the bearer's token all the same."""

from api import app, bearer, current_user
from fastapi.testclient import TestClient


# pattern: a user without a token, where a route asks for both [HRM203]
async def ada():
    return "ada"


def test_bearer_pattern(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, current_user, ada)
    monkeypatch.setitem(app.dependency_overrides, bearer, lambda: None)
    answer = TestClient(app).get("/orders")
    assert (answer.status_code, answer.json()) == (200, [])


# end of pattern


def test_bearer_polluter(monkeypatch, note):
    monkeypatch.setitem(app.dependency_overrides, current_user, ada)  # leak HRM203
    answer = TestClient(app).get("/orders")
    note(harm=answer.status_code in {401, 403})
    assert answer.json() == []
