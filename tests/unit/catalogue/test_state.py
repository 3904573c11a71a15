"""Further spellings for the rules about global state: what must be caught, and what must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

TELEMETRY = """
import unittest
import pytest
from opentelemetry import metrics, trace
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.test.globals_test import TraceGlobalsTest, reset_trace_globals

"""
BREAKERS = """
import circuitbreaker
import pybreaker
import pytest
from pybreaker import CircuitBreakerError
from gateway import Gate, ask, breaker, find, gate, read

"""
GATEWAY = """
import circuitbreaker
import pybreaker

class Gate(pybreaker.CircuitBreaker):
    pass

class Fuse:
    pass

breaker = pybreaker.CircuitBreaker(fail_max=2)
gate = Gate(fail_max=2)
fuse = Fuse()

@breaker
def ask(transport): ...

@circuitbreaker.circuit(failure_threshold=2, expected_exception=OSError)
def read(transport): ...

@pybreaker.CircuitBreaker(exclude=[KeyError])
def find(transport): ...
"""


def lines(source: str, code: str, tmp_path: Path, **others: str) -> set[int]:
    """Return the lines of a test file at which a rule finds something, the first of `source` being 1."""
    head = TELEMETRY if code == "HRM604" else BREAKERS
    files = {f"{name}.py": text for name, text in others.items()} | {"test_it.py": f"{head}{source}"}
    found = lint_files({"gateway.py": GATEWAY, **files}, tmp_path)
    return {item.line - head.count("\n") for item in found if item.code == code}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class TestIt:\n    def setup_method(self):\n        trace.set_tracer_provider(TracerProvider())\n", {3}),
        ("def test_it():\n    RedisInstrumentor().instrument()\n", {2}),
        ("trace.set_tracer_provider(TracerProvider())\ndef test_it(): ...\n", {1}),
        ("def test_it():\n    trace.get_tracer_provider().add_span_processor(object())\n", {2}),
        (
            "def test_it():\n    set_up = trace.set_tracer_provider\n    set_up(TracerProvider())\n",
            {3},
        ),
        ("async def test_it():\n    trace._TRACER_PROVIDER = TracerProvider()\n", {2}),
        (
            (
                "class TestIt(unittest.TestCase):\n    def test_it(self):\n        RedisInstrumentor().instrument()\n"
                "        self.assertTrue(1)\n        RedisInstrumentor().uninstrument()\n"
            ),
            {3},
        ),
    ],
)
def test_telemetry_that_stays_is_found(source: str, expected: set[int], tmp_path: Path) -> None:
    assert lines(source, "HRM604", tmp_path) == expected


@pytest.mark.parametrize(
    "source",
    [
        "class TestIt(TraceGlobalsTest):\n    def test_it(self):\n        trace.set_tracer_provider(None)\n",
        (
            "def setup_function():\n    trace.set_tracer_provider(TracerProvider())\n"
            "def teardown_function():\n    reset_trace_globals()\ndef test_it(): ...\n"
        ),
        "def test_it(worker_telemetry):\n    trace.get_tracer_provider().add_span_processor(object())\n",
        (
            "class TestIt(unittest.TestCase):\n    def setUp(self):\n        RedisInstrumentor().instrument()\n"
            "        self.addCleanup(RedisInstrumentor().uninstrument)\n    def test_it(self): ...\n"
        ),
        (
            "class Cases:\n    class Base(unittest.TestCase):\n        def tearDown(self):\n"
            "            RedisInstrumentor().uninstrument()\n"
            "class TestIt(Cases.Base):\n    def test_it(self):\n        RedisInstrumentor().instrument()\n"
        ),
        (
            "def test_it(monkeypatch):\n    monkeypatch.setattr(trace, '_TRACER_PROVIDER_SET_ONCE', object())\n"
            "    monkeypatch.setattr(trace, '_TRACER_PROVIDER', None)\n    trace.set_tracer_provider(None)\n"
        ),
        (
            "def test_it():\n    provider = TracerProvider()\n    provider.add_span_processor(object())\n"
            "    RedisInstrumentor().instrument_app(object(), tracer_provider=provider)\n"
        ),
    ],
)
def test_telemetry_that_is_taken_back_is_left_alone(source: str, tmp_path: Path) -> None:
    assert lines(source, "HRM604", tmp_path) == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def test_it():\n    gate.half_open()\n", {2}),
        ("def test_it():\n    breaker._state_storage.state = 'open'\n", {2}),
        ("def test_it():\n    circuitbreaker.CircuitBreakerMonitor.get('read')._state = 'open'\n", {2}),
        (
            "def test_it():\n    for _ in range(2):\n        with pytest.raises(OSError):\n            read(print)\n",
            {4},
        ),
        (
            "def test_it():\n    pytest.raises(ValueError, ask, id)\n    pytest.raises(CircuitBreakerError, ask, id)\n",
            {3},
        ),
        (
            (
                "def test_it():\n    for _ in range(breaker.fail_max):\n        with pytest.raises(ValueError):\n"
                "            gate.call(print)\n    with pytest.raises(CircuitBreakerError):\n        gate.call(print)\n"
            ),
            {4},
        ),
    ],
)
def test_a_breaker_that_stays_open_is_found(source: str, expected: set[int], tmp_path: Path) -> None:
    assert lines(source, "HRM605", tmp_path) == expected


@pytest.mark.parametrize(
    "source",
    [
        "def test_it():\n    with pytest.raises(ValueError):\n        ask(print)\n",
        "def test_it():\n    for _ in range(9):\n        with pytest.raises(KeyError):\n            find(print)\n",
        "def test_it():\n    for _ in range(9):\n        with pytest.raises(ValueError):\n            read(print)\n",
        "def test_it():\n    with pytest.raises(CircuitBreakerError):\n        ask(print)\n",
        "def test_it(tmp_path):\n    with (tmp_path / 'breaker').open() as breaker:\n        breaker.read()\n",
        "def test_it():\n    one = Gate()\n    one.open()\n",
        (
            "@pytest.fixture(autouse=True)\ndef closed():\n    yield\n    gate.close()\n"
            "def test_it():\n    pytest.raises(ValueError, gate.call, print)\n    gate.open()\n"
        ),
        (
            "@pytest.fixture(autouse=True)\ndef reset_breakers():\n    yield\n    for one in (breaker, gate):\n"
            "        one.close()\ndef test_it():\n    gate.open()\n"
        ),
        (
            "def test_it(monkeypatch):\n    monkeypatch.setattr('gateway.gate', Gate())\n    import gateway\n"
            "    gateway.gate.open()\n"
        ),
    ],
)
def test_a_breaker_that_is_closed_again_or_nobody_elses_is_left_alone(source: str, tmp_path: Path) -> None:
    assert lines(source, "HRM605", tmp_path) == set()


SHOP = "OPEN = True\nclass Till:\n    rate = 1\n    def ring(self): ...\n"
BY_HAND = {
    "HRM603 an old value that was kept": (
        "    old = Till.rate\n    Till.rate = 2\n    assert Till.rate == 2\n    Till.rate = old\n"
    ),
    "HRM601 the value of the module": "    shop.OPEN = False\n    assert not shop.OPEN\n    shop.OPEN = True\n",
    "HRM603 del": "    Till.tip = 3\n    assert Till.tip\n    del Till.tip\n",
    "HRM603 delattr": "    Till.tip = 3\n    assert Till.tip\n    delattr(Till, 'tip')\n",
    "HRM308 delattr": "    Till.tip = lambda self: 3\n    assert Till().tip()\n    delattr(Till, 'tip')\n",
    "HRM104 a reload below the block": (
        "    with patch.dict('os.environ', A='1'):\n        reload(shop)\n        assert shop.OPEN\n    reload(shop)\n"
    ),
}
SUITE = "from importlib import reload\nfrom unittest.mock import patch\nimport shop\nfrom shop import Till\n"


@pytest.mark.parametrize("case", BY_HAND)
def test_what_a_test_puts_back_by_hand_is_said_to_be_put_back_when_nothing_fails(case: str, tmp_path: Path) -> None:
    found = lint_files({"shop.py": SHOP, "test_it.py": f"{SUITE}def test_it():\n{BY_HAND[case]}"}, tmp_path)

    assert [item.code for item in found] == [case.partition(" ")[0]]
    undone = "taken away" if "is added" in found[0].message else "put back"
    assert f"{undone} only when nothing fails in between" in found[0].message


def test_a_reload_while_the_patch_still_holds_puts_nothing_back(tmp_path: Path) -> None:
    body = "    monkeypatch.setenv('A', '1')\n    reload(shop)\n    assert shop.OPEN\n    reload(shop)\n"

    found = lint_files({"shop.py": SHOP, "test_it.py": f"{SUITE}def test_it(monkeypatch):\n{body}"}, tmp_path)

    assert [item.message.rpartition(" in ")[2] for item in found] == ["test_it and not put back"]


@pytest.mark.parametrize("last", ["shop.OPEN = True", "delattr(Till, 'tip')", "del Till.tip"])
def test_what_a_finally_or_a_fixture_puts_back_is_no_finding(last: str, tmp_path: Path) -> None:
    change = "shop.OPEN = False" if "OPEN" in last else "Till.tip = 3"
    test = f"def test_it():\n    {change}\n    try:\n        assert shop\n    finally:\n        {last}\n"
    fixture = f"@pytest.fixture\ndef it():\n    {change}\n    yield\n    {last}\ndef test_its(it): ...\n"

    assert not lint_files({"shop.py": SHOP, "test_it.py": f"{SUITE}import pytest\n{test}{fixture}"}, tmp_path)


@pytest.mark.parametrize(
    ("head", "config", "expected"),
    [
        ("", "", 0),
        ("import pytest\n", "", 1),
        ("from django.test import TestCase\n", "", 1),
        ("", "[tool.pytest.ini_options]\npython_files = ['tests.py']\n", 1),
    ],
)
def test_a_tests_file_counts_where_something_collects_it(head: str, config: str, expected: int, tmp_path: Path) -> None:
    test = f"{head}import shop\ndef test_it():\n    shop.OPEN = False\n    assert not shop.OPEN\n"
    (tmp_path / "pyproject.toml").write_text(config)

    found = lint_files({"shop.py": SHOP, "tests.py": test, "test_other.py": "import shop\n"}, tmp_path)

    assert [item.code for item in found] == ["HRM601"] * expected


SETTERS = (
    "import shop\ndef close(state=True):\n    shop.OPEN = not state\ndef open_(state=True):\n    shop.OPEN = state\n"
)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ("close()", 1),
        ("close(); close(False)", 0),
        ("close(False); close()", 1),
        ("open_()", 0),
        ("open_(True)", 0),
        ("open_(state=False)", 1),
        ("open_(1)", 1),
    ],
)
def test_a_setter_that_is_last_given_the_value_of_the_module_changes_nothing(
    calls: str, expected: int, tmp_path: Path
) -> None:
    test = f"from keeper import close, open_\ndef test_it():\n    {calls}\n"

    found = lint_files({"shop.py": SHOP, "keeper.py": SETTERS, "test_it.py": test}, tmp_path)

    assert [item.code for item in found] == ["HRM601"] * expected


TRACED = "import sys\n\ndef spew():\n    sys.settrace(print)\n"
STAND_IN = """
import sys
import unittest
from spewer import spew

class SpewTest(unittest.TestCase):
    def setUp(self):
        self.kept = sys.settrace
        sys.settrace = self.note

    def tearDown(self):
        sys.settrace = self.kept

    def note(self, function): ...

    def test_spew(self):
        spew()
"""


@pytest.mark.parametrize(
    ("test", "expected"), [(STAND_IN, []), (STAND_IN.replace("sys.settrace", "self.x"), ["HRM106"])]
)
def test_what_a_setup_has_put_a_stand_in_for_is_not_called(test: str, expected: list[str], tmp_path: Path) -> None:
    found = lint_files({"spewer.py": TRACED, "test_it.py": test}, tmp_path, select=("HRM106",))

    assert [item.code for item in found] == expected


def test_a_session_fixture_that_makes_a_database_file_is_one_user_and_every_worker_makes_it(tmp_path: Path) -> None:
    made = (
        "import sqlite3, pytest\n@pytest.fixture(scope='session')\ndef base():\n"
        "    with sqlite3.connect('a.db') as made:\n        made.execute('create table item (name)')\n"
    )
    files = {"conftest.py": made, "test_it.py": "def test_a(base): ...\ndef test_b(base): ...\n"}

    found = lint_files(files, tmp_path, select=("HRM503", "HRM405"))
    each = lint_files(
        files | {"conftest.py": made.replace("session", "function")}, tmp_path, select=("HRM503", "HRM405")
    )

    assert [[item.code for item in items] for items in (found, each)] == [["HRM405"], ["HRM503"]]


@pytest.mark.parametrize("statement", ["DROP DATABASE IF EXISTS shop;", "create database shop default charset utf8"])
def test_the_database_that_a_session_fixture_makes_is_named(statement: str, tmp_path: Path) -> None:
    made = (
        "import pymysql, pytest\n@pytest.fixture(scope='session')\ndef server():\n"
        f"    found = pymysql.connect(database='mysql')\n    found.cursor().execute('{statement}')\n"
    )

    found = lint_files({"conftest.py": made}, tmp_path, select=("HRM405",))

    assert [item.message.partition(" again")[0] for item in found] == ["each worker makes the database 'shop'"]


CALL = "import app\ndef test_it():\n    app.{}()\ndef test_far():\n    assert app.far\n"
CHANGES = "def near():\n    far()\ndef far():\n    "
CACHED = "import functools, os\n@functools.cache\ndef kept():\n    return os.environ['SHOP']\n"
DEEP = {
    "HRM308": (f"{CHANGES}shop.Till.ring = lambda self: 1\n", CALL),
    "HRM601": (f"{CHANGES}shop.OPEN = False\n", CALL),
    "HRM603": (f"{CHANGES}shop.Till.rate = 2\n", CALL),
    "HRM602": (
        f"{CACHED}{CHANGES}kept()\n",
        "import app\ndef test_it(monkeypatch):\n    monkeypatch.setenv('SHOP', 'a')\n    app.{}()\n",
    ),
    "HRM503": (
        f"import sqlite3\n{CHANGES}made = sqlite3.connect('a.db')\n    made.executescript('')\n",
        "import app\ndef test_it():\n    app.{0}()\ndef test_its():\n    app.{0}()\n",
    ),
    "HRM405": (
        f"import os\n{CHANGES}os.mkdir('out')\n",
        "import app, pytest\n@pytest.fixture(scope='session')\ndef out():\n    app.{}()\ndef test_it(out): ...\n",
    ),
}


@pytest.mark.parametrize("code", DEEP)
def test_what_stands_behind_a_second_call_is_left_to_the_project_preset(code: str, tmp_path: Path) -> None:
    app, test = DEEP[code]
    files = {"shop.py": SHOP, "app.py": f"import shop\n{app}"}

    found = {
        (name, preset): bool(lint_files(files | {"test_it.py": test.format(name)}, tmp_path, select=(code, *preset)))
        for name in ("far", "near")
        for preset in ((), ("project",))
    }

    assert [key for key, is_found in found.items() if not is_found] == [("near", ())]


STORE = """
import json as _json
import store_backend
try:
    import speedups
    FAST = True
except ImportError:
    FAST = False
SLOW = False
ITEMS = []
ACTIVE = store_backend.Local()
current = None
backend = store_backend.connect()
class Box:
    PLAIN, FANCY = 1, 2
    style = PLAIN
    format = _json
def use(name):
    global current
    current = name
def add(item):
    ITEMS.append(item)
def remove(item):
    ITEMS.remove(item)
def reset():
    ITEMS.clear()
def reset_window():
    print()
def prepare():
    global SLOW
    try:
        import fancy
    except ImportError:
        SLOW = True
"""
STORE_SUITE = (
    "import pytest\nfrom importlib import reload\nfrom unittest.mock import Mock, patch\nimport store\n"
    "from store import Box\n"
)
AS_IT_WAS = {
    "an attribute of a stand-in": """
def test_it(monkeypatch):
    monkeypatch.setattr(store, 'backend', Mock())
    store.backend.get = lambda key: 1
""",
    "an attribute of what a patch stands for": """
@patch('store.backend')
def test_it(_):
    store.backend.get = lambda key: 1
""",
    "a setter of the module in a teardown": """
@pytest.fixture
def it():
    store.current = 'mine'
    yield
    store.use(None)
def test_it(it): ...
""",
    "a reload in a finally": """
def test_it():
    store.SLOW = True
    try:
        assert store.SLOW
    finally:
        reload(store)
""",
    "all names of the module in a finally": """
def test_it():
    before = dict(store.__dict__)
    store.SLOW = True
    try:
        assert store.SLOW
    finally:
        store.__dict__.update(before)
""",
    "an object made as the module makes it": "def test_it():\n    store.ACTIVE = store.store_backend.Local()\n",
    "the name that the class has there": "def test_it():\n    Box.style = Box.PLAIN\n",
    "the module that the class has there": "import json\ndef test_it():\n    Box.format = json\n",
    "what an import decides": "def test_it():\n    store.FAST = True\n",
    "a list that is empty from the start": "def test_it():\n    store.reset()\n",
    "what was put in before": "def test_it():\n    store.add('a')\n    store.remove('a')\n",
    "a flag that was set the other way before": """
def test_it():
    store.SLOW = False
    assert not store.SLOW
    store.SLOW = True
""",
    "a cache that code under test keeps": """
@pytest.fixture
def it():
    if hasattr(Box, 'kept'):
        del Box.kept
def test_it(it): ...
""",
    "where an import fails": "def test_it():\n    store.prepare()\n",
}
NOT_AS_IT_WAS = {
    "an attribute beside a stand-in": """
def test_it(monkeypatch):
    monkeypatch.setattr(store, 'other', Mock(), raising=False)
    store.backend.get = lambda key: 1
""",
    "a setter of another name in a teardown": """
@pytest.fixture
def it():
    store.SLOW = 'mine'
    yield
    store.use(None)
def test_it(it): ...
""",
    "an object made otherwise": "def test_it():\n    store.ACTIVE = store.store_backend.Local('mine')\n",
    "another module": "import pickle\ndef test_it():\n    Box.format = pickle\n",
    "another name": "def test_it():\n    Box.style = Box.FANCY\n",
    "the fallback of an import": "def test_it():\n    store.FAST = False\n",
    "a function that says it resets, and does not": """
def test_it():
    store.SLOW = 1
    store.reset_window()
""",
    "what was not put in before": "def test_it():\n    store.remove('a')\n    assert store.ITEMS\n",
    "a class variable without a question": "def test_it():\n    del Box.style\n",
}


def found_in_store(source: str, folder: Path) -> list[str]:
    files = {"store.py": STORE, "test_it.py": STORE_SUITE + source}
    return [item.code for item in lint_files(files, folder, select=("HRM308", "HRM601", "HRM603"))]


@pytest.mark.parametrize("case", AS_IT_WAS)
def test_data_that_is_as_the_module_begins_or_of_a_stand_in_is_left_alone(case: str, tmp_path: Path) -> None:
    assert found_in_store(AS_IT_WAS[case], tmp_path) == []


@pytest.mark.parametrize("case", NOT_AS_IT_WAS)
def test_data_that_is_otherwise_than_the_module_begins_is_found(case: str, tmp_path: Path) -> None:
    assert len(found_in_store(NOT_AS_IT_WAS[case], tmp_path)) == 1


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Till.open = True", "Till.open = False"),
        ("Till.host = 'nowhere'", "Till.host = host"),
        ("Till.current = Till()", "Till.clear_current()"),
    ],
)
def test_what_a_test_sets_and_then_sets_again_is_said_to_be_put_back_when_nothing_fails(
    first: str, last: str, tmp_path: Path
) -> None:
    shop = "import os\nclass Till:\n    open = bool(os.environ)\n    host = os.uname()\n    current = 0\n"
    test = f"from shop import Till\ndef test_it():\n    host = ask()\n    {first}\n    assert Till\n    {last}\n"

    found = lint_files({"shop.py": shop, "test_it.py": test}, tmp_path, select=("HRM603",))

    assert [(item.line, item.message.rpartition(" put back ")[2]) for item in found] == [
        (4, "only when nothing fails in between")
    ]


@pytest.mark.parametrize(("head", "count"), [("", 1), ("@patch('settings.kept', lambda: 1)\n", 0)])
def test_a_cached_function_that_a_patch_stands_for_keeps_nothing(head: str, count: int, tmp_path: Path) -> None:
    test = "def test_it(monkeypatch):\n    monkeypatch.setenv('SHOP', 'a')\n    settings.kept()\n"
    files = {"settings.py": CACHED, "test_it.py": f"from unittest.mock import patch\nimport settings\n{head}{test}"}

    assert len(lint_files(files, tmp_path, select=("HRM602",))) == count


def test_a_lambda_that_reads_a_variable_is_read_like_a_function(tmp_path: Path) -> None:
    source = """
import functools
import os


@functools.cache
def settings():
    read = lambda: [os.environ["APP_MODE"]]
    return read()


def test_settings(monkeypatch):
    monkeypatch.setenv("APP_MODE", "x")
    assert settings() == ["x"]
"""

    found = lint_files({"test_it.py": source}, tmp_path, select=("HRM602",))

    assert [item.line for item in found] == [14]


QUEUE = "pending = []\n\n\ndef put(job):\n    pending.append(job)\n"
USING = "import jobs\n\n\ndef test_a():\n    jobs.put(1)\n    {more}\n"


@pytest.mark.parametrize(
    ("name", "more", "select", "found"),
    [
        ("jobs", "assert jobs", ("recommended",), []),
        ("jobs", "assert jobs.pending", ("recommended",), ["HRM601"]),
        ("jobs", "assert jobs", ("recommended", "project"), ["HRM601"]),
        ("tests/jobs_helper", "assert jobs", ("recommended",), ["HRM601"]),
    ],
)
def test_data_of_the_code_under_test_counts_where_the_test_file_names_it(
    name: str, more: str, select: tuple[str, ...], found: list[str], tmp_path: Path
) -> None:
    test = USING.format(more=more).replace("import jobs", f"import {name.rpartition('/')[2]} as jobs")
    files = {f"{name}.py": QUEUE, "tests/test_it.py": test}

    assert [item.code for item in lint_files(files, tmp_path, select=select) if item.code == "HRM601"] == found
