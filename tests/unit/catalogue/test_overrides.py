"""Further spellings for the rules about application overrides: what must be caught, and what must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

APP = """
from fastapi import FastAPI

def get_db(): ...
def get_user(): ...

app = FastAPI()
"""
FACTORY = """
from functools import lru_cache
from fastapi import FastAPI
from main import app

def get_db(): ...

def create_app():
    return FastAPI()

def current_app():
    return app

@lru_cache
def cached_app():
    return FastAPI()
"""
HEAD = """
import pytest
from unittest.mock import patch
from fastapi.testclient import TestClient
from main import app, get_db, get_user

def fake(): ...

"""


def files(test: str, **others: str) -> dict[str, str]:
    """Return a project of the app, its factory, and a test file."""
    named = {name.replace("__", "/") + ".py": text for name, text in others.items()}
    return {"main.py": APP, "factory.py": FACTORY, **named, "test_it.py": HEAD + test}


def places(
    project: dict[str, str], folder: Path, code: str, select: tuple[str, ...] = ("ALL",)
) -> set[tuple[str, int]]:
    """Return where a rule reports something."""
    return {(item.path, item.line) for item in lint_files(project, folder, select=select) if item.code == code}


def marks(project: dict[str, str], code: str) -> set[tuple[str, int]]:
    """Return the marked places."""
    return {
        (path, number)
        for path, text in project.items()
        for number, line in enumerate(text.splitlines(), 1)
        if line.endswith(f"# <- {code}")
    }


LEAKS = {
    "item in a test": """
def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "async test": """
async def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "setdefault": """
def test_a():
    app.dependency_overrides.setdefault(get_db, fake)  # <- HRM201
""",
    "update with a dict": """
def test_a():
    app.dependency_overrides.update({get_db: fake})  # <- HRM201
""",
    "in-place union": """
def test_a():
    app.dependency_overrides |= {get_db: fake}  # <- HRM201
""",
    "assigned dict": """
def test_a():
    app.dependency_overrides = {get_db: fake}  # <- HRM201
""",
    "setattr": """
def test_a():
    setattr(app, "dependency_overrides", {get_db: fake})  # <- HRM201
""",
    "__setitem__": """
def test_a():
    app.dependency_overrides.__setitem__(get_db, fake)  # <- HRM201
""",
    "module attribute": """
import main as service
def test_a():
    service.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "import inside the test": """
def test_a():
    from main import app as application
    application.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "app of a client": """
def test_a():
    client = TestClient(app)
    client.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "app of a client fixture": """
@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client
def test_a(client):
    client.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "app behind an async client's transport": """
from httpx import ASGITransport, AsyncClient
@pytest.fixture
async def client():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield client
async def test_a(client):
    client._transport.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "request.app": """
def test_a(request):
    request.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "getfixturevalue": """
@pytest.fixture
def the_app():
    return app
def test_a(request):
    request.getfixturevalue("the_app").dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a fixture hands out the shared app": """
@pytest.fixture(name="api")
def make_api():
    return app
def test_a(api):
    api.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a session-wide app": """
from factory import create_app
@pytest.fixture(scope="session")
def api():
    return create_app()
def test_a(api):
    api.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a factory that returns the module's app": """
from factory import current_app
def test_a():
    current_app().dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a cached factory": """
from factory import cached_app
def test_a():
    api = cached_app()
    api.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "an app that the test file makes once": """
from fastapi import FastAPI
own = FastAPI()
def test_a():
    own.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "alias of the table": """
overrides = app.dependency_overrides
def test_a():
    overrides[get_db] = fake  # <- HRM201
""",
    "a cast": """
from typing import cast
from fastapi import FastAPI
@pytest.fixture
def client():
    return TestClient(app)
def test_a(client):
    cast(FastAPI, client.app).dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a loop": """
def test_a():
    for dependency in (get_db, get_user):
        app.dependency_overrides[dependency] = fake  # <- HRM201
""",
    "a helper of the file": """
def use(dependency, replacement):
    app.dependency_overrides[dependency] = replacement  # <- HRM201
def test_a():
    use(get_db, fake)
""",
    "a helper that is given the app": """
def use(api, dependency):
    api.dependency_overrides[dependency] = fake  # <- HRM201
def test_a():
    use(app, get_db)
""",
    "setup_method": """
class TestA:
    def setup_method(self):
        app.dependency_overrides[get_db] = fake  # <- HRM201
    def test_a(self): ...
""",
    "self.app of setUpClass": """
import unittest
from factory import create_app
class TestA(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = create_app()
    def test_a(self):
        self.app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a fixture that returns": """
@pytest.fixture
def client():
    app.dependency_overrides[get_db] = fake  # <- HRM201
    return TestClient(app)
def test_a(client): ...
""",
    "clear below an assertion": """
def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
    assert TestClient(app).get("/").status_code == 200
    app.dependency_overrides.clear()
""",
    "pop below an assertion": """
def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
    assert TestClient(app).get("/").status_code == 200
    app.dependency_overrides.pop(get_db, None)
""",
    "an emptied table below an assertion": """
def test_a():
    app.dependency_overrides = {get_db: fake}  # <- HRM201
    assert TestClient(app).get("/").status_code == 200
    app.dependency_overrides = {}
""",
    "only one of two is taken out": """
@pytest.fixture
def client():
    app.dependency_overrides[get_db] = fake
    app.dependency_overrides[get_user] = fake  # <- HRM201
    yield TestClient(app)
    del app.dependency_overrides[get_db]
def test_a(client): ...
""",
    "emptied first, set then": """
def test_a():
    app.dependency_overrides = {}
    app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "popped first, set then": """
def test_a():
    app.dependency_overrides.pop(get_db, None)
    app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "a function nested in the test": """
def test_a():
    def use():
        app.dependency_overrides[get_db] = fake  # <- HRM201
    use()
""",
    "cleared above the assertion, but below a request that can raise": """
def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
    response = TestClient(app).get("/")
    app.dependency_overrides.clear()
    assert response.status_code == 200
""",
    "an async function run by the test": """
import asyncio
def test_a():
    async def main():
        app.dependency_overrides[get_db] = fake  # <- HRM201
    asyncio.run(main())
""",
    "a fixture hands out a function that overrides": """
@pytest.fixture
def install():
    def inner(value):
        app.dependency_overrides[get_db] = lambda: value  # <- HRM201
    return inner
def test_a(install):
    install(1)
""",
    "a sub-application": """
def test_a():
    app.state.api.dependency_overrides[get_db] = fake  # <- HRM201
""",
    "the autouse fixture that clears is hidden by another of its name": """
@pytest.fixture(autouse=True)
def clean():
    yield
    app.dependency_overrides.clear()
def test_a():
    app.dependency_overrides[get_db] = fake  # <- HRM201
@pytest.fixture(autouse=True)
def clean():
    yield
""",
    "at import, on an imported app": """
app.dependency_overrides[get_db] = fake  # <- HRM201
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in LEAKS.items()])
def test_an_override_that_stays_is_found(test: str, tmp_path: Path) -> None:
    project = files(test)
    assert places(project, tmp_path, "HRM201") == marks(project, "HRM201") != set()


# Each name is the reason why it is left alone.
SAFE = {
    "monkeypatch.setitem takes it out": """
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_db, fake)
""",
    "monkeypatch.setattr replaces the whole table": """
def test_a(monkeypatch):
    monkeypatch.setattr(app, "dependency_overrides", {get_db: fake})
""",
    "monkeypatch.setattr by dotted name": """
def test_a(monkeypatch):
    monkeypatch.setattr("main.app.dependency_overrides", {})
    app.dependency_overrides[get_db] = fake
""",
    "a monkeypatch context": """
def test_a():
    with pytest.MonkeyPatch.context() as patcher:
        patcher.setitem(app.dependency_overrides, get_db, fake)
""",
    "patch.dict restores what is written below it": """
def test_a():
    with patch.dict(app.dependency_overrides):
        app.dependency_overrides[get_db] = fake
""",
    "patch.dict as a decorator": """
@patch.dict(app.dependency_overrides, {get_user: fake})
def test_a():
    app.dependency_overrides[get_db] = fake
""",
    "patch.dict by dotted name": """
@patch.dict("main.app.dependency_overrides")
def test_a():
    app.dependency_overrides[get_db] = fake
""",
    "patch.object replaces the whole table": """
def test_a():
    with patch.object(app, "dependency_overrides", {}):
        app.dependency_overrides[get_db] = fake
""",
    "mocker.patch.dict": """
def test_a(mocker):
    mocker.patch.dict(app.dependency_overrides)
    app.dependency_overrides[get_db] = fake
""",
    "clear after the yield": """
@pytest.fixture
def client():
    app.dependency_overrides[get_db] = fake
    yield TestClient(app)
    app.dependency_overrides.clear()
def test_a(client): ...
""",
    "the module fixture that owns the app clears it": """
@pytest.fixture(scope="module")
def client():
    app.dependency_overrides[get_db] = fake
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
def test_a(client): ...
""",
    "a saved table put back after the yield": """
@pytest.fixture
def client():
    before = app.dependency_overrides
    app.dependency_overrides = {get_db: fake}
    yield TestClient(app)
    app.dependency_overrides = before
def test_a(client): ...
""",
    "the entry taken out of an assigned table": """
@pytest.fixture
def client():
    app.dependency_overrides = {get_db: fake}
    yield TestClient(app)
    app.dependency_overrides.pop(get_db)
def test_a(client): ...
""",
    "loops that set and take out": """
FAKES = {get_db: fake, get_user: fake}
@pytest.fixture
def client():
    for dependency, replacement in FAKES.items():
        app.dependency_overrides[dependency] = replacement
    yield TestClient(app)
    for key in FAKES:
        app.dependency_overrides.pop(key, None)
def test_a(client): ...
""",
    "the fixture of the test clears": """
@pytest.fixture
def client():
    yield TestClient(app)
    app.dependency_overrides.clear()
def test_a(client):
    app.dependency_overrides[get_db] = fake
""",
    "an autouse fixture clears before each test": """
@pytest.fixture(autouse=True)
def clean():
    app.dependency_overrides.clear()
def test_a():
    app.dependency_overrides[get_db] = fake
""",
    "the fixture of the app empties the table before each test": """
@pytest.fixture
def api():
    app.dependency_overrides = {}
    return app
@pytest.fixture
def client(api):
    return TestClient(api)
def test_a(client):
    client.app.dependency_overrides[get_db] = fake
""",
    "an autouse fixture clears, where the app could be imported": """
try:
    from main import app
except ImportError:
    app = None
@pytest.fixture(autouse=True)
def clean():
    yield
    if app is not None:
        try:
            app.dependency_overrides.clear()
        except AttributeError:
            pass
def test_a():
    app.dependency_overrides[get_db] = fake
""",
    "a helper overrides, and the test's finally clears": """
def client_of(service):
    app.dependency_overrides[get_db] = lambda: service
    return TestClient(app)
def test_a():
    client = client_of(1)
    try:
        assert client.get("/").status_code == 200
    finally:
        app.dependency_overrides.clear()
""",
    "a fixture hands out a function that overrides, and takes the override out": """
@pytest.fixture
def install():
    def inner(value):
        app.dependency_overrides[get_db] = lambda: value
    yield inner
    app.dependency_overrides.pop(get_db, None)
def test_a(install):
    install(1)
""",
    "what was there before comes back key by key": """
from contextlib import contextmanager
@contextmanager
def admin():
    previous = {key: app.dependency_overrides.get(key) for key in (get_db, get_user)}
    for key in previous:
        app.dependency_overrides[key] = fake
    try:
        yield
    finally:
        for key, value in previous.items():
            if value is None:
                app.dependency_overrides.pop(key, None)
            else:
                app.dependency_overrides[key] = value
def test_a():
    with admin():
        assert TestClient(app).get("/")
""",
    "a fixture hands out a function that makes its own app": """
from factory import create_app
@pytest.fixture
def client_of():
    def make(user):
        own = create_app()
        own.dependency_overrides[get_user] = lambda: user
        return TestClient(own)
    return make
def test_a(client_of):
    client_of(1)
""",
    "an unpacked pair of an app of its own and a client": """
from factory import create_app
def make():
    own = create_app()
    return own, TestClient(own)
def test_a():
    own, client = make()
    own.dependency_overrides[get_db] = fake
""",
    "a module-wide autouse fixture clears what the import set": """
app.dependency_overrides[get_db] = fake
@pytest.fixture(scope="module", autouse=True)
def clean():
    yield
    app.dependency_overrides.clear()
def test_a(): ...
""",
    "usefixtures on the class": """
@pytest.fixture
def clean():
    yield
    app.dependency_overrides.clear()
@pytest.mark.usefixtures("clean")
class TestA:
    def test_a(self):
        app.dependency_overrides[get_db] = fake
""",
    "try and finally": """
def test_a():
    try:
        app.dependency_overrides[get_db] = fake
        assert TestClient(app).get("/")
    finally:
        del app.dependency_overrides[get_db]
""",
    "addfinalizer with a bound method": """
@pytest.fixture
def client(request):
    app.dependency_overrides[get_db] = fake
    request.addfinalizer(app.dependency_overrides.clear)
    return TestClient(app)
def test_a(client): ...
""",
    "addfinalizer with a nested function": """
@pytest.fixture
def client(request):
    app.dependency_overrides[get_db] = fake
    def undo():
        app.dependency_overrides.pop(get_db)
    request.addfinalizer(undo)
    return TestClient(app)
def test_a(client): ...
""",
    "an exit stack": """
from contextlib import ExitStack
def test_a():
    with ExitStack() as stack:
        app.dependency_overrides[get_db] = fake
        stack.callback(app.dependency_overrides.pop, get_db, None)
        assert TestClient(app).get("/")
""",
    "teardown_method": """
class TestA:
    def setup_method(self):
        app.dependency_overrides[get_db] = fake
    def teardown_method(self):
        app.dependency_overrides.clear()
    def test_a(self): ...
""",
    "tearDown of a base class": """
import unittest
class Base(unittest.TestCase):
    def tearDown(self):
        app.dependency_overrides.clear()
class TestA(Base):
    def test_a(self):
        app.dependency_overrides[get_db] = fake
""",
    "teardown_module of the file": """
def setup_module():
    app.dependency_overrides[get_db] = fake
def teardown_module():
    app.dependency_overrides.clear()
def test_a(): ...
""",
    "a context manager of the file with finally": """
from contextlib import contextmanager
@contextmanager
def overridden(dependency, replacement):
    app.dependency_overrides[dependency] = replacement
    try:
        yield
    finally:
        del app.dependency_overrides[dependency]
def test_a():
    with overridden(get_db, fake):
        assert TestClient(app).get("/")
""",
    "a context manager class": """
class Overridden:
    def __enter__(self):
        app.dependency_overrides[get_db] = fake
    def __exit__(self, *details):
        app.dependency_overrides.clear()
def test_a():
    with Overridden():
        assert TestClient(app).get("/")
""",
    "an app of the test's own": """
from fastapi import FastAPI
def test_a():
    own = FastAPI()
    own.dependency_overrides[get_db] = fake
""",
    "an app of a factory": """
from factory import create_app
def test_a():
    api = create_app()
    with TestClient(api) as client:
        client.app.dependency_overrides[get_db] = fake
""",
    "a fixture makes the app for each test": """
from factory import create_app
@pytest.fixture
def api():
    api = create_app()
    yield api
@pytest.fixture
def client(api):
    return TestClient(api)
def test_a(client, api):
    client.app.dependency_overrides[get_db] = fake
    api.dependency_overrides[get_user] = fake
""",
    "a fixture that makes its own app, whatever its scope": """
from factory import create_app
@pytest.fixture(scope="session")
def client():
    api = create_app()
    api.dependency_overrides[get_db] = fake
    return TestClient(api)
def test_a(client): ...
""",
    "self.app of setUp": """
import unittest
from factory import create_app
class TestA(unittest.TestCase):
    def setUp(self):
        self.app = create_app()
        self.client = TestClient(self.app)
    def test_a(self):
        self.app.dependency_overrides[get_db] = fake
        self.client.app.dependency_overrides[get_user] = fake
""",
    "a helper that is given the test's own app": """
from factory import create_app
def use(api, dependency):
    api.dependency_overrides[dependency] = fake
def test_a():
    use(create_app(), get_db)
""",
    "at import, on the file's own app": """
from fastapi import FastAPI
own = FastAPI()
own.dependency_overrides[get_db] = fake
""",
    "only a cleanup": """
def test_a():
    app.dependency_overrides.clear()
    app.dependency_overrides.pop(get_db, None)
    assert app.dependency_overrides == {}
""",
    "only reading": """
def test_a():
    assert app.dependency_overrides.get(get_db) is None
    assert app.dependency_overrides[get_user]
""",
    "a fixture that is not in the project may make an app for each test": """
def test_a(api):
    api.dependency_overrides[get_db] = fake
""",
    "a script's main": """
if __name__ == "__main__":
    app.dependency_overrides[get_db] = fake
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in SAFE.items()])
def test_an_override_that_is_put_back_is_left_alone(test: str, tmp_path: Path) -> None:
    assert places(files(test), tmp_path, "HRM201") == set()


CONFTEST = """
import pytest
from main import app, get_db

def fake(): ...

"""
ACROSS_FILES = {
    "a fixture of a conftest": {
        "conftest.py": CONFTEST
        + """
@pytest.fixture
def db():
    app.dependency_overrides[get_db] = fake  # <- HRM201
""",
    },
    "an async fixture of a conftest": {
        "conftest.py": CONFTEST
        + """
import pytest_asyncio
@pytest_asyncio.fixture
async def db():
    app.dependency_overrides[get_db] = fake  # <- HRM201
    yield fake
""",
    },
    "a session-wide autouse fixture below the root, in a test file": {
        "test_it.py": HEAD
        + """
@pytest.fixture(scope="session", autouse=True)
def db():
    app.dependency_overrides[get_db] = fake  # <- HRM201
def test_a(): ...
""",
    },
    "a helper of another file": {
        "helpers.py": """
from main import app

def use(dependency, replacement):
    app.dependency_overrides[dependency] = replacement  # <- HRM201
""",
        "test_it.py": HEAD
        + """
from helpers import use
def test_a():
    use(get_db, fake)
""",
    },
    "a helper of another file that is given the app": {
        "helpers.py": """
def use(api, dependency, replacement):
    api.dependency_overrides[dependency] = replacement  # <- HRM201
""",
        "test_it.py": HEAD
        + """
import helpers
def test_a():
    helpers.use(app, get_db, fake)
""",
    },
    "a client fixture of a conftest two folders up": {
        "tests/conftest.py": CONFTEST
        + """
from fastapi.testclient import TestClient
@pytest.fixture(scope="module")
def client():
    with TestClient(app) as client:
        yield client
""",
        "tests/api/test_it.py": """
from main import get_db
def test_a(client):
    client.app.dependency_overrides[get_db] = dict  # <- HRM201
""",
    },
    "an app re-exported by a package": {
        "service/__init__.py": "from service.web import app, get_db\n",
        "service/web.py": APP,
        "test_it.py": """
from service import app, get_db
def test_a():
    app.dependency_overrides[get_db] = dict  # <- HRM201
""",
    },
    "a context manager of another file without finally": {
        "helpers.py": """
from contextlib import contextmanager
from main import app

@contextmanager
def overridden(dependency, replacement):
    app.dependency_overrides[dependency] = replacement  # <- HRM201
    yield
    del app.dependency_overrides[dependency]
""",
        "test_it.py": HEAD
        + """
from helpers import overridden
def test_a():
    with overridden(get_db, fake):
        assert TestClient(app).get("/").status_code == 200
""",
    },
}


@pytest.mark.parametrize("project", [pytest.param(texts, id=name) for name, texts in ACROSS_FILES.items()])
def test_an_override_that_stays_is_found_across_files(project: dict[str, str], tmp_path: Path) -> None:
    project = {"main.py": APP, "factory.py": FACTORY, **project}
    assert places(project, tmp_path, "HRM201", ("HRM201",)) == marks(project, "HRM201") != set()


SESSION_WIDE = (
    CONFTEST
    + """
@pytest.fixture(scope="session", autouse=True)
def doors():
    app.dependency_overrides[get_db] = fake
    yield
    app.dependency_overrides.clear()
"""
)
REMOVALS = {
    "pop after an assertion": """
def test_a():
    assert app.dependency_overrides
    app.dependency_overrides.pop(get_db)  # <- HRM201
""",
    "del under an alias": """
def test_a():
    table = app.dependency_overrides
    del table[get_db]  # <- HRM201
    assert TestClient(app).get("/").status_code == 401
""",
    "clear in a setup": """
class TestA:
    def setup_method(self):
        app.dependency_overrides.clear()  # <- HRM201
    def test_a(self): ...
""",
    "an empty table, and a fixture that does not put it back": """
@pytest.fixture
def real():
    app.dependency_overrides = {}  # <- HRM201
    return TestClient(app)
def test_a(real): ...
""",
    "put back below an assertion": """
def test_a():
    old = app.dependency_overrides.pop(get_db)  # <- HRM201
    assert TestClient(app).get("/").status_code == 401
    app.dependency_overrides[get_db] = old
""",
}
KEPT = {
    "monkeypatch takes it out": """
def test_a(monkeypatch):
    monkeypatch.delitem(app.dependency_overrides, get_db)
""",
    "a finally puts it back": """
def test_a():
    old = app.dependency_overrides.pop(get_db)
    try:
        assert TestClient(app).get("/").status_code == 401
    finally:
        app.dependency_overrides[get_db] = old
""",
    "another key, which nobody has installed": """
def test_a():
    app.dependency_overrides.pop(get_user, None)
    assert True
""",
    "what the test's own fixture has set": """
@pytest.fixture
def own():
    app.dependency_overrides[get_db] = fake
    yield
    app.dependency_overrides.pop(get_db)
def test_a(own):
    app.dependency_overrides.pop(get_db)
    assert True
""",
    "an application of its own": """
from fastapi import FastAPI
def test_a():
    mine = FastAPI()
    mine.dependency_overrides.pop(get_db, None)
    assert True
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in REMOVALS.items()])
def test_taking_out_what_others_rely_on_is_found(test: str, tmp_path: Path) -> None:
    project = files(test, conftest=SESSION_WIDE)
    assert places(project, tmp_path, "HRM201") == marks(project, "HRM201") != set()
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "conftest.py").unlink()
    assert places(files(test), alone, "HRM201") == set()


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in KEPT.items()])
def test_a_removal_that_others_do_not_meet_is_left_alone(test: str, tmp_path: Path) -> None:
    assert places(files(test, conftest=SESSION_WIDE), tmp_path, "HRM201") == set()


def test_taking_out_what_the_test_has_set_is_no_finding_of_its_own(tmp_path: Path) -> None:
    test = """
def test_a():
    app.dependency_overrides[get_db] = lambda: 2  # <- HRM201
    assert TestClient(app).get("/").status_code == 200
    app.dependency_overrides.pop(get_db)
"""
    project = files(test, conftest=SESSION_WIDE)
    assert places(project, tmp_path, "HRM201") == marks(project, "HRM201")


SAFE_ACROSS_FILES = {
    "what a conftest sets at import is configuration": {
        "conftest.py": CONFTEST + "app.dependency_overrides[get_db] = fake\n"
    },
    "what an autouse fixture of the conftest holds for the session is configuration": {
        "conftest.py": CONFTEST
        + """
@pytest.fixture(scope="session", autouse=True)
def db():
    app.dependency_overrides[get_db] = fake
""",
    },
    "a conftest makes the app for each test": {
        "conftest.py": """
import pytest
from factory import create_app
from fastapi.testclient import TestClient
@pytest.fixture
def client():
    with TestClient(create_app()) as client:
        yield client
""",
        "test_it.py": """
from factory import get_db
def test_a(client):
    client.app.dependency_overrides[get_db] = dict
""",
    },
    "a fixture of the conftest clears": {
        "conftest.py": CONFTEST
        + """
@pytest.fixture
def overrides():
    yield app.dependency_overrides
    app.dependency_overrides.clear()
""",
        "test_it.py": HEAD
        + """
def test_a(overrides):
    app.dependency_overrides[get_db] = fake
""",
    },
    "a context manager of another file with finally": {
        "helpers.py": """
from contextlib import contextmanager
from main import app

@contextmanager
def overridden(dependency, replacement):
    app.dependency_overrides[dependency] = replacement
    try:
        yield
    finally:
        del app.dependency_overrides[dependency]
""",
        "test_it.py": HEAD
        + """
from helpers import overridden
def test_a():
    with overridden(get_db, fake):
        assert TestClient(app).get("/").status_code == 200
""",
    },
    "the application itself may use its table": {
        "service.py": """
from main import app, get_db
def configure():
    app.dependency_overrides[get_db] = dict
""",
    },
    "a base class of another file clears": {
        "base.py": """
import unittest
from main import app
class Base(unittest.TestCase):
    def tearDown(self):
        app.dependency_overrides.clear()
""",
        "test_it.py": HEAD
        + """
from base import Base
class TestA(Base):
    def test_a(self):
        app.dependency_overrides[get_db] = fake
""",
    },
}


@pytest.mark.parametrize("project", [pytest.param(texts, id=name) for name, texts in SAFE_ACROSS_FILES.items()])
def test_an_override_that_is_put_back_elsewhere_is_left_alone(project: dict[str, str], tmp_path: Path) -> None:
    project = {"main.py": APP, "factory.py": FACTORY, **project}
    assert places(project, tmp_path, "HRM201", ("HRM201",)) == set()


def test_an_override_of_a_conftest_counts_in_the_project_preset(tmp_path: Path) -> None:
    project = {"main.py": APP, "conftest.py": CONFTEST + "app.dependency_overrides[get_db] = fake  # <- HRM201\n"}
    assert places(project, tmp_path, "HRM201", ("HRM201", "project")) == marks(project, "HRM201")


MESSAGES = {
    "app.dependency_overrides[get_db] = fake": "get_db is overridden in test_a, and the override stays",
    "app.dependency_overrides.update({get_db: fake})": (
        "a dependency in dependency_overrides is overridden in test_a, and the override stays"
    ),
    "app.dependency_overrides[get_db] = fake\n    assert app\n    app.dependency_overrides.clear()": (
        "get_db is overridden in test_a, and the override is taken out only when nothing fails in between"
    ),
    "app.dependency_overrides[get_db] = fake\n    assert app\n    app.dependency_overrides = {}": (
        "get_db is overridden in test_a, and the override is taken out only when nothing fails in between"
    ),
    "app.dependency_overrides[get_db] = fake\n    assert app\n    app.dependency_overrides = dict()": (
        "get_db is overridden in test_a, and the override is taken out only when nothing fails in between"
    ),
}


@pytest.mark.parametrize(("body", "message"), MESSAGES.items())
def test_the_message_names_the_dependency_and_the_test(body: str, message: str, tmp_path: Path) -> None:
    found = lint_files(files(f"def test_a():\n    {body}\n"), tmp_path, select=("HRM201",))
    assert [(item.message, item.test.rpartition("::")[2]) for item in found] == [(message, "test_a")]


def test_another_table_in_its_place_does_not_take_the_override_out(tmp_path: Path) -> None:
    body = "app.dependency_overrides[get_db] = fake\n    assert app\n    app.dependency_overrides = {get_user: fake}"
    found = lint_files(files(f"def test_a():\n    {body}\n"), tmp_path, select=("HRM201",))
    assert len(found) == 2
    assert all(item.message.endswith("the override stays") for item in found)


ASYNC_APP = """
import asyncio
from contextvars import ContextVar
from threading import local
from fastapi import FastAPI

app = FastAPI()
tenant = ContextVar("tenant")
state = local()

async def get_user(): ...
async def get_session():
    yield 1
def get_plan():
    return "free"
def get_store():
    yield 1
def get_loader():
    return asyncio.sleep(0)
class Checker:
    async def __call__(self): ...
check = Checker()
"""
ASYNC_HEAD = """
import asyncio
import sqlite3
from contextlib import asynccontextmanager, contextmanager
from unittest.mock import AsyncMock, patch
from main import *
from main import app, check, get_loader, get_plan, get_session, get_store, get_user, state, tenant

async def fake(): ...
async def fakes():
    yield 1
def plain_fakes():
    yield 1
def set_tenant(name):
    tenant.set(name)

"""
OVERRIDE = """
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, {key}, {value})  # <- HRM202
"""


def async_project(text: str) -> dict[str, str]:
    """Return a project of an app with async and plain dependencies, and a test file."""
    return {"main.py": ASYNC_APP, "test_it.py": ASYNC_HEAD.replace("from main import *\n", "") + text}


HARMFUL = {
    "a coroutine behind a lambda": OVERRIDE.format(key="get_user", value="lambda: fake()"),
    "a coroutine behind a lambda, for a dependency that yields": OVERRIDE.format(
        key="get_store", value="lambda: fake()"
    ),
    "an async mock called in a lambda": OVERRIDE.format(key="get_user", value="lambda: AsyncMock()()"),
    "an async generator behind a lambda": OVERRIDE.format(key="get_session", value="lambda: fakes()"),
    "a generator behind a lambda": OVERRIDE.format(key="get_store", value="lambda: plain_fakes()"),
    "a coroutine in place of the function": OVERRIDE.format(key="get_user", value="fake()"),
    "an async generator in place of the function": OVERRIDE.format(key="get_session", value="fakes()"),
    "a coroutine for a plain dependency that returns a value": OVERRIDE.format(key="get_plan", value="lambda: fake()"),
    "a coroutine returned by a def": """
def override():
    user = 1
    return fake()
def test_a():
    with patch.dict(app.dependency_overrides, {get_user: override}):  # <- HRM202
        assert True
""",
    "a context manager function": """
@contextmanager
def override():
    yield 1
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_store, override)  # <- HRM202
""",
    "an async context manager function": """
@asynccontextmanager
async def override():
    yield 1
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_session, override)  # <- HRM202
""",
    "a context variable set in a lambda": OVERRIDE.format(key="get_user", value="lambda: tenant.set(1)"),
    "a context variable set by a helper": OVERRIDE.format(key="get_user", value="lambda: set_tenant('a')"),
    "a context variable set in a nested generator": """
def test_a(monkeypatch):
    def override():
        token = tenant.set("a")
        yield 1
        tenant.reset(token)
    monkeypatch.setitem(app.dependency_overrides, get_session, override)  # <- HRM202
""",
    "a thread-local attribute": """
def override():
    state.user = "a"
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override)  # <- HRM202
""",
    "the running loop": OVERRIDE.format(key="get_user", value="lambda: asyncio.get_running_loop()"),
    "a task": OVERRIDE.format(key="get_session", value="lambda: asyncio.ensure_future(fake())"),
    "a connection that a with statement opens": """
def override():
    with sqlite3.connect(":memory:") as connection:
        yield connection
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_session, override)  # <- HRM202
""",
    "a connection that a helper opens": """
def opened():
    return sqlite3.connect(":memory:", check_same_thread=True)
def override():
    connection = opened()
    yield connection
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_session, override)  # <- HRM202
""",
    "a connection that contextlib closes": """
from contextlib import closing
def override():
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection
def test_a(monkeypatch):
    overrides = {
        get_session: override,
    }
    monkeypatch.setattr(app, "dependency_overrides", overrides)  # <- HRM202
""",
    "async for plain, and a job calls it": """
def job():
    return app.dependency_overrides[get_plan]()["pages"]
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, fake)  # <- HRM202
""",
    "async for plain, through a helper": """
def provider(dependency):
    return app.dependency_overrides.get(dependency) or dependency
def job():
    plan = provider(get_plan)()
    return plan["pages"]
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, fake)  # <- HRM202
""",
    "plain for async, and a job awaits it": """
async def job():
    return await app.dependency_overrides.get(get_user, get_user)()
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, lambda: 1)  # <- HRM202
""",
    "a connection wrapped in a repository": OVERRIDE.format(
        key="get_user", value="lambda: dict(sqlite3.connect(':memory:'))"
    ),
    "asyncio.run in the running loop": """
async def override():
    return asyncio.run(fake())
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, override)  # <- HRM202
""",
    "run_until_complete in the running loop": """
async def override():
    return asyncio.new_event_loop().run_until_complete(fake())
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, override)  # <- HRM202
""",
    "an async instance replaced by a plain function that needs the loop": OVERRIDE.format(
        key="check", value="lambda: asyncio.current_task()"
    ),
    "a factory that returns a plain function": """
def tenant_named(name):
    return lambda: tenant.set(name)
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, tenant_named("a"))  # <- HRM202
""",
    "a method of the test's class": """
class TestA:
    def override(self):
        tenant.set("a")
    def test_a(self, monkeypatch):
        monkeypatch.setitem(app.dependency_overrides, get_user, self.override)  # <- HRM202
""",
    "one entry of a dict of several lines": """
def test_a(monkeypatch):
    monkeypatch.setattr(app, "dependency_overrides", {
        get_plan: lambda: 1,
        get_user: lambda: fake(),  # <- HRM202
    })
""",
    "a name of the list, from a library": """
from library import get_current_user
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: tenant.set(1))  # <- HRM202
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in HARMFUL.items()])
def test_an_override_of_a_harmful_kind_is_found_by_default(test: str, tmp_path: Path) -> None:
    project = async_project(test)
    assert places(project, tmp_path, "HRM202", ("HRM202",)) == marks(project, "HRM202") != set()


HARMLESS = {
    "FastAPI awaits an async override": OVERRIDE.format(key="get_user", value="fake"),
    "FastAPI enters an async generator": OVERRIDE.format(key="get_session", value="fakes"),
    "FastAPI enters a generator": OVERRIDE.format(key="get_store", value="plain_fakes"),
    "a plain value": OVERRIDE.format(key="get_plan", value="lambda: 1"),
    "the dependency hands on an awaitable itself": OVERRIDE.format(key="get_loader", value="lambda: fake()"),
    "an async override may set a context variable": """
async def override():
    tenant.set("a")
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override)
""",
    "an awaited factory": """
async def make():
    async def override(): ...
    return override
async def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, await make())
""",
    "a factory is called, and gives an async function": """
def make():
    async def override(): ...
    return override
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, make())
""",
    "an async instance": OVERRIDE.format(key="get_user", value="check"),
    "a missing loop is expected": """
def override():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, override)
""",
    "plain for plain has the context of a thread before and after": OVERRIDE.format(
        key="get_plan", value="lambda: tenant.set(1)"
    ),
    "a dict's get and a setter of another object": """
settings = {}
class Box:
    def set(self, value): ...
box = Box()
def override():
    box.set(settings.get("a"))
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, override)
""",
    "a connection that any thread may use": """
def override():
    yield sqlite3.connect(":memory:", check_same_thread=False)
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_store, override)
""",
    "asyncio.run in a thread": OVERRIDE.format(key="get_plan", value="lambda: asyncio.run(fake())"),
    "a name that is not on the list, from a library": """
from library import get_something
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_something, lambda: tenant.set(1))
""",
    "a decorator may make a factory of an async function": """
from library import as_override
@as_override
async def override(): ...
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override())
    monkeypatch.setitem(app.dependency_overrides, get_plan, lambda: override())
""",
    "another attribute": """
def test_a(monkeypatch):
    monkeypatch.setattr(app, "overrides", {get_user: lambda: fake()})
    assert app.dependency_overrides == {}
""",
    "another table": """
def test_a(monkeypatch):
    monkeypatch.setitem(app.overrides, get_user, lambda: fake())
""",
}


FITTING = {
    "a connection that the test has opened": """
def test_a(monkeypatch):
    connection = sqlite3.connect(":memory:")
    monkeypatch.setitem(app.dependency_overrides, get_session, lambda: connection)
""",
    "a helper's connection that any thread may use": """
def opened():
    return sqlite3.connect(":memory:", check_same_thread=False)
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_session, lambda: opened())
""",
    "async for plain, and the job runs what it gets": """
def job():
    return asyncio.run(app.dependency_overrides[get_plan]())
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, fake)
""",
    "async for plain, and the job calls another": """
def job():
    return app.dependency_overrides[get_store]()["pages"]
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_plan, fake)
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in FITTING.items()])
def test_a_kind_that_fits_its_use_is_left_alone(test: str, tmp_path: Path) -> None:
    assert places(async_project(test), tmp_path, "HRM202", ("HRM202",)) == set()


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in HARMLESS.items()])
def test_an_override_that_fits_is_left_alone(test: str, tmp_path: Path) -> None:
    assert places(async_project(test), tmp_path, "HRM202", ("HRM202", "project")) == set()


MERE = {
    "a lambda for an async function": OVERRIDE.format(key="get_user", value="lambda: 1"),
    "a generator for an async generator": OVERRIDE.format(key="get_session", value="plain_fakes"),
    "an async function for a plain one": OVERRIDE.format(key="get_plan", value="fake"),
    "an async function for a generator": OVERRIDE.format(key="get_store", value="fake"),
    "a class for an async function": OVERRIDE.format(key="get_user", value="dict").replace("dict", "Fake")
    + "class Fake: ...\n",
    "a plain function that expects to find no loop": """
def override():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override)  # <- HRM202
""",
    "a plain function that sets what is no context variable": """
class Box:
    def set(self, value): ...
box = Box()
def override():
    box.set(1)
    box.user = 1
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override)  # <- HRM202
""",
    "a plain function that opens a connection for itself": """
def override():
    sqlite3.connect(":memory:").close()
    return 1
def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_user, override)  # <- HRM202
""",
}


@pytest.mark.parametrize("test", [pytest.param(text, id=name) for name, text in MERE.items()])
def test_a_mere_difference_of_kind_counts_in_the_project_preset_alone(test: str, tmp_path: Path) -> None:
    project = async_project(test)
    assert places(project, tmp_path, "HRM202", ("HRM202",)) == set()
    assert places(project, tmp_path, "HRM202", ("HRM202", "project")) == marks(project, "HRM202") != set()


AUTH = """
from typing import Annotated
from fastapi import Depends, Security
from fastapi.security import HTTPBearer, OAuth2PasswordBearer

bearer_scheme = HTTPBearer()
oauth2 = OAuth2PasswordBearer(tokenUrl="token")

def get_current_user(token=Depends(bearer_scheme)): ...
def get_claims(token: Annotated[str, Security(bearer_scheme)]): ...
def require(role):
    def check(user=Depends(get_current_user)): ...
    return check
class Audit:
    def __init__(self, claims=Depends(get_claims)): ...
class Limit:
    def __call__(self, *, claims=Depends(get_claims)): ...
limit = Limit()
CurrentUser = Annotated[str, Depends(get_current_user)]
Claims = Annotated[dict, Depends(get_claims)]
"""
WEB_HEAD = """
from fastapi import APIRouter, Depends, FastAPI, Security
from auth import *
from auth import Audit, Claims, CurrentUser, bearer_scheme, get_claims, get_current_user, limit, require
import auth

"""
USER_TEST = """
from fastapi.testclient import TestClient
import auth
from auth import bearer_scheme, get_current_user
from web import app

def test_a(monkeypatch):
    monkeypatch.setitem(app.dependency_overrides, get_current_user, lambda: "ada")  # <- HRM203
    assert TestClient(app).get("/me").status_code == 200
"""


def web(text: str, **others: str) -> dict[str, str]:
    """Return a project whose `web.py` holds the application."""
    web_file = {"web.py": (WEB_HEAD + text).replace("from auth import *\n", "")}
    return {
        "auth.py": AUTH,
        **web_file,
        "test_it.py": USER_TEST,
        **{f"{name}.py": part for name, part in others.items()},
    }


ME = """
app = FastAPI(dependencies=[Depends(bearer_scheme)])
@app.get("/me")
def read(user=Depends(get_current_user)): ...
"""
REACHED = {
    "app": web("""
app = FastAPI(dependencies=[Depends(bearer_scheme)])
@app.get("/me")
def read(user=Depends(get_current_user)): ...
"""),
    "parameter": web("""
app = FastAPI()
@app.get("/me")
async def read(user=Depends(get_current_user), token=Security(bearer_scheme)): ...
"""),
    "keyword-only parameter": web("""
app = FastAPI()
@app.get("/me")
async def read(*, user: CurrentUser, token=Depends(dependency=auth.bearer_scheme)): ...
"""),
    "alias in Annotated": web("""
app = FastAPI()
@app.get("/me")
def read(user: auth.CurrentUser, claims: Claims): ...
"""),
    "decorator": web("""
app = FastAPI()
@app.get("/me", dependencies=[Depends(get_claims)])
def read(user: CurrentUser): ...
"""),
    "class as dependency": web("""
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser, audit: Audit = Depends()): ...
"""),
    "instance as dependency": web("""
app = FastAPI()
@app.get("/me", dependencies=[Depends(limit)])
def read(user: CurrentUser): ...
"""),
    "list of dependencies in a variable": web("""
PROTECTED = [Depends(bearer_scheme)]
app = FastAPI()
router = APIRouter(dependencies=PROTECTED)
@router.get("/me")
def read(user: CurrentUser): ...
app.include_router(router)
"""),
    "add_api_route": web("""
def read(user: CurrentUser, claims: Claims): ...
app = FastAPI()
app.add_api_route("/me", read)
"""),
    "routers within routers": web("""
inner = APIRouter(prefix="/me")
@inner.get("")
def read(user: CurrentUser): ...
outer = APIRouter()
outer.include_router(inner, dependencies=[Depends(get_claims)])
app = FastAPI()
app.include_router(outer)
"""),
    "a loop over routers": web("""
me = APIRouter(dependencies=[Depends(bearer_scheme)])
@me.get("/me")
def read(user: CurrentUser): ...
app = FastAPI()
for router in (me,):
    app.include_router(router)
"""),
    "factory and helper of another file": web(
        """
from setup import register
def create_app():
    application = FastAPI()
    register(application)
    return application
app = create_app()
""",
        setup="""
from auth import Claims, CurrentUser
def register(api):
    @api.get("/me")
    def read(user: CurrentUser, claims: Claims): ...
""",
    ),
    "routes in a file that imports the app": web(
        """
app = FastAPI()
import views
""",
        views="""
from web import app
from auth import Claims, CurrentUser
@app.get("/me")
def read(user: CurrentUser, claims: Claims): ...
""",
    ),
    "a client with a prefix of its own": web("""
app = FastAPI()
@app.get("/other")
def other(user: CurrentUser): ...
@app.get("/v1/me")
def read(user: CurrentUser, claims: Claims): ...
"""),
    "the override itself asks for the scheme": web(
        """
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser): ...
""",
        test_it=USER_TEST.replace('lambda: "ada")', "fake)")
        + """
from fastapi import Depends
def fake(token=Depends(bearer_scheme)): ...
""",
    ),
    "another scheme below the configured user": web(
        """
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser, token=Depends(auth.oauth2)): ...
""",
        auth=AUTH.replace("token=Depends(bearer_scheme)", "token=Depends(oauth2)"),
    ),
    "a scheme beside the user, not below it": web(
        ME, auth=AUTH.replace("get_current_user(token=Depends(bearer_scheme))", "get_current_user(request=None)")
    ),
    "the app is not in the project": {"test_it.py": USER_TEST},
    "the routers come from somewhere else": web("""
from plugins import load
app = FastAPI()
for router in load():
    app.include_router(router)
"""),
}


@pytest.mark.parametrize("project", [pytest.param(texts, id=name) for name, texts in REACHED.items()])
def test_a_scheme_on_another_path_is_found(project: dict[str, str], tmp_path: Path) -> None:
    assert places(project, tmp_path, "HRM203", ("HRM203",)) == marks(project, "HRM203") != set()


UNREACHED = {
    "no other path": web("""
app = FastAPI()
@app.get("/me", dependencies=[Depends(require("admin"))])
def read(user: CurrentUser): ...
"""),
    "no other path through routers and a factory": web("""
router = APIRouter(prefix="/me", dependencies=[Depends(get_current_user)])
@router.get("/{name}")
def read(name: str, user: CurrentUser): ...
def create_app():
    app = FastAPI()
    app.include_router(router)
    return app
app = create_app()
"""),
    "the scheme is overridden in the same test": web(
        ME,
        test_it=USER_TEST.replace(
            "    assert", "    monkeypatch.setitem(app.dependency_overrides, bearer_scheme, lambda: None)\n    assert"
        ),
    ),
    "the scheme is overridden in a dict of the conftest": web(
        ME,
        conftest="""
import auth, web
web.app.dependency_overrides.update({auth.bearer_scheme: lambda: None})
""",
    ),
    "the dependency in between is overridden": web(
        """
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser, claims: Claims): ...
""",
        test_it=USER_TEST.replace(
            "    assert", "    monkeypatch.setitem(app.dependency_overrides, auth.get_claims, dict)\n    assert"
        ),
    ),
    "the requests send a token": web(
        ME, test_it=USER_TEST.replace('"/me"', '"/me", headers={"Authorization": "Bearer x"}')
    ),
    "the scheme asks for nothing": web(ME, auth=AUTH.replace("HTTPBearer()", "HTTPBearer(auto_error=False)")),
    "only a route that no test requests": web("""
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser): ...
@app.get("/claims")
def claims(user: CurrentUser, claims: Claims): ...
"""),
    "a route whose last part is filled in is not the one that is requested": web("""
app = FastAPI()
@app.get("/me")
def read(user: CurrentUser): ...
@app.get("/claims/{name}")
def claims(user: CurrentUser, claims: Claims): ...
"""),
    "a user that asks for no scheme": web(
        ME.replace("bearer_scheme", "auth.oauth2"),
        auth=AUTH.replace("bearer_scheme", "token_scheme").replace(
            "(token=Depends(token_scheme))", "(request=None)", 1
        ),
    ),
    "what the user shares with the route is no scheme": web(
        ME.replace("bearer_scheme", "limit"),
        auth=AUTH.replace("bearer_scheme", "token_scheme")
        .replace("(token=Depends(token_scheme))", "(within=Depends(limit))", 1)
        .replace(
            "def get_current_user",
            "class Within:\n    def __call__(self): ...\nlimit = Within()\ndef get_current_user",
            1,
        )
        .replace("limit = Limit()\n", ""),
    ),
    "another dependency is overridden": web(ME, test_it=USER_TEST.replace("get_current_user,", "auth.get_claims,")),
}


@pytest.mark.parametrize("project", [pytest.param(texts, id=name) for name, texts in UNREACHED.items()])
def test_a_scheme_that_is_not_asked_for_is_left_alone(project: dict[str, str], tmp_path: Path) -> None:
    assert places(project, tmp_path, "HRM203", ("HRM203",)) == set()


def test_the_message_names_the_route_and_the_scheme(tmp_path: Path) -> None:
    found = [item for item in lint_files(web(ME), tmp_path, select=("HRM203",)) if item.code == "HRM203"]
    assert [item.message for item in found] == [
        "get_current_user is overridden, but bearer_scheme is not: /me still depends on it"
    ]


def test_other_pairs_can_be_configured(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.hermetic]\nbearer-pairs = [["get_claims", "bearer_scheme"]]\n')
    project = web(ME, test_it=USER_TEST.replace("get_current_user,", "auth.get_claims,"))
    assert places(project, tmp_path, "HRM203", ("HRM203",)) == marks(project, "HRM203")
