"""HRM301."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._builders import TOKENS, builders, has_unknown_base, places, settled
from hermetic.catalogue.rule import MEMORY, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.marks import items_of, marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

GROUP = "pytest.mark.xdist_group"
WHY = "memory is measured over a whole suite: no single test fails, alone or in any order"


class MockUngrouped(Rule):
    """Tests build AsyncMock or MagicMock objects outside an xdist group.

    Why it breaks:
    Every `MagicMock` and `AsyncMock` makes a class of its own, records each call with its arguments, and refers to its
    parents and children in cycles. Tests that share them are spread over all workers. A group keeps such tests, and
    what they hold, in one worker, and so does it with what their wide fixtures make.

    Whether that pays depends on the suite, so the rule is in the `memory` preset alone. What was tried to show harm:
    a single test, in any order and under `-n 2`, never fails for the lack of a group. And in the suite that
    `scripts/measure_mock_memory.py` writes, a worker with all mocks has the same peak of memory as one with none.

    Do this instead:
    Mark the class with `@pytest.mark.xdist_group("name")`, or the file with `pytestmark`, and run with
    `--dist loadgroup`. A mark on a base class counts. A fixture cannot have one (pytest 9 refuses it, older ones
    ignored it): it needs the file's `pytestmark`, or groups on all the tests that use it.

    Limits:
    Only test files are read. Fixtures of a `conftest.py` are left alone, because their users are elsewhere, and so are
    helpers imported from other files. A mock that `patch` makes by itself does not count, one that is spelled as a
    constructor (`patch("app.send", AsyncMock())`) does. A class with a base that cannot be read is left alone.
    """

    code = "HRM301"
    name = "mock-ungrouped"
    symptoms = (
        "memory of the workers grows with AsyncMock or MagicMock",
        "tests with mocks are spread over all workers",
    )
    repair = "mark the class or module with @pytest.mark.xdist_group(...) and run with --dist loadgroup"
    fixed_by = "hermetic.repair.group"
    message = "{place} builds {what} and has no xdist_group mark"
    presets = (MEMORY,)
    tokens = TOKENS
    related = ("HRM302", "HRM901")

    bad = (
        Example(
            "a class that builds mocks in its tests",
            {
                "test_orders.py": """
from unittest.mock import AsyncMock, MagicMock


class TestOrders:  # <- HRM301
    def teardown_method(self):
        import gc

        gc.collect()

    def test_total_is_the_sum_of_the_items(self):
        order = MagicMock(items=[3, 4])
        assert sum(order.items) == 7

    def test_a_sender_can_be_awaited(self):
        sender = AsyncMock(name="sender")
        assert sender.await_count == 0
"""
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "a function, through `mock.` and through an alias",
            {
                "test_mail.py": """
import gc
from unittest import mock
from unittest.mock import (
    MagicMock as Fake,
)

import pytest


@pytest.fixture(autouse=True)
def collect():
    yield
    gc.collect()


def test_mail_is_queued():  # <- HRM301
    queue = mock.AsyncMock()
    assert queue.await_count == 0


def test_mail_has_a_subject():  # <- HRM301
    mail = Fake(subject="hello")
    assert mail.subject == "hello"
"""
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "a fixture that no group keeps with its tests, and a test that builds through pytest-mock",
            {
                "test_cache.py": """
import gc
from unittest.mock import MagicMock

import pytest


@pytest.fixture
def cache():  # <- HRM301
    yield MagicMock(size=0)
    gc.collect()


def test_cache_starts_empty(cache):
    assert cache.size == 0


@pytest.fixture(autouse=True)
def collect(request):
    request.addfinalizer(gc.collect)


def test_cache_is_asked(mocker):  # <- HRM301
    asked = mocker.MagicMock()
    asked("key")
    asked.assert_called_once_with("key")
"""
            },
            harm="none",
            why=WHY,
            needs=("pytest_mock",),
        ),
    )
    good = (
        Example(
            "the class is in a group",
            {
                "test_orders.py": """
import gc
from unittest.mock import MagicMock

import pytest


@pytest.mark.xdist_group(name="order-mocks")
class TestOrders:
    def teardown_method(self):
        gc.collect()

    def test_total_is_the_sum_of_the_items(self):
        order = MagicMock(items=[3, 4])
        assert sum(order.items) == 7
"""
            },
        ),
        Example(
            "the file's `pytestmark`, here a list that a name stands for, groups fixtures too",
            {
                "test_mail.py": """
import gc
from unittest.mock import AsyncMock

import pytest

MOCKED = [pytest.mark.filterwarnings("error"), pytest.mark.xdist_group("mail")]
pytestmark = MOCKED


@pytest.fixture
def queue():
    yield AsyncMock()
    gc.collect()


def test_mail_is_not_sent_yet(queue):
    assert queue.await_count == 0
"""
            },
        ),
        Example(
            "the mark is inherited from a base class in another file",
            {
                "mocked.py": """
import gc

import pytest


@pytest.mark.xdist_group("mocked")
class Mocked:
    def teardown_method(self):
        gc.collect()
""",
                "test_cache.py": """
from unittest import mock

from mocked import Mocked


class TestCache(Mocked):
    def test_cache_starts_empty(self):
        assert mock.MagicMock(size=0).size == 0
""",
            },
        ),
        Example(
            "a hook groups every test that is collected",
            {
                "conftest.py": """
import gc

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(autouse=True)
def collect():
    yield
    gc.collect()
""",
                "test_clock.py": """
from unittest.mock import MagicMock


def test_clock_is_read():
    clock = MagicMock(return_value=3)
    assert clock() == 3
""",
            },
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the classes, tests and fixtures that build mocks and stand in no group."""
        if not module.is_test or grouped_by_hook(module, project):
            return
        seen: set[Scope] = set()
        for builder in builders(module):
            for place in places(builder, module):
                if place in seen or settled(builder, place, module, lambda scope: has_group(scope, project)):
                    continue
                seen.add(place)
                if place.is_class and has_unknown_base(place, project):
                    continue
                message = self.message.format(place=place.name, what=builder.what)
                yield self.finding(module, place.node, message, test=node_id(place))


def has_group(scope: Scope, project: Project) -> bool:
    """Tell whether a test, class or module stands in a group, through base classes of other files too."""
    if any(name == GROUP for name, _ in marks_of(scope)):
        return True
    cls = scope if scope.is_class else scope.owner
    levels = project.lineage(cls) if cls is not None else []
    return any(name == GROUP for level in levels for name, mark in marks_of(level) if not from_module(level, mark))


def from_module(level: Scope, mark: ast.expr) -> bool:
    """Tell whether a mark comes from the module's `pytestmark`, which subclasses in other files do not inherit."""
    bound = level.module.top.bindings.get("pytestmark", ())
    return any(
        isinstance(binding.value, ast.expr) and mark in items_of(level.module.top, binding.value) for binding in bound
    )


def grouped_by_hook(module: Module, project: Project) -> bool:
    """Tell whether a hook of a conftest gives tests their group when they are collected."""
    return any(
        roles.role_of(function) == "hook" and b"xdist_group" in conftest.text(function)
        for conftest in project.conftests(module.path)
        if b"xdist_group" in conftest.data
        for function in conftest.top.functions
    )
