"""Can the result of calling a replacement be awaited? Answered only where the source leaves no doubt."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._constructors import SYNC_MOCKS, is_mocker, keyword, made_mock, mock_class
from hermetic.source.callee import find_callee, find_class
from hermetic.source.names import BUILTINS, is_async, is_generator, resolve
from hermetic.source.origins import Origin, origins, results
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

# Decorators that leave an `async def` awaitable; any other may make something else of it.
HARMLESS = frozenset({
    "staticmethod", "classmethod", "abc.abstractmethod", "typing.override", "typing_extensions.override",
    "typing.final", "functools.wraps()",
})  # fmt: skip
RETRIES = ("tenacity.", "backoff.", "stamina.")
ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket", "route"})
DISPLAYS = (
    ast.Dict, ast.List, ast.Tuple, ast.Set, ast.JoinedStr, ast.Compare, ast.BinOp, ast.ListComp, ast.DictComp,
    ast.SetComp,
)  # fmt: skip
MAKERS = frozenset({"dict", "list", "tuple", "set", "str", "int", "float", "bytes", "bool", "object", "frozenset"})
NEVER_RETURN = frozenset({
    "pytest.fail", "pytest.skip", "pytest.xfail", "pytest.exit", "sys.exit", "os._exit", "os.abort", "exit", "quit",
})  # fmt: skip
MAX_STEPS = 4


def is_async_function(function: Scope) -> bool:
    """Tell whether calling a project function gives something to await; async generators do not."""
    if not is_async(function) or is_generator(function.module.load(function)):
        return False
    outer = function.parent or function
    return all(keeps_async(outer, item) for item in function.decorators)


def keeps_async(scope: Scope, decorator: ast.expr) -> bool:
    """Tell whether a decorator leaves a coroutine function one."""
    name = resolve(scope, decorator)
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if name in HARMLESS or name.startswith(RETRIES):
        return True
    if isinstance(decorator, ast.Call) and isinstance(target, ast.Attribute) and target.attr in ROUTES:
        return True
    own = find_callee(scope, target)
    if own is None or not own.is_function:
        return False
    inner = [item for item in own.module.load(own).family() if item is not own and item.is_function]
    return any(map(is_async, inner)) and len(inner) - sum(map(is_async, inner)) < 2  # noqa: PLR2004 - a factory's own


def never_awaitable(scope: Scope, expression: ast.AST, project: Project) -> str:
    """Return how a replacement is spelled whose calls give nothing to await, "" for all others and where in doubt."""
    if isinstance(expression, ast.Lambda):
        inner = next((item for item in scope.nested if item.node is expression), scope)
        body = expression.body
        if isinstance(body, ast.Call) and find_class(inner, body.func) is not None:
            return ""  # made for the code that is given it, which may not await it at all
        if raises(body):
            return ""
        return "a lambda" if is_plain(inner, expression.body, project) else ""
    if isinstance(expression, ast.Call):
        return plain_maker(scope, expression, project)
    if not isinstance(expression, (ast.Name, ast.Attribute)):
        return ""
    own = find_callee(scope, expression)
    if own is not None:
        return own.name if own.is_function and returns_plain(own, project) else ""
    found = origins(scope, expression, project)
    if len(found) != 1 or is_set_up(scope, expression, project) or is_set_up_there(found[0], scope, project):
        return ""
    value = found[0].value
    return never_awaitable(found[0].scope, value, project) if isinstance(value, (ast.Call, ast.Lambda)) else ""


def plain_maker(scope: Scope, call: ast.Call, project: Project) -> str:
    """Return the class of the mock that a call makes, if calls of that mock give nothing to await."""
    made = made_mock(scope, call)
    if made in SYNC_MOCKS:
        key = ("plain", call)
        if key not in scope.memo:
            scope.memo[key] = False  # for a mock whose side effect is itself: `self.end = Mock(side_effect=self.end)`
            scope.memo[key] = gives_plain(scope, call, project, shaped=bool(call.args))
        return made if scope.memo[key] else ""
    name = resolve(scope, call.func)
    return "a stub" if name.endswith(".stub") and is_mocker(name.removesuffix(".stub")) else ""


def is_set_up_there(origin: Origin, scope: Scope, project: Project) -> bool:
    """Tell whether a mock that another function makes, such as a fixture, is set up there."""
    if origin.scope is scope:
        return False
    made = [node for node in origin.scope.kept(ast.Assign) if node.value is origin.value]
    return any(is_set_up(origin.scope, node.targets[0], project) for node in made)


def gives_plain(scope: Scope, call: ast.Call, project: Project, *, shaped: bool = False) -> bool:
    """Tell whether the arguments of a mock say nothing that makes its calls awaitable."""
    if shaped or any(
        item.arg is None or item.arg in ("spec", "spec_set", "wraps", "autospec") for item in call.keywords
    ):
        return False
    effect, value = keyword(call, "side_effect"), keyword(call, "return_value")
    if effect is not None:
        return effect_is_plain(scope, effect, project)
    return value is None or is_plain(scope, value, project)


def effect_is_plain(scope: Scope, effect: ast.expr, project: Project) -> bool:
    """Tell whether a side effect gives plain values; one that raises does so in the caller, awaited or not."""
    if isinstance(effect, (ast.List, ast.Tuple)):
        return any(is_plain(scope, item, project) for item in effect.elts)
    return (
        bool(never_awaitable(scope, effect, project))
        if isinstance(effect, (ast.Lambda, ast.Name, ast.Attribute))
        else False
    )


def is_plain(scope: Scope, expression: ast.AST, project: Project, steps: int = MAX_STEPS) -> bool:
    """Tell whether a value is certainly not awaitable."""
    if isinstance(expression, (ast.Constant, *DISPLAYS)):
        return True
    if not steps:
        return False
    if isinstance(expression, ast.Call):
        return call_is_plain(scope, expression)
    if isinstance(expression, ast.IfExp):
        return all(is_plain(scope, part, project, steps - 1) for part in (expression.body, expression.orelse))
    if isinstance(expression, (ast.Name, ast.Attribute)) and not is_set_up(scope, expression, project):
        found = origins(scope, expression, project)
        values = [(origin.scope, origin.value) for origin in found]
        return bool(values) and all(
            isinstance(value, ast.expr)
            and not isinstance(value, (ast.Name, ast.Attribute))
            and is_plain(where, value, project, steps - 1)
            for where, value in values
        )
    return False


def call_is_plain(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call makes a plain object: a builtin's, a mock, or one of a class without `__await__`.

    To await an `AsyncMock` itself fails: its calls can be awaited.
    """
    if made_mock(scope, call):
        return True
    name = resolve(scope, call.func)
    if name in MAKERS:
        return True
    cls = find_class(scope, call.func)
    if cls is None or not all(base_is_plain(cls.parent or cls, base) for base in cls.bases):
        return False
    return not any(method.name == "__await__" for method in cls.functions)


def base_is_plain(scope: Scope, base: ast.expr) -> bool:
    """Tell whether a base class is known to add no `__await__`."""
    name = resolve(scope, base)
    return name in BUILTINS or name in ("typing.NamedTuple", "enum.Enum", "pydantic.BaseModel", "typing.TypedDict")


def returns_plain(function: Scope, project: Project) -> bool:
    """Tell whether a function is a plain one that returns, and returns nothing awaitable."""
    if is_async(function) or function.decorators:
        return False
    function.module.load(function)
    if is_generator(function) or never_returns(function):
        return False
    return all(is_plain(function, value, project) for value in results(function))


def never_returns(function: Scope) -> bool:
    """Tell whether a function ends by raising, itself or in a call made for that: it raises at the call, as a mock."""
    last = function.body[-1]
    if isinstance(last, ast.Raise):
        return True
    if isinstance(last, ast.Assert):
        return isinstance(last.test, ast.Constant) and not last.test.value
    if isinstance(last, (ast.Expr, ast.Return)) and last.value is not None and raises(last.value):
        return True
    call = getattr(last, "value", None)
    if not isinstance(call, ast.Call):
        return False
    target = call.func
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        return target.attr in ("fail", "skipTest")
    own = find_callee(function, target)
    declared = resolve(own, own.returned) if own is not None and own.is_function else ""
    return resolve(function, target) in NEVER_RETURN or declared.endswith(("NoReturn", "Never"))


def raises(expression: ast.expr) -> bool:
    """Tell whether an expression is there to raise: a division by zero, an item of nothing, a generator's `throw`."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Div, ast.FloorDiv, ast.Mod)):
        return isinstance(expression.right, ast.Constant) and expression.right.value == 0
    if isinstance(expression, ast.Subscript):
        value = expression.value
        return not (getattr(value, "elts", None) or getattr(value, "keys", None)) and isinstance(value, DISPLAYS)
    return isinstance(expression, ast.Call) and getattr(expression.func, "attr", "") == "throw"


def is_set_up(scope: Scope, expression: ast.AST, project: Project) -> bool:
    """Tell whether a mock is given a result below that can be awaited, or that cannot be judged."""
    name = text_of(expression)
    key = f"set up:{name}"
    known: bool | None = scope.memo.get(key)
    if known is None:
        scope.memo[key] = False  # for a mock that returns itself, or one that returns it
        known = scope.memo[key] = any(sets_up(where, name, project) for where in scope.family())
    return known


def sets_up(scope: Scope, name: str, project: Project) -> bool:
    """Tell whether a function does what `is_set_up` asks for to a mock in one variable."""
    for node in scope.kept(ast.Assign):
        for target in node.targets:
            text = text_of(target)
            if text == f"{name}.return_value" and not is_plain(scope, node.value, project):
                return True
            if text == f"{name}.side_effect" and not effect_is_plain(scope, node.value, project):
                return True
    return any(text_of(node.func) == f"{name}.configure_mock" for node in scope.kept(ast.Call))


def factory_gives_plain(scope: Scope, factory: ast.expr, call: ast.Call, project: Project) -> str:
    """Return the mock class of a `new_callable` whose mocks give nothing to await."""
    made = mock_class(scope, factory)
    if made in SYNC_MOCKS:
        return made if gives_plain(scope, call, project) else ""
    if isinstance(factory, ast.Lambda):
        inner = next((item for item in scope.nested if item.node is factory), scope)
        return never_awaitable(inner, factory.body, project) if isinstance(factory.body, ast.Call) else ""
    return ""
