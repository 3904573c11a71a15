"""HRM101."""

from __future__ import annotations

from hermetic.catalogue.rule import Example, StateRule
from hermetic.source.changes import State


class EnvironWrite(StateRule):
    """A test writes the environment, and nothing puts it back.

    Why it breaks:
    `os.environ` belongs to the process, so every later test in the same worker sees the new value. Which tests those
    are depends on the order and on how xdist splits the suite: the failure moves from run to run. A restore that
    stands below an assertion is skipped exactly when the test fails, and one failure becomes many.

    Do this instead:
    Use `monkeypatch.setenv` and `monkeypatch.delenv`, or `unittest.mock.patch.dict(os.environ)` around code that
    writes by itself. A `try`/`finally`, a fixture that restores after its `yield`, `addCleanup` and an autouse fixture
    that restores a snapshot are accepted too.

    Options:
    Writes at import time of a `conftest.py` are usually configuration, so they are reported only when the `project`
    preset is selected.

    Limits:
    A write inside a third-party library, or through a name that is only known at run time, is not seen here.
    `monkeypatch.delenv(name, raising=False)` records nothing when the variable is absent, so what the code sets
    afterwards stays; the call alone is correct code, and no static check can tell.
    """

    code = "HRM101"
    name = "environ-write"
    message = "{what} is changed {where} and not put back"
    tokens = (b"environ", b"putenv", b"unsetenv")
    related = ("HRM102", "HRM602")
    states = (
        State(
            "environ",
            calls=("os.putenv", "os.unsetenv"),
            items=("os.environ", "os.environb"),
            attributes=("os.environ", "os.environb"),
            methods=dict.fromkeys(
                ("os.environ", "os.environb"),
                ("update", "pop", "popitem", "setdefault", "clear", "__setitem__", "__delitem__", "__ior__"),
            ),
            saves=("os.getenv", "os.getenvb"),
            managers=("test.support.os_helper.EnvironmentVarGuard", "test.support.run_with_tz"),
            patches=("setenv", "delenv"),
            words=("env",),
            keyed=True,
        ),
    )

    bad = (
        Example(
            "an item is set in a test",
            {
                "test_settings.py": """
import os


def test_debug_mode_is_read():
    os.environ["APP_DEBUG"] = "1"  # <- HRM101
    assert os.environ["APP_DEBUG"] == "1"


def test_debug_mode_is_off_by_default():
    assert "APP_DEBUG" not in os.environ
"""
            },
        ),
        Example(
            "an alias is updated by a helper, and the restore is skipped when the assertion fails",
            {
                "test_region.py": """
from os import environ as env


def use_region(name):
    env.update(APP_REGION=name)  # <- HRM101


def test_region_is_read():
    use_region("eu")
    assert env["APP_REGION"] == "eu"


def test_region_has_no_default():
    assert env.get("APP_REGION") is None
"""
            },
        ),
        Example(
            "a fixture writes and does not restore",
            {
                "conftest.py": """
import os

import pytest


@pytest.fixture
def production():
    os.environ.setdefault("APP_MODE", "production")  # <- HRM101
    return os.environ["APP_MODE"]
""",
                "test_mode.py": """
import os


def test_mode_is_production(production):
    assert production == "production"


def test_mode_is_not_set():
    assert "APP_MODE" not in os.environ
""",
            },
        ),
    )
    good = (
        Example(
            "monkeypatch restores",
            {
                "test_settings.py": """
import os


def test_debug_mode_is_read(monkeypatch):
    monkeypatch.setenv("APP_DEBUG", "1")
    assert os.environ["APP_DEBUG"] == "1"


def test_debug_mode_is_off_by_default():
    assert "APP_DEBUG" not in os.environ
"""
            },
        ),
        Example(
            "patch.dict restores whatever is written below it, as decorator and as context manager",
            {
                "test_region.py": """
import os
from unittest import mock


@mock.patch.dict("os.environ")
def test_region_is_read():
    os.environ["APP_REGION"] = "eu"
    assert os.environ["APP_REGION"] == "eu"


def test_zone_is_read():
    with mock.patch.dict(os.environ, clear=True):
        os.environ.update(APP_ZONE="a")
        assert dict(os.environ) == {"APP_ZONE": "a"}


def test_region_has_no_default():
    assert "APP_REGION" not in os.environ
"""
            },
        ),
        Example(
            "an autouse fixture restores a snapshot",
            {
                "conftest.py": """
import os

import pytest


@pytest.fixture(autouse=True)
def clean_environ():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
""",
                "test_mode.py": """
import os


def test_mode_is_production():
    os.environ["APP_MODE"] = "production"
    assert os.environ["APP_MODE"] == "production"


def test_mode_is_not_set():
    assert "APP_MODE" not in os.environ
""",
            },
        ),
        Example(
            "unittest's addCleanup runs whatever happens",
            {
                "test_cleanup.py": """
import os
import unittest


class ModeTest(unittest.TestCase):
    def setUp(self):
        os.environ["APP_MODE"] = "test"
        self.addCleanup(os.environ.pop, "APP_MODE")

    def test_mode(self):
        self.assertEqual(os.environ["APP_MODE"], "test")
"""
            },
        ),
    )
