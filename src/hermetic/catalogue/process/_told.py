"""Whether a test tells a thread to end: through the object that it works for, or through what it reads from."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._asked import LOOKERS
from hermetic.catalogue.process._signals import TAKES, argument_of, readers_of
from hermetic.catalogue.process._spawned import Spawn, is_end
from hermetic.source.names import find_function
from hermetic.source.reach import calls_of
from hermetic.source.spelling import targets_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.nodes import Store
    from hermetic.source.scope import Scope

STORES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
# What holds no more than values: nothing waits on a call of one (an item that is set may be a flag).
VALUES = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Constant, ast.JoinedStr, ast.ListComp, ast.DictComp, ast.SetComp)
SELF = ("self", "cls")
VARIABLES = ("assign", "with", "param", "for", "other")


def is_told(spawn: Spawn, start: int) -> bool:
    """Tell whether something may end a thread after its start, through an object that it knows.

    What a call on the object of its method or on one of its arguments does cannot be read: any may be the end. What
    its function uses besides has to be ended by name, as `process.kill()` ends the reading of its output.
    """
    given, used = known_to(spawn)
    own = runs_of(spawn)
    if any(text_of(item) in given for node in spawn.scope.kept(ast.Return) for item in returned(node)):
        return True  # `return server, url`: whoever gets it may end it
    if any(is_ended_elsewhere(spawn, name) for name in given):
        return True
    return any(may_end(spawn, name, start, own, any_call=True) for name in given if not is_value(spawn, name)) or any(
        may_end(spawn, name, start, own, any_call=False) for name in used
    )


def is_ended_elsewhere(spawn: Spawn, name: str) -> bool:
    """Tell whether the file ends what an object of the class holds: `shop.server.shutdown()` ends `self.server`."""
    first, _, attribute = name.partition(".")
    if first not in SELF or not attribute:
        return False
    _, *after = spawn.scope.module.data.split(f".{attribute}.".encode())
    calls = (item[:40].decode("utf-8", "replace").partition("(") for item in after)
    return any(opened and method.isidentifier() and is_end(method) for method, opened, _ in calls)


def known_to(spawn: Spawn) -> tuple[set[str], set[str]]:
    """Return the objects that a thread is given (its method's, its arguments), and those that its function uses."""
    place, keyword, own = TAKES[spawn.kind]
    target = argument_of(spawn.call, place, keyword)
    handed = [argument_of(spawn.call, own, "args"), argument_of(spawn.call, own + 1, "kwargs")]
    expressions = [part for item in handed if item is not None for part in parts_of(item)]
    if isinstance(target, ast.Call):  # partial(serve, server)
        expressions.extend([*target.args, *(item.value for item in target.keywords)])
        target = target.args[0] if target.args else None
    if isinstance(target, ast.Attribute):
        expressions.append(target.value)
    given = {text_of(item) for item in expressions if isinstance(item, (ast.Name, ast.Attribute))}
    runs = runs_of(spawn)
    return given - {"", *SELF}, objects_in(runs) if runs is not None else set()


def runs_of(spawn: Spawn) -> Scope | None:
    """Return the function of this file that a thread runs, loaded."""
    place, keyword, _ = TAKES[spawn.kind]
    target = argument_of(spawn.call, place, keyword)
    if isinstance(target, ast.Call) and target.args:
        target = target.args[0]
    found = find_function(spawn.scope, target) if target is not None else None
    return found.module.load(found) if found is not None and found.is_function else found


def parts_of(handed: ast.expr | None) -> list[ast.expr]:
    """Return the expressions in a written-out list, tuple or dict."""
    if isinstance(handed, (ast.List, ast.Tuple)):
        return handed.elts
    return handed.values if isinstance(handed, ast.Dict) else []


def returned(node: ast.Return) -> list[ast.expr]:
    """Return what a function returns, and what it returns in a list, tuple or dict."""
    return [node.value, *parts_of(node.value)] if node.value is not None else []


def objects_in(function: Scope) -> set[str]:
    """Return what a loaded function takes from outside and reads from: closed variables and attributes of `self`."""
    found: set[str] = set()
    for scope in function.family():
        nodes = [node.func for node in calls_of(scope)]
        nodes.extend(node.iter for node in scope.kept(ast.For, ast.AsyncFor))
        for node in nodes:
            name = text_of(node.value if isinstance(node, ast.Attribute) else node).split("(")[0]
            first, _, rest = name.partition(".")
            if first in SELF:
                found.add(".".join(name.split(".")[:2]) if rest else "")
            elif isinstance(node, ast.Attribute) and is_outer_variable(scope, first):
                found.add(first)
    return found - {""}


def is_outer_variable(scope: Scope, name: str) -> bool:
    """Tell whether a name is a variable from around a function: no import, no definition, nothing of its own."""
    found = scope.find(name) if name not in scope.bindings else None
    return found is not None and found[0].kind in VARIABLES


def is_value(spawn: Spawn, name: str) -> bool:
    """Tell whether a variable holds no more than a list, dict or constant."""
    found = spawn.scope.find(name.partition(".")[0], spawn.call.lineno)
    return found is not None and isinstance(found[0].value, VALUES) and not is_flag(spawn, name)


def is_flag(spawn: Spawn, name: str) -> bool:
    """Tell whether an item of a list or dict is set: the thread may look at it."""
    targets = (target for scope in spawn.function.family() for target, _ in set_in(scope))
    return any(isinstance(target, ast.Subscript) and text_of(target.value) == name for target in targets)


def set_in(scope: Scope) -> Iterator[tuple[ast.expr, Store]]:
    """Yield what the statements of a loaded scope assign to, and the statements."""
    for node in scope.kept(*STORES):
        yield from ((target, node) for target in targets_of(node))


def may_end(spawn: Spawn, name: str, start: int, runs: Scope | None, *, any_call: bool) -> bool:
    """Tell whether a function that sees an object does something with it that may end the thread."""
    skipped = set(runs.family()) if runs is not None else set()
    for function in readers_of(spawn, name):
        first = start if function is spawn.function else 0
        for scope in function.family():
            if scope not in skipped and (
                any(told_by(scope, call, name, any_call=any_call) for call in calls_of(scope) if call.lineno > first)
                or (any_call and is_set(scope, name, first))
            ):
                return True
    return False


def told_by(scope: Scope, call: ast.Call, name: str, *, any_call: bool) -> bool:
    """Tell whether a call may end what works for an object: a method of it, or a function that gets it."""
    function = call.func
    method = getattr(function, "attr", getattr(function, "id", ""))
    if method in LOOKERS or method.startswith("assert") or is_asserted(scope, call):
        return False
    if isinstance(function, ast.Attribute) and is_part(text_of(function.value), name):
        return any_call or is_end(method)
    values = (*call.args, *(item.value for item in call.keywords))
    if any_call:
        return any(text_of(value) == name for value in values if not isinstance(value, ast.Constant))
    return any(
        isinstance(value, ast.Attribute) and is_part(text_of(value), name) and is_end(value.attr) for value in values
    )


def is_part(text: str, name: str) -> bool:
    """Tell whether an expression is an object, or something that it holds."""
    return text == name or text.startswith(f"{name}.")


def is_set(scope: Scope, name: str, first: int) -> bool:
    """Tell whether an attribute or item of an object is set below a line; of what it holds, one that says so."""
    for target, node in set_in(scope):
        if node.lineno <= first or not isinstance(target, (ast.Attribute, ast.Subscript)):
            continue
        text = text_of(target.value)
        if text == name or (isinstance(target, ast.Attribute) and is_part(text, name) and is_end(target.attr)):
            return True
    return False


def is_asserted(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a call is part of an assertion: it asks, and orders nothing."""
    for _, parent in scope.ancestors(node):
        if isinstance(parent, ast.Assert):
            return True
        if isinstance(parent, ast.Call) and getattr(parent.func, "attr", "").startswith("assert"):
            return True
        if isinstance(parent, ast.stmt):
            return False
    return False
