"""What the guard says of overrides that do harm while a request is served, and of those that do not."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes.override_kinds import kind_of, problem_of, problem_with
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("fastapi")
TENANT = contextvars.ContextVar("tenant", default="")

MAIN = """
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

bearer = HTTPBearer()
app = FastAPI()

async def user(token=Depends(bearer)):
    return "real"

@app.get("/me", dependencies=[Depends(bearer)])
async def me(name=Depends(user)):
    return "someone"
"""
HEAD = "from fastapi.testclient import TestClient\nfrom main import app, bearer, user\n\nclient = TestClient(app)\n"


async def original() -> str:
    return "real"


def plain() -> str:
    return "fake"


def sets() -> None:
    TENANT.set("acme")


def needs_loop() -> object:
    return asyncio.ensure_future(original())


def calls() -> object:
    return needs_loop()


def gives() -> Iterator[str]:
    yield "fake"


async def own_loop() -> str:
    return asyncio.run(original())


def test_kinds_are_those_of_fastapi() -> None:
    class Called:
        async def __call__(self) -> str:
            return ""

    functions = [plain, partial(original), gives, Called(), Called]
    assert [kind_of(one) for one in functions] == ["plain", "async", "generator", "async", "plain"]


@pytest.mark.parametrize("override", [sets, needs_loop, calls], ids=lambda one: str(one.__name__))
def test_what_is_missing_in_a_thread_is_seen_in_the_code_of_an_override(override: object) -> None:
    assert "worker thread" in problem_of(original, override)
    assert problem_of(plain, override) == ""


def test_an_override_that_needs_nothing_of_the_loop_has_no_problem() -> None:
    assert problem_of(original, plain) == problem_of(original, gives) == problem_of(plain, original) == ""
    assert "asyncio.run()" in problem_of(plain, own_loop)


def test_a_value_is_wrong_only_where_the_dependency_would_have_given_another() -> None:
    pending = original()
    try:
        assert problem_with(pending, "async", "plain")
        assert not problem_with(pending, "plain", "plain")
    finally:
        pending.close()
    assert problem_with(gives(), "generator", "plain")
    assert not problem_with(gives(), "plain", "plain")
    with sqlite3.connect(":memory:") as connection:
        assert not problem_with(connection, "async", "plain")
    connection.close()
    assert not problem_with(connection, "async", "plain")


def test_a_scheme_that_is_still_asked_for_is_named_when_the_test_fails(tmp_path: Path) -> None:
    body = "    monkeypatch.setitem(app.dependency_overrides, user, lambda: 'ada')\n    answer = client.get('/me')\n"
    test = HEAD + f"\ndef test_fails(monkeypatch):\n{body}    assert answer.status_code == 200\n"
    test += f"\ndef test_expects_it(monkeypatch):\n{body}    assert answer.status_code in (401, 403)\n"
    test += f"\ndef test_has_another_scheme(monkeypatch):\n    app.dependency_overrides[bearer] = lambda: 1\n{body}"
    test += "    app.dependency_overrides.clear()\n    assert answer.status_code == 500\n"

    run = guarded(tmp_path / "suite", files={"main.py": MAIN, "test_me.py": test})

    found = [(item["code"], item["test"].rpartition("::")[2], item["after"]) for item in run.findings]
    assert found == [("HRM203", "test_fails", "still asked for by GET /me")], run.output


def test_a_rule_that_is_ignored_is_not_guarded_although_it_is_proven(tmp_path: Path) -> None:
    test = (
        HEAD + "\ndef test_it(monkeypatch):\n    monkeypatch.setitem(app.dependency_overrides, user, lambda: 'ada')\n"
    )
    test += "    assert client.get('/me').status_code == 200\n"
    files = {"main.py": MAIN, "test_me.py": test, "pyproject.toml": '[tool.hermetic]\nignore = ["HRM203"]\n'}

    run = guarded(tmp_path / "suite", files=files)

    assert (run.findings, run.exit) == ([], 1), run.output


DIRECT = """
import unittest

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient


def limit():
    return 10


async def plan():
    return "free"


async def small():
    return 1


def create():
    app = FastAPI()

    @app.get("/")
    def index(value=Depends(limit), name=Depends(plan)):
        return value

    return app


def export(app, dependency):
    return app.dependency_overrides[dependency]() is not None


class ExportTest(unittest.TestCase):
    def setUp(self):
        self.app = create()
        self.app.dependency_overrides[limit] = small  # <-
        self.app.dependency_overrides[plan] = plan

    def test_a_job_calls_the_override(self):
        self.assertTrue(export(self.app, limit))

    def test_a_request_awaits_it(self):
        self.assertEqual(TestClient(self.app).get("/").json(), 1)

    def test_a_job_calls_one_that_is_of_the_same_kind(self):
        self.assertTrue(export(self.app, plan))

    def test_another_coroutine_is_dropped(self):
        plan()
"""


def test_an_override_that_a_job_calls_and_nobody_awaits_is_caught(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"test_export.py": DIRECT.lstrip("\n")})

    found = [(item["code"], item["test"].rpartition("::")[2], item["line"]) for item in run.findings]
    line = next(number for number, text in enumerate(DIRECT.lstrip("\n").splitlines(), 1) if text.endswith("# <-"))
    assert found == [("HRM202", "test_a_job_calls_the_override", line)], run.output
