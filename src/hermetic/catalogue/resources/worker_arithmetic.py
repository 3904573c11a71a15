"""HRM507."""

from __future__ import annotations

from hermetic.catalogue.rule import PROJECT, Example, Rule, node_id
from hermetic.source import roles
from hermetic.source.changes import import_time
from hermetic.source.leading import is_support
from hermetic.source.worker_names import FIXTURE, is_computed, is_cut, is_named, is_only_asked, is_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast as ast
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

PARAMETER = FIXTURE.encode()
READ = "the worker's name is read from the environment by hand"
CUT = "the worker's name is taken apart by hand"
COMPUTED = "a number is computed from the worker's by hand"
NAMED = "a name is made from the worker's by hand"


class WorkerArithmetic(Rule):
    """A port, a database or a name is computed from the worker's name by hand.

    Why it breaks:
    Worker numbers have no bound: when workers crash and are replaced, `-n 2` reaches `gw3`, and Redis has sixteen
    databases. They are not unique: two runs on one machine both have a `gw0`, and a schema of that name is dropped by
    the one under the other. Without xdist there is no worker at all: the variable is absent, the fixture says `master`,
    and `int(...)` fails. And each copy of the arithmetic has its own idea of it.

    Do this instead:
    Lease what no other process has: the fixtures `worker_port`, `worker_postgres_schema`, `worker_redis_database`,
    `worker_store_name`, or the functions of `hermetic.workers` behind them, such as `get_worker_port_offset()`. To tell
    whether there is a worker, or to share work between workers, ask for it: comparing the name is left alone.

    Limits:
    Only files of the suite are looked at, and of other files that they call the functions with a parameter `worker_id`
    that speak of `gw`. A name that is made for a temporary folder, a log or a message is nobody else's, and so is one
    whose use cannot be told.
    """

    code = "HRM507"
    name = "worker-arithmetic"
    symptoms = (
        "KeyError: 'PYTEST_XDIST_WORKER'",
        "ValueError: invalid literal for int() with base 10: 'master'",
        "DB index is out of range",
        "two runs on one machine drop each other's schema",
    )
    repair = "use the fixtures and functions of hermetic.workers, which lease what nobody else has"
    message = "{what}: two runs on one machine both have gw0, and worker numbers have no bound"
    presets = (PROJECT,)
    tokens = (b"PYTEST_XDIST_WORKER", b"worker_id", b"workerinput", b"slaveinput", b"get_worker_num")
    reached = (PARAMETER,)
    follows = "calls"
    related = ("HRM501", "HRM502")

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the places that read, take apart or compute with the worker's name, in the helpers of a file too."""
        if is_of_suite(module):
            for scope, owner in scopes(module):
                yield from self.made_in(scope, owner)
        for helper in helpers(module, project):
            for scope in helper.family():
                yield from self.made_in(scope, helper)

    def made_in(self, scope: Scope, owner: Scope | None) -> Iterator[Finding]:
        """Yield the findings in one scope."""
        test = node_id(owner) if owner is not None and roles.role_of(owner) == "test" else ""
        for node, what in hand_made(scope):
            yield self.finding(scope.module, node, self.message.format(what=what), test=test)

    bad = (
        Example(
            "the number is cut out of the environment",
            {
                "test_port.py": """
import os


def free_port():
    worker = os.environ["PYTEST_XDIST_WORKER"]  # <- HRM507
    return 8000 + int(worker[2:]) * 100


def test_a_port_is_above_8000():
    assert free_port() >= 8000
""",
            },
            harm="fails",
        ),
        Example(
            "the fixture's name is taken apart, in a conftest and in a class",
            {
                "conftest.py": """
import pytest


@pytest.fixture(scope="session")
def redis_db(worker_id):
    return int(worker_id.removeprefix("gw")) + 1  # <- HRM507
""",
                "test_redis.py": """
import pytest
import xdist


class TestDatabases:
    @pytest.fixture
    def number(self, request):
        worker = xdist.get_xdist_worker_id(request)
        return int(worker.split("w")[1])  # <- HRM507

    def test_a_database_has_a_number(self, redis_db):
        assert redis_db < 16

    def test_a_worker_has_a_number(self, number):
        assert number < 16
""",
            },
            harm="fails",
        ),
        Example(
            "a schema is named after the worker, and a second run has the same",
            {
                "server.py": """
schemas = []


def create(name):
    if name in schemas:
        raise RuntimeError(f'schema "{name}" already exists')
    schemas.append(name)
""",
                "test_schemas.py": """
import server


def run(worker_id):
    server.create("schema_" + worker_id)  # <- HRM507


def test_two_runs_on_one_server(worker_id):
    schema = f"schema_{worker_id}"  # <- HRM507
    run(worker_id)
    server.create(schema)
""",
            },
            harm="fails",
        ),
        Example(
            "the slot times a hundred, beside the function that knows which ports are free",
            {
                "test_block.py": """
from hermetic.workers import get_worker_num

BASE = 65000


def test_a_port_exists():
    first = BASE + 100 * (get_worker_num() + 6)  # <- HRM507
    assert first + 99 < 65536
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "what is leased needs no arithmetic",
            {
                "test_leased.py": """
from hermetic.workers import get_worker_port_offset, get_worker_postgres_schema, get_worker_redis_db


def test_a_worker_has_its_own():
    assert 20000 + get_worker_port_offset() < 65536
    assert get_worker_postgres_schema().startswith("test_worker_gw")
    assert get_worker_redis_db(16) > 0
""",
            },
        ),
        Example(
            "asking whether there is a worker, and which, is not computing with it",
            {
                "conftest.py": """
import os

import pytest

in_worker = os.environ.get("PYTEST_XDIST_WORKER") is not None


def pytest_report_header():
    return f"worker: {os.environ.get('PYTEST_XDIST_WORKER', 'none')}" if in_worker else "no workers"


@pytest.fixture(scope="session")
def is_first(worker_id):
    return worker_id in ("master", "gw0")
""",
                "test_asking.py": """
import os

import pytest


@pytest.mark.skipif(bool(os.environ.get("PYTEST_XDIST_WORKER")), reason="measures time")
def test_is_fast():
    assert sum(range(10)) == 45


def test_the_first_worker_is_known(is_first):
    worker = os.getenv("PYTEST_XDIST_WORKER")
    if worker and worker != "gw0":
        assert not is_first
    else:
        assert is_first
""",
            },
        ),
        Example(
            "folders below the run's own, and messages",
            {
                "test_folders.py": """
import pytest


@pytest.fixture(scope="session")
def downloads(tmp_path_factory, worker_id):
    return tmp_path_factory.mktemp(f"downloads-{worker_id}")


def test_a_folder_is_empty(downloads, worker_id):
    print(f"database of {worker_id}")
    assert list(downloads.iterdir()) == []
""",
            },
        ),
        Example(
            "a test of code that asks for the worker",
            {
                "naming.py": """
import os


def label():
    return os.environ.get("PYTEST_XDIST_WORKER", "master")
""",
                "test_naming.py": """
import os

import naming


def test_the_label_is_the_worker(monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")
    assert naming.label() == os.environ["PYTEST_XDIST_WORKER"]
""",
            },
        ),
    )


def is_of_suite(module: Module) -> bool:
    """Tell whether a file belongs to a suite rather than to the code under test."""
    return module.is_test or roles.is_conftest(module.path) or is_support(module.path)


def helpers(module: Module, project: Project) -> Iterator[Scope]:
    """Yield the functions with a parameter `worker_id` that a file has, or calls, outside the suite."""
    levels = [module]
    for _, dotted in project.leading.calls(module, (PARAMETER,)):
        located = project.locate(dotted, module.folder)
        level = project.module(located[0]) if located is not None else None
        levels += [level] if level is not None else []
    for level in levels:
        for function in level.functions_with((PARAMETER,)) if not is_of_suite(level) else ():
            if FIXTURE in roles.parameters(function):
                yield function


def scopes(module: Module) -> Iterator[tuple[Scope, Scope | None]]:
    """Yield the functions of a file that may ask for the worker, each with the outermost one, and its import time."""
    for function in module.functions_with((*WorkerArithmetic.tokens, b"environ", b"getenv")):
        yield from ((scope, function) for scope in function.family())
    yield from ((scope, None) for scope in import_time(module.top))


def hand_made(scope: Scope) -> Iterator[tuple[ast.AST, str]]:
    """Yield the expressions of a scope that read, take apart or compute with the worker's name, outer ones alone."""
    found: dict[ast.AST, str] = {}
    for node in scope.parents:
        if is_read(scope, node):
            if not is_only_asked(scope, node):
                found[node] = READ
        elif is_cut(scope, node):
            found[node] = CUT
        elif is_computed(scope, node):
            found[node] = COMPUTED
        elif is_named(scope, node):
            found[node] = NAMED
    for node, what in found.items():
        if not any(parent in found for _, parent in scope.ancestors(node)):
            yield node, what
