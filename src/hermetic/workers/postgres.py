"""A PostgreSQL schema for each worker, and connections and engines that see nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.workers._extras import optional
from hermetic.workers.errors import ExhaustedError
from hermetic.workers.names import get_worker_postgres_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    import sqlalchemy

POSTGRES_VARIABLE = "HERMETIC_POSTGRES_URL"
# The sessions of this worker, or of its dead predecessor in the slot, that would make DROP SCHEMA wait for ever.
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM (
    SELECT DISTINCT held.pid FROM pg_locks held
    JOIN pg_class thing ON thing.oid = held.relation
    JOIN pg_namespace space ON space.oid = thing.relnamespace
    WHERE space.nspname = %s AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND held.pid <> pg_backend_pid()
) others
"""
_LOCK = "hashtextextended('hermetic ' || %s, 0)"
_LOCK_TIMEOUT = "5s"
_MARK = "made by hermetic for one test worker; dropped when that has ended"


class PostgresSchema(NamedTuple):
    """A schema that belongs to this worker. `conninfo` connects to the server with nothing but it in the search path.

    `conninfo` is what libpq takes, as `keyword=value` pairs; `psycopg.connect(schema.conninfo)` is one way to use it.
    """

    name: str
    conninfo: str

    def connect(self, **options: object) -> psycopg.Connection[Any]:
        """Return a new psycopg connection; `options` are those of `psycopg.connect`. The caller closes it."""
        connection: psycopg.Connection[Any] = optional("psycopg").connect(self.conninfo, **options)
        return connection

    def create_engine(self, **options: object) -> sqlalchemy.Engine:
        """Return a new SQLAlchemy engine on psycopg; `options` are those of `create_engine`. The caller disposes it."""
        engine: sqlalchemy.Engine = optional("sqlalchemy").create_engine(
            "postgresql+psycopg://", creator=self.connect, **options
        )
        return engine


@contextmanager
def postgres_schema(url: str) -> Iterator[PostgresSchema]:
    """Create the schema of this worker, empty, and drop it with all that is in it at the end.

    `url` is a PostgreSQL URL, with or without a SQLAlchemy driver in it, or libpq's `keyword=value` pairs. The schema
    is locked on the server too (an advisory lock of the connection that made it), so that other machines and users
    cannot have it. Schemas that killed workers have left are dropped along with it. Raises ExhaustedError when another
    machine or user has the schema, LeaseError, MissingLibraryError.
    """
    psycopg = optional("psycopg")
    name = get_worker_postgres_schema()
    target = _libpq(url)
    with psycopg.connect(target, autocommit=True) as keeper:
        keeper.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        keeper.execute("SET client_min_messages = warning")
        try:
            # Waits a little: someone who tidies up may hold it for a moment.
            keeper.execute(f"SELECT pg_advisory_lock({_LOCK})", [name])
        except psycopg.errors.LockNotAvailable as error:
            raise ExhaustedError(
                f"schema {name} is in use by a test run of another user or machine; give this run a database of its "
                f"own in {POSTGRES_VARIABLE}"
            ) from error
        _drop(keeper, name)
        _create(keeper, name)
        try:
            yield PostgresSchema(name, _with_search_path(target, name))
        finally:
            _drop(keeper, name)
            _drop_left_over(keeper)


@contextmanager
def postgres_connection(schema: PostgresSchema) -> Iterator[psycopg.Connection[Any]]:
    """Give a psycopg connection; what is not committed at the end is rolled back."""
    connection = schema.connect()
    try:
        yield connection
    finally:
        # Not the connection's own context manager, which commits.
        connection.close()


@contextmanager
def sqlalchemy_engine(schema: PostgresSchema) -> Iterator[sqlalchemy.Engine]:
    """Give a SQLAlchemy engine, and dispose of it with all its connections at the end."""
    engine = schema.create_engine()
    try:
        yield engine
    finally:
        engine.dispose()


def _create(keeper: psycopg.Connection[Any], name: str) -> None:
    sql = optional("psycopg.sql")
    keeper.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    keeper.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(name), sql.Literal(_MARK)))


def _drop(keeper: psycopg.Connection[Any], name: str) -> None:
    sql = optional("psycopg.sql")
    keeper.execute(_END_OTHERS, [name])
    keeper.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def _drop_left_over(keeper: psycopg.Connection[Any]) -> None:
    """Drop schemas that were made here and whose makers, on whatever machine, have died."""
    found = "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = %s"
    for (name,) in keeper.execute(found, [_MARK]).fetchall():
        (free,) = keeper.execute(f"SELECT pg_try_advisory_lock({_LOCK})", [name]).fetchone() or (False,)
        if free:
            _drop(keeper, name)
            keeper.execute(f"SELECT pg_advisory_unlock({_LOCK})", [name])


def _libpq(url: str) -> str:
    """Return a URL without SQLAlchemy's driver: `postgresql+psycopg://` is nothing to libpq."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}" if separator else url


def _with_search_path(target: str, name: str) -> str:
    conninfo = optional("psycopg.conninfo")
    options = conninfo.conninfo_to_dict(target).get("options", "")
    # Not `public` as well: a table that is missing here must not be found there.
    text: str = conninfo.make_conninfo(target, options=f"{options} -c search_path={name}".strip())
    return text
