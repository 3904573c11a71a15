"""HRM201."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.overrides._removed import fixtures_around, removals
from hermetic.catalogue.overrides._state import OVERRIDES, is_emptied, takes_out
from hermetic.catalogue.overrides._table import TABLE, TOKENS, table_owner
from hermetic.catalogue.rule import COLLECTION, GUARD, LINT, PROJECT, Example, StateRule, node_id, reached_from
from hermetic.source import roles
from hermetic.source.changes import STORES, called, changes_in
from hermetic.source.leaks import leaks_at_import, leaks_in_functions, leaks_through_imports
from hermetic.source.origins import SHARED, origins, passed_from
from hermetic.source.spelling import targets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.module import Module
    from hermetic.source.origins import Origin
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope


APP = """
from fastapi import Depends, FastAPI

app = FastAPI()


def get_plan() -> str:
    return "free"


@app.get("/plan")
def read_plan(plan: str = Depends(get_plan)) -> str:
    return plan
"""


class OverrideLeak(StateRule):
    """A test overrides a dependency of the application, and nothing takes the override out.

    Why it breaks:
    `dependency_overrides` is a plain dict on the application, and the application is usually one object that the whole
    suite imports. An entry that stays is used by every later request in the worker: tests of the real dependency
    answer with the fake, tests that expect 401 get 200. A `clear()` that stands below an assertion is skipped exactly
    when the test fails, and one failure becomes many.

    Do this instead:
    Override in a fixture and take the override out after its `yield`; or use
    `monkeypatch.setitem(app.dependency_overrides, get_db, fake_db)`, or `unittest.mock.patch.dict` around the requests;
    or make an application for each test with a factory. `try`/`finally`, `addfinalizer`, `addCleanup`, `tearDown` and
    an autouse fixture that clears the dict are accepted too.

    Taking out an override that a conftest or a wider fixture has installed for many tests is a change as well: use
    `monkeypatch.delitem(app.dependency_overrides, get_db)`. What the test or its own fixture has set may go at its end.

    Options:
    Overrides at import time of a `conftest.py`, and those of its session-wide autouse fixtures, hold for every test
    below it, so they are reported only when the `project` preset is selected.

    Limits:
    An application that comes from a fixture or parameter whose definition is not in the project is left alone: it may
    be made for each test. Overrides made in a third-party library are not seen. The plugin watches applications that
    were there before the test, and new ones that a module of the project holds. An override at import time is the test
    file's when it is defined in that file. To see whether an autouse fixture empties the table, its source is read.
    """

    code = "HRM201"
    name = "override-leak"
    symptoms = (
        "a request is answered as another test's user",
        "401 is expected, and 200 comes, after another test",
        "dependency_overrides still hold a fake from an earlier test",
    )
    repair = "override in a fixture and restore after its yield, or use monkeypatch.setitem"
    fixed_by = "hermetic.repair.override"
    message = "{what} is overridden {where}, and the override stays"
    late_message = "{what} is overridden {where}, and the override is taken out only when nothing fails in between"
    removed = "the override of {what}, which others rely on, is taken out {where} and does not come back"
    removed_late = "the override of {what} is taken out {where}, and comes back only when nothing fails in between"
    follows = ""  # removals count in files that call nothing
    tokens = TOKENS
    claims = (LINT, GUARD)
    related = ("HRM202", "HRM203", "HRM308")
    states = (OVERRIDES,)

    bad = (
        Example(
            "an override stays when its test is over",
            {
                "main.py": APP,
                "test_plan.py": """
from fastapi.testclient import TestClient

from main import app, get_plan

client = TestClient(app)


def test_paying_user_sees_the_paid_plan():
    app.dependency_overrides[get_plan] = lambda: "paid"  # <- HRM201
    assert client.get("/plan").json() == "paid"


def test_plan_is_free_by_default():
    assert client.get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the cleanup stands below the assertion, so the failing test takes the next one down",
            {
                "main.py": APP,
                "test_plan.py": """
import main
from fastapi.testclient import TestClient


def test_paying_user_sees_the_paid_plan():
    with TestClient(main.app) as client:
        client.app.dependency_overrides.update({main.get_plan: lambda: "paid"})  # <- HRM201
        assert client.get("/plan").json() == "PAID"
        client.app.dependency_overrides.clear()


def test_plan_is_free_by_default():
    assert TestClient(main.app).get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a fixture overrides and hands out the client, and nothing follows its yield",
            {
                "main.py": APP,
                "conftest.py": """
import pytest
from fastapi.testclient import TestClient

from main import app, get_plan


@pytest.fixture
def paid_client():
    overrides = app.dependency_overrides
    overrides[get_plan] = lambda: "paid"  # <- HRM201
    with TestClient(app) as client:
        yield client
""",
                "test_plan.py": """
from fastapi.testclient import TestClient

from main import app


def test_paying_user_sees_the_paid_plan(paid_client):
    assert paid_client.get("/plan").json() == "paid"


def test_plan_is_free_by_default():
    assert TestClient(app).get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a test file overrides when it is imported, for every other file",
            {
                "main.py": APP,
                "test_paid.py": """
from fastapi.testclient import TestClient

from main import app, get_plan

app.dependency_overrides |= {get_plan: lambda: "paid"}  # <- HRM201


def test_paying_user_sees_the_paid_plan():
    assert TestClient(app).get("/plan").json() == "paid"
""",
                "test_plan.py": """
from fastapi.testclient import TestClient

from main import app


def test_plan_is_free_by_default():
    assert TestClient(app).get("/plan").json() == "free"
""",
            },
            claims=(LINT, COLLECTION),
            needs=("fastapi", "httpx"),
        ),
        Example(
            "setUp overrides through self, and there is no tearDown",
            {
                "main.py": APP,
                "test_plan.py": """
import unittest

from fastapi.testclient import TestClient

from main import app, get_plan


class PaidTest(unittest.TestCase):
    def setUp(self):
        self.client = TestClient(app)
        self.client.app.dependency_overrides[get_plan] = self.plan  # <- HRM201

    def plan(self):
        return "paid"

    def test_paying_user_sees_the_paid_plan(self):
        self.assertEqual(self.client.get("/plan").json(), "paid")


def test_plan_is_free_by_default():
    assert TestClient(app).get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
    )
    good = (
        Example(
            "the fixture takes its override out after the yield, whatever the test did",
            {
                "main.py": APP,
                "conftest.py": """
import pytest
from fastapi.testclient import TestClient

from main import app, get_plan


@pytest.fixture
def paid_client():
    app.dependency_overrides[get_plan] = lambda: "paid"
    yield TestClient(app)
    del app.dependency_overrides[get_plan]
""",
                "test_plan.py": """
from fastapi.testclient import TestClient

from main import app


def test_paying_user_sees_the_paid_plan(paid_client):
    assert paid_client.get("/plan").json() == "paid"


def test_plan_is_free_by_default():
    assert TestClient(app).get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "monkeypatch and patch.dict put the entry back",
            {
                "main.py": APP,
                "test_plan.py": """
from unittest.mock import patch

from fastapi.testclient import TestClient

from main import app, get_plan

client = TestClient(app)


def test_paying_user_sees_the_paid_plan(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, lambda: "paid")
    assert client.get("/plan").json() == "paid"


def test_guest_sees_the_trial_plan():
    with patch.dict(app.dependency_overrides, {get_plan: lambda: "trial"}):
        assert client.get("/plan").json() == "trial"


def test_whatever_a_test_adds_to_the_replaced_table_goes_with_it(monkeypatch):
    monkeypatch.setattr(app, "dependency_overrides", {})
    app.dependency_overrides[get_plan] = lambda: "gold"
    assert client.get("/plan").json() == "gold"


def test_plan_is_free_by_default():
    assert client.get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the application is made for the test by a factory, so its table goes with it",
            {
                "shop.py": """
from fastapi import Depends, FastAPI


def get_plan() -> str:
    return "free"


def create_app() -> FastAPI:
    app = FastAPI()

    @app.get("/plan")
    def read_plan(plan: str = Depends(get_plan)) -> str:
        return plan

    return app
""",
                "conftest.py": """
import pytest
from fastapi.testclient import TestClient

from shop import create_app


@pytest.fixture
def client():
    return TestClient(create_app())
""",
                "test_plan.py": """
from fastapi.testclient import TestClient

from shop import create_app, get_plan


def test_paying_user_sees_the_paid_plan(client):
    client.app.dependency_overrides[get_plan] = lambda: "paid"
    assert client.get("/plan").json() == "paid"


def test_guest_sees_the_trial_plan():
    app = create_app()
    app.dependency_overrides[get_plan] = lambda: "trial"
    assert TestClient(app).get("/plan").json() == "trial"


def test_plan_is_free_by_default(client):
    assert client.get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "an autouse fixture empties the table after each test",
            {
                "main.py": APP,
                "conftest.py": """
import pytest

from main import app


@pytest.fixture(autouse=True)
def no_overrides():
    yield
    app.dependency_overrides = {}
""",
                "test_plan.py": """
from fastapi.testclient import TestClient

from main import app, get_plan


def test_paying_user_sees_the_paid_plan():
    app.dependency_overrides[get_plan] = lambda: "paid"
    assert TestClient(app).get("/plan").json() == "paid"


def test_plan_is_free_by_default():
    assert TestClient(app).get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "try and finally, addfinalizer and addCleanup run although the assertion fails",
            {
                "main.py": APP,
                "test_plan.py": """
import unittest

import pytest
from fastapi.testclient import TestClient

from main import app, get_plan

client = TestClient(app)


def test_paying_user_sees_the_paid_plan():
    before = dict(app.dependency_overrides)
    app.dependency_overrides[get_plan] = lambda: "paid"
    try:
        assert client.get("/plan").json() == "paid"
    finally:
        app.dependency_overrides = before


@pytest.fixture
def trial(request):
    app.dependency_overrides[get_plan] = lambda: "trial"
    request.addfinalizer(lambda: app.dependency_overrides.pop(get_plan))


@pytest.mark.usefixtures("trial")
def test_guest_sees_the_trial_plan():
    assert client.get("/plan").json() == "trial"


class GoldTest(unittest.TestCase):
    def setUp(self):
        app.dependency_overrides[get_plan] = lambda: "gold"
        self.addCleanup(app.dependency_overrides.clear)

    def test_member_sees_the_gold_plan(self):
        self.assertEqual(client.get("/plan").json(), "gold")


def test_plan_is_free_by_default():
    assert client.get("/plan").json() == "free"
""",
            },
            needs=("fastapi", "httpx"),
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the overrides that reach the next test."""
        found: dict[ast.AST, Leak] = {}
        for leak in (
            *leaks_at_import(module, OVERRIDES, project),
            *leaks_in_functions(module, OVERRIDES, project),
            *leaks_through_imports(module, OVERRIDES, project, self.tokens),
        ):
            if self.counts(leak, module, project):
                found.setdefault(leak.change.node, leak)
        for leak in found.values():
            yield self.leak_finding(leak)
        for change, root, late in removals(module, project):
            if is_shared(change, root, project):
                template = self.removed_late if late else self.removed
                where = reached_from(change.scope, root)
                message = template.format(what=self.subject(change), where=where)
                yield self.finding(module, change.node, message, test=node_id(root))

    def counts(self, leak: Leak, module: Module, project: Project) -> bool:
        """Tell whether a change of the dict is one that the next test meets."""
        change, root = leak.change, leak.root
        if takes_out(change) or not is_shared(change, root, project):
            return False
        if root is None:
            return self.counts_at_import(module, project)
        if roles.is_conftest(root.module.path) and roles.is_autouse(root) and roles.fixture_scope(root) == "session":
            return PROJECT in project.presets
        return not any(starts_clean(fixture) for fixture in fixtures_around(root, project))

    def subject(self, change: Change) -> str:
        """Name the dependency, where it is written out."""
        return change.key.rpartition(".")[2] or f"a dependency in {TABLE}"


def starts_clean(fixture: Scope) -> bool:
    """Tell whether a fixture empties the table for each test, before it or after it."""
    if roles.fixture_scope(fixture) != "function" or TOKENS[0] not in fixture.module.text(fixture):
        return False
    fixture.module.load(fixture)
    return any(name.endswith(f".{TABLE}.clear") for name in called(fixture)) or any(
        change.whole and is_emptied(change.node) for change in changes_in(fixture, OVERRIDES)
    )


def is_shared(change: Change, root: Scope | None, project: Project) -> bool:
    """Tell whether the application whose table is changed is known to outlive the test, or the file at import."""
    for origin in app_origins(change, root, project):
        if origin.life == SHARED and not (root is None and origin.holder is change.scope.module.top):
            return True
    return False


def app_origins(change: Change, root: Scope | None, project: Project) -> list[Origin]:
    """Return where the application comes from; a helper of another file gets it from the root's file."""
    owner = owner_of(change)
    if owner is None:
        return []
    scope, expression = owner
    if root is not None and root.module is not scope.module and isinstance(expression, ast.Name):
        calls = passed_from(expression.id, scope, root.module, project) if scope.is_function else ()
        found = [origin for place, value in calls for origin in origins(place, value, project)]
        if found:
            return found
    return origins(scope, expression, project)


def owner_of(change: Change) -> tuple[Scope, ast.expr] | None:
    """Return the application whose table is changed, and the scope to read that expression in."""
    scope, node = change.scope, change.node
    if isinstance(node, ast.Call):
        by_name = isinstance(node.func, ast.Name)  # setattr(app, "dependency_overrides", ...)
        return (scope, node.args[0]) if by_name and node.args else table_owner(scope, node.func)
    owners = (table_owner(scope, target) for target in targets_of(node)) if isinstance(node, STORES) else ()
    return next((owner for owner in owners if owner is not None), None)
