"""Connections and engines of PostgreSQL: which database they name, and what is written through them."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.values import UNKNOWN
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.visits import Visit

CONNECTS = frozenset({
    "psycopg.connect", "psycopg.Connection.connect", "psycopg.AsyncConnection.connect", "psycopg2.connect",
    "asyncpg.connect", "pg8000.connect", "pg8000.dbapi.connect", "pg8000.native.Connection", "aiopg.connect",
})  # fmt: skip
POOLS = frozenset({
    "psycopg_pool.ConnectionPool", "psycopg_pool.AsyncConnectionPool", "psycopg_pool.NullConnectionPool",
    "asyncpg.create_pool", "aiopg.create_pool", "psycopg2.pool.SimpleConnectionPool",
    "psycopg2.pool.ThreadedConnectionPool",
})  # fmt: skip
ENGINES = frozenset({
    "sqlalchemy.create_engine", "sqlalchemy.engine.create_engine", "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlmodel.create_engine", "aiopg.sa.create_engine",
})  # fmt: skip
SESSIONS = ("Session", "AsyncSession", "sessionmaker", "async_sessionmaker", "scoped_session", "Connection")
# Methods and functions that pass on the connection that they belong to.
PASSING = frozenset({
    "begin", "connect", "cursor", "connection", "acquire", "getconn", "transaction", "session", "raw_connection",
    "execution_options", "begin_nested", "begin_once",
})  # fmt: skip
PARTS = ("dbname", "database", "host", "port", "user", "password", "dsn", "conninfo", "options", "service",
         "server_settings", "connect_args", "sslmode", "hostaddr")  # fmt: skip
GIVEN = ("create_all", "drop_all", "create", "drop")  # methods of tables and their metadata, which take an engine
MAX_STEPS = 8


def connection_behind(visit: Visit) -> tuple[Place | None, tuple[str, ...]]:
    """Return the call that made the connection which a method is called on, and the methods in between."""
    function = visit.call.func
    passed: list[str] = []
    if not isinstance(function, ast.Attribute):
        return None, ()
    given = bound(visit.call) if function.attr in GIVEN else None
    place = behind(Place(visit.scope, given or function.value, visit.before))
    for _ in range(MAX_STEPS):
        if not isinstance(place.node, ast.Call):
            return None, ()
        name = resolve(place.scope, place.node.func)
        if name in CONNECTS or name in POOLS or name in ENGINES:
            return place, tuple(passed)
        target = place.node.func
        inner = bound(place.node) if name.rpartition(".")[2].removesuffix("()") in SESSIONS else None
        if inner is None and isinstance(target, ast.Attribute) and target.attr in PASSING:
            passed.append(target.attr)
            inner = target.value
        elif inner is None:
            maker = behind(place.at(target))  # Session = sessionmaker(engine); Session()
            inner = bound(maker.node) if isinstance(maker.node, ast.Call) else None
            place = maker
        if inner is None:
            return None, ()
        place = behind(place.at(inner))
    return None, ()


def bound(call: ast.Call) -> ast.expr | None:
    """Return what a session is bound to."""
    return next((item.value for item in call.keywords if item.arg == "bind"), call.args[0] if call.args else None)


def database_of(place: Place) -> str | None:
    """Return the name of the database that a connection is made to, where all that says so is written out."""
    call = place.node
    assert isinstance(call, ast.Call)  # noqa: S101 - for the type checker
    keywords = {item.arg: item.value for item in call.keywords}
    if None in keywords or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    values = {name: value_of(place.at(node)) for name, node in keywords.items() if name in PARTS}
    first = value_of(place.at(call.args[0])) if call.args else values.get("dsn", values.get("conninfo", ""))
    if UNKNOWN in values.values() or not isinstance(first, str):
        return None
    named = values.get("dbname", values.get("database"))
    if isinstance(named, str):
        return named
    if resolve(place.scope, call.func) in ENGINES and not first.startswith("postgres"):
        return None
    return database_in(first)


def database_in(text: str) -> str | None:
    """Return the database that a URL or a connection string names, None for none: the environment says which."""
    if "search_path" in text:
        return None
    if "://" in text:
        return text.partition("://")[2].partition("?")[0].partition("/")[2] or None
    for part in text.split():
        name, found, value = part.partition("=")
        if found and name == "dbname":
            return value
    return None


def is_committed(visit: Visit, connection: Place, passed: tuple[str, ...]) -> bool:
    """Tell whether what is written through a connection stays: it is committed, or there is nothing to commit."""
    call, scope = connection.node, connection.scope
    assert isinstance(call, ast.Call)  # noqa: S101 - for the type checker
    name = resolve(scope, call.func)
    if name.startswith("asyncpg") or {"begin", "transaction", "begin_once"} & {*passed}:
        return True
    entered = isinstance(scope.parents.get(call), (ast.withitem, ast.Await))
    if getattr(visit.call.func, "attr", "") in GIVEN:
        return True
    automatic = any(item.arg in ("autocommit", "isolation_level") for item in call.keywords)
    texts = [item.scope.module.data for item in visit.chain()]
    return automatic or (entered and name in CONNECTS) or any(b"commit" in text for text in (*texts, scope.module.data))


def is_given_by_environment(visit: Visit) -> bool:
    """Tell whether a statement goes to a server that the source or the environment names, and no fixture makes."""
    connection, _ = connection_behind(visit)
    if connection is None or not isinstance(connection.node, ast.Call):
        return False
    given = [*connection.node.args[:1], *(item.value for item in connection.node.keywords if item.arg in PARTS)]
    for item in given:
        found = behind(connection.at(item))
        name = resolve(found.scope, found.node)
        if value_of(found) is UNKNOWN and not name.startswith(("os.environ", "os.getenv")):
            return False
    return True
