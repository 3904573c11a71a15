"""Which tests, fixtures and setups never run: skipped on no condition, hidden, left out, or run for no test."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.marks import marks_of
from hermetic.source.names import lineage, resolve
from hermetic.source.platforms import asked_of, holds_here
from hermetic.source.scope import Scope

SKIPS = frozenset({"pytest.mark.skip", "unittest.skip", "unittest.case.skip"})
PRESENT = ("has", "have", "exist", "find", "which", "install", "avail", "support", "import", "can", "enabled")
CONDITIONAL_SKIPS = frozenset({"pytest.mark.skipif", "unittest.skipIf", "unittest.case.skipIf"})
OF_UNITTEST = frozenset({"setUp", "setUpClass", "asyncSetUp"})
CASES = frozenset({"unittest.TestCase", "unittest.case.TestCase", "unittest.IsolatedAsyncioTestCase"})
INHERITED = ("Base", "Mixin", "Abstract", "Common", "Shared", "TestCase")  # in the names of classes for others
CONDITIONAL_RUNS = frozenset({"unittest.skipUnless", "unittest.case.skipUnless"})


def is_skipped(function: Scope) -> bool:
    """Tell whether a test, fixture or setup never runs: it, its class or its file is skipped on no condition."""
    known = function.memo.get("skipped")
    if known is None:
        skips = any(is_skip(name, expression) for name, expression in marks_of(function))
        skips = skips or is_deselected(function) or is_on_demand(function) or is_defined_on_demand(function)
        skips = skips or is_hidden(function) or is_for_no_test(function) or is_given_out(function)
        skips = skips or is_of_other_runner(function) or is_behind_unittest(function)
        if not skips:
            from hermetic.source.by_hand import is_called_by_hand

            skips = is_called_by_hand(function)
        known = function.memo["skipped"] = skips or is_skipped_file(function.module.top)
    return bool(known)


def is_on_demand(function: Scope) -> bool:
    """Tell whether a function skips first unless something is asked for: `if not settings.online: pytest.skip()`.

    What asks whether something is there (`has_git`) is no demand.
    """
    for statement in function.body[:3]:
        if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.UnaryOp):
            continue
        asked = statement.test.operand
        target = asked.func if isinstance(asked, ast.Call) else asked
        name = str(getattr(target, "attr", getattr(target, "id", ""))).lower()
        if name and not any(word in name for word in PRESENT) and leaves_out(statement.body[0]):
            return isinstance(statement.test.op, ast.Not)
    return False


def is_hidden(function: Scope) -> bool:
    """Tell whether a later function of the same name takes the place of a test in its file or class."""
    outer = function.parent
    bound = outer.bindings.get(function.name, ()) if outer is not None and roles.role_of(function) == "test" else ()
    last = bound[-1] if len(bound) > 1 else None
    if outer is None or last is None or last.kind != "def" or not isinstance(last.value, Scope):
        return False
    return last.value is not function and last.value.node in outer.body


def is_given_out(function: Scope) -> bool:
    """Tell whether a test yields: pytest refuses it, and unittest drops what its call returns, so its body never runs.

    What stands above a test may be there to run it, as `@inlineCallbacks` is.
    """
    if roles.role_of(function) != "test" or marks_of(function) or function.decorators:
        return False
    if b"yield" not in function.module.text(function):
        return False
    function.module.load(function)
    return next(function.kept(ast.Yield, ast.YieldFrom), None) is not None


def is_for_no_test(function: Scope) -> bool:
    """Tell whether a fixture belongs to a class for tests (`TestCart`) which has none, nor has one that inherits it.

    So it is for a `setUp` in a test file, but for classes whose names say that others inherit them.
    """
    owner, role = function.owner, roles.role_of(function)
    if owner is None or role not in ("fixture", "setup") or not owner.name.startswith("Test"):
        return False
    if role == "setup" and not (function.name in OF_UNITTEST and function.module.is_test):
        return False
    if role == "setup" and any(word in owner.name for word in INHERITED):
        return False
    project = function.module.project
    of_class = lineage if project is None else project.lineage
    levels = of_class(owner)
    known = 1 + sum(resolve(level.parent or level, base) not in CASES for level in levels for base in level.bases)
    users = (cls for cls in function.module.top.classes if cls is owner or owner in of_class(cls))
    return len(levels) == known and not any(
        method.name.startswith("test") for cls in (*levels, *users) for method in cls.functions
    )


def is_of_other_runner(function: Scope) -> bool:
    """Tell whether a set-up has unittest's name in a class of plain tests: pytest runs no `setUp` there."""
    owner = function.owner
    if owner is None or function.name not in OF_UNITTEST or owner.bases or not owner.name.startswith("Test"):
        return False
    if function.decorators or b".setUp" in function.module.data or b"setUp)" in function.module.data:
        return False
    inherited = any(cls is not owner and owner in lineage(cls) for cls in function.module.top.classes)
    return not inherited and any(roles.role_of(method) == "test" for method in owner.functions)


def is_behind_unittest(function: Scope) -> bool:
    """Tell whether a mixin's set-up is never called: the file's classes name `unittest.TestCase` before the mixin.

    Its own `setUp` comes first then, and calls no other.
    """
    mixin = function.owner
    if mixin is None or function.name not in OF_UNITTEST or mixin.bases or b"TestCase" not in function.module.data:
        return False
    heirs = [cls for cls in function.module.top.classes if cls is not mixin and mixin in lineage(cls)]
    return bool(heirs) and all(is_first_unittest(cls, mixin, function.name) for cls in heirs)


def is_first_unittest(cls: Scope, mixin: Scope, name: str) -> bool:
    """Tell whether a class has `TestCase` before a mixin among its bases, and calls no set-up of the mixin itself."""
    outer = cls.parent or cls
    bases = [resolve(outer, base) for base in cls.bases]
    first = next((place for place, base in enumerate(bases) if base in CASES), len(bases))
    own = next((place for place, base in enumerate(bases) if base == f".{mixin.name}"), -1)
    return first < own and not any(method.name == name for method in cls.functions)


def is_defined_on_demand(function: Scope) -> bool:
    """Tell whether a function is there only on another platform, or for who sets a variable of the environment."""
    current = function
    while current.parent is not None:
        for child, parent in current.parent.ancestors(current.node):
            if not isinstance(parent, ast.If) or child not in parent.body:
                continue
            if holds_here(parent.test) is False or asked_of(parent.test):
                return True
        current = current.parent
    return False


def leaves_out(statement: ast.stmt) -> bool:
    """Tell whether a statement skips the test that runs it."""
    value = statement.exc if isinstance(statement, ast.Raise) else getattr(statement, "value", None)
    target = value.func if isinstance(value, ast.Call) else value
    return getattr(target, "attr", getattr(target, "id", "")) in ("skip", "skipTest", "SkipTest")


def is_deselected(function: Scope) -> bool:
    """Tell whether pytest is told by its configuration to leave a test out."""
    project = function.module.project
    if project is None or roles.role_of(function) != "test":
        return False
    names: list[str] = []
    current: Scope | None = function
    while current is not None and current.parent is not None:
        names.insert(0, current.name)
        current = current.parent
    return bool(project.is_deselected(function.module.path, names))


def is_skip(name: str, expression: ast.expr) -> bool:
    """Tell whether a mark skips whatever happens here: `skip`, or `skipif` on a condition that holds here."""
    if name in SKIPS:
        return True
    condition = expression.args[0] if isinstance(expression, ast.Call) and expression.args else None
    if condition is None or name not in (*CONDITIONAL_SKIPS, *CONDITIONAL_RUNS):
        return False
    holds = condition.value if isinstance(condition, ast.Constant) else holds_here(condition)
    return holds is (name in CONDITIONAL_SKIPS)


def is_skipped_file(top: Scope) -> bool:
    """Tell whether importing a file always skips it: `pytest.skip(..., allow_module_level=True)` under no condition."""
    known = top.memo.get("skipped")
    if known is None:
        known = top.memo["skipped"] = any(
            isinstance(statement, (ast.Expr, ast.Raise)) and skips_file(top, statement) for statement in top.body
        )
    return bool(known)


def skips_file(top: Scope, statement: ast.Expr | ast.Raise) -> bool:
    """Tell whether a statement of a file's top level skips the file."""
    if isinstance(statement, ast.Raise):
        return resolve(top, statement.exc).removesuffix("()") in ("unittest.SkipTest", "pytest.skip.Exception")
    call = statement.value
    return isinstance(call, ast.Call) and resolve(top, call.func) == "pytest.skip"
