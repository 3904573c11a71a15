"""The `dependency_overrides` of an application, as tests spell it."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import node_id
from hermetic.source.changes import called, import_time, stores_of
from hermetic.source.names import attribute_value, lineage, method_of, resolve
from hermetic.source.spelling import is_monkeypatch, is_patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

TABLE = "dependency_overrides"
TOKENS = (TABLE.encode(),)
END = f".{TABLE}"
MAX_STEPS = 8
PAIR = 2


class Override:
    """One entry: `key` is the dependency that is replaced, `value` what replaces it, `table` the dict (or its app).

    `node` and `table` are read in `installed_in`, `key` and `value` in `scope`: that of the variable which holds them.
    """

    __slots__ = ("installed_in", "key", "node", "scope", "table", "value")

    def __init__(self, scope: Scope, node: Placed, table: ast.expr, key: ast.expr, value: ast.expr) -> None:
        self.scope = self.installed_in = scope
        self.node = node
        self.table = table
        self.key = key
        self.value = value

    @property
    def user(self) -> str:
        """The node id of the test or fixture that installs the override, "" at import time."""
        scope: Scope | None = self.installed_in
        while scope is not None and scope.parent is not None and scope.parent.is_function:
            scope = scope.parent
        return node_id(scope) if scope is not None and scope.is_function else ""

    @property
    def place(self) -> Placed:
        """The node at which a finding stands: what installs the override, or the entry in a dict written out there."""
        first = self.node.lineno
        last = self.node.end_lineno or first
        same_text = self.scope.module is self.installed_in.module and first < self.key.lineno <= last
        return self.key if same_text else self.node


def table_owner(scope: Scope, expression: ast.AST | None) -> tuple[Scope, ast.expr] | None:
    """Return the application whose table an expression is, reads, or calls a method of, and the scope to read it in."""
    for _ in range(MAX_STEPS):
        if isinstance(expression, ast.Attribute) and expression.attr == TABLE:
            return scope, expression.value
        following = None
        if isinstance(expression, (ast.Name, ast.Attribute)):
            following = aliased(scope, expression)
        if following is not None:
            scope, expression = following
        elif isinstance(expression, (ast.Attribute, ast.Subscript)):
            expression = expression.value
        else:
            return None
    return None


def aliased(scope: Scope, expression: ast.Name | ast.Attribute) -> tuple[Scope, ast.expr] | None:
    """Return what a variable or an attribute of `self` was set to."""
    if isinstance(expression, ast.Name):
        found = scope.find(expression.id, expression.lineno)
        value = found[0].value if found is not None else None
        return (found[1], value) if found is not None and isinstance(value, ast.expr) else None
    method = method_of(scope)
    if method is None or method.owner is None or not isinstance(expression.value, ast.Name):
        return None
    known = (attribute_value(cls, expression.attr) for cls in lineage(method.owner))
    return next((item for item in known if item is not None), None)


def scopes_with_table(module: Module) -> Iterator[Scope]:
    """Yield the loaded scopes of a file that can hold an override: functions, and what runs at import."""
    for function in module.functions_with(TOKENS):
        yield from function.family()
    statements = [item for scope in (module.top, *module.top.classes) for item in scope.statements]
    if any(TOKENS[0] in module.text_of(statement) for statement in statements):
        yield from import_time(module.top)


def overrides_in(scope: Scope) -> Iterator[Override]:
    """Yield the entries that one loaded scope puts into a table, restored or not."""
    for verb, name, target, node in stores_of(scope):
        value = getattr(node, "value", None)
        if not name.endswith(END) or value is None:
            continue
        if verb == "item" and isinstance(target, ast.Subscript):
            yield Override(scope, node, target.value, target.slice, value)
        elif verb != "item":
            yield from entries(scope, node, target, value)
    for name, calls in called(scope).items():
        for call in calls:
            yield from by_call(scope, call, name)


def by_call(scope: Scope, call: ast.Call, name: str) -> Iterator[Override]:
    """Yield the entries of one call: a method of the table, `monkeypatch`, or a form of `mock.patch`."""
    owner, _, method = name.rpartition(".")
    arguments = call.args
    if owner.endswith(END) and isinstance(call.func, ast.Attribute):
        if method in ("setdefault", "__setitem__") and len(arguments) == PAIR:
            yield Override(scope, call, call.func.value, *arguments)
        elif method in ("update", "__ior__") and arguments:
            yield from entries(scope, call, call.func.value, arguments[0])
    elif is_monkeypatch(owner) and arguments:
        if method == "setitem" and len(arguments) > PAIR and resolve(scope, arguments[0]).endswith(END):
            yield Override(scope, call, arguments[0], arguments[1], arguments[2])
        elif method == "setattr" and len(arguments) > PAIR and is_text(arguments[1], TABLE):
            yield from entries(scope, call, arguments[0], arguments[2])
    elif is_patch(name) and name.endswith(".dict") and len(arguments) >= PAIR:
        if resolve(scope, arguments[0]).endswith(END):
            yield from entries(scope, call, arguments[0], arguments[1])
    elif is_patch(name) and name.endswith(".object") and len(arguments) > PAIR and is_text(arguments[1], TABLE):
        yield from entries(scope, call, arguments[0], arguments[2])


def is_text(node: ast.expr, text: str) -> bool:
    """Tell whether an expression is this string."""
    return isinstance(node, ast.Constant) and node.value == text


def entries(scope: Scope, node: Placed, table: ast.expr, value: ast.expr | None) -> Iterator[Override]:
    """Yield the entries of a dict that is written out, or kept in a variable."""
    where = scope
    if isinstance(value, ast.Name):
        found = aliased(scope, value)
        where, value = found if found is not None else (scope, None)
    if isinstance(value, ast.BinOp):  # app.dependency_overrides | {...}
        value = value.right
    if not isinstance(value, ast.Dict):
        return
    for key, item in zip(value.keys, value.values, strict=True):
        if key is not None:
            override = Override(where, node, table, key, item)
            override.installed_in = scope
            yield override
