"""What a test replaces by name: functions and module attributes of the code under test, given as dotted strings.

`mock.patch`, `monkeypatch.setattr` and what a suite builds on them take the dotted path of what they replace. Whatever
call or decorator is given such a path, the test does not run what stands there.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.blocks import TRIES
from hermetic.source.callee import call_behind
from hermetic.source.certain import is_under_test
from hermetic.source.marks import injects
from hermetic.source.names import resolve
from hermetic.source.spelling import UNSEEN, flat, is_patch, text_of
from hermetic.source.teardown import arrangement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

    Catching = ast.Try | ast.TryStar | ast.With | ast.AsyncWith

FLEXMOCK = "flexmock"  # `flexmock(os).should_receive("mkdir")`, until the end of the test
RAISED = ("Error", "Exception", "Exit", "Interrupt", "Timeout", "Warning")  # how names of exceptions end
SIDE_EFFECT = "side_effect"
STAND_INS = "sys.modules:"  # before the name of a module for which something else is put there


class Step:
    """One step of a way through the code under test: a node and the function that it stands in."""

    __slots__ = ("node", "scope", "target")

    def __init__(self, scope: Scope, node: Placed, target: Scope | None = None) -> None:
        self.scope = scope
        self.node = node
        self.target = target

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield `(file, name in it)` of what the step uses: what it calls or sets, and the function behind a call."""
        yield from ((self.scope.module.name, text) for text in spelled(self.node) if text)
        meant = resolve(self.scope, self.node.func) if isinstance(self.node, ast.Call) else ""
        yield self.scope.module.name, meant.rpartition(".")[2]  # what a variable holds has a name of its own
        if "()" in meant:
            yield self.scope.module.name, meant.partition("()")[0]  # `logging.getLogger` in `getLogger().setLevel()`
            yield self.scope.module.name, meant
        if self.target is not None:
            owner = f"{self.target.owner.name}." if self.target.owner is not None else ""
            yield self.target.module.name, f"{owner}{self.target.name}"


def spelled(node: ast.AST) -> Iterator[str]:
    """Yield how a call or assignment spells what it calls or sets."""
    if isinstance(node, ast.Call):
        yield text_of(node.func)
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    for target in flat([item for item in targets if item is not None]):
        yield text_of(target.value if isinstance(target, ast.Subscript) else target)


def is_replaced(steps: list[Step], places: list[Scope], project: Project) -> bool:
    """Tell whether a test, or what runs around it, replaces a step of the way or makes one before it fail."""
    given: dict[str, bool] = {}
    for place in places:
        given |= named_around(place, project)
    if not given:
        return False
    if any(covers(given, module, name) for step in steps for module, name in step.names()):
        return True
    modules = tuple(f"{name.removeprefix(STAND_INS)}." for name in given if name.startswith(STAND_INS))
    if modules and any(is_from_stand_in(step, modules) for step in steps):
        return True
    calls = ((step.scope, step.node.func) for step in steps if isinstance(step.node, ast.Call))
    meant = [resolve(scope, function) for scope, function in calls]
    if any(name in given or ("()" in name and name.partition("()")[0] in given) for name in meant):
        return True  # `getLogger` in `getLogger(name).setLevel(...)` counts as well
    failing = {name: True for name, fails in given.items() if fails}
    return bool(failing) and any(is_stopped(step, failing) for step in steps if is_under_test(step.scope.module))


def is_from_stand_in(step: Step, modules: tuple[str, ...]) -> bool:
    """Tell whether a step calls what its function imports itself, from a module that something else stands in for."""
    name: ast.AST | None = step.node.func if isinstance(step.node, ast.Call) else None
    while isinstance(name, ast.Attribute):
        name = name.value
    found = step.scope.find(name.id, name.lineno) if isinstance(name, ast.Name) else None
    if found is None or found[0].kind != "import" or not found[1].is_function:
        return False
    return f"{found[0].value}.".startswith(modules)


def covers(given: dict[str, bool], module: str, name: str) -> bool:
    """Tell whether one of the dotted paths is a name of a file, or an object that the name reaches into.

    A path may begin further down than the file's name: with a folder of `sys.path`, or a part that only the run knows.
    """
    parts = name.split(".")
    ends = tuple(path.removeprefix(UNSEEN) if path.startswith(UNSEEN) else f".{path}" for path in given)
    paths = (".".join((module, *parts[: end + 1])) for end in range(len(parts)))
    return any(path in given or path.endswith(ends) for path in paths)


def is_stopped(step: Step, failing: dict[str, bool]) -> bool:
    """Tell whether a call above a step, or for what it is given, is a mock that raises, and nothing catches that."""
    line = step.node.lineno
    given = getattr(step.node, "args", ())
    return any(
        (call.lineno < line or call in given)
        and covers(failing, step.scope.module.name, text_of(call.func))
        and not is_caught(step.scope, call, line)
        for call in step.scope.kept(ast.Call)
    )


def is_caught(scope: Scope, call: ast.AST, line: int) -> bool:
    """Tell whether a `try` that ends above a line catches what a call raises, or the line belongs to its rescue."""
    return any(
        catches(parent) and child in parent.body and (parent.body[-1].end_lineno or 0) < line
        for child, parent in scope.ancestors(call)
    )


def catches(parent: ast.AST) -> TypeGuard[Catching]:
    """Tell whether a block keeps what is raised in it from its function, or rescues something: `suppress`, `try`."""
    if isinstance(parent, TRIES):
        return bool(parent.handlers or parent.finalbody)
    entered = parent.items if isinstance(parent, (ast.With, ast.AsyncWith)) else ()
    return any("suppress" in text_of(getattr(item.context_expr, "func", None)) for item in entered)


def named_around(root: Scope, project: Project) -> dict[str, bool]:
    """Return the dotted paths that a test, its class and its fixtures give to calls; True for those made to raise."""
    known: dict[str, bool] | None = root.memo.get("named")
    if known is None:
        known = root.memo["named"] = {}
        for function in arrangement(root, project):
            for name, fails in named_in(function):
                known[name] = fails or known.get(name, False)
    return known


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
