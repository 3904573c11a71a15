"""Rules 4xx beyond their examples: further spellings that must be caught, and correct twins that must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.rule import MARK
from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

HEAD = (
    "import copy\nimport functools\nfrom unittest import mock\n\nimport pytest\nimport pytest_asyncio\nimport state\n\n"
)
SETTINGS = """
@pytest.fixture(scope="module")
def settings():
    return {"debug": False, "hosts": ["a"], "db": {"port": 1}}

"""
SERVICE = """
class Service:
    limits = {}

    def __init__(self):
        self.timeout = 5
        self.calls = []


@pytest.fixture(scope="session")
def service():
    return Service()

"""
RESET = """
@pytest.fixture(autouse=True)
def reset():
    state.values.clear()
    yield
    state.values.clear()
"""
METHOD = """
class TestState:
    @pytest.fixture(autouse=True)
    def setup(self):
        state.values.clear()
"""
STARTED = """
@pytest.fixture(scope="session", autouse=True)
def started():
    state.start()
"""


def found(files: Mapping[str, str], folder: Path, code: str, select: Iterable[str] = ("HRM4",)) -> set[tuple[str, int]]:
    """Return the places of the findings with `code`."""
    return {(item.path, item.line) for item in lint_files(files, folder, select=select) if item.code == code}


def marked(files: Mapping[str, str], code: str) -> set[tuple[str, int]]:
    """Return the places that carry the mark of `code`."""
    return {
        (path, number)
        for path, source in files.items()
        for number, line in enumerate(source.splitlines(), 1)
        if line.endswith(MARK + code)
    }


def expanded(files: Mapping[str, str] | str) -> dict[str, str]:
    """Return files with the usual imports in front; plain source is one test file."""
    given = {"test_it.py": files} if isinstance(files, str) else files
    return {path: HEAD + source if source.strip() else source for path, source in given.items()}


DUPLICATED = {
    "an async definition over a sync one": """
@pytest.fixture(autouse=True)
def clean():
    state.values.clear()


@pytest_asyncio.fixture(autouse=True)
async def clean():  # <- HRM401
    await state.start()
""",
    "a definition that is no longer autouse": """
@pytest.fixture(autouse=True)
def clean():
    state.values.clear()


@pytest.fixture
def clean():  # <- HRM401
    return state.values
""",
    "three times": """
@pytest.fixture(autouse=True)
def clean():
    state.values.clear()


@pytest.fixture(autouse=True)
def clean():  # <- HRM401
    state.names.clear()


@pytest.fixture(autouse=True)
def clean():  # <- HRM401
    state.paths.clear()
""",
    "below one condition": """
if state.enabled:

    @pytest.fixture(autouse=True)
    def clean():
        state.values.clear()

    @pytest.fixture(autouse=True)
    def clean():  # <- HRM401
        state.names.clear()
""",
    "in a class": """
class TestState:
    @pytest.fixture(autouse=True)
    def clean(self):
        state.values.clear()

    @pytest.fixture(autouse=True)
    def clean(self):  # <- HRM401
        state.names.clear()
""",
    "under an alias of the decorator, and a partial of it": """
from pytest import fixture as setup

always = functools.partial(setup, autouse=True)


@setup(autouse=True)
def clean():
    state.values.clear()


@always
def clean():  # <- HRM401
    state.names.clear()
""",
    "over an imported one": {
        "common.py": RESET,
        "test_it.py": """
from common import reset


@pytest.fixture(autouse=True)
def reset():  # <- HRM401
    state.names.clear()
""",
    },
    "in two test files": {"test_a.py": RESET, "test_b.py": RESET.replace("reset():", "reset():  # <- HRM401")},
    "in all three test files of a folder, under two names": {
        "test_a.py": RESET,
        "test_b.py": RESET.replace("reset():", "clean():  # <- HRM401"),
        "test_c.py": RESET.replace("reset():", "reset():  # <- HRM401"),
        "helpers.py": "values = []\n",
        "data/make.py": "values = []\n",
    },
    "for the module, in two test files of three": {
        "test_a.py": RESET.replace("True", "True, scope='module'"),
        "unit/test_b.py": RESET.replace("True", "True, scope='module'").replace("reset():", "reset():  # <- HRM401"),
        "test_c.py": "",
    },
    "in the conftest above and in a test file": {
        "conftest.py": RESET,
        "unit/test_a.py": RESET.replace("reset():", "reset():  # <- HRM401"),
    },
    "in the conftest above and a nearer one": {
        "conftest.py": RESET,
        "unit/conftest.py": RESET.replace("reset():", "reset():  # <- HRM401"),
    },
    "in a plugin that the conftest loads": {
        "conftest.py": 'pytest_plugins = ["common"]\n',
        "common.py": RESET,
        "test_a.py": RESET.replace("reset():", "reset():  # <- HRM401"),
    },
    "with other imports, a docstring, comments and annotations": {
        "test_a.py": RESET,
        "test_b.py": """
from state import values as stored


@pytest.fixture(autouse=True)
def reset() -> None:  # <- HRM401
    '''Forget.'''
    stored.clear()  # before

    yield
    stored.clear()
""",
    },
    "with the same constant of its own": {
        "test_a.py": """
LIMIT = 3


@pytest.fixture(autouse=True)
def limited(monkeypatch):
    monkeypatch.setattr(state, "limit", LIMIT)
""",
        "test_b.py": """
MAXIMUM = 3


@pytest.fixture(autouse=True)
def limited(monkeypatch):  # <- HRM401
    monkeypatch.setattr(state, "limit", MAXIMUM)
""",
    },
}

SAME_NAME = {
    "copies for the module that differ in a literal": {
        "test_a.py": """
@pytest.fixture(scope="module", autouse=True)
def tables():
    state.create("a")
    yield
    state.drop("a")
""",
        "test_b.py": """
@pytest.fixture(scope="module", autouse=True)
def tables():  # <- HRM401
    state.create("b")
    yield
    state.drop("b")
""",
    },
    "two for the session of one name, which overlap": {
        "a/conftest.py": """
@pytest.fixture(scope="session", autouse=True)
def tracing():
    state.trace("a")
""",
        "b/conftest.py": """
@pytest.fixture(scope="session", autouse=True)
def tracing():  # <- HRM401
    state.values["trace"] = True
    yield
""",
    },
}

DUPLICATED |= {
    "in a class, under the name of the file's fixture": RESET
    + """
class TestState:
    @pytest.fixture(autouse=True, name="reset")
    def prepared(self):  # <- HRM401
        state.names.clear()
""",
    "with a lambda, and with a nested function": {
        "test_a.py": """
@pytest.fixture(autouse=True)
def late(monkeypatch):
    def hour(day=1):
        return state.hour + day
    monkeypatch.setattr(state, "hour", hour)
    monkeypatch.setattr(state, "day", lambda number: number + 1)
""",
        "test_b.py": """
@pytest.fixture(autouse=True)
def late(monkeypatch):  # <- HRM401
    def hour(day=1):
        return state.hour + day
    monkeypatch.setattr(state, "hour", hour)
    monkeypatch.setattr(state, "day", lambda number: number + 1)
""",
    },
}

BRIEF = {
    "in two test files of three": {"test_a.py": RESET, "test_b.py": RESET, "test_c.py": "def test_c(): pass\n"},
    "in a test file of each folder": {"test_a.py": RESET, "unit/test_b.py": RESET},
    "in all test files of a folder, with another folder of tests below": {
        "test_a.py": RESET,
        "test_b.py": RESET,
        "unit/test_c.py": "def test_c(): pass\n",
    },
    "in the conftests of two folders": {"a/conftest.py": RESET, "b/conftest.py": RESET},
    "for the class": {
        "test_a.py": RESET.replace("True", "True, scope='class'"),
        "test_b.py": RESET.replace("True", "True, scope='class'"),
        "test_c.py": "autouse = 3\n",
    },
}

NOT_DUPLICATED = {
    "a fixture of a class extends the file's, or switches it off": RESET
    + """
class TestMore:
    @pytest.fixture(autouse=True)
    def reset(self, reset):
        state.names.clear()


class TestNone:
    @pytest.fixture(autouse=True)
    def reset(self):
        "Keep it."
        yield
""",
    "lambdas that differ": {
        "test_a.py": "@pytest.fixture(autouse=True)\ndef a():\n    state.use(lambda: 1)\n",
        "test_b.py": "@pytest.fixture(autouse=True)\ndef a():\n    state.use(lambda: 2)\n",
    },
    "lambdas that use what their own files define": {
        "test_a.py": "x = {}\n@pytest.fixture(autouse=True)\ndef a():\n    state.use(lambda: x)\n",
        "test_b.py": "x = {}\n@pytest.fixture(autouse=True)\ndef a():\n    state.use(lambda: x)\n",
    },
    "each uses what its own file defines": {
        "test_a.py": "values = {}\n" + RESET.replace("state.values", "values"),
        "test_b.py": "values = {}\n" + RESET.replace("state.values", "values"),
    },
    "each requests another fixture of the name": {
        "a/conftest.py": """
@pytest.fixture
def db():
    return state.connect("a")


@pytest.fixture(autouse=True)
def rollback(db):
    yield
    db.rollback()
""",
        "b/conftest.py": """
@pytest.fixture
def db():
    return state.connect("b")


@pytest.fixture(autouse=True)
def rollback(db):
    yield
    db.rollback()
""",
    },
    "it only requests a fixture: each file opts in": {
        "test_a.py": "@pytest.fixture(autouse=True)\ndef use_db(db):\n    pass\n",
        "test_b.py": "@pytest.fixture(autouse=True)\ndef use_db(db):\n    pass\n",
    },
    "one name, other bodies, each for its own tests": {
        "test_a.py": "@pytest.fixture(autouse=True)\ndef setup():\n    state.values.clear()\n",
        "test_b.py": "@pytest.fixture(autouse=True)\ndef setup():\n    state.names.clear()\n",
    },
    "one name for the module, other bodies: they do not meet": {
        "test_a.py": "@pytest.fixture(autouse=True, scope='class')\ndef setup():\n    state.values.clear()\n",
        "test_b.py": "@pytest.fixture(autouse=True, scope='class')\ndef setup():\n    state.start(1, 2)\n",
    },
    "a nearer conftest overrides for the session": {
        "conftest.py": "@pytest.fixture(autouse=True, scope='session')\ndef mode():\n    state.start('a')\n",
        "unit/conftest.py": "@pytest.fixture(autouse=True, scope='session')\ndef mode():\n    state.values.clear()\n",
    },
    "a test file extends the fixture of its name": {
        "conftest.py": RESET,
        "test_a.py": "@pytest.fixture(autouse=True)\ndef reset(reset):\n    state.names.clear()\n",
    },
    "a narrower scope overrides": {
        "conftest.py": RESET.replace("autouse=True", "autouse=True, scope='session'"),
        "test_a.py": RESET,
    },
    "methods of classes in two files": {
        "test_a.py": METHOD,
        "test_b.py": METHOD,
    },
    "a subclass overrides": """
class TestBase:
    @pytest.fixture(autouse=True)
    def prepared(self):
        state.values.clear()


class TestMore(TestBase):
    @pytest.fixture(autouse=True)
    def prepared(self):
        state.names.clear()
""",
    "alternatives of try and except": """
try:
    import fast

    @pytest.fixture(autouse=True)
    def clean():
        fast.clear()

except ImportError:

    @pytest.fixture(autouse=True)
    def clean():
        state.values.clear()
""",
    "the first is kept under another name": """
@pytest.fixture(autouse=True)
def clean():
    state.values.clear()


clean_values = clean


@pytest.fixture(autouse=True)
def clean():
    state.names.clear()
""",
    "neither is autouse": """
@pytest.fixture
def clean():
    state.values.clear()


@pytest.fixture
def clean():
    state.names.clear()
""",
    "one of them is not autouse": {"test_a.py": RESET, "test_b.py": RESET.replace("(autouse=True)", "")},
    "they belong to two projects, which share no conftest": {
        "a/pyproject.toml": "",
        "a/tests/conftest.py": STARTED,
        "b/setup.cfg": "",
        "b/tests/conftest.py": STARTED,
    },
    "a helper file is not collected": {"test_a.py": RESET, "helpers.py": RESET},
    "the fixture names differ": """
@pytest.fixture(autouse=True, name="one")
def clean_one():
    state.values.clear()


@pytest.fixture(autouse=True, name="two")
def clean_two():
    state.values.clear()
""",
}

MISPLACED = {
    "package-scoped": """
@pytest.fixture(scope="package", autouse=True)
def started():  # <- HRM402
    state.start()
""",
    "async for the session": """
@pytest_asyncio.fixture(autouse=True, scope="session")
async def started():  # <- HRM402
    await state.start()
    yield
""",
    "under aliases of module and decorator": """
import pytest as pt
from pytest import fixture as fx


@fx(autouse=True, scope="module")
def one():  # <- HRM402
    state.start()


@pt.fixture(autouse=True, scope="module")
def two():  # <- HRM402
    state.start()
""",
    "a variable holds the called decorator": """
per_session = pytest.fixture(scope="session", autouse=True)


@per_session
def started():  # <- HRM402
    state.start()
""",
    "a partial that is called with the scope": """
always = functools.partial(pytest.fixture, autouse=True)


@always(scope="module")
def started():  # <- HRM402
    state.start()
""",
    "scope and autouse are constants of the file": """
SCOPE, ALWAYS = "session", True


@pytest.fixture(scope=SCOPE, autouse=ALWAYS)
def started():  # <- HRM402
    state.start()
""",
    "the options are unpacked": """
WIDE = {"scope": "session", "autouse": True}


@pytest.fixture(**WIDE)
def started():  # <- HRM402
    state.start()
""",
    "a session-scoped one in a class, behind another decorator": """
class TestState:
    @state.decorated
    @pytest.fixture(scope="session", autouse=True)
    def started(self):  # <- HRM402
        state.start()
""",
    "the maker comes from another file": {
        "makers.py": 'module_fixture = functools.partial(pytest.fixture, scope="module", autouse=True)\n',
        "test_it.py": """
from makers import module_fixture


@module_fixture
def started():  # <- HRM402
    state.start()
""",
    },
    "a file whose name only looks like a conftest": {
        "tests/test_conftest.py": """
@pytest.fixture(scope="session", autouse=True)
def started():  # <- HRM402
    state.start()
""",
        "tests/my_conftest.py": """
@pytest.fixture(scope="session", autouse=True)
def stopped():  # <- HRM402
    state.stop()
""",
    },
    "a fixtures file that nothing but a test file imports": {
        "conftest.py": "",
        "tests/db_setup.py": """
@pytest.fixture(scope="session", autouse=True)
def started():  # <- HRM402
    state.start()
""",
        "tests/test_it.py": "from tests.db_setup import started\n",
    },
    "below a condition": """
if state.enabled:

    @pytest.fixture(scope="module", autouse=True)
    def started():  # <- HRM402
        state.start()
""",
    "made by a call of the plain decorator": """
def _start():
    state.start()


started = pytest.fixture(_start, scope="module", autouse=True)  # <- HRM402
""",
}

OF_ONE_FILE = (
    "under aliases of module and decorator",
    "a partial that is called with the scope",
    "the maker comes from another file",
    "below a condition",
    "made by a call of the plain decorator",
)
OF_MODULE = """
import pytest

@pytest.fixture(scope="module", autouse=True)
def started():
    yield

@pytest.fixture
def ready():
    return 1

class TestBase:
    def test_it(self):
        assert ready

class Tools:
    def open(self):
        return 1

def test_that():
    assert ready

def make():
    return 1
"""
OF_CLASS = """
import pytest

class TestBase:
    @pytest.fixture(scope="module", autouse=True)
    def started(self):
        yield

    def test_it(self):
        assert self
"""
USED_ELSEWHERE = {
    "a class is inherited": "from test_it import TestBase\n\nclass TestMore(TestBase):\n    pass\n",
    "a class is inherited through its module": "import test_it\n\nclass TestMore(test_it.TestBase):\n    pass\n",
    "a class is imported": "from test_it import (\n    TestBase,\n    make,\n)\n",
    "a test is imported": "from test_it import test_that as test_this\n",
    "another fixture is imported along": "from test_it import TestBase, ready\n",
}
NOT_USED_ELSEWHERE = {
    "nothing": "def test_it():\n    assert 'import test_it'\n",
    "a helper is imported": "from test_it import make\n",
    "a class without tests is inherited": "from test_it import Tools\n\nclass TestMore(Tools):\n    pass\n",
    "the fixture is imported along": "from test_it import TestBase, started\n",
    "all of it is imported": "from test_it import *\n",
    "the module is imported": "import test_it\n\ndef test_make():\n    assert test_it.make()\n",
    "a class of the same name from elsewhere": "from test_other import TestBase  # not test_it\n",
}
MISPLACED |= {
    "what it calls sets something, or gives nothing": {
        "prices.py": """
TABLE = {}

def price(n):
    TABLE[n] = n
    return n

def fill():
    TABLE.update(a=1)
""",
        "test_price.py": """
import pytest
import prices

@pytest.fixture(scope="session", autouse=True)
def priced():  # <- HRM402
    prices.price(3)

@pytest.fixture(scope="session", autouse=True)
def filled():  # <- HRM402
    prices.fill()

def test_price():
    assert prices.TABLE
""",
    },
    "a conftest lists the file": {
        "tests/conftest.py": "pytest_plugins = ('tests.db_setup',)\n",
        "tests/db_setup.py": STARTED.replace("started():", "started():  # <- HRM402"),
    },
    "a helper beside the tests, all of it imported": {
        "common.py": STARTED.replace("started():", "started():  # <- HRM402"),
        "test_it.py": "from common import *\n",
    },
}

WELL_PLACED = {
    "it only skips tests": """
@pytest.fixture(scope="package", autouse=True)
def skip_without_server(request):
    if request.config.getoption("--server", None) is None:
        pytest.skip("needs a server")
""",
    "it asks the code under test for values, and keeps none of them": {
        "prices.py": "TABLE = {}\n\ndef price(n):\n    total = n * 2\n    return total\n",
        "test_it.py": """
import pytest
import prices

@pytest.fixture(scope="session", autouse=True)
def warmed_up():
    '''Load what is loaded once.'''
    prices.price(3)
    prices.price(n=4)

def test_price(benchmark):
    benchmark(prices.price, 3)
""",
    },
    "only the conftest of the root lists the plugin, which is for every folder anyway": {
        "pyproject.toml": "",
        "conftest.py": "pytest_plugins = 'started'\n",
        "started.py": STARTED,
    },
    "the file has tests, and is run by name": {
        "tests/check_dist.py": f"{STARTED}\n\ndef test_it():\n    assert state\n",
    },
    "an entry point declares the plugin that the conftest lists": {
        "pyproject.toml": '[project.entry-points.pytest11]\nshop = "shop.plugin"\n',
        "conftest.py": "pytest_plugins = ['shop.plugin']\n",
        "shop/__init__.py": "",
        "shop/plugin.py": STARTED,
    },
    "conftest": {
        "tests/conftest.py": "@pytest.fixture(scope='session', autouse=True)\nasync def started():\n    state.start()\n"
    },
    "the scope is function, given in words": "@pytest.fixture(scope='function', autouse=True)\ndef a():\n    pass\n",
    "class-scoped, in the file and in a class": """
@pytest.fixture(scope="class", autouse=True)
def prepared():
    state.start()


class TestState:
    @pytest.fixture(scope="class", autouse=True)
    def started(self):
        state.start()
""",
    "not autouse": "@pytest.fixture(scope='session', autouse=False)\ndef started():\n    state.start()\n",
    "autouse is decided at run time": "@pytest.fixture(scope='session', autouse=state.on())\ndef one():\n    pass\n",
    "the scope is decided at run time": "@pytest.fixture(scope=state.scope, autouse=True)\ndef started():\n    pass\n",
    "a plugin: it has hooks": {
        "tests/plugin.py": """
@pytest.fixture(scope="session", autouse=True)
def started():
    state.start()


def pytest_addoption(parser):
    parser.addoption("--slow")
"""
    },
    "the conftest imports it by name": {
        "tests/conftest.py": "from tests.db_setup import started  # noqa\n",
        "tests/db_setup.py": STARTED,
    },
    "the conftest imports all of it, relatively": {
        "tests/__init__.py": "",
        "tests/conftest.py": "from .fixtures.db_setup import *\n",
        "tests/fixtures/__init__.py": "",
        "tests/fixtures/db_setup.py": STARTED,
    },
    "pytest_plugins names the files of a folder": {
        "conftest.py": "import glob\npytest_plugins = [path[:-3] for path in glob.glob('fixtures/*.py')]\n",
        "fixtures/db_setup.py": STARTED,
    },
    "the configuration loads it": {
        "setup.cfg": "[tool:pytest]\naddopts = -p db_setup\n",
        "db_setup.py": STARTED,
    },
    "another decorator of the name": """
from state import fixture


@fixture(scope="session", autouse=True)
def started():
    state.start()
""",
    "a class decorator with such options": "@state.register(scope='session', autouse=True)\ndef one():\n    pass\n",
}

MUTATED = {
    "every way to change a dictionary": SETTINGS
    + """
def test_it(settings):
    settings.update(debug=True)  # <- HRM403
    settings["x"] = 1  # <- HRM403
    settings["y"] += 1  # <- HRM403
    settings |= {"z": 1}  # <- HRM403
    settings.setdefault("w", 1)  # <- HRM403
    dict.update(settings, v=1)  # <- HRM403
    assert settings


def test_more(settings):
    del settings["debug"]  # <- HRM403
    assert settings.popitem()  # <- HRM403
""",
    "every way to change a list": """
@pytest.fixture(scope="class")
def names():
    return [name for name in ("a", "b")]


class TestNames:
    def test_it(self, names):
        names += ["c"]  # <- HRM403
        names[0] = "z"  # <- HRM403
        names.sort()  # <- HRM403
        names.insert(0, "y")  # <- HRM403
        names[1:] = []  # <- HRM403
        import random

        random.shuffle(names)  # <- HRM403
        assert names
""",
    "a set in an async test, from an async fixture": """
@pytest_asyncio.fixture(scope="session")
async def seen():
    values = set()
    yield values


@pytest.mark.asyncio
async def test_it(seen):
    seen.add(1)  # <- HRM403
    assert seen == {1}
""",
    "in a loop, a branch and a with": SETTINGS
    + """
def test_it(settings):
    for name in ("a", "b"):
        settings[name] = 1  # <- HRM403
    if state.enabled:
        settings.pop("a")
    with state.opened():
        settings["c"] = 1  # <- HRM403
    assert settings
""",
    "through an alias of an item": SETTINGS
    + """
def test_it(settings):
    db = settings["db"]
    db["port"] = 2  # <- HRM403
    assert db
""",
    "on `self`, where an autouse fixture put it": SETTINGS
    + """
class TestIt:
    @pytest.fixture(autouse=True)
    def prepared(self, settings):
        self.settings = settings

    def test_it(self):
        self.settings["debug"] = True  # <- HRM403
        assert self.settings["debug"]
""",
    "by a helper method, named argument": SETTINGS
    + """
class TestIt:
    def enable(self, key, target):
        target[key] = True  # <- HRM403

    def test_it(self, settings):
        self.enable("debug", target=settings)
        assert settings["debug"]
""",
    "by a helper from another file": {
        "helpers.py": """
def enable(settings):
    settings["debug"] = True  # <- HRM403
""",
        "test_it.py": SETTINGS
        + """
from helpers import enable


def test_it(settings):
    enable(settings)
    assert settings["debug"]
""",
    },
    "in a nested function that runs": SETTINGS
    + """
def test_it(settings):
    def enable():
        settings["debug"] = True  # <- HRM403

    enable()
    assert settings["debug"]
""",
    "the restore below the assertion is skipped": SETTINGS
    + """
def test_it(settings):
    settings["debug"] = True  # <- HRM403
    assert state.read(settings)
    settings["debug"] = False  # <- HRM403
    assert not state.read(settings)
""",
    "only another key is restored": SETTINGS
    + """
def test_it(settings, monkeypatch):
    monkeypatch.setitem(settings, "host", "b")
    settings["debug"] = True  # <- HRM403
    assert settings
""",
    "the fixture returns a constant of its module": """
DEFAULTS = {"debug": False}


@pytest.fixture(scope="session")
def defaults():
    return DEFAULTS


def test_it(defaults):
    defaults["debug"] = True  # <- HRM403
    assert defaults
""",
    "the fixture calls a helper of another file": {
        "factory.py": """
def make():
    values = dict(debug=False)
    values["x"] = 1
    return values
""",
        "conftest.py": """
import factory


@pytest.fixture(scope="package")
def settings():
    return factory.make()
""",
        "unit/test_it.py": """
def test_it(settings):
    settings["debug"] = True  # <- HRM403
    assert settings
""",
    },
    "the fixture comes from a file that the conftest loads": {
        "conftest.py": 'pytest_plugins = ("shared",)\n',
        "shared.py": SETTINGS,
        "test_it.py": """
def test_it(settings):
    settings["debug"] = True  # <- HRM403
    assert settings
""",
    },
    "the conftest imports the fixture": {
        "conftest.py": "from shared import settings\n",
        "shared.py": SETTINGS,
        "test_it.py": """
def test_it(settings):
    settings["debug"] = True  # <- HRM403
    assert settings
""",
    },
    "the fixture has a name of its own, a scope from a partial": """
wide = functools.partial(pytest.fixture, scope="module")


@wide(name="settings")
def make_settings():
    yield {"debug": False}


def test_it(settings):
    settings["debug"] = True  # <- HRM403
    assert settings
""",
    "attributes of an object, however set": SERVICE
    + """
def test_it(service):
    service.timeout = 0  # <- HRM403
    service.retries += 1  # <- HRM403
    setattr(service, "name", "x")  # <- HRM403
    service.calls.append(1)  # <- HRM403
    assert service


def test_more(service):
    del service.timeout  # <- HRM403
    assert service
""",
    "a dataclass of another file, its list too": {
        "models.py": """
from dataclasses import dataclass, field


@dataclass
class User:
    name: str
    roles: list = field(default_factory=list)
""",
        "test_it.py": """
from models import User


@pytest.fixture(scope="module")
def user():
    return User("ada")


def test_it(user):
    user.name = "eve"  # <- HRM403
    user.roles.append("admin")  # <- HRM403
    assert user
""",
    },
    "objects in a list": SERVICE
    + """
@pytest.fixture(scope="module")
def services():
    return [Service() for _ in range(3)]


def test_it(services):
    for each in services:
        each.timeout = 0  # <- HRM403
    services[0].timeout = 1  # <- HRM403
    assert services
""",
    "an object made by its class method": """
class Config:
    @classmethod
    def load(cls):
        return cls()


@pytest.fixture(scope="session")
def config():
    return Config.load()


def test_it(config):
    config.debug = True  # <- HRM403
    assert config.debug
""",
    "a wide fixture passes on what another gives": SETTINGS
    + """
@pytest.fixture(scope="module")
def options(settings):
    return settings


def test_it(options):
    options["debug"] = True  # <- HRM403
    assert options["debug"]
""",
    "a copy that is made once": """
DEFAULTS = {"debug": False}


@pytest.fixture(scope="session")
def options():
    return copy.deepcopy(DEFAULTS)


def test_it(options):
    options["debug"] = True  # <- HRM403
    assert options["debug"]
""",
    "a fixture changes the one that it extends": {
        "conftest.py": SETTINGS.replace("module", "session"),
        "test_it.py": """
@pytest.fixture
def settings(settings):
    settings["debug"] = True  # <- HRM403
    return settings


def test_it(settings):
    assert settings["debug"]
""",
    },
    "a list in a tuple": """
@pytest.fixture(scope="module")
def users_and_orders():
    return [], {}


def test_it(users_and_orders):
    users_and_orders[0].append("ada")  # <- HRM403
    assert users_and_orders[0] == ["ada"]
""",
    "a namespace": """
from types import SimpleNamespace


@pytest.fixture(scope="module")
def options():
    return SimpleNamespace(debug=False)


def test_it(options):
    options.debug = True  # <- HRM403
    assert options.debug
""",
    "a module-scoped fixture changes what the session shares": SETTINGS.replace("module", "session")
    + """
@pytest.fixture(scope="module")
def debugging(settings):
    settings["debug"] = True  # <- HRM403


def test_it(debugging):
    assert state.debugging()
""",
    "an autouse fixture of one file changes what the session shares": {
        "conftest.py": SETTINGS.replace("module", "session"),
        "test_it.py": """
@pytest.fixture(autouse=True)
def debugging(settings):
    settings["debug"] = True  # <- HRM403
""",
    },
    "inside a raises block, before what raises": SETTINGS
    + """
def test_it(settings):
    with pytest.raises(ValueError):
        settings["debug"] = None  # <- HRM403
        state.validate(settings)
""",
    "a test method inherits the fixture of its base class": """
class Base:
    @pytest.fixture(scope="class")
    def rows(self):
        return []


class TestRows(Base):
    def test_it(self, rows):
        rows.append(1)  # <- HRM403
        assert rows == [1]
""",
    "one of several returns": """
@pytest.fixture(scope="module")
def options(request):
    if state.enabled:
        return {"a": 1}
    return dict(b=2)


def test_it(options):
    options["c"] = 3  # <- HRM403
    assert options
""",
    "a class that extends dict": """
class Registry(dict):
    pass


@pytest.fixture(scope="module")
def registry():
    return Registry()


def test_it(registry):
    registry["a"] = 1  # <- HRM403
    assert registry
""",
}

NOT_MUTATED = {
    "an attribute is set back by hand": """
class Comparator:
    pass


@pytest.fixture(scope="module")
def comparator():
    return Comparator()


def test_it(comparator):
    comparator.strict = True
    assert state.compare(comparator)
    comparator.strict = False
""",
    "a copy, however made": SETTINGS
    + """
def test_it(settings):
    one = dict(settings)
    one["a"] = 1
    two = settings.copy()
    two.update(a=1)
    three = copy.deepcopy(settings)
    three["db"]["port"] = 2
    four = {**settings, "a": 1}
    four.pop("a")
    five = settings | {"a": 1}
    five.clear()
    six = list(settings["hosts"])
    six.append("b")
    seven = sorted(settings["hosts"])
    seven.append("b")
    eight = settings["hosts"][:]
    eight.append("b")
    nine = settings["hosts"] + ["b"]
    nine.append("c")
    ten = [*settings["hosts"]]
    ten.append("c")
    assert one
""",
    "the parameter is rebound to a copy": SETTINGS
    + """
def test_it(settings):
    settings = dict(settings)
    settings["debug"] = True
    settings.pop("hosts")
    assert settings
""",
    "a function-scoped fixture of the name gives a copy": {
        "conftest.py": SETTINGS.replace("module", "session"),
        "test_it.py": """
@pytest.fixture
def settings(settings):
    return copy.deepcopy(settings)


def test_it(settings):
    settings["debug"] = True
    assert settings
""",
    },
    "the test file has a fixture of the name": {
        "conftest.py": SETTINGS.replace("module", "session"),
        "test_it.py": """
@pytest.fixture
def settings():
    return {}


def test_it(settings):
    settings["debug"] = True
    assert settings
""",
    },
    "the fixture is function-scoped": SETTINGS.replace('(scope="module")', "")
    + """
def test_it(settings):
    settings["debug"] = True
    assert settings
""",
    "the parameter is parametrised": SETTINGS
    + """
@pytest.mark.parametrize("settings", [{"a": 1}, {"b": 2}])
def test_it(settings):
    settings["debug"] = True
    assert settings
""",
    "the parameter is a mock": SETTINGS
    + """
@mock.patch("state.settings")
def test_it(settings):
    settings["debug"] = True
    settings.update(a=1)
    assert settings
""",
    "the parameter has a default": SETTINGS
    + """
def test_it(settings=None):
    settings = settings or {}
    settings["debug"] = True
    assert settings
""",
    "monkeypatch records the key that the code sets later": SETTINGS
    + """
def test_it(settings, monkeypatch):
    monkeypatch.setitem(settings, "debug", True)
    settings["debug"] = None
    assert settings
""",
    "mocker and patch.dict": SETTINGS
    + """
def test_one(settings, mocker):
    mocker.patch.dict(settings, {"a": 1})
    settings["b"] = 1
    assert settings


def test_two(settings):
    with mock.patch.dict(settings, clear=True):
        settings["b"] = 1
        assert settings


def test_three(settings):
    patcher = mock.patch.dict(settings)
    patcher.start()
    try:
        settings["b"] = 1
        assert settings
    finally:
        patcher.stop()
""",
    "patch.object restores the attribute": SERVICE
    + """
def test_it(service):
    with mock.patch.object(service, "timeout", 1):
        service.timeout = 2
        assert service.timeout == 2
""",
    "try and finally": SETTINGS
    + SERVICE
    + """
def test_one(settings):
    before = dict(settings)
    try:
        settings["debug"] = True
        assert settings
    finally:
        settings.clear()
        settings.update(before)


def test_two(service):
    before = service.timeout
    service.timeout = 0
    try:
        assert service.timeout == 0
    finally:
        service.timeout = before
""",
    "a finalizer": SETTINGS
    + """
def test_it(settings, request):
    request.addfinalizer(lambda: settings.pop("x"))
    settings["x"] = 1
    assert settings


def test_more(settings, request):
    request.addfinalizer(functools.partial(settings.pop, "y", None))
    settings["y"] = 1
    assert settings
""",
    "a fixture restores after its yield, requested and autouse": SETTINGS
    + SERVICE
    + """
@pytest.fixture
def restored(settings):
    before = copy.deepcopy(settings)
    yield
    settings.clear()
    settings.update(before)


@pytest.fixture(autouse=True)
def timeout(service):
    yield
    service.timeout = 5


@pytest.mark.usefixtures("restored")
def test_one(settings):
    settings["debug"] = True
    settings["db"]["port"] = 2
    assert settings


def test_two(restored, settings, service):
    settings["debug"] = True
    service.timeout = 1
    assert settings
""",
    "a slice is a copy, whatever stands in the list": """
@pytest.fixture(scope="module")
def rows():
    return [[1], [2]]


def test_it(rows):
    mine = rows[:]
    mine.append([3])
    rows[:1].append([4])
    assert mine
""",
    "a fixture takes the key away after its yield": SETTINGS
    + """
@pytest.fixture(autouse=True)
def tidy(settings):
    yield
    settings.pop("extra", None)


def test_it(settings):
    settings["extra"] = 1
    assert settings["extra"]
""",
    "items whose making cannot be told": """
@pytest.fixture(scope="module")
def parts():
    return {"client": state.connect(), "options": {}}


def test_it(parts):
    parts["client"].update(a=1)
    assert parts
""",
    "what cannot change, tried out": """
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Point:
    x: int


class Colour(Enum):
    RED = 1


@pytest.fixture(scope="module")
def point():
    return Point(1)


@pytest.fixture(scope="module")
def colour():
    return Colour(1)


def test_it(point, colour):
    for each, name in ((point, "x"), (colour, "value")):
        try:
            point.x = 2
            colour.value = 2
        except AttributeError:
            assert each
""",
    "monkeypatch replaced the list that grows": SERVICE
    + """
def test_it(service, monkeypatch):
    monkeypatch.setattr(service, "calls", [])
    service.calls.append(1)
    assert service.calls == [1]
""",
    "the object's own method resets it around each test": SERVICE
    + """
@pytest.fixture(autouse=True)
def fresh(service):
    yield
    service.reset_all()


def test_it(service):
    service.timeout = 1
    service.calls.append(1)
    assert service
""",
    "the object's own method resets it before each test": SERVICE
    + """
@pytest.fixture
def fresh(service):
    service.reset()
    return service


def test_it(fresh):
    fresh.timeout = 1
    assert fresh
""",
    "the object's own method resets it in a finally": SERVICE
    + """
def test_it(service):
    service.timeout = 1
    try:
        assert service
    finally:
        service.restore()
""",
    "a tuple is not changed by what makes a new one": """
@pytest.fixture(scope="module")
def pair():
    return (1, 2)


def test_it(pair):
    pair += (3,)
    assert pair
""",
    "an autouse fixture resets before each test": SETTINGS
    + SERVICE
    + """
@pytest.fixture(autouse=True)
def reset(settings, service):
    settings.clear()
    settings.update(debug=False)
    service.calls = []


def test_it(settings, service):
    settings["debug"] = True
    service.calls.append(1)
    assert settings
""",
    "the narrower fixture empties it first": """
@pytest.fixture(scope="session")
def store():
    return {}


@pytest.fixture
def empty_store(store):
    store.clear()
    store["version"] = 1
    return store


def test_it(empty_store):
    empty_store["a"] = 1
    assert empty_store
""",
    "a context manager of the project restores": SETTINGS
    + """
import contextlib


@contextlib.contextmanager
def overridden(target, **values):
    before = dict(target)
    target.update(values)
    try:
        yield target
    finally:
        target.clear()
        target.update(before)


def test_it(settings):
    with overridden(settings, debug=True):
        settings["x"] = 1
        assert settings
""",
    "what the fixture itself changes": """
@pytest.fixture(scope="session")
def settings():
    values = {}
    values["debug"] = False
    values.update(a=1)
    yield values
    values.clear()


def test_it(settings):
    assert settings
""",
    "a fixture of the same scope goes on building it": SETTINGS
    + """
@pytest.fixture(scope="module")
def full_settings(settings):
    settings["more"] = True
    return settings


def test_it(full_settings):
    assert full_settings
""",
    "a factory": """
@pytest.fixture(scope="session")
def make():
    def inner():
        return {}

    return inner


@pytest.fixture(scope="session")
def builder():
    return lambda: []


def test_it(make, builder):
    values = make()
    values["a"] = 1
    builder().append(1)
    assert values
""",
    "a client, session or app of a library": """
import httpx
import sqlalchemy
from fastapi import FastAPI


@pytest.fixture(scope="module")
def client():
    with httpx.Client() as made:
        yield made


@pytest.fixture(scope="module")
def session():
    return sqlalchemy.orm.Session()


@pytest.fixture(scope="session")
def app():
    return FastAPI()


def test_it(client, session, app):
    session.add(1)
    client.headers.update(a="b")
    client.timeout = 3
    app.state.user = 1
    assert session
""",
    "methods of an object of the project, whatever they are called": SERVICE
    + """
class Store:
    def add(self, item):
        return item

    def pop(self):
        return 1

    def __setitem__(self, key, value):
        pass


@pytest.fixture(scope="module")
def store():
    return Store()


def test_it(store, service):
    store.add(1)
    store.pop()
    store["a"] = 1
    assert store
""",
    "objects that cannot change": """
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Point:
    x: int


class Pair(NamedTuple):
    a: int


@pytest.fixture(scope="module")
def point():
    return Point(1)


@pytest.fixture(scope="module")
def pair():
    return Pair(1)


def test_it(point, pair):
    with pytest.raises(AttributeError):
        point.x = 2
    with pytest.raises(AttributeError):
        pair.a = 2
""",
    "an assignment that is expected to fail": SETTINGS
    + """
def test_it(settings):
    with pytest.raises(TypeError):
        settings[[]] = 1
""",
    "the fixture collects": """
@pytest.fixture(scope="session")
def made():
    paths = []
    yield paths
    while paths:
        paths.pop().unlink()


@pytest.fixture(scope="module")
def results():
    found = {}
    yield found
    state.report(found)


def test_it(made, results, tmp_path):
    made.append(tmp_path)
    results["a"] = 1
    assert made
""",
    "reading": SETTINGS
    + """
def test_it(settings):
    value = settings["debug"]
    other = settings.get("hosts")
    names = [host.upper() for host in settings["hosts"]]
    names.append("x")
    local = {}
    local["debug"] = settings["debug"]
    local.update(settings)
    assert (value, other, local)
""",
    "a nested function's own parameter": SETTINGS
    + """
def test_it(settings):
    def change(settings):
        settings["a"] = 1
        return settings

    assert change({})
""",
    "a helper that copies": SETTINGS
    + """
def enabled(target):
    target = dict(target)
    target["debug"] = True
    return target


def test_it(settings):
    changed = enabled(settings)
    changed["x"] = 1
    assert changed
""",
    "a helper's argument is another object": SETTINGS
    + """
def enable(target):
    target["debug"] = True


def test_it(settings):
    enable(dict(settings))
    enable({})
    assert settings
""",
    "a fixture of the class shadows that of the file": SETTINGS
    + """
class TestIt:
    @pytest.fixture
    def settings(self):
        return {}

    def test_it(self, settings):
        settings["a"] = 1
        assert settings
""",
    "hypothesis gives the value": SETTINGS
    + """
from hypothesis import given
from hypothesis import strategies as st


@given(settings=st.dictionaries(st.text(), st.text()))
def test_it(settings):
    settings["a"] = "b"
    assert settings
""",
    "the type cannot be told": """
@pytest.fixture(scope="module")
def things():
    return state.load()


@pytest.fixture(scope="module")
def both(request):
    if request.param:
        return []
    return state.load()


def test_it(things, both):
    things.append(1)
    things["a"] = 1
    both.append(1)
    assert things
""",
}


def cases(table: Mapping[str, Mapping[str, str] | str]) -> list[object]:
    """Return a parameter for each entry of a table, named by its title."""
    return [pytest.param(expanded(files), id=title) for title, files in table.items()]


@pytest.mark.parametrize("files", cases(DUPLICATED))
def test_a_repeated_autouse_fixture_is_caught(files: dict[str, str], tmp_path: Path) -> None:
    assert found(files, tmp_path, "HRM401") == marked(files, "HRM401") != set()


@pytest.mark.parametrize("files", cases(NOT_DUPLICATED))
def test_a_fixture_that_repeats_nothing_is_left_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert found(files, tmp_path, "HRM401") == set()


@pytest.mark.parametrize("files", cases(SAME_NAME))
def test_two_of_one_name_with_other_bodies_are_left_to_the_project_preset(
    files: dict[str, str], tmp_path: Path
) -> None:
    assert found(files, tmp_path, "HRM401") == set()
    assert found(files, tmp_path, "HRM401", select=("HRM4", "project")) == marked(files, "HRM401") != set()


@pytest.mark.parametrize("files", cases(MISPLACED))
def test_a_wide_autouse_fixture_outside_conftest_is_caught(files: dict[str, str], tmp_path: Path) -> None:
    places = found(files, tmp_path, "HRM402", select=("HRM4", "project"))
    assert places == marked(files, "HRM402") != set()


@pytest.mark.parametrize("files", cases({name: case for name, case in MISPLACED.items() if name not in OF_ONE_FILE}))
def test_one_that_outlives_its_file_is_caught_without_the_project_preset(files: dict[str, str], tmp_path: Path) -> None:
    files = files | {"test_beside.py": "def test_beside():\n    assert True\n"}
    assert found(files, tmp_path, "HRM402") == marked(files, "HRM402") != set()


@pytest.mark.parametrize(("beside", "lines"), [("helper.py", []), ("more/test_more.py", [3])])
def test_one_of_the_only_test_file_is_left_to_the_project_preset(beside: str, lines: list[int], tmp_path: Path) -> None:
    source = "import pytest\n\n@pytest.fixture(scope='session', autouse=True)\ndef started():\n    state.start()\n\n"
    files = {"test_it.py": f"{source}def test_it():\n    assert state\n", beside: "def test_more():\n    assert True\n"}
    assert [item.line for item in lint_files(files, tmp_path, select=["HRM402", "project"]) if item.code == "HRM402"]
    assert [item.line - 1 for item in lint_files(files, tmp_path, select=["recommended"]) if item.line] == lines


@pytest.mark.parametrize("files", cases({name: MISPLACED[name] for name in OF_ONE_FILE}))
def test_a_module_scoped_one_of_a_file_whose_tests_nobody_uses_is_left_alone(
    files: dict[str, str], tmp_path: Path
) -> None:
    assert found(files, tmp_path, "HRM402") == set()


@pytest.mark.parametrize("user", USED_ELSEWHERE.values(), ids=USED_ELSEWHERE)
def test_a_module_scoped_one_that_used_tests_leave_behind_is_caught(user: str, tmp_path: Path) -> None:
    found = lint_files({"test_it.py": OF_MODULE, "deep/test_user.py": user}, tmp_path, select=("HRM402",))
    assert [(item.path, item.line) for item in found] == [("test_it.py", 5)]
    assert "test_user.py inherits or imports tests of this file" in found[0].message


@pytest.mark.parametrize("user", NOT_USED_ELSEWHERE.values(), ids=NOT_USED_ELSEWHERE)
def test_a_module_scoped_one_that_no_tests_leave_behind_is_left_alone(user: str, tmp_path: Path) -> None:
    assert lint_files({"test_it.py": OF_MODULE, "test_user.py": user}, tmp_path, select=("HRM402",)) == []


def test_a_module_scoped_one_of_a_class_goes_with_its_tests(tmp_path: Path) -> None:
    files = {"test_it.py": OF_CLASS, "test_user.py": USED_ELSEWHERE["a class is inherited"]}
    assert lint_files(files, tmp_path, select=("HRM402",)) == []


def test_what_is_used_from_a_file_that_is_no_test_file_does_not_count(tmp_path: Path) -> None:
    files = {"test_it.py": OF_MODULE, "tools.py": USED_ELSEWHERE["a class is inherited"]}
    assert lint_files(files, tmp_path, select=("HRM402",)) == []


@pytest.mark.parametrize("files", cases(WELL_PLACED))
def test_a_fixture_in_its_place_is_left_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert found(files, tmp_path, "HRM402") == set()


@pytest.mark.parametrize("files", cases(MUTATED))
def test_a_change_of_a_shared_fixture_is_caught(files: dict[str, str], tmp_path: Path) -> None:
    assert found(files, tmp_path, "HRM403") == marked(files, "HRM403") != set()


@pytest.mark.parametrize("files", cases(NOT_MUTATED))
def test_a_change_that_no_other_test_sees_is_left_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert found(files, tmp_path, "HRM403") == set()


def test_the_same_name_alone_is_enough_in_the_project_preset(tmp_path: Path) -> None:
    files = expanded(NOT_DUPLICATED["one name, other bodies, each for its own tests"])

    places = found(files, tmp_path, "HRM401", select=("HRM4", "project"))

    assert places == {("test_b.py", len(HEAD.splitlines()) + 2)}


@pytest.mark.parametrize("files", cases(BRIEF))
def test_copies_that_end_with_each_test_are_reported_only_in_the_project_preset(
    files: dict[str, str], tmp_path: Path
) -> None:
    assert found(files, tmp_path, "HRM401") == set()

    places = found(files, tmp_path, "HRM401", select=("HRM4", "project"))
    assert len(places) == 1


def test_an_override_stays_fine_in_the_project_preset(tmp_path: Path) -> None:
    files = expanded(NOT_DUPLICATED["a nearer conftest overrides for the session"])

    assert found(files, tmp_path, "HRM401", select=("HRM4", "project")) == set()


def test_the_order_in_which_files_are_checked_does_not_matter(tmp_path: Path) -> None:
    files = {f"test_{letter}.py": HEAD + RESET for letter in "abc"}
    backwards = dict(reversed(files.items()))

    assert found(backwards, tmp_path, "HRM401") == found(files, tmp_path, "HRM401")
    assert {path for path, _ in found(files, tmp_path, "HRM401")} == {"test_b.py", "test_c.py"}


SHARED = """
import pytest

@pytest.fixture(scope="session")
def prices():
    return {}
"""


@pytest.mark.parametrize("spelled", ["from test_a import *", "pytest_plugins = ['test_a']"])
def test_a_file_that_was_checked_before_still_gives_its_fixtures_to_the_conftest(spelled: str, tmp_path: Path) -> None:
    test = "def test_{}(prices):\n    prices['tea'] = 1\n"
    files = {
        "conftest.py": f"{spelled}\n",
        "test_a.py": SHARED + test.format("a"),
        "test_z.py": test.format("z"),
    }
    found = lint_files(files, tmp_path, select=("HRM403",))
    assert [item.path for item in found] == ["test_a.py", "test_z.py"]
