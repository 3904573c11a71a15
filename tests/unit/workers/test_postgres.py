"""A schema for each worker on a real PostgreSQL, and nothing of it afterwards."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import text
from tests.utils.holders import holding

from hermetic.workers import (
    ExhaustedError,
    MissingServerError,
    fixtures,
    get_worker_postgres_schema,
    postgres,
    postgres_connection,
    postgres_schema,
    sqlalchemy_engine,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from hermetic.workers import PostgresSchema

MAKE = """
    manager = workers.postgres_schema({url!r})
    schema = manager.__enter__()
    schema.connect(autocommit=True).execute("CREATE TABLE things (x int)")
    said = schema.name
"""


@pytest.fixture
def server(worker_postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees everything."""
    with closing(psycopg.connect(worker_postgres_url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def database(server: psycopg.Connection[Any], worker_unique_name: Callable[[str], str]) -> Iterator[str]:
    """The URL-like address of a database of the test's own, for tests that lease the same schema in other processes."""
    name = worker_unique_name("database")
    server.execute(f'CREATE DATABASE "{name}"')
    yield psycopg.conninfo.make_conninfo(f"host={server.info.host} user={server.info.user}", dbname=name)
    server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def schemas(address: str) -> set[str]:
    with closing(psycopg.connect(address)) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test\\_worker%'").fetchall()
    return {name for (name,) in found}


def sessions(connection: psycopg.Connection[Any], name: str) -> int:
    """How many sessions have the application name."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    (count,) = connection.execute(query, [name]).fetchone() or (-1,)
    return int(count)


def test_the_schema_is_empty_at_first_and_gone_at_the_end(database: str) -> None:
    for _ in range(2):  # the second time nothing of the first is there
        with postgres_schema(database) as schema, closing(schema.connect(autocommit=True)) as connection:
            assert schema.name == get_worker_postgres_schema()
            assert schemas(database) == {schema.name}
            connection.execute("CREATE TABLE things (x int)")
            connection.execute("CREATE TYPE kind AS ENUM ('one')")
        assert schemas(database) == set()


def test_a_connection_sees_its_schema_and_not_the_public_one(database: str) -> None:
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        connection.execute("CREATE TABLE public.shared (x int)")

    with postgres_schema(database) as schema, postgres_connection(schema) as connection:
        connection.execute("CREATE TABLE things (x int)")
        assert connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'things'").fetchone() == (
            schema.name,
        )
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM shared")


def test_what_is_not_committed_is_rolled_back(worker_postgres_schema: PostgresSchema) -> None:
    with postgres_connection(worker_postgres_schema) as connection:
        connection.execute("CREATE TABLE forgotten (x int)")

    with postgres_connection(worker_postgres_schema) as connection:
        assert connection.execute("SELECT to_regclass('forgotten')").fetchone() == (None,)


def test_the_connection_of_the_fixture_is_the_worker_s_own(
    worker_postgres: psycopg.Connection[Any], worker_postgres_schema: PostgresSchema
) -> None:
    assert worker_postgres.execute("SELECT current_schema()").fetchone() == (worker_postgres_schema.name,)


def test_the_engine_sees_the_schema(worker_sqlalchemy_engine: Engine, worker_postgres_schema: PostgresSchema) -> None:
    with worker_sqlalchemy_engine.connect() as connection:
        assert connection.execute(text("SELECT current_schema()")).scalar() == worker_postgres_schema.name


def test_the_engine_is_disposed_of_with_all_its_connections(
    worker_postgres_schema: PostgresSchema, server: psycopg.Connection[Any], worker_unique_name: Callable[[str], str]
) -> None:
    mark = worker_unique_name("engine")
    named = worker_postgres_schema._replace(conninfo=f"{worker_postgres_schema.conninfo} application_name={mark}")
    with sqlalchemy_engine(named) as engine:
        connections = [engine.connect() for _ in range(3)]
        for connection in connections:
            connection.close()  # back into the pool, and open
        assert sessions(server, mark) == 3

    deadline = time.monotonic() + 10
    while sessions(server, mark) and time.monotonic() < deadline:  # the server notices a moment later
        time.sleep(0.01)
    assert sessions(server, mark) == 0


def test_a_transaction_that_a_test_left_open_does_not_stop_the_end(database: str) -> None:
    with postgres_schema(database) as schema:
        with closing(schema.connect(autocommit=True)) as connection:
            connection.execute("CREATE TABLE things (x int)")
        left_open = schema.connect()
        left_open.execute("LOCK TABLE things")

    assert schemas(database) == set()
    left_open.close()


def test_a_schema_in_use_elsewhere_is_refused(
    database: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, worker_slot: int
) -> None:
    # Another user, or another machine: nothing but the server is shared.
    monkeypatch.setattr(postgres, "_LOCK_TIMEOUT", "50ms")
    same_name = {**env, "PYTEST_XDIST_WORKER": f"gw{worker_slot}"}
    with holding(MAKE.format(url=database), env=same_name) as (other,):
        assert other.said == get_worker_postgres_schema()

        with pytest.raises(ExhaustedError, match=f"{other.said} is in use by .* HERMETIC_POSTGRES_URL"):
            postgres_schema(database).__enter__()

        assert schemas(database) == {other.said}


def test_the_schema_of_a_killed_worker_is_dropped_by_its_heir_or_by_any_other(
    database: str, env: dict[str, str], worker_slot: int
) -> None:
    for worker in (f"gw{worker_slot}", "gw14"):
        with holding(MAKE.format(url=database), env={**env, "PYTEST_XDIST_WORKER": worker}) as (holder,):
            assert {holder.said} == schemas(database)
            holder.kill()
            assert schemas(database) == {holder.said}

        with postgres_schema(database) as schema, closing(schema.connect()) as connection:
            assert connection.execute("SELECT to_regclass('things')").fetchone() == (None,)
        assert schemas(database) == set()


def test_a_schema_of_somebody_else_s_making_stays(database: str) -> None:
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        connection.execute("CREATE SCHEMA test_worker_gw999")

    with postgres_schema(database):
        pass

    assert schemas(database) == {"test_worker_gw999"}


def test_the_schema_of_a_living_worker_stays(database: str, env: dict[str, str]) -> None:
    with holding(MAKE.format(url=database), env={**env, "PYTEST_XDIST_WORKER": "gw14"}) as (other,):
        assert other.said == "test_worker_gw14"
        with postgres_schema(database):
            pass

        assert schemas(database) == {"test_worker_gw14"}


@pytest.mark.parametrize("driver", ["", "+psycopg", "+asyncpg"])
def test_a_url_may_name_a_driver_and_carry_options(driver: str, worker_postgres_url: str) -> None:
    scheme, _, rest = worker_postgres_url.partition("://")
    url = f"{scheme}{driver}://{rest}{'&' if '?' in rest else '?'}options=-c%20work_mem%3D123kB"
    target = postgres._with_search_path(postgres._libpq(url), "some_schema")

    with closing(psycopg.connect(target)) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("123kB",)
        assert connection.execute("SHOW search_path").fetchone() == ("some_schema",)


def test_without_an_address_the_error_says_where_to_put_one(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HERMETIC_POSTGRES_URL", raising=False)
    with pytest.raises(MissingServerError, match=r"HERMETIC_POSTGRES_URL=postgres.* hermetic_postgres_url .* override"):
        fixtures._server(pytestconfig, "hermetic_postgres_url", "worker_postgres_url", "postgresql://")

    monkeypatch.setenv("HERMETIC_POSTGRES_URL", "postgresql://there")
    assert fixtures._server(pytestconfig, "hermetic_postgres_url", "", "") == "postgresql://there"
