"""Cleanups that a function registers for its end: `addCleanup`, finalizers, exit stacks, and helpers that do it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import END
from hermetic.source.callee import (
    ENTERERS,
    find_class,
    find_helper,
    find_imported,
    method_in,
    own_constructor,
    run_by,
)
from hermetic.source.changes import decorated
from hermetic.source.names import resolve
from hermetic.source.roles import given_for, parameters
from hermetic.source.scope import FUNCTIONS
from hermetic.source.undoing import MAX_CALLS, Undo, undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

CLEANUPS = frozenset({
    "addCleanup", "addClassCleanup", "addModuleCleanup", "addAsyncCleanup", "addfinalizer", "callback", "push",
    "push_async_callback", "push_async_exit",
})  # fmt: skip
STACK = "setupstack.register"  # of zope.testing: the test comes first
REGISTRARS = frozenset({*CLEANUPS, *ENTERERS, "useFixture", "register"})
REGISTRAR_TOKENS = tuple(sorted(name.encode() for name in REGISTRARS))
HANDED = frozenset({"monkeypatch", "request"})  # fixtures that undo, also from within an object
ENDERS = ("__exit__", "__aexit__", "stop", "undo", "restore", "cleanup", "close")
SETTERS = frozenset({"setattr", "delattr"})
GIVEN = 3  # the function, the object and the name of the attribute


def arranges_cleanup(scope: Scope, undo: Undo) -> bool:
    """Tell whether a setup registers what undoes the change, itself or through a helper."""
    return by_cleanup(scope, undo) or by_registrar(scope, undo)


def by_registrar(scope: Scope, undo: Undo, line: int = END, depth: int = MAX_CALLS) -> bool:
    """Tell whether a helper that is called registers what undoes the change on what it is given.

    A helper that keeps the old value itself has to be called before the change, which stands on `line`.
    """
    for node in scope.kept(ast.Call) if depth and may_register(scope, depth) else ():
        if not (node.args or node.keywords or isinstance(node.func, ast.Attribute)):
            continue
        helper = find_helper(scope, node.func, undo.tokens)
        if helper is None or helper is scope:
            continue
        helper.module.load(helper)
        later = calls_at_the_end(node, helper, CLEANUPS) if node.lineno <= line else ()
        if any(undo.by_later_call(scope, item) for item in later):
            return True
        known = undo.answers.get((helper, "registers"))
        if known is None:
            undo.answers[helper, "registers"] = False
            known = by_cleanup(helper, undo, of_given=True) or by_registrar(helper, undo, depth=depth - 1)
            undo.answers[helper, "registers"] = known
        if known and (node.lineno <= line or not undo.is_saved_in(helper)):
            return True
    return False


def may_register(scope: Scope, depth: int) -> bool:
    """Tell whether a function, or one that it leads to by so many calls, registers anything for its end."""
    known: bool | None = scope.memo.get(("may register", depth))
    if known is None:
        scope.module.load(scope)
        known = bool(registering(scope)) or any(name.rpartition(".")[2] in CLEANUPS for name, _ in decorated(scope))
        if not known and depth:
            helpers = (find_helper(scope, node.func, REGISTRAR_TOKENS) for node in scope.kept(ast.Call))
            known = any(helper is not None and may_register(helper, depth - 1) for helper in helpers)
        if scope.is_settled:
            scope.memo["may register", depth] = known
    return known


def by_handing_over(scope: Scope, undo: Undo) -> bool:
    """Tell whether a fixture makes an object that undoes the change with what it is given: monkeypatch, request."""
    given = getattr(scope.node, "args", None)
    names = {item.arg for item in given.args} & HANDED if given is not None else set()
    for call in scope.kept(ast.Call) if names else ():
        values = [*call.args, *(item.value for item in call.keywords)]
        if not any(isinstance(item, ast.Name) and item.id in names for item in values):
            continue
        made = own_constructor(scope, call.func) or run_by(find_imported(scope, call.func))
        if made is None or made.owner is None:
            continue
        made.module.load(made)
        called = (find_helper(made, node.func) for node in made.kept(ast.Call))
        steps = [made, *(item for item in called if item is not None and item.owner is made.owner)]
        if any(undo.by_use(step.module.load(step)) for step in steps) or by_cleanup(made, undo, of_given=True):
            return True
    return False


def is_given(scope: Scope, expression: ast.AST) -> bool:
    """Tell whether an expression starts with a parameter of the function that `scope` is: `case.addCleanup`."""
    while isinstance(expression, (ast.Attribute, ast.Call)):
        expression = expression.value if isinstance(expression, ast.Attribute) else expression.func
    arguments = getattr(scope.node, "args", None)
    if arguments is None or not isinstance(expression, ast.Name):
        return False
    return any(item.arg == expression.id for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def by_cleanup(scope: Scope, undo: Undo, *, of_given: bool = False) -> bool:
    """Tell whether a registered finalizer (or a context entered on an exit stack) undoes the change.

    `of_given`: only one that is registered on a parameter, and so outlives the function.
    """
    if any(
        name.rpartition(".")[2] in CLEANUPS and (name[0] == "@" or not of_given) and undoes(inner, undo)
        for name, inner in decorated(scope)
    ):
        return True
    for method, node in registering(scope):
        if method == "register":
            stacked = len(node.args) > 1 and resolve(scope, node.func).endswith(STACK)
            if stacked and callable_undoes(scope, node.args[1], node.args[2:], undo):
                return True
            continue
        if of_given and not is_given(scope, node.func):
            continue
        if method in ENTERERS and undo.by_entered(scope, node.args[0]):
            return True
        if method == "useFixture" and by_used_fixture(scope, node.args[0], undo):
            return True
        if method in CLEANUPS and callable_undoes(scope, node.args[0], node.args[1:], undo):
            return True
    return False


def registering(scope: Scope) -> list[tuple[str, ast.Call]]:
    """Return the calls of a function that register something for its end, by the names of their methods."""
    known: list[tuple[str, ast.Call]] | None = scope.memo.get("registering")
    if known is None:
        calls = ((getattr(node.func, "attr", getattr(node.func, "id", "")), node) for node in scope.kept(ast.Call))
        known = [(method, node) for method, node in calls if node.args and method in REGISTRARS]
        if scope.is_settled:
            scope.memo["registering"] = known
    return known


def by_used_fixture(scope: Scope, fixture: ast.expr, undo: Undo) -> bool:
    """Tell whether the set-up of a class that `useFixture` is given registers what undoes the change."""
    cls = find_class(scope, fixture.func) if isinstance(fixture, ast.Call) else None
    setups = (method_in(cls, name) for name in ("_setUp", "setUp")) if cls is not None else ()
    return any(setup is not None and setup is not scope and by_cleanup(setup, undo) for setup in setups)


def callable_undoes(scope: Scope, function: ast.expr, arguments: list[ast.expr], undo: Undo) -> bool:
    """Tell whether calling `function` with `arguments` later undoes the change."""
    if isinstance(function, ast.Call):
        factory = find_helper(scope, function.func, undo.tokens)
        if factory is not None:  # what it returns is one of the functions in it
            factory.module.load(factory)
            return any(undoes(inner, undo) for inner in factory.family())
        return bool(function.args) and callable_undoes(scope, function.args[0], function.args[1:], undo)  # partial
    call = ast.Call(func=function, args=arguments, keywords=[])
    call.lineno, call.col_offset = function.lineno, function.col_offset
    if undo.by_later_call(scope, call):
        return True
    if isinstance(function, ast.Attribute) and function.attr in ENDERS and undo.by_manager(scope, function.value):
        return True
    own = find_helper(scope, function, undo.tokens)
    return own is not None and undoes(own, undo)


def is_in_cleanup(scope: Scope) -> bool:
    """Tell whether a nested function is only registered as a finalizer by the function around it."""
    outer = scope.parent
    if outer is None or not isinstance(outer.node, FUNCTIONS):
        return False
    if any(inner is scope and name.rpartition(".")[2] in CLEANUPS for name, inner in decorated(outer)):
        return True
    for node in outer.kept(ast.Call):
        method = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if method in CLEANUPS and any(
            argument is scope.node or (isinstance(argument, ast.Name) and argument.id == scope.name)
            for argument in node.args
        ):
            return True
    return False


def calls_at_the_end(call: ast.Call, helper: Scope, cleanups: frozenset[str]) -> Iterator[ast.Call]:
    """Yield what a helper registers to be called at the end, with what this call of it hands over."""
    for function, names in registered_in(helper, cleanups):
        values = (given_for(name, helper, call) for name in names)
        given = [value for value in values if value is not None]
        if len(given) == len(names):
            later = ast.Call(func=function, args=given, keywords=[])
            later.lineno, later.col_offset = call.lineno, call.col_offset
            yield later


def registered_in(helper: Scope, cleanups: frozenset[str]) -> list[tuple[ast.expr, list[str]]]:
    """Return the calls of `setattr` that a helper registers on its parameters: who is called, and those."""
    known: list[tuple[ast.expr, list[str]]] | None = helper.memo.get("overrides")
    if known is None:
        own = set(parameters(helper))
        known = helper.memo["overrides"] = []
        node: ast.Call
        for node in helper.kept(ast.Call):
            if getattr(node.func, "attr", "") not in cleanups or len(node.args) < GIVEN:
                continue
            names = [getattr(item, "id", "") for item in node.args[1:GIVEN]]
            if own.issuperset(names) and resolve(helper, node.args[0]) in SETTERS:
                known.append((node.args[0], names))
    return known
