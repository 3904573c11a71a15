"""What the answer to `is_alive()` is used for: to wait until a thread or process has ended, or only to look at it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.putback import is_failing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

ASKING = "is_alive"
LOOKERS = frozenset({"isinstance", "print", "len", "repr", "str", "id", "type", "hasattr", "bool", "enumerate", "zip"})
# Calls that are true for what their argument is true for, and calls that only pass an answer on to a reader.
TRANSPARENT = frozenset({"any", "all", "bool", "len", "list", "sum", "set", "tuple", "sorted"})
NOTERS = frozenset({"print", "repr", "str", "append", "debug", "info", "warning", "log", "write"})
COLLECTED = (ast.BoolOp, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.comprehension, ast.NamedExpr, ast.keyword)
LEAVES = (ast.Break, ast.Return)
LOOPS = (ast.While, ast.For, ast.AsyncFor)


def is_repeated(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node stands in a loop."""
    return any(isinstance(parent, LOOPS) for _, parent in scope.ancestors(node))


def is_seen_ended(scope: Scope, call: ast.Call) -> bool:
    """Tell whether the code goes on, or the test passes, only when `is_alive()` has answered no.

    Where the use of the answer cannot be read, it is taken to be so.
    """
    alive = True  # whether what is read so far is true for a living thread
    for child, parent in scope.ancestors(call):
        if isinstance(parent, ast.UnaryOp):
            alive = alive != isinstance(parent.op, ast.Not)
        elif isinstance(parent, ast.Compare):
            same = compared(parent, child)
            if same is None:
                return True
            alive = alive == same
        elif isinstance(parent, ast.Call):
            name = getattr(parent.func, "attr", getattr(parent.func, "id", ""))
            if name not in TRANSPARENT:
                return is_called_ended(parent, child, name, alive=alive)
        elif not isinstance(parent, COLLECTED):
            return is_stated_ended(scope, parent, child, alive=alive)
    return True


def compared(node: ast.Compare, side: ast.AST) -> bool | None:
    """Tell whether a comparison is true when one side is; None when that cannot be told."""
    sides = [node.left, *node.comparators]
    others = [other for other in sides if other is not side]
    truth = truth_of(others[0]) if len(sides) == 2 and others else None  # noqa: PLR2004 - the two sides
    if truth is None:
        return None
    if isinstance(node.ops[0], (ast.Is, ast.Eq)):
        return truth
    return not truth if isinstance(node.ops[0], (ast.IsNot, ast.NotEq, ast.Gt)) else None


def truth_of(node: ast.AST) -> bool | None:
    """Return whether a constant or an empty collection is true, None for others."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    return False if isinstance(node, (ast.List, ast.Tuple)) and not node.elts else None


def is_called_ended(call: ast.Call, argument: ast.AST, name: str, *, alive: bool) -> bool:
    """Judge an answer that a call gets: an assertion of unittest, or something that only notes it."""
    if name in NOTERS:
        return False
    if name in ("assertTrue", "assert_", "ok_"):
        return not alive
    if name in ("assertFalse", "assertIsNone"):
        return alive
    truths = [truth_of(other) for other in call.args if other is not argument]
    if name.startswith("assert") and truths and truths[0] is not None:
        same = truths[0] != ("Not" in name)
        return alive != same
    return True


def is_stated_ended(scope: Scope, parent: ast.AST, child: ast.AST, *, alive: bool) -> bool:
    """Judge an answer by the statement that it stands in."""
    if isinstance(parent, ast.Assert):
        return child is parent.test and not alive
    if isinstance(parent, ast.While):
        return alive
    if isinstance(parent, ast.If):
        if not alive:
            return (isinstance(parent.body[-1], LEAVES) and is_repeated(scope, parent)) or is_failing(
                scope, parent.orelse
            )
        return is_failing(scope, parent.body) or goes_on(scope, parent)
    if isinstance(parent, ast.Lambda):
        return not alive
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        return not is_asserted(scope, parent.targets[0].id)
    return not isinstance(parent, (ast.Expr, ast.FormattedValue))


def goes_on(scope: Scope, parent: ast.If) -> bool:
    """Tell whether a loop goes round again for a living thread, and leaves for another: by `continue` or an `else`."""
    if isinstance(parent.body[-1], ast.Continue):
        return True
    return bool(parent.orelse) and isinstance(parent.orelse[-1], LEAVES) and is_repeated(scope, parent)


def is_asserted(scope: Scope, name: str) -> bool:
    """Tell whether a variable is asserted to be true."""
    tests = [node.test for node in scope.kept(ast.Assert)]
    for call in scope.kept(ast.Call):
        function = getattr(call.func, "attr", "")
        if function == "assertTrue":
            tests.extend(call.args[:1])
    return any(isinstance(test, ast.Name) and test.id == name for test in tests)
