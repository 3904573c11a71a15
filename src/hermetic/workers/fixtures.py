"""pytest fixtures for what a worker owns. Each makes the real thing when it is asked for, and removes it at the end.

pytest loads this module in every run, so it imports what a fixture needs when the fixture is used.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from hermetic.workers import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    import psycopg
    import redis as redis_py
    import redis.asyncio as redis_asyncio
    import sqlalchemy

    from hermetic.workers.once import OncePerRun
    from hermetic.workers.ports import PortBlock
    from hermetic.workers.postgres import PostgresSchema
    from hermetic.workers.redis import RedisDatabase
    from hermetic.workers.telemetry import Telemetry

_once = pytest.StashKey["OncePerRun"]()
_SERVERS = {"hermetic_postgres_url": "HERMETIC_POSTGRES_URL", "hermetic_redis_url": "HERMETIC_REDIS_URL"}


class WorkerIdentity(NamedTuple):
    """Who this worker is: xdist's name, the slot that it leased, and the id of its test run."""

    worker: str
    slot: int
    run: str


# --- hooks ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options that say where the servers are."""
    for option, variable in _SERVERS.items():
        parser.addini(option, f"Server for the worker fixtures of hermetic; {variable} in the environment goes first.")


def pytest_configure(config: pytest.Config) -> None:
    """Note who this worker is, for when a test clears the environment."""
    if isinstance(about := getattr(config, "workerinput", None), dict):
        identity.announce(about["workerid"], about["testrunuid"])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Before any worker starts: take part in what the run has once, if a test here uses it."""
    under_xdist = hasattr(session.config, "workerinput")
    if under_xdist and any("once_per_run" in getattr(item, "fixturenames", ()) for item in session.items):
        from hermetic.workers.errors import LeaseError

        # An error here would be an INTERNALERROR of the run. The fixture raises it again, in the tests that use it.
        with contextlib.suppress(LeaseError):
            _things_of(session.config).take_part()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the last test of this worker: let go of what the run has once."""
    things = session.config.stash.get(_once, None)
    if things is None:
        return
    for problem in things.finish():
        # Raising here would be an INTERNALERROR, and a warning filter may turn a warning into an exception.
        message = warnings.WarningMessage(
            f"tearing down what the run has once: {problem!r}", UserWarning, __file__, lineno=0
        )
        session.config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": message, "nodeid": "", "when": "config", "location": None}
        )


def _things_of(config: pytest.Config) -> OncePerRun:
    from hermetic.workers.once import OncePerRun

    # A run that a test starts in this process may have things of the same name.
    return config.stash.setdefault(_once, OncePerRun(f"{identity.get_run_id()} {config.rootpath}"))


def _server(config: pytest.Config, option: str, fixture: str, example: str) -> str:
    from hermetic.workers.errors import MissingServerError

    __tracebackhide__ = True
    variable = _SERVERS[option]
    if url := os.environ.get(variable) or config.getini(option):
        return str(url)
    raise MissingServerError(
        f"which server to use is not known: set {variable}={example} in the environment or {option} in the "
        f"configuration of pytest, or override the fixture {fixture}"
    )


# --- who ---


@pytest.fixture(scope="session")
def worker_identity() -> WorkerIdentity:
    """Who this worker is: `worker` ("gw0", or "master"), `slot` (0, 1 ...) and `run`."""
    from hermetic.workers import names

    return WorkerIdentity(identity.get_worker_id(), names.get_worker_num(), identity.get_run_id())


@pytest.fixture(scope="session")
def worker_slot() -> int:
    """The number that no other running worker of this user has: 0, 1, 2 ..."""
    from hermetic.workers import names

    return names.get_worker_num()


@pytest.fixture(scope="session")
def worker_store_name() -> str:
    """The name of this worker's authorization (or other) store."""
    from hermetic.workers import names

    return names.get_worker_store_name()


@pytest.fixture(scope="session")
def worker_unique_name() -> Callable[[str], str]:
    """A function that makes a name which was never used before: `worker_unique_name("queue")`."""
    from hermetic.workers import names

    return names.unique_resource_name


# --- ports ---


@pytest.fixture(scope="session")
def worker_port_block() -> Iterator[PortBlock]:
    """100 TCP ports of this worker alone: `take()` gives one that is free."""
    from hermetic.workers import ports

    yield ports.lease_port_block()
    ports.release_port_block()


@pytest.fixture(scope="session")
def worker_port_offset(worker_port_block: PortBlock) -> int:
    """What to add to port 20000: 0, 100, 200 ..."""
    return worker_port_block.offset


@pytest.fixture
def worker_port(worker_port_block: PortBlock) -> Iterator[int]:
    """One free port, for one test."""
    port = worker_port_block.take()
    yield port
    worker_port_block.give_back(port)


# --- files and environment ---


@pytest.fixture(scope="session")
def worker_tmp() -> Iterator[Path]:
    """A folder of this worker alone, removed at the end of the session."""
    from hermetic.workers import folders

    yield folders.worker_tmp_path()
    folders.remove_worker_tmp_path()


@pytest.fixture
def worker_sqlite(worker_tmp: Path) -> Iterator[Path]:
    """The path of a SQLite database for one test; the file does not exist yet."""
    from hermetic.workers import folders

    with folders.sqlite_file(folder=worker_tmp) as path:
        yield path


@pytest.fixture
def worker_environ() -> Iterator[MutableMapping[str, str]]:
    """The environment: `os.environ`, put back exactly after the test."""
    from hermetic.workers.environment import isolated_environment

    with isolated_environment() as environ:
        yield environ


# --- PostgreSQL ---


@pytest.fixture(scope="session")
def worker_postgres_url(pytestconfig: pytest.Config) -> str:
    """Where PostgreSQL is. Override it to start a server of your own."""
    return _server(pytestconfig, "hermetic_postgres_url", "worker_postgres_url", "postgresql://user@localhost/test")


@pytest.fixture(scope="session")
def worker_postgres_schema(worker_postgres_url: str) -> Iterator[PostgresSchema]:
    """A PostgreSQL schema of this worker alone (`name`, `conninfo`), dropped at the end of the session."""
    from hermetic.workers import postgres

    with postgres.postgres_schema(worker_postgres_url) as schema:
        yield schema


@pytest.fixture
def worker_postgres(worker_postgres_schema: PostgresSchema) -> Iterator[psycopg.Connection[Any]]:
    """A psycopg connection that sees the worker's schema; what the test does not commit is rolled back."""
    from hermetic.workers import postgres

    with postgres.postgres_connection(worker_postgres_schema) as connection:
        yield connection


@pytest.fixture(scope="session")
def worker_sqlalchemy_engine(worker_postgres_schema: PostgresSchema) -> Iterator[sqlalchemy.Engine]:
    """A SQLAlchemy engine that sees the worker's schema, disposed of at the end of the session."""
    from hermetic.workers import postgres

    with postgres.sqlalchemy_engine(worker_postgres_schema) as engine:
        yield engine


# --- Redis ---


@pytest.fixture(scope="session")
def worker_redis_url(pytestconfig: pytest.Config) -> str:
    """Where Redis (or Valkey) is. Override it to start a server of your own."""
    return _server(pytestconfig, "hermetic_redis_url", "worker_redis_url", "redis://localhost:6379")


@pytest.fixture(scope="session")
def _worker_redis_lease(worker_redis_url: str) -> Iterator[RedisDatabase]:
    from hermetic.workers import redis

    with redis.redis_database(worker_redis_url) as database:
        yield database


@pytest.fixture
def worker_redis_database(_worker_redis_lease: RedisDatabase) -> Iterator[RedisDatabase]:
    """A Redis database of this worker alone (`url`, `number`), empty before and after each test."""
    from hermetic.workers import redis

    with redis.emptied(_worker_redis_lease) as database:
        yield database


@pytest.fixture
def worker_redis(worker_redis_database: RedisDatabase) -> Iterator[redis_py.Redis]:
    """A redis-py client of the worker's database."""
    with worker_redis_database.client() as client:
        yield client


@pytest.fixture
def worker_redis_async(
    worker_redis_database: RedisDatabase,
) -> Callable[..., AbstractAsyncContextManager[redis_asyncio.Redis]]:
    """A maker of asyncio clients of the worker's database; each is closed at the end of its `async with`."""
    return worker_redis_database.async_client


@pytest.fixture
def worker_redis_prefix(worker_redis_url: str) -> Iterator[str]:
    """What the worker's keys begin with, in a database of all; such keys are deleted before and after each test."""
    from hermetic.workers import redis

    with redis.redis_prefix(worker_redis_url) as prefix:
        yield prefix


# --- OpenTelemetry ---


@pytest.fixture
def worker_telemetry() -> Iterator[Telemetry]:
    """A global tracer provider for one test, with its spans in memory: `worker_telemetry.spans`."""
    from hermetic.workers import telemetry

    with telemetry.isolated_telemetry() as isolated:
        yield isolated


# --- once in a run ---


@pytest.fixture(scope="session")
def once_per_run(pytestconfig: pytest.Config) -> Iterator[Callable[..., Any]]:
    """A function that sets something up once for all workers of a run.

    It takes a name, a setup and a teardown, and returns what the setup returned, which must be JSON. The last worker
    out calls the teardown with it.
    """
    things = _things_of(pytestconfig)
    yield things.get
    if things.takes_part:
        return  # other workers may want it yet: see pytest_sessionfinish
    problems = things.leave()
    if problems:
        raise ExceptionGroup("tearing down what the run has once", problems)
