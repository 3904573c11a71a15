"""The state that one attribute of a module or class is, and the container that it may hold."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.catalogue._containers import ALL_METHODS
from hermetic.catalogue.state._benign import is_emptied
from hermetic.catalogue.state._targets import initial, is_initial
from hermetic.source.callee import find_callee
from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.origins import argument
from hermetic.source.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hermetic.source.changes import Change
    from hermetic.source.scope import Scope


class DataState(State):
    """One attribute of a module or class, and the container that it may hold, under each name that code has for it."""

    near_first = True

    def __init__(self, kind: str, **tables: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(kind, **tables)
        self.aliases: dict[str, str] = {}
        self.undo_tokens = (*self.undo_tokens, b"globals()")

    def name_of(self, name: str) -> str:
        """Return the dotted name for what `self.exporter.formats` and `type(job).retries` mean."""
        if name in self.aliases:
            return self.aliases[name]
        base, dot, method = name.rpartition(".")
        return f"{self.aliases[base]}{dot}{method}" if base in self.aliases else name

    def name_in(self, scope: Scope, name: str) -> str:
        """Return the dotted name also for one that leads to the same object through another module."""
        known = self.name_of(name)
        mine = next(iter(self.attributes))
        owner, _, last = mine.rpartition(".")
        if known.startswith(mine) or f".{last}" not in known:
            return known
        other, _, rest = f"{known}.".partition(f".{last}.")
        if not rest and not f"{known}.".endswith(f".{last}."):
            return known
        pairs = ((other, owner), (f"{other}.{last}", mine))  # the same owner, or the same container by an import
        same = other and any(self.place_of(scope, one) == self.place_of(scope, two) is not None for one, two in pairs)
        return f"{mine}.{rest}".rstrip(".") if same else known

    def stands_for(self, scope: Scope, target: str) -> bool:
        """Tell whether a dotted name leads, through whatever module, to what the attribute belongs to."""
        owner, _, last = target.rpartition(".")
        base = next(iter(self.attributes)).rpartition(".")[0]
        while "." in base:
            holder, _, name = base.rpartition(".")
            if name == last and self.place_of(scope, owner) == self.place_of(scope, holder) is not None:
                return True
            base = holder
        return False

    def place_of(self, scope: Scope, dotted: str) -> tuple[str, int] | None:
        """Return the file and line that define what a dotted name means, None where that is not the project's."""
        project = scope.module.project
        if project is None or not dotted or dotted[0] in "@[." or "(" in dotted:
            return None
        located = project.locate(dotted, scope.module.folder)
        if located is not None and not located[1]:
            return os.path.abspath(located[0]), 0
        bound = project.binding(dotted, scope.module.folder)
        return (os.path.abspath(bound[1].module.path), bound[0].line) if bound is not None else None

    def is_default(self, scope: Scope, name: str, value: ast.expr | None) -> bool:
        """Tell it for what the name has where it is defined: to set that puts it back."""
        project = scope.module.project
        return project is not None and value is not None and is_initial(scope, name, value, project)

    def goes_back(self, scope: Scope, call: ast.Call, name: str) -> bool:
        """Tell it also for `clear()` of a container that is empty where the name is defined."""
        dotted, project = next(iter(self.attributes)), scope.module.project
        if name != f"{dotted}.clear" or project is None:
            return super().goes_back(scope, call, name)
        first = initial(scope, dotted, project)
        return isinstance(first, ast.expr) and is_emptied(first)

    def repeats(self, first: Change, again: Change) -> bool:
        """Tell it for a flag that is first set one way and then the other, and for a variable set before a constant."""
        values = [getattr(item.node, "value", None) for item in (first, again)]
        flags = [getattr(value, "value", None) for value in values]
        if all(isinstance(flag, bool) for flag in flags):
            return flags[0] is not flags[1]
        if isinstance(values[1], ast.Subscript) and resolve(again.scope, values[1].value) == again.what:
            return True  # a part of what it has: what was added is taken off again
        if not isinstance(values[0], ast.Constant) or not isinstance(values[1], ast.Name):
            return False
        found = again.scope.find(values[1].id, values[1].lineno)
        return (
            found is not None and found[1] is again.scope and found[0].kind == "assign" and found[0].line < first.line
        )

    def clears(self, scope: Scope, name: str) -> bool:
        """Tell it for a method that the class has from a library, by its name: `Kernel.clear_instance()`."""
        owner, _, method = name.rpartition(".")
        mine, project = next(iter(self.attributes)).rpartition(".")[0], scope.module.project
        if owner != mine or project is None or not method.lstrip("_").startswith(("clear", "reset", "restore")):
            return False
        return project.definition(name, scope.module.folder) is None

    def takes_back(self, scope: Scope, node: ast.AST) -> bool:
        """Tell it for what a module does to its own name, for a reload of it, and for its `__dict__`.

        Within the module the name stands alone: `global name; name = None`, `name.clear()`, `name[:] = []`.
        """
        dotted = next(iter(self.attributes))
        owner, _, last = dotted.rpartition(".")
        if isinstance(node, ast.Call):
            name = resolve(scope, node.func)
            if name == f"{owner}.__dict__.update":
                return True
            if reloads(scope, node, owner):
                return True
        return (sets_global(scope, node, last) or changes_own(scope, node, last)) and self.is_of(scope, dotted)

    def sets_defaults(self, scope: Scope, node: ast.AST) -> bool:
        """Tell it for what a module does to its names by their text: `globals()[name] = DEFAULTS[name]`."""
        return sets_by_name(scope, node) and self.is_of(scope, next(iter(self.attributes)))

    def is_of(self, scope: Scope, dotted: str) -> bool:
        """Tell whether a dotted name is one of the module that a scope is in."""
        project = scope.module.project
        located = project.locate(dotted, scope.module.folder) if project is not None else None
        return located is not None and os.path.abspath(located[0]) == os.path.abspath(scope.module.path)


def reloads(scope: Scope, call: ast.Call, name: str) -> bool:
    """Tell whether a call reloads a module, itself or in a helper that it hands the module to."""
    if resolve(scope, call.func) == "importlib.reload":
        return bool(call.args) and resolve(scope, call.args[0]) == name
    if not any(resolve(scope, item) == name for item in call.args):
        return False
    helper = find_callee(scope, call.func, (b"reload",))
    if helper is None:
        return False
    inner = called(helper.module.load(helper)).get("importlib.reload", ())
    given = (item.args[0].id for item in inner if item.args and isinstance(item.args[0], ast.Name))
    return any(resolve(where, value) == name for key in given for where, value in argument(key, helper, scope, call))


def sets_global(scope: Scope, node: ast.AST, name: str) -> bool:
    """Tell whether a node gives a global of its module another value."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return name in scope.globals and any(getattr(item, "id", "") == name for item in targets)


def sets_by_name(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node gives a global that only the run knows a value that is kept for it, not one it is given."""
    if not isinstance(node, ast.Assign) or isinstance(node.value, (ast.Name, ast.Constant)):
        return False
    targets = (item for item in node.targets if isinstance(item, ast.Subscript))
    return any(
        isinstance(item.value, ast.Call)
        and not isinstance(item.slice, ast.Constant)
        and resolve(scope, item.value.func) == "globals"
        for item in targets
    )


def changes_own(scope: Scope, node: ast.AST, name: str) -> bool:
    """Tell whether a node empties or changes the container that a global of its module stands for."""
    changed: list[ast.expr] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ALL_METHODS:
        changed = [node.func.value]
    elif isinstance(node, (ast.Assign, ast.Delete)):
        changed = [item.value for item in node.targets if isinstance(item, ast.Subscript)]
    if not any(isinstance(item, ast.Name) and item.id == name for item in changed):
        return False
    found = scope.find(name)
    return found is not None and found[1] is scope.module.top


def state_of(dotted: str) -> DataState:
    """Return the state of one attribute, and of the container that it may hold."""
    last = dotted.rpartition(".")[2]
    return DataState(
        f"module data {dotted}",
        attributes=(dotted,),
        items=(dotted,),
        methods={dotted: ALL_METHODS},
        words=(last.lower().strip("_"),),
        tokens=(last.encode(),),
    )
