"""SQLite databases that a call opens."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._paths import is_file, normal, path_of
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

OPENERS = ("sqlite3.connect", "sqlite3.dbapi2.connect", "aiosqlite.connect", "apsw.Connection", "peewee.SqliteDatabase",
           "playhouse.sqlite_ext.SqliteExtDatabase", "sqlitedict.SqliteDict", "sqlite_utils.Database",
           "pysqlite3.connect", "tinydb.TinyDB")  # fmt: skip
BY_URL = ("sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine", "databases.Database",
          "sqlmodel.create_engine", "dataset.connect", "sqlalchemy.engine.create_engine",
          "playhouse.db_url.connect", "tortoise.Tortoise.init", "pony.orm.Database")  # fmt: skip
OPENING = (*OPENERS, *BY_URL)
NAMES = ("database", "url", "filename", "db_url", "path")


def database_opened(visit: Visit, name: str) -> str | None:
    """Return the file of the SQLite database that a call opens for writing, None for others."""
    target = target_of(visit.scope, visit.call, name, visit.before)
    if target is None:
        return None
    path = path_of(target) if name in OPENERS else file_in(value_of(target))
    if path is not None and path.startswith("file:"):
        path = file_in(value_of(target))
    return path if is_file(path) else None


def target_of(scope: Scope, call: ast.Call, name: str, before: Visit | None = None) -> Place | None:
    """Return what a call that opens a database is given."""
    if name not in OPENERS and name not in BY_URL:
        return None
    by_name = next((item.value for item in call.keywords if item.arg in NAMES), None)
    given: ast.expr | None = call.args[0] if call.args else by_name
    return Place(scope, given, before) if given is not None else None


def file_in(url: object) -> str | None:
    """Return the file that a URL of SQLite names, None for others, in memory, or only read."""
    if not isinstance(url, str):
        return None
    if url.startswith("file:"):
        path, _, options = url.removeprefix("file:").partition("?")
        return None if "memory" in options or "mode=ro" in options or "immutable" in options else normal(path)
    scheme, found, rest = url.partition("://")
    if not found or not scheme.startswith(("sqlite", "file")):
        return None
    path, _, options = rest.removeprefix("/").partition("?")
    if not path or path.startswith(":memory:") or "mode=memory" in options or "mode=ro" in options:
        return None
    return normal(path)


def is_sqlite(target: Place) -> bool:
    """Tell whether a URL is one of SQLite, as far as it is written out."""
    found = behind(target)
    first = found.node.values[0] if isinstance(found.node, ast.JoinedStr) and found.node.values else found.node
    text = value_of(found.at(first))
    return isinstance(text, str) and text.startswith("sqlite")
