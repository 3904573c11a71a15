"""The restore idioms as tables: every idiom in every place where a change can stand, caught or left alone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from hermetic.source.changes import State
from hermetic.source.leaks import find_leaks
from hermetic.source.project import Project
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOKENS = (b"knob", b"table")
STATE = State(
    "knob",
    calls=("panel.knob",),
    items=("panel.table",),
    attributes=("panel.table", "panel.knob_value"),
    methods={"panel.table": ("update", "pop", "clear", "setdefault", "__setitem__", "__delitem__")},
    neutral={"panel.dim_knob": ("0", "None")},
    restores=("panel.reset_knob",),
    saves=("panel.knob", "panel.read_knob"),
    managers=("panel.kept_knob",),
    patches=("knob",),
    uses=("@recorder.knob",),
    fixtures=("panel_plugin",),
    words=("knob",),
    keyed=True,
)
HEAD = "import contextlib, functools, os, pytest, unittest\nfrom unittest import mock\nimport panel\n\n"

# Where the change stands. BODY is the idiom.
PLACES = {
    "a test": "def test_it(request, monkeypatch, mocker, recorder):\n    BODY\n",
    "an async test": "async def test_it(request, monkeypatch, mocker, recorder):\n    BODY\n",
    "a method": "class TestIt:\n    def test_it(self, request, monkeypatch, mocker, recorder):\n        BODY\n",
    "a nested class": (
        "class TestAll:\n    class TestIt:\n"
        "        def test_it(self, request, monkeypatch, mocker, recorder):\n            BODY\n"
    ),
    "a fixture": "@pytest.fixture\ndef thing(request, monkeypatch, mocker, recorder):\n    BODY\n    return 1\n",
    "a helper of the test": (
        "def helper(request, monkeypatch, mocker, recorder):\n    BODY\n\n"
        "def test_it(request, monkeypatch, mocker, recorder):\n    helper(request, monkeypatch, mocker, recorder)\n"
    ),
    "a function inside the test": (
        "def test_it(request, monkeypatch, mocker, recorder):\n    def inner():\n        BODY\n    inner()\n"
    ),
    "a helper of a fixture": (
        "def helper(request, monkeypatch, mocker, recorder):\n    BODY\n\n"
        "@pytest.fixture(autouse=True)\ndef thing(request, monkeypatch, mocker, recorder):\n"
        "    helper(request, monkeypatch, mocker, recorder)\n"
    ),
    "a helper method": (
        "class TestIt:\n    def helper(self, request, monkeypatch, mocker, recorder):\n        BODY\n\n"
        "    def test_it(self, request, monkeypatch, mocker, recorder):\n"
        "        self.helper(request, monkeypatch, mocker, recorder)\n"
    ),
}

CAUGHT = {
    "nothing undoes it": "panel.knob('a', 1)",
    "put back below an assertion": "panel.table['a'] = 1\nassert panel.table\ndel panel.table['a']",
    "put back below a call that can fail": "old = panel.read_knob()\npanel.knob('a', 1)\nwork()\npanel.knob('a', old)",
    "an assertion before the try": "panel.table['a'] = 1\nassert work()\ntry:\n    work()\nfinally:\n    del panel.table['a']",
    "the finally undoes another key": "panel.table['a'] = 1\ntry:\n    work()\nfinally:\n    panel.table.pop('b')",
    "put back in an except only": "panel.table['a'] = 1\ntry:\n    work()\nexcept ValueError:\n    del panel.table['a']",
    "a manager of something else": "with contextlib.suppress(KeyError):\n    panel.knob('a', 1)\nwork()",
    "monkeypatch of another key": "monkeypatch.setitem(panel.table, 'b', 1)\npanel.table['a'] = 1",
    "a patch of another dict": "with mock.patch.dict(os.environ):\n    panel.table['a'] = 1",
    "a finalizer of something else": "panel.knob('a', 1)\nrequest.addfinalizer(work)",
    "only read before": "old = panel.read_knob()\npanel.knob('a', old + 1)",
    "changed from its own value": "panel.knob_value = panel.knob_value + 1",
    "setattr": "setattr(panel, 'knob_value', 1)",
    "a method of the table": "panel.table.update(a=1)",
    "an augmented table": "panel.table |= {'a': 1}",
    "an alias": "t = panel.table\nt['a'] = 1",
    "a deletion": "del panel.table['a']",
    "an unpacked target": "panel.knob_value, other = 1, 2",
}

LEFT_ALONE = {
    "try and finally": "try:\n    panel.knob('a', 1)\n    work()\nfinally:\n    panel.knob('a', 0)",
    "changed before the try": "panel.table['a'] = 1\ntry:\n    work()\nfinally:\n    del panel.table['a']",
    "a few steps before the try": "panel.table['a'] = 1\nx = work()\ntry:\n    work()\nfinally:\n    del panel.table['a']",
    "the try stands in a with": "panel.knob('a', 1)\nwith work():\n    try:\n        work()\n    finally:\n        panel.knob('a', 0)",
    "an outer finally": "try:\n    with work():\n        panel.table['a'] = 1\nfinally:\n    panel.table.pop('a')",
    "a finally that restores a copy": "old = dict(panel.table)\ntry:\n    panel.table['a'] = 1\nfinally:\n    panel.table.clear()\n    panel.table.update(old)",
    "a finally that calls a helper": "panel.table['a'] = 1\ntry:\n    work()\nfinally:\n    wipe()",
    "a finally with a condition": "panel.table['a'] = 1\ntry:\n    work()\nfinally:\n    if old is None:\n        panel.table.pop('a')\n    else:\n        panel.table['a'] = old",
    "a key held in a constant": "panel.table['a'] = 1\ntry:\n    work()\nfinally:\n    del panel.table[KEY]",
    "put back at once": "old = panel.read_knob()\npanel.knob('a', 1)\npanel.knob('a', old)",
    "put back after plain statements": "panel.table['a'] = 1\nx = 2\ndel panel.table['a']\nassert work()",
    "a manager of the table": "with panel.kept_knob():\n    panel.knob('a', 1)",
    "a manager of a third party that says so": "with tools.temporary_knob():\n    panel.knob('a', 1)",
    "a third party's sandbox": "with tools.sandbox():\n    panel.knob('a', 1)",
    "a context manager of the file": "with kept():\n    panel.table['a'] = 1",
    "a context manager class of the file": "with Kept():\n    panel.table['a'] = 1",
    "a helper that returns a manager": "with patched():\n    panel.table['a'] = 1",
    "mock.patch.dict": "with mock.patch.dict(panel.table, {'b': 1}):\n    panel.table['a'] = 1",
    "mock.patch.dict by name": "with mock.patch.dict('panel.table', clear=True):\n    panel.table['a'] = 1",
    "mock.patch.dict in a variable": "p = mock.patch.dict(panel.table)\nwith p:\n    panel.table['a'] = 1",
    "mock.patch of the whole": "with mock.patch('panel.table', {}):\n    panel.table['a'] = 1",
    "mock.patch.object": "with mock.patch.object(panel, 'knob_value', 2):\n    panel.knob_value = 1",
    "mock.patch.multiple": "with mock.patch.multiple('panel', knob_value=2):\n    panel.knob_value = 1",
    "pytest-mock": "mocker.patch.dict(panel.table)\npanel.table['a'] = 1",
    "monkeypatch.setitem first": "monkeypatch.setitem(panel.table, 'a', 0)\npanel.table['a'] = 1",
    "monkeypatch.delitem first": "monkeypatch.delitem(panel.table, 'a', raising=False)\npanel.table['a'] = 1",
    "monkeypatch.setattr of the whole": "monkeypatch.setattr(panel, 'table', {})\npanel.table['a'] = 1",
    "monkeypatch.setattr by name": "monkeypatch.setattr('panel.table', {})\npanel.table['a'] = 1",
    "monkeypatch.context": "with monkeypatch.context() as m:\n    m.setattr(panel, 'table', {})\n    panel.table['a'] = 1",
    "a MonkeyPatch of its own": "with pytest.MonkeyPatch.context() as mp:\n    mp.setitem(panel.table, 'a', 0)\n    panel.table['a'] = 1",
    "a call that records": "recorder.knob('a')\npanel.knob('a', 1)",
    "addfinalizer": "panel.table['a'] = 1\nrequest.addfinalizer(panel.table.clear)",
    "addfinalizer of a lambda": "panel.table['a'] = 1\nrequest.addfinalizer(lambda: panel.table.pop('a'))",
    "addfinalizer of a nested function": "def end():\n    del panel.table['a']\npanel.table['a'] = 1\nrequest.addfinalizer(end)",
    "addfinalizer of a partial": "panel.table['a'] = 1\nrequest.addfinalizer(functools.partial(panel.table.pop, 'a'))",
    "addfinalizer of a helper": "panel.table['a'] = 1\nrequest.addfinalizer(wipe)",
    "addfinalizer of a factory": "panel.table['a'] = 1\nrequest.addfinalizer(wiper())",
    "ExitStack.callback": "with contextlib.ExitStack() as stack:\n    stack.callback(panel.knob, 'a', 0)\n    panel.knob('a', 1)",
    "ExitStack.callback with setattr": "with contextlib.ExitStack() as stack:\n    stack.callback(setattr, panel, 'knob_value', 0)\n    panel.knob_value = 1",
    "ExitStack.enter_context": "with contextlib.ExitStack() as stack:\n    stack.enter_context(mock.patch.dict(panel.table))\n    panel.table['a'] = 1",
    "addCleanup": "case.addCleanup(panel.table.pop, 'a', None)\npanel.table['a'] = 1",
    "enterContext": "case.enterContext(mock.patch.dict(panel.table))\npanel.table['a'] = 1",
    "back to the default only": "panel.dim_knob(0)",
    "the default in a finally": "panel.dim_knob(5)\ntry:\n    work()\nfinally:\n    panel.dim_knob(0)",
    "a call that only restores": "panel.reset_knob()",
    "a call that restores, in a finally": "panel.knob('a', 1)\ntry:\n    work()\nfinally:\n    panel.reset_knob()",
    "what the code left is removed last": "work()\nassert panel.read_knob()\npanel.table.pop('a', None)",
    "a table of its own": "table = {}\ntable['a'] = 1",
    "an object of the same name": "panel = Panel()\npanel.table['a'] = 1",
    "a forked child": "if os.fork() == 0:\n    panel.knob('a', 1)\n    os._exit(0)",
    "a function that is only passed on": "def other():\n    panel.knob('a', 1)\nwork(other)",
}

TAIL = """
KEY = "a"

def wipe():
    panel.table.clear()

def wiper():
    def end():
        panel.table.clear()
    return end

@contextlib.contextmanager
def kept():
    old = dict(panel.table)
    try:
        yield
    finally:
        panel.table.clear()
        panel.table.update(old)

class Kept:
    def __enter__(self):
        self.old = dict(panel.table)

    def __exit__(self, *exc_info):
        panel.table.clear()
        panel.table.update(self.old)

def patched():
    return mock.patch.dict(panel.table)
"""


def leaks(files: Mapping[str, str], folder: Path, state: State = STATE) -> list[tuple[str, int, bool]]:
    """Return `(file, line, late)` of each leak in files written below `folder`."""
    write_files(files, folder)
    project = Project(str(folder))
    found = []
    for path in files:
        module = project.module(str(folder / path))
        assert module is not None, f"{path} does not parse"
        for leak in find_leaks(module, state, project):
            name = leak.change.scope.module.path.removeprefix(f"{folder}/")
            found.append((name, leak.change.line, leak.late))
    return sorted(set(found))


def placed(place: str, body: str) -> str:
    line = next(line for line in PLACES[place].splitlines() if line.strip() == "BODY")
    indent = line[: -len("BODY")]
    return HEAD + PLACES[place].replace(line, textwrap.indent(body, indent)) + TAIL


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("idiom", CAUGHT)
def test_a_change_that_stays_is_caught(place: str, idiom: str, tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed(place, CAUGHT[idiom])}, tmp_path)
    assert len(found) == 1, found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("idiom", LEFT_ALONE)
def test_a_change_that_is_undone_is_left_alone(place: str, idiom: str, tmp_path: Path) -> None:
    assert leaks({"test_it.py": placed(place, LEFT_ALONE[idiom])}, tmp_path) == []


@pytest.mark.parametrize("idiom", ["put back below an assertion", "put back below a call that can fail"])
def test_a_restore_that_a_failure_skips_is_called_late(idiom: str, tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed("a test", CAUGHT[idiom])}, tmp_path)
    assert [late for _, _, late in found] == [True]


def test_a_change_that_nothing_undoes_is_not_called_late(tmp_path: Path) -> None:
    found = leaks({"test_it.py": placed("a test", CAUGHT["nothing undoes it"])}, tmp_path)
    assert [late for _, _, late in found] == [False]


# What runs around the test. Each source holds the line `panel.table["a"] = 1` once; the title says what undoes it.
AROUND_CAUGHT = {
    "a fixture that restores before its yield": """
        @pytest.fixture
        def thing():
            panel.table["a"] = 1
            panel.read_knob()
            yield
        """,
    "a context manager that restores only when nothing fails": """
        @contextlib.contextmanager
        def flag():
            panel.table["a"] = 1
            yield
            del panel.table["a"]

        def test_it():
            with flag():
                assert work()
        """,
    "a teardown of another class": """
        class TestOther:
            def teardown_method(self):
                panel.table.clear()

        class TestIt:
            def test_it(self):
                panel.table["a"] = 1
        """,
    "a fixture that the test does not use": """
        @pytest.fixture
        def wiped():
            yield
            panel.table.clear()

        def test_it():
            panel.table["a"] = 1
        """,
    "an autouse fixture that only resets before": """
        @pytest.fixture(autouse=True)
        def prepared():
            panel.read_knob()

        def test_it():
            panel.table["a"] = 1
        """,
    "a session fixture ends too late": """
        @pytest.fixture(scope="session", autouse=True)
        def wiped():
            yield
            panel.table.clear()

        def test_it():
            panel.table["a"] = 1
        """,
    "an autouse fixture of another class": """
        class TestOther:
            @pytest.fixture(autouse=True)
            def wiped(self):
                yield
                panel.table.clear()

        def test_it():
            panel.table["a"] = 1
        """,
    "setUp without tearDown": """
        class It(unittest.TestCase):
            def setUp(self):
                panel.table["a"] = 1
        """,
    "setup_module without teardown": """
        def setup_module():
            panel.table["a"] = 1
        """,
    "a fixture hands out a function that changes": """
        @pytest.fixture
        def flag():
            def set_flag():
                panel.table["a"] = 1
            return set_flag
        """,
    "at import": """
        panel.table["a"] = 1
        """,
    "at import, in a class body": """
        class TestIt:
            panel.table["a"] = 1
        """,
    "at import, in a condition": """
        if os.name == "posix":
            panel.table["a"] = 1
        """,
    "at import, by a helper": """
        def configure():
            panel.table["a"] = 1

        configure()
        """,
    "an alias on self": """
        class TestIt:
            def setup_method(self):
                self.t = panel.table

            def test_it(self):
                self.t["a"] = 1
        """,
    "an imported alias, written over several lines": """
        from panel import (
            other,
            table as shelf,
        )

        def test_it():
            shelf["a"] = 1
        """,
}
AROUND_LEFT_ALONE = {
    "a fixture restores after its yield": """
        @pytest.fixture
        def thing():
            panel.table["a"] = 1
            yield
            del panel.table["a"]
        """,
    "an async fixture restores after its yield": """
        @pytest.fixture
        async def thing():
            panel.table["a"] = 1
            yield 1
            panel.table.pop("a")
        """,
    "a fixture yields in a try": """
        @pytest.fixture
        def thing():
            panel.table["a"] = 1
            try:
                yield
            finally:
                del panel.table["a"]
        """,
    "a fixture hands out a function and restores what it did": """
        @pytest.fixture
        def flag():
            def set_flag():
                panel.table["a"] = 1
            yield set_flag
            panel.table.clear()
        """,
    "a fixture restores through a helper": """
        @pytest.fixture
        def thing():
            panel.table["a"] = 1
            yield
            wipe()
        """,
    "a requested fixture restores": """
        @pytest.fixture
        def wiped():
            yield
            panel.table.clear()

        def test_it(wiped):
            panel.table["a"] = 1
        """,
    "a usefixtures mark restores": """
        @pytest.fixture
        def wiped():
            yield
            panel.table.clear()

        @pytest.mark.usefixtures("wiped")
        def test_it():
            panel.table["a"] = 1
        """,
    "a module mark restores": """
        pytestmark = [pytest.mark.usefixtures("wiped")]

        @pytest.fixture
        def wiped():
            yield
            panel.table.clear()

        def test_it():
            panel.table["a"] = 1
        """,
    "a fixture of a fixture restores": """
        @pytest.fixture
        def wiped():
            yield
            panel.table.clear()

        @pytest.fixture
        def client(wiped):
            return 1

        def test_it(client):
            panel.table["a"] = 1
        """,
    "an autouse fixture restores": """
        @pytest.fixture(autouse=True)
        def wiped():
            old = dict(panel.table)
            yield
            panel.table.clear()
            panel.table.update(old)

        def test_it():
            panel.table["a"] = 1
        """,
    "an autouse fixture yields in a patch": """
        @pytest.fixture(autouse=True)
        def wiped():
            with mock.patch.dict(panel.table):
                yield

        def test_it():
            panel.table["a"] = 1
        """,
    "an autouse fixture of the class restores": """
        class TestIt:
            @pytest.fixture(autouse=True)
            def wiped(self):
                yield
                panel.table.clear()

            def test_it(self):
                panel.table["a"] = 1
        """,
    "a base class's autouse fixture restores": """
        class Base:
            @pytest.fixture(autouse=True)
            def wiped(self):
                yield
                panel.table.clear()

        class TestIt(Base):
            def test_it(self):
                panel.table["a"] = 1
        """,
    "an autouse fixture adds a finalizer": """
        @pytest.fixture(autouse=True)
        def wiped(request):
            request.addfinalizer(panel.table.clear)

        def test_it():
            panel.table["a"] = 1
        """,
    "tearDown restores": """
        class It(unittest.TestCase):
            def setUp(self):
                panel.table["a"] = 1

            def tearDown(self):
                del panel.table["a"]
        """,
    "asyncTearDown restores": """
        class It(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                panel.table["a"] = 1

            async def asyncTearDown(self):
                del panel.table["a"]
        """,
    "tearDownClass restores": """
        class It(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                panel.table["a"] = 1

            @classmethod
            def tearDownClass(cls):
                del panel.table["a"]
        """,
    "a base class's tearDown restores": """
        class Base(unittest.TestCase):
            def tearDown(self):
                panel.table.clear()

        class It(Base):
            def test_it(self):
                panel.table["a"] = 1
        """,
    "setUp adds a cleanup for what the tests do": """
        class It(unittest.TestCase):
            def setUp(self):
                self.addCleanup(panel.table.clear)

            def test_it(self):
                panel.table["a"] = 1
        """,
    "setUp starts a patch and stops it in a cleanup": """
        class It(unittest.TestCase):
            def setUp(self):
                self.patch = mock.patch.dict(panel.table)
                self.patch.start()
                self.addCleanup(self.patch.stop)

            def test_it(self):
                panel.table["a"] = 1
        """,
    "tearDown stops the patch": """
        class It(unittest.TestCase):
            def setUp(self):
                self.patch = mock.patch.dict(panel.table)
                self.patch.start()

            def tearDown(self):
                self.patch.stop()

            def test_it(self):
                panel.table["a"] = 1
        """,
    "addClassCleanup": """
        class It(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(panel.table.pop, "a")
                panel.table["a"] = 1
        """,
    "teardown_method restores": """
        class TestIt:
            def setup_method(self):
                panel.table["a"] = 1

            def teardown_method(self, method):
                panel.table.clear()
        """,
    "teardown_module restores": """
        def setup_module():
            panel.table["a"] = 1

        def teardown_module():
            panel.table.clear()
        """,
    "teardown_function restores": """
        def teardown_function(function):
            panel.table.clear()

        def test_it():
            panel.table["a"] = 1
        """,
    "addModuleCleanup": """
        def setUpModule():
            unittest.addModuleCleanup(panel.table.clear)
            panel.table["a"] = 1
        """,
    "the decorator of the test": """
        @mock.patch.dict("panel.table")
        def test_it():
            panel.table["a"] = 1
        """,
    "the decorator of the class": """
        @mock.patch.dict(panel.table, clear=True)
        class It(unittest.TestCase):
            def test_it(self):
                panel.table["a"] = 1
        """,
    "a context manager of the file as decorator": """
        @kept()
        def test_it():
            panel.table["a"] = 1
        """,
    "a context manager that changes and restores": """
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
        """,
    "a helper is called in a try with a finally": """
        def flag():
            panel.table["a"] = 1

        def test_it():
            try:
                flag()
                assert work()
            finally:
                panel.table.clear()
        """,
    "a helper is called in a manager": """
        def flag():
            panel.table["a"] = 1

        def test_it():
            with kept():
                flag()
        """,
    "a helper is called in the cleanup only": """
        def flag():
            panel.table["a"] = 1

        @pytest.fixture
        def thing():
            yield
            flag()
        """,
    "a helper that nothing calls": """
        def flag():
            panel.table["a"] = 1
        """,
    "a plugin's fixture of the table": """
        def test_it(panel_plugin):
            panel.table["a"] = 1
        """,
    "a plugin's fixture that says so": """
        def test_it(clean_knobs):
            panel.table["a"] = 1
        """,
    "a mark that runs the test in a process of its own": """
        @pytest.mark.forked
        def test_it():
            panel.table["a"] = 1
        """,
    "a hook configures": """
        def pytest_configure(config):
            panel.table["a"] = 1
        """,
    "a script": """
        if __name__ == "__main__":
            panel.table["a"] = 1
        """,
    "at import, put back further down": """
        panel.table["a"] = 1
        import service
        del panel.table["a"]
        """,
    "at import, and a teardown": """
        panel.table["a"] = 1

        def teardown_module():
            del panel.table["a"]
        """,
    "at import, in a patch": """
        with mock.patch.dict(panel.table):
            panel.table["a"] = 1
            import service
        """,
}


@pytest.mark.parametrize("around", AROUND_CAUGHT)
def test_what_runs_around_does_not_undo_it(around: str, tmp_path: Path) -> None:
    source = HEAD + textwrap.dedent(AROUND_CAUGHT[around]) + TAIL
    found = leaks({"test_it.py": source}, tmp_path)
    assert len(found) == 1, found


@pytest.mark.parametrize("around", AROUND_LEFT_ALONE)
def test_what_runs_around_undoes_it(around: str, tmp_path: Path) -> None:
    source = HEAD + textwrap.dedent(AROUND_LEFT_ALONE[around]) + TAIL
    assert leaks({"test_it.py": source}, tmp_path) == []


HELPERS = HEAD + TAIL
BASE = """
import panel, unittest

class Base(unittest.TestCase):
    def tearDown(self):
        panel.table.clear()
"""
ACROSS_LEFT_ALONE = {
    "an imported context manager": {
        "helpers.py": HELPERS,
        "test_it.py": "import panel\nfrom helpers import kept\n\ndef test_it():\n    with kept():\n        panel.table['a'] = 1\n",
    },
    "an imported context manager class, through its module": {
        "helpers.py": HELPERS,
        "test_it.py": "import helpers, panel\n\ndef test_it():\n    with helpers.Kept():\n        panel.table['a'] = 1\n",
    },
    "an imported cleanup": {
        "helpers.py": HELPERS,
        "test_it.py": "import panel\nfrom helpers import wipe\n\ndef test_it(request):\n    panel.table['a'] = 1\n    request.addfinalizer(wipe)\n",
    },
    "an imported helper in a finally": {
        "helpers.py": HELPERS,
        "test_it.py": "import panel\nfrom helpers import wipe\n\ndef test_it():\n    panel.table['a'] = 1\n    try:\n        work()\n    finally:\n        wipe()\n",
    },
    "an imported base class": {
        "base.py": BASE,
        "test_it.py": "import panel\nfrom base import Base\n\nclass It(Base):\n    def test_it(self):\n        panel.table['a'] = 1\n",
    },
    "a fixture of the conftest": {
        "conftest.py": "import panel, pytest\n\n@pytest.fixture\ndef wiped():\n    yield\n    panel.table.clear()\n",
        "test_it.py": "import panel\n\ndef test_it(wiped):\n    panel.table['a'] = 1\n",
    },
    "an autouse fixture of the outer conftest": {
        "conftest.py": "import panel, pytest\n\n@pytest.fixture(autouse=True)\ndef wiped():\n    yield\n    panel.table.clear()\n",
        "sub/test_it.py": "import panel\n\ndef test_it():\n    panel.table['a'] = 1\n",
    },
    "an imported function that undoes its own change": {
        "app.py": "import panel\n\ndef run():\n    panel.table['a'] = 1\n    try:\n        work()\n    finally:\n        del panel.table['a']\n",
        "test_it.py": "from app import run\n\ndef test_it():\n    run()\n",
    },
    "an imported function that is called under a patch": {
        "app.py": "import panel\n\ndef run():\n    panel.table['a'] = 1\n",
        "test_it.py": "import panel\nfrom unittest import mock\nfrom app import run\n\n@mock.patch.dict(panel.table)\ndef test_it():\n    run()\n",
    },
    "a session fixture of the conftest that runs for everything is configuration": {
        "conftest.py": "import panel, pytest\n\n@pytest.fixture(scope='session', autouse=True)\ndef configured():\n    panel.table['a'] = 1\n",
    },
}
ACROSS_CAUGHT = {
    "an imported function": {
        "app.py": "import panel\n\ndef run():\n    panel.table['a'] = 1\n",
        "test_it.py": "from app import run\n\ndef test_it():\n    run()\n",
    },
    "an imported function of a function": {
        "app.py": "import panel\n\ndef run():\n    start()\n\ndef start():\n    panel.table['a'] = 1\n",
        "test_it.py": "import app as service\n\ndef test_it():\n    service.run()\n",
    },
    "an imported context manager that does not restore": {
        "helpers.py": "import contextlib\n\n@contextlib.contextmanager\ndef nothing():\n    yield\n",
        "test_it.py": "import panel\nfrom helpers import nothing\n\ndef test_it():\n    with nothing():\n        panel.table['a'] = 1\n",
    },
    "a base class in a file of its own": {
        "base.py": "import panel, unittest\n\nclass Base(unittest.TestCase):\n    def setUp(self):\n        panel.table['a'] = 1\n",
    },
    "a fixture of the conftest": {
        "conftest.py": "import panel, pytest\n\n@pytest.fixture\ndef flag():\n    panel.table['a'] = 1\n",
    },
}


@pytest.mark.parametrize("case", ACROSS_LEFT_ALONE)
def test_what_other_files_do_is_seen_to_undo_it(case: str, tmp_path: Path) -> None:
    assert leaks(ACROSS_LEFT_ALONE[case], tmp_path) == []


@pytest.mark.parametrize("case", ACROSS_CAUGHT)
def test_a_change_is_caught_across_files(case: str, tmp_path: Path) -> None:
    assert len(leaks(ACROSS_CAUGHT[case], tmp_path)) == 1
