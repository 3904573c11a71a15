"""Modules of which a reload changes nothing: their bodies import what other modules define, and define functions."""

from __future__ import annotations

import _ast as ast

from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.putback import is_raises
from hermetic.source.scope import FUNCTIONS
from hermetic.source.spelling import key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.changes import Change
    from hermetic.source.module import Module
    from hermetic.source.scope import Scope

# Calls that give the same each time.
SAME_AGAIN = ("logging.getLogger()", "warnings.filterwarnings()", "warnings.simplefilter()", "warnings.warn()")
SAYING = ("debug", "info", "append", "extend", "remove")  # methods of a logger, and of `__all__`
TABLE = b"modules"
PATCHING = b"patch"
BLOCKS = (ast.With, ast.AsyncWith)


def gives_the_same(change: Change) -> bool:
    """Tell whether a module that is reloaded only passes on what others define, which stays as it is.

    It may get something else where the function that reloads it has edited `sys.modules`, or reloaded another one; and
    functions keep what they get of a module that is patched.
    """
    scope, project = change.scope, change.scope.module.project
    if any(call.lineno < change.line for call in called(scope).get(change.what, ())):
        return False
    path = project.file_of(change.key, scope.module.folder) if project is not None and change.key else None
    module = project.module(path) if project is not None and path is not None else None
    if module is None or TABLE in scope.module.text(scope) or not passes_on(module):
        return False
    if not any(isinstance(item, FUNCTIONS) for item in module.top.body):
        return True
    return not any(PATCHING in line for line in scope.module.lines[scope.first_line - 1 : change.line])


def is_again(change: Change) -> bool:
    """Tell whether a reload stands below a block that held one of the same module, or imported it for the first time.

    It puts back what that has read.
    """
    scope = change.scope
    around = {parent for _, parent in scope.ancestors(change.node)}
    lines = list(read_above(change))
    return any(
        node not in around
        and any(node.lineno < line <= (node.end_lineno or 0) for line in lines)
        and not any(is_raises(item.context_expr) for item in node.items)
        for node in scope.kept(*BLOCKS)
    )


def read_above(change: Change) -> Iterator[int]:
    """Yield the lines above a reload on which its function reloads the same module or imports it."""
    scope = change.scope
    for call in called(scope).get(change.what, ()):
        if call.lineno < change.line and call.args and key_of(scope, call.args[0]) == change.key:
            yield call.lineno
    for bindings in scope.bindings.values():
        for item in bindings:
            if item.kind == "import" and item.line < change.line and f"{change.key}.".startswith(f"{item.value}."):
                yield item.line


def passes_on(module: Module) -> bool:
    """Tell whether the body of a module only imports, defines functions, and binds constants, its logger and `__all__`.

    Functions that others hold have the module's names for theirs, and so do the new ones.
    """
    top = module.top
    return all(is_plain(top, statement) for statement in top.body)


def is_plain(top: Scope, statement: ast.stmt) -> bool:
    """Tell whether running a statement of a module again gives what it gave before."""
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(statement, ast.Expr):
        value = statement.value
        says = isinstance(value, ast.Call) and getattr(value.func, "attr", "") in SAYING
        return isinstance(value, ast.Constant) or says or resolve(top, value) in SAME_AGAIN
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        named = all(getattr(target, "id", "").startswith("__") for target in targets)
        given = statement.value
        return named or given is None or isinstance(given, ast.Constant) or resolve(top, given) in SAME_AGAIN
    if isinstance(statement, FUNCTIONS):
        defaults = (*statement.args.defaults, *statement.args.kw_defaults)
        return not statement.decorator_list and all(item is None or isinstance(item, ast.Constant) for item in defaults)
    if isinstance(statement, ast.If):
        test = statement.test
        asked = test.left if isinstance(test, ast.Compare) else test
        return getattr(asked, "attr", getattr(asked, "id", "")) in ("TYPE_CHECKING", "__name__")
    return False
