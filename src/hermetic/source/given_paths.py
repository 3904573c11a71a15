"""Which dotted paths a function names to calls: of what is patched, stood in for, or expected by flexmock.

`mock.patch`, `monkeypatch.setattr` and what a suite builds on them take the dotted path of what they replace.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import call_behind
from hermetic.source.marks import injects
from hermetic.source.names import resolve
from hermetic.source.patchers import is_patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

FLEXMOCK = "flexmock"  # `flexmock(os).should_receive("mkdir")`, until the end of the test
RAISED = ("Error", "Exception", "Exit", "Interrupt", "Timeout", "Warning")  # how names of exceptions end
SIDE_EFFECT = "side_effect"
STAND_INS = "sys.modules:"  # before the name of a module for which something else is put there


def named_in(place: Scope) -> Iterator[tuple[str, bool]]:
    """Yield the dotted paths that a function or the decorators of a class give to calls, and whether they raise."""
    outer = place.parent or place
    for decorator in getattr(place.node, "decorator_list", ()):
        if isinstance(decorator, ast.Call):
            yield from named_by(outer, decorator)
    for scope in place.family() if place.is_function else ():
        for call in scope.kept(ast.Call):
            yield from named_by(scope, call)
        for node in scope.kept(ast.Assign):
            yield from ((name, False) for name in assigned_by(scope, node))
            maker = made_to_raise(scope, node)
            yield from ((name, True) for name, _ in named_by(scope, maker)) if maker is not None else ()


def assigned_by(scope: Scope, node: ast.Assign) -> Iterator[str]:
    """Yield the dotted paths of the attributes of modules that an assignment sets."""
    for target in node.targets:
        if isinstance(target, ast.Attribute):
            owner = resolve(scope, target.value)
            if owner and owner[0] not in "@[." and "(" not in owner:
                yield f"{owner}.{target.attr}"


def named_by(scope: Scope, call: ast.Call) -> Iterator[tuple[str, bool]]:
    """Yield the dotted paths that one call is given: as a string, or as an object and the name of its attribute."""
    fails = any(item.arg == SIDE_EFFECT and is_exception(item.value) for item in call.keywords)
    yield from ((path, fails) for path in paths_in(scope, call))
    yield from ((f"{STAND_INS}{name}", False) for name in stood_in_by(scope, call))
    attribute = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], ast.Constant) else None
    owner = resolve(scope, call.args[0]) if isinstance(attribute, str) and "." not in attribute else ""
    if owner:
        yield f"{owner}.{attribute!s}", fails
    yield from ((name, is_raising(scope, call)) for name in expected_by(scope, call))


def stood_in_by(scope: Scope, call: ast.Call) -> Iterator[str]:
    """Yield the modules for which a call puts something else into `sys.modules`: by `patch.dict`, or `setitem`."""
    first = call.args[0] if len(call.args) > 1 else None
    if first is None or "sys.modules" not in (getattr(first, "value", ""), resolve(scope, first)):
        return
    keys = call.args[1].keys if isinstance(call.args[1], ast.Dict) else [call.args[1]]
    yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def paths_in(scope: Scope, call: ast.Call) -> Iterator[str]:
    """Yield the dotted paths that a call is given as texts."""
    for argument in (*call.args, *(item.value for item in call.keywords)):
        if isinstance(argument, ast.Constant):
            path = argument.value if isinstance(argument.value, str) else ""
        elif is_put_together(argument):
            from hermetic.source.dotted import dotted_path

            path = dotted_path(scope, argument)
        else:
            path = ""
        if "." in path:
            yield path


def is_put_together(expression: ast.expr) -> bool:
    """Tell whether an expression may be a dotted path that is put together, by the last text that is written in it."""
    last: ast.AST = expression
    if isinstance(last, ast.Call) and isinstance(last.func, ast.Attribute) and last.func.attr == "format":
        last = last.func.value
    if isinstance(last, ast.BinOp):
        last = last.left if isinstance(last.op, ast.Mod) else last.right
    elif isinstance(last, ast.JoinedStr) and last.values:
        last = last.values[-1]
    text = last.value if isinstance(last, ast.Constant) and last is not expression else None
    plain = text.rpartition(".")[2].replace("_", "") if isinstance(text, str) else ""
    return plain.isalnum() and plain.isascii()


def expected_by(scope: Scope, call: ast.Call) -> Iterator[str]:
    """Yield the dotted paths of what flexmock replaces: `flexmock(os).should_receive("mkdir")`, `flexmock(os, a=b)`."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "should_receive" and call.args:
        maker = call_behind(scope, function.value)
        named = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
        names = [str(named).partition(".")[0]]
    else:
        maker, names = call, [item.arg or "" for item in call.keywords]
    is_flexmock = maker is not None and resolve(scope, maker.func).rpartition(".")[2] == FLEXMOCK
    owner = meant_by(scope, maker.args[0]) if is_flexmock and maker is not None and maker.args else ""
    if owner:
        yield from (f"{owner}.{name}" for name in names if name)


def is_raising(scope: Scope, expected: ast.Call) -> bool:
    """Tell whether a replacement of flexmock raises: `flexmock(os).should_receive("mkdir").and_raise(OSError)`."""
    return any(
        isinstance(parent, ast.Attribute) and parent.attr == "and_raise" for _, parent in scope.ancestors(expected)
    )


def meant_by(scope: Scope, expression: ast.expr) -> str:
    """Return the dotted name of an object, also of the module that `sys.modules["builtins"]` is."""
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        return str(expression.slice.value) if resolve(scope, expression.value) == "sys.modules" else ""
    return resolve(scope, expression)


def is_exception(value: ast.AST | None) -> bool:
    """Tell whether an expression is an exception or the class of one, by its name."""
    function = value.func if isinstance(value, ast.Call) else value
    name = getattr(function, "attr", getattr(function, "id", ""))
    return bool(name) and name.endswith(RAISED)


def made_to_raise(scope: Scope, node: ast.Assign) -> ast.Call | None:
    """Return the call that made the mock whose `side_effect` an assignment sets to an exception."""
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or target.attr != SIDE_EFFECT or not is_exception(node.value):
        return None
    found = scope.find(target.value.id, target.lineno) if isinstance(target.value, ast.Name) else None
    if found is None:
        return None
    binding, where = found
    if binding.kind == "param" and where.is_function:
        return injected(where, str(binding.value))
    return binding.value if isinstance(binding.value, ast.Call) else None


def injected(function: Scope, name: str) -> ast.Call | None:
    """Return the decorator whose mock a function gets under a name: the lowest one comes first."""
    outer = function.parent or function
    calls = [item for item in function.decorators if isinstance(item, ast.Call)]
    patches = [item for item in reversed(calls) if is_injecting(outer, item)]
    names = roles.parameters(function)
    return patches[names.index(name)] if name in names and names.index(name) < len(patches) else None


def is_injecting(scope: Scope, decorator: ast.Call) -> bool:
    """Tell whether a decorator is a patch that passes its mock on."""
    name = resolve(scope, decorator.func)
    return is_patch(name) and injects(name, decorator)
