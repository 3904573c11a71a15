"""Restore idioms: is a change undone whatever happens in the test?

One engine for all rules. What counts as undoing is given by an `Undo`; where it has to stand is decided here: in a
`finally`, after a fixture's `yield`, in a context manager or decorator, in a registered finalizer, in a teardown, or in
a fixture that the test uses.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.changes import Change, State, called, changes_in, same_key, text_of, uses_saved_value
from hermetic.source.names import find_function, find_method, is_generator, lineage, resolve
from hermetic.source.scope import FUNCTIONS, Scope

CLEANUPS = frozenset({
    "addCleanup", "addClassCleanup", "addModuleCleanup", "addAsyncCleanup", "addfinalizer", "callback", "push",
    "push_async_callback",
})  # fmt: skip
ENTERERS = frozenset({
    "enter_context", "enterContext", "enterClassContext", "enterModuleContext", "enter_async_context",
    "enterAsyncContext",
})  # fmt: skip
CONTEXT_MAKERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
TRIES = (ast.Try, ast.TryStar)
MAX_CALLS = 3  # helpers that call helpers


class Undo:
    """What puts one change back. Subclasses say so for a node, a context manager and a whole function."""

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether running `node` (a kept statement or call of `scope`) undoes the change."""
        raise NotImplementedError

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a context manager or decorator undoes the change when it ends."""
        raise NotImplementedError

    def by_use(self, scope: Scope) -> bool:
        """Tell whether something that `scope` uses anywhere undoes the change, as a `monkeypatch` call does."""
        raise NotImplementedError


class UndoState(Undo):
    """Undo for a change of a `State`."""

    def __init__(self, state: State, change: Change) -> None:
        self.state = state
        self.change = change

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """A call that restores, or another change of the same key."""
        if isinstance(node, ast.Call):
            name = resolve(scope, node.func)
            if name in self.state.restores or name.endswith((".undo", ".stopall")):
                return True
            if name.endswith(".stop") and self.by_manager(scope, getattr(node.func, "value", node)):
                return True
        return any(
            change.node is node and same_key(self.change, change)
            for change in changes_in(scope, self.state)
        )

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """A manager of the table, a patch of the state, one written in this file, or one whose name says so."""
        name = resolve(scope, expression)
        bare = name.removesuffix("<with>").removesuffix("()")
        if bare in self.state.managers:
            return True
        call = call_behind(scope, expression)
        if call is not None and is_patch(bare) and self.patches_state(scope, call, bare):
            return True
        target = call.func if call is not None else expression
        own = find_function(scope, target)
        if own is not None:
            return is_context_maker(own) and puts_back(own, self)
        own_class = find_class(scope, target)
        if own_class is not None:
            leave = find_method(own_class, "__exit__") or find_method(own_class, "__aexit__")
            return leave is not None and undoes(leave, self)
        last = bare.rpartition(".")[2].lower()
        return any(word in last for word in self.state.words)

    def by_use(self, scope: Scope) -> bool:
        """`monkeypatch` (under any name that resolves to it) that records the same key, or `mocker.patch` of the state."""
        for name, calls in called(scope).items():
            owner, _, method = name.rpartition(".")
            if method in self.state.patches and is_monkeypatch(owner):
                if any(self.same_patch_key(call, method) for call in calls):
                    return True
            elif method in ("setattr", "setitem", "delitem") and is_monkeypatch(owner):
                if any(self.replaces_state(scope, call, method) for call in calls):
                    return True
            elif is_patch(name) and "mocker." in name and any(self.patches_state(scope, call, name) for call in calls):
                return True
        return False

    def same_patch_key(self, call: ast.Call, method: str) -> bool:
        """Whether a `monkeypatch` call records the key of the change."""
        if not self.state.keyed or not call.args or method in ("chdir", "syspath_prepend"):
            return True
        key = text_of(call.args[0])
        return not key or not self.change.key or key == self.change.key

    def replaces_state(self, scope: Scope, call: ast.Call, method: str) -> bool:
        """Whether `monkeypatch.setattr/setitem/delitem` covers the change."""
        if not call.args:
            return False
        first = resolve(scope, call.args[0])
        if method == "setattr":
            return dotted_target(scope, call) in self.state.objects
        if first not in self.state.items:
            return False
        key = text_of(call.args[1]) if len(call.args) > 1 else ""
        return not key or not self.change.key or key == self.change.key

    def patches_state(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Whether a `mock.patch` call, in any of its forms, replaces or snapshots the state."""
        if not call.args:
            return False
        if name.endswith(".dict"):
            first = call.args[0]
            target = first.value if isinstance(first, ast.Constant) else resolve(scope, first)
            return target in self.state.items
        return dotted_target(scope, call) in self.state.objects


def is_patch(name: str) -> bool:
    """Tell whether a dotted name is `mock.patch` or one of its forms, pytest-mock's too."""
    head = name.removesuffix(".dict").removesuffix(".object").removesuffix(".multiple")
    return head == "unittest.mock.patch" or (head.startswith("@") and head.endswith("mocker.patch"))


def is_monkeypatch(name: str) -> bool:
    """Tell whether a dotted name is a `MonkeyPatch` object."""
    bare = name.removesuffix("<with>").removesuffix("()")
    return bare.startswith(("@monkeypatch", "@mp")) or "MonkeyPatch" in bare or bare.endswith("monkeypatch")


def dotted_target(scope: Scope, call: ast.Call) -> str:
    """Return the attribute that `setattr(obj, "name", ...)` or `patch("a.b")` replaces."""
    first = call.args[0]
    if isinstance(first, ast.Constant):
        return str(first.value)
    if len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
        return f"{resolve(scope, first)}.{call.args[1].value}"
    return ""


def call_behind(scope: Scope, expression: ast.AST) -> ast.Call | None:
    """Return the call that made a value: the expression itself, or what its variable or `self` attribute was set to."""
    if isinstance(expression, ast.Call):
        return expression
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        if found is not None and isinstance(found[0].value, ast.Call):
            return found[0].value
    if isinstance(expression, ast.Attribute):
        from hermetic.source.names import attribute_value, method_of  # noqa: PLC0415 - names only rarely needed here

        method = method_of(scope)
        value = attribute_value(method.owner, expression.attr) if method is not None and method.owner else None
        if value is not None and isinstance(value[1], ast.Call):
            return value[1]
    return None


def find_class(scope: Scope, expression: ast.AST) -> Scope | None:
    """Return the class of this file that an expression names."""
    if not isinstance(expression, ast.Name):
        return None
    found = scope.find(expression.id, expression.lineno)
    value = found[0].value if found is not None and found[0].kind == "class" else None
    return value if isinstance(value, Scope) else None


def is_context_maker(function: Scope) -> bool:
    """Tell whether a function is decorated with `contextlib.contextmanager` or its async form."""
    outer = function.parent or function
    return any(resolve(outer, item) in CONTEXT_MAKERS for item in getattr(function.node, "decorator_list", ()))


def undoes(function: Scope, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether a function, or one that it calls in the same file, undoes the change."""
    function.module.load(function)
    return any(node_undoes(function, node, undo, depth) for kind in UNDO_KINDS for node in function.nodes.get(kind, ()))


UNDO_KINDS = (ast.Call, ast.Assign, ast.AugAssign, ast.Delete, ast.With, ast.AsyncWith)


def node_undoes(scope: Scope, node: ast.AST, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether one node undoes the change, by itself or through a function of this file."""
    if undo.by_node(scope, node):
        return True
    if isinstance(node, ast.Call) and depth:
        own = find_function(scope, node.func)
        return own is not None and undoes(own, undo, depth - 1)
    return False


def block_undoes(scope: Scope, block: list[ast.stmt], undo: Undo) -> bool:
    """Tell whether a list of statements undoes the change."""
    first, last = block[0].lineno, block[-1].end_lineno or block[-1].lineno
    return any(
        first <= node.lineno <= last and node_undoes(scope, node, undo)  # type: ignore[attr-defined]
        for kind in UNDO_KINDS
        for node in scope.nodes.get(kind, ())
    )


def puts_back(function: Scope, undo: Undo) -> bool:
    """Tell whether a fixture or context manager function undoes the change when it ends."""
    function.module.load(function)
    return undo.by_use(function) or after_yield(function, undo) or by_cleanup(function, undo) or yields_in_manager(function, undo)


def yields_in_manager(function: Scope, undo: Undo) -> bool:
    """Tell whether a generator yields inside a `with` or a `try` that undoes the change."""
    return any(
        is_under_manager(function, node, undo) or is_under_finally(function, node, undo)
        for node in function.kept(ast.Yield, ast.YieldFrom)
    )


def after_yield(function: Scope, undo: Undo, above: int = 1 << 60) -> bool:
    """Tell whether a generator undoes the change after a yield; the yield stands below the line `above` or at any."""
    yields = [node.lineno for node in function.kept(ast.Yield, ast.YieldFrom)]  # type: ignore[attr-defined]
    if not yields or (above != 1 << 60 and max(yields) < above):
        return False
    first = min(yields)
    return any(
        node.lineno > first and node_undoes(function, node, undo)  # type: ignore[attr-defined]
        for kind in UNDO_KINDS
        for node in function.nodes.get(kind, ())
    )


def is_under_finally(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a `finally` around the node, or of a later `try` in the function, undoes the change."""
    inside = [parent for child, parent in scope.ancestors(node) if isinstance(parent, TRIES) and child not in parent.finalbody]
    line = node.lineno  # type: ignore[attr-defined]
    later = [item for item in scope.kept(*TRIES) if item.lineno > line]  # type: ignore[attr-defined]
    return any(item.finalbody and block_undoes(scope, item.finalbody, undo) for item in (*inside, *later))  # type: ignore[attr-defined]


def is_under_manager(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a `with` around the node undoes the change."""
    for child, parent in scope.ancestors(node):
        if isinstance(parent, (ast.With, ast.AsyncWith)) and not isinstance(child, ast.withitem):
            if any(undo.by_manager(scope, item.context_expr) for item in parent.items):
                return True
    return False


def by_cleanup(scope: Scope, undo: Undo) -> bool:
    """Tell whether a registered finalizer (or a context entered on an exit stack) undoes the change."""
    for node in scope.nodes.get(ast.Call, ()):
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
        method = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if method in ENTERERS and node.args and undo.by_manager(scope, node.args[0]):
            return True
        if method in CLEANUPS and node.args and callable_undoes(scope, node.args[0], node.args[1:], undo):
            return True
    return False


def callable_undoes(scope: Scope, function: ast.expr, arguments: list[ast.expr], undo: Undo) -> bool:
    """Tell whether calling `function` with `arguments` later undoes the change."""
    if isinstance(function, ast.Call):  # functools.partial(f, ...), or a factory: what it is given runs later
        return bool(function.args) and callable_undoes(scope, function.args[0], function.args[1:], undo)
    own = find_function(scope, function)
    if own is not None:
        return undoes(own, undo)
    as_call = ast.Call(func=function, args=arguments, keywords=[])
    as_call.lineno, as_call.col_offset = function.lineno, function.col_offset
    return undo_by_later_call(scope, as_call, undo)


def undo_by_later_call(scope: Scope, call: ast.Call, undo: Undo) -> bool:
    """Judge a call that the source does not spell as one (`addCleanup(os.chdir, old)`)."""
    if undo.by_node(scope, call):
        return True
    if not isinstance(undo, UndoState):
        return False
    name = resolve(scope, call.func)
    state = undo.state
    if name == "setattr":
        return dotted_target(scope, call) in state.objects
    if name in state.methods:
        method = name.rpartition(".")[2]
        key = text_of(call.args[0]) if call.args else ""
        return method in ("clear", "update") or not undo.change.key or not key or key == undo.change.key or not state.keyed
    if name.rpartition(".")[2] in ("__setitem__", "__delitem__") and name.rpartition(".")[0] in state.items:
        return True
    return name in state.calls


def is_undone(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether the function that holds `node` undoes the change itself."""
    return (
        is_under_finally(scope, node, undo)
        or is_under_manager(scope, node, undo)
        or by_cleanup(scope, undo)
        or undo.by_use(scope)
        or by_decorator(scope, undo)
        or (is_generator(scope) and after_yield(scope, undo, node.lineno))  # type: ignore[attr-defined]
    )


def by_decorator(scope: Scope, undo: Undo) -> bool:
    """Tell whether a decorator of the function or of its classes undoes the change."""
    current: Scope | None = scope
    while current is not None and current.parent is not None:
        for level in lineage(current) if current.is_class else [current]:
            outer = level.parent or level
            if any(undo.by_manager(outer, item) for item in getattr(level.node, "decorator_list", ())):
                return True
        current = current.parent
    return False


def undone_by_class(function: Scope, undo: Undo) -> bool:
    """Tell whether the test's class (bases included) undoes the change in a teardown or a setup's cleanup."""
    owner = function.owner
    if owner is None:
        return False
    for cls in lineage(owner):
        for method in cls.functions:
            if method is function:
                continue
            role = roles.role_of(method)
            if role == "teardown" and undoes(method, undo):
                return True
            if role == "setup" and by_cleanup(method.module.load(method), undo):
                return True
    return False


def undone_by_file(function: Scope, undo: Undo) -> bool:
    """Tell whether `teardown_function`, `teardown_module` or `tearDownModule` of the file undoes the change."""
    own_setup = roles.role_of(function) == "setup"
    for other in function.module.top.functions:
        if other.owner is not None or roles.role_of(other) != "teardown":
            continue
        if (other.name == "teardown_function" or own_setup) and undoes(other, undo):
            return True
    return False


def is_put_back(change: Change, state: State) -> bool:
    """Tell whether a change itself is what puts the state back, so that it is no harm of its own."""
    scope, node = change.scope, change.node
    if uses_saved_value(change, state):
        return True
    if any(isinstance(parent, TRIES) and child in parent.finalbody for child, parent in scope.ancestors(node)):
        return True
    yields = scope.nodes.get(ast.Yield)
    if yields and min(item.lineno for item in yields) < node.lineno:  # type: ignore[attr-defined]
        return True
    return any(
        earlier.node.lineno < node.lineno and same_key(earlier, change) and is_removal(change)  # type: ignore[attr-defined]
        for earlier in changes_in(scope, state)
    )


def is_removal(change: Change) -> bool:
    """Tell whether a change takes a key away, or turns a switch back."""
    return isinstance(change.node, ast.Delete) or change.what.rpartition(".")[2] in ("pop", "remove", "removeHandler", "unsetenv", "enable", "unregister")


def is_in_cleanup(scope: Scope) -> bool:
    """Tell whether a nested function is only registered as a finalizer by the function around it."""
    outer = scope.parent
    if outer is None or not isinstance(outer.node, FUNCTIONS):
        return False
    for node in outer.nodes.get(ast.Call, ()):
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
        method = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if method in CLEANUPS and any(
            argument is scope.node or (isinstance(argument, ast.Name) and argument.id == scope.name) for argument in node.args
        ):
            return True
    return False
