"""Variables of the environment: which of them a test changes, and which a cached function reads."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import find_callee, find_class, find_helper, own_constructor
from hermetic.source.changes import called, stores_of
from hermetic.source.marks import marker_name
from hermetic.source.names import resolve
from hermetic.source.origins import CACHES
from hermetic.source.spelling import is_monkeypatch, is_patch
from hermetic.source.teardown import arrangement
from hermetic.source.text import contains
from hermetic.source.written import Place, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

MAX_CALLS = 3
READERS = ("os.environ.get", "os.getenv", "os.environ.pop", "os.environ.setdefault", "os.environ.__getitem__")
SETTINGS = "BaseSettings"
CLEAR = b"cache_clear"


def is_cached(function: Scope) -> bool:
    """Tell whether a function keeps its results, by `functools.lru_cache` or `cache`."""
    outer = function.parent or function
    return any(marker_name(outer, item) in CACHES for item in getattr(function.node, "decorator_list", ()))


def keys_changed(root: Scope, project: Project) -> dict[str, int]:
    """Return the variables that a test, or what is set up for it, changes, each with the line; 0 where before it."""
    found: dict[str, int] = {}
    for place in arrangement(root, project):
        if roles.role_of(place) == "fixture" and roles.fixture_scope(place) == "session":
            continue
        outer = place.parent or place
        for decorator in getattr(place.node, "decorator_list", ()):
            if isinstance(decorator, ast.Call):
                found |= dict.fromkeys(keys_of(outer, decorator, resolve(outer, decorator.func)), 0)
        for scope in place.family() if place.is_function else ():
            for key, line in keys_in(scope):
                found.setdefault(key, line if place is root else 0)
    return found


def keys_in(scope: Scope) -> list[tuple[str, int]]:
    """Return `(variable, line)` of each change of the environment in a loaded function."""
    known: list[tuple[str, int]] | None = scope.memo.get("keys in")
    if known is None:
        known = scope.memo["keys in"] = list(find_keys(scope))
    return known


def find_keys(scope: Scope) -> Iterator[tuple[str, int]]:
    """Work out what `keys_in` returns."""
    for name, calls in called(scope).items():
        for call in calls:
            for key in keys_of(scope, call, name):
                yield key, call.lineno
    for verb, name, target, node in stores_of(scope):
        if verb == "item" and name == "os.environ" and isinstance(target, ast.Subscript):
            value = value_of(Place(scope, target.slice))
            if isinstance(value, str):
                yield value, node.lineno


def keys_of(scope: Scope, call: ast.Call, name: str) -> Iterator[str]:
    """Yield the variables that a call of `monkeypatch.setenv` or `patch.dict` changes."""
    owner, _, method = name.rpartition(".")
    if method in ("setenv", "delenv") and is_monkeypatch(owner) and call.args:
        value = value_of(Place(scope, call.args[0]))
        yield from [value] if isinstance(value, str) else []
    if not is_patch(name) or not name.endswith(".dict") or not call.args:
        return
    first = call.args[0]
    target = str(first.value) if isinstance(first, ast.Constant) else resolve(scope, first)
    if not target.endswith("os.environ"):
        return
    yield from (item.arg for item in call.keywords if item.arg is not None and item.arg not in ("values", "clear"))
    given = (
        call.args[1]
        if len(call.args) > 1
        else next((item.value for item in call.keywords if item.arg == "values"), None)
    )
    for key in given.keys if isinstance(given, ast.Dict) else ():
        value = value_of(Place(scope, key)) if key is not None else None
        if isinstance(value, str):
            yield value


def keys_read(function: Scope, steps: int = MAX_CALLS) -> set[str]:
    """Return the variables that a function, or what it calls in the project, reads by a written-out name."""
    known: set[str] | None = function.memo.get("keys read")
    if known is not None:
        return known
    found = function.memo["keys read"] = set()
    for scope in function.module.load(function).family():
        for call in list(scope.kept(ast.Call)):
            name = resolve(scope, call.func)
            if name in READERS and call.args:
                value = value_of(Place(scope, call.args[0]))
                found |= {value} if isinstance(value, str) else set()
                continue
            found |= read_by_call(scope, call, steps)
        found |= keys_looked_up(scope)
    return found


def read_by_call(scope: Scope, call: ast.Call, steps: int) -> set[str]:
    """Return the variables that a call reads: those of settings, of a constructor, or of a function of the project."""
    cls = find_class(scope, call.func)
    if cls is not None:
        read = fields_of(cls) | read_in_body(cls)
        makers = [item for item in cls.functions if item.name in ("__init__", "__post_init__", "from_env")]
        return read.union(*(keys_read(item, steps - 1) for item in makers if steps))
    target = find_callee(scope, call.func) or own_constructor(scope, call.func)
    if target is None or not target.is_function or not steps:
        return set()
    given = {value for value in (value_of(Place(scope, item)) for item in call.args) if isinstance(value, str)}
    return keys_read(target, steps - 1) | (given if b"environ" in target.module.text(target) else set())


def read_in_body(cls: Scope) -> set[str]:
    """Return the variables that the defaults of a class's fields read, by themselves or through a function."""
    found: set[str] = set()
    pending: list[ast.AST] = [item for item in cls.body if isinstance(item, (ast.Assign, ast.AnnAssign))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            target = find_callee(cls, node.func)
            reads = target is not None and b"environ" in target.module.text(target)
            if reads or resolve(cls, node.func) in READERS:
                found |= {
                    item.value for item in node.args if isinstance(item, ast.Constant) and item.value.__class__ is str
                }
        for field in getattr(node, "_fields", ()):
            child = getattr(node, field)
            pending.extend(
                item for item in (child if isinstance(child, list) else [child]) if isinstance(item, ast.AST)
            )
    return found


def keys_looked_up(scope: Scope) -> set[str]:
    """Return the variables that a function reads as `os.environ["NAME"]`."""
    found = set()
    body = getattr(scope.node, "body", ())
    pending: list[ast.AST] = list(body) if isinstance(body, (list, tuple)) else [body]  # a lambda has one expression
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Subscript) and resolve(scope, node.value) == "os.environ":
            value = value_of(Place(scope, node.slice))
            found |= {value} if isinstance(value, str) else set()
        for field in getattr(node, "_fields", ()):
            child = getattr(node, field)
            pending.extend(
                item for item in (child if isinstance(child, list) else [child]) if isinstance(item, ast.AST)
            )
    return found


def fields_of(cls: Scope) -> set[str]:
    """Return the variables behind the fields of a pydantic settings class."""
    bases = [resolve(cls.parent or cls, base) for base in cls.bases]
    if not any(base.endswith(SETTINGS) for base in bases):
        return set()
    prefix = ""
    for binding in cls.bindings.get("model_config", ()):
        given = binding.value.keywords if isinstance(binding.value, ast.Call) else []
        prefixes = [item.value for item in given if item.arg == "env_prefix"]
        prefix = str(getattr(prefixes[0], "value", "")) if prefixes else prefix
    named = [item.target for item in cls.body if isinstance(item, ast.AnnAssign)]
    return {f"{prefix}{item.id}".upper() for item in named if isinstance(item, ast.Name)}


def is_cleared(root: Scope, function: Scope, project: Project) -> bool:
    """Tell whether the cache of a function is emptied when the test is over, or before each test of the file."""
    for place in arrangement(root, project):
        if not place.is_function:
            continue
        lines = place.module.text(place).split(b"\n")
        marks = (CLEAR, *clearing(place))
        clears = [number for number, line in enumerate(lines) if contains(line, marks)]
        if not clears:
            continue
        after = [number for number, line in enumerate(lines) if line.strip().startswith((b"yield", b"finally"))]
        later = any(number > min(after) for number in clears) if after else False
        registered = any(b"addfinalizer" in lines[number] or b"Cleanup" in lines[number] for number in clears)
        each = (
            roles.is_autouse(place)
            if roles.role_of(place) == "fixture"
            else roles.role_of(place) in ("setup", "teardown")
        )
        if later or registered or each:
            return True
    beside = (item for item in root.module.top.functions if roles.role_of(item) == "teardown")
    return any(
        CLEAR in item.module.text(item) or clearing(item.module.load(item)) for item in beside
    ) or is_replaced_here(root, function)


def is_cleared_below(visit: Visit, root: Scope) -> bool:
    """Tell whether a test clears a cache below the call that fills one, in a line that it reaches unless it fails."""
    first = list(visit.chain())[-1]
    if first.scope is not root:
        return False
    lines = root.module.lines[first.call.end_lineno or first.call.lineno : getattr(root.node, "end_lineno", None)]
    return contains(b"\n".join(lines), (CLEAR, *clearing(root)))


def clearing(place: Scope, steps: int = MAX_CALLS) -> list[bytes]:
    """Return the names, as a loaded function spells them, of what it calls or hands on that empties a cache."""
    if not steps:
        return []
    known: list[bytes] | None = place.memo.get("clearing")
    if known is None:
        known = place.memo["clearing"] = []
        for scope in place.family():
            for call in scope.kept(ast.Call):
                for used in (call.func, *call.args):
                    name = getattr(used, "attr", getattr(used, "id", ""))
                    helper = find_helper(scope, used) if name else None
                    if helper is None or helper is place or not helper.is_function or is_cached(helper):
                        continue
                    if CLEAR in helper.module.text(helper) or clearing(helper.module.load(helper), steps - 1):
                        known.append(name.encode())
    return known


def is_replaced_here(root: Scope, function: Scope) -> bool:
    """Tell whether the test puts something else in the place of the cached function."""
    text = root.module.text(root)
    return b"setattr" in text and f'"{function.name}"'.encode() in text
