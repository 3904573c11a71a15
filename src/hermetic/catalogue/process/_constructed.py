"""What constructors of the code under test start: threads and processes that a method of the class would end."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._signals import is_signalled
from hermetic.catalogue.process._spawned import Spawn, holder, is_end, spawns_in, uses_of
from hermetic.source.callee import ancestry, constructor_of
from hermetic.source.reach import callee_behind, first_root, imported_calls, is_called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.restore import Undo
    from hermetic.source.scope import Scope


def left_by_constructors(
    module: Module, tokens: tuple[bytes, ...], undo: Undo, project: Project
) -> Iterator[tuple[Spawn, Scope]]:
    """Yield what an imported class starts when a test makes an object, and the test that does not end it."""
    for local, dotted in project.calls_leading_to(module, tokens) if module.is_test else ():
        cls = project.definition(dotted, module.folder)
        init = constructor_of(cls) if cls is not None and cls.is_class else None
        if cls is None or init is None or init.module is module:
            continue
        for spawn in filter(is_running, spawns_in(init)):
            root = root_left_with(spawn, cls, module, local, tokens, project, undo)
            if root is not None:
                yield spawn, root


def is_running(spawn: Spawn) -> bool:
    """Tell whether a constructor keeps what it makes in an attribute, and has set it going."""
    kind, name = holder(spawn)
    if kind != "self":
        return False
    starts = spawn.kind.starts
    return not starts or any(use.verb in starts for use in uses_of(spawn.function, f"self.{name}"))


def root_left_with(  # noqa: PLR0913, PLR0917 - the facts of one class
    spawn: Spawn, cls: Scope, module: Module, local: str, tokens: tuple[bytes, ...], project: Project, undo: Undo
) -> Scope | None:
    """Return the test, fixture or setup that makes an object of a class and whose file never ends what that starts.

    A class without a method for that is left alone: its thread may end by itself.
    """
    enders = [method.name for level in ancestry(cls) for method in level.functions if ends_what(spawn, method)]
    if not enders or any(is_called(name, module) for name in enders):
        return None
    for caller, scope, name, calls in imported_calls(module, local):
        if callee_behind(scope, None, name, tokens) is not spawn.function:
            continue
        root = first_root(caller, undo, project) if any(is_kept(scope, call) for call in calls) else None
        around = ancestry(root.owner) if root is not None and root.owner is not None else []
        if root is None or any(is_called(name, level.module) for name in enders for level in around):
            continue
        return root
    return None


def ends_what(spawn: Spawn, method: Scope) -> bool:
    """Tell whether a method ends what the constructor of its class has started."""
    if method is spawn.function:
        return False
    method.module.load(method)
    return is_signalled(method) or any(is_end(use.verb) for use in uses_of(method, f"self.{holder(spawn)[1]}"))


def is_kept(scope: Scope, call: ast.Call) -> bool:
    """Tell whether an object stays where it is made, or is what a fixture gives: nobody else can end it."""
    parent = scope.parents.get(call)
    if isinstance(parent, ast.Assign):
        return isinstance(parent.targets[0], ast.Name)
    return isinstance(parent, (ast.Expr, ast.Return, ast.Yield, ast.Attribute))
