"""Saved values: whether an expression gives back what a state was before."""

from __future__ import annotations

import _ast as ast

from hermetic.source.callee import find_callee
from hermetic.source.names import resolve, value_of_attribute
from hermetic.source.spelling import key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.changes import Change
    from hermetic.source.scope import Binding, Scope
    from hermetic.source.state import State

# Calls that give back their argument, or the same value in another type.
COPIERS = frozenset({
    "dict", "list", "tuple", "str", "set", "copy.copy", "copy.deepcopy", "os.fspath", "os.fsdecode", "pathlib.Path",
    "os.path.abspath", "os.path.realpath", "os.path.normpath",
})  # fmt: skip
GETTERS = frozenset({"copy", "get", "pop", "items", "values", "resolve", "absolute"})
COPIED = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
MAX_STEPS = 5


def uses_saved_value(change: Change, state: State) -> bool:
    """Tell whether a change writes a value that was read from the same state before: it puts the state back."""
    node = change.node
    values: list[ast.AST] = []
    if isinstance(node, ast.Call):
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        values = list(node.value.elts) if isinstance(node.value, ast.Tuple) else [node.value]
    key = change.key if state.keyed else ""
    return any(is_saved(change.scope, value, state, key) for value in values)


def is_saved(scope: Scope, value: ast.AST, state: State, key: str = "") -> bool:
    """Tell whether an expression is an old value of the state that was kept, or a call that returns the old value."""
    if isinstance(value, (ast.Subscript, ast.Starred)):
        value = value.value
    if isinstance(value, ast.Call):
        if state.name_in(scope, resolve(scope, value.func)) in state.saves:
            return not is_other_key(scope, value, state, key)
        inner = copied(scope, value)
        return isinstance(inner, COPIED) and is_saved(scope, inner, state, key)
    if isinstance(value, ast.Attribute) and state.name_in(scope, resolve(scope, value)) in state.saves:
        return True
    held = held_by(scope, value)
    if held is not None:
        return reads_state(held[0], held[1], state, key)
    return isinstance(value, ast.Name) and is_handed_back(scope, value, state, key)


def is_handed_back(scope: Scope, name: ast.Name, state: State, key: str) -> bool:
    """Tell whether a parameter is given the old value, kept in a variable, somewhere in the file of its function."""
    found = scope.find(name.id, name.lineno)
    if found is None or found[0].kind != "param" or not found[1].is_function:
        return False
    from hermetic.source.origins import passed

    values = (held_by(caller, given) for caller, given in passed(name.id, found[1]))
    return any(held is not None and reads_state(*held, state, key) for held in values)


def is_other_key(scope: Scope, expression: ast.AST, state: State, key: str) -> bool:
    """Tell whether an expression reads another key than the one that is put back (`HOME` is no old `CACHE`)."""
    part: ast.AST | None = None
    if isinstance(expression, ast.Subscript):
        part = expression.slice
    elif isinstance(expression, ast.Call) and expression.args:
        function = expression.func
        on_state = isinstance(function, ast.Attribute) and resolve(scope, function.value) in state.items
        part = expression.args[0] if on_state or resolve(scope, function) in state.saves else None
    other = key_of(scope, part) if part is not None and key else ""
    return bool(other) and other != key


def copied(scope: Scope, call: ast.Call) -> ast.expr | None:
    """Return the expression whose value a call gives back, as `dict(old)` and `old.get(key)` do."""
    if resolve(scope, call.func) in COPIERS:
        return call.args[0] if call.args else call.keywords[0].value if call.keywords else None
    return call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in GETTERS else None


def held_by(scope: Scope, value: ast.AST) -> tuple[Scope, ast.AST] | None:
    """Return the expression that a variable or an attribute of `self` was set to, and the scope to read it in."""
    if isinstance(value, ast.Attribute):
        return value_of_attribute(scope, value)
    if isinstance(value, ast.Name):
        found = scope.find(value.id, value.lineno)
        if found is not None and isinstance(found[0].value, ast.AST):
            return found[1], value_unless_none(scope, value, *found)
    return None


def value_unless_none(scope: Scope, name: ast.Name, binding: Binding, where: Scope) -> ast.AST:
    """Return what a variable is set to; a constant under a condition (`else: old = None`) spoils no save above."""
    value = binding.value
    assert isinstance(value, ast.AST)  # noqa: S101 - for the type checker
    if isinstance(value, ast.Constant) and (value.value is None or is_conditional(where, binding.line)):
        for other in reversed(where.bindings[name.id]):
            is_read = where is not scope or other.line < name.lineno
            if is_read and other.kind == "assign" and isinstance(other.value, (ast.Call, ast.Attribute, ast.Subscript)):
                return other.value
    return value


def is_conditional(scope: Scope, line: int) -> bool:
    """Tell whether a line of a function stands below an `if` of its body."""
    body = getattr(scope.node, "body", None)
    return isinstance(body, list) and any(
        isinstance(item, ast.If) and item.lineno < line <= (item.end_lineno or 0) for item in body
    )


def reads_state(scope: Scope, expression: ast.AST, state: State, key: str = "", steps: int = MAX_STEPS) -> bool:
    """Tell whether an expression is the state's value: the object, an item, a copy, or a call that returns it."""
    if not steps or is_other_key(scope, expression, state, key):
        return False
    if from_state(state.name_in(scope, resolve(scope, expression)), state):
        return True
    if isinstance(expression, ast.Name):
        held = held_by(scope, expression)
        return held is not None and reads_state(held[0], held[1], state, key, steps - 1)
    if isinstance(expression, ast.Call):
        helper = find_callee(scope, expression.func, state.tokens)
        returns = helper.module.load(helper).kept(ast.Return) if helper is not None else ()
        given = [item.value for item in returns if item.value is not None]
        if helper is not None and any(reads_state(helper, value, state, key, steps - 1) for value in given):
            return True
    return any(reads_state(scope, part, state, key, steps - 1) for part in parts_of(scope, expression))


def parts_of(scope: Scope, expression: ast.AST) -> list[ast.expr]:
    """Return the expressions whose value an expression passes on."""
    if isinstance(expression, ast.Call):
        inner = copied(scope, expression)
        return [inner] if inner is not None else []
    if isinstance(expression, (ast.DictComp, ast.ListComp, ast.GeneratorExp)):
        value = expression.value if isinstance(expression, ast.DictComp) else expression.elt
        return [value, *(generator.iter for generator in expression.generators)]
    if isinstance(expression, ast.BoolOp):  # `given or os.getcwd()` is mostly another folder than the current one
        return [expression.values[0 if isinstance(expression.op, ast.Or) else -1]]
    parts: list[ast.expr] = []
    for field in PASSED_ON.get(expression.__class__, ()):
        part = getattr(expression, field)
        parts.extend(part if isinstance(part, list) else [part])
    return parts


PASSED_ON: dict[type, tuple[str, ...]] = {
    ast.Dict: ("values",),
    ast.List: ("elts",),
    ast.Tuple: ("elts",),
    ast.IfExp: ("body", "orelse"),
    ast.Starred: ("value",),
    ast.Subscript: ("value",),
    ast.NamedExpr: ("value",),
}


def from_state(name: str, state: State) -> bool:
    """Tell whether a dotted name is the state, an item of it, or what a saving call returned."""
    if not name:
        return False
    bare = name.replace("[]", "")
    if bare in state.objects or state.is_attribute(bare) or bare.removesuffix("()") in state.saves:
        return True
    base, _, method = bare.removesuffix("()").rpartition(".")
    return base in state.objects and method in GETTERS


def is_same_object(change: Change, item: Change) -> bool:
    """Tell whether what is written back is the object itself that a method has changed: `names = shop.NAMES`."""
    node, first = item.node, change.node
    if not isinstance(first, ast.Call) or not isinstance(first.func, ast.Attribute) or not isinstance(node, ast.Assign):
        return False
    changed = resolve(change.scope, first.func.value)
    kept = resolve(item.scope, node.value) if isinstance(node.value, ast.Name) else ""
    targets = [resolve(item.scope, target) for target in node.targets]
    return item.scope is change.scope and changed == kept != "" and targets == [changed]
