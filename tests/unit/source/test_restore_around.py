"""Restore idioms around a test, as tables: teardowns, fixtures, decorators, and what happens at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.knob import HEAD, TAIL, leaks
from tests.utils.snippets import snippets

if TYPE_CHECKING:
    from pathlib import Path

CAUGHT = snippets("""
### a setup that removes last, and nothing brings it back
class TestIt(unittest.TestCase):
    def setUp(self):
        work()
        panel.table.pop("a")

    def test_it(self):
        self.assertTrue(panel)
### a class of the file whose constructor changes it
class Client:
    def __init__(self):
        panel.table["a"] = 1

class Sub(Client):
    pass

def test_it():
    Sub()
### a fixture that restores before its yield
@pytest.fixture
def thing():
    panel.table["a"] = 1
    panel.read_knob()
    yield
### a context manager that restores only when nothing fails
@contextlib.contextmanager
def flag():
    panel.table["a"] = 1
    yield
    del panel.table["a"]

def test_it():
    with flag():
        assert work()
### a teardown of another class
class TestOther:
    def teardown_method(self):
        panel.table.clear()

class TestIt:
    def test_it(self):
        panel.table["a"] = 1
### a fixture that the test does not use
@pytest.fixture
def wiped():
    yield
    panel.table.clear()

def test_it():
    panel.table["a"] = 1
### an autouse fixture that only resets before
@pytest.fixture(autouse=True)
def prepared():
    panel.read_knob()

def test_it():
    panel.table["a"] = 1
### a session fixture ends too late
@pytest.fixture(scope="session", autouse=True)
def wiped():
    yield
    panel.table.clear()

def test_it():
    panel.table["a"] = 1
### an autouse fixture of another class
class TestOther:
    @pytest.fixture(autouse=True)
    def wiped(self):
        yield
        panel.table.clear()

def test_it():
    panel.table["a"] = 1
### a fixture that a plugin is known to have
def test_it(tmp_path, capsys, mocker):
    panel.table["a"] = 1
### a parameter that a hook gives values to
def pytest_generate_tests(metafunc):
    metafunc.parametrize("number", [1, 2])

def test_it(number):
    panel.table["a"] = number
### a parameter with values, and one with a default
@pytest.mark.parametrize("number", [1, 2])
def test_it(number, other=1):
    panel.table["a"] = number
### setUp without tearDown
class It(unittest.TestCase):
    def setUp(self):
        panel.table["a"] = 1
### setup_module without teardown
def setup_module():
    panel.table["a"] = 1
### a fixture hands out a function that changes
@pytest.fixture
def flag():
    def set_flag():
        panel.table["a"] = 1
    return set_flag
### at import
panel.table["a"] = 1
### at import, in a class body
class TestIt:
    panel.table["a"] = 1
### at import, in a condition
if os.name == "posix":
    panel.table["a"] = 1
### at import, by a helper
def configure():
    panel.table["a"] = 1

configure()
### an alias on self
class TestIt:
    def setup_method(self):
        self.t = panel.table

    def test_it(self):
        self.t["a"] = 1
### an imported alias, written over several lines
from panel import (
    other,
    table as shelf,
)

def test_it():
    shelf["a"] = 1
### a helper registers a cleanup on a stack of its own
def forget(case):
    with contextlib.ExitStack() as stack:
        stack.callback(panel.table.clear)

class TestIt(unittest.TestCase):
    def setUp(self):
        forget(self)

    def test_it(self):
        panel.table["a"] = 1
### a helper registers the cleanup of something else
def forget(case):
    @case.addCleanup
    def end():
        panel.other.clear()

class TestIt(unittest.TestCase):
    def setUp(self):
        forget(self)

    def test_it(self):
        panel.table["a"] = 1
### a helper keeps the changed value
class TestIt(unittest.TestCase):
    def keep(self):
        old = dict(panel.table)
        self.addCleanup(panel.table.update, old)

    def test_it(self):
        panel.table["a"] = 1
        self.keep()
### a helper that only another class calls
class Other(unittest.TestCase):
    def setUp(self):
        self.addCleanup(wipe)

class TestIt(unittest.TestCase):
    def test_it(self):
        panel.table["a"] = 1
""")

LEFT_ALONE = snippets("""
### at import, where something is not installed
try:
    import fastpanel
except ImportError:
    panel.table["a"] = 1
### a requested fixture that nobody is seen to define
def test_it(panel_of_elsewhere):
    panel.table["a"] = 1
### a mark names a fixture that nobody is seen to define
@pytest.mark.usefixtures("kept_elsewhere")
class TestIt:
    def test_it(self):
        panel.table["a"] = 1
### a fixture requests one that nobody is seen to define
@pytest.fixture
def thing(kept_elsewhere):
    return 1

def test_it(thing):
    panel.table["a"] = 1
### a setup that makes sure that nothing is there
class TestIt(unittest.TestCase):
    def setUp(self):
        work()
        panel.table.pop("a", None)
### a setup that removes last, and a teardown that brings it back
class TestIt(unittest.TestCase):
    def setUp(self):
        work()
        self.old = panel.table.pop("a")

    def tearDown(self):
        panel.table["a"] = self.old
### an object whose constructor changes it is closed
class Client:
    def __init__(self):
        self.old = panel.knob("a", 1)

    def close(self):
        panel.knob("a", self.old)

def test_it():
    client = Client()
    work()
    client.close()
### a context manager that is entered in setUp, and closed by the cleanup
@contextlib.contextmanager
def flag():
    panel.table["a"] = 1
    yield
    del panel.table["a"]

class It(unittest.TestCase):
    def setUp(self):
        self.enterContext(flag())
### a fixture restores after its yield
@pytest.fixture
def thing():
    panel.table["a"] = 1
    yield
    del panel.table["a"]
### an async fixture restores after its yield
@pytest.fixture
async def thing():
    panel.table["a"] = 1
    yield 1
    panel.table.pop("a")
### a fixture yields in a try
@pytest.fixture
def thing():
    panel.table["a"] = 1
    try:
        yield
    finally:
        del panel.table["a"]
### a fixture hands out a function and restores what it did
@pytest.fixture
def flag():
    def set_flag():
        panel.table["a"] = 1
    yield set_flag
    panel.table.clear()
### a fixture restores through a helper
@pytest.fixture
def thing():
    panel.table["a"] = 1
    yield
    wipe()
### a requested fixture restores
@pytest.fixture
def wiped():
    yield
    panel.table.clear()

def test_it(wiped):
    panel.table["a"] = 1
### a usefixtures mark restores
@pytest.fixture
def wiped():
    yield
    panel.table.clear()

@pytest.mark.usefixtures("wiped")
def test_it():
    panel.table["a"] = 1
### a module mark restores
pytestmark = [pytest.mark.usefixtures("wiped")]

@pytest.fixture
def wiped():
    yield
    panel.table.clear()

def test_it():
    panel.table["a"] = 1
### a fixture of a fixture restores
@pytest.fixture
def wiped():
    yield
    panel.table.clear()

@pytest.fixture
def client(wiped):
    return 1

def test_it(client):
    panel.table["a"] = 1
### an autouse fixture restores
@pytest.fixture(autouse=True)
def wiped():
    old = dict(panel.table)
    yield
    panel.table.clear()
    panel.table.update(old)

def test_it():
    panel.table["a"] = 1
### an autouse fixture yields in a patch
@pytest.fixture(autouse=True)
def wiped():
    with mock.patch.dict(panel.table):
        yield

def test_it():
    panel.table["a"] = 1
### an autouse fixture of the class restores
class TestIt:
    @pytest.fixture(autouse=True)
    def wiped(self):
        yield
        panel.table.clear()

    def test_it(self):
        panel.table["a"] = 1
### a base class's autouse fixture restores
class Base:
    @pytest.fixture(autouse=True)
    def wiped(self):
        yield
        panel.table.clear()

class TestIt(Base):
    def test_it(self):
        panel.table["a"] = 1
### an autouse fixture adds a finalizer
@pytest.fixture(autouse=True)
def wiped(request):
    request.addfinalizer(panel.table.clear)

def test_it():
    panel.table["a"] = 1
### tearDown restores
class It(unittest.TestCase):
    def setUp(self):
        panel.table["a"] = 1

    def tearDown(self):
        del panel.table["a"]
### asyncTearDown restores
class It(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        panel.table["a"] = 1

    async def asyncTearDown(self):
        del panel.table["a"]
### tearDownClass restores
class It(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        panel.table["a"] = 1

    @classmethod
    def tearDownClass(cls):
        del panel.table["a"]
### a base class's tearDown restores
class Base(unittest.TestCase):
    def tearDown(self):
        panel.table.clear()

class It(Base):
    def test_it(self):
        panel.table["a"] = 1
### setUp adds a cleanup for what the tests do
class It(unittest.TestCase):
    def setUp(self):
        self.addCleanup(panel.table.clear)

    def test_it(self):
        panel.table["a"] = 1
### setUp starts a patch and stops it in a cleanup
class It(unittest.TestCase):
    def setUp(self):
        self.patch = mock.patch.dict(panel.table)
        self.patch.start()
        self.addCleanup(self.patch.stop)

    def test_it(self):
        panel.table["a"] = 1
### tearDown stops the patch
class It(unittest.TestCase):
    def setUp(self):
        self.patch = mock.patch.dict(panel.table)
        self.patch.start()

    def tearDown(self):
        self.patch.stop()

    def test_it(self):
        panel.table["a"] = 1
### addClassCleanup
class It(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(panel.table.pop, "a")
        panel.table["a"] = 1
### a method that a plugin of the project calls for teardown
class TestIt:
    def setup_test(self):
        self.old = panel.table["a"]

    def test_it(self):
        panel.table["a"] = 1

    def teardown_test(self):
        panel.table["a"] = self.old
### teardown_method restores
class TestIt:
    def setup_method(self):
        panel.table["a"] = 1

    def teardown_method(self, method):
        panel.table.clear()
### teardown_module restores
def setup_module():
    panel.table["a"] = 1

def teardown_module():
    panel.table.clear()
### teardown_function restores
def teardown_function(function):
    panel.table.clear()

def test_it():
    panel.table["a"] = 1
### addModuleCleanup
def setUpModule():
    unittest.addModuleCleanup(panel.table.clear)
    panel.table["a"] = 1
### the decorator of the test
@mock.patch.dict("panel.table")
def test_it():
    panel.table["a"] = 1
### the decorator of the class
@mock.patch.dict(panel.table, clear=True)
class It(unittest.TestCase):
    def test_it(self):
        panel.table["a"] = 1
### a context manager of the file as decorator
@kept()
def test_it():
    panel.table["a"] = 1
### a context manager that changes and restores
@contextlib.contextmanager
def flag():
    panel.table["a"] = 1
    try:
        yield
    finally:
        del panel.table["a"]

def test_it():
    with flag():
        assert work()
### a helper is called in a try with a finally
def flag():
    panel.table["a"] = 1

def test_it():
    try:
        flag()
        assert work()
    finally:
        panel.table.clear()
### a helper is called in a manager
def flag():
    panel.table["a"] = 1

def test_it():
    with kept():
        flag()
### a helper is called in the cleanup only
def flag():
    panel.table["a"] = 1

@pytest.fixture
def thing():
    yield
    flag()
### a helper that nothing calls
def flag():
    panel.table["a"] = 1
### a plugin's fixture of the table
def test_it(panel_plugin):
    panel.table["a"] = 1
### a plugin's fixture that says so
def test_it(clean_knobs):
    panel.table["a"] = 1
### a mark that runs the test in a process of its own
@pytest.mark.forked
def test_it():
    panel.table["a"] = 1
### a hook configures
def pytest_configure(config):
    panel.table["a"] = 1
### a script
if __name__ == "__main__":
    panel.table["a"] = 1
### at import, put back further down
panel.table["a"] = 1
import service
del panel.table["a"]
### at import, and a teardown
panel.table["a"] = 1

def teardown_module():
    del panel.table["a"]
### at import, in a patch
with mock.patch.dict(panel.table):
    panel.table["a"] = 1
    import service
### a mark under another name
with_wiping = pytest.mark.usefixtures("wiped")

@pytest.fixture
def wiped():
    yield
    panel.table.clear()

@with_wiping
def test_it():
    panel.table["a"] = 1
### a decorator registers a cleanup in setUp
class TestIt(unittest.TestCase):
    def setUp(self):
        @self.addCleanup
        def end():
            panel.table.clear()

    def test_it(self):
        panel.table["a"] = 1
### a helper registers a cleanup by decorator
def forget(case):
    old = dict(panel.table)

    @case.addCleanup
    def end():
        panel.table.clear()
        panel.table.update(old)

class TestIt(unittest.TestCase):
    def setUp(self):
        forget(self)

    def test_it(self):
        panel.table["a"] = 1
### a helper of a fixture registers a finalizer
def forget(request):
    request.addfinalizer(panel.table.clear)

@pytest.fixture(autouse=True)
def forgotten(request):
    forget(request)

def test_it():
    panel.table["a"] = 1
### a helper of a helper registers a cleanup
def forget(case):
    forget_all(case)

def forget_all(case):
    case.addCleanup(wipe)

class TestIt(unittest.TestCase):
    def test_it(self):
        forget(self)
        panel.table["a"] = 1
### a helper registers the removal, below the change
class TestIt(unittest.TestCase):
    def forget(self, key):
        self.addCleanup(panel.table.pop, key, None)

    def test_it(self):
        panel.table["a"] = 1
        self.forget("a")
""")


@pytest.mark.parametrize("around", CAUGHT)
def test_what_runs_around_does_not_undo_it(around: str, tmp_path: Path) -> None:
    found = leaks({"test_it.py": HEAD + CAUGHT[around] + TAIL}, tmp_path)
    assert len(found) == 1, found


@pytest.mark.parametrize("around", LEFT_ALONE)
def test_what_runs_around_undoes_it(around: str, tmp_path: Path) -> None:
    assert leaks({"test_it.py": HEAD + LEFT_ALONE[around] + TAIL}, tmp_path) == []


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (
            "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n    yield\n    panel.table.clear()\n",
            0,
        ),
        ("def pytest_runtest_teardown(item):\n    restore_knobs(item)\n", 0),
        ("def pytest_runtest_setup(item):\n    panel.read_knob()\n", 1),
        ("def pytest_sessionstart(session):\n    panel.table.clear()\n", 1),
    ],
)
def test_a_hook_around_each_test_undoes_what_the_test_changes(hook: str, expected: int, tmp_path: Path) -> None:
    test = "import panel\n\ndef test_it():\n    panel.table['a'] = 1\n"
    found = leaks({"conftest.py": f"import panel, pytest\n\n{hook}", "test_it.py": test}, tmp_path)
    assert len(found) == expected


@pytest.mark.parametrize(
    ("end", "late"),
    [
        ("assert 'a' not in panel.table", True),
        ("with work():\n        assert 'a' not in panel.table", False),
        ("assert 'b' not in panel.table", False),
        ("assert 'a' in panel.table", False),
    ],
)
def test_an_assertion_that_the_key_is_gone_says_that_it_was_put_back(end: str, late: bool, tmp_path: Path) -> None:
    test = f"import panel\n\ndef test_it():\n    panel.table['a'] = 1\n    work()\n    {end}\n"
    assert [item[2] for item in leaks({"test_it.py": test}, tmp_path)] == [late]


def test_an_assertion_that_a_removed_key_is_gone_puts_nothing_back(tmp_path: Path) -> None:
    test = "import panel\n\ndef test_it():\n    del panel.table['a']\n    work()\n    assert 'a' not in panel.table\n"
    assert [item[2] for item in leaks({"test_it.py": test}, tmp_path)] == [False]
