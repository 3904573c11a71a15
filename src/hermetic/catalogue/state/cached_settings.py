"""HRM602."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, one_per_line
from hermetic.catalogue.state._settings import is_cached, is_cleared, is_cleared_below, keys_changed, keys_read
from hermetic.source.names import resolve
from hermetic.source.visits import roots, visits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project

SETTINGS = """
import functools
import os


@functools.lru_cache
def get_settings():
    return {"mode": os.environ.get("SHOP_MODE", "live"), "currency": os.getenv("SHOP_CURRENCY", "eur")}


@functools.lru_cache(maxsize=None)
def client_for(region):
    return f"{region}.{os.environ.get('SHOP_HOST', 'shop.example')}"
"""


class CachedSettings(Rule):
    """A cached function is filled while a test has changed a variable that it reads, and serves that to the next.

    Why it breaks:
    `monkeypatch.setenv` puts the variable back, but not what was made from it: a function with `lru_cache` or `cache`
    runs once, so every later test of the worker gets the settings, or the client, of the first one that asked.

    Do this instead:
    Call `get_settings.cache_clear()` before the test asks and again in the teardown, best in the same fixture that sets
    the variables. Better still, hand settings to the code that needs them.

    Limits:
    The linter sees variables that a test, or a fixture of it, changes by a written-out name, and functions with
    `functools.lru_cache` or `cache` that it certainly calls and that read that name, themselves, through what they
    call, or as a field of pydantic's settings. A `cache_clear()` behind a `yield`, in a `finally`, a teardown or a
    registered cleanup, or in an autouse fixture, is taken for the right one, also where a helper makes it for these.
    A cached function that code under test calls only behind a second call is reported in the `project` preset alone,
    and so is one that the test itself clears further down, when nothing has failed in between.
    The plugin sees functions with `functools.lru_cache` or `functools.cache` in modules and classes of the project,
    when they, or what they call, read `os.environ` (also through `os.getenv`, or a library that goes through it, as
    those for settings do) and find another value than outside of the test. Where the whole environment is gone
    through, the value has to stand in what the function returns, and the function takes no parameters. What was read
    from `os.environb`, by C code, or before the session was guarded is not seen, nor is a cache that is kept by hand
    (a global or a class attribute: HRM601 and HRM603). Where a function is cached for several arguments, the last
    reading of a variable counts. What a session-wide fixture sets is there for all tests.
    """

    code = "HRM602"
    name = "cached-settings"
    symptoms = (
        "settings ignore monkeypatch.setenv",
        "lru_cache returns the settings of another test",
        "a changed environment variable has no effect, or a late one",
    )
    repair = "call its cache_clear() where the test's environment is set up, and again in the teardown"
    message = "{function}() keeps its result, made while the test has changed {key}: later tests get the same"
    late_message = (
        "{function}() keeps its result, made while the test has changed {key}, and is cleared only when nothing fails"
    )
    claims = (LINT, GUARD)
    tokens = (b"setenv", b"delenv", b"environ")
    reached = ()
    through_fixtures = False
    related = ("HRM101", "HRM601", "HRM603")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the calls that fill a cache with what only the test has set."""
        strict = not project.presets.isdisjoint((PROJECT, self.code))
        for root in roots(module):
            changed = keys_changed(root, project)
            for visit in visits(root, ()) if changed else ():
                function = visit.target
                if function is None or not is_cached(function) or (visit.is_deep() and not strict):
                    continue
                before = {key for key, line in changed.items() if visit.scope is not root or line < visit.call.lineno}
                keys = sorted(before & keys_read(function))
                if keys and not (
                    is_cleared(root, function, project)
                    or visit.is_mocked(resolve(visit.scope, visit.call.func), project)
                ):
                    late = is_cleared_below(visit, root)
                    if late and not strict:
                        continue
                    message = (self.late_message if late else self.message).format(function=function.name, key=keys[0])
                    yield self.finding(visit.scope.module, visit.call, message, test=node_id(root))

    bad = (
        Example(
            "monkeypatch puts the variable back, the settings stay",
            {
                "settings.py": SETTINGS,
                "test_settings.py": """
from settings import get_settings


def test_the_mode_can_be_set(monkeypatch):
    monkeypatch.setenv("SHOP_MODE", "test")
    assert get_settings()["mode"] == "test"  # <- HRM602


def test_the_mode_is_live():
    assert get_settings()["mode"] == "live"
""",
            },
        ),
        Example(
            "code under test asks for the settings, and a helper of theirs reads the variable",
            {
                "config.py": """
import os
from functools import cache


class Config:
    def __init__(self):
        self.limit = number("SHOP_LIMIT", 10)


def number(name, default):
    return int(os.environ[name]) if name in os.environ else default


@cache
def config():
    return Config()
""",
                "shop.py": """
from config import config


def may_buy(count):
    return count <= config().limit  # <- HRM602
""",
                "test_shop.py": """
from unittest import mock

import shop


@mock.patch.dict("os.environ", {"SHOP_LIMIT": "1"})
def test_the_limit_can_be_lowered():
    assert not shop.may_buy(2)


def test_ten_may_be_bought():
    assert shop.may_buy(10)
""",
            },
        ),
        Example(
            "a fixture clears the cache before the test, but not after it",
            {
                "settings.py": SETTINGS,
                "conftest.py": """
import pytest

import settings


@pytest.fixture
def local(monkeypatch):
    settings.client_for.cache_clear()
    monkeypatch.setenv("SHOP_HOST", "localhost")
    return settings.client_for("eu")  # <- HRM602
""",
                "test_client.py": """
import settings


def test_the_client_is_local(local):
    assert local == "eu.localhost"


def test_the_client_is_real():
    assert settings.client_for("eu") == "eu.shop.example"
""",
            },
        ),
    )
    good = (
        Example(
            "the fixture that sets the variable clears the cache before and after",
            {
                "settings.py": SETTINGS,
                "test_settings.py": """
import pytest

from settings import get_settings


@pytest.fixture
def test_mode(monkeypatch):
    monkeypatch.setenv("SHOP_MODE", "test")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_the_mode_can_be_set(test_mode):
    assert get_settings()["mode"] == "test"


def test_the_mode_is_live():
    assert get_settings()["mode"] == "live"
""",
            },
        ),
        Example(
            "the function that was cached does not read what the test has changed",
            {
                "settings.py": SETTINGS,
                "test_settings.py": """
import os

from settings import client_for, get_settings


def test_a_client_is_made(monkeypatch):
    monkeypatch.setenv("SHOP_MODE", "test")
    assert client_for("eu") == "eu.shop.example"
    assert os.environ["SHOP_MODE"] == "test"


def test_the_mode_is_live():
    assert get_settings()["mode"] == "live"
""",
            },
        ),
        Example(
            "a session-wide fixture sets the variable for all tests",
            {
                "settings.py": SETTINGS,
                "conftest.py": """
import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def test_mode():
    os.environ["SHOP_MODE"] = "test"
    yield
    del os.environ["SHOP_MODE"]
""",
                "test_settings.py": """
from settings import get_settings


def test_the_mode_is_set():
    assert get_settings()["mode"] == "test"


def test_it_stays():
    assert get_settings()["mode"] == "test"
""",
            },
        ),
        Example(
            "an autouse fixture clears the cache through a function of the code",
            {
                "settings.py": f"{SETTINGS}\n\ndef forget():\n    get_settings.cache_clear()\n",
                "test_settings.py": """
import pytest

import settings


@pytest.fixture(autouse=True)
def fresh():
    settings.forget()
    yield
    settings.forget()


def test_the_mode_can_be_set(monkeypatch):
    monkeypatch.setenv("SHOP_MODE", "test")
    assert settings.get_settings()["mode"] == "test"


def test_the_mode_is_live():
    assert settings.get_settings()["mode"] == "live"
""",
            },
        ),
        Example(
            "a test asks the function behind the cache",
            {
                "settings.py": SETTINGS,
                "test_settings.py": """
from settings import get_settings


def test_the_mode_can_be_set(monkeypatch):
    monkeypatch.setenv("SHOP_MODE", "test")
    assert get_settings.__wrapped__()["mode"] == "test"


def test_the_mode_is_live():
    assert get_settings()["mode"] == "live"
""",
            },
        ),
    )
