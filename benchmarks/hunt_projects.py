"""Projects in miniature with known answers: each kind of state, and each way in which one test can break another.

An answer is a pair of a test and the tests that suffice together to make it fail (`victims`) or pass (`brittle`), by
their node ids without `test_x.py::` where there is one file. `cleaners` are all tests that undo it in between.
"""

from __future__ import annotations

from typing import NamedTuple

Answers = tuple[tuple[str, tuple[str, ...]], ...]


class Project(NamedTuple):
    """One project: `path: source`, and what a hunt has to find in it; no answers mean that it is healthy."""

    name: str
    files: dict[str, str]
    victims: Answers = ()
    brittle: Answers = ()
    cleaners: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()


def one(name: str, source: str, victims: Answers = (), brittle: Answers = (), **more: object) -> Project:
    """Return a project of one test file."""
    files = {"test_x.py": source, "app.py": APP}
    return Project(name, files, victims, brittle, **more)  # type: ignore[arg-type]


APP = """\
import functools
import os

SETTINGS = {"debug": False}
ITEMS = []
READY = False
COUNT = 0


class Service:
    retries = 3
    _shared = None

    @classmethod
    def shared(cls):
        if cls._shared is None:
            cls._shared = cls()
            cls._shared.names = []
        return cls._shared


@functools.lru_cache(maxsize=None)
def region():
    return os.environ.get("REGION", "north")
"""


def pair(name: str, head: str, polluter: str, victim: str) -> Project:
    """Return a project with one polluter and one victim among bystanders."""
    source = f"{head}\n\ndef test_first():\n    pass\n\ndef test_victim():\n    {victim}\n\n"
    source += f"def test_other():\n    pass\n\ndef test_polluter():\n    {polluter}\n\ndef test_last():\n    pass\n"
    return one(name, source, victims=(("test_victim", ("test_polluter",)),))


PAIRS = (
    pair("environment", "import os", 'os.environ["REGION"] = "x"', 'assert "REGION" not in os.environ'),
    pair("dictionary", "import app", 'app.SETTINGS["debug"] = True', 'assert app.SETTINGS["debug"] is False'),
    pair("list", "import app", "app.ITEMS.append(1)", "assert app.ITEMS == []"),
    pair("module attribute", "import app", "app.COUNT += 1", "assert app.COUNT == 0"),
    pair("class attribute", "import app", "app.Service.retries = 9", "assert app.Service.retries == 3"),
    pair("singleton", "import app", 'app.Service.shared().names.append("x")', "assert app.Service.shared().names == []"),
    pair("cache", "import os, app", 'os.environ["REGION"] = "x"; app.region(); del os.environ["REGION"]',
         'assert app.region() == "north"'),
    pair("working folder", "import os", 'os.chdir("/")', 'assert os.path.exists("app.py")'),
    pair("import path", "import sys", 'sys.path.insert(0, "/nowhere")', 'assert "/nowhere" not in sys.path'),
    pair("module table", "import sys, app", 'sys.modules["app"] = None', "import app"),
    pair("logging", "import logging", "logging.disable(logging.CRITICAL)",
         'assert logging.getLogger("x").isEnabledFor(logging.ERROR)'),
    pair("signal", "import signal", "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
         "assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL"),
    pair("locale", "import locale, decimal", "decimal.getcontext().prec = 3",
         'assert str(decimal.Decimal(1) / 3) == "0." + "3" * 28'),
    pair("time zone", "import os, time", 'os.environ["TZ"] = "Asia/Tokyo"; time.tzset()',
         'assert "JST" not in time.tzname'),
    pair("umask", "import os", "os.umask(0o777)", "old = os.umask(0o022); os.umask(old); assert old != 0o777"),
    pair("arguments", "import sys", 'sys.argv.append("--verbose")', 'assert "--verbose" not in sys.argv'),
    pair("random seed", "import random", "random.seed(4)", "assert random.random() != random.Random(4).random()"),
    pair("thread", "import threading", 'threading.Thread(target=threading.Event().wait, name="w", daemon=True).start()',
         'assert "w" not in [each.name for each in threading.enumerate()]'),
    pair("patch", "import app\nfrom unittest import mock", 'mock.patch.object(app, "region", lambda: "x").start()',
         'assert app.region() == "north"'),
    pair("function replaced", "import app", 'app.region = lambda: "x"', 'assert app.region() == "north"'),
    pair("file in the tree", "import os", 'open("out.txt", "w").close()', 'assert not os.path.exists("out.txt")'),
    pair("file changed", "import app", 'open("app.py", "a").write("\\n# x")', 'assert "# x" not in open("app.py").read()'),
    pair("temporary file", "import os, tempfile", 'open(tempfile.gettempdir() + "/shared.txt", "w").close()',
         'assert not os.path.exists(tempfile.gettempdir() + "/shared.txt")'),
    pair("database file", "import sqlite3, os",
         'c = sqlite3.connect("a.db"); c.execute("create table t (x)"); c.commit(); c.close()',
         'c = sqlite3.connect("a.db"); n = c.execute("select count(*) from sqlite_master").fetchone(); assert n == (0,)'),
    pair("warnings filter", "import builtins", "builtins.answer = 42", 'assert not hasattr(builtins, "answer")'),
    pair("context variable", 'import contextvars\nV = contextvars.ContextVar("V", default=0)', "V.set(1)",
         "assert V.get() == 0"),
    pair("child process writes", "import os, subprocess, sys",
         "subprocess.run([sys.executable, '-c', 'open(\"by_child.txt\", \"w\")'], check=True)",
         'assert not os.path.exists("by_child.txt")'),
)  # fmt: skip

SHAPES = (
    one("brittle", "import app\ndef test_alone():\n    assert app.READY\n\ndef test_other():\n    pass\n\n"
        "def test_setter():\n    app.READY = True\n", brittle=(("test_alone", ("test_setter",)),)),
    one("brittle in every order", "import app\ndef test_set_a():\n    app.READY = True\n\ndef test_alone():\n"
        "    assert app.READY\n\ndef test_set_b():\n    app.READY = True\n",
        brittle=(("test_alone", ("test_set_a",)), ("test_alone", ("test_set_b",)))),
    one("cleaner", "import app\ndef test_polluter():\n    app.ITEMS.append(1)\n\ndef test_cleaner():\n    app.ITEMS.clear()\n\n"
        "def test_victim():\n    assert app.ITEMS == []\n", victims=(("test_victim", ("test_polluter",)),),
        cleaners=(("test_victim", "test_cleaner"),)),
    one("cleaners on both sides", "import app\ndef test_polluter():\n    app.ITEMS.append(1)\n\n"
        "def test_clean_a():\n    app.ITEMS.clear()\n\ndef test_victim():\n    assert app.ITEMS == []\n\n"
        "def test_clean_b():\n    app.ITEMS.clear()\n\ndef test_polluter_b():\n    app.ITEMS.append(2)\n",
        victims=(("test_victim", ("test_polluter",)), ("test_victim", ("test_polluter_b",))),
        cleaners=(("test_victim", "test_clean_a"), ("test_victim", "test_clean_b"))),
    one("two polluters needed", "import app\ndef test_a():\n    app.SETTINGS['a'] = 1\n\ndef test_victim():\n"
        "    assert not {'a', 'b'} <= set(app.SETTINGS)\n\ndef test_b():\n    app.SETTINGS['b'] = 1\n",
        victims=(("test_victim", ("test_a", "test_b")),)),
    one("two state-setters needed", "import app\ndef test_a():\n    app.SETTINGS['a'] = 1\n\ndef test_alone():\n"
        "    assert {'a', 'b'} <= set(app.SETTINGS)\n\ndef test_b():\n    app.SETTINGS['b'] = 1\n\ndef test_c():\n    pass\n",
        brittle=(("test_alone", ("test_a", "test_b")),)),
    one("polluter is a victim", "import app\ndef test_a():\n    app.ITEMS.append(1)\n\ndef test_b():\n    app.COUNT = 1\n"
        "    assert app.ITEMS == []\n\ndef test_c():\n    assert app.COUNT == 0\n",
        victims=(("test_b", ("test_a",)), ("test_c", ("test_b",)))),
    one("module fixture", "import pytest\n@pytest.fixture(scope='module')\ndef box():\n    return []\n\n"
        "def test_fill(box):\n    box.append(1)\n\ndef test_empty(box):\n    assert box == []\n\ndef test_none():\n    pass\n",
        victims=(("test_empty", ("test_fill",)),)),
    one("class fixture", "import pytest\nclass TestBox:\n    @pytest.fixture(scope='class')\n    def box(self):\n        return []\n\n"
        "    def test_fill(self, box):\n        box.append(1)\n\n    def test_empty(self, box):\n        assert box == []\n\n"
        "def test_none():\n    pass\n", victims=(("TestBox::test_empty", ("TestBox::test_fill",)),),
        cleaners=(("TestBox::test_empty", "test_none"),)),
    Project("session fixture", {
        "conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef box():\n    yield []\n",
        "test_a.py": "def test_fill(box):\n    box.append(1)\n", "test_b.py": "def test_empty(box):\n    assert box == []\n"},
        victims=(("test_b.py::test_empty", ("test_a.py::test_fill",)),)),
    one("unittest", "import unittest\nclass Box(unittest.TestCase):\n    items = []\n    def test_a(self):\n"
        "        self.items.append(1)\n    def test_b(self):\n        self.assertEqual(self.items, [])\n"
        "    def test_c(self):\n        pass\n", victims=(("Box::test_b", ("Box::test_a",)),)),
    one("setUpClass", "import unittest\nclass Box(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n"
        "        cls.items = []\n    def test_a(self):\n        self.items.append(1)\n    def test_b(self):\n"
        "        self.assertEqual(self.items, [])\n", victims=(("Box::test_b", ("Box::test_a",)),)),
    one("ids with spaces and brackets", "import app, pytest\n@pytest.mark.parametrize('v', ['a b', 'c[d]', \"e'f\"])\n"
        "def test_ids(v):\n    if v == 'c[d]':\n        app.ITEMS.append(1)\n    elif v == 'a b':\n        assert app.ITEMS == []\n",
        victims=(("test_ids[a b]", ("test_ids[c[d]]",)),)),
    Project("folders", {"app.py": APP, "conftest.py": "", "tests/unit/test_a.py":
        "import app\ndef test_a():\n    app.COUNT = 1\n", "tests/other/test_b.py":
        "import app\ndef test_b():\n    assert app.COUNT == 0\n"},
        victims=(("tests/other/test_b.py::test_b", ("tests/unit/test_a.py::test_a",)),)),
    one("error in setup", "import app, pytest\n@pytest.fixture\ndef clean():\n    assert app.COUNT == 0\n\n"
        "def test_a():\n    app.COUNT = 1\n\ndef test_b(clean):\n    pass\n", victims=(("test_b", ("test_a",)),)),
    one("many victims", "import app, pytest\ndef test_a():\n    app.COUNT = 1\n\n@pytest.mark.parametrize('n', range(3))\n"
        "def test_v(n):\n    assert app.COUNT == 0\n", victims=tuple((f"test_v[{n}]", ("test_a",)) for n in range(3))),
    one("plain order is red", "import app\ndef test_broken():\n    assert False\n\ndef test_a():\n    app.COUNT = 1\n\n"
        "def test_b():\n    assert app.COUNT == 0\n", victims=(("test_b", ("test_a",)),)),
    one("the process ends", "import app, os\ndef test_a():\n    app.COUNT = 1\n\ndef test_exit():\n    os._exit(3)\n\n"
        "def test_b():\n    assert app.COUNT == 0\n", victims=(("test_b", ("test_a",)),)),
    one("ends after another", "import app, os\ndef test_a():\n    app.COUNT = 1\n\ndef test_b():\n    if app.COUNT:\n"
        "        os._exit(3)\n\ndef test_c():\n    pass\n", victims=(("test_b", ("test_a",)),)),
    one("a test forks", "import app, os\ndef test_fork():\n    p = os.fork()\n    if not p:\n        os._exit(0)\n"
        "    os.waitpid(p, 0)\n\ndef test_a():\n    app.COUNT = 1\n\ndef test_b():\n    assert app.COUNT == 0\n",
        victims=(("test_b", ("test_a",)),)),
    one("output is captured", "import app\ndef test_a(capfd):\n    print('x')\n    assert capfd.readouterr().out == 'x\\n'\n"
        "    app.COUNT = 1\n\ndef test_b(capsys):\n    print('y')\n    assert capsys.readouterr().out == 'y\\n'\n"
        "    assert app.COUNT == 0\n", victims=(("test_b", ("test_a",)),)),
    Project("configured", {"pytest.ini": "[pytest]\naddopts = -x -q -p no:cacheprovider\nfilterwarnings = error\n", "test_x.py":
        "import warnings, app\ndef test_a():\n    app.COUNT = 1\n\ndef test_b():\n    if app.COUNT:\n"
        "        warnings.warn('changed')\n\ndef test_c():\n    pass\n", "app.py": APP},
        victims=(("test_x.py::test_b", ("test_x.py::test_a",)),)),
    Project("with xdist and randomly", {"pytest.ini": "[pytest]\naddopts = -n2 --dist loadfile\n", "test_x.py":
        "import app\ndef test_a():\n    app.COUNT = 1\n\ndef test_b():\n    assert app.COUNT == 0\n", "app.py": APP},
        victims=(("test_x.py::test_b", ("test_x.py::test_a",)),)),
    Project("guarded", {"pytest.ini": "[pytest]\nhermetic = error\n", "test_x.py":
        "import os\ndef test_a():\n    os.environ['REGION'] = 'x'\n\ndef test_b():\n    assert 'REGION' not in os.environ\n"},
        victims=(("test_x.py::test_b", ("test_x.py::test_a",)),)),
)  # fmt: skip

HEALTHY = (
    one("healthy", "import app, pytest\n@pytest.fixture(autouse=True)\ndef fresh(monkeypatch):\n"
        "    monkeypatch.setattr(app, 'COUNT', 0)\n\n@pytest.mark.parametrize('n', range(8))\ndef test_n(n, tmp_path):\n"
        "    app.COUNT += 1\n    (tmp_path / 'x').write_text('x')\n    assert app.COUNT == 1\n"),
    one("healthy cache", "import app\ndef test_a():\n    assert app.region() == 'north'\n\ndef test_b():\n"
        "    assert app.region() == 'north'\n"),
    one("healthy but red", "def test_a():\n    assert False\n\ndef test_b():\n    pass\n"),
    one("skips and expected failures", "import pytest\n@pytest.mark.skip\ndef test_a():\n    pass\n\n@pytest.mark.xfail\n"
        "def test_b():\n    assert False\n\ndef test_c():\n    pass\n"),
    one("teardown of a module fails", "import pytest\n@pytest.fixture(scope='module')\ndef bad():\n    yield\n    raise ValueError\n\n"
        "def test_a(bad):\n    pass\n\ndef test_b(bad):\n    pass\n\ndef test_c():\n    pass\n"),
    one("files are removed", "import os\ndef test_a():\n    open('a.txt', 'w').close()\n    os.remove('a.txt')\n\n"
        "def test_b():\n    assert not os.path.exists('a.txt')\n"),
)  # fmt: skip

PROJECTS = (*PAIRS, *SHAPES, *HEALTHY)
