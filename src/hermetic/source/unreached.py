"""Lines that no passing run gets to: below an import that nothing answers, or just before a test is made to fail."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import TRIES
from hermetic.source.certain import is_under_test

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
