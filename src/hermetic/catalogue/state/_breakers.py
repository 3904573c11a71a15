"""Circuit breakers, as code spells them: what opens one, and what closes it again."""

from __future__ import annotations

import _ast as ast

from hermetic.source.callee import ancestry, find_callee, find_class
from hermetic.source.names import resolve
from hermetic.source.origins import SHARED, origins
from hermetic.source.plugins import is_quoted
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

CLASSES = ("pybreaker.CircuitBreaker", "aiobreaker.CircuitBreaker", "circuitbreaker.CircuitBreaker")
DECORATOR = "circuitbreaker.circuit"
MONITOR = "circuitbreaker.CircuitBreakerMonitor."
ERRORS = (
    "pybreaker.CircuitBreakerError",
    "aiobreaker.CircuitBreakerError",
    "aiobreaker.state.CircuitBreakerError",
    "circuitbreaker.CircuitBreakerError",
)
WORDS = ("breaker", "circuit")
STORAGE = "._state_storage"
OPENED, LISTENED = ("open", "half_open"), ("add_listener", "add_listeners")
EXCLUDED = ("add_excluded_exception", "add_excluded_exceptions")
CONDITION = ("_state", "_failure_count", "_opened", "_state_storage", "state", "counter", "_fail_counter", "opened_at")
TURNED = (
    "fail_max", "reset_timeout", "timeout_duration", "success_threshold", "_fail_max", "_reset_timeout",
    "_timeout_duration", "_failure_threshold", "_recovery_timeout", "_fallback_function",
)  # fmt: skip
CLOSERS = ("close", "reset", "reset_counter", "remove_listener", "remove_excluded_exception")
CALLS = ("call", "call_async")
PARTS = frozenset({*OPENED, *LISTENED, *EXCLUDED, *CONDITION, *TURNED, *CLOSERS, *CALLS, "_listeners"})
NARROWED = ("exclude", "expected_exception")
LIMITS = ("fail_max", "failure_threshold")
LIMIT = 5  # failures in a row that open a breaker of any of the three libraries, unless it is told otherwise


class Breakers(State):
    """Something of a circuit breaker that other tests have as well."""

    of_process = False

    def name_of(self, name: str) -> str:
        """Leave out which breaker it is: `payments.breaker.open` is `breaker.open`."""
        base, _, last = name.replace(f"{STORAGE}.", ".").rpartition(".")
        if last in PARTS and speaks_of_breaker(base):
            return f"breaker.{last}"
        is_object = "." in name and "(" not in name and not (last[:1].isupper() and not last.isupper())
        return "breaker" if is_object and speaks_of_breaker(last) else name

    def name_in(self, scope: Scope, name: str) -> str:
        """See through a name of another project file that is bound to a breaker there."""
        known = self.name_of(name)
        base, _, last = name.replace(f"{STORAGE}.", ".").rpartition(".")
        project = scope.module.project
        if known != name or last not in PARTS or "." not in base or base[0] in "@.[" or "(" in base or project is None:
            return known
        memo: dict[str, bool] = scope.module.top.memo.setdefault("breakers behind names", {})
        if base not in memo:
            found = project.binding(base, scope.module.folder)
            value = found[0].value if found is not None else None
            memo[base] = found is not None and isinstance(value, ast.Call) and is_class(found[1], value.func)
        return f"breaker.{last}" if memo[base] else name

    def counts(self, scope: Scope, call: ast.Call, name: str) -> bool:  # noqa: ARG002 - the contract of State
        """Leave out breakers that the test has made for itself."""
        return isinstance(call.func, ast.Attribute) and maker_of(scope, call.func.value) is not None

    def counts_target(self, scope: Scope, target: ast.expr) -> bool:
        """Leave out breakers that the test has made for itself."""
        owner = target.value if isinstance(target, ast.Attribute) else None
        if isinstance(owner, ast.Attribute) and owner.attr == STORAGE[1:]:
            owner = owner.value
        return owner is not None and maker_of(scope, owner) is not None


CONDITIONS = Breakers(
    "circuit breaker",
    attributes=tuple(f"breaker.{name}" for name in CONDITION),
    methods={"breaker": OPENED},
    defaults={
        "breaker._state": ("'closed'", "pybreaker.STATE_CLOSED", "circuitbreaker.STATE_CLOSED"),
        "breaker._failure_count": ("0",),
        "breaker._fail_counter": ("0",),
    },
    restores=("breaker.close", "breaker.reset", "breaker.reset_counter"),
    words=WORDS,
    tokens=(b"open", b"_state", b"_failure_count", b"_fail_counter"),
)
LISTENERS = Breakers(
    "listeners of a circuit breaker",
    attributes=("breaker._listeners",),
    methods={"breaker": LISTENED},
    restores=("breaker.remove_listener",),
    words=(*WORDS, "listener"),
    tokens=(b"listener",),
)
SETTINGS = Breakers(
    "settings of a circuit breaker",
    attributes=tuple(f"breaker.{name}" for name in TURNED),
    methods={"breaker": EXCLUDED},
    restores=("breaker.remove_excluded_exception",),
    words=WORDS,
    tokens=tuple(name.lstrip("_").encode() for name in (*TURNED, *EXCLUDED)),
)
STATES = (CONDITIONS, LISTENERS, SETTINGS)


def speaks_of_breaker(name: str) -> bool:
    """Tell whether a name says that it is a circuit breaker."""
    lower = name.lower()
    return any(word in lower for word in WORDS)


class Maker:
    """What makes a breaker that outlives the test; None as its call where it is only known that there is one."""

    __slots__ = ("call", "scope")

    def __init__(self, scope: Scope, call: ast.Call | None) -> None:
        self.scope = scope
        self.call = call

    @property
    def limit(self) -> int:
        """How many failures in a row open it, 0 where that is not written out."""
        call = self.call
        if call is None or any(keyword.arg is None for keyword in call.keywords):
            return 0
        if find_class(self.scope, call.func) is not None:
            return 0  # a class of the project has a limit of its own
        given = [keyword.value for keyword in call.keywords if keyword.arg in LIMITS] or call.args[:1]
        if not given:
            return LIMIT
        value = getattr(given[0], "value", None)
        return value if type(value) is int else 0

    def takes(self, error: str) -> bool:
        """Tell whether an exception is one that the breaker counts: any, unless it is told which."""
        told = [keyword for keyword in (self.call.keywords if self.call is not None else ()) if keyword.arg in NARROWED]
        return all(one.arg == NARROWED[1] and resolve(self.scope, one.value) == error for one in told)


def maker_of(scope: Scope, breaker: ast.expr) -> Maker | None:
    """Return what makes a breaker that others have as well; None for one of the test's own, and for other things."""
    project = scope.module.project
    if resolve(scope, breaker).startswith(MONITOR):
        return Maker(scope, None)
    if may_be_replaced(scope, breaker):
        return None
    found = origins(scope, breaker, project) if project is not None else []
    makers = [
        Maker(origin.scope, origin.value)
        for origin in found
        if origin.life == SHARED and isinstance(origin.value, ast.Call) and is_class(origin.scope, origin.value.func)
    ]
    return makers[0] if makers and len(makers) == len(found) else None


def may_be_replaced(scope: Scope, breaker: ast.expr) -> bool:
    """Tell whether a name that does not speak of a breaker is written in quotes, as `monkeypatch.setattr` needs it."""
    name = str(getattr(breaker, "attr", getattr(breaker, "id", "")))
    project = scope.module.project
    if not name or speaks_of_breaker(name) or project is None:
        return False
    levels = (scope.module, *project.conftests(scope.module.path))
    return any(is_quoted(level.data, name.encode()) for level in levels)


def is_class(scope: Scope, function: ast.expr) -> bool:
    """Tell whether an expression names a class of breakers, of a library, of the configuration, or one below these."""
    project = scope.module.project
    listed = project.options.get("breaker-classes", ()) if project is not None else ()
    known = {*CLASSES, *listed}
    name = resolve(scope, function)
    if name in known or (name.startswith(".") and f"{scope.module.name}{name}" in known):
        return True
    own = find_class(scope, function)
    return own is not None and any(
        resolve(cls.parent or cls, base) in known for cls in ancestry(own) for base in cls.bases
    )


def protecting(scope: Scope, call: ast.Call) -> Maker | None:
    """Return the breaker through which a call goes: `breaker.call(...)`, or the decorator of what it calls."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in CALLS:
        found = maker_of(scope, function.value)
        if found is not None:
            return found
    return protecting_function(scope, function)


def protecting_function(scope: Scope, function: ast.expr) -> Maker | None:
    """Return the breaker with which a function of the project is decorated, where it outlives the test."""
    target = find_callee(scope, function)
    if target is None or target.parent is None or target.parent.is_function:
        return None
    for decorator in getattr(target.node, "decorator_list", ()):
        found = decorating(target.parent, decorator)
        if found is not None:
            return found
    return None


def decorating(scope: Scope, decorator: ast.expr) -> Maker | None:
    """Return the breaker that a decorator is, or makes."""
    if isinstance(decorator, ast.Call):
        if resolve(scope, decorator.func) == DECORATOR or is_class(scope, decorator.func):
            return Maker(scope, decorator)
        return maker_of(scope, decorator.func)
    if resolve(scope, decorator) == DECORATOR:
        bare = ast.Call(func=decorator, args=[], keywords=[])
        return Maker(scope, bare)
    return maker_of(scope, decorator) if isinstance(decorator, (ast.Name, ast.Attribute)) else None
