"""Restore idioms: whether a change is undone whatever happens in the test.

One engine for all rules. What counts as undoing is given by an `Undo`; where it has to stand is decided here: in a
`finally`, after a fixture's `yield`, in a context manager or decorator, in a registered finalizer, in a teardown, or in
a fixture that the test uses.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import (
    END,
    TRIES,
    is_asserted_between,
    kept_between,
    may_leave,
    statements_after,
    statements_below,
)
from hermetic.source.callee import (
    ENTERERS,
    ancestry,
    find_class,
    find_helper,
    find_imported,
    method_in,
    own_class,
    own_constructor,
    run_by,
)
from hermetic.source.changes import decorated
from hermetic.source.names import is_generator, resolve
from hermetic.source.registrars import calls_at_the_end
from hermetic.source.scope import FUNCTIONS, Scope
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CLEANUPS = frozenset({
    "addCleanup", "addClassCleanup", "addModuleCleanup", "addAsyncCleanup", "addfinalizer", "callback", "push",
    "push_async_callback", "push_async_exit",
})  # fmt: skip
STACK = "setupstack.register"  # of zope.testing: the test comes first
REGISTRARS = frozenset({*CLEANUPS, *ENTERERS, "useFixture", "register"})
REGISTRAR_TOKENS = tuple(sorted(name.encode() for name in REGISTRARS))
HANDED = frozenset({"monkeypatch", "request"})  # fixtures that undo, also from within an object
CONTEXT_MAKERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
UNDO_KINDS = (ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
ENDERS = ("__exit__", "__aexit__", "stop", "undo", "restore", "cleanup", "close")
NEVER_FAIL = frozenset(
    {"gc.collect", "gc.get_objects", "time.sleep", "time.time", "time.monotonic", "time.perf_counter"}
)
MAX_CALLS = 3  # helpers that call helpers


class Undo:
    """What puts one change back. Subclasses say so for a node, a context manager and a whole function.

    `tokens`: bytes of which one occurs in every file that can; none: any file can.
    """

    tokens: tuple[bytes, ...] = ()
    entries: tuple[tuple[Scope, ast.AST], ...] = ()  # where a function of the suite calls what makes the change

    @property
    def answers(self) -> dict[object, bool]:
        """What is known of functions already; False while one is looked at, which ends circles of managers."""
        known: dict[object, bool] = self.__dict__.setdefault("_answers", {})
        return known

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether running `node` (a kept statement or call of `scope`) undoes the change."""
        raise NotImplementedError

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a context manager or decorator undoes the change when it ends."""
        raise NotImplementedError

    def by_use(self, scope: Scope) -> bool:
        """Tell whether something that `scope` uses anywhere undoes the change, as a `monkeypatch` call does."""
        raise NotImplementedError

    def by_entered(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a manager undoes the change when the stack on which it is entered is closed."""
        return self.by_manager(scope, expression)

    def by_later_call(self, scope: Scope, call: ast.Call) -> bool:
        """Tell whether a call that the source does not spell as one (`addCleanup(os.chdir, old)`) undoes the change."""
        return self.by_node(scope, call)

    def by_plain_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether `node` undoes the change even where it stands in no cleanup: it can have no other purpose."""
        return self.by_node(scope, node)

    def is_saved_in(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a function keeps the value that it finds."""
        return False

    def by_assertion(self, scope: Scope, test: ast.expr) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an assertion that passes says that the change is undone."""
        return False

    def sets_same(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a fixture sets what is changed itself, under no condition."""
        return False

    def has_set(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a setup sets, under no condition, what the change removes or sets to the same constant."""
        return False

    def sets_value(self) -> bool:
        """Tell whether the change sets a value, so that doing it twice is doing it once."""
        return False

    def by_fixture_name(self, name: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a fixture whose source is not at hand undoes the change, by its name."""
        return False


def is_patch(name: str) -> bool:
    """Tell whether a dotted name is `mock.patch` or one of its forms, pytest-mock's too."""
    head = name.removesuffix(".dict").removesuffix(".object").removesuffix(".multiple")
    return head.endswith(".mock.patch") or (head.startswith("@") and head.endswith("mocker.patch"))


def is_monkeypatch(name: str) -> bool:
    """Tell whether a dotted name is a `MonkeyPatch` object."""
    bare = name.removesuffix("<with>").removesuffix("()")
    return bare.startswith(("@monkeypatch", "@mp")) or "MonkeyPatch" in bare or bare.endswith("monkeypatch")


def is_context_maker(function: Scope) -> bool:
    """Tell whether a function is decorated with `contextlib.contextmanager` or its async form."""
    outer = function.parent or function
    return any(resolve(outer, item) in CONTEXT_MAKERS for item in getattr(function.node, "decorator_list", ()))


def undoes(function: Scope, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether a function, or one that it calls in the project, undoes the change."""
    key = (function, depth)
    if key not in undo.answers:
        undo.answers[key] = False
        function.module.load(function)
        undo.answers[key] = any(node_undoes(function, node, undo, depth) for node in function.kept(*UNDO_KINDS))
    return undo.answers[key]


def node_undoes(scope: Scope, node: ast.AST, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether one node undoes the change, by itself or through a function of the project."""
    if undo.by_node(scope, node):
        return True
    if isinstance(node, ast.Call) and depth:
        own = find_helper(scope, node.func, undo.tokens) or run_by(class_called(scope, node.func, undo))
        return own is not None and undoes(own, undo, depth - 1)
    return False


def class_called(scope: Scope, function: ast.expr, undo: Undo) -> Scope | None:
    """Return the class of the project that a call makes an object of: its constructor may undo the change."""
    return own_class(scope, function) or find_imported(scope, function, undo.tokens)


def block_undoes(scope: Scope, block: list[ast.stmt], undo: Undo) -> bool:
    """Tell whether a list of statements undoes the change."""
    first, last = block[0].lineno, block[-1].end_lineno or block[-1].lineno
    return any(node_undoes(scope, node, undo) for node in kept_between(scope, first, last, *UNDO_KINDS))


def puts_back(function: Scope, undo: Undo) -> bool:
    """Tell whether a fixture or context manager function undoes the change when it ends, however it ends."""
    if function not in undo.answers:
        undo.answers[function] = False
        function.module.load(function)
        undo.answers[function] = (
            undo.by_use(function)
            or by_cleanup(function, undo)
            or by_registrar(function, undo)
            or by_handing_over(function, undo)
            or yields_in_manager(function, undo)
            or (not is_context_maker(function) and after_yield(function, undo))
        )
    return undo.answers[function]


def yields_in_manager(function: Scope, undo: Undo) -> bool:
    """Tell whether a generator yields inside a `with` or a `try` that undoes the change.

    A test that fails raises nothing into its fixtures, so that a manager there needs no `finally`.
    """
    entered = not is_context_maker(function)
    return any(
        is_under_manager(function, node, undo, entered=entered) or is_in_try(function, node, undo)
        for node in function.kept(ast.Yield, ast.YieldFrom)
    )


def after_yield(function: Scope, undo: Undo, above: int = 0) -> bool:
    """Tell whether a generator undoes the change after a yield that stands below the line `above`."""
    yields = [node.lineno for node in function.kept(ast.Yield, ast.YieldFrom)]
    if not yields or max(yields) < above:
        return False
    below = kept_between(function, min(yields) + 1, END, *UNDO_KINDS)
    return any(node_undoes(function, node, undo) for node in below)


def is_in_try(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a `finally` around the node undoes the change, or what follows a `try` that lets nothing through."""
    return any(
        isinstance(parent, TRIES)
        and child not in parent.finalbody
        and any(block and block_undoes(scope, block, undo) for block in blocks_at_the_end(scope, parent, child))
        for child, parent in scope.ancestors(node)
    )


def blocks_at_the_end(scope: Scope, block: ast.Try | ast.TryStar, child: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the statements that run when a `try` ends, however its body does."""
    yield block.finalbody
    catching = (item for item in block.handlers if item.type is None or getattr(item.type, "id", "") == "BaseException")
    caught = next(catching, None)
    if child in block.body and caught is not None and not may_leave(caught):
        yield statements_below(scope, block)


def is_before_try(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a later `finally` undoes the change, with no assertion on the way to its `try`."""
    line = node.end_lineno  # type: ignore[attr-defined]
    return any(
        item.lineno > line
        and item.finalbody  # type: ignore[attr-defined]
        and not is_asserted_between(scope, line, item.lineno)
        and block_undoes(scope, item.finalbody, undo)  # type: ignore[attr-defined]
        for item in scope.kept(*TRIES)
    )


def is_under_manager(scope: Scope, node: ast.AST, undo: Undo, *, entered: bool = False) -> bool:
    """Tell whether a `with` around the node undoes the change; `entered`: nothing is raised into it."""
    undoing = undo.by_entered if entered else undo.by_manager
    return any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and not isinstance(child, ast.withitem)
        and any(undoing(scope, item.context_expr) for item in parent.items)
        for child, parent in scope.ancestors(node)
    )


def arranges_cleanup(scope: Scope, undo: Undo) -> bool:
    """Tell whether a setup registers what undoes the change, itself or through a helper."""
    return by_cleanup(scope, undo) or by_registrar(scope, undo)


def by_registrar(scope: Scope, undo: Undo, line: int = END, depth: int = MAX_CALLS) -> bool:
    """Tell whether a helper that is called registers what undoes the change on what it is given.

    A helper that keeps the old value itself has to be called before the change, which stands on `line`.
    """
    for node in scope.kept(ast.Call) if depth and may_register(scope, depth) else ():
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
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
        assert isinstance(call, ast.Call)  # noqa: S101 - for the type checker
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


def is_undone(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether the function that holds `node` undoes the change itself, however it ends."""
    return (
        is_in_try(scope, node, undo)
        or is_before_try(scope, node, undo)
        or is_under_manager(scope, node, undo, entered=is_generator(scope) and not is_context_maker(scope))
        or by_cleanup(scope, undo)
        or by_registrar(scope, undo, node.lineno)  # type: ignore[attr-defined]
        or undo.by_use(scope)
        or by_decorator(scope, undo)
        or is_undone_at_once(scope, node, undo)
        or (is_generator(scope) and not is_context_maker(scope) and after_yield(scope, undo, node.lineno))  # type: ignore[attr-defined]
    )


def is_undone_at_once(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether the call around, or the statements right below, undo the change before anything can fail."""
    if any(isinstance(parent, ast.Call) and undo.by_plain_node(scope, parent) for _, parent in scope.ancestors(node)):
        return True  # signal.signal(number, signal.signal(number, handler))
    for statement in statements_after(scope, node):
        last = statement.end_lineno or statement.lineno
        inside = list(kept_between(scope, statement.lineno, last, *UNDO_KINDS))
        if isinstance(statement, SIMPLE) and any(plainly_undoes(scope, item, undo) for item in inside):
            return True
        between = kept_between(scope, statement.lineno, last, ast.Call, ast.Assert, ast.Await, ast.Yield)
        if not all(isinstance(item, ast.Call) and resolve(scope, item.func) in NEVER_FAIL for item in between):
            return False
    return False


def plainly_undoes(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a node that stands in no cleanup undoes the change, itself or in a helper that it calls.

    A helper that keeps the state before it changes it undoes its own change.
    """
    if undo.by_plain_node(scope, node):
        return True
    own = find_helper(scope, node.func, undo.tokens) if isinstance(node, ast.Call) else None
    if own is None or own is scope or not contains(own.module.text(own), undo.tokens):
        return False
    key = (own, "plainly")
    if key not in undo.answers:
        own.module.load(own)
        undo.answers[key] = not (is_generator(own) or undo.is_saved_in(own)) and any(
            undo.by_plain_node(own, item) for item in own.kept(*UNDO_KINDS)
        )
    return undo.answers[key]


SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.If)


def is_undone_late(scope: Scope, node: ast.AST, undo: Undo) -> bool:
    """Tell whether a later statement undoes the change when nothing fails in between."""
    line = node.end_lineno  # type: ignore[attr-defined]
    below = (item for item in kept_between(scope, line + 1, END, *UNDO_KINDS) if not is_for_failure(scope, item))
    sides = sides_of(scope, node)
    return any(plainly_undoes(scope, item, undo) and not excludes(sides, scope, item) for item in below) or any(
        undo.by_assertion(scope, test)
        for item in kept_between(scope, line + 1, END, ast.Assert, ast.Call)
        if (test := asserted(item)) is not None
        and not any(isinstance(parent, (ast.With, ast.AsyncWith)) for _, parent in scope.ancestors(item))
    )


def is_for_failure(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only when something fails, which is then raised again."""
    return any(
        isinstance(parent, ast.ExceptHandler) and isinstance(parent.body[-1], ast.Raise)
        for _, parent in scope.ancestors(node)
    )


def sides_of(scope: Scope, node: ast.AST) -> dict[ast.AST, bool]:
    """Return the `if` statements around a node, and whether it stands in the body of each."""
    return {parent: child in parent.body for child, parent in scope.ancestors(node) if isinstance(parent, ast.If)}


def excludes(sides: dict[ast.AST, bool], scope: Scope, other: ast.AST) -> bool:
    """Tell whether another node runs only where the one does not that stands on these sides of `if` statements."""
    return bool(sides) and any(sides.get(parent, side) is not side for parent, side in sides_of(scope, other).items())


def asserted(node: ast.AST) -> ast.expr | None:
    """Return what an assertion, also one of unittest about membership, says; None for other nodes."""
    if isinstance(node, ast.Assert):
        return node.test
    assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
    name = getattr(node.func, "attr", "")
    if name == "assertNotIn" and len(node.args) > 1:
        return ast.Compare(left=node.args[0], ops=[ast.NotIn()], comparators=[node.args[1]])
    test = node.args[0] if name == "assertFalse" and node.args else None
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In):
        return ast.Compare(left=test.left, ops=[ast.NotIn()], comparators=test.comparators)
    return None


def by_decorator(scope: Scope, undo: Undo) -> bool:
    """Tell whether a decorator of the function or of its classes undoes the change."""
    current: Scope | None = scope
    while current is not None and current.parent is not None:
        for level in ancestry(current) if current.is_class else [current]:
            outer = level.parent or level
            decorators = getattr(level.node, "decorator_list", ())
            if any(undo.by_manager(outer, item) or wraps_in_undo(outer, item, undo) for item in decorators):
                return True
        current = current.parent
    return False


def wraps_in_undo(outer: Scope, decorator: ast.expr, undo: Undo) -> bool:
    """Tell whether a decorator of the project calls what it is given in a `try` or `with` that undoes the change."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    own = find_helper(outer, target, undo.tokens)
    if own is None:
        return False
    key = (own, "wraps")
    if key not in undo.answers:
        undo.answers[key] = False
        own.module.load(own)
        given = {item.arg for scope in own.family() for item in getattr(getattr(scope.node, "args", None), "args", ())}
        undo.answers[key] = any(
            getattr(call.func, "id", "") in given
            and (is_in_try(scope, call, undo) or is_under_manager(scope, call, undo))
            for scope in own.family()
            for call in scope.kept(ast.Call)
        )
    return undo.answers[key]


def is_in_cleanup(scope: Scope) -> bool:
    """Tell whether a nested function is only registered as a finalizer by the function around it."""
    outer = scope.parent
    if outer is None or not isinstance(outer.node, FUNCTIONS):
        return False
    if any(inner is scope and name.rpartition(".")[2] in CLEANUPS for name, inner in decorated(outer)):
        return True
    for node in outer.kept(ast.Call):
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker
        method = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if method in CLEANUPS and any(
            argument is scope.node or (isinstance(argument, ast.Name) and argument.id == scope.name)
            for argument in node.args
        ):
            return True
    return False
