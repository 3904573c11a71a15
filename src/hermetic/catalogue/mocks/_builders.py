"""Who builds mocks that hold memory: the test classes, test functions and fixtures behind each `AsyncMock()`."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._constructors import made_mock, mock_class, subclassed
from hermetic.source import roles
from hermetic.source.module import widened
from hermetic.source.names import find_function, lineage, resolve
from hermetic.source.project import fixtures_of
from hermetic.source.reach import calls_of
from hermetic.source.scope import Scope, load_import_time
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

TOKENS = (b"AsyncMock", b"MagicMock")
HEAVY = frozenset({"AsyncMock", "MagicMock"})
MAX_CALLS = 3  # helpers that call helpers
PLAIN_BASES = (
    "unittest.", "django.", "rest_framework.", "twisted.", "tornado.", "testtools.", "aiounittest.", "asynctest.",
    "flask_testing.", "parameterized.", "abc.", "typing.", "object",
)  # fmt: skip


class Builder:
    """A function, or a class body, that builds mocks. `node` is the first place where it does, `what` its class."""

    __slots__ = ("node", "scope", "what")

    def __init__(self, scope: Scope, node: ast.Call, what: str) -> None:
        self.scope = scope
        self.node = node
        self.what = what


def builders(module: Module) -> list[Builder]:
    """Return the tests, fixtures, setups and class bodies of a file that build mocks, helpers seen through."""
    known = module.top.memo.get("mock builders")
    if known is None:
        known = module.top.memo["mock builders"] = find_builders(module)
    return known


def find_builders(module: Module) -> list[Builder]:
    """Search the functions that hold a mock's name, their callers, and the class bodies."""
    tokens = (*widened(module, TOKENS), *(cls.name.encode() for cls in module.top.classes if is_mock(cls)))
    building: dict[Scope, Builder] = {}
    for function in module.functions_with(tokens):
        found = built_in(function)
        if found is not None:
            building[function] = found
    spread(module, building)
    kept = [builder for builder in building.values() if roles.role_of(builder.scope) in ("test", "fixture", "setup")]
    for cls in module.top.classes:
        if contains(module.text(cls), tokens):
            load_import_time(cls)
            kept.extend(Builder(cls, call, what) for call, what in heavy_calls(cls, calls_of(cls)))
    return kept


def is_mock(cls: Scope) -> bool:
    """Tell whether a class derives from a mock."""
    return any(mock_class(cls.parent or cls, base) in HEAVY for base in cls.bases)


def built_in(function: Scope) -> Builder | None:
    """Return where a loaded function, or a decorator of it, builds a mock."""
    for scope in function.family():
        for call, what in heavy_calls(scope, calls_of(scope)):
            return Builder(function, call, what)
    outer = function.parent or function
    for decorator in function.decorators:
        if isinstance(decorator, ast.Call):
            given = [*decorator.args, *(item.value for item in decorator.keywords)]
            for call, what in heavy_calls(outer, [item for item in given if isinstance(item, ast.Call)]):
                return Builder(function, call, what)
    return None


def heavy_calls(scope: Scope, calls: Iterable[ast.Call]) -> Iterator[tuple[ast.Call, str]]:
    """Yield the calls that make one of the mocks that hold memory, with the mock's class."""
    for call in calls:
        what = made_mock(scope, call) or subclassed(scope, call.func)
        if what in HEAVY:
            yield call, what


def spread(module: Module, building: dict[Scope, Builder]) -> None:
    """Add the functions that call a helper of the file that builds a mock."""
    pending = [function for function in building if roles.role_of(function) == "helper"]
    for _ in range(MAX_CALLS):
        following: list[Scope] = []
        for helper in pending:
            for caller in module.functions_with((helper.name.encode(),)):
                call = None if caller in building else call_of(caller, helper)
                if call is not None:
                    building[caller] = Builder(caller, call, building[helper].what)
                    following.extend([caller] if roles.role_of(caller) == "helper" else [])
        pending = following


def call_of(caller: Scope, helper: Scope) -> ast.Call | None:
    """Return the first call of a helper in a loaded function."""
    for scope in caller.family():
        for call in calls_of(scope):
            if find_function(scope, call.func) is helper:
                return call
    return None


def places(builder: Builder, module: Module) -> list[Scope]:
    """Return where findings about a builder belong: its test class, those that inherit it, or the function itself."""
    cls = builder.scope if builder.scope.is_class else builder.scope.owner
    if cls is None:
        return [builder.scope]
    if is_test_class(cls):
        return [cls]
    return [other for other in module.top.classes if is_test_class(other) and cls in lineage(other)]


def is_test_class(cls: Scope) -> bool:
    """Tell whether pytest collects a class."""
    levels = lineage(cls)
    if not any(roles.role_of(method) == "test" for level in levels for method in level.functions):
        return False
    bases = [resolve(level.parent or level, base) for level in levels for base in level.bases]
    return cls.name.startswith("Test") or any("Test" in base.rpartition(".")[2] for base in bases if base[:1] != ".")


def has_unknown_base(cls: Scope, project: Project) -> bool:
    """Tell whether a class derives from one that cannot be read and may do what the rule asks for."""
    known = {level.name for level in project.lineage(cls)}
    for level in project.lineage(cls):
        for base in level.bases:
            name = resolve(level.parent or level, base)
            if name.rpartition(".")[2] not in known and not name.startswith(PLAIN_BASES):
                return True
    return False


def users(builder: Builder, module: Module) -> list[Scope]:
    """Return the tests of the file that a fixture, a setup or a class body builds its mocks for."""
    scope = builder.scope
    tests = [function for function in module.top.functions if roles.role_of(function) == "test"]
    cls = scope if scope.is_class else scope.owner
    if cls is not None:
        tests = [
            test
            for test in tests
            if test.owner is not None and (cls in lineage(test.owner) or test.owner in lineage(cls))
        ]
    if roles.role_of(scope) != "fixture" or roles.is_autouse(scope):
        return tests
    return [test for test in tests if reaches(test, roles.fixture_name(scope), module)]


def reaches(test: Scope, wanted: str, module: Module) -> bool:
    """Tell whether a test requests a fixture, by itself or through fixtures of the file."""
    names, seen = roles.used_fixtures(test), set()
    while names:
        name = names.pop()
        if name == wanted:
            return True
        if name not in seen:
            seen.add(name)
            for fixture in fixtures_of(module):
                if roles.fixture_name(fixture) == name:
                    names.extend(roles.parameters(fixture))
    return False


def settled(builder: Builder, place: Scope, module: Module, fine: Callable[[Scope], bool]) -> bool:
    """Tell whether a function that is `fine` (a test, the class, the module) covers what a builder builds."""
    if fine(place if place.is_class else module.top):
        return True
    if roles.role_of(builder.scope) == "test":
        return fine(builder.scope)
    tests = users(builder, module)
    return bool(tests) and all(fine(test) for test in tests)
