"""Family 3xx: further spellings that are caught, and correct twins that are left alone, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.finding import Finding

MARK = "# <- "
SHOP = """
class Client:
    async def price(self, item):
        raise NotImplementedError

    @staticmethod
    async def ping():
        raise NotImplementedError

    def name(self):
        return "shop"


class Special(Client):
    pass


async def fetch(key):
    raise NotImplementedError


async def stream():
    yield 1


def plain():
    return 1


client = Client()
"""

DECORATED = """
import asyncio
import functools

import anyio_tools
import tenacity
from fastapi import APIRouter

router = APIRouter()


def blocking_version(function):
    @functools.wraps(function)
    def run(*args):
        return asyncio.run(function(*args))

    return run


def logging(function):
    @functools.wraps(function)
    async def run(*args):
        return await function(*args)

    return run


@anyio_tools.command()
async def command():
    raise NotImplementedError


@blocking_version
async def blocking():
    raise NotImplementedError


@tenacity.retry
async def retried():
    raise NotImplementedError


@router.get("/")
async def route():
    raise NotImplementedError


@logging
async def logged():
    raise NotImplementedError
"""

CAUGHT = {
    # HRM301: where it is built x how it is spelled
    "301 setUp of a unittest class": """
import unittest
from unittest import mock


class MailTest(unittest.TestCase):  # <- HRM301
    def setUp(self):
        self.sender = mock.MagicMock()

    def test_sender(self):
        self.assertFalse(self.sender.called)
""",
    "301 class attribute": """
from unittest.mock import MagicMock


class TestMail:  # <- HRM301
    sender = MagicMock()

    def test_sender(self):
        assert self.sender
""",
    "301 an alias of the module, and a name for the class": """
import unittest.mock as um

Fake = um.AsyncMock


def test_sender():  # <- HRM301
    assert Fake()
""",
    "301 star import and a nested function": """
from unittest.mock import *


def test_sender():  # <- HRM301
    def build():
        return [MagicMock() for _ in range(3)]

    assert build()
""",
    "301 a constructor in a patch, as argument and in a decorator": """
from unittest.mock import AsyncMock, patch


def test_argument():  # <- HRM301
    with patch("os.getcwd", new=AsyncMock()):
        pass


@patch("os.getcwd", AsyncMock())
def test_decorator():  # <- HRM301
    pass
""",
    "301 a mixin of the file builds for the class that is collected": """
from unittest.mock import MagicMock


class Mocked:
    def setup_method(self):
        self.sender = MagicMock()


class TestMail(Mocked):  # <- HRM301
    def test_sender(self):
        assert self.sender
""",
    "301 a helper of the file, two calls away": """
from unittest.mock import MagicMock


def make():
    return MagicMock()


def make_all():
    return [make()]


def test_sender():  # <- HRM301
    assert make_all()
""",
    "301 another mark is no group": """
from unittest.mock import MagicMock

import pytest

pytestmark = pytest.mark.usefixtures("tmp_path")


@pytest.mark.parametrize("n", [1])
async def test_sender(n):  # <- HRM301
    assert MagicMock()
""",
    "301 one grouped test does not speak for the other": """
from unittest.mock import MagicMock

import pytest


@pytest.fixture
def sender():  # <- HRM301
    return MagicMock()


@pytest.mark.xdist_group("mail")
def test_one(sender):
    assert sender


def test_two(sender):
    assert sender
""",
    "301 mock is the backport, in a class nested in a class": """
import mock


class TestMail:
    class TestSender:  # <- HRM301
        def test_sender(self):
            assert mock.MagicMock()
""",
    "301 a subclass written in the file": """
from unittest.mock import AsyncMock


class FakeRepo(AsyncMock):
    pass


def test_repo():  # <- HRM301
    assert FakeRepo()
""",
    # HRM302
    "302 teardown does something else": """
import unittest
from unittest.mock import MagicMock


class MailTest(unittest.TestCase):  # <- HRM302
    def tearDown(self):
        del self.sender

    def test_sender(self):
        self.sender = MagicMock()
""",
    "302 gc is only disabled": """
import gc
from unittest.mock import MagicMock


class TestMail:  # <- HRM302
    def teardown_method(self):
        gc.disable()

    def test_sender(self):
        assert MagicMock()
""",
    "302 the collecting fixture is not autouse and not requested": """
import gc
from unittest.mock import MagicMock

import pytest


@pytest.fixture
def collect():
    yield
    gc.collect()


def test_sender():  # <- HRM302
    assert MagicMock()
""",
    "302 the fixture collects before the test": """
import gc
from unittest.mock import MagicMock

import pytest


@pytest.fixture(autouse=True)
def collect():
    gc.collect()
    yield


@pytest.fixture
def sender():  # <- HRM302
    return MagicMock()


def test_sender(sender):
    assert sender
""",
    "302 the autouse fixture belongs to another class": """
import gc
from unittest.mock import MagicMock

import pytest


class TestOther:
    @pytest.fixture(autouse=True)
    def collect(self):
        yield
        gc.collect()


class TestMail:  # <- HRM302
    def test_sender(self):
        assert MagicMock()
""",
    # HRM303
    "303 a condition on something else": """
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="slow there")
@pytest.mark.performance
def test_speed():  # <- HRM303
    pass
""",
    "303 grouped is not skipped": """
import pytest


@pytest.mark.xdist_group("perf")
@pytest.mark.benchmark(group="sort")
class TestSort:  # <- HRM303
    def test_speed(self):
        pass
""",
    "303 fewer rounds under a worker are still rounds": """
import os

import pytest


@pytest.mark.perf
def test_speed():  # <- HRM303
    rounds = 10
    if os.environ.get("PYTEST_XDIST_WORKER"):
        rounds = 2
    assert rounds
""",
    "303 the body skips on the controller": """
import pytest


@pytest.mark.perf
def test_speed(worker_id):  # <- HRM303
    if worker_id == "master":
        pytest.skip("only in workers")
    assert worker_id
""",
    "303 async, and a variable that says the wrong thing": """
import os

import pytest

SERIAL = os.environ.get("PYTEST_XDIST_WORKER") is None


@pytest.mark.performance
@pytest.mark.skipif(SERIAL, reason="?")
async def test_speed():  # <- HRM303
    pass
""",
    "303 unittest with skipUnless the wrong way round": """
import os
import unittest

import pytest


@pytest.mark.performance
class SpeedTest(unittest.TestCase):  # <- HRM303
    @unittest.skipUnless("PYTEST_XDIST_WORKER" in os.environ, "?")
    def test_speed(self):
        pass
""",
    "303 one mark of a class and one of the file": """
import pytest

pytestmark = pytest.mark.perf


def test_one():  # <- HRM303
    pass


class TestMany:  # <- HRM303
    def test_two(self):
        pass

    class TestInner:
        def test_three(self):
            pass
""",
    # HRM304
    "304 a base's tearDown that the subclass overrides": """
import unittest
from unittest.mock import patch


class Base(unittest.TestCase):
    def setUp(self):
        self.patcher = patch("shop.now")
        self.patcher.start()  # <- HRM304

    def tearDown(self):
        self.patcher.stop()


class ShopTest(Base):
    def tearDown(self):
        self.done = True

    def test_a(self):
        pass
""",
    "304 the subclass starts, and its tearDown hides the one that stops": """
import unittest
from unittest.mock import patch


class Stopping(unittest.TestCase):
    def tearDown(self):
        patch.stopall()


class ShopTest(Stopping):
    def setUp(self):
        patch("shop.now").start()  # <- HRM304

    def tearDown(self):
        self.done = True
""",
    "305 lists of coroutines": """
from unittest.mock import AsyncMock


def test_a():
    send = AsyncMock(return_value=1)
    assert sum(send(n) for n in (1, 2)) == 3  # <- HRM305
    assert [send(n) for n in (1, 2)] == [1, 1]  # <- HRM305
    both = [send(1), 2]  # <- HRM305
    assert both[0].real == 1
    named = {n: send(n) for n in (1, 2)}  # <- HRM305
    assert named[1] == 1
""",
    "305 a mock that a dictionary configures": """
from unittest import mock

ANSWERS = {"fetch.return_value": 1, "name": mock.Mock()}


def test_a():
    client = mock.AsyncMock(**ANSWERS)
    assert client.fetch() == 1  # <- HRM305
    assert client.name()
""",
    "306 a mock that returns an AsyncMock": """
from unittest.mock import AsyncMock, MagicMock, patch


def test_a():
    with patch("shop.fetch", MagicMock(return_value=AsyncMock())):  # <- HRM306
        pass
""",
    "304 an object of the module, and a class": """
from unittest.mock import patch

from shop import Client, client

settings = {"a": 1}


def test_a():
    patch.object(client, "name").start()  # <- HRM304
    patch.object(Client, "name").start()  # <- HRM304
    patch.dict(settings, a=2).start()  # <- HRM304
""",
    "304 nobody keeps the patcher": """
from unittest.mock import patch


def test_now():
    patch("time.time", return_value=1).start()  # <- HRM304
""",
    "304 another patcher is stopped": """
import unittest
from unittest import mock


class ClockTest(unittest.TestCase):
    def setUp(self):
        self.one = mock.patch("time.time")
        self.two = mock.patch("time.sleep")
        self.one.start()  # <- HRM304
        self.two.start()
        self.addCleanup(self.two.stop)

    def test_clock(self):
        pass
""",
    "304 patch.dict and patch.multiple, by alias": """
import os
from unittest.mock import patch as swap


def test_environ():
    patcher = swap.dict(os.environ, {"A": "1"})
    patcher.start()  # <- HRM304
    assert os.environ["A"] == "1"
    patcher.stop()


def test_multiple():
    patcher = swap.multiple(os, getcwd=None)
    patcher.start()  # <- HRM304
    assert os.getcwd is None
    patcher.stop()
""",
    "304 setUpClass without tearDownClass": """
import unittest
from unittest.mock import patch


class ClockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.patcher = patch("time.time")
        cls.now = cls.patcher.start()  # <- HRM304

    def test_clock(self):
        self.assertTrue(self.now)
""",
    "304 a list of patchers in a loop, another list is stopped": """
from unittest.mock import patch


class TestClock:
    def setup_method(self):
        self.patchers = []
        self.patchers.append(patch("time.time"))
        self.patchers.append(patch("time.sleep"))
        for patcher in self.patchers:
            patcher.start()  # <- HRM304

    def teardown_method(self):
        for patcher in self.others:
            patcher.stop()

    def test_clock(self):
        pass
""",
    "304 a fixture that returns the mock": """
import pytest
from unittest.mock import patch


@pytest.fixture
def now():
    patcher = patch("time.time", return_value=1)
    return patcher.start()  # <- HRM304
""",
    "304 at import, in a class body, and at the end of the process": """
import atexit
from unittest.mock import patch

patch("time.time").start()  # <- HRM304


class TestClock:
    patcher = patch("time.sleep")
    sleep = patcher.start()  # <- HRM304


late = patch("time.monotonic")
late.start()  # <- HRM304
atexit.register(late.stop)
""",
    "304 stop in except only": """
from unittest.mock import patch


def test_clock():
    patcher = patch("time.time")
    patcher.start()  # <- HRM304
    try:
        assert 1
    except ValueError:
        patcher.stop()
        raise
""",
    "304 a helper gets the patcher": """
from unittest.mock import patch


def begin(patcher):
    return patcher.start()  # <- HRM304


def test_clock():
    begin(patch("time.time"))
""",
    "304 a helper makes the patcher": """
from unittest.mock import patch


def clock(**given):
    return patch("time.time", **given)


def test_clock():
    clock(return_value=1).start()  # <- HRM304
""",
    "304 a dict of patchers": """
import unittest
from unittest.mock import patch


class ClockTest(unittest.TestCase):
    def setUp(self):
        self.patchers = {"time": patch("time.time"), "sleep": patch("time.sleep")}
        self.mocks = {name: patcher.start() for name, patcher in self.patchers.items()}  # <- HRM304

    def test_clock(self):
        pass
""",
    "304 a nested function is called": """
from unittest import mock


async def test_clock():
    def freeze():
        mock.patch.object(__import__("time"), "time").start()  # <- HRM304

    freeze()
""",
    "304 mocker.stopall stops only what mocker started": """
from unittest.mock import patch


def test_clock(mocker):
    patch("time.time").start()  # <- HRM304
    try:
        pass
    finally:
        mocker.stopall()
""",
    # HRM305
    "305 in a condition, negated, formatted, in arithmetic": """
from unittest import mock


def test_repo():
    repo = mock.AsyncMock()
    if repo.exists(1):  # <- HRM305
        pass
    assert not repo.exists(2)  # <- HRM305
    assert f"{repo.name()}" == "x"  # <- HRM305
    assert repo.count() + 1 == 2  # <- HRM305
    assert repo.find()["id"]  # <- HRM305
    assert repo.find().id  # <- HRM305
    assert isinstance(repo, object) and repo.ok()  # <- HRM305
""",
    "305 in an async test, through self": """
import unittest
from unittest.mock import AsyncMock


class RepoTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.repo = AsyncMock(name="repo")

    async def test_save(self):
        self.repo.save("x")  # <- HRM305
        self.assertEqual(self.repo.load("x"), "x")  # <- HRM305
        self.assertTrue(self.repo.session.is_open())  # <- HRM305
""",
    "305 the mock itself, by with, by start, by mocker": """
from unittest.mock import AsyncMock, patch


def test_with():
    with patch("app.send", new_callable=AsyncMock) as send:
        send("x")  # <- HRM305


def test_new():
    with patch("app.send", AsyncMock(return_value=1)) as send:
        assert send("x") == 1  # <- HRM305


def test_mocker(mocker):
    send = mocker.patch("app.send", new_callable=mocker.AsyncMock)
    send("x")  # <- HRM305
    stub = mocker.async_stub()
    stub("x")  # <- HRM305
""",
    "305 children given to a plain mock": """
from unittest.mock import AsyncMock, MagicMock


def test_keyword():
    client = MagicMock(get=AsyncMock(return_value=1))
    assert client.get("x") == 1  # <- HRM305


def test_assigned():
    client = MagicMock()
    client.session.get = AsyncMock(return_value=1)
    result = client.session.get("x")  # <- HRM305
    assert result == 1
""",
    "305 a fixture that yields, and one that adds to it": """
import pytest
from unittest.mock import AsyncMock, patch


@pytest.fixture(name="send")
def _send():
    with patch("app.send", new_callable=AsyncMock) as mocked:
        yield mocked


@pytest.fixture
async def ready(send):
    send.return_value = 1
    return send


def test_send(send):
    send("x")  # <- HRM305


async def test_ready(ready):
    assert ready("x") == 1  # <- HRM305
""",
    "305 decorators pass mocks from the bottom up": """
from unittest.mock import AsyncMock, patch


@patch("app.other")
@patch("app.fixed", 3)
@patch("app.send", new_callable=AsyncMock)
def test_send(send, other, tmp_path):
    send("x")  # <- HRM305
    other("x")
""",
    "305 a helper makes it": """
from unittest.mock import AsyncMock as Fake


def make_repo(rows):
    repo = Fake()
    repo.rows.return_value = rows
    return repo


def test_rows():
    repo = make_repo([1])
    assert len(repo.rows()) == 1  # <- HRM305
""",
    "305 expected to raise, but nobody runs it": """
import pytest
from unittest.mock import AsyncMock


async def test_failure():
    send = AsyncMock(side_effect=ValueError)
    with pytest.raises(ValueError):
        send("x")  # <- HRM305
""",
    "305 kept and never used": """
from unittest.mock import AsyncMock


async def test_send():
    send = AsyncMock()
    _ = send("x")  # <- HRM305
    send.assert_awaited_once()
""",
    "305 a module's mock, from a nested function": """
from unittest.mock import AsyncMock

SEND = AsyncMock()


def test_send():
    def run():
        SEND("x")  # <- HRM305

    run()
""",
    "305 iterated": """
from unittest.mock import AsyncMock


def test_rows():
    repo = AsyncMock()
    for row in repo.rows():  # <- HRM305
        assert row
    assert [row for row in repo.rows()]  # <- HRM305
""",
    "305 a spec does not change what the mock itself is": """
from unittest.mock import AsyncMock


def test_call():
    send = AsyncMock(spec=print)
    send("x")  # <- HRM305
""",
    # HRM306
    "306 a string in parts, new by keyword": """
from unittest import mock

MODULE = "shop"


def test_fetch():
    with mock.patch(f"{MODULE}.fetch", new=mock.Mock()):  # <- HRM306
        pass
    with mock.patch(MODULE + ".fetch", mock.NonCallableMock()):  # <- HRM306
        pass
""",
    "306 a method by its class's string, inherited": """
from unittest.mock import MagicMock, patch


@patch("shop.Special.price", new=MagicMock(return_value={"net": 1}))  # <- HRM306
def test_price():
    pass
""",
    "306 an object of self, and of a fixture": """
import unittest

import pytest
import shop
from unittest.mock import MagicMock, patch


class PriceTest(unittest.TestCase):
    def setUp(self):
        self.client = shop.Client()

    def test_price(self):
        with patch.object(self.client, "price", new_callable=MagicMock, return_value=1):  # <- HRM306
            pass


@pytest.fixture
def client():
    return shop.Special()


def test_price(client, monkeypatch):
    monkeypatch.setattr(client, "price", MagicMock())  # <- HRM306
""",
    "306 monkeypatch by string, with a context, with a local function": """
import pytest
import shop
from unittest.mock import Mock


def test_string(monkeypatch):
    monkeypatch.setattr("shop.fetch", Mock(return_value=None))  # <- HRM306


def test_context(monkeypatch):
    def fake(key):
        return key + 1

    with monkeypatch.context() as m:
        m.setattr(shop, "fetch", fake)  # <- HRM306


def test_class():
    with pytest.MonkeyPatch.context() as mp:
        mp.setattr(shop.Client, "ping", lambda: True)  # <- HRM306
""",
    "306 a mock in a variable, without anything to await": """
import shop
from unittest.mock import MagicMock, patch


def test_variable():
    fake = MagicMock()
    fake.return_value = {"a": 1}
    with patch.object(shop, "fetch", fake):  # <- HRM306
        pass
""",
    "306 a mock that returns itself, and two that return each other": """
import shop
from unittest.mock import Mock, patch


def test_chain():
    fake = Mock()
    fake.return_value = fake
    with patch.object(shop, "fetch", fake):  # <- HRM306
        pass


def test_pair():
    one = Mock()
    two = Mock()
    one.return_value = two
    two.return_value = one
    with patch.object(shop, "fetch", one):  # <- HRM306
        pass
""",
    "306 set on an object, a class and a module": """
import unittest
from unittest.mock import AsyncMock, MagicMock, Mock

import shop


class ATest(unittest.TestCase):
    def setUp(self):
        self.client = shop.Special()
        self.client.price = MagicMock(return_value=1)  # <- HRM306

    def test_a(self):
        client = shop.Client()
        client.ping = Mock()  # <- HRM306
        shop.fetch = Mock()  # <- HRM306
        client.price = AsyncMock()
        client.name = Mock()
""",
    "306 decorators that leave it async": """
from unittest.mock import Mock, patch


def test_a():
    with patch("decorated.retried", Mock()):  # <- HRM306
        pass
    with patch("decorated.route", Mock()):  # <- HRM306
        pass
    with patch("decorated.logged", Mock()):  # <- HRM306
        pass
""",
    "306 started, multiple, and a class decorator": """
import shop
from unittest.mock import Mock, patch


@patch("shop.fetch", Mock())  # <- HRM306
class TestShop:
    patcher = patch.object(shop.client, "price", Mock(return_value=1))  # <- HRM306

    def test_multiple(self):
        with patch.multiple("shop", fetch=Mock(), plain=Mock()):  # <- HRM306
            pass
""",
    "306 a sync side effect, and a list of plain results": """
from unittest.mock import MagicMock, patch


def fake(key):
    return [key]


def test_effect():
    with patch("shop.fetch", MagicMock(side_effect=fake)):  # <- HRM306
        pass
    with patch("shop.fetch", MagicMock(side_effect=[1, ValueError])):  # <- HRM306
        pass
    with patch("shop.fetch", MagicMock(side_effect=lambda key: {})):  # <- HRM306
        pass
""",
    "306 mocker's own classes": """
def test_mocker(mocker):
    mocker.patch("shop.fetch", new=mocker.Mock())  # <- HRM306
    mocker.patch("shop.fetch", new_callable=mocker.MagicMock)  # <- HRM306
    mocker.patch.object(__import__("shop"), "fetch", mocker.stub())
""",
    "306 a factory for the mock": """
from unittest.mock import MagicMock, patch


def test_factory():
    with patch("shop.fetch", new_callable=lambda: MagicMock(return_value=3)):  # <- HRM306
        pass
""",
}

LEFT_ALONE = {
    "304 a list of patchers with two names": (
        "HRM304",
        """
from unittest.mock import patch


class TestClock:
    def setup_method(self):
        self.patchers = patchers = [patch("time.time"), patch("time.sleep")]
        for patcher in patchers:
            patcher.start()

    def teardown_method(self):
        for patcher in self.patchers:
            patcher.stop()

    def test_clock(self):
        pass
""",
    ),
    "304 a fixture around each test patches the same target": (
        "HRM304",
        """
import unittest
from unittest import mock

import pytest


@pytest.fixture(autouse=True)
def no_sleep():
    with mock.patch("time.sleep"):
        yield


class WaitTest(unittest.TestCase):
    def setUp(self):
        self.sleep = mock.patch("time.sleep").start()

    def test_a(self):
        pass
""",
    ),
    "305 an attribute that is a mock only from the next line on": (
        "HRM305",
        """
from unittest.mock import AsyncMock


def test_a(client):
    client.socket.close()
    client.socket = AsyncMock()
""",
    ),
    "306 a lambda and functions that raise whenever they are called": (
        "HRM306",
        """
import shop


def broken(key):
    {}[key]


def never(key):
    assert False


def test_a(monkeypatch):
    monkeypatch.setattr(shop, "fetch", lambda key: 1 / 0)
    monkeypatch.setattr(shop, "fetch", lambda key: (_ for _ in ()).throw(ValueError))
    monkeypatch.setattr(shop, "fetch", broken)
    monkeypatch.setattr(shop, "fetch", never)
""",
    ),
    "301 a light mock": ("HRM301", "from unittest.mock import Mock\n\n\ndef test_a():\n    assert Mock()\n"),
    "301 the class is only named, as a spec or type": (
        "HRM301",
        """
from unittest.mock import AsyncMock, MagicMock


def test_a(client: AsyncMock):
    assert not isinstance(client, MagicMock)
""",
    ),
    "301 patch makes its mock by itself": (
        "HRM301",
        """
from unittest.mock import AsyncMock, patch


def test_a():
    with patch("os.getcwd", new_callable=AsyncMock):
        pass
""",
    ),
    "301 a mark under another name, on the class of a nested class": (
        "HRM301",
        """
from unittest import mock
from pytest import mark

grouped = mark.xdist_group(name="x")


@grouped
class TestA:
    class TestB:
        def test_b(self):
            assert mock.MagicMock()
""",
    ),
    "301 pytestmark in the class, joined from lists": (
        "HRM301",
        """
import pytest
from unittest import mock

COMMON = [pytest.mark.asyncio]


class TestA:
    pytestmark = COMMON + [pytest.mark.xdist_group("a")]

    @pytest.fixture
    def repo(self):
        return mock.AsyncMock()

    def test_a(self, repo):
        assert repo
""",
    ),
    "301 every test that uses the fixture is grouped": (
        "HRM301",
        """
import pytest
from unittest.mock import MagicMock


@pytest.fixture
def repo():
    return MagicMock()


@pytest.fixture
def service(repo):
    return [repo]


@pytest.mark.xdist_group("a")
class TestA:
    def test_a(self, service):
        assert service
""",
    ),
    "301 every test of the class is grouped by itself": (
        "HRM301",
        """
import pytest
from unittest.mock import MagicMock


class TestA:
    def setup_method(self):
        self.repo = MagicMock()

    @pytest.mark.xdist_group("a")
    def test_a(self):
        assert self.repo
""",
    ),
    "301 a class that pytest does not collect": (
        "HRM301",
        """
from unittest.mock import MagicMock


class FakeClient:
    def __init__(self):
        self.get = MagicMock()

    def test_connection(self):
        return MagicMock()
""",
    ),
    "301 an own class of the same name": (
        "HRM301",
        """
class MagicMock:
    pass


def test_a():
    assert MagicMock()
""",
    ),
    "301 a base class that cannot be read may carry the mark": (
        "HRM301",
        """
from unittest.mock import MagicMock
from company.testing import Case


class TestA(Case):
    def test_a(self):
        assert MagicMock()
""",
    ),
    "302 addfinalizer, addCleanup with a helper, own finally": (
        "HRM302",
        """
import gc
import unittest
from unittest.mock import MagicMock


def free():
    gc.collect()


def test_a(request):
    request.addfinalizer(lambda: gc.collect())
    assert MagicMock()


class ATest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(free)

    def test_a(self):
        self.assertTrue(MagicMock())


def test_b():
    mocked = MagicMock()
    try:
        assert mocked
    finally:
        gc.collect(2)
""",
    ),
    "302 teardown through super, and a module's teardown": (
        "HRM302",
        """
from gc import collect
from unittest import TestCase, mock


class Base(TestCase):
    def tearDown(self):
        super().tearDown()
        collect()


class ATest(Base):
    repo = mock.MagicMock()

    def test_a(self):
        self.assertTrue(self.repo)


def teardown_function():
    collect()


def test_b():
    assert mock.MagicMock()
""",
    ),
    "302 a fixture that the class requests": (
        "HRM302",
        """
import gc

import pytest
from unittest import mock


@pytest.fixture
def collect():
    yield
    gc.collect()


@pytest.mark.usefixtures("collect")
class TestA:
    def test_a(self):
        assert mock.AsyncMock()
""",
    ),
    "302 a fixture that the same test requests collects": (
        "HRM302",
        """
import gc

import pytest
from unittest import mock


@pytest.fixture
async def repo():
    try:
        yield mock.AsyncMock()
    finally:
        gc.collect()


async def test_a(repo):
    assert repo
""",
    ),
    "303 skipped for every run": (
        "HRM303",
        """
import pytest


@pytest.mark.skip(reason="by hand")
@pytest.mark.performance
def test_a():
    pass
""",
    ),
    "303 xdist is asked, and unittest skips": (
        "HRM303",
        """
import os
import unittest

import pytest
import xdist


@pytest.mark.performance
def test_a(request):
    if xdist.is_xdist_worker(request):
        pytest.skip("alone only")


@pytest.mark.performance
class ATest(unittest.TestCase):
    @unittest.skipIf("PYTEST_XDIST_WORKER" in os.environ, "alone only")
    def test_a(self):
        pass

    def test_b(self):
        if os.environ.get("PYTEST_XDIST_WORKER", "master") != "master":
            self.skipTest("alone only")
""",
    ),
    "303 pytestmark, a helper that answers, a string condition": (
        "HRM303",
        """
import os

import pytest


def in_worker():
    return os.getenv("PYTEST_XDIST_WORKER") is not None


pytestmark = [pytest.mark.perf]


@pytest.mark.skipif(in_worker(), reason="alone only")
def test_a():
    pass


@pytest.mark.skipif("os.getenv('PYTEST_XDIST_WORKER')", reason="alone only")
def test_b():
    pass


def test_c():
    if in_worker():
        return
    assert 1
""",
    ),
    "303 the file is skipped in a worker": (
        "HRM303",
        """
import os

import pytest

if os.environ.get("PYTEST_XDIST_WORKER"):
    pytest.skip("alone only", allow_module_level=True)


@pytest.mark.perf
def test_a():
    pass
""",
    ),
    "303 an autouse fixture, and hasattr workerinput": (
        "HRM303",
        """
import pytest

pytestmark = pytest.mark.benchmark


@pytest.fixture(autouse=True)
def alone(request):
    if hasattr(request.config, "workerinput"):
        pytest.skip("alone only")


def test_a():
    pass
""",
    ),
    "303 pytest-benchmark switches itself off": (
        "HRM303",
        """
import pytest


@pytest.mark.benchmark(group="sort")
def test_a(benchmark):
    benchmark(sorted, [3, 1, 2])
""",
    ),
    "303 a performance word that is no configured marker": (
        "HRM303",
        """
import pytest


@pytest.mark.parametrize("performance", [1])
def test_a(performance):
    assert performance
""",
    ),
    "304 the tearDown of the base runs": (
        "HRM304",
        """
import unittest
from unittest.mock import patch


class Base(unittest.TestCase):
    def setUp(self):
        self.patcher = patch("shop.now")
        self.patcher.start()

    def tearDown(self):
        self.patcher.stop()


class SuperTest(Base):
    def tearDown(self):
        super().tearDown()


class ByNameTest(Base):
    def tearDown(self):
        Base.tearDown(self)


class OwnSetupTest(Base):
    def setUp(self):
        self.ready = True

    def tearDown(self):
        self.ready = False


class PlainTest(Base):
    def test_a(self):
        pass
""",
    ),
    "305 items of a list are awaited": (
        "HRM305",
        """
import asyncio
from unittest.mock import AsyncMock


async def test_a():
    send = AsyncMock(return_value=1)
    jobs = [send(n) for n in (1, 2)]
    assert len(jobs) == 2
    for job in jobs:
        await job
    pair = (send(1), send(2))
    assert await pair[0] == await pair[1]
    assert await asyncio.gather(*[send(n) for n in (1, 2)]) == [1, 1]
""",
    ),
    "305 a dictionary that cannot be read may give a spec": (
        "HRM305",
        """
from unittest.mock import AsyncMock


def test_a(options):
    client = AsyncMock(**options)
    assert client.fetch() == 1
""",
    ),
    "304 other things are started": (
        "HRM304",
        """
import threading


def test_a():
    patch = threading.Thread(target=print)
    patch.start()
    patch.join()
""",
    ),
    "304 started in a loop with a cleanup each": (
        "HRM304",
        """
import unittest
from unittest import mock


class ATest(unittest.TestCase):
    def setUp(self):
        for target in ("time.time", "time.sleep"):
            patcher = mock.patch(target)
            patcher.start()
            self.addCleanup(patcher.stop)

    def test_a(self):
        pass
""",
    ),
    "304 kept in a list, a dict, on the class, stopped in the teardown": (
        "HRM304",
        """
import unittest
from unittest import mock


class ATest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = mock.patch("time.time")
        cls.shared.start()

    @classmethod
    def tearDownClass(cls):
        cls.shared.stop()

    def begin(self, target):
        patcher = mock.patch(target)
        self.patchers.append(patcher)
        return patcher.start()

    def setUp(self):
        self.patchers = []
        self.sleep = self.begin("time.sleep")
        self.named = {"cwd": mock.patch("os.getcwd"), "pid": mock.patch("os.getpid")}
        for patcher in self.named.values():
            patcher.start()

    def tearDown(self):
        while self.patchers:
            self.patchers.pop().stop()
        for patcher in self.named.values():
            patcher.stop()

    def test_a(self):
        pass
""",
    ),
    "304 a factory fixture stops what it has started": (
        "HRM304",
        """
import pytest
from unittest.mock import patch


@pytest.fixture
def freeze():
    patchers = []

    def begin(target, **given):
        patcher = patch(target, **given)
        patchers.append(patcher)
        return patcher.start()

    yield begin
    for patcher in patchers:
        patcher.stop()
""",
    ),
    "304 a base class stops all, a finalizer, a lambda": (
        "HRM304",
        """
import unittest
from unittest.mock import patch


class Base(unittest.TestCase):
    def tearDown(self):
        patch.stopall()


class ATest(Base):
    def test_a(self):
        patch("time.time").start()


def test_b(request):
    patcher = patch("time.time")
    patcher.start()
    request.addfinalizer(lambda: patcher.stop())


def test_c(request):
    (patcher := patch("time.time")).start()
    request.addfinalizer(patcher.stop)
""",
    ),
    "304 an autouse fixture of the file stops all": (
        "HRM304",
        """
import pytest
from unittest import mock


@pytest.fixture(autouse=True)
def stop_patches():
    yield
    mock.patch.stopall()


@pytest.fixture
def now():
    return mock.patch("time.time").start()
""",
    ),
    "304 the module's patcher is started and stopped by the module's functions": (
        "HRM304",
        """
from unittest.mock import patch

patcher = patch("time.time")


def setup_module():
    patcher.start()


def teardown_module():
    patcher.stop()
""",
    ),
    "304 stopped in the next statement, and by __exit__ in finally": (
        "HRM304",
        """
from unittest.mock import patch


def test_a():
    patcher = patch("time.time")
    patcher.start()
    patcher.stop()


def test_b():
    patcher = patch("time.time")
    try:
        patcher.start()
        assert patcher
    finally:
        patcher.__exit__(None, None, None)
""",
    ),
    "304 a class with enter and exit": (
        "HRM304",
        """
from unittest.mock import patch


class Frozen:
    def __enter__(self):
        self.patcher = patch("time.time")
        return self.patcher.start()

    def __exit__(self, *details):
        self.patcher.stop()


def test_a():
    with Frozen() as now:
        assert now
""",
    ),
    "304 a context manager with finally": (
        "HRM304",
        """
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def frozen():
    patchers = [patch("time.time"), patch("time.sleep")]
    try:
        yield [patcher.start() for patcher in patchers]
    finally:
        for patcher in patchers:
            patcher.stop()


def test_a():
    with frozen():
        pass
""",
    ),
    "304 a helper registers the stop": (
        "HRM304",
        """
import unittest
from unittest.mock import patch


class ATest(unittest.TestCase):
    def freeze(self, target):
        patcher = patch(target)
        self.addCleanup(patcher.stop)
        return patcher.start()

    def keep(self, patcher):
        self.addCleanup(patcher.stop)
        return patcher.start()

    def test_a(self):
        self.freeze("time.time")
        self.keep(patch("time.sleep"))
""",
    ),
    "304 the stops are collected and called": (
        "HRM304",
        """
from unittest.mock import patch


class TestA:
    def setup_method(self):
        patcher = patch("time.time")
        patcher.start()
        self.stops = [patcher.stop]
        self.ends = []
        other = patch("time.sleep")
        other.start()
        self.ends.append(other.stop)

    def teardown_method(self):
        for stop in self.stops + self.ends:
            stop()

    def test_a(self):
        pass
""",
    ),
    "304 what is patched dies with the test": (
        "HRM304",
        """
import unittest
from unittest.mock import patch

from shop import Client


def test_a():
    class Local:
        value = 1

    patch.object(Local, "value", 2).start()
    client = Client()
    patch.object(client, "name").start()
    settings = {"a": 1}
    patch.dict(settings, a=2).start()


class ATest(unittest.TestCase):
    def setUp(self):
        self.client = Client()
        self.name = patch.object(self.client, "name").start()

    def test_a(self):
        self.assertTrue(self.name)
""",
    ),
    "304 a list of patchers is handed to code that cannot be read": (
        "HRM304",
        """
from unittest.mock import patch

import tools


def test_a():
    patcher, other = patch("shop.client"), patch("shop.plain")
    patcher.start()
    other.start()
    tools.run_with([patcher, other])
""",
    ),
    "304 a nested function starts what the function around it hands on": (
        "HRM304",
        """
from unittest.mock import patch


def around(patchers, change):
    try:
        for patcher in patchers:
            patcher.start()
        return change()
    finally:
        patch.stopall()


def test_a():
    patcher = patch("shop.client")
    assert around([patcher], lambda: (patcher.stop(), patcher.start())) is not None


def test_b():
    patcher = patch("shop.client")
    assert around(patcher, lambda: patcher.start()) is not None
""",
    ),
    "304 a start that has to raise patches nothing": (
        "HRM304",
        """
import pytest
from unittest.mock import patch


def test_a():
    with pytest.raises(AttributeError):
        patch("time.nothing").start()
""",
    ),
    "305 awaited in every usual way": (
        "HRM305",
        """
import asyncio
from unittest.mock import AsyncMock


async def test_a():
    send = AsyncMock()
    assert (await send("x")) is not None
    await asyncio.wait_for(send("x"), timeout=1)
    tasks = [send(n) for n in range(3)]
    await asyncio.gather(*tasks)
    task = asyncio.create_task(send("x"))
    await task
    async with asyncio.TaskGroup() as group:
        group.create_task(send("x"))
    later = send("x")
    if later is not None:
        await later


def test_b(event_loop):
    send = AsyncMock()
    event_loop.run_until_complete(send("x"))
    result = asyncio.run(send("x"))
    assert result


def helper(send):
    return send("x")
""",
    ),
    "305 handed on by return, yield, lambda and attribute": (
        "HRM305",
        """
from unittest.mock import AsyncMock


class TestA:
    def make(self):
        send = AsyncMock()
        return send("x")

    def each(self):
        send = AsyncMock()
        yield send("x")

    def test_a(self):
        send = AsyncMock()
        self.pending = send("x")
        call = lambda: send("x")
        assert call
""",
    ),
    "305 an awaited result is a value": (
        "HRM305",
        """
from unittest.mock import AsyncMock


async def test_a():
    repo = AsyncMock()
    user = await repo.get(1)
    assert user.name == "x"
    assert (await repo.get(2)).name
    repo.get.assert_awaited_with(2)
    assert repo.get.call_args.args == (2,)
    repo.get.mock_calls.clear()
    repo.get.call_args_list.index(1)
""",
    ),
    "305 plain children, set in a fixture": (
        "HRM305",
        """
import pytest
from unittest.mock import AsyncMock, MagicMock


@pytest.fixture
def session():
    session = AsyncMock()
    session.add = MagicMock()
    session.configure_mock(close=MagicMock())
    return session


def test_a(session):
    session.add("x")
    session.close()
    setattr(session, "flush", MagicMock())
    session.flush()
""",
    ),
    "305 only one branch is asynchronous": (
        "HRM305",
        """
import pytest
from unittest.mock import AsyncMock, MagicMock


@pytest.mark.parametrize("kind", [1, 2])
def test_a(kind):
    if kind == 1:
        send = MagicMock()
    else:
        send = AsyncMock()
    send("x")
    other = AsyncMock() if kind == 1 else MagicMock()
    other("x")
""",
    ),
    "305 a spec, in any of its forms, decides": (
        "HRM305",
        """
from unittest.mock import AsyncMock


class Api:
    def name(self): ...


def test_a():
    assert AsyncMock(Api).name()
    assert AsyncMock(spec_set=Api).name()
    assert AsyncMock(wraps=Api()).name()
    options = {"spec": Api}
    assert AsyncMock(**options).name()
""",
    ),
    "305 a library's class of the same name": (
        "HRM305",
        """
from mode.utils.mocks import AsyncMock


async def test_send():
    sender = AsyncMock()
    await sender()
    assert sender.coro() is None
    sender()
""",
    ),
    "305 MagicMock and Mock return at once": (
        "HRM305",
        """
from unittest.mock import AsyncMock, MagicMock, Mock, patch


@patch("app.other", new_callable=AsyncMock)
@patch("app.send")
def test_a(send, other):
    send("x")
    assert MagicMock().get() is not None
    client = Mock(get=Mock(return_value=1), post=AsyncMock())
    assert client.get() == 1
""",
    ),
    "305 a helper expects the warning": (
        "HRM305",
        """
from contextlib import contextmanager
from unittest import IsolatedAsyncioTestCase
from unittest.mock import AsyncMock


@contextmanager
def never_awaited(test):
    with test.assertWarnsRegex(RuntimeWarning, "was never awaited"):
        yield


class ATest(IsolatedAsyncioTestCase):
    def test_a(self):
        with never_awaited(self):
            AsyncMock()("x")
""",
    ),
    "305 the coroutine itself is looked at": (
        "HRM305",
        """
import asyncio
import inspect
from unittest.mock import AsyncMock


def test_a():
    send = AsyncMock()
    coroutine = send("x")
    assert inspect.iscoroutine(coroutine)
    coroutine.close()
    assert asyncio.iscoroutine(send())
""",
    ),
    "306 what patch chooses, or is told": (
        "HRM306",
        """
from unittest.mock import AsyncMock, DEFAULT, create_autospec, patch

import shop


def test_a(mocker, monkeypatch):
    with patch("shop.fetch"), patch("shop.fetch", return_value=1), patch("shop.fetch", autospec=True):
        pass
    mocker.patch("shop.fetch", side_effect=ValueError)
    with patch.multiple(shop, fetch=DEFAULT):
        pass
    monkeypatch.setattr(shop, "fetch", create_autospec(shop.fetch))
    monkeypatch.setattr(shop, "fetch", mocker.async_stub())
    mocker.patch.object(shop.Client, "price", AsyncMock())
""",
    ),
    "306 plain targets, and an async generator": (
        "HRM306",
        """
from unittest.mock import MagicMock, Mock, patch

import shop


def test_a(monkeypatch):
    monkeypatch.setattr(shop, "plain", lambda: 2)
    monkeypatch.setattr(shop.Client, "name", Mock())
    with patch("shop.stream", MagicMock()), patch("shop.client", MagicMock()), patch("shop.Client", MagicMock()):
        pass
""",
    ),
    "306 something to await comes out": (
        "HRM306",
        """
import asyncio
from unittest.mock import AsyncMock, MagicMock, Mock, patch

import pytest
import shop


def done(value):
    future = asyncio.Future()
    future.set_result(value)
    return future


async def fake(key):
    return key


class Calls:
    def __call__(self, key):
        return fake(key)


@pytest.fixture
def fetch():
    mocked = MagicMock()
    mocked.return_value = done(1)
    return mocked


def test_a(monkeypatch, fetch, other):
    monkeypatch.setattr(shop, "fetch", fake)
    monkeypatch.setattr(shop, "fetch", lambda key: done(key))
    monkeypatch.setattr(shop, "fetch", lambda key: asyncio.sleep(0))
    monkeypatch.setattr(shop, "fetch", Mock(return_value=done(1)))
    monkeypatch.setattr(shop, "fetch", Mock(side_effect=fake))
    monkeypatch.setattr(shop, "fetch", Mock(side_effect=AsyncMock()))
    monkeypatch.setattr(shop, "fetch", Mock(side_effect=[done(1), done(2)]))
    monkeypatch.setattr(shop, "fetch", Mock(wraps=fake))
    monkeypatch.setattr(shop, "fetch", MagicMock(fake))
    monkeypatch.setattr(shop, "fetch", Calls())
    monkeypatch.setattr(shop, "fetch", fetch)
    monkeypatch.setattr(shop, "fetch", other)
    monkeypatch.setattr(shop, "fetch", None)

    def wrapper(key):
        return fake(key)

    monkeypatch.setattr(shop, "fetch", wrapper)


@patch("shop.fetch", new_callable=MagicMock)
def test_b(mocked):
    mocked.side_effect = fake


def test_c(mocker):
    mocked = mocker.patch("shop.fetch", new_callable=mocker.MagicMock)
    mocked.return_value = done(1)
""",
    ),
    "306 the mock in the variable is set up below": (
        "HRM306",
        """
import asyncio
from unittest.mock import MagicMock, patch

import shop


def test_a():
    fake = MagicMock()
    fake.return_value = asyncio.Future()
    with patch.object(shop, "fetch", fake):
        pass
    other = MagicMock(return_value=1)
    other.configure_mock(side_effect=shop.fetch)
    with patch("shop.fetch", other):
        pass
""",
    ),
    "306 a decorator may have made a plain function of it": (
        "HRM306",
        """
from unittest.mock import Mock, patch

import decorated


def test_a():
    with patch("decorated.command", Mock()), patch("decorated.blocking", Mock(return_value=1)):
        pass
""",
    ),
    "306 set on an object, and given something to await": (
        "HRM306",
        """
import asyncio
from unittest.mock import MagicMock, Mock

import shop


def test_a(client):
    mine = shop.Client()
    mine.price = MagicMock()
    mine.price.return_value = asyncio.Future()
    mine.name = Mock()
    client.price = MagicMock()
    fake = Mock()
    fake.price = Mock()
    mine.inner.price = Mock()
    inner = mine.inner
    inner.price = Mock()
""",
    ),
    "306 raising at the call is as good as in the await": (
        "HRM306",
        """
from unittest.mock import Mock, patch

import shop


def refuse(key):
    raise LookupError(key)


def test_a(monkeypatch):
    monkeypatch.setattr(shop, "fetch", refuse)
    with patch("shop.fetch", Mock(side_effect=LookupError("x"))):
        pass
""",
    ),
    "305 start and stop of a patcher that puts an AsyncMock in place": (
        "HRM305",
        """
import unittest
from unittest import mock


class TestUpload(unittest.TestCase):
    def setUp(self):
        self.__put = mock.AsyncMock()
        self.__patcher = mock.patch("shop.put", self.__put)
        self.__patcher.start()

    def tearDown(self):
        self.__patcher.stop()

    def test_a(self):
        patcher = mock.patch.object(self, "put", new_callable=mock.AsyncMock)
        patcher.start()
        patcher.stop()
""",
    ),
    "306 a function that nobody in the project defines": (
        "HRM306",
        """
from unittest.mock import Mock, patch


def test_a():
    with patch("aiohttp.ClientSession.get", Mock()):
        pass
""",
    ),
}


def files_of(source: str) -> dict[str, str]:
    return {"shop.py": SHOP, "decorated.py": DECORATED, "test_case.py": source.lstrip("\n")}


@pytest.mark.parametrize("title", CAUGHT)
def test_a_further_spelling_is_caught_on_its_line(title: str, tmp_path: Path) -> None:
    code = f"HRM{title[:3]}"
    files = files_of(CAUGHT[title])
    lines = files["test_case.py"].splitlines()
    expected = [number for number, line in enumerate(lines, 1) if line.endswith(MARK + code)]
    assert expected
    found = lint_files(files, tmp_path, select=("project", code))
    assert [item.line for item in found if item.code == code] == expected


@pytest.mark.parametrize("title", LEFT_ALONE)
def test_a_correct_twin_is_left_alone_because(title: str, tmp_path: Path) -> None:
    code, source = LEFT_ALONE[title]
    files = files_of(source)
    found = of_async(files, tmp_path) if code == "HRM306" else lint_files(files, tmp_path, select=(code,))
    assert [(item.line, item.message) for item in found] == []


def test_a_start_in_another_file_is_reported_there(tmp_path: Path) -> None:
    files = {
        "freezing.py": """
from unittest.mock import patch


def freeze():
    return patch("time.time").start()


def freeze_until(cleanup):
    patcher = patch("time.time")
    cleanup(patcher.stop)
    return patcher.start()
""",
        "test_clock.py": """
from unittest.mock import patch

import pytest
from freezing import freeze, freeze_until


def test_clock(request):
    assert freeze()
    assert freeze_until(request.addfinalizer)


@pytest.fixture
def frozen():
    freeze()
    yield
    patch.stopall()
""",
    }
    found = lint_files(files, tmp_path, select=("HRM304",))
    assert [(item.path.rpartition("/")[2], item.line) for item in found] == [("freezing.py", 6)]


PATCHES = """
from unittest.mock import Mock, patch


def test_get():
    with patch("vendor.Client.get", Mock()), patch("vendor.Client.name", Mock()):
        pass
    with patch("shop.plain", Mock()):
        pass
"""


@pytest.mark.parametrize(("patterns", "lines"), [([], []), (["*.Client.get", "shop.*"], [5]), (["vendor.*"], [5, 5])])
def test_patterns_say_what_is_async_where_no_definition_is_found(
    patterns: list[str], lines: list[int], tmp_path: Path
) -> None:
    files = {**files_of(PATCHES), "pyproject.toml": f"[tool.hermetic]\nasync-functions = {patterns}\n"}
    assert [item.line for item in lint_files(files, tmp_path, select=("HRM306",))] == lines


def test_the_markers_of_performance_tests_are_configured(tmp_path: Path) -> None:
    source = """
import pytest


@pytest.mark.load
def test_load():
    pass


@pytest.mark.performance
def test_speed():
    pass
"""
    files = {**files_of(source), "pyproject.toml": '[tool.hermetic]\nperformance-markers = ["load"]\n'}
    assert [item.line for item in lint_files(files, tmp_path, select=("HRM303",))] == [5]


def test_fixtures_of_a_conftest_are_not_asked_for_a_group(tmp_path: Path) -> None:
    source = (
        "import pytest\nfrom unittest.mock import MagicMock\n\n\n@pytest.fixture\ndef repo():\n    return MagicMock()\n"
    )
    assert lint_files({"conftest.py": source}, tmp_path, select=("HRM301", "HRM302")) == []


WRAPPING = """
class Answer:
    def __init__(self, coroutine):
        self.coroutine = coroutine


class Session:
    def get(self, url):
        return Answer(self._request("GET", url))

    def post(self, url):
        return self._request("POST", url)

    async def _request(self, method, url):
        raise NotImplementedError
"""
READS = """
import wrapping
from unittest.mock import Mock, patch


def test_get(client):
    with patch("wrapping.Session._request", Mock(return_value=1)) as request:
        wrapping.Session().get("x")
    assert request.call_args.args == ("GET", "x")
"""
OWN_LOOP = READS.replace('wrapping.Session().get("x")', 'drive(wrapping.Session().post("x"))')
DRIVE = "\n\ndef drive(work):\n    return asyncio.run(work)\n"
SITE = """
import wrapping


async def page():
    return await wrapping.Session().post("x")
"""
CLIENT = "import pytest\n\n\n@pytest.fixture\ndef client():\n    return "
AWAITED = {
    "the test is async": (READS.replace("def test", "async def test"), WRAPPING, {}),
    "the test drives a loop": (OWN_LOOP.replace("drive(", "asyncio.run("), WRAPPING, {}),
    "a helper of the test drives it": (f"import asyncio\n{OWN_LOOP}{DRIVE}", WRAPPING, {}),
    "a client of the web application, in a fixture": (READS, WRAPPING, {"conftest.py": f"{CLIENT}TestClient(app)\n"}),
    "a client of a plugin": (READS, WRAPPING, {}),
    "a client that the file makes": (f"client = TestClient(app)\n{READS}", WRAPPING, {}),
    "an async function of the same file": (
        READS,
        f"{WRAPPING}\n    async def put(self):\n        self._request()\n",
        {},
    ),
    "a plain function that runs it": (
        READS,
        f"{WRAPPING}\n    def put(self):\n        return asyncio.run(self._request())\n",
        {},
    ),
    "handed on": (READS, f"{WRAPPING}\n    def put(self):\n        return Task(self._request, 1)\n", {}),
    "an imported file awaits what a plain function returns": (f"import site_pages\n{READS}", WRAPPING, {}),
    "nobody calls it in its own file": (READS, WRAPPING.replace("self._request(", "self.other("), {}),
}


def wrapping_files(test: str, wrapping: str, others: dict[str, str], *, client: bool) -> dict[str, str]:
    plain = {} if client else {"conftest.py": f"{CLIENT}1\n"}
    return {"wrapping.py": wrapping, "site_pages.py": SITE, **plain, **others, "test_case.py": test.lstrip("\n")}


@pytest.mark.parametrize("title", AWAITED)
def test_a_plain_mock_is_found_where_its_call_may_be_awaited(title: str, tmp_path: Path) -> None:
    files = wrapping_files(*AWAITED[title], client="plugin" in title)
    line = next(number for number, text in enumerate(files["test_case.py"].splitlines(), 1) if " patch(" in text)
    assert [item.line for item in of_async(files, tmp_path)] == [line]


def test_a_plain_mock_whose_call_nobody_awaits_is_left_alone(tmp_path: Path) -> None:
    named = '\n\n__all__ = ["_request"]\n\n\ndef last_request(a_request):\n    return a_request\n'
    files = wrapping_files(READS, WRAPPING + named, {}, client=False)
    assert of_async(files, tmp_path) == []


ENDS = {
    "pytest.fail": "pytest.fail('x')", "pytest.skip": "pytest.skip('x')", "pytest.exit": "pytest.exit('x')",
    "sys.exit": "sys.exit(1)", "self.fail": "self.fail('x')", "self.skipTest": "self.skipTest('x')",
    "pytest.xfail": "pytest.xfail('x')", "a function that never returns": "stop()",
}  # fmt: skip
ENDING = """
import sys
import unittest
from typing import NoReturn
import pytest
import shop
from unittest.mock import patch


def stop() -> NoReturn:
    raise SystemExit


class ATest(unittest.TestCase):
    def test_a(self):
        def refuse(key):
            print(key)
            {end}

        with patch.object(shop, "fetch", refuse):
            pass
"""


@pytest.mark.parametrize("end", ENDS)
def test_a_replacement_that_never_returns_is_left_alone(end: str, tmp_path: Path) -> None:
    files = files_of(ENDING.replace("{end}", ENDS[end]))
    assert of_async(files, tmp_path) == []


@pytest.mark.parametrize("end", ["pytest.mark.skip('x')", "self.failures('x')", "sys.intern('x')", "print()"])
def test_a_replacement_that_returns_after_a_call_is_found(end: str, tmp_path: Path) -> None:
    files = files_of(ENDING.replace("{end}", end))
    assert [item.line for item in of_async(files, tmp_path)] == [19]


CALLED = """
import asyncio
from unittest.mock import Mock, patch
import shop


@patch("shop.fetch", Mock(return_value=1))
def test_a():
    assert {use}
"""


@pytest.mark.parametrize(
    ("use", "found"), [("asyncio.run(shop.total())", True), ("asyncio.run(shop.names())", False), ("shop.plain", False)]
)
def test_without_the_preset_a_test_has_to_await_what_it_replaces(use: str, tmp_path: Path, *, found: bool) -> None:
    more = "async def total():\n    return await fetch('a')\n\n\nasync def names():\n    return ['a']\n"
    base = files_of(CALLED.replace("{use}", use))
    files = base | {"shop.py": f"{base['shop.py']}\n\n{more}"}

    assert bool(lint_files(files, tmp_path, select=("HRM306",))) is found
    assert len(of_async(files, tmp_path)) == 1


OF_ITSELF = """
from unittest.mock import Mock, patch
import shop


class Recorder:
    def __init__(self):
        self.fetch = Mock(side_effect=self.fetch)

    def test_a(self):
        with patch("shop.fetch", self.fetch):
            shop.plain()
"""


def test_a_mock_whose_side_effect_is_what_it_replaces_is_followed_to_its_end(tmp_path: Path) -> None:
    assert of_async(files_of(OF_ITSELF), tmp_path) == []


def of_async(files: dict[str, str], folder: Path) -> list[Finding]:
    """Return what HRM306 says with the `project` preset, where it asks least."""
    return [item for item in lint_files(files, folder, select=("project", "HRM306")) if item.code == "HRM306"]
