"""Changes of modules and classes after which tests find a name as it was: set anew, turned back, given what it had."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.state._targets import is_initial
from hermetic.source import roles
from hermetic.source.callee import find_callee
from hermetic.source.changes import changes_in, same_key
from hermetic.source.names import resolve
from hermetic.source.project import fixtures_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.state import State


def is_removed_where_it_is(change: Change, dotted: str) -> bool:
    """Tell whether an attribute is deleted below `if hasattr(...)`: what code under test keeps there, it makes anew."""
    name = dotted.rpartition(".")[2]
    return isinstance(change.node, ast.Delete) and any(
        isinstance(parent, ast.If)
        and child in parent.body
        and isinstance(parent.test, ast.Call)
        and getattr(parent.test.func, "id", "") == "hasattr"
        and getattr(parent.test.args[-1], "value", None) == name
        for child, parent in change.scope.ancestors(change.node)
    )


def is_turned_back(change: Change, state: State) -> bool:
    """Tell whether a flag was set the other way further up: this is how the test has found it."""
    return any(
        other.line < change.line and same_key(other, change) and state.repeats(other, change)
        for other in changes_in(change.scope, state)
    )


def is_reset(leak: Leak, state: State, project: Project, setter: Scope | None = None) -> bool:
    """Tell whether a setup or a fixture for each test sets or empties what is changed, before the test.

    What such a function itself changes is one of these, when it is run for every test of the file. So is what it has
    changed by `setter`, the function that makes the change, where that is not the one that the leak is in.
    """
    from hermetic.source.teardown import arranging

    root = leak.root
    if root is None:
        return False
    classes = project.lineage(root.owner) if root.owner is not None else []
    around = [*project.autouse(root.module, root), *(item for cls in classes for item in arranging(cls))]
    around += [item for item in root.module.top.functions if item.owner is None and roles.role_of(item) == "setup"]
    names = {*roles.used_fixtures(root)} if root.is_function else set()
    around += [item for item in fixtures_of(root.module) if roles.fixture_name(item) in names]
    for function in around:
        if function is root:
            continue
        for change in changes_in(function.module.load(function), state):
            if change.what.endswith(".clear") or isinstance(change.node, (ast.Assign, ast.Delete)):
                return True
        if calls_setter(function, setter or leak.change.scope, leak, next(iter(state.attributes)).rpartition(".")[2]):
            return True
    return False


def calls_setter(function: Scope, setter: Scope, leak: Leak, name: str) -> bool:
    """Tell whether a function calls the one that makes the change, which gives a global or an attribute a value."""
    from hermetic.catalogue.state._data import sets_global

    stores: list[ast.AST] = list(setter.module.load(setter).kept(ast.Assign))
    if leak.change.node not in stores and not any(sets_global(setter, node, name) for node in stores):
        return False
    callees = (find_callee(function, call.func) for call in function.kept(ast.Call))
    here = setter.module.path, setter.name
    return any(found is not None and (found.module.path, found.name) == here for found in callees)


def ends_as_it_was(leak: Leak, dotted: str, project: Project) -> bool:
    """Tell whether the last call of a setter, in the test itself, gives a name the constant that it has from the start.

    The value is a parameter of the setter, or the negation of one.
    """
    setter, value, root = leak.change.scope, value_set(leak), leak.root
    if value is None or root is None or root is setter or not root.is_function:
        return False
    negates = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    name = value.operand if isinstance(value, ast.UnaryOp) else value
    if not isinstance(name, ast.Name) or name.id not in roles.parameters(setter):
        return False
    calls = [call for call in root.kept(ast.Call) if find_callee(root, call.func) is setter]
    if not calls:
        return False
    from hermetic.source.origins import argument
    from hermetic.source.written import default_of

    last = max(calls, key=lambda call: (call.lineno, call.col_offset))
    given = next(argument(name.id, setter, root, last), (root, default_of(setter, name.id)))[1]
    if not isinstance(given, ast.Constant):
        return False
    return is_initial(setter, dotted, ast.Constant(not given.value) if negates else given, project)


def is_copy_of_itself(leak: Leak) -> bool:
    """Tell whether a name is set to a copy of what it has: `Policy.HEADERS = set(Policy.HEADERS)`."""
    from hermetic.source.saved import copied

    scope, value = leak.change.scope, value_set(leak)
    inner = copied(scope, value) if isinstance(value, ast.Call) else None
    name = resolve(scope, inner) if inner is not None else ""
    return bool(name) and name == leak.change.what


def value_set(leak: Leak) -> ast.expr | None:
    """Return what an assignment or `setattr` sets, None for other changes."""
    node = leak.change.node
    if isinstance(node, ast.Call):
        sets = resolve(leak.change.scope, node.func) == "setattr" and len(node.args) > 2  # noqa: PLR2004 - object, name, value
        return node.args[2] if sets else None
    return getattr(node, "value", None)
