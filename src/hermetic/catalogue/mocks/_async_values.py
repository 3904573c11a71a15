"""Which calls call an `AsyncMock`, so that they give a coroutine."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._awaitable import is_async_function
from hermetic.catalogue.mocks._constructors import configured, is_mocker, made_mock, mock_class
from hermetic.catalogue.mocks._replacements import Replacement, definition, injected, replacements
from hermetic.source import roles
from hermetic.source.callee import ancestry, find_callee
from hermetic.source.names import first_parameter, is_async, method_of, resolve, value_of_attribute
from hermetic.source.origins import passed, results
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_STEPS = 10
LOOPS = (ast.For, ast.AsyncFor, ast.While)
# Attributes of a mock that are no children, and methods that are plain functions.
RECORDS = frozenset({
    "mock_calls", "method_calls", "call_args", "call_args_list", "call_count", "called", "await_args",
    "await_args_list", "await_count", "return_value", "side_effect",
})  # fmt: skip
PLAIN_METHODS = frozenset({"reset_mock", "configure_mock", "attach_mock", "mock_add_spec"})
PATCH = "unittest.mock.patch"
SHAPES = ("spec", "spec_set", "wraps", "autospec")
SETTERS = (b"setattr(", b"attach_mock(", b"configure_mock(", b"patch.object(", b"patch(")


def is_async_mock_call(scope: Scope, call: ast.Call, project: Project) -> bool:
    """Tell whether a call calls an `AsyncMock` or an asynchronous child of one."""
    return gives_async(scope, call.func, [], project)


def gives_async(scope: Scope, expression: ast.expr, path: list[str], project: Project, steps: int = MAX_STEPS) -> bool:
    """Tell whether an expression is an `AsyncMock` wherever it comes from, or `path` leads from it to one."""
    while True:
        values = assigned(scope, expression)
        if is_set_later(scope, expression, values):
            return False
        if values:
            return all(gives_async(where, value, path, project, steps - 1) for where, value in values if steps)
        if not isinstance(expression, ast.Attribute) or is_of_self(scope, expression):
            break
        if not can_be_child(expression.attr):
            return False
        path = [expression.attr, *path]
        expression = expression.value
    if not steps or any(is_set_plain(scope.module, name) for name in path):
        return False
    follow = FOLLOW.get(expression.__class__)
    return follow is not None and follow(scope, expression, path, project, steps - 1)


def from_name(scope: Scope, name: ast.Name, path: list[str], project: Project, steps: int) -> bool:
    """Follow a variable; when it is bound in several places, all have to agree."""
    found = scope.find(name.id, name.lineno)
    if found is None:
        return False
    bindings, where = found[1].bindings[name.id], found[1]
    if found[0].kind == "param":
        return len(bindings) == 1 and from_parameter(name.id, where, path, project, steps)
    if found[0].kind == "import":
        known = project.binding(str(found[0].value), scope.module.folder)
        if known is None:
            return False
        bindings, where = [known[0]], known[1]
    return all(
        item.kind in ("assign", "with")
        and isinstance(item.value, ast.expr)
        and gives_async(where, item.value, path, project, steps)
        for item in bindings
    )


def from_parameter(name: str, function: Scope, path: list[str], project: Project, steps: int) -> bool:
    """Follow a parameter: a mock that a decorator passes in, a fixture, or what the callers of a helper pass."""
    replaced = injected(function, name) if function.is_function else None
    if replaced is not None:
        return puts_async(replaced, path, project, steps)
    if roles.role_of(function) in ("test", "fixture", "setup"):
        fixture = project.fixture(name, function.module, function)
        return fixture is not None and fixture.is_function and from_results(fixture, path, project, steps)
    given = list(passed(name, function))
    return bool(given) and all(gives_async(where, value, path, project, steps) for where, value in given)


def from_results(function: Scope, path: list[str], project: Project, steps: int) -> bool:
    """Follow what a function of the project, or a fixture, returns or yields."""
    values = list(results(function))
    return bool(values) and all(gives_async(function, value, path, project, steps) for value in values)


def from_self(scope: Scope, attribute: ast.Attribute, path: list[str], project: Project, steps: int) -> bool:
    """Follow an attribute of `self` to where the class sets it."""
    held = value_of_attribute(scope, attribute)
    return held is not None and gives_async(held[0], held[1], path, project, steps)


def from_either(scope: Scope, expression: ast.IfExp, path: list[str], project: Project, steps: int) -> bool:
    """Follow both sides of a conditional expression."""
    sides = (expression.body, expression.orelse)
    return all(gives_async(scope, side, path, project, steps) for side in sides)


def from_walrus(scope: Scope, expression: ast.NamedExpr, path: list[str], project: Project, steps: int) -> bool:
    """Follow the value of `:=`."""
    return gives_async(scope, expression.value, path, project, steps)


def from_call(scope: Scope, call: ast.Call, path: list[str], project: Project, steps: int) -> bool:
    """Tell whether a call makes an asynchronous mock at the end of `path`."""
    made = made_mock(scope, call)
    if made:
        return child_is_async(scope, call, path, project, steps, whole=made == "AsyncMock", shaped=bool(call.args))
    name = resolve(scope, call.func)
    if name.endswith(".async_stub") and is_mocker(name.removesuffix(".async_stub")):
        return not path
    if name.endswith(".start") and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        call = call.func.value
    elif name.startswith(PATCH) and not isinstance(scope.parents.get(call), ast.withitem):
        return False  # a patcher, whose `start` and `stop` are plain methods
    found = replacements(scope, call)
    if len(found) == 1:
        return puts_async(found[0], path, project, steps)
    own = find_callee(scope, call.func)
    return own is not None and not is_async(own) and from_results(own, path, project, steps)


FOLLOW: dict[type, Callable[..., bool]] = {
    ast.Name: from_name,
    ast.Attribute: from_self,
    ast.IfExp: from_either,
    ast.NamedExpr: from_walrus,
    ast.Call: from_call,
}


def can_be_child(name: str) -> bool:
    """Tell whether an attribute of a mock is a child, not a record of calls or a method of the mock itself."""
    return not (name in RECORDS or name in PLAIN_METHODS or name.startswith(("assert_", "_")))


def is_of_self(scope: Scope, attribute: ast.Attribute) -> bool:
    """Tell whether an attribute is one of `self`."""
    method = method_of(scope)
    return (
        method is not None and isinstance(attribute.value, ast.Name) and attribute.value.id == first_parameter(method)
    )


def assigned(scope: Scope, expression: ast.expr) -> list[tuple[Scope, ast.expr]]:
    """Return the values that an attribute of an object (not of `self`) is given in the function or its class."""
    if not isinstance(expression, ast.Attribute) or is_of_self(scope, expression):
        return []
    wanted = common_text(scope, expression)
    method = method_of(scope)
    around = [method] if method is not None else [outermost(scope)]
    if wanted.startswith("self.") and method is not None and method.owner is not None:
        around = [item for cls in ancestry(method.owner) for item in cls.functions]
    found: list[tuple[Scope, ast.expr]] = []
    spelled = f".{expression.attr} = ".encode()
    for function in around:
        if spelled in function.module.text(function):
            for where in function.module.load(function).family():
                found.extend(
                    (where, node.value)
                    for node in where.kept(ast.Assign)
                    if any(common_text(where, target) == wanted for target in node.targets)
                )
    return found


def is_set_later(scope: Scope, expression: ast.expr, values: list[tuple[Scope, ast.expr]]) -> bool:
    """Tell whether a function gives an attribute its values only below the line that uses it, and in no loop."""
    here = [value for where, value in values if where is scope]
    line = expression.lineno
    above = any(value.lineno < line for value in here) or len(here) < len(values)
    looped = any(isinstance(parent, LOOPS) for _, parent in scope.ancestors(expression))
    return bool(here) and not above and not looped


def outermost(scope: Scope) -> Scope:
    """Return the function that a scope is, or is nested in."""
    while scope.parent is not None and scope.parent.parent is not None and not scope.parent.is_class:
        scope = scope.parent
    return scope


def common_text(scope: Scope, expression: ast.AST) -> str:
    """Return the text of a dotted expression, with `self` for a method's first parameter."""
    head, dot, rest = text_of(expression).partition(".")
    method = method_of(scope)
    return (
        f"self{dot}{rest}"
        if method is not None and head == first_parameter(method) and method.owner
        else head + dot + rest
    )


def child_is_async(  # noqa: PLR0913 - the facts of one constructor
    scope: Scope, call: ast.Call, path: list[str], project: Project, steps: int, *, whole: bool, shaped: bool
) -> bool:
    """Tell whether what `path` leads to below a mock is asynchronous; a shape (`spec`) decides for itself."""
    if not path:
        return whole
    options = configured(scope, call)
    if options is None:
        return False
    for length in range(1, len(path) + 1):
        given = options.get(".".join(path[:length]))
        if given is not None:
            return gives_async(*given, path[length:], project, steps)
    return whole and not shaped and not any(name.rpartition(".")[2] in SHAPES for name in options)


def puts_async(found: Replacement, path: list[str], project: Project, steps: int) -> bool:
    """Tell whether a `patch` puts an asynchronous mock in place."""
    scope, call = found.scope, found.call
    if found.new is not None:
        return gives_async(scope, found.new, path, project, steps)
    if found.factory is not None:
        whole = mock_class(scope, found.factory) == "AsyncMock"
        return child_is_async(scope, call, path, project, steps, whole=whole, shaped=False)
    target = definition(found, project) if not path else None
    shaped = any(item.arg in SHAPES for item in call.keywords)
    return target is not None and is_async_function(target) and not shaped


def is_set_plain(module: Module, name: str) -> bool:
    """Tell whether some line of a file gives an attribute of this name a value that is no `AsyncMock`."""
    known: dict[str, bool] = module.top.memo.setdefault("set plain", {})
    if name not in known:
        known[name] = any(sets_plain(line, name.encode()) for line in lines_with(module.plain, name.encode()))
    return known[name]


def lines_with(text: bytes, word: bytes) -> Iterator[bytes]:
    """Yield the lines of a text that hold a word."""
    place = text.find(word)
    while place >= 0:
        end = text.find(b"\n", place)
        end = end if end >= 0 else len(text)
        yield text[text.rfind(b"\n", 0, place) + 1 : end]
        place = text.find(word, end)


def sets_plain(line: bytes, name: bytes) -> bool:
    """Tell whether one line of source sets an attribute, by assignment or by a call that names it."""
    if b"AsyncMock" in line:
        return False
    _, equals, value = line.partition(b"." + name + b" = ")
    if equals and value:
        return True
    quoted = b'"' + name + b'"' in line or b"'" + name + b"'" in line or name + b"=" in line
    return quoted and any(setter in line for setter in SETTERS)
