"""PostgreSQL: in the schema of all, and in one that each worker leases."""

import os

import psycopg
import pytest
from conftest import TAG
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.orm import Session


# pattern: tables in the worker's own schema, emptied after each test [human]
@pytest.fixture(scope="session")
def tables(worker_postgres_schema):
    with worker_postgres_schema.connect() as connection:  # commits at its end
        connection.execute("CREATE TABLE members (name text)")
        connection.execute("CREATE TABLE visits (page text)")


@pytest.fixture
def database(tables, worker_postgres):
    yield worker_postgres
    worker_postgres.rollback()  # what the test has not committed
    worker_postgres.execute("TRUNCATE members, visits")
    worker_postgres.commit()  # end of what it has


# end of pattern


def test_rows_in_public(note, meet_all, public, me):
    with public.transaction():
        public.execute("SELECT pg_advisory_xact_lock(18)")  # CREATE ... IF NOT EXISTS is no safe race either
        public.execute(f"CREATE TABLE IF NOT EXISTS public.members_{TAG} (name text)")
    public.execute(f"INSERT INTO public.members_{TAG} VALUES (%s)", [me])
    meet_all("written")
    rows = public.execute(f"SELECT name FROM public.members_{TAG}").fetchall()
    note(rows=len(rows))
    meet_all("read")
    public.execute(f"DROP TABLE IF EXISTS public.members_{TAG}")


def test_rows_in_a_schema_of_its_own(note, meet_all, database, me):
    database.execute("INSERT INTO members VALUES (%s)", [me])
    database.commit()
    meet_all("written")
    note(rows=[name for (name,) in database.execute("SELECT name FROM members")], me=me)


def test_rows_after_the_truncation(note, database):
    note(rows=database.execute("SELECT count(*) FROM members").fetchone()[0])


def test_one_table_for_all(note, meet_all, public):
    meet_all("here")
    try:
        public.execute(f"CREATE TABLE public.orders_{TAG} (number int)")
        note(created=True)
    except (errors.DuplicateTable, errors.DuplicateObject, errors.UniqueViolation):  # whichever comes first
        note(created=False)
    meet_all("tried")
    public.execute(f"DROP TABLE IF EXISTS public.orders_{TAG}")


def test_one_table_for_each(note, meet_all, worker_postgres):
    meet_all("here")
    worker_postgres.execute("SET lock_timeout = '2s'")  # whoever shares a schema waits for the first to commit
    worker_postgres.execute("CREATE TABLE orders (number int)")
    meet_all("created")
    note(created=True)


@pytest.fixture
def in_public(public):
    """A table that an earlier run, or a colleague, has made in the schema `public`."""
    name = f"consents_{TAG}_{os.getpid()}"
    public.execute(f"CREATE TABLE public.{name} (member text)")
    yield name
    public.execute(f"DROP TABLE public.{name}")


def test_search_path_with_public(note, in_public, worker_postgres_schema, worker_postgres_url):
    path = f"-c search_path={worker_postgres_schema.name},public"
    connection = psycopg.connect(worker_postgres_url, options=path)
    note(found=connection.execute("SELECT to_regclass(%s) IS NOT NULL", [in_public]).fetchone()[0])
    connection.close()


def test_search_path_without_public(note, in_public, worker_postgres):
    note(found=worker_postgres.execute("SELECT to_regclass(%s) IS NOT NULL", [in_public]).fetchone()[0])


@pytest.fixture
def committing(tables, worker_postgres_schema):
    """As many write it: psycopg's own context manager commits at its end."""
    with worker_postgres_schema.connect() as connection:
        yield connection


@pytest.mark.parametrize("turn", [1, 2])
def test_connection_that_commits(turn, note, committing):
    committing.execute("INSERT INTO visits VALUES ('/start')")
    note(rows=committing.execute("SELECT count(*) FROM visits").fetchone()[0])


def test_empty_again(database):
    """The fixture truncates after this test."""


@pytest.mark.parametrize("turn", [1, 2])
def test_connection_that_rolls_back(turn, note, tables, worker_postgres):
    worker_postgres.execute("INSERT INTO visits VALUES ('/start')")
    note(rows=worker_postgres.execute("SELECT count(*) FROM visits").fetchone()[0])


# pattern: a SQLAlchemy session whose commits are undone after the test [human]
@pytest.fixture
def session(tables, worker_sqlalchemy_engine):
    with worker_sqlalchemy_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


# end of pattern


@pytest.mark.parametrize("turn", [1, 2])
def test_session_that_commits(turn, note, tables, worker_postgres_schema):
    engine = worker_postgres_schema.create_engine()
    with Session(engine) as session:
        session.execute(text("INSERT INTO members VALUES ('Ada')"))
        session.commit()
        note(rows=session.scalar(text("SELECT count(*) FROM members")))
    engine.dispose()


def test_empty_once_more(database):
    """The fixture truncates after this test."""


@pytest.mark.parametrize("turn", [1, 2])
def test_session_in_a_transaction(turn, note, session):
    session.execute(text("INSERT INTO members VALUES ('Ada')"))
    session.commit()
    note(
        rows=session.scalar(text("SELECT count(*) FROM members")),
        schema=session.scalar(text("SELECT current_schema()")),
    )


def test_names_of_two_runs(note, meet_all, public, worker_identity):
    name = f"test_{worker_identity.worker}_{TAG}"  # each run has a gw0
    meet_all("here")
    try:
        public.execute(f"CREATE SCHEMA {name}")
        note(created=True, name=name)
    except (errors.DuplicateSchema, errors.UniqueViolation):
        note(created=False, name=name)
    meet_all("tried")
    public.execute(f"DROP SCHEMA IF EXISTS {name}")


def test_leases_of_two_runs(
    note, meet_all, worker_slot, worker_postgres_schema, worker_redis_database, worker_redis_prefix, worker_store_name
):
    note(
        slot=worker_slot,
        schema=worker_postgres_schema.name,
        database=worker_redis_database.number,
        prefix=worker_redis_prefix,
        store=worker_store_name,
    )
    meet_all("noted")
