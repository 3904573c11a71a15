"""HRM303."""

from __future__ import annotations

from hermetic.catalogue.mocks._worker_skips import is_skipped
from hermetic.catalogue.rule import MEMORY, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.marks import marks_of, own_marks
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

WHY = "what it costs is time and memory on a loaded machine: no test has to fail for the lack of a skip"


class PerformanceUnderXdist(Rule):
    """A performance test also runs in xdist workers.

    Why it breaks:
    A performance test repeats its work until the figure is stable, and takes the machine for itself. Next to other
    workers the figure means nothing, and many repetitions over mocks or large data fill the worker's memory.

    Whether that pays depends on the suite, so the rule is in the `memory` preset alone. What was tried to show harm:
    nothing fails for certain, because how much a neighbour slows the test down differs from machine to machine.

    Do this instead:
    Skip it under a worker: `@pytest.mark.skipif(os.getenv("PYTEST_XDIST_WORKER") is not None, reason="...")`, the same
    question in the test's body, in a fixture, or in a hook of the `conftest.py`; then run such tests without `-n`.

    Options:
    `performance-markers` lists the markers of performance tests, `performance`, `benchmark` and `perf` by default.

    Limits:
    One mark is one finding, at the test or class that carries it; a `pytestmark` of the file counts for each definition
    on its top level. A condition is evaluated as it comes out in a worker, so one that is the wrong way round is found.
    Tests that are deselected on the command line or in `addopts` are still reported. pytest-benchmark's `benchmark`
    fixture switches itself off under xdist and is left alone.
    """

    code = "HRM303"
    name = "performance-under-xdist"
    symptoms = (
        "a benchmark or performance test is slow or flaky under xdist",
        "timings differ from run to run in parallel",
    )
    repair = "skip it when PYTEST_XDIST_WORKER is set, and run it in a process of its own"
    message = "{test} is marked {marker} and does not skip in an xdist worker"
    presets = (MEMORY,)
    tokens = (b"mark",)
    related = ("HRM301",)

    bad = (
        Example(
            "a mark on the test",
            {
                "test_speed.py": """
import time

import pytest


@pytest.mark.performance
def test_sorting_is_fast():  # <- HRM303
    start = time.perf_counter()
    sorted(range(10_000), reverse=True)
    assert time.perf_counter() - start < 5
"""
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "marks on the class and on the file",
            {
                "test_throughput.py": """
import time

import pytest

slow = pytest.mark.benchmark


@slow
class TestThroughput:  # <- HRM303
    def test_many_small_ones(self):
        assert sum(1 for _ in range(10_000)) == 10_000
""",
                "test_latency.py": """
from pytest import mark

pytestmark = [mark.perf, mark.filterwarnings("ignore")]


def test_one_call():  # <- HRM303
    assert len(str(2**1000)) == 302
""",
            },
            harm="none",
            why=WHY,
        ),
        Example(
            "a condition that is the wrong way round skips everywhere but in a worker",
            {
                "test_speed.py": """
import os

import pytest

UNDER_XDIST = "PYTEST_XDIST_WORKER" in os.environ


@pytest.mark.skipif(not UNDER_XDIST, reason="measures")
@pytest.mark.performance
def test_sorting_is_fast():  # <- HRM303
    assert sorted(range(10_000), reverse=True)[0] == 9_999
"""
            },
            harm="none",
            why=WHY,
        ),
    )
    good = (
        Example(
            "a condition on the worker's variable, as mark and under a name",
            {
                "test_speed.py": """
import os

import pytest

not_in_workers = pytest.mark.skipif(bool(os.environ.get("PYTEST_XDIST_WORKER")), reason="measures")


@pytest.mark.performance
@pytest.mark.skipif(os.getenv("PYTEST_XDIST_WORKER") is not None, reason="measures")
def test_sorting_is_fast():
    assert sorted(range(10_000), reverse=True)[0] == 9_999


@not_in_workers
@pytest.mark.performance
def test_adding_is_fast():
    assert sum(range(10_000)) == 49_995_000
"""
            },
        ),
        Example(
            "the body asks, and skips",
            {
                "test_latency.py": """
import os

import pytest


@pytest.mark.perf
def test_one_call():
    if os.getenv("PYTEST_XDIST_WORKER"):
        pytest.skip("measures")
    assert len(str(2**1000)) == 302
"""
            },
        ),
        Example(
            "a fixture skips by xdist's own worker id",
            {
                "conftest.py": """
import pytest


@pytest.fixture
def alone(worker_id):
    if worker_id != "master":
        pytest.skip("measures")
""",
                "test_throughput.py": """
import pytest


@pytest.mark.usefixtures("alone")
@pytest.mark.benchmark
class TestThroughput:
    def test_many_small_ones(self):
        assert sum(1 for _ in range(10_000)) == 10_000
""",
            },
            needs=("xdist",),
        ),
        Example(
            "a hook skips what is marked",
            {
                "conftest.py": """
import os

import pytest


def pytest_runtest_setup(item):
    if "PYTEST_XDIST_WORKER" in os.environ and item.get_closest_marker("performance"):
        pytest.skip("measures")
""",
                "test_speed.py": """
import pytest


@pytest.mark.performance
def test_sorting_is_fast():
    assert sorted(range(10_000), reverse=True)[0] == 9_999
""",
            },
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the performance tests that run under a worker."""
        markers = project.options.get("performance-markers", ())
        names = frozenset(f"pytest.mark.{name}" for name in markers if isinstance(name, str))
        if not module.is_test or not contains(module.data, tuple(name.rpartition(".")[2].encode() for name in names)):
            return
        found: dict[Scope, str] = {}
        for test in module.top.functions:
            if roles.role_of(test) != "test":
                continue
            marker = next((name for name, _ in marks_of(test) if name in names), "")
            if marker and not is_skipped(test, module, project):
                found.setdefault(carrier(test, names), marker)
        for marked, marker in found.items():
            message = self.message.format(test=marked.name, marker=marker.removeprefix("pytest.mark."))
            yield self.finding(module, marked.node, message, test=node_id(marked))


def carrier(test: Scope, names: frozenset[str]) -> Scope:
    """Return the definition that carries the mark of a test: the test, a class around it; the outermost for a file."""
    current = test
    while not any(name in names for name, _ in own_marks(current)):
        if current.parent is None or current.parent.parent is None:
            break
        current = current.parent
    return current
