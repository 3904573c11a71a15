"""HRM101."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import COLLECTION, GUARD, LINT, Example, StateRule
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.changes import changes_in
from hermetic.source.spelling import key_of
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.scope import Scope

PYTESTS = "'PYTEST_CURRENT_TEST'"  # pytest sets it before each phase of a test, and removes it at the end

# What the machine sets for every program, or a user for all of their work.
GIVEN = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "HOSTNAME", "TZ", "LANG", "LANGUAGE", "TERM", "DISPLAY",
    "PAGER", "BROWSER", "COLUMNS", "LINES", "COLORTERM", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "USERNAME", "APPDATA",
    "LOCALAPPDATA", "PROGRAMDATA", "SYSTEMROOT", "COMSPEC", "PATHEXT", "CI", "VIRTUAL_ENV", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "EDITOR",
})  # fmt: skip
# What a line does that makes sure that a variable is not set, or sets it for one test alone.
REMOVERS = (b".pop(", b"del ", b".delenv(", b"unsetenv(", b".setenv(")
FAMILIES = ("LC_", "XDG_", "PYTHON", "PYTEST", "SSL_", "SSH_", "GIT_", "CONDA_", "GITHUB_", "LD_", "DYLD_")


class Environ(State):
    """`os.environ`: a variable of the application is absent, unless somebody sets it."""

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Leave out the variable that pytest itself sets and removes around whatever a test does."""
        return not call.args or key_of(scope, call.args[0]) != PYTESTS

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:
        """Leave out the same."""
        return key_of(scope, getattr(target, "slice", None)) != PYTESTS

    def repeats(self, first: Change, again: Change) -> bool:
        """Tell whether a test sets a variable to the text that a set-up of its class has given it."""
        owner, given = first.scope.owner, value_set(again)
        return given is not None and any(
            item.key == again.key and value_set(item) == given
            for cls in (ancestry(owner) if owner is not None else ())
            for method in cls.functions
            if method is not first.scope and roles.role_of(method) != "test"
            for item in changes_in(method.module.load(method), self)
        )

    def is_usually_absent(self, scope: Scope, key: str) -> bool:  # noqa: ARG002 - the contract of State
        """Tell it for a variable that is written out, or has a name of its own, and that no machine sets."""
        name = key.strip("'\"").upper()
        return bool(name) and name not in GIVEN and not name.startswith(FAMILIES)

    def is_left_over(self, scope: Scope, key: str) -> bool:
        """Tell it for such a variable, and for one that a conftest removes; not where a conftest else names it."""
        project, name = scope.module.project, key.strip("'\"").encode()
        if project is None:
            return False
        named = [line for item in project.conftests(scope.module.path) for line in item.lines if name in line]
        removed = all(any(remover in line for remover in REMOVERS) for line in named)
        return removed and (bool(named) or self.is_usually_absent(scope, key))


def value_set(change: Change) -> str | None:
    """Return the text that an assignment gives a variable, None for what is not written out."""
    value = getattr(change.node, "value", None)
    text = value.value if isinstance(value, ast.Constant) else None
    return text if isinstance(text, str) else None


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
    An autouse fixture for each test that only removes variables of the application, where they are set
    (`os.environ.pop("APP_MODE", None)`, or a `del` whose `KeyError` is caught), is taken for a reset.
    Where another fixture or a test does that, the `project` preset reports it, unless a conftest names the variable and
    does not remove it.
    In code under test only what certainly runs for the named test counts: not what stands below a condition that cannot
    be read from the call, nor what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM101"
    name = "environ-write"
    symptoms = (
        "passes alone, fails after another test that sets an environment variable",
        "works on one machine and fails in CI, because a variable is set there",
        "KeyError or a wrong value from os.environ, only in some orders",
    )
    repair = "use monkeypatch.setenv/delenv, or patch.dict(os.environ) around the call"
    fixed_by = "hermetic.repair.environ"
    claims = (LINT, GUARD)
    message = "{what} is changed {where} and not put back"
    tokens = (b"environ", b"putenv", b"unsetenv")
    related = ("HRM102", "HRM602")
    states = (
        Environ(
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

    def subject(self, change: Change) -> str:
        """Name the variable also where it is changed for child processes alone: `os.putenv`."""
        if change.what not in ("os.putenv", "os.unsetenv"):
            return super().subject(change)
        return f"{change.key or 'a variable'} in the environment of the process"

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
        Example(
            "a test file writes while it is imported",
            {
                "test_backend.py": """
import os

os.environ["APP_BACKEND"] = "memory"  # <- HRM101


def test_the_backend_is_memory():
    assert os.environ["APP_BACKEND"] == "memory"
""",
                "test_backend_default.py": """
import os


def test_no_backend_is_chosen():
    assert "APP_BACKEND" not in os.environ
""",
            },
            claims=(LINT, COLLECTION),
        ),
        Example(
            "the code under test writes, in another file, and is called by a setup",
            {
                "app_start.py": """
import os


def start(debug):
    if debug:
        os.environ |= {"APP_TRACE": "1"}  # <- HRM101
    return "started"
""",
                "test_start.py": """
import os
import unittest

from app_start import start


class StartTest(unittest.TestCase):
    def setUp(self):
        self.answer = start(debug=True)

    def test_started(self):
        self.assertEqual(self.answer, "started")


def test_tracing_is_off():
    assert "APP_TRACE" not in os.environ
""",
            },
        ),
        Example(
            "putenv changes what child processes inherit; a removal below an assertion may never run",
            {
                "test_children.py": """
import os
import subprocess
import sys


def child(name):
    code = f"import os; print(os.environ.get({name!r}))"
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_a_child_inherits_the_proxy():
    os.putenv("APP_PROXY", "localhost")  # <- HRM101
    assert child("APP_PROXY") == "localhost"


def test_a_child_inherits_the_locale():
    os.environ["APP_LOCALE"] = "de"  # <- HRM101
    assert child("APP_LOCALE") == "fr"
    del os.environ["APP_LOCALE"]


def test_a_child_inherits_nothing():
    assert child("APP_PROXY") == "None"
    assert child("APP_LOCALE") == "None"
"""
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
        Example(
            "a copy for a child process, and an environment that replaces the real one, are the test's own",
            {
                "test_children.py": """
import os
import subprocess
import sys


def test_a_child_gets_an_environment_of_its_own():
    env = {**os.environ, "APP_CHILD": "1"}
    env["APP_PROXY"] = "localhost"
    code = "import os; print(os.environ['APP_PROXY'])"
    assert subprocess.check_output([sys.executable, "-c", code], env=env, text=True).strip() == "localhost"


def test_a_replaced_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    os.environ["APP_MODE"] = "empty"
    assert os.environ == {"APP_MODE": "empty"}


def test_nothing_is_left():
    assert "APP_MODE" not in os.environ
"""
            },
        ),
        Example(
            "a context manager class puts back what it changed, whatever its block does",
            {
                "test_modes.py": """
import os

import pytest


class Mode:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.before = os.environ.get("APP_MODE")
        os.environ["APP_MODE"] = self.name

    def __exit__(self, *exc_info):
        if self.before is None:
            del os.environ["APP_MODE"]
        else:
            os.environ["APP_MODE"] = self.before


def test_a_mode_in_a_block():
    with Mode("test"):
        assert os.environ["APP_MODE"] == "test"


@pytest.fixture
def staged():
    with Mode("staging"):
        yield


def test_a_mode_of_a_fixture(staged):
    assert os.environ["APP_MODE"] == "staging"


def test_no_mode():
    assert "APP_MODE" not in os.environ
"""
            },
        ),
    )
