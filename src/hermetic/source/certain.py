"""Whether a line of the code under test certainly runs when its function is called.

A function of the code under test is written for many callers: what stands below a condition runs for some of them.
Only what the function always reaches, or what a condition that can be read lets through, counts for a test.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.callee import find_helper
from hermetic.source.leading import is_support
from hermetic.source.names import resolve
from hermetic.source.putback import is_raises
from hermetic.source.values import PASSING, Facts, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FORKS = (ast.If, ast.IfExp, ast.BoolOp, ast.While, ast.For, ast.AsyncFor, *COMPREHENSIONS, ast.comprehension)
PARTS = (ast.ExceptHandler, ast.match_case)  # of a statement, which may not be run
EITHER = ("helper", "util", "support", "common", "base")  # names of files in suites and in the code under test
FILTERS = ("filter", "itertools.filterfalse", "itertools.takewhile", "itertools.dropwhile")
MAX_STEPS = 6  # variables of functions of variables
BLOCKS = ("body", "orelse", "finalbody")
STAYING = frozenset({
    ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Assert, ast.Import, ast.ImportFrom, ast.FunctionDef,
    ast.AsyncFunctionDef, ast.ClassDef, ast.Pass, ast.Delete, ast.Global, ast.Nonlocal,
})  # fmt: skip


def is_under_test(module: Module) -> bool:
    """Tell whether a file is code under test: no test file, conftest or helper of the suite."""
    known: bool | None = module.top.memo.get("under test")
    if known is None:
        project = module.project
        is_test = module.is_test and (project is None or project.is_named_test(module.path)) and has_tests(module)
        of_suite = is_test or roles.is_conftest(module.path) or is_support(module.path)
        known = module.top.memo["under test"] = not of_suite or is_of_package(module)
    return known


def has_tests(module: Module) -> bool:
    """Tell whether a test file is one by its name, or has tests: for its doctests, pytest collects any file."""
    last = module.path.replace("\\", "/").rpartition("/")[2]
    return "test" in last or b"def test" in module.data or b"TestCase" in module.data


def is_of_package(module: Module) -> bool:
    """Tell whether a file with the name of a helper (`util.py`) belongs to a package that has no tests beside it."""
    parts = module.path.replace("\\", "/").split("/")
    if module.project is None or not parts[-1].startswith(EITHER) or not {"tests", "test", "testing"}.isdisjoint(parts):
        return False
    beside = module.project.listing(module.folder)
    return "__init__.py" in beside and not any(name.startswith(("test_", "conftest")) for name in beside)


def is_certain(scope: Scope, node: Placed, facts: Facts) -> bool:
    """Tell whether a call of the function that `scope` is always gets to a node, with what that seems to use."""
    if not is_reached(scope, node, facts):
        return False
    setting = setting_of(scope, node)
    return setting is None or is_reached(scope, setting, facts)


def setting_of(scope: Scope, node: Placed) -> ast.AST | None:
    """Return the assignment that gives a new value to the parameter that a call stands on, None without one."""
    first = node.func if isinstance(node, ast.Call) else None
    while isinstance(first, ast.Attribute):
        first = first.value
    bindings = scope.bindings.get(first.id, []) if isinstance(first, ast.Name) else []
    if len(bindings) < 2 or bindings[0].kind != "param":  # noqa: PLR2004 - itself and the new value
        return None
    line = max((item.line for item in bindings if item.line < node.lineno), default=0)
    return next((item for item in scope.kept(ast.Assign) if item.lineno == line), None)


def is_reached(scope: Scope, node: ast.AST, facts: Facts) -> bool:
    """Tell whether a call of the function that `scope` is always gets to a node in it."""
    return all(
        certain_below(scope, child, parent, facts) and not may_leave_before(scope, child, parent, facts)
        for child, parent in forks_above(scope, node)
    )


def forks_above(scope: Scope, node: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return the pairs of `Scope.ancestors` at which the way to a node may part from it; most nodes have few."""
    known: list[tuple[ast.AST, ast.AST]] | None = scope.memo.get(("forks", node))
    if known is None:
        known = [
            (child, parent)
            for child, parent in scope.ancestors(node)
            if isinstance(parent, FORKS) or isinstance(child, PARTS) or leaving_above(scope, child, parent)
        ]
        if scope.loaded:
            scope.memo["forks", node] = known
    return known


def is_expected_to_raise(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node stands in a block that expects an exception: what it calls stops somewhere on its way."""
    return any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and not isinstance(child, ast.withitem)
        and any(is_raises(item.context_expr) for item in parent.items)
        for child, parent in scope.ancestors(node)
    )


def certain_below(scope: Scope, child: ast.AST, parent: ast.AST, facts: Facts) -> bool:
    """Tell whether a node always gets to the one that stands right below it."""
    if isinstance(parent, (ast.If, ast.IfExp)):
        truth = truth_of(scope, parent.test, facts)
        body = parent.body if isinstance(parent.body, list) else [parent.body]
        return child is parent.test or (truth is True if child in body else truth is False)
    if isinstance(parent, ast.BoolOp):
        wanted = isinstance(parent.op, ast.And)
        values: list[ast.AST] = [*parent.values]
        return all(truth_of(scope, item, facts) is wanted for item in values[: values.index(child)])
    if isinstance(parent, ast.While):
        return child is parent.test or (child in parent.body and truth_of(scope, parent.test, facts) is True)
    if isinstance(parent, (ast.For, ast.AsyncFor)):
        return child is parent.iter or (child in parent.body and truth_of(scope, parent.iter, facts) is True)
    if isinstance(parent, COMPREHENSIONS):
        first = parent.generators[0]
        return child is first or all(
            not item.ifs and truth_of(scope, item.iter, facts) is True for item in parent.generators
        )
    if isinstance(parent, ast.comprehension):
        return child is parent.iter
    return not isinstance(child, PARTS)


def may_be_empty(scope: Scope, expression: ast.AST | None, steps: int = MAX_STEPS) -> bool:
    """Tell whether a list is what passes a condition: `filter(...)`, a comprehension with an `if`, or made from one."""
    if not steps:
        return False
    if isinstance(expression, COMPREHENSIONS):
        return any(item.ifs or is_open(scope, item.iter, steps - 1) for item in expression.generators)
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        value = found[0].value if found is not None and found[0].kind == "assign" else None
        return found is not None and isinstance(value, ast.expr) and may_be_empty(found[1], value, steps - 1)
    if not isinstance(expression, ast.Call):
        return False
    name = resolve(scope, expression.func)
    if name in FILTERS or name in PASSING:
        return name in FILTERS or (bool(expression.args) and may_be_empty(scope, expression.args[0], steps - 1))
    made = find_helper(scope, expression.func)
    returns = list(made.module.load(made).kept(ast.Return)) if made is not None else []
    return made is not None and any(may_be_empty(made, item.value, steps - 1) for item in returns)


def is_open(scope: Scope, iterable: ast.expr, steps: int) -> bool:
    """Tell whether what a comprehension goes through may be empty; what code under test asks for always may."""
    if is_under_test(scope.module) and isinstance(iterable, (ast.Call, ast.Subscript, ast.Attribute)):
        return True
    return may_be_empty(scope, iterable, steps)


def truth_of(scope: Scope, test: ast.AST, facts: Facts) -> bool | None:
    """Return whether a condition holds, None when it cannot be read."""
    value = read(scope, test, facts)
    return value.truth if value is not None else None


def may_leave_before(scope: Scope, child: ast.AST, parent: ast.AST, facts: Facts) -> bool:
    """Tell whether a statement above `child` in the same block may leave it."""
    return any(may_leave(scope, item, facts) for item in leaving_above(scope, child, parent))


def leaving_above(scope: Scope, child: ast.AST, parent: ast.AST) -> list[ast.stmt]:
    """Return the statements above `child` in the same block that leave it where their conditions hold."""
    for field in BLOCKS:
        block = getattr(parent, field, None)
        if isinstance(block, list) and child in block:
            above = block.index(child)
            return [item for place, item in leaving_in(scope, parent, field) if place < above]
    return []


def leaving_in(scope: Scope, parent: ast.AST, field: str) -> list[tuple[int, ast.stmt]]:
    """Return the statements of a block that leave it where their conditions hold, each with its place in the block."""
    key = ("leaving", parent, field)
    known: list[tuple[int, ast.stmt]] | None = scope.memo.get(key)
    if known is None:
        known = scope.memo[key] = [
            (place, item) for place, item in enumerate(getattr(parent, field)) if may_leave(scope, item, None)
        ]
    return known


def may_leave(scope: Scope, statement: ast.AST, facts: Facts | None, *, loop: bool = False) -> bool:
    """Tell whether a statement may leave the block that holds it; `loop`: it stands in a loop of its own.

    Without facts, any condition may hold.
    """
    if statement.__class__ in STAYING:  # most are of these
        return False
    if isinstance(statement, (ast.Return, ast.Raise)):
        return True
    if isinstance(statement, (ast.Break, ast.Continue)):
        return not loop
    blocks = [getattr(statement, field, None) or [] for field in BLOCKS]
    if isinstance(statement, ast.If):
        truth = truth_of(scope, statement.test, facts) if facts is not None else None
        blocks = [block for block, taken in zip(blocks, (truth is not False, truth is not True, True)) if taken]  # noqa: B905 - of three
    elif isinstance(statement, ast.Match):
        blocks = [case.body for case in statement.cases]
    elif isinstance(statement, (ast.Try, ast.TryStar)):
        # Nothing is taken to fail that the test does not expect to; but a handler that returns was written to be used.
        blocks += [handler.body for handler in statement.handlers if not isinstance(handler.body[-1], ast.Raise)]
    elif isinstance(statement, ast.Expr):
        return is_exit(statement.value)
    elif not isinstance(statement, (*LOOPS, ast.With, ast.AsyncWith)):
        return False
    inside = loop or isinstance(statement, LOOPS)
    return any(may_leave(scope, item, facts, loop=inside) for block in blocks for item in block)


def is_exit(expression: ast.expr) -> bool:
    """Tell whether an expression ends the process: `sys.exit()`."""
    function = expression.func if isinstance(expression, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in ("exit", "_exit", "abort", "fail", "skip")
