"""HRM305."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._async_values import is_async_mock_call
from hermetic.catalogue.mocks._constructors import made_mock
from hermetic.catalogue.mocks._uses import is_misused, may_be_misused
from hermetic.catalogue.rule import GUARD, LINT, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.module import widened
from hermetic.source.project import fixtures_of
from hermetic.source.reach import calls_of
from hermetic.source.spelling import text_of
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAKERS = (b"AsyncMock", b"async_stub")
PATCHES = (b"patch(", b"patch.object(")


class AsyncMockUnawaited(Rule):
    """An AsyncMock is called, and nobody awaits what the call returns.

    Why it breaks:
    Calling an `AsyncMock` only makes a coroutine. Its side effect does not run, the await is not recorded, and the
    coroutine is true in every condition: `assert repo.exists(1)` passes whatever `exists` is set to return. All that
    shows is a `RuntimeWarning` at the next garbage collection, often in another test, where `-W error` then blames the
    wrong one.

    Do this instead:
    Await the call in an async test, or run it with `asyncio.run`. Where the method is a plain one, make it so:
    `repo = AsyncMock(); repo.name = Mock(return_value="x")`, or give the mock a spec.

    Limits:
    Calls in the code under test are not seen, only those that the test's own text makes. Children of a mock with a
    spec are left alone, since the spec decides which of them are asynchronous; so are `start()` and `stop()` of a
    patcher that puts an `AsyncMock` in place.
    """

    code = "HRM305"
    name = "async-mock-unawaited"
    symptoms = (
        "coroutine 'AsyncMockMixin._execute_mock_call' was never awaited",
        "a comparison is always false, because one side is a coroutine",
        "an assertion on an async mock passes whatever the code does",
    )
    repair = "await the call, or assert on await_count"
    claims = (LINT, GUARD)
    message = "{what}() is an AsyncMock call whose result is not awaited"
    tokens = (*MAKERS, *PATCHES)
    companions = (*MAKERS, b"await ")  # `patch` puts an `AsyncMock` where the target is async
    reached = MAKERS
    through_fixtures = True
    related = ("HRM306",)

    bad = (
        Example(
            "a bare call: the await is never recorded",
            {
                "test_mail.py": """
from unittest.mock import AsyncMock


def test_a_mail_is_sent():
    sender = AsyncMock()
    sender.send("hello")  # <- HRM305
    sender.send.assert_awaited_once_with("hello")
"""
            },
            harm="fails",
        ),
        Example(
            "a mock from a conftest fixture is compared like a value",
            {
                "conftest.py": """
from unittest import mock

import pytest


@pytest.fixture
def repo():
    repo = mock.AsyncMock()
    repo.count.return_value = 3
    return repo
""",
                "test_repo.py": """
def test_three_users_are_stored(repo):
    assert repo.count() == 3  # <- HRM305


def test_the_count_can_be_kept(repo):
    count = repo.count()  # <- HRM305
    assert count == 3
""",
            },
            harm="fails",
        ),
        Example(
            "a method that setUp replaced, and a mock that a decorator passes in",
            {
                "shop.py": """
class Client:
    async def price(self, item):
        raise NotImplementedError


async def load(key):
    raise NotImplementedError
""",
                "test_shop.py": """
import unittest
from unittest.mock import AsyncMock as Fake
from unittest.mock import patch

import shop


class PriceTest(unittest.TestCase):
    def setUp(self):
        self.client = shop.Client()
        self.client.price = Fake(return_value={"net": 3})

    def test_the_net_price(self):
        self.assertEqual(self.client.price("tea")["net"], 3)  # <- HRM305

    @patch("shop.load", new_callable=Fake, return_value=7)
    def test_the_key_is_loaded(self, load):
        self.assertEqual(load("key"), 7)  # <- HRM305
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "the call is awaited, at once or later",
            {
                "test_mail.py": """
import asyncio
from unittest.mock import AsyncMock


def test_a_mail_is_sent():
    async def scenario():
        sender = AsyncMock(return_value="sent")
        assert await sender("hello") == "sent"
        pending = sender("again")
        sender.assert_awaited_once_with("hello")
        assert await pending == "sent"

    asyncio.run(scenario())
"""
            },
        ),
        Example(
            "the coroutine is handed to something that runs it",
            {
                "test_repo.py": """
import asyncio
from unittest.mock import AsyncMock


def fetch(repo, number):
    return repo.fetch(number)


def test_three_users_are_fetched():
    repo = AsyncMock()
    repo.fetch.return_value = "ann"
    assert asyncio.run(repo.fetch(1)) == "ann"
    assert asyncio.run(fetch(repo, 2)) == "ann"

    async def both():
        jobs = [repo.fetch(number) for number in (3, 4)]
        return await asyncio.gather(*jobs)

    assert asyncio.run(both()) == ["ann", "ann"]
    assert repo.fetch.await_count == 4
"""
            },
        ),
        Example(
            "a child that is a plain mock, and the mock's own methods, return at once",
            {
                "test_session.py": """
from unittest.mock import AsyncMock, Mock


class Session:
    def name(self):
        return "real"

    async def commit(self):
        pass


def test_plain_children():
    session = AsyncMock(id=Mock(return_value=1))
    session.add = Mock(return_value=None)
    assert session.id() == 1
    assert session.add("user") is None
    session.commit.assert_not_awaited()
    session.reset_mock()


def test_a_spec_says_which_methods_are_plain():
    session = AsyncMock(spec=Session)
    session.name.return_value = "fake"
    assert session.name() == "fake"
"""
            },
        ),
        Example(
            "a test of the warning itself",
            {
                "test_warning.py": """
import gc
from unittest.mock import AsyncMock

import pytest


def test_python_warns_of_a_forgotten_await():
    send = AsyncMock()
    with pytest.warns(RuntimeWarning, match="never awaited"):
        send("hello")
        gc.collect()


def test_a_coroutine_can_be_closed_unused():
    coroutine = AsyncMock()()
    coroutine.close()
"""
            },
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the calls whose coroutine is dropped or used like a value."""
        tokens = tokens_of(module, project)
        if not contains(module.data, tokens):
            return
        for function in module.functions_with(tokens):
            for scope in function.family():
                for call in calls_of(scope):
                    if (
                        may_be_misused(scope, call)
                        and not made_mock(scope, call)
                        and is_async_mock_call(scope, call, project)
                        and is_misused(scope, call)
                    ):
                        message = self.message.format(what=text_of(call.func) or "this")
                        yield self.finding(module, call, message, test=node_id(function))


def tokens_of(module: Module, project: Project) -> tuple[bytes, ...]:
    """Return what a function that calls an `AsyncMock` holds: its name, an alias, a fixture, a helper, an attribute."""
    levels = [level for level in project.providers(module) if contains(level.data, MAKERS)]
    imported = tuple(local.encode() for local, _ in project.leading.imports(module, MAKERS))
    found = [*MAKERS, *imported]
    for level in levels:
        wide = widened(level, MAKERS)
        makers = level.functions_with(wide)
        names = {roles.fixture_name(item) if roles.role_of(item) == "fixture" else item.name for item in makers}
        names.update(attribute for item in makers for attribute in attributes_set(item))
        found += [name.encode() for name in names if not name.startswith("test")]
        found += [
            roles.fixture_name(item).encode() for item in fixtures_of(level) if names & set(roles.parameters(item))
        ]
        found += wide if level is module else ()
    if module.holds(AsyncMockUnawaited.companions):
        found += PATCHES
    return tuple(dict.fromkeys(found))


def attributes_set(function: Scope) -> Iterator[str]:
    """Yield the attributes that a loaded function assigns."""
    for node in function.kept(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                yield target.attr
