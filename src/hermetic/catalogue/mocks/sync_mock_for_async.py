"""HRM306."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._awaitable import (
    factory_gives_plain,
    is_async_function,
    is_set_up,
    never_awaitable,
)
from hermetic.catalogue.mocks._reached import may_be_awaited
from hermetic.catalogue.mocks._replacements import (
    TOKENS,
    Replacement,
    definition,
    names_of,
    patch_calls,
    replacements,
)
from hermetic.catalogue.rule import PROJECT, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.patterns import matches
from hermetic.source.visits import visits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope


class SyncMockForAsync(Rule):
    """An async function is replaced by a mock whose calls cannot be awaited.

    Why it breaks:
    The code under test awaits the call and gets `TypeError: object MagicMock can't be used in 'await' expression`, or,
    where it catches broad exceptions, takes the error branch and the test passes for the wrong reason.

    Do this instead:
    Leave the choice to `patch("app.fetch")`, which sees that the target is async and puts an `AsyncMock` there, or name
    `AsyncMock` yourself. A `Mock` whose `side_effect` is an async function or whose `return_value` is a future is
    accepted too.

    Options:
    What a test or a helper replaces is reported where it, or what it certainly calls, awaits a call of that name: on
    suites that were not written for this rule, the mocks for which that cannot be told were never awaited (12 of 12).
    With the `project` preset, and in fixtures and setups, all are reported whose calls may be awaited.

    `async-functions` lists patterns of dotted names (`*.Client.fetch`) that are async where their definition is not
    found in the project.

    Limits:
    A target that is only known at run time is not seen. Functions with a decorator that is not known to keep them
    async, async generators, and replacements whose result cannot be told from the source are left alone. So are
    functions that their own file calls in plain functions only, without `await`, when the test is a plain one too.
    """

    code = "HRM306"
    name = "sync-mock-for-async"
    symptoms = (
        "TypeError: object MagicMock can't be used in 'await' expression",
        "object Mock can't be awaited",
    )
    repair = "use AsyncMock, or leave the choice to patch"
    message = "{target} is async, and calls of {mock} in its place cannot be awaited"
    tokens = TOKENS
    reached = ()  # what a helper replaces is reported in its own file
    related = ("HRM305", "HRM202")

    bad = (
        Example(
            "MagicMock as the replacement",
            {
                "shop.py": """
async def fetch_price(item):
    raise NotImplementedError


async def total(items):
    return sum([await fetch_price(item) for item in items])
""",
                "test_shop.py": """
import asyncio
from unittest.mock import MagicMock, patch

import shop


def test_total_adds_prices():
    with patch("shop.fetch_price", MagicMock(return_value=3)):  # <- HRM306
        assert asyncio.run(shop.total(["tea", "salt"])) == 6
""",
            },
            harm="fails",
        ),
        Example(
            "a method, by monkeypatch with a lambda and by pytest-mock with new_callable",
            {
                "mail.py": """
class Mailer:
    async def send(self, text):
        raise NotImplementedError


async def greet(mailer, name):
    return await mailer.send(f"hello {name}")
""",
                "test_mail.py": """
import asyncio
from unittest import mock

import pytest
from mail import Mailer, greet


@pytest.fixture
def mailer():
    return Mailer()


def test_a_greeting_is_sent(monkeypatch, mailer):
    monkeypatch.setattr(mailer, "send", lambda text: "sent")  # <- HRM306
    assert asyncio.run(greet(mailer, "ann")) == "sent"


def test_a_greeting_is_recorded(mocker, mailer):
    mocker.patch.object(Mailer, "send", new_callable=mock.Mock, return_value="sent")  # <- HRM306
    assert asyncio.run(greet(mailer, "ann")) == "sent"
""",
            },
            harm="fails",
            needs=("pytest_mock",),
        ),
        Example(
            "a decorator that names an object of a module, and a plain function as the replacement",
            {
                "store.py": """
class Base:
    async def load(self, key):
        raise NotImplementedError


class Store(Base):
    pass


store = Store()


async def read(key):
    return await store.load(key)
""",
                "test_store.py": """
import asyncio
from unittest import mock

import store


def fake_load(key):
    return {"key": key}


@mock.patch("store.store.load", new_callable=mock.MagicMock)  # <- HRM306
def test_a_key_is_read(load):
    load.return_value = {"key": "a"}
    assert asyncio.run(store.read("a")) == {"key": "a"}


@mock.patch.object(store.Store, "load", new=fake_load)  # <- HRM306
def test_another_key_is_read():
    assert asyncio.run(store.read("b")) == {"key": "b"}
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "patch chooses AsyncMock by itself, and so does AsyncMock by name",
            {
                "shop.py": """
async def fetch_price(item):
    raise NotImplementedError


async def total(items):
    return sum([await fetch_price(item) for item in items])
""",
                "test_shop.py": """
import asyncio
from unittest.mock import AsyncMock, patch

import shop


@patch("shop.fetch_price", return_value=3)
def test_total_adds_prices(fetch_price):
    assert asyncio.run(shop.total(["tea", "salt"])) == 6
    assert fetch_price.await_count == 2


def test_nothing_costs_nothing(monkeypatch):
    monkeypatch.setattr(shop, "fetch_price", AsyncMock(return_value=0))
    assert asyncio.run(shop.total(["air"])) == 0
""",
            },
        ),
        Example(
            "a plain mock whose calls give something to await",
            {
                "mail.py": """
class Mailer:
    async def send(self, text):
        raise NotImplementedError
""",
                "test_mail.py": """
import asyncio
from unittest.mock import MagicMock, Mock, patch

from mail import Mailer


async def fake_send(text):
    return "sent"


def test_the_side_effect_is_async():
    with patch.object(Mailer, "send", MagicMock(side_effect=fake_send)):
        assert asyncio.run(Mailer().send("hello")) == "sent"


def test_the_return_value_is_a_future():
    async def scenario():
        future = asyncio.get_running_loop().create_future()
        future.set_result("sent")
        with patch.object(Mailer, "send", new_callable=Mock) as send:
            send.return_value = future
            return await Mailer().send("hello")

    assert asyncio.run(scenario()) == "sent"


def test_the_spec_is_async(monkeypatch):
    monkeypatch.setattr(Mailer, "send", Mock(spec=fake_send, return_value="sent"))
    assert asyncio.run(Mailer().send("hello")) == "sent"


def test_a_lambda_returns_a_coroutine(monkeypatch):
    monkeypatch.setattr(Mailer, "send", lambda self, text: fake_send(text))
    assert asyncio.run(Mailer().send("hello")) == "sent"
""",
            },
        ),
        Example(
            "a function that is not async, and an async generator, which nobody awaits",
            {
                "feed.py": """
def title():
    return "news"


async def items():
    yield 1


async def collect():
    return [item async for item in items()]
""",
                "test_feed.py": """
import asyncio
from unittest.mock import MagicMock, patch

import feed


def test_the_title():
    with patch("feed.title", MagicMock(return_value="old")):
        assert feed.title() == "old"


def test_the_items():
    stream = MagicMock()
    stream.return_value.__aiter__.return_value = [1, 2]
    with patch("feed.items", stream):
        assert asyncio.run(feed.collect()) == [1, 2]
""",
            },
        ),
        Example(
            "a mock that raises does so at the call, where the caller awaits it anyway",
            {
                "shop.py": """
async def fetch_price(item):
    raise NotImplementedError


async def price(item):
    try:
        return await fetch_price(item)
    except LookupError:
        return None
""",
                "test_shop.py": """
import asyncio
from unittest.mock import Mock, patch

import shop


def test_an_unknown_item_has_no_price():
    with patch("shop.fetch_price", Mock(side_effect=LookupError)):
        assert asyncio.run(shop.price("moon")) is None
""",
            },
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the replacements, in functions, decorators and class or module bodies."""
        for scope, call, owner in patch_calls(module):
            for found in replacements(scope, call):
                mock = plain_mock(found, owner, project)
                if not mock or not is_async_target(found, project) or not is_reached(found, owner, module, project):
                    continue
                if {PROJECT, self.code} & project.presets or is_surely_awaited(found, owner, project):
                    target = found.target.lstrip(".@[").replace("()", "")
                    test = node_id(owner) if owner is not None else ""
                    yield self.finding(module, call, self.message.format(target=target, mock=mock), test=test)


def is_async_target(found: Replacement, project: Project) -> bool:
    """Tell whether a target is async: by its definition, or by the configured patterns where there is none."""
    function = definition(found, project)
    if function is not None:
        return is_async_function(function)
    target = found.target.lstrip(".@[").replace("()", "")
    patterns = project.options.get("async-functions", ())
    return any(matches(target, str(pattern)) for pattern in patterns)


def is_reached(found: Replacement, owner: Scope | None, module: Module, project: Project) -> bool:
    """Tell whether somebody may await what takes the target's place."""
    function = definition(found, project)
    return function is None or may_be_awaited(function, owner, module, project)


def is_surely_awaited(found: Replacement, owner: Scope | None, project: Project) -> bool:
    """Tell whether a test itself, or what it certainly calls, awaits a call of what is replaced.

    A fixture cannot tell, and what the configuration calls async was written for this rule.
    """
    if owner is None or roles.role_of(owner) in ("fixture", "setup") or definition(found, project) is None:
        return True
    name = found.target.replace("()", "").rpartition(".")[2]
    return any(
        getattr(visit.call.func, "attr", getattr(visit.call.func, "id", "")) == name
        and isinstance(visit.scope.parents.get(visit.call), ast.Await)
        for visit in visits(owner, (name.encode(),))
    )


def plain_mock(found: Replacement, owner: Scope | None, project: Project) -> str:
    """Return how the replacement is spelled if its calls certainly cannot be awaited, else ""."""
    scope = found.scope
    if found.new is not None:
        mock = never_awaitable(scope, found.new, project)
    elif found.factory is not None:
        mock = factory_gives_plain(scope, found.factory, found.call, project)
    else:
        return ""
    return "" if mock and any(is_set_up(where, name, project) for where, name in names_of(found, owner)) else mock
