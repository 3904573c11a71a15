"""Changes that put a state back, or make sure that nothing is left in it: they are no harm of their own."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.blocks import END, TRIES, assertion_lines, is_after_yield, kept_between, statements_below
from hermetic.source.changes import Change, changes_in, same_key
from hermetic.source.names import resolve
from hermetic.source.platforms import asked_of
from hermetic.source.saved import uses_saved_value
from hermetic.source.spelling import key_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope
    from hermetic.source.state import State

REMOVERS = frozenset({"pop", "__delitem__", "remove", "removeHandler", "removeFilter", "unsetenv", "unregister"})


def is_removal(change: Change) -> bool:
    """Tell whether a change takes a key away."""
    node = change.node
    if isinstance(node, ast.Delete) or change.what.rpartition(".")[2] in REMOVERS:
        return True
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "delattr"


def is_put_back(change: Change, state: State) -> bool:
    """Tell whether a change itself is what puts the state back, so that it is no harm of its own, or none at all."""
    scope, node = change.scope, change.node
    if change.back or is_after_yield(scope, node) or is_expected_to_fail(scope, node):
        return True
    return is_cleaning(change, state) if is_removal(change) else uses_saved_value(change, state)


def is_cleaning(change: Change, state: State) -> bool:
    """Tell whether a removal takes away what the function itself, or the code that it has tested, has left."""
    scope = change.scope
    if any(line < change.line for line in assertion_lines(scope)):
        return True
    earlier = (other for other in changes_in(scope, state) if other.line < change.line and same_key(other, change))
    if any(not is_removal(other) for other in earlier) or is_last(change, state) or is_reset(change, state):
        return True
    return is_of_the_call_above(change, state) or is_other_side(change, state)


def is_other_side(change: Change, state: State) -> bool:
    """Tell whether the other side of an `if` writes back the old value: where there was none, the key is removed."""
    scope = change.scope
    kept = [item.line for item in changes_in(scope, state) if same_key(item, change) and uses_saved_value(item, state)]
    for child, parent in scope.ancestors(change.node) if kept else ():
        if isinstance(parent, ast.If):
            other = parent.orelse if child in parent.body else parent.body
            if any(item.lineno <= line <= (item.end_lineno or 0) for item in other for line in kept):
                return True
    return False


def is_of_the_call_above(change: Change, state: State) -> bool:
    """Tell whether a test deletes, right below a block that it expects to end the code under test, what that has set.

    The key is none that a machine sets, and a `del` without a guard counts on it.
    """
    scope, node = change.scope, change.node
    if roles.role_of(scope) != "test" or not isinstance(node, ast.Delete) or makes_sure(change, state):
        return False
    if not change.key.startswith(("'", '"')) or not state.is_usually_absent(scope, change.key):
        return False
    body = getattr(scope.node, "body", [])
    above = body[body.index(node) - 1] if node in body and body.index(node) else None
    return isinstance(above, ast.With) and any(is_raises(item.context_expr) for item in above.items)


def makes_sure(change: Change, state: State) -> bool:
    """Tell whether a removal is written for a key that may not be there: `pop(key, None)`, a `KeyError` is caught."""
    scope, node = change.scope, change.node
    if change.what == "os.unsetenv" or (change.what.endswith(".pop") and len(getattr(node, "args", ())) > 1):
        return True
    return any(
        (isinstance(parent, TRIES) and child in parent.body and any(map(is_of_absence, parent.handlers)))
        or (isinstance(parent, ast.With) and any(is_suppress(scope, item.context_expr) for item in parent.items))
        or (isinstance(parent, ast.If) and child in parent.body and asks_for(scope, parent.test, change, state))
        for child, parent in scope.ancestors(node)
    )


def removes_maybe(change: Change, state: State) -> bool:
    """Tell whether a change removes or reloads what may well not be there: `if name in sys.modules: reload(...)`."""
    if change.what.endswith(".reload"):
        return makes_sure(change, state)
    return is_removal(change) and makes_sure(change, state) and state.is_left_over(change.scope, change.key)


def is_of_absence(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler is for a key that is not there, and lets that be."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(item, "id", "") for item in caught if item is not None}
    absent = handler.type is None or bool(names & {"KeyError", "LookupError", "ValueError", "Exception"})
    return absent and not isinstance(handler.body[-1], ast.Raise)


def is_suppress(scope: Scope, expression: ast.expr) -> bool:
    """Tell whether a manager is `contextlib.suppress(KeyError)`."""
    if not isinstance(expression, ast.Call) or resolve(scope, expression.func) != "contextlib.suppress":
        return False
    return any(getattr(item, "id", "") in ("KeyError", "LookupError", "Exception") for item in expression.args)


def asks_for(scope: Scope, test: ast.expr, change: Change, state: State) -> bool:
    """Tell whether a condition asks for what a change removes: whether it is there, or whether there is any."""
    if looks_for_key(scope, test, change, state) or (change.key and asked_of(test) == change.key):
        return True
    given = getattr(change.node, "args", ())
    removed = {text_of(item) for item in given if isinstance(item, (ast.Name, ast.Attribute))}
    asked = test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.IsNot, ast.NotEq, ast.In)):
        asked = test.left
    return isinstance(asked, (ast.Name, ast.Attribute)) and text_of(asked) in removed


def looks_for_key(scope: Scope, test: ast.expr, change: Change, state: State) -> bool:
    """Tell whether a condition asks whether the key of a change is there: `if "APP_MODE" in os.environ`."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.In):
        return False
    table = state.name_in(scope, resolve(scope, test.comparators[0]))
    if change.what.endswith(".reload"):
        return table == "sys.modules"
    return table in state.objects and change.key in ("", key_of(scope, test.left))


def is_reset(change: Change, state: State) -> bool:
    """Tell whether an autouse fixture only takes back, before each test, what others may have left."""
    scope = change.scope
    if roles.role_of(scope) != "fixture" or not roles.is_autouse(scope) or roles.fixture_scope(scope) != "function":
        return False
    before = [item for item in changes_in(scope, state) if not is_after_yield(scope, item.node)]
    return all(
        is_removal(item) and state.is_usually_absent(scope, item.key) and makes_sure(item, state)
        for item in (change, *before)
    )


def is_expected_to_fail(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a statement is there to raise: the last one below `assertRaises`, or followed by `self.fail()`."""
    below = statements_below(scope, node)
    for child, parent in scope.ancestors(node):
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            if child in parent.body and (below or child is not parent.body[-1]):
                return False
            if child in parent.body and any(is_raises(item.context_expr) for item in parent.items):
                return True
        elif isinstance(parent, TRIES):
            return child in parent.body and bool(parent.handlers) and is_failing(scope, below or parent.orelse)
        elif isinstance(parent, (ast.If, ast.For, ast.AsyncFor, ast.While)):
            return False
    return False


def is_raises(expression: ast.expr) -> bool:
    """Tell whether a context manager expects an exception."""
    function = expression.func if isinstance(expression, ast.Call) else expression
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name.startswith("assertRaises") or name == "raises"


def is_failing(scope: Scope, block: list[ast.stmt]) -> bool:
    """Tell whether a block starts with a call of `fail`, or raises."""
    if not block:
        return False
    first = block[0]
    calls = kept_between(scope, first.lineno, first.end_lineno or first.lineno, ast.Call)
    names = (getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls)
    return isinstance(first, ast.Raise) or any(name == "fail" for name in names)


def is_last(change: Change, state: State) -> bool:
    """Tell whether nothing but changes of the state follows in a function that does something before: it cleans up.

    A setup has the whole test before it, and nothing of the test's to clean up; `pop(key, None)` in it makes sure, and
    so does a `del` whose `KeyError` is caught.
    """
    scope = change.scope
    if roles.role_of(scope) == "setup" and not makes_sure(change, state):
        return False
    mine = {item.node for item in changes_in(scope, state)}
    line = change.node.end_lineno or change.line
    working = (ast.Call, ast.Assert, ast.Await, ast.Yield)
    later = (node for node in kept_between(scope, line + 1, END, *working) if node not in mine)
    before = (node for node in kept_between(scope, 0, change.line - 1, *working) if node not in mine)
    return any(before) and not any(later)
