"""What `patch` and its kin put in place of what: the target, its definition in the project, and the replacement."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._constructors import MOCKS, keyword, made_mock
from hermetic.source import roles
from hermetic.source.callee import ancestry, find_class
from hermetic.source.changes import called, import_time
from hermetic.source.names import resolve
from hermetic.source.origins import origins
from hermetic.source.scope import Scope
from hermetic.source.spelling import is_monkeypatch, is_patch
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

TOKENS = (b"patch", b"setattr(", b"Mock")
MAX_STEPS = 5
TARGET_AND_VALUE = 2  # arguments


class Replacement:
    """One attribute that a call replaces.

    `target` is its dotted name, "" when it cannot be told; `owner` the expression for the object whose attribute it is,
    None where `target` was spelled as a string. `new` is the replacing expression, `factory` what makes it
    (`new_callable`); both are None where `patch` chooses by itself. `call` holds the arguments for the mock.
    """

    __slots__ = ("call", "factory", "name", "new", "owner", "scope", "target")

    def __init__(self, scope: Scope, call: ast.Call, owner: ast.expr | None, name: str, target: str) -> None:
        self.scope = scope
        self.call = call
        self.owner = owner
        self.name = name
        self.target = target
        self.new: ast.expr | None = None
        self.factory: ast.expr | None = None


def replacements(scope: Scope, call: ast.Call) -> list[Replacement]:
    """Return what a call replaces; nothing for calls that replace nothing."""
    name = resolve(scope, call.func)
    if made_mock(scope, call):
        return assigned(scope, call)
    if is_patch(name):
        if name.endswith(".dict"):
            return []
        if name.endswith(".multiple"):
            return patched_multiple(scope, call)
        return patched(scope, call, is_object=name.endswith(".object"))
    if name.endswith(".setattr") and is_monkeypatch(name.removesuffix(".setattr")):
        return set_by_monkeypatch(scope, call)
    return []


def assigned(scope: Scope, mock: ast.Call) -> list[Replacement]:
    """Read `owner.name = Mock(...)`."""
    statement = scope.parents.get(mock)
    found = []
    for target in statement.targets if isinstance(statement, ast.Assign) else ():
        if isinstance(target, ast.Attribute):
            owner = resolve(scope, target.value)
            found.append(Replacement(scope, mock, target.value, target.attr, f"{owner}.{target.attr}"))
            found[-1].new = mock
    return found


def patched(scope: Scope, call: ast.Call, *, is_object: bool) -> list[Replacement]:
    """Read `patch(target, new)` or `patch.object(owner, name, new)`."""
    given = 2 if is_object else 1
    target = call.args[0] if call.args else keyword(call, "target")
    attribute = (call.args[1] if len(call.args) > 1 else keyword(call, "attribute")) if is_object else None
    found = one(scope, call, target, attribute)
    if found is None:
        return []
    new = call.args[given] if len(call.args) > given else keyword(call, "new")
    found.new = None if new is None or resolve(scope, new).endswith("DEFAULT") else new
    found.factory = keyword(call, "new_callable")
    return [found]


def patched_multiple(scope: Scope, call: ast.Call) -> list[Replacement]:
    """Read `patch.multiple(owner, name=new, ...)`."""
    target = call.args[0] if call.args else keyword(call, "target")
    if target is None:
        return []
    base = text_value(scope, target)
    found = []
    for item in call.keywords:
        if item.arg and item.arg not in ("target", "spec", "create", "spec_set", "autospec", "new_callable"):
            dotted = base or resolve(scope, target)
            one_found = Replacement(scope, call, None if base else target, item.arg, f"{dotted}.{item.arg}")
            one_found.new = None if resolve(scope, item.value).endswith("DEFAULT") else item.value
            found.append(one_found)
    return found


def set_by_monkeypatch(scope: Scope, call: ast.Call) -> list[Replacement]:
    """Read `monkeypatch.setattr("a.b", value)` or `monkeypatch.setattr(owner, "name", value)`."""
    if not call.args:
        return []
    value = keyword(call, "value") or call.args[-1]
    short = len(call.args) + (keyword(call, "value") is not None) == TARGET_AND_VALUE and keyword(call, "name") is None
    found = one(
        scope, call, call.args[0], None if short else keyword(call, "name") or call.args[min(1, len(call.args) - 1)]
    )
    if found is None:
        return []
    found.new = value
    return [found]


def one(scope: Scope, call: ast.Call, target: ast.expr | None, attribute: ast.expr | None) -> Replacement | None:
    """Return a replacement of a target that is spelled as one string, or as an object and a name."""
    if target is None:
        return None
    if attribute is None:
        dotted = text_value(scope, target)
        return Replacement(scope, call, None, dotted.rpartition(".")[2], dotted) if "." in dotted else None
    name = text_value(scope, attribute)
    owner = resolve(scope, target)
    return Replacement(scope, call, target, name, f"{owner}.{name}") if name else None


def text_value(scope: Scope, expression: ast.AST, steps: int = MAX_STEPS) -> str:
    """Return the string that an expression is, where the source spells all of it; else ""."""
    if isinstance(expression, ast.Constant):
        return expression.value if isinstance(expression.value, str) else ""
    if not steps:
        return ""
    if isinstance(expression, ast.Name):
        if expression.id == "__name__":
            return scope.module.name
        found = scope.find(expression.id, expression.lineno)
        value = found[0].value if found is not None and found[0].kind == "assign" else None
        return text_value(found[1], value, steps - 1) if found is not None and isinstance(value, ast.expr) else ""
    if isinstance(expression, ast.FormattedValue):
        return text_value(scope, expression.value, steps - 1)
    parts: list[ast.expr] = []
    if isinstance(expression, ast.JoinedStr):
        parts = expression.values
    elif isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        parts = [expression.left, expression.right]
    texts = [text_value(scope, part, steps - 1) for part in parts]
    return "".join(texts) if all(texts) else ""


def definition(found: Replacement, project: Project) -> Scope | None:
    """Return the project function that a replacement replaces, None when it cannot be found."""
    near = found.scope.module.folder
    if found.owner is None:
        return defined_at(found.target, near, project)
    if found.target[0] not in ".@[" and "(" not in found.target:
        known = defined_at(found.target, near, project)
        if known is not None:
            return known
    return in_object(found.scope, found.owner, found.name, project)


def defined_at(dotted: str, near: str, project: Project) -> Scope | None:
    """Return the function that a dotted name means: of a module, of a class, or of an object that a module makes."""
    bound = project.binding(dotted, near)
    if bound is not None:
        return bound[0].value if isinstance(bound[0].value, Scope) and bound[0].value.is_function else None
    base, _, name = dotted.rpartition(".")
    holder = project.binding(base, near) if "." in base else None
    if holder is None:
        return None
    value = holder[0].value
    if isinstance(value, Scope):
        return method_of_class(value, name)
    return in_object(holder[1], value, name, project) if isinstance(value, ast.expr) else None


def in_object(scope: Scope, expression: ast.expr, name: str, project: Project) -> Scope | None:
    """Return a method of the class, or of the class of the object, that an expression stands for."""
    own = find_class(scope, expression)
    if own is not None:
        return method_of_class(own, name)
    dotted = resolve(scope, expression)
    if "()." in dotted or (dotted.startswith("@") and "." in dotted):  # an attribute of an object: of a class unknown
        return None
    found = origins(scope, expression, project)
    if len(found) != 1:
        return None
    value = found[0].value
    if isinstance(value, Scope):
        return method_of_class(value, name)
    cls = find_class(found[0].scope, value.func) if isinstance(value, ast.Call) else None
    return method_of_class(cls, name) if cls is not None else None


def method_of_class(cls: Scope, name: str) -> Scope | None:
    """Return a method of a class or of its base classes."""
    if not cls.is_class:
        return None
    return next((method for level in ancestry(cls) for method in level.functions if method.name == name), None)


def injected(function: Scope, name: str) -> Replacement | None:
    """Return the replacement whose mock the decorators of a function, or of its class, pass as the parameter `name`."""
    arguments = function.arguments
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    names = names[1:] if function.owner is not None else names
    levels = [function, *(ancestry(function.owner) if function.owner is not None else ())]
    position = 0
    for level in levels:
        outer = level.parent or level
        for decorator in reversed(level.node.decorator_list):
            if not isinstance(decorator, ast.Call):
                continue
            found = replacements(outer, decorator)
            if len(found) == 1 and found[0].new is None and not resolve(outer, decorator.func).endswith(".multiple"):
                if names[position : position + 1] == [name]:
                    return found[0]
                position += 1
    return None


def patch_calls(module: Module) -> Iterator[tuple[Scope, ast.Call, Scope | None]]:
    """Yield `(scope, call, function)` for each call that may replace something; its mock is used in `function`."""
    for function in module.functions_with(TOKENS):
        yield from ((scope, call, function) for scope, call in decorator_calls(function))
        for scope in function.family():
            yield from ((scope, call, function) for call in replacing_calls(scope))
    for cls in module.top.classes:
        yield from ((scope, call, None) for scope, call in decorator_calls(cls))
    texts = [statement for scope in (module.top, *module.top.classes) for statement in scope.statements]
    if any(contains(module.text_of(statement), TOKENS) for statement in texts):
        for scope in import_time(module.top):
            yield from ((scope, call, None) for call in replacing_calls(scope))


def replacing_calls(scope: Scope) -> Iterator[ast.Call]:
    """Yield the calls of a scope that may replace something, by what they call."""
    for name, calls in called(scope).items():
        last = name.rpartition(".")[2]
        if last == "setattr" or last in MOCKS or is_patch(name):
            yield from calls


def decorator_calls(definition: Scope) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the decorators of a function or class that are calls, and the scope that runs them."""
    outer = definition.parent or definition
    for decorator in definition.decorators:
        if isinstance(decorator, ast.Call):
            yield outer, decorator


def names_of(found: Replacement, owner: Scope | None) -> Iterator[tuple[Scope, ast.expr]]:
    """Yield the names that the mock of a replacement gets: `as name`, an assignment, a decorator's parameter."""
    scope, call = found.scope, found.call
    for _, parent in scope.ancestors(call):
        if isinstance(parent, ast.withitem) and isinstance(parent.optional_vars, ast.Name):
            yield scope, parent.optional_vars
        elif isinstance(parent, ast.Assign):
            yield from ((scope, target) for target in parent.targets if isinstance(target, (ast.Name, ast.Attribute)))
        if not isinstance(parent, (ast.Attribute, ast.Call)):
            break
    if owner is not None and call in owner.decorators:
        for name in roles.parameters(owner):
            yield owner, ast.Name(id=name, lineno=owner.line)
