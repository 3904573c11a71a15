"""HRM203."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.overrides._bearer import Search, fits, fits_end, last, requested
from hermetic.catalogue.overrides._table import TOKENS, Override, overrides_in, scopes_with_table, table_owner
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule
from hermetic.source.origins import Origin, origins
from hermetic.source.routes import routes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.routes import Route, Routes


class BearerOverrideMissing(Rule):
    """The current user is overridden, and a route still asks for the bearer token on another path.

    Why it breaks:
    An overridden dependency takes its own sub-dependencies with it: a route that reaches the security scheme only
    through `get_current_user` needs no token once that is overridden. But where a router, the application or the route
    itself depends on the scheme as well (`dependencies=[Depends(bearer_scheme)]`), the request without a token is still
    answered with 401 or 403.

    Do this instead:
    Override the scheme together with the user, with a function that returns fixed credentials, or send an
    `Authorization` header.

    Options:
    `bearer-pairs` names the dependencies that give the current user, each with its security scheme; by default
    `get_current_user` with `bearer_scheme`. Schemes of `fastapi.security` that the user's dependency is seen to ask for
    belong to the pair too.

    Limits:
    Where the application, its routers or the overridden dependency cannot be read (it comes from a library, or is put
    together at run time), the configured pair decides alone. A scheme with `auto_error=False` asks for nothing. A file
    that speaks of an `Authorization` header is left alone.
    The plugin knows the dependencies as they are: it reports, in the recommended selection too, when a test fails that
    requested a route without such a header, and the route still asks for a scheme that an override was to take out.
    """

    code = "HRM203"
    name = "bearer-override-missing"
    symptoms = (
        "401 Unauthorized or 403 Not authenticated, although the current user is overridden",
        "an override of get_current_user has no effect on one route",
    )
    repair = "override the bearer scheme as well"
    message = "{user} is overridden, but {scheme} is not: {how}"
    presets = (PROJECT,)
    claims = (LINT, GUARD)
    tokens = TOKENS
    related = ("HRM201", "HRM202")

    bad = (
        Example(
            "the router asks for the token on its own",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "main.py": """
from fastapi import APIRouter, Depends, FastAPI

from auth import bearer_scheme, get_current_user

router = APIRouter(dependencies=[Depends(bearer_scheme)])


@router.get("/me")
def read_me(user: str = Depends(get_current_user)) -> str:
    return user


app = FastAPI()
app.include_router(router)
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


def test_the_user_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")  # <- HRM203
    assert TestClient(app).get("/me").json() == "ada"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "another dependency of the route takes the token, in an Annotated alias of another file",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials


def audited(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.scheme
""",
                "deps.py": """
from typing import Annotated

from fastapi import Depends

from auth import audited, get_current_user

CurrentUser = Annotated[str, Depends(get_current_user)]
Audited = Annotated[str, Depends(audited)]
""",
                "main.py": """
from fastapi import FastAPI

import deps


def create_app() -> FastAPI:
    app = FastAPI()

    @app.delete("/account")
    def delete_account(user: deps.CurrentUser, scheme: deps.Audited) -> str:
        return f"{user} {scheme}"

    return app
""",
                "test_account.py": """
import pytest
from fastapi.testclient import TestClient

import auth
from main import create_app


@pytest.fixture
def client():
    app = create_app()
    app.dependency_overrides.update({auth.get_current_user: lambda: "ada"})  # <- HRM203
    return TestClient(app)


def test_the_account_is_deleted(client):
    assert client.delete("/account").status_code == 200
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the token is asked for where the router is included",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "notes.py": """
from fastapi import APIRouter, Security

from auth import get_current_user

router = APIRouter(prefix="/notes")


@router.get("/{number}")
async def read_note(number: int, user: str = Security(get_current_user)) -> str:
    return f"{user} {number}"
""",
                "main.py": """
from fastapi import Depends, FastAPI

import notes
from auth import bearer_scheme

app = FastAPI()
app.include_router(notes.router, dependencies=[Depends(bearer_scheme)])
""",
                "conftest.py": """
import pytest
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


@pytest.fixture
def client():
    app.dependency_overrides[get_current_user] = lambda: "ada"  # <- HRM203
    yield TestClient(app)
    app.dependency_overrides.clear()
""",
                "test_notes.py": """
def test_a_note_is_read(client):
    assert client.get("/notes/1").json() == "ada 1"
""",
            },
            harm="fails",
            needs=("fastapi", "httpx"),
        ),
    )
    good = (
        Example(
            "the overridden user takes its own scheme with it: no other path of the route reaches it",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "main.py": """
from fastapi import APIRouter, Depends, FastAPI

from auth import get_current_user

router = APIRouter(dependencies=[Depends(get_current_user)])


@router.get("/me")
def read_me(user: str = Depends(get_current_user)) -> str:
    return user


app = FastAPI()
app.include_router(router)
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


def test_the_user_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")
    assert TestClient(app).get("/me").json() == "ada"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the scheme is overridden too, in the conftest that all tests share",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "main.py": """
from fastapi import Depends, FastAPI

from auth import bearer_scheme, get_current_user

app = FastAPI(dependencies=[Depends(bearer_scheme)])


@app.get("/me")
def read_me(user: str = Depends(get_current_user)) -> str:
    return user
""",
                "conftest.py": """
import pytest
from fastapi.testclient import TestClient

from auth import bearer_scheme
from main import app


@pytest.fixture
def client():
    app.dependency_overrides[bearer_scheme] = lambda: None
    yield TestClient(app)
    app.dependency_overrides.clear()
""",
                "test_me.py": """
from auth import get_current_user
from main import app


def test_the_user_is_shown(client, monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")
    assert client.get("/me").json() == "ada"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "only another route reaches the scheme, and no test of the file requests that one",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer()


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "main.py": """
from fastapi import Depends, FastAPI

from auth import bearer_scheme, get_current_user

app = FastAPI()


@app.get("/me")
def read_me(user: str = Depends(get_current_user)) -> str:
    return user


@app.get("/token", dependencies=[Depends(bearer_scheme)])
def read_token(user: str = Depends(get_current_user)) -> str:
    return user
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


def test_the_user_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")
    assert TestClient(app).get("/me").json() == "ada"
""",
            },
            needs=("fastapi", "httpx"),
        ),
        Example(
            "the requests carry a token, and a scheme with auto_error=False asks for none",
            {
                "auth.py": """
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

bearer_scheme = HTTPBearer(auto_error=False)


def get_current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer_scheme)) -> str:
    return credentials.credentials
""",
                "main.py": """
from fastapi import Depends, FastAPI

from auth import bearer_scheme, get_current_user

app = FastAPI()


@app.get("/me", dependencies=[Depends(bearer_scheme)])
def read_me(user: str = Depends(get_current_user)) -> str:
    return user
""",
                "test_me.py": """
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


def test_the_user_is_shown(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")
    assert TestClient(app).get("/me").json() == "ada"
""",
                "test_token.py": """
from fastapi.testclient import TestClient

from auth import get_current_user
from main import app


def test_the_token_is_not_read(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")
    client = TestClient(app, headers={"Authorization": "Bearer of-nobody"})
    assert client.get("/me").json() == "ada"
""",
            },
            needs=("fastapi", "httpx"),
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the overrides of a current user whose scheme is still asked for."""
        if b"uthorization" in module.data:
            return
        found = [override for scope in scopes_with_table(module) for override in overrides_in(scope)]
        around = [
            override
            for conftest in project.conftests(module.path)
            for scope in scopes_with_table(conftest)
            for override in overrides_in(scope)
        ]
        for override in found:
            for user, scheme in pairs(project):
                how, missing = self.judged(override, user, scheme, [*found, *around], project)
                if how:
                    message = self.message.format(user=user, scheme=missing, how=how)
                    yield self.finding(module, override.place, message, test=override.user)

    def judged(
        self, override: Override, user: str, scheme: str, overrides: list[Override], project: Project
    ) -> tuple[str, str]:
        """Return how the scheme is still reached ("" when it is not), and the scheme."""
        dependency = next(iter(origins(override.scope, override.key, project)), None)
        if dependency is None or last(dependency.name) != user:
            return "", scheme
        search = Search(dependency, scheme, overrides, project)
        if not search.schemes:
            return "", scheme
        read = [routes_of(app, project) for app in apps(override, project)]
        for routes in read:
            for route in under_test(routes, override):
                if routes.reaching(search, route):
                    return f"{route.path or 'a route'} still depends on it", search.met
        if read and all(routes.complete and routes.found for routes in read):
            return "", scheme
        return "a request without a token may still be refused", search.schemes[0]


def under_test(routes: Routes, override: Override) -> list[Route]:
    """Return the routes that the tests around an override request; all of them where that cannot be told."""
    paths = requested(override.installed_in)
    if paths is None:
        return routes.found
    found = []
    for path in paths:
        exact = [route for route in routes.found if fits(route.path, path)]
        found += exact or [route for route in routes.found if fits_end(route.path, path)]
    return found or routes.found


def pairs(project: Project) -> list[tuple[str, str]]:
    """Return the configured `(current user, scheme)` pairs."""
    listed = project.options.get("bearer-pairs", ())
    return [(str(pair[0]), str(pair[1])) for pair in listed]


def apps(override: Override, project: Project) -> list[Origin]:
    """Return the applications whose table an override is written into."""
    owner = table_owner(override.installed_in, override.table)
    if owner is None:  # monkeypatch.setattr(app, "dependency_overrides", ...) names the application itself
        owner = (override.installed_in, override.table)
    return [origin for origin in origins(*owner, project) if isinstance(origin.value, ast.Call)]
