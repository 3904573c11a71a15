"""HRM302."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._builders import TOKENS, Builder, builders, has_unknown_base, places, settled
from hermetic.catalogue.rule import MEMORY, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.around import undone_around
from hermetic.source.callee import find_callee
from hermetic.source.names import is_context_maker, resolve
from hermetic.source.restore import is_undone, puts_back
from hermetic.source.undoing import Undo, undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

WHY = "memory is measured over a whole suite: no single test fails, alone or in any order"
TEARDOWN_HOOKS = frozenset({"pytest_runtest_teardown", "pytest_runtest_logfinish", "pytest_runtest_protocol"})


class MockUncollected(Rule):
    """Tests build AsyncMock or MagicMock objects, and no teardown collects garbage.

    Why it breaks:
    A mock refers to its children and they refer to it, so reference counting never frees it: it waits, with all
    arguments that it recorded, for the cyclic collector. The oldest generation is collected rarely in a large process,
    so they may wait for long.

    Whether that pays depends on the suite, so the rule is in the `memory` preset alone. What was tried to show harm:
    a single test, in any order and under `-n 2`, never fails for the lack of a collection. And in the suite that
    `scripts/measure_mock_memory.py` writes, a collection after each test frees the mocks, leaves the peak of memory as
    it was, and triples the CPU time.

    Do this instead:
    Call `gc.collect()` in `teardown_method` or `tearDown`, in a base class, or after the `yield` of an autouse fixture
    of the class, the file or the nearest `conftest.py`.

    Limits:
    Only test files are read; fixtures of a `conftest.py` and helpers imported from other files are left alone. A
    session fixture that collects once, at the very end, does not count. A class with a base that cannot be read is
    left alone.
    """

    code = "HRM302"
    name = "mock-uncollected"
    symptoms = (
        "memory grows from test to test, and mocks are not freed",
        "a worker is killed, out of memory",
    )
    repair = "call gc.collect() in the teardown"
    fixed_by = "hermetic.repair.collect"
    message = "{place} builds {what} and no teardown calls gc.collect()"
    presets = (MEMORY,)
    tokens = TOKENS
    related = ("HRM301",)

    bad = (
        Example(
            "a class without teardown",
            {
                "test_orders.py": """
from unittest.mock import AsyncMock

import pytest


@pytest.mark.xdist_group("orders")
class TestOrders:  # <- HRM302
    def setup_method(self):
        self.sender = AsyncMock()

    def test_nothing_is_sent_yet(self):
        assert self.sender.await_count == 0
"""
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "a function that builds through a helper of the file",
            {
                "test_mail.py": """
from unittest import mock

import pytest

pytestmark = pytest.mark.xdist_group("mail")


def make_mail(**fields):
    return mock.MagicMock(**fields)


def test_mail_has_a_subject():  # <- HRM302
    assert make_mail(subject="hello").subject == "hello"
"""
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "a collection in the last line is skipped when an assertion fails, and one per session comes too late",
            {
                "conftest.py": """
import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def collect_at_the_end():
    yield
    gc.collect()
""",
                "test_cache.py": """
import gc

import pytest

pytestmark = [pytest.mark.xdist_group("cache")]


def test_cache_is_asked(mocker):  # <- HRM302
    cache = mocker.MagicMock()
    cache.get("key")
    cache.get.assert_called_once_with("key")
    gc.collect()
""",
            },
            harm="none",
            why=WHY,
            needs=("pytest_mock",),
        ),
    )
    good = (
        Example(
            "the class collects in its teardown",
            {
                "test_orders.py": """
import gc
from unittest.mock import AsyncMock

import pytest


@pytest.mark.xdist_group("orders")
class TestOrders:
    def setup_method(self):
        self.sender = AsyncMock()

    def teardown_method(self):
        self.sender = None
        gc.collect()

    def test_nothing_is_sent_yet(self):
        assert self.sender.await_count == 0
"""
            },
        ),
        Example(
            "an autouse fixture of the conftest collects after the yield",
            {
                "conftest.py": """
from gc import collect as free

import pytest


@pytest.fixture(autouse=True)
def free_mocks():
    yield
    free()
""",
                "test_mail.py": """
from unittest.mock import MagicMock

import pytest

pytestmark = pytest.mark.xdist_group("mail")


def test_mail_has_a_subject():
    assert MagicMock(subject="hello").subject == "hello"
""",
            },
        ),
        Example(
            "unittest registers the collection as a cleanup in a base class",
            {
                "test_cache.py": """
import gc
import unittest
from unittest.mock import MagicMock

import pytest


@pytest.mark.xdist_group("cache")
class Base(unittest.TestCase):
    def setUp(self):
        self.addCleanup(gc.collect)


class CacheTest(Base):
    def test_cache_starts_empty(self):
        self.assertEqual(MagicMock(size=0).size, 0)
"""
            },
        ),
        Example(
            "a hook collects after every test",
            {
                "conftest.py": """
import gc


def pytest_runtest_teardown(item):
    gc.collect()
""",
                "test_clock.py": """
from unittest.mock import MagicMock

import pytest

pytestmark = pytest.mark.xdist_group("clock")


def test_clock_is_read():
    clock = MagicMock(return_value=3)
    assert clock() == 3
""",
            },
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the classes, tests and fixtures whose mocks nothing collects."""
        if not module.is_test or collected_by_hook(module, project):
            return
        undo = Collect()
        seen: set[Scope] = set()
        for builder in builders(module):
            if collects_itself(builder, undo):
                continue
            for place in places(builder, module):
                if place in seen or settled(builder, place, module, lambda scope: is_collected(scope, undo, project)):
                    continue
                seen.add(place)
                if place.is_class and has_unknown_base(place, project):
                    continue
                message = self.message.format(place=place.name, what=builder.what)
                yield self.finding(module, place.node, message, test=node_id(place))


class Collect(Undo):
    """`gc.collect()` under any name."""

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether a node is the call."""
        return isinstance(node, ast.Call) and resolve(scope, node.func) == "gc.collect"

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a context manager of the project collects when it ends."""
        own = find_callee(scope, expression.func if isinstance(expression, ast.Call) else expression)
        return own is not None and is_context_maker(own) and puts_back(own, self)

    def by_use(self, scope: Scope) -> bool:
        """Return False: nothing that a function uses collects as a side effect."""
        del scope
        return False


def collects_itself(builder: Builder, undo: Undo) -> bool:
    """Tell whether the function that builds also collects, whatever happens in it."""
    scope = builder.scope
    return scope.is_function and (
        is_undone(scope, builder.node, undo) or (roles.role_of(scope) == "fixture" and puts_back(scope, undo))
    )


def is_collected(scope: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a teardown or fixture around a test collects."""
    return scope.is_function and undone_around(scope.module.load(scope), undo, project)


def collected_by_hook(module: Module, project: Project) -> bool:
    """Tell whether a hook of a conftest collects after each test."""
    return any(
        function.name in TEARDOWN_HOOKS and undoes(function, Collect())
        for conftest in project.conftests(module.path)
        if b"collect" in conftest.data
        for function in conftest.top.functions
    )
