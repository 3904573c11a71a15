"""HRM307."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._configured import is_configured_later, makes_unconfigured, patches_unconfigured
from hermetic.catalogue.mocks._constructors import mock_class
from hermetic.catalogue.mocks._replacements import decorator_calls, definition, replacements
from hermetic.catalogue.rule import PROJECT, Example, Rule, node_id
from hermetic.source.changes import import_time
from hermetic.source.module import widened
from hermetic.source.names import is_generator
from hermetic.source.origins import results
from hermetic.source.reach import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

TOKENS = (b"AsyncMock",)


class AsyncMockUnconfigured(Rule):
    """An AsyncMock that nobody tells what to answer.

    Why it breaks:
    Awaiting it, or any method of it, gives another mock, which is true, has every attribute, and is equal to nothing.
    Code that asks `if await store.is_allowed(user):` lets everybody in, and the test of the way in passes: the answer
    was never given. A wrong name passes as well, since without a `spec` every method exists.

    Do this instead:
    Say what it answers: `AsyncMock(return_value=None)`, also where nobody looks at the result, a `side_effect`, or
    `store.is_allowed.return_value = False`. `AsyncMock(spec=Store)` or `create_autospec(Store)` keeps wrong names out.

    Limits:
    A mock that is told in a line of its own file, under a name that it has there, counts as told, and so does one that
    only has to show that it was not called. Where it replaces a function of the project that returns nothing, or one
    that is known to (`sleep`, `drain`, `wait_closed`, `aclose`), there is nothing to tell.
    """

    code = "HRM307"
    name = "async-mock-unconfigured"
    symptoms = (
        "a test passes although the mock was never told what to answer",
        "AssertionError: assert <MagicMock name='mock.load()' id=...> == ...",
    )
    repair = "give it return_value, side_effect or spec"
    message = "{what} answers every call with a mock, which is true: it has no return value, side effect or spec"
    presets = (PROJECT,)
    tokens = TOKENS
    reached = ()  # what a helper makes is reported in its own file
    related = ("HRM305", "HRM306")

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the constructors, and the patches, of mocks that are told nothing."""
        for scope, call, owner in calls(module):
            if makes_unconfigured(scope, call):
                what = "this AsyncMock"
            elif mock_class(scope, new_callable(call)) == "AsyncMock" and patches_unconfigured(call):
                what = "the AsyncMock of this patch"
            else:
                continue
            if not is_configured_later(scope, call, owner, project) and not replaces_silent(scope, call, project):
                test = node_id(owner) if owner is not None else ""
                yield self.finding(module, call, self.message.format(what=what), test=test)

    bad = (
        Example(
            "everybody is let in",
            {
                "rooms.py": """
async def enter(gate, name):
    if await gate.is_allowed(name):
        return "welcome"
    return "closed"
""",
                "test_rooms.py": """
import asyncio
from unittest.mock import AsyncMock

import rooms


def test_a_stranger_stays_outside():
    gate = AsyncMock()  # <- HRM307
    assert asyncio.run(rooms.enter(gate, "a stranger")) == "closed"
""",
            },
            harm="fails",
        ),
        Example(
            "a patch, and a fixture of pytest-mock",
            {
                "prices.py": """
async def fetch(item):
    raise NotImplementedError


async def total(items):
    return sum([await fetch(item) for item in items])


async def first(shop):
    return (await shop.items())[0]
""",
                "test_prices.py": """
import asyncio
from unittest import mock

import prices
import pytest


@pytest.fixture
def shop(mocker):
    return mocker.AsyncMock(name="shop")  # <- HRM307


@mock.patch("prices.fetch", new_callable=mock.AsyncMock)  # <- HRM307
def test_two_items_cost_something(fetch):
    assert asyncio.run(prices.total(["tea", "salt"])) > 0


def test_the_first_item_is_tea(shop):
    assert asyncio.run(prices.first(shop)) == "tea"
""",
            },
            harm="fails",
            needs=("pytest_mock",),
        ),
        Example(
            "an attribute of the test class, and one method of a plain mock",
            {
                "test_mail.py": """
import unittest
import unittest.mock as um

Async = um.AsyncMock


async def deliver(server, text):
    answer = await server.send(text)
    return answer["id"]


class TestMail(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.server = Async()  # <- HRM307
        self.other = um.MagicMock()
        self.other.send = Async()  # <- HRM307

    async def test_a_mail_has_a_number(self):
        self.assertEqual(await deliver(self.server, "hello"), 1)

    async def test_so_has_another(self):
        self.assertEqual(await deliver(self.other, "hello"), 1)
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "told at once: a value, an effect, a shape, or the answer of a method",
            {
                "test_store.py": """
import asyncio
from unittest.mock import AsyncMock, create_autospec


class Store:
    async def load(self, key):
        raise NotImplementedError


def test_a_value():
    assert asyncio.run(AsyncMock(return_value=3)()) == 3


def test_an_effect():
    load = AsyncMock(side_effect=[1, 2])
    assert [asyncio.run(load()), asyncio.run(load())] == [1, 2]


def test_a_shape():
    for store in (AsyncMock(spec=Store), AsyncMock(Store), create_autospec(Store)):
        assert not hasattr(store, "save")


def test_a_method():
    store = AsyncMock(**{"load.return_value": 5})
    assert asyncio.run(store.load("a")) == 5
""",
            },
        ),
        Example(
            "told later: in the test, by the users of a fixture, or by a helper",
            {
                "conftest.py": """
from unittest.mock import AsyncMock

import pytest


@pytest.fixture
def store():
    return AsyncMock()
""",
                "test_later.py": """
import asyncio
from unittest.mock import AsyncMock, patch


def answers(mock, value):
    mock.load.return_value = value


def test_in_the_test():
    store = AsyncMock()
    store.load.return_value = 3
    assert asyncio.run(store.load("a")) == 3


def test_by_a_helper():
    store = AsyncMock()
    answers(store, 4)
    assert asyncio.run(store.load("a")) == 4


def test_in_the_fixture_s_users(store):
    store.load.side_effect = KeyError
    store.find.configure_mock(return_value=2)
    assert asyncio.run(store.find("a")) == 2


def test_in_a_patch():
    with patch("asyncio.sleep", new_callable=AsyncMock) as sleep:
        sleep.return_value = "slept"
        assert asyncio.run(asyncio.sleep(60)) == "slept"
""",
            },
        ),
        Example(
            "nobody asks: it must not be called, or it replaces what returns nothing",
            {
                "mails.py": """
async def send(text):
    print(text)


async def greet(name, answer):
    await send(f"hello {name}")
    if not name:
        await answer()
""",
                "test_mails.py": """
import asyncio
from unittest.mock import AsyncMock, patch

import mails


def test_a_greeting_is_sent_and_not_answered():
    answer = AsyncMock()
    with patch("mails.send", AsyncMock()) as send:
        asyncio.run(mails.greet("ann", answer))
    send.assert_awaited_once_with("hello ann")
    answer.assert_not_awaited()
""",
            },
        ),
    )


def calls(module: Module) -> Iterator[tuple[Scope, ast.Call, Scope | None]]:
    """Yield `(scope, call, function)` for each call of a file, its decorators included."""
    for function in module.functions_with(widened(module, TOKENS)):
        yield from ((scope, call, function) for scope, call in decorator_calls(function))
        for scope in function.family():
            yield from ((scope, call, function) for call in calls_of(scope))
    for cls in module.top.classes:
        yield from ((scope, call, None) for scope, call in decorator_calls(cls))
    for scope in import_time(module.top):
        yield from ((scope, call, None) for call in calls_of(scope))


def new_callable(call: ast.Call) -> ast.expr | None:
    """Return what a `patch` is told to make its mock with."""
    return next((item.value for item in call.keywords if item.arg == "new_callable"), None)


def replaces_silent(scope: Scope, call: ast.Call, project: Project) -> bool:
    """Tell whether a mock replaces a function of the project that returns nothing."""
    parent = scope.parents.get(call)
    if isinstance(parent, ast.keyword):
        parent = scope.parents.get(parent)
    found = replacements(scope, call)
    if isinstance(parent, ast.Call):
        found = [*found, *(item for item in replacements(scope, parent) if item.new is call)]
    functions = [function for item in found if item.target and (function := definition(item, project)) is not None]
    return bool(functions) and all(is_silent(function) for function in functions)


def is_silent(function: Scope) -> bool:
    """Tell whether a function returns nothing, by what it does and what it says it does."""
    declared = function.returned
    is_stub = all(isinstance(item, (ast.Expr, ast.Pass, ast.Raise)) for item in function.body)
    if declared is not None:
        return isinstance(declared, ast.Constant) and declared.value is None
    function.module.load(function)
    if is_generator(function) or (is_stub and not function.nodes.get(ast.Call)):
        return False
    return all(isinstance(value, ast.Constant) and value.value is None for value in results(function))
