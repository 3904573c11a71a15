"""Which caches of functions hold a test's environment, and which do not."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes import cached_settings
from hermetic.guard.probes.cached_settings import CachedSettingsProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """
import functools, os

@functools.lru_cache
def settings():
    found = {key.lower(): value for key, value in os.environ.items()}  # as libraries for settings do
    return found.get("shop")

class Factory:
    @staticmethod
    @functools.cache
    def client():
        return os.environ.get("SHOP")
"""
MODULE = """
import os, pytest
from settings import settings

@pytest.fixture(scope="module")
def shop():
    os.environ["SHOP"] = "test"
    yield
    del os.environ["SHOP"]
"""


@pytest.mark.parametrize("call", ["settings.settings()", "settings.Factory.client()"], ids=["copy", "method"])
def test_a_cache_that_was_filled_is_named_and_emptied(tmp_path: Path, call: str) -> None:
    test = (
        f"import settings\n\ndef test_it(monkeypatch):\n    monkeypatch.setenv('SHOP', 'x')\n    assert {call} == 'x'\n"
    )
    test += f"\ndef test_the_next_one_gets_its_own():\n    assert {call} is None\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": test})

    assert run.found == {("HRM602", "test_it.py", 5)}, run.output
    assert "2 passed, 1 error" in run.output


def test_a_cache_that_was_full_before_is_not_the_tests(tmp_path: Path) -> None:
    test = "import settings\n\ndef test_first():\n    settings.settings()\n\ndef test_it(monkeypatch):\n"
    test += "    monkeypatch.setenv('SHOP', 'x')\n    settings.settings()\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_what_a_wide_fixture_sets_is_judged_when_it_ends(tmp_path: Path) -> None:
    test = MODULE + "\ndef test_first(shop):\n    pass\n\ndef test_second(shop):\n    assert settings() == 'test'\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": test})

    found = [(item["code"], item["line"], item["owner"]) for item in run.findings]
    assert found == [("HRM602", 15, "shop")], run.output


def test_a_wide_fixture_that_empties_the_cache_leaves_nothing(tmp_path: Path) -> None:
    clears = MODULE + "    settings.cache_clear()\n\ndef test_it(shop):\n    assert settings() == 'test'\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": clears})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_reading_the_environment_past_the_cache_leaves_nothing(tmp_path: Path) -> None:
    test = "import os, settings\n\ndef test_it(monkeypatch):\n    monkeypatch.setenv('SHOP', 'x')\n"
    test += "    assert os.environ['SHOP'] == 'x'\n\ndef test_next():\n    assert settings.settings() is None\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_a_variable_that_was_merely_copied_along_is_not_in_the_cache(tmp_path: Path) -> None:
    test = "import settings\n\ndef test_it(monkeypatch):\n    monkeypatch.setenv('OTHER', 'x')\n"
    test += "    assert settings.settings() is None\n"

    run = guarded(tmp_path / "suite", files={"settings.py": SETTINGS, "test_it.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


APPLICATION = """
import functools, os
import fastapi

app = fastapi.FastAPI()

@functools.cache
def shop():
    return os.environ.get("SHOP")

@app.get("/")
def index(name=fastapi.Depends(shop)):
    return name
"""
REQUESTS = {
    "portal": """
    with TestClient(app) as client:
        answer = client.get("/")  # <-
""",
    "loop": """
    async def ask():
        async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
            return await client.get("/")  # <-

    answer = asyncio.run(ask())
""",
}


@pytest.mark.parametrize("how", REQUESTS)
def test_what_a_request_fills_in_a_thread_of_the_server_is_of_its_line(tmp_path: Path, how: str) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    test = (
        "import asyncio\nfrom application import app\nfrom fastapi.testclient import TestClient\n"
        "from httpx import ASGITransport, AsyncClient\n\n"
        f"def test_it(monkeypatch):\n    monkeypatch.setenv('SHOP', 'x'){REQUESTS[how]}"
        "    assert answer.json() == 'x'\n"
    )
    line = next(number for number, text in enumerate(test.splitlines(), 1) if text.endswith("# <-"))

    run = guarded(tmp_path / "suite", files={"application.py": APPLICATION, "test_it.py": test})

    assert run.found == {("HRM602", "test_it.py", line)}, run.output


@pytest.mark.parametrize("few", [cached_settings.FEW, 0])
def test_nobody_walks_up_from_a_read_where_no_cache_was_missed(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    @functools.cache
    def settings() -> int:
        return 1

    walks: list[bool] = []
    probe = CachedSettingsProbe()
    probe.caches = {settings.__wrapped__.__code__: settings}
    probe.sizes = {settings: cached_settings.size_of(settings)}
    monkeypatch.setattr(cached_settings, "FEW", few)
    monkeypatch.setattr(probe, "filling", lambda _: walks.append(True))

    probe.called(cached_settings.READ, (os.environ, "PATH"), {})
    assert walks == ([] if few else [True])
    settings()
    walks.clear()
    probe.called(cached_settings.READ, (os.environ, "PATH"), {})
    assert walks == [True]


def test_a_cached_function_of_a_module_that_a_test_imports_is_known_from_then_on(tmp_path: Path) -> None:
    module = """
import functools
import os


@functools.lru_cache
def settings():
    return os.environ.get("MODE", "plain")
"""
    test = """
import early


def test_imports():
    import late

    assert late


def test_reads(monkeypatch):
    import late

    monkeypatch.setenv("MODE", "test")
    assert late.settings() == "test"
"""
    files = {"early.py": module, "late.py": module, "test_it.py": test}

    run = guarded(tmp_path / "suite", "-p", "no:randomly", mode="warn", files=files)

    found = [(item["code"], item["test"].partition("::")[2], item["path"]) for item in run.findings]
    assert found == [("HRM602", "test_reads", "test_it.py")], run.output
