"""HRM503."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._grouped import are_grouped
from hermetic.catalogue.resources._removed import Removed, is_in_own_folder, is_moved
from hermetic.catalogue.resources._rows import is_cleaned, may_write, writes_rows
from hermetic.catalogue.resources._sqlite import OPENERS, OPENING, database_opened, is_sqlite, target_of
from hermetic.catalogue.resources._users import fixtures_of, is_wide, tests_of
from hermetic.catalogue.rule import LINT, PROJECT, Example, Rule, node_id, one_per_line, reached_from
from hermetic.source import roles
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.never_run import is_skipped
from hermetic.source.origins import results
from hermetic.source.restore import is_undone
from hermetic.source.visits import Visit, is_cleanup, roots, visits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

TOKENS = (b"sqlite", b"Sqlite", b"create_engine", b"create_async_engine", b"apsw", b"TinyDB", b"databases")
INTEREST = Interest("HRM503", TOKENS, OPENING)


class SharedSqlite(Rule):
    """Several tests write to one SQLite file.

    Why it breaks:
    The rows of one test are there for the next, which counts them, or finds its name taken. With a fixed file name two
    workers write to the same file as well: one waits for the other's lock until `database is locked`, or removes the
    file while the other uses it.

    Do this instead:
    Give each test a file of its own, `sqlite3.connect(tmp_path / "app.db")`, or a database in memory. Where making the
    tables is slow, make them once in a template and copy that, or let a function-scoped fixture begin a transaction and
    roll it back. What a worker keeps for all its tests goes into `worker_sqlite`.

    Limits:
    Seen are `sqlite3`, `aiosqlite`, SQLAlchemy and a few other libraries. A fixed file counts when two tests of a file
    get to what opens it and something there writes; it is left alone where all of them are in one `xdist_group` and
    the file is removed each time. A database that a wide fixture makes elsewhere counts when a test that requests it
    is seen to write, and neither the test nor a fixture around it speaks of rolling back, deleting or resetting. A file
    that one test alone opens is the business of HRM502. What code under test opens only behind a second call is
    reported in the `project` preset alone.
    """

    code = "HRM503"
    name = "shared-sqlite"
    symptoms = (
        "sqlite3.OperationalError: database is locked, in parallel runs",
        "a table has rows that another test inserted",
        "sqlite3.OperationalError: table already exists, or UNIQUE constraint failed, in some orders",
    )
    message = "the SQLite database {path} is opened {where}, and several tests write to it"
    kept_message = "the SQLite database of {name!r} is kept for several tests, and what {test} writes stays in it"
    repair = "open a file below tmp_path for each test, or roll back in a function-scoped fixture"
    claims = (LINT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "guard": "that the file was written is seen as HRM502; which tests share it is known when all have run",
        "audit": "it names tests that harm each other, not what two workers may meet in",
    }
    follows = "calls"
    tokens = TOKENS
    through_fixtures = True
    related = ("HRM502", "HRM504")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield where databases are opened that several tests write to."""
        yield from self.fixed(module, project)
        yield from self.kept(module, project)

    def fixed(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield where a file with a fixed name is opened for several tests."""
        opened: dict[str, list[Visit]] = {}
        strict = not project.presets.isdisjoint((PROJECT, self.code))
        for root in roots(module, INTEREST):
            for visit in visits(root, TOKENS, interest=INTEREST):
                path = None
                if strict or not visit.is_deep():
                    path = database_opened(visit, resolve(visit.scope, visit.call.func))
                if path is not None and is_shared(visit, path, project):
                    opened.setdefault(path, []).append(visit)
        for path, found in opened.items():
            users = {name for visit in found for name in users_of(visit.root, project)}
            if len(users) < 2 or not any(may_write(item.scope.module) for visit in found for item in visit.chain()):  # noqa: PLR2004 - one test alone is HRM502's
                continue
            if not is_apart(path, found, project):
                for visit in found:
                    where = reached_from(visit.scope, visit.root)
                    message = self.message.format(path=repr(path), where=where)
                    yield self.finding(visit.scope.module, visit.call, message, test=node_id(visit.root))

    def kept(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield where a wide fixture opens a database that tests of this file write to."""
        tests = [item for item in module.top.functions if roles.role_of(item) == "test" and not is_skipped(item)]
        users: dict[Scope, list[Scope]] = {}
        for test in tests:
            for fixture in fixtures_of(test, project):
                if is_wide(fixture):
                    users.setdefault(fixture, []).append(test)
        for fixture, mine in users.items():
            call = opening_call(fixture) if len(mine) > 1 else None
            writer = call and next((test for test in mine if writes_rows(module.load(test))), None)
            if call is not None and writer and not is_cleaned(writer, fixture, project):
                name = roles.fixture_name(fixture)
                message = self.kept_message.format(name=name, test=writer.name)
                yield self.finding(fixture.module, call, message, test=node_id(writer))

    bad = (
        Example(
            "two tests connect to a file in the working folder",
            {
                "test_people.py": """
import sqlite3


def test_ada_is_added():
    people = sqlite3.connect("people.db")  # <- HRM503
    people.execute("create table if not exists person (name)")
    people.execute("insert into person values ('ada')")
    people.commit()
    assert people.execute("select count(*) from person").fetchone() == (1,)
    people.close()


def test_nobody_is_there():
    people = sqlite3.connect("people.db")  # <- HRM503
    people.execute("create table if not exists person (name)")
    assert people.execute("select count(*) from person").fetchone() == (0,)
    people.close()
"""
            },
        ),
        Example(
            "a fixture makes an engine for a file beside the tests, through a helper of the application",
            {
                "storage.py": """
import sqlalchemy as sa

URL = "sqlite:///orders.db"
metadata = sa.MetaData()
orders = sa.Table("orders", metadata, sa.Column("item", sa.String, unique=True))


def engine(url=URL):
    made = sa.create_engine(url)  # <- HRM503
    metadata.create_all(made)
    return made
""",
                "test_orders.py": """
import pytest
import sqlalchemy as sa
import storage


@pytest.fixture
def engine():
    made = storage.engine()
    yield made
    made.dispose()


def test_tea_is_ordered(engine):
    with engine.begin() as connection:
        connection.execute(sa.insert(storage.orders).values(item="tea"))


def test_nothing_is_ordered(engine):
    with engine.connect() as connection:
        assert connection.execute(sa.select(storage.orders)).all() == []
""",
            },
            needs=("sqlalchemy",),
        ),
        Example(
            "the database of a session-scoped fixture keeps what a test inserts",
            {
                "conftest.py": """
import sqlite3

import pytest


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    opened = sqlite3.connect(tmp_path_factory.mktemp("data") / "shop.db")  # <- HRM503
    opened.execute("create table item (name)")
    yield opened
    opened.close()
""",
                "test_items.py": """
def test_an_item_is_added(database):
    with database:
        database.execute("insert into item values (?)", ["tea"])
    assert database.execute("select name from item").fetchall() == [("tea",)]


def test_there_is_no_item(database):
    assert database.execute("select count(*) from item").fetchone() == (0,)
""",
            },
        ),
    )
    good = (
        Example(
            "each test has a file, or a database in memory",
            {
                "test_people.py": """
import sqlite3

import pytest


@pytest.fixture
def people(tmp_path):
    opened = sqlite3.connect(tmp_path / "people.db")
    opened.execute("create table person (name)")
    yield opened
    opened.close()


def test_ada_is_added(people):
    people.execute("insert into person values ('ada')")
    assert people.execute("select count(*) from person").fetchone() == (1,)


def test_nobody_is_there(people):
    assert people.execute("select count(*) from person").fetchone() == (0,)


def test_in_memory():
    opened = sqlite3.connect(":memory:")
    opened.execute("create table person (name)")
    opened.execute("insert into person values ('ada')")
    opened.close()
"""
            },
        ),
        Example(
            "one engine for all, and a transaction for each test that is rolled back",
            {
                "conftest.py": """
import pytest
import sqlalchemy as sa

metadata = sa.MetaData()
orders = sa.Table("orders", metadata, sa.Column("item", sa.String))


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    made = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('data')}/orders.db")
    metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine):
    with engine.connect() as opened:
        opened.begin()
        yield opened
        opened.rollback()
""",
                "test_orders.py": """
import sqlalchemy as sa


def test_tea_is_ordered(connection):
    connection.execute(sa.text("insert into orders values ('tea')"))
    assert connection.execute(sa.text("select count(*) from orders")).scalar() == 1


def test_nothing_is_ordered(connection):
    assert connection.execute(sa.text("select count(*) from orders")).scalar() == 0
""",
            },
            needs=("sqlalchemy",),
        ),
        Example(
            "a working folder for each test, a template that is copied, and a file that is only read",
            {
                "conftest.py": """
import shutil
import sqlite3

import pytest


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "template.db"
    opened = sqlite3.connect(path)
    opened.execute("create table item (name)")
    opened.close()
    return path


@pytest.fixture
def database(template, tmp_path):
    opened = sqlite3.connect(shutil.copy(template, tmp_path / "shop.db"))
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
""",
                "test_items.py": """
import sqlite3


def test_an_item_is_added(database):
    database.execute("insert into item values ('tea')")
    assert database.execute("select name from item").fetchall() == [("tea",)]


def test_there_is_no_item(database):
    assert database.execute("select count(*) from item").fetchone() == (0,)


def test_in_a_folder(folder):
    opened = sqlite3.connect("shop.db")
    opened.execute("create table item (name)")
    opened.close()


def test_in_another_folder(folder):
    opened = sqlite3.connect("shop.db")
    opened.execute("create table item (name)")
    opened.close()


def test_the_template_is_empty(template):
    opened = sqlite3.connect(f"file:{template}?mode=ro", uri=True)
    assert opened.execute("select count(*) from item").fetchone() == (0,)
    opened.close()
""",
            },
        ),
        Example(
            "the worker's own file is emptied before each test",
            {
                "test_worker.py": """
import sqlite3

import pytest


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = sqlite3.connect(tmp_path_factory.mktemp("data") / "shop.db")
    opened.execute("create table item (name)")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def empty(database):
    database.execute("delete from item")


def test_an_item_is_added(database):
    database.execute("insert into item values ('tea')")
    assert database.execute("select count(*) from item").fetchone() == (1,)


def test_there_is_no_item(database):
    assert database.execute("select count(*) from item").fetchone() == (0,)
"""
            },
        ),
    )


def users_of(root: Scope, project: Project) -> frozenset[str]:
    """Return for how many tests something is opened; what a session fixture opens once is the business of HRM405."""
    once = roles.role_of(root) == "fixture" and roles.fixture_scope(root) == "session"
    return frozenset({root.name}) if once else tests_of(root, project)


def is_shared(visit: Visit, path: str, project: Project) -> bool:
    """Tell whether a call opens the same file for everybody: not in a folder of the test's own, nor a mock."""
    if is_cleanup(visit) or is_in_own_folder(visit, path) or is_moved(visit.root, path, project):
        return False
    return not visit.is_mocked(resolve(visit.scope, visit.call.func), project)


def is_apart(path: str, found: list[Visit], project: Project) -> bool:
    """Tell whether all tests that open a file run in one worker, and each finds it removed."""
    tests = [visit.root for visit in found if roles.role_of(visit.root) == "test"]
    for visit in found:
        if roles.role_of(visit.root) == "fixture":
            every = visit.root.module.top.functions
            tests += [
                item for item in every if roles.role_of(item) == "test" and visit.root in fixtures_of(item, project)
            ]
    from hermetic.source.around import undone_around

    undo = Removed(path)
    return are_grouped(tests) and all(
        any(is_undone(scope, node, undo) for scope, node in visit.places()) or undone_around(visit.root, undo, project)
        for visit in found
    )


def opening_call(fixture: Scope) -> ast.Call | None:
    """Return the call with which a fixture opens the SQLite database that it gives; None where it gives none."""
    given = {resolve(fixture, value).removesuffix("<with>") for value in results(fixture)}
    for call in fixture.module.load(fixture).kept(ast.Call):
        name = resolve(fixture, call.func)
        if f"{name}()" not in given:
            continue
        target = target_of(fixture, call, name)
        if name in OPENERS or (target is not None and is_sqlite(target)):
            return call
    return None
