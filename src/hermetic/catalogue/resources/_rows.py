"""Whether tests write rows into a database that they share, and whether something takes them away again."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._users import fixtures_of, is_wide
from hermetic.source import roles
from hermetic.source.names import resolve
from hermetic.source.written import Place, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

PUBLIC = (" public.", "schema public ", "schema public;", "schema if exists public ", "schema if not exists public ")
EXECUTORS = ("execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars", "exec", "fetchval")
VERBS = ("insert", "update", "delete", "replace", "create", "drop", "alter", "truncate", "copy", "merge", "grant")
ADDERS = ("add", "add_all", "bulk_save_objects", "bulk_insert_mappings", "create_all", "merge", "save", "to_sql")
# Text that a function has which takes back what tests have written, or gives each of them its own.
CLEANERS = (
    b"rollback", b"delete from", b"truncate", b"drop_all", b"begin_nested", b"savepoint", b"drop table", b"drop schema",
    b"drop database", b".delete(", b"clean", b"reset", b"flushdb", b"unlink", b"rmtree", b"os.remove", b"create schema",
    b"create database", b".backup(",
)  # fmt: skip
WRITING = (
    b"insert", b"update ", b"delete from", b"create table", b"replace into", b"drop table", b".add(", b"add_all",
    b"create_all", b"commit(", b"executescript", b".save(", b"to_sql", b"executemany", b"alter table",
)  # fmt: skip


def may_write(module: Module) -> bool:
    """Tell whether a file writes rows or tables anywhere, by its text."""
    known: bool | None = module.top.memo.get("writes rows")
    if known is None:
        text = module.data.lower()
        known = module.top.memo["writes rows"] = any(word in text for word in WRITING)
    return known


def writes_rows(scope: Scope) -> bool:
    """Tell whether a loaded function, or one in it, writes rows or tables: by the SQL, or by a session's methods."""
    return any(is_write(inner, call) for inner in scope.family() for call in inner.kept(ast.Call))


def is_write(scope: Scope, call: ast.AST) -> bool:
    """Tell whether a call writes to a database."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr in EXECUTORS and call.args:
        return verb_of(scope, call.args[0]) in VERBS
    if call.func.attr in ("create_all", "drop_all"):
        return bool(call.args or call.keywords)
    return call.func.attr in ADDERS and bool(call.args) and "sess" in resolve(scope, call.func.value).lower()


def verb_of(scope: Scope, statement: ast.expr) -> str:
    """Return the first word of an SQL statement, or the function that makes one; "" where it is not known."""
    if isinstance(statement, ast.Call):
        last = resolve(scope, statement.func).rpartition(".")[2]
        if last in ("text", "SQL") and statement.args:
            return verb_of(scope, statement.args[0])
        if isinstance(statement.func, ast.Attribute) and statement.func.attr in (
            "values",
            "where",
            "format",
            "returning",
        ):
            return verb_of(scope, statement.func.value)
        return last if last in VERBS else ""
    value = value_of(Place(scope, statement))
    if value.__class__ is str:
        return str(value).split(maxsplit=1)[0].lower() if str(value).strip() else ""
    first = statement.values[0] if isinstance(statement, ast.JoinedStr) and statement.values else None
    return str(first.value).split(maxsplit=1)[0].lower() if isinstance(first, ast.Constant) and first.value else ""


def is_cleaned(test: Scope, shared: Scope, project: Project) -> bool:
    """Tell whether something takes back what a test writes: itself, or a fixture, setup or teardown around it."""
    around = [item for item in fixtures_of(test, project) if item is not shared and not is_wide(item)]
    classes = project.lineage(test.owner) if test.owner is not None else []
    methods = [item for cls in classes for item in cls.functions]
    beside = [item for item in (*methods, *test.module.top.functions) if roles.role_of(item) in ("setup", "teardown")]
    return any(takes_back(item) for item in (test, *around, *beside))


def takes_back(function: Scope) -> bool:
    """Tell whether a function's text speaks of taking rows away."""
    text = function.module.text(function).lower()
    return any(word in text for word in CLEANERS)


def names_own_table(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a statement names its table by something that only the run knows, or a temporary table."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call) and first.args:
        first = first.args[0]
    text = value_of(Place(scope, first)) if first is not None else ""
    if isinstance(text, str):
        return " temp" in text.lower()[:20] or text.lower().startswith(("create role", "create user"))
    parts = first.values if isinstance(first, ast.JoinedStr) else []
    start = parts[0].value if parts and isinstance(parts[0], ast.Constant) else ""
    return str(start).lower().endswith((" into ", " table ", " from ", "update ", " exists ", " schema ", " database "))


def names_public(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a statement that writes names PostgreSQL's schema for everybody."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call) and first.args:
        first = first.args[0]
    text = value_of(Place(scope, first)) if first is not None else ""
    return isinstance(text, str) and any(word in f"{text.lower()} " for word in PUBLIC)
