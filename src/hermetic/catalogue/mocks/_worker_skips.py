"""Does a test stand aside under an xdist worker? Conditions are evaluated as they come out in a worker."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.marks import marks_of
from hermetic.source.names import find_function, resolve
from hermetic.source.reach import calls_of
from hermetic.source.scope import load_import_time
from hermetic.source.text import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

WORDS = (
    b"PYTEST_XDIST_WORKER",
    b"worker_id",
    b"workerinput",
    b"is_xdist_worker",
    b"is_xdist_controller",
    b"is_xdist_master",
)
VARIABLES = frozenset({"PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"})
SKIPS = frozenset({"pytest.skip", "unittest.SkipTest", "_pytest.outcomes.skip", "pytest.exit", "pytest.skip.Exception"})
ALWAYS = frozenset({"pytest.mark.skip", "unittest.skip"})
WORKER = "gw0"  # what a worker's id looks like
MAX_STEPS = 6


def is_skipped(test: Scope, module: Module, project: Project) -> bool:
    """Tell whether a test does not run under a worker: by marks, in its body, in a fixture, by its class or file."""
    if any(mark_skips(name, mark, test, project) for name, mark in marks_of(test)):
        return True
    if body_skips(test, project) or hook_skips(module, project) or file_skips(module, project):
        return True
    cls = test.owner
    for level in project.lineage(cls) if cls is not None else ():
        if any(roles.role_of(item) == "setup" and body_skips(item, project) for item in level.functions):
            return True
        if any(mark_skips(name, mark, level, project) for name, mark in marks_of(level)):
            return True
    return fixture_skips(test, module, project)


def mark_skips(name: str, mark: ast.expr, scope: Scope, project: Project) -> bool:
    """Tell whether a mark or decorator skips under a worker."""
    if name in ALWAYS:
        return True
    found = behind(mark, scope, project)
    if found is None:
        return False
    call, where = found
    kind = resolve(where, call.func)
    if kind not in ("pytest.mark.skipif", "unittest.skipIf", "unittest.skipUnless"):
        return kind in ALWAYS
    condition = (
        call.args[0] if call.args else next((item.value for item in call.keywords if item.arg == "condition"), None)
    )
    if condition is None or not asks(where, condition, project):
        return False
    value = under_worker(where, condition, project)
    return value is UNKNOWN or bool(value) is (kind != "unittest.skipUnless")


def behind(mark: ast.expr, scope: Scope, project: Project) -> tuple[ast.Call, Scope] | None:
    """Return the call that made a mark, in this file or in the one that it is imported from, and where it stands."""
    if isinstance(mark, ast.Call):
        return mark, scope.module.top
    if not isinstance(mark, (ast.Name, ast.Attribute)):
        return None
    bound = scope.module.top.find(mark.id) if isinstance(mark, ast.Name) else None
    if bound is not None and isinstance(bound[0].value, ast.Call):
        return bound[0].value, bound[1]
    far = project.binding(resolve(scope.module.top, mark), folder(scope))
    return (far[0].value, far[1]) if far is not None and isinstance(far[0].value, ast.Call) else None


def folder(scope: Scope) -> str:
    """Return the folder of a scope's file."""
    return scope.module.folder


def body_skips(function: Scope, project: Project, depth: int = 2) -> bool:
    """Tell whether a function skips, returns or measures nothing under a worker."""
    function.module.load(function)
    for node in (*function.kept(ast.Call), *function.kept(ast.Return)):
        if isinstance(node, ast.Call) and not is_skip(function, node):
            own = find_function(function, node.func) if depth else None
            if own is not None and own.is_function and body_skips(own, project, depth - 1):
                return True
            continue
        for child, parent in function.ancestors(node):
            if isinstance(parent, ast.If) and child is not parent.test and taken(function, parent, child, project):
                return True
    body = function.body
    last = body[-1]
    return (
        isinstance(last, ast.If)
        and not last.orelse
        and asks(function, last.test, project)
        and not under_worker(function, last.test, project)
    )


def is_skip(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call skips the running test."""
    return resolve(scope, call.func) in SKIPS or getattr(call.func, "attr", "") == "skipTest"


def taken(scope: Scope, branch: ast.If, child: ast.AST, project: Project) -> bool:
    """Tell whether the half of an `if` that holds `child` runs under a worker because it asked for one."""
    if not asks(scope, branch.test, project):
        return False
    value = under_worker(scope, branch.test, project)
    return value is UNKNOWN or bool(value) is (child not in branch.orelse)


def fixture_skips(test: Scope, module: Module, project: Project) -> bool:
    """Tell whether a fixture around a test skips under a worker; pytest-benchmark's switches itself off there."""
    names, seen = roles.used_fixtures(test), set()
    if "benchmark" in names and project.fixture("benchmark", module, test) is None:
        return True
    pending = project.autouse(module, test)
    while names or pending:
        if names:
            found = project.fixture(names.pop(), module, test)
            pending.extend([found] if found is not None else [])
            continue
        fixture = pending.pop()
        if fixture in seen or not fixture.is_function:
            continue
        seen.add(fixture)
        if body_skips(fixture, project):
            return True
        names.extend(roles.parameters(fixture))
    return False


def hook_skips(module: Module, project: Project) -> bool:
    """Tell whether a hook of a conftest, or of the file, treats workers: then it decides what runs there."""
    for level in (module, *project.conftests(module.path)):
        for function in level.top.functions:
            text = level.text(function) if function.name.startswith("pytest_") else b""
            if contains(text, WORDS) and contains(text, (b"skip", b"deselect", b"items[")):
                return True
    return False


def file_skips(module: Module, project: Project) -> bool:
    """Tell whether the whole file is skipped while it is imported by a worker."""
    if b"allow_module_level" not in module.data and b"SkipTest" not in module.data:
        return False
    top = load_import_time(module.top)
    return any(
        isinstance(parent, ast.If) and taken(top, parent, child, project)
        for call in calls_of(top)
        if is_skip(top, call)
        for child, parent in top.ancestors(call)
    )


UNKNOWN = object()


def asks(scope: Scope, expression: ast.AST, project: Project, steps: int = MAX_STEPS) -> bool:
    """Tell whether an expression depends on being in a worker."""
    if isinstance(expression, ast.Constant):
        return isinstance(expression.value, str) and contains(expression.value.encode(), WORDS)
    if isinstance(expression, ast.Name) and expression.id == "worker_id":
        return True
    if isinstance(expression, ast.Attribute) and expression.attr == "workerinput":
        return True
    if isinstance(expression, (ast.Name, ast.Attribute)) and steps:
        known = value_of(scope, expression, project)
        if known is not None:
            return asks(known[1], known[0], project, steps - 1)
    if isinstance(expression, ast.Call):
        own = find_function(scope, expression.func) or project.definition(
            resolve(scope, expression.func), folder(scope)
        )
        if contains(resolve(scope, expression.func).encode(), WORDS) or (
            own is not None and contains(own.module.text(own), WORDS)
        ):
            return True
    return any(asks(scope, part, project, steps - 1) for part in parts(expression)) if steps else False


def parts(node: ast.AST) -> list[ast.AST]:
    """Return the direct children of an expression."""
    found: list[ast.AST] = []
    for field in node._fields:
        child = getattr(node, field, None)
        found.extend(item for item in (child if isinstance(child, list) else [child]) if isinstance(item, ast.AST))
    return found


def value_of(scope: Scope, expression: ast.expr, project: Project) -> tuple[ast.expr, Scope] | None:
    """Return the expression that a name was set to, in this file or in the project."""
    bound = scope.find(expression.id, expression.lineno) if isinstance(expression, ast.Name) else None
    if bound is None or bound[0].kind == "import":
        name = resolve(scope, expression)
        bound = project.binding(name, folder(scope)) if "." in name and name[0] not in ".@[" else None
    if bound is not None and bound[0].kind == "assign" and isinstance(bound[0].value, ast.expr):
        return bound[0].value, bound[1]
    return None


def under_worker(scope: Scope, node: ast.AST, project: Project, steps: int = MAX_STEPS) -> object:
    """Return the value that an expression has under a worker, `UNKNOWN` when that cannot be told."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Subscript) and is_variable(node.slice):
        return WORKER
    evaluate = EVALUATE.get(node.__class__)
    return evaluate(scope, node, project, steps) if evaluate is not None and steps else UNKNOWN


def negated(scope: Scope, node: ast.UnaryOp, project: Project, steps: int) -> object:
    """Return the value of `not`."""
    value = under_worker(scope, node.operand, project, steps)
    return not value if isinstance(node.op, ast.Not) and value is not UNKNOWN else UNKNOWN


def combined(scope: Scope, node: ast.BoolOp, project: Project, steps: int) -> object:
    """Return the value of `and` or `or`."""
    values = [under_worker(scope, item, project, steps) for item in node.values]
    known = [bool(value) for value in values if value is not UNKNOWN]
    decisive = isinstance(node.op, ast.Or)
    if decisive in known:
        return decisive
    return UNKNOWN if len(known) < len(values) else not decisive


def named(scope: Scope, node: ast.expr, project: Project, steps: int) -> object:
    """Return the value of a variable."""
    if isinstance(node, ast.Name) and node.id == "worker_id":
        return WORKER
    known = value_of(scope, node, project)
    return UNKNOWN if known is None else under_worker(known[1], known[0], project, steps - 1)


def is_variable(node: ast.AST) -> bool:
    """Tell whether an expression is the name of an environment variable that xdist sets in workers."""
    return isinstance(node, ast.Constant) and node.value in VARIABLES


def compared(scope: Scope, node: ast.Compare, project: Project, steps: int) -> object:
    """Return the value of a comparison under a worker."""
    operator, right = node.ops[0], node.comparators[0]
    if len(node.ops) > 1:
        return UNKNOWN
    if isinstance(operator, (ast.In, ast.NotIn)):
        inside = is_variable(node.left) and resolve(scope, right).startswith("os.environ")
        return UNKNOWN if not inside else isinstance(operator, ast.In)
    one, other = under_worker(scope, node.left, project, steps), under_worker(scope, right, project, steps)
    if one is UNKNOWN or other is UNKNOWN:
        return UNKNOWN
    if isinstance(operator, (ast.Eq, ast.Is)):
        return one == other
    return one != other if isinstance(operator, (ast.NotEq, ast.IsNot)) else UNKNOWN


def called_under_worker(scope: Scope, call: ast.Call, project: Project, steps: int) -> object:
    """Return what a call gives under a worker: a read of the environment, xdist's own questions, a helper's result."""
    name = resolve(scope, call.func)
    if name in ("os.getenv", "os.environ.get") and call.args and is_variable(call.args[0]):
        return WORKER
    last = name.rpartition(".")[2]
    if last in ("is_xdist_worker", "is_xdist_controller", "is_xdist_master"):
        return last == "is_xdist_worker"
    if name == "hasattr" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
        return True if call.args[1].value == "workerinput" else UNKNOWN
    if name == "bool" and call.args:
        value = under_worker(scope, call.args[0], project, steps)
        return value if value is UNKNOWN else bool(value)
    own = find_function(scope, call.func) or project.definition(name, folder(scope))
    if own is None or not own.is_function:
        return UNKNOWN
    returns = list(own.module.load(own).kept(ast.Return))
    value = getattr(returns[0], "value", None) if len(returns) == 1 else None
    return under_worker(own, value, project, steps - 1) if value is not None else UNKNOWN


EVALUATE: dict[type, Callable[..., object]] = {
    ast.UnaryOp: negated,
    ast.BoolOp: combined,
    ast.Compare: compared,
    ast.Name: named,
    ast.Attribute: named,
    ast.Call: called_under_worker,
}
