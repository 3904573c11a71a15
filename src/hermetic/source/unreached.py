"""Lines that never run here: of a script, for another platform, below what skips or returns, or for a fallback.

Nor does a run that passes get to what stands below an import that nothing answers, or just before a test fails.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import END, LEAVING, TRIES
from hermetic.source.certain import BLOCKS, is_under_test
from hermetic.source.names import resolve
from hermetic.source.platforms import holds_here
from hermetic.source.values import Facts, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.scope import Scope

# Modules that Python 2 had in its standard library and Python 3 has not, under names that nobody else would choose.
FORMER = frozenset({
    "_LWPCookieJar", "_MozillaCookieJar", "_winreg", "__builtin__", "anydbm", "BaseHTTPServer", "CGIHTTPServer",
    "ConfigParser", "Cookie", "cookielib", "copy_reg", "cPickle", "cStringIO", "DocXMLRPCServer", "dumbdbm",
    "future_builtins", "htmlentitydefs", "HTMLParser", "httplib", "popen2", "Queue", "rfc822", "robotparser", "sgmllib",
    "SimpleHTTPServer", "SimpleXMLRPCServer", "SocketServer", "StringIO", "Tkinter", "tkMessageBox", "urllib2",
    "urlparse", "UserDict", "UserList", "UserString", "whichdb", "xmlrpclib",
})  # fmt: skip
CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
FAILING = frozenset({"fail"})


def is_behind_former_module(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node stands below an import of a module that Python 3 has not, in a `try` that expects that."""
    return any(
        isinstance(parent, TRIES)
        and (child in parent.orelse or child in parent.body)
        and any(is_for_import(handler) for handler in parent.handlers)
        and any(
            is_former(scope, item)
            for item in parent.body
            if item.end_lineno is not None and item.end_lineno < line_of(node)
        )
        for child, parent in scope.ancestors(node)
    )


def line_of(node: ast.AST) -> int:
    """Return the line that a node starts on."""
    return int(getattr(node, "lineno", 0))


def is_for_import(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches the failure of an import."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in CAUGHT for kind in kinds)


def is_former(scope: Scope, statement: ast.stmt) -> bool:
    """Tell whether a statement imports one of the former modules, and the project has none of that name."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom) and not statement.level:
        names = [statement.module or ""]
    else:
        return False
    project = scope.module.project
    heads = [name.partition(".")[0] for name in names]
    return project is not None and any(
        head in FORMER and project.file_of(head, scope.module.folder) is None for head in heads
    )


def leads_to_failure(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a suite runs a node only where it then fails: below an `if` that ends in `pytest.fail(...)`."""
    return not is_under_test(scope.module) and any(
        (isinstance(parent, ast.If) and child is not parent.test and is_failure(branch_of(parent, child)[-1]))
        or (isinstance(parent, TRIES) and isinstance(child, ast.ExceptHandler) and is_failing_again(parent, child))
        for child, parent in scope.ancestors(node)
    )


def branch_of(parent: ast.If, child: ast.AST) -> list[ast.stmt]:
    """Return the branch of an `if` that holds a statement."""
    return parent.body if child in parent.body else parent.orelse


def is_failing_again(parent: ast.Try | ast.TryStar, handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler passes on the failure of an assertion, after what it does with it."""
    last = handler.body[-1]
    again = isinstance(last, ast.Raise) and (last.exc is None or getattr(last.exc, "id", "") == handler.name)
    asserts = all(isinstance(item, ast.Assert) for item in parent.body)
    return again and (asserts or getattr(handler.type, "id", "") == "AssertionError")


def is_failure(statement: ast.stmt) -> bool:
    """Tell whether a statement fails the test: `pytest.fail(...)`, `self.fail()`, `raise AssertionError`."""
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant) and not statement.test.value
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return getattr(raised, "id", "") == "AssertionError"
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in FAILING and hasattr(function.value, "id")


def is_for_missing_import(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only where something is not installed: below `except ImportError`."""
    return any(
        isinstance(parent, ast.ExceptHandler)
        and getattr(parent.type, "id", "") in ("ImportError", "ModuleNotFoundError")
        for _, parent in scope.ancestors(node)
    )


def is_dead(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node never runs here: below `if 0:`, a condition for another platform or version, a fallback.

    So it is for what stands below a `pytest.skip(...)` that nothing guards, and for what only a failing test gets to.
    """
    return (
        is_for_missing_import(scope, node)
        or under_main(scope, node)
        or is_below_skip(scope, node)
        or is_below_return(scope, node)
        or is_behind_former_module(scope, node)
        or leads_to_failure(scope, node)
        or any(
            isinstance(parent, ast.If) and child is not parent.test and is_never(scope, parent, child)
            for child, parent in scope.ancestors(node)
        )
    )


def under_main(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs only when the file is a script (`if __name__ == "__main__":`)."""
    for child, parent in scope.ancestors(node):
        if not isinstance(parent, ast.If) or not isinstance(parent.test, ast.Compare) or child is parent.test:
            continue
        if getattr(parent.test.left, "id", "") == "__name__":
            return isinstance(parent.test.ops[0], ast.Eq) is (child in parent.body)
    return False


def is_below_skip(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a function skips the test, under no condition, above the statement that holds a node."""
    known: float | None = scope.memo.get("skips at")
    if known is None:
        body = getattr(scope.node, "body", None)
        skips = (
            item.end_lineno or item.lineno
            for item in (body if scope.is_function and isinstance(body, list) else ())
            if isinstance(item, ast.Expr)
            and isinstance(item.value, ast.Call)
            and resolve(scope, item.value.func) in ("pytest.skip", "pytest.xfail")
        )
        known = scope.memo["skips at"] = min(skips, default=END)
    return int(getattr(node, "lineno", 0)) > known


def is_below_return(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a statement above, in the same block, leaves it whatever happens: `return  # for now`."""
    return any(
        first < child.lineno <= last
        for child, parent in scope.ancestors(node)
        if isinstance(child, ast.stmt)
        for first, last in leaving_lines(scope, parent)
    )


def leaving_lines(scope: Scope, parent: ast.AST) -> list[tuple[int, int]]:
    """Return, for each block of a node that a statement leaves for certain, the line of that and the block's last."""
    key = ("leaving lines", parent)
    known: list[tuple[int, int]] | None = scope.memo.get(key)
    if known is None:
        blocks = (getattr(parent, field, None) for field in BLOCKS)
        found = (
            (block, [item.lineno for item in block if isinstance(item, LEAVING) or asks_at_import(scope, item)])
            for block in blocks
            if isinstance(block, list)
        )
        known = [(min(lines), block[-1].lineno) for block, lines in found if lines]
        if scope.is_settled:
            scope.memo[key] = known
    return known


def asks_at_import(scope: Scope, statement: ast.stmt) -> bool:
    """Tell whether a statement of a file's body waits for somebody to type, which fails where pytest imports it."""
    value = getattr(statement, "value", None) if not scope.is_function else None
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        value = value.func.value
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "input"


def is_never(scope: Scope, parent: ast.If, child: ast.AST) -> bool:
    """Tell whether the branch of an `if` that holds a statement is not taken here."""
    test = parent.test
    holds = bool(test.value) if isinstance(test, ast.Constant) else holds_here(test)
    if holds is None:
        name = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
        value = read(scope, test, Facts(scope, {})) if isinstance(name, ast.Name) and name.id.isupper() else None
        holds = value.truth if value is not None else None
    return holds is not None and holds is not (child in parent.body)
