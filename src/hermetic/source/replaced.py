"""Whether a test replaces a step of a way through the code under test, so that it does not run what stands there.

Whatever call or decorator is given the dotted path of the step is taken to replace it.
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.arrangement import arrangement
from hermetic.source.blocks import TRIES
from hermetic.source.certain import is_under_test
from hermetic.source.given_paths import STAND_INS, named_in
from hermetic.source.names import resolve
from hermetic.source.spelling import UNSEEN, flat, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

    Catching = ast.Try | ast.TryStar | ast.With | ast.AsyncWith


class Step:
    """One step of a way through the code under test: a node and the function that it stands in."""

    __slots__ = ("node", "scope", "target")

    def __init__(self, scope: Scope, node: Placed, target: Scope | None = None) -> None:
        self.scope = scope
        self.node = node
        self.target = target

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield `(file, name in it)` of what the step uses: what it calls or sets, and the function behind a call."""
        yield from ((self.scope.module.name, text) for text in spelled(self.node) if text)
        meant = resolve(self.scope, self.node.func) if isinstance(self.node, ast.Call) else ""
        yield self.scope.module.name, meant.rpartition(".")[2]  # what a variable holds has a name of its own
        if "()" in meant:
            yield self.scope.module.name, meant.partition("()")[0]  # `logging.getLogger` in `getLogger().setLevel()`
            yield self.scope.module.name, meant
        if self.target is not None:
            owner = f"{self.target.owner.name}." if self.target.owner is not None else ""
            yield self.target.module.name, f"{owner}{self.target.name}"


def spelled(node: ast.AST) -> Iterator[str]:
    """Yield how a call or assignment spells what it calls or sets."""
    if isinstance(node, ast.Call):
        yield text_of(node.func)
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    for target in flat([item for item in targets if item is not None]):
        yield text_of(target.value if isinstance(target, ast.Subscript) else target)


def is_replaced(steps: list[Step], places: list[Scope], project: Project) -> bool:
    """Tell whether a test, or what runs around it, replaces a step of the way or makes one before it fail."""
    given: dict[str, bool] = {}
    for place in places:
        given |= named_around(place, project)
    if not given:
        return False
    if any(covers(given, module, name) for step in steps for module, name in step.names()):
        return True
    modules = tuple(f"{name.removeprefix(STAND_INS)}." for name in given if name.startswith(STAND_INS))
    if modules and any(is_from_stand_in(step, modules) for step in steps):
        return True
    calls = ((step.scope, step.node.func) for step in steps if isinstance(step.node, ast.Call))
    meant = [resolve(scope, function) for scope, function in calls]
    if any(name in given or ("()" in name and name.partition("()")[0] in given) for name in meant):
        return True  # `getLogger` in `getLogger(name).setLevel(...)` counts as well
    failing = {name: True for name, fails in given.items() if fails}
    return bool(failing) and any(is_stopped(step, failing) for step in steps if is_under_test(step.scope.module))


def is_from_stand_in(step: Step, modules: tuple[str, ...]) -> bool:
    """Tell whether a step calls what its function imports itself, from a module that something else stands in for."""
    name: ast.AST | None = step.node.func if isinstance(step.node, ast.Call) else None
    while isinstance(name, ast.Attribute):
        name = name.value
    found = step.scope.find(name.id, name.lineno) if isinstance(name, ast.Name) else None
    if found is None or found[0].kind != "import" or not found[1].is_function:
        return False
    return f"{found[0].value}.".startswith(modules)


def covers(given: dict[str, bool], module: str, name: str) -> bool:
    """Tell whether one of the dotted paths is a name of a file, or an object that the name reaches into.

    A path may begin further down than the file's name: with a folder of `sys.path`, or a part that only the run knows.
    """
    parts = name.split(".")
    ends = tuple(path.removeprefix(UNSEEN) if path.startswith(UNSEEN) else f".{path}" for path in given)
    paths = (".".join((module, *parts[: end + 1])) for end in range(len(parts)))
    return any(path in given or path.endswith(ends) for path in paths)


def is_stopped(step: Step, failing: dict[str, bool]) -> bool:
    """Tell whether a call above a step, or for what it is given, is a mock that raises, and nothing catches that."""
    line = step.node.lineno
    given = getattr(step.node, "args", ())
    return any(
        (call.lineno < line or call in given)
        and covers(failing, step.scope.module.name, text_of(call.func))
        and not is_caught(step.scope, call, line)
        for call in step.scope.kept(ast.Call)
    )


def is_caught(scope: Scope, call: ast.AST, line: int) -> bool:
    """Tell whether a `try` that ends above a line catches what a call raises, or the line belongs to its rescue."""
    return any(
        catches(parent) and child in parent.body and (parent.body[-1].end_lineno or 0) < line
        for child, parent in scope.ancestors(call)
    )


def catches(parent: ast.AST) -> TypeGuard[Catching]:
    """Tell whether a block keeps what is raised in it from its function, or rescues something: `suppress`, `try`."""
    if isinstance(parent, TRIES):
        return bool(parent.handlers or parent.finalbody)
    entered = parent.items if isinstance(parent, (ast.With, ast.AsyncWith)) else ()
    return any("suppress" in text_of(getattr(item.context_expr, "func", None)) for item in entered)


def named_around(root: Scope, project: Project) -> dict[str, bool]:
    """Return the dotted paths that a test, its class and its fixtures give to calls; True for those made to raise."""
    known: dict[str, bool] | None = root.memo.get("named")
    if known is None:
        known = root.memo["named"] = {}
        for function in arrangement(root, project):
            for name, fails in named_in(function):
                known[name] = fails or known.get(name, False)
    return known
