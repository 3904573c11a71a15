"""What stops a patcher that was started by hand."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.mocks._labels import ADDERS, ANYTHING, items_in, labels_of
from hermetic.source.callee import find_callee, find_class, method_in
from hermetic.source.names import is_context_maker, resolve
from hermetic.source.reach import calls_of
from hermetic.source.restore import puts_back
from hermetic.source.spelling import is_patch, text_of
from hermetic.source.undoing import Undo, undoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.catalogue.mocks._patchers import Start
    from hermetic.source.scope import Scope

# Base classes of libraries that register `patch.stopall` before the first cleanup of each test.
STOPPING = frozenset({"oslotest.base.BaseTestCase"})
SELDOM = frozenset({"atexit.register", "weakref.finalize"})  # what they register runs when the process ends, if at all


class Stop(Undo):
    """`stop()` of the patcher that was started, or `patch.stopall()`."""

    def __init__(self, start: Start) -> None:
        self.labels = start.labels
        self.patcher = start.patcher

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether a call stops the patcher."""
        if not isinstance(node, ast.Call):
            return False
        if resolve(scope, node.func) == "unittest.mock.patch.stopall":
            return True
        function = node.func
        if not isinstance(function, ast.Attribute) or function.attr not in ("stop", "__exit__"):
            return False
        found = labels_of(scope, function.value)
        return bool(self.labels & found) or (ANYTHING in found and bool(self.labels))

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a context manager stops the patcher when it ends, or patches the same target around it."""
        if self.patches_same(scope, expression):
            return True
        target = expression.func if isinstance(expression, ast.Call) else expression
        own = find_callee(scope, target)
        if own is not None:
            return is_context_maker(own) and puts_back(own, self)
        cls = find_class(scope, target)
        leave = (method_in(cls, "__exit__") or method_in(cls, "__aexit__")) if cls is not None else None
        return leave is not None and undoes(leave, self)

    def patches_same(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether an expression is a patch of the patcher's target, which its end sets to what was before."""
        mine = self.patcher
        return (
            isinstance(expression, ast.Call)
            and expression is not mine
            and bool(expression.args and mine.args)
            and text_of(expression.func) == text_of(mine.func)
            and isinstance(mine.args[0], ast.Constant)
            and text_of(expression.args[0]) == text_of(mine.args[0])
            and is_patch(resolve(scope, expression.func))
        )

    def by_base(self, dotted: str) -> bool:
        """Tell whether a class of a library registers `patch.stopall` for each test of what inherits from it."""
        return dotted in STOPPING

    def by_use(self, scope: Scope) -> bool:
        """Tell whether the patcher leaves the function, so that somebody else can stop it."""
        return any(label in self.labels for label in handed_on(scope))


def handed_on(scope: Scope) -> Iterator[str]:
    """Yield the labels of patchers that a scope returns or passes on, and of those whose `stop` it passes on."""
    for given_out in scope.kept(ast.Return, ast.Yield):
        value = given_out.value
        items = [value, *items_in(value)] if value is not None else []
        yield from (label for item in items if holds_value(item) for label in labels_of(scope, stopped(item)))
    for node in scope.kept(ast.Assign):
        given = node.value
        ends = [item for item in (given, *items_in(given)) if isinstance(item, ast.Attribute) and item.attr == "stop"]
        yield from (label for item in ends for label in labels_of(scope, item.value))
    for call in calls_of(scope):
        known = getattr(call.func, "attr", "") in ADDERS or resolve(scope, call.func) in SELDOM
        for item in (part for given in call.args for part in (given, *items_in(given))):
            if isinstance(item, ast.Attribute) and item.attr == "stop":
                yield from labels_of(scope, item.value) if resolve(scope, call.func) not in SELDOM else ()
            elif not known and holds_value(item):
                yield from labels_of(scope, item)
    yield from stopped_by_handed(scope)


def stopped_by_handed(scope: Scope) -> Iterator[str]:
    """Yield the labels of what a nested function stops that is given to a call: `Server(at_end=stop_patches)`."""
    stopping = [inner for inner in scope.nested if b".stop(" in inner.module.text(inner)]
    if not stopping:
        return
    given = {item for call in calls_of(scope) for item in (*call.args, *(keyword.value for keyword in call.keywords))}
    names = {item.id for item in given if isinstance(item, ast.Name)}
    for inner in (item for item in stopping if item.name in names):
        for call in calls_of(inner):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "stop":
                yield from labels_of(inner, call.func.value)


def holds_value(expression: ast.AST) -> bool:
    """Tell whether an expression is a place that can hold a patcher."""
    return isinstance(expression, (ast.Name, ast.Attribute))


def stopped(expression: ast.AST) -> ast.AST:
    """Return the patcher of `patcher.stop`, other expressions as they are."""
    return expression.value if isinstance(expression, ast.Attribute) and expression.attr == "stop" else expression
