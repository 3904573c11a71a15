"""The loggers of the process, however code gets hold of one."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._own_loggers import is_unique
from hermetic.source.changes import called, import_time
from hermetic.source.names import resolve
from hermetic.source.spelling import key_of
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

LOGGER = "logging.Logger"
ROOT = "logging.getLogger()"
GETTERS = ("logging.getLogger()", "multiprocessing.get_logger()", "multiprocessing.log_to_stderr()")
OWN = "logging.getLogger(__name__)"
OF_MODULE = ".__name__)"
ROOTS = ("logging.root", "logging.Logger.root")
FROM_START = frozenset({"logging.WARNING", "logging.WARN", "30", "'WARNING'"})  # levels of the root logger
ROOT_KEYS = frozenset({*ROOTS, "logging.getLogger('')", "logging.getLogger('root')", "logging.getLogger(None)"})
# Last names of loggers that another module defines: nothing but the name is known of them here.
NAMES = frozenset({"logger", "_logger", "LOGGER", "_LOGGER", "log", "_log", "LOG"})
OTHERS = ("loguru.", "structlog.", "@", ".", "[")  # libraries with loggers of another kind; parameters, own classes
PARTS = frozenset({"handlers", "filters", "level", "propagate", "disabled"})
USED = PARTS | {
    "setLevel", "addHandler", "removeHandler", "addFilter", "removeFilter", "getEffectiveLevel", "append", "insert",
    "extend", "remove", "pop", "clear",
}  # fmt: skip
# What code that sets something else has in the line, by what is set here.
WORDS = {"setLevel": b"evel", "level": b"evel", "propagate": b"propagate", "disabled": b"disable"}


class LoggerState(State):
    """State that each logger has one of; its key is the logger."""

    by_owner = True

    def name_of(self, name: str) -> str:
        """Write whatever gives a registered logger as `logging.Logger`."""
        for start in (*GETTERS, *ROOTS):
            rest = name.removeprefix(start)
            if rest != name and rest[:1] in ("", ".", "["):
                return LOGGER + rest.removeprefix(".getChild()")
        if not name.startswith(OTHERS):
            owner, found, rest = split_at_logger(name)
            if found and "(" not in owner:
                return f"{LOGGER}{rest}"
        return name

    def name_in(self, scope: Scope, name: str) -> str:
        """See through a name of another project file that is bound to a logger there."""
        return self.name_of(seen_through(scope, name))

    def goes_back(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell whether a logger's method sets what all but the root logger begin with."""
        if name == f"{LOGGER}.removeHandler" and isinstance(call.func, ast.Attribute) and takes_all(scope, call):
            return has_no_handlers(scope, call.func.value)
        if name == f"{LOGGER}.setLevel":
            owner, level = getattr(call.func, "value", None), call.args[0] if call.args else None
            if is_level_of_root(scope, owner, level) or is_level_at_import(scope, owner, level):
                return True
        if not super().goes_back(scope, call, name):
            return False
        return not isinstance(call.func, ast.Attribute) or is_from_start(scope, call.func.value, name)

    def stores_default(self, scope: Scope, owner: ast.expr, name: str, value: ast.expr | None) -> bool:
        """Tell whether a logger's attribute is set to what all but the root logger begin with."""
        if name == f"{LOGGER}.handlers" and isinstance(value, ast.List) and not value.elts:
            return has_no_handlers(scope, owner)
        if name == f"{LOGGER}.level" and is_level_of_root(scope, owner, value):
            return True
        return super().stores_default(scope, owner, name, value) and is_from_start(scope, owner, name)

    def is_left_over(self, scope: Scope, key: str) -> bool:  # noqa: ARG002 - the contract of State
        """Tell it for every handler and filter: code that asks whether there is one does not count on it."""
        return True

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Leave out loggers that no other test can know, and handlers that do nothing."""
        if name.endswith(".addHandler") and call.args:
            handler = resolve(scope, call.args[0])
            if handler.removesuffix("()").endswith("NullHandler"):
                return False
        return not (isinstance(call.func, ast.Attribute) and is_unique(scope, call.func.value))

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:
        """Leave out loggers that no other test can know."""
        return not is_unique(scope, target)

    def call_key(self, scope: Scope, call: ast.Call, name: str) -> str:  # noqa: ARG002 - one logger for all
        """Return the logger."""
        return logger_key(scope, call.func.value) if isinstance(call.func, ast.Attribute) else ""

    def attribute_key(self, scope: Scope, owner: ast.expr | None, target: str) -> str:  # noqa: ARG002 - as above
        """Return the logger."""
        return logger_key(scope, owner)

    def item_key(self, scope: Scope, target: ast.Subscript) -> str:
        """Return the logger."""
        return logger_key(scope, target.value)


def split_at_logger(name: str) -> tuple[str, str, str]:
    """Split `app.log.logger.setLevel` at the part that is a logger by its name."""
    parts = name.split(".")
    for number in range(len(parts) - 1, 0, -1):
        if parts[number] in NAMES:
            rest = parts[number + 1 :]
            return ".".join(parts[:number]), parts[number], "".join(f".{part}" for part in rest)
    return "", "", ""


def logger_key(scope: Scope, expression: ast.expr | None) -> str:
    """Return a text by which two spellings of one logger compare equal, "" when it is only known at run time."""
    while isinstance(expression, ast.Attribute) and expression.attr in PARTS:
        expression = expression.value
    key, module = key_of(scope, expression), scope.module
    found = behind_import(scope, key) if "(" not in key else None
    if found is not None:
        key, module = key_of(found[1], found[0]), found[1].module
    if module.name and not module.is_test and key == OWN:
        key = OWN.replace("__name__", repr(module.name))
    elif key.endswith(OF_MODULE):
        key = named_by_module(scope, key)
    return ROOT if key in ROOT_KEYS else key


def named_by_module(scope: Scope, key: str) -> str:
    """Write `logging.getLogger(app.jobs.__name__)` with the name, where that is a module of the project."""
    getter, _, named = key.removesuffix(OF_MODULE).partition("(")
    project = scope.module.project
    known = project is not None and project.file_of(named, scope.module.folder) is not None
    return f"{getter}({named!r})" if known else key


def behind_import(scope: Scope, dotted: str) -> tuple[ast.AST, Scope] | None:
    """Return what a dotted name of another project file is set to there, and the scope to read that in."""
    project = scope.module.project
    if project is None or "." not in dotted or not project.is_own(dotted.partition(".")[0], scope.module.folder):
        return None
    found = project.binding(dotted, scope.module.folder)
    if found is None or found[0].kind != "assign" or not isinstance(found[0].value, ast.AST):
        return None
    return found[0].value, found[1]


def seen_through(scope: Scope, name: str) -> str:
    """Write `app.log.AUDIT.setLevel` with the call that gives the logger, where the file of `AUDIT` says so."""
    base, _, last = name.rpartition(".")
    if last not in USED or not base or name.startswith(OTHERS) or "(" in name:
        return name
    known: dict[str, str] = scope.module.top.memo.setdefault("loggers behind names", {})
    if name not in known:
        owner, _, part = base.rpartition(".") if base.rpartition(".")[2] in PARTS else (base, "", "")
        found = behind_import(scope, owner)
        made = resolve(found[1], found[0]) if found is not None else ""
        rest = f".{part}.{last}" if part else f".{last}"
        known[name] = made + rest if made in GETTERS else name
    return known[name]


def is_from_start(scope: Scope, logger: ast.expr, name: str) -> bool:
    """Tell whether a default is what a logger has when a test finds it: the project sets nothing else.

    Looked at are the file that binds the logger, and the lines with the logger's name in the files that are imported.
    """
    key, last, own = logger_key(scope, logger), name.rpartition(".")[2], scope.module
    if last not in WORDS:
        return True
    if not key:
        return is_named_by_caller(scope, logger)
    if key == ROOT and WORDS[last] == b"evel":
        return False
    word = WORDS[last]
    bound = behind_import(scope, key_of(scope, logger))
    if bound is not None and bound[1].module is not own and word in bound[1].module.data:
        return False
    quoted = key.partition("(")[2].removesuffix(")").encode()
    spellings = (quoted, quoted.replace(b"'", b'"'))
    project = own.project
    texts = (project.text(path) for _, _, path in project.imports(own)) if project is not None and quoted else ()
    return not any(
        word in line and any(spelling in line for spelling in spellings)
        for text in texts
        if text is not None and text.data is not own.data and word in text.data
        for line in text.data.splitlines()
    )


def is_level_of_root(scope: Scope, logger: ast.expr | None, value: ast.expr | None) -> bool:
    """Tell whether the root logger gets the level that it has from the start."""
    return logger_key(scope, logger) == ROOT and key_of(scope, value) in FROM_START


def is_level_at_import(scope: Scope, logger: ast.expr | None, value: ast.expr | None) -> bool:
    """Tell whether a file that is imported before gives a logger the same level.

    That is the module that the logger is named after, where the file imports it, or the package or conftest of a test.
    """
    key, wanted, project = logger_key(scope, logger), key_of(scope, value), scope.module.project
    if project is None or not key or not wanted:
        return False
    dotted = key.partition("('")[2].removesuffix("')")
    path = project.file_of(dotted, scope.module.folder) if dotted else None
    is_imported = path is not None and path in {item for _, _, item in project.imports(scope.module)}
    own = project.module(path) if path is not None and is_imported else None
    others = project.imported_before(scope.module, b".setLevel(")
    return any(module is not None and sets_level(module, key, wanted) for module in (own, *others))


def sets_level(module: Module, key: str, wanted: str) -> bool:
    """Tell whether a file gives a logger a level when it is imported."""
    return b".setLevel(" in module.data and any(
        name.endswith(".setLevel")
        and item.args
        and key_of(body, item.args[0]) == wanted
        and key in keys_of(body, getattr(item.func, "value", None))
        for body in import_time(module.top)
        for name, calls in called(body).items()
        for item in calls
    )


def keys_of(scope: Scope, expression: ast.expr | None) -> list[str]:
    """Return the loggers that an expression may be: one, or those of a loop over names that are written out."""
    found = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    call = found[0].value if found is not None else expression
    if isinstance(call, ast.Call) and len(call.args) == 1 and resolve(scope, call.func) == "logging.getLogger":
        name = call.args[0]
        looped = scope.find(name.id, name.lineno) if isinstance(name, ast.Name) else None
        items = looped[0].value if looped is not None and looped[0].kind == "for" else None
        if isinstance(items, (ast.List, ast.Tuple)):
            return [f"logging.getLogger({key_of(scope, item)})" for item in items.elts]
    return [logger_key(scope, expression)]


def is_named_by_caller(scope: Scope, logger: ast.expr) -> bool:
    """Tell whether a logger has the name that a function is given, so that it is not the root."""
    call: object = logger
    if isinstance(logger, ast.Name):
        found = scope.find(logger.id, logger.lineno)
        call = found[0].value if found is not None else None
    if not isinstance(call, ast.Call) or resolve(scope, call.func) != "logging.getLogger" or not call.args:
        return False
    name = call.args[0]
    given = scope.find(name.id, name.lineno) if isinstance(name, ast.Name) else None
    return given is not None and given[0].kind == "param"


def takes_all(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call takes off each handler that its logger has: `for item in log.handlers: log.removeHandler`."""
    if not isinstance(call.func, ast.Attribute) or not call.args or not isinstance(call.args[0], ast.Name):
        return False
    for _, parent in scope.ancestors(call):
        if isinstance(parent, ast.For) and getattr(parent.target, "id", "") == call.args[0].id:
            given = parent.iter.args[:1] if isinstance(parent.iter, ast.Call) else []
            lists = [parent.iter, *given, getattr(parent.iter, "value", None)]
            owners = [item.value for item in lists if isinstance(item, ast.Attribute) and item.attr == "handlers"]
            return any(key_of(scope, item) == key_of(scope, call.func.value) for item in owners)
    return False


def has_no_handlers(scope: Scope, logger: ast.expr) -> bool:
    """Tell whether a logger has no handlers from the start: a name of its own, that no other file spells."""
    key, own = logger_key(scope, logger), scope.module
    quoted = key.partition("(")[2].removesuffix(")").strip("'\"").encode()
    if not key:
        return is_named_by_caller(scope, logger)
    if not quoted or key == ROOT or own.project is None:
        return False
    texts = (own.project.text(path) for _, _, path in own.project.imports(own))
    return not any(text is not None and quoted in text.data and b"addHandler" in text.data for text in texts)
