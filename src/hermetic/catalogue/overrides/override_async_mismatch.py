"""HRM202."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.overrides import _kinds
from hermetic.catalogue.overrides._direct import awaited, unawaited
from hermetic.catalogue.overrides._table import TOKENS, Override, overrides_in, scopes_with_table
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule
from hermetic.source.dependencies import ASYNC, IN_LOOP, IN_THREAD, PLAIN, callable_of, kind_of
from hermetic.source.names import find_function
from hermetic.source.origins import Origin, origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project


class OverrideAsyncMismatch(Rule):
    """An override is of another kind than the dependency, in a way that FastAPI cannot bridge.

    Why it breaks:
    FastAPI awaits `async def` dependencies in the event loop, and runs plain functions in a worker thread with a copy
    of the context. Mostly a plain override of an async dependency is harmless for that reason. It is not when the
    override returns a coroutine or generator (nobody awaits or enters it: the route gets the object itself), sets a
    context variable or an attribute of `threading.local` (the value stays in the thread), asks for the running loop
    (there is none in the thread), or returns a SQLite connection (which belongs to the thread that opened it). The
    other way round, an async override that calls `asyncio.run` and the like fails, since a loop is running already. And
    code that takes the override out of `dependency_overrides` and calls it itself, as a background job may, has nobody
    to await an async one. And a coroutine object, or a function decorated with `contextmanager`, is no override at all.

    Do this instead:
    Give the override the dependency's own kind: `async def` for `async def`, with a `yield` where the dependency has
    one. Pass the function itself, not what calling it gives: `overrides[get_user] = fake_user`.

    Options:
    With the `project` preset, any difference between `async` and plain is reported, harmful or not. Dependencies whose
    definition is not in the project are taken to be async when their name is listed in `async-dependencies` (by default
    `get_current_user`).

    Limits:
    The kind of a dependency or override that comes from a third-party library, or is a mock, is not known. Effects are
    looked for in the override and the project functions that it calls, one step deep. The plugin looks at what
    overrides give to the routes that a test requests, and when the test fails, at what they use. It reports what does
    harm, and no mere difference. Of an async override that other code calls it knows by Python's warning, unless
    warnings are errors, or the override is taken out before the test function ends.
    """

    code = "HRM202"
    name = "override-async-mismatch"
    symptoms = (
        "coroutine was never awaited, in a route with an override",
        "a route gets a coroutine or generator in place of a user",
        "SQLite objects created in a thread can only be used in that same thread",
    )
    repair = "give the override the kind (def or async def) of what it replaces"
    message = "the override of {dependency} {problem}"
    presets = ("recommended", "project")
    claims = (LINT, GUARD)
    tokens = TOKENS
    related = ("HRM201", "HRM306")

    bad = (
        Example(
            "a lambda around an async function hands the route a coroutine",
            {
                "main.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


async def get_user() -> dict:
    return {"name": "real"}


@app.get("/me")
async def read_me(user: dict = Depends(get_user)) -> str:
    return user["name"]
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from main import app, get_user


async def fake_user(name):
    return {"name": name}


def test_the_name_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, lambda: fake_user("ada"))  # <- HRM202
    assert TestClient(app).get("/me").json() == "ada"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a context variable that a plain override sets does not reach the route",
            {
                "tenants.py": """
from contextvars import ContextVar

from fastapi import Depends, FastAPI, Header

app = FastAPI()
tenant = ContextVar("tenant", default="nobody")


async def use_tenant(x_tenant: str = Header()) -> None:
    tenant.set(x_tenant)


@app.get("/tenant", dependencies=[Depends(use_tenant)])
async def read_tenant() -> str:
    return tenant.get()
""",
                "test_tenants.py": """
import pytest
from fastapi.testclient import TestClient

import tenants


def acme():
    tenants.tenant.set("acme")


@pytest.fixture
def client():
    tenants.app.dependency_overrides[tenants.use_tenant] = acme  # <- HRM202
    yield TestClient(tenants.app)
    tenants.app.dependency_overrides.clear()


def test_the_tenant_is_known(client):
    assert client.get("/tenant").json() == "acme"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a plain override starts a task, and there is no loop in its thread",
            {
                "jobs.py": """
import asyncio

from fastapi import Depends, FastAPI

app = FastAPI()


async def get_job():
    return asyncio.create_task(asyncio.sleep(0, "real"))


@app.get("/job")
async def read_job(job=Depends(get_job)) -> str:
    return await job
""",
                "test_jobs.py": """
import asyncio
from unittest.mock import patch

from fastapi.testclient import TestClient

from jobs import app, get_job


def fake_job():
    return asyncio.create_task(asyncio.sleep(0, "fake"))


def test_the_result_is_returned():
    with patch.dict(app.dependency_overrides, {get_job: fake_job}):  # <- HRM202
        assert TestClient(app).get("/job").json() == "fake"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a plain override opens SQLite in a thread, an async route uses it in another",
            {
                "books.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


async def get_connection():
    raise RuntimeError("no database here")


@app.get("/books")
async def count_books(connection=Depends(get_connection)) -> int:
    return connection.execute("select 3").fetchone()[0]
""",
                "test_books.py": """
import sqlite3

from fastapi.testclient import TestClient

from books import app, get_connection


def memory():
    connection = sqlite3.connect(":memory:")
    yield connection


def test_books_are_counted(monkeypatch):
    monkeypatch.setattr(app, "dependency_overrides", {get_connection: memory})  # <- HRM202
    assert TestClient(app).get("/books").json() == 3
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the route gets the generator in place of what it yields, and asyncio.run fails in a running loop",
            {
                "notes.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


def get_store():
    yield ["real"]


def get_owner() -> str:
    return "real"


@app.get("/notes")
async def read_notes(store=Depends(get_store)) -> list[str]:
    return store[:1]


@app.get("/owner")
async def read_owner(owner: str = Depends(get_owner)) -> str:
    return owner
""",
                "test_notes.py": """
import asyncio

from fastapi.testclient import TestClient

from notes import app, get_owner, get_store


def memory(*notes):
    yield list(notes)


async def fetch():
    return "ada"


async def owner():
    return asyncio.run(fetch())


def test_notes_are_read(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_store, lambda: memory("a", "b"))  # <- HRM202
    assert TestClient(app).get("/notes").json() == ["a"]


def test_the_owner_is_read(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_owner, owner)  # <- HRM202
    assert TestClient(app).get("/owner").json() == "ada"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
    )
    good = (
        Example(
            "the override is of the dependency's own kind",
            {
                "main.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


async def get_user() -> dict:
    return {"name": "real"}


def get_store():
    yield ["real"]


@app.get("/me")
async def read_me(user: dict = Depends(get_user), store: list = Depends(get_store)) -> list[str]:
    return [user["name"], *store]
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from main import app, get_store, get_user


async def fake_user():
    return {"name": "ada"}


def memory():
    yield ["note"]


def test_the_name_is_shown(monkeypatch):
    monkeypatch.setattr(app, "dependency_overrides", {get_user: fake_user, get_store: memory})
    assert TestClient(app).get("/me").json() == ["ada", "note"]
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a factory is called, and what it gives is an async function",
            {
                "tenants.py": """
from contextvars import ContextVar

from fastapi import Depends, FastAPI, Header

app = FastAPI()
tenant = ContextVar("tenant", default="nobody")


async def use_tenant(x_tenant: str = Header()) -> None:
    tenant.set(x_tenant)


@app.get("/tenant", dependencies=[Depends(use_tenant)])
async def read_tenant() -> str:
    return tenant.get()
""",
                "test_tenants.py": """
import pytest
from fastapi.testclient import TestClient

from tenants import app, tenant, use_tenant


def tenant_named(name):
    async def override():
        tenant.set(name)

    return override


@pytest.fixture
def client():
    app.dependency_overrides[use_tenant] = tenant_named("acme")
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_the_tenant_is_known(client):
    assert client.get("/tenant").json() == "acme"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "plain for plain: a lambda that returns a value, a partial, and an instance that is called",
            {
                "shop.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


def get_plan() -> str:
    return "free"


def get_rate() -> float:
    return 1.0


def get_region() -> str:
    return "eu"


@app.get("/price")
async def read_price(
    plan: str = Depends(get_plan), rate: float = Depends(get_rate), region: str = Depends(get_region)
) -> str:
    return f"{plan} {rate} {region}"
""",
                "test_shop.py": """
from functools import partial

from fastapi.testclient import TestClient

from shop import app, get_plan, get_rate, get_region


def rate(factor=2.0):
    return factor


class Region:
    def __call__(self) -> str:
        return "us"


def test_the_price_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, lambda: "paid")
    monkeypatch.setitem(app.dependency_overrides, get_rate, partial(rate))
    monkeypatch.setitem(app.dependency_overrides, get_region, Region())
    assert TestClient(app).get("/price").json() == "paid 2.0 us"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "a connection that any thread may use, and an object that is bound to no loop",
            {
                "books.py": """
from fastapi import Depends, FastAPI

app = FastAPI()


def get_connection():
    raise RuntimeError("no database here")


@app.get("/books")
async def count_books(connection=Depends(get_connection)) -> int:
    return connection.execute("select 3").fetchone()[0]
""",
                "test_books.py": """
import sqlite3

from fastapi.testclient import TestClient

from books import app, get_connection


def memory():
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    yield connection
    connection.close()


def test_books_are_counted(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_connection, memory)
    assert TestClient(app).get("/books").json() == 3
""",
            },
            needs=("fastapi", "httpx"),
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the overrides whose kind does not fit."""
        for scope in scopes_with_table(module):
            for override in overrides_in(scope):
                dependency, problem = judged(override, project)
                if problem:
                    message = self.message.format(dependency=dependency, problem=problem)
                    yield self.finding(module, override.place, message, test=override.user)


def judged(override: Override, project: Project) -> tuple[str, str]:
    """Return the name of the dependency, and what is wrong with its override ("" when nothing is)."""
    scope = override.scope
    original = next(iter(origins(scope, override.key, project)), Origin(scope, None))
    wanted = kind_of(original, project) or configured(original, project)
    dependency = original.name.rpartition(".")[2] or "a dependency"
    problem = _kinds.not_callable(scope, override.value, project)
    if problem:
        return dependency, problem
    for replacement in replacements(override, project):
        found = kind_of(replacement, project)
        problem = _kinds.harm(replacement, found, original, wanted, project)
        problem = problem or called_directly(override, replacement, original, project)
        if not problem and PROJECT in project.presets:
            problem = mere(found, wanted)
        if problem:
            return dependency, problem
    return dependency, ""


def called_directly(override: Override, replacement: Origin, original: Origin, project: Project) -> str:
    """Return what goes wrong where code of the project looks the override up and calls it without FastAPI."""
    module = override.installed_in.module
    found, wanted = kind_of(replacement, project), kind_of(original, project)
    if found == ASYNC and wanted == PLAIN:
        caller = unawaited(original, module, project)
        return f"is async, and {caller}() calls it without awaiting it: make it a plain function" if caller else ""
    body = callable_of(replacement, project) if found == PLAIN and wanted == ASYNC else None
    if body is None or body.is_class or any(isinstance(value, ast.Call) for value in _kinds.returned(body)):
        return ""
    caller = awaited(original, module, project)
    return f"is a plain function, and {caller}() awaits what it returns: make it async" if caller else ""


def replacements(override: Override, project: Project) -> list[Origin]:
    """Return what can replace the dependency."""
    own = find_function(override.scope, override.value)
    if own is not None and not isinstance(own.node, ast.Lambda):
        return [Origin(own.parent or own, own, own.name)]
    return origins(override.scope, override.value, project)


def configured(original: Origin, project: Project) -> str:
    """Return `async` for a dependency that cannot be found and whose name is listed."""
    listed = project.options.get("async-dependencies", ())
    known = original.name.rpartition(".")[2] in listed
    return ASYNC if known and original.value is None else ""


def mere(found: str, wanted: str) -> str:
    """Return what to say of a difference that FastAPI bridges."""
    if found in IN_THREAD and wanted in IN_LOOP:
        return "is a plain function, the dependency is async"
    if found in IN_LOOP and wanted in IN_THREAD:
        return "is async, the dependency is a plain function"
    return ""
