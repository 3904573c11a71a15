"""What can be read of a value without running anything: whether it is true, whether it is None, and constants."""

from __future__ import annotations

import _ast as ast

from hermetic.source.changes import stores_of
from hermetic.source.names import find_function, method_of, value_of_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermetic.source.scope import Binding, Scope

UNKNOWN = object()
FILLED = ("list", "dict", "set")
MAX_STEPS = 8  # variables of variables
GIVEN = frozenset({"tmp_path", "tmpdir", "monkeypatch", "mocker", "caplog", "capsys", "capfd", "request"})  # true ones


class Value:
    """What is known of a value: its truth (None: not known), and itself where it is a constant, else UNKNOWN.

    A value that is no constant is some object, so it is not None.
    """

    __slots__ = ("constant", "kind", "truth")

    def __init__(self, truth: bool | None, constant: object = UNKNOWN, kind: str = "") -> None:  # noqa: FBT001 - three-valued
        self.truth = truth
        self.constant = constant
        self.kind = type(constant).__name__ if constant is not UNKNOWN else kind

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two values the same."""
        return (self.truth, self.kind, repr(self.constant) if self.constant is not UNKNOWN else "")


OBJECT = Value(truth=True)


class Facts:
    """What a call tells about the parameters of the function that it runs.

    `maker` tells the same about the constructor of the object, where the function is one of its methods.
    """

    __slots__ = ("_key", "function", "maker", "values")

    def __init__(self, function: Scope, values: dict[str, Value], maker: Facts | None = None) -> None:
        self.function = function
        self.values = values
        self.maker = maker
        self._key: tuple[object, ...] | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes the facts of two calls the same."""
        if self._key is None:
            mine = tuple(sorted((name, value.key) for name, value in self.values.items()))
            self._key = (self.function, mine, self.maker.key if self.maker is not None else ())
        return self._key


KINDS: dict[type, str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
VIEWS = ("items", "keys", "values", "copy")
PASSING = ("sorted", "list", "tuple", "reversed", "enumerate", "set")  # as many items as they are given
TYPES = ("str", "int", "float", "bool", "bytes", "dict", "list", "tuple", "set")


def read(scope: Scope, node: ast.AST | None, facts: Facts, steps: int = MAX_STEPS) -> Value | None:
    """Return what is known of an expression as read in `scope`, None for nothing."""
    reader = READERS.get(node.__class__)
    return reader(scope, node, facts, steps - 1) if reader is not None and steps else None


def read_constant(_scope: Scope, node: ast.Constant, _facts: Facts, _steps: int) -> Value:
    """Read a constant."""
    return Value(bool(node.value), node.value)


def read_items(_scope: Scope, node: ast.List | ast.Tuple | ast.Set, _facts: Facts, _steps: int) -> Value:
    """Read a written-out list, tuple or set."""
    starred = bool(node.elts) and all(isinstance(item, ast.Starred) for item in node.elts)
    return Value(None if starred else bool(node.elts), kind=KINDS[node.__class__])


def read_dict(_scope: Scope, node: ast.Dict, _facts: Facts, _steps: int) -> Value:
    """Read a written-out dictionary."""
    plain = any(key is not None for key in node.keys)
    return Value(plain if plain or not node.keys else None, kind="dict")


def read_text(_scope: Scope, _node: ast.AST, _facts: Facts, _steps: int) -> Value:
    """Read a string that is put together at run time."""
    return Value(None, kind="str")


def read_name(scope: Scope, node: ast.Name, facts: Facts, steps: int) -> Value | None:
    """Read a variable that is bound once: a parameter, a local, or a constant of the file."""
    found = scope.find(node.id, node.lineno)
    if found is None:
        return None
    binding, where = found
    if not is_bound_once(where.bindings[node.id], node, own=where is scope) or node.id in scope.globals:
        return None
    if binding.kind == "param":
        if where is facts.function:
            return facts.values.get(node.id)
        return OBJECT if node.id in GIVEN and where.is_function else None
    if binding.kind in ("def", "class"):
        return OBJECT
    if binding.kind == "import" and node.id.isupper():
        project = scope.module.project
        found = project.binding(str(binding.value), scope.module.folder) if project is not None else None
        binding, where = found or (binding, where)
    local = where.is_function or node.id.isupper()  # other variables of a file are what functions set
    if binding.kind != "assign" or not local or not isinstance(binding.value, ast.AST):
        return None
    value = read(where, binding.value, facts, steps)
    if value is None:
        return None if where.is_function else read_table(where, binding.value, facts, steps)
    empty = value.truth is False and value.kind in FILLED
    return Value(None, kind=value.kind) if empty and is_filled(where, node.id) else value


def is_filled(scope: Scope, name: str) -> bool:
    """Tell whether a function calls a method of a variable, or sets items of it: an empty list may not stay so."""
    known: frozenset[str] | None = scope.memo.get("filled")
    if known is None:
        owners = [getattr(call.func, "value", None) for call in scope.kept(ast.Call)]
        targets = [target for node in scope.kept(ast.Assign) for target in node.targets]
        owners += [target.value for target in targets if isinstance(target, ast.Subscript)]
        known = frozenset(owner.id for owner in owners if isinstance(owner, ast.Name))
        if scope.is_settled:
            scope.memo["filled"] = known
    return name in known


def is_bound_once(bindings: list[Binding], node: ast.Name, *, own: bool) -> bool:
    """Tell whether a name has one binding, those of the same function left out that stand at or below its line."""
    if not own:
        return len(bindings) == 1
    above = (item for item in bindings if item.line < node.lineno)
    return next(above, None) is not None and next(above, None) is None


def read_table(scope: Scope, node: ast.AST, facts: Facts, steps: int) -> Value | None:
    """Read a constant table that a file builds from written-out items: nobody writes one that stays empty."""
    if not isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)):
        return None
    first = node.generators[0].iter
    if isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute) and first.func.attr == "split":
        first = first.func.value
    return read(scope, first, facts, steps)


def read_attribute(scope: Scope, node: ast.Attribute, facts: Facts, steps: int) -> Value | None:
    """Read an attribute of `self` that nothing but the constructor sets."""
    held = value_of_attribute(scope, node)
    maker = facts if held is not None and held[0] is facts.function else facts.maker
    method = method_of(scope)
    if held is None or maker is None or held[0] is not maker.function or method is None or method.owner is None:
        return None
    if len(stores_to(method.owner, node.attr)) != 1:
        return None
    return read(held[0], held[1], maker, steps)


def stores_to(owner: Scope, attribute: str) -> list[ast.AST]:
    """Return the places in the methods of a class that set an attribute of anything."""
    known: dict[str, list[ast.AST]] = owner.memo.setdefault("stores to", {})
    if attribute not in known:
        spelled = f".{attribute}".encode()
        methods = [method for method in owner.functions if spelled in owner.module.text(method)]
        known[attribute] = [
            target
            for method in methods
            for scope in owner.module.load(method).family()
            for _, _, target, _ in stores_of(scope)
            if isinstance(target, ast.Attribute) and target.attr == attribute
        ]
    return known[attribute]


def read_not(scope: Scope, node: ast.UnaryOp, facts: Facts, steps: int) -> Value | None:
    """Read `not x`."""
    value = read(scope, node.operand, facts, steps) if isinstance(node.op, ast.Not) else None
    return fact(not value.truth) if value is not None and value.truth is not None else None


def read_both(scope: Scope, node: ast.BoolOp, facts: Facts, steps: int) -> Value | None:
    """Read `a and b` or `a or b`: what decides is the first operand of the deciding truth, or all of the other."""
    deciding = isinstance(node.op, ast.Or)
    values = [read(scope, item, facts, steps) for item in node.values]
    truths = [value.truth if value is not None else None for value in values]
    if deciding in truths:
        return fact(deciding)
    return None if None in truths else fact(not deciding)


def read_comparison(scope: Scope, node: ast.Compare, facts: Facts, steps: int) -> Value | None:
    """Read `x is None`, `x == 1`, `x in (1, 2)` and their opposites."""
    operator, right = node.ops[0], node.comparators[0]
    left = read(scope, node.left, facts, steps)
    if left is None or len(node.ops) != 1:
        return None
    negated = isinstance(operator, (ast.IsNot, ast.NotEq, ast.NotIn))
    if isinstance(operator, (ast.In, ast.NotIn)):
        items = right.elts if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else []
        options = [item.value for item in items if isinstance(item, ast.Constant)]
        if left.constant is UNKNOWN or not items or len(options) < len(items):
            return None
        return fact((left.constant in options) is not negated)
    other = read(scope, right, facts, steps)
    if other is None or not isinstance(operator, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        return None
    if None in (left.constant, other.constant) or UNKNOWN not in (left.constant, other.constant):
        return fact(same(left.constant, other.constant) is not negated)
    return None


def same(one: object, other: object) -> bool:
    """Tell whether two constants are equal, and of the same type, as `is` has it."""
    return type(one) is type(other) and one == other


def read_call(scope: Scope, node: ast.Call, facts: Facts, steps: int) -> Value | None:
    """Read `isinstance(x, str)`; what a class makes is an object."""
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in VIEWS and isinstance(function, ast.Attribute) and not node.args:
        return as_many(read(scope, function.value, facts, steps))
    if name in PASSING and isinstance(function, ast.Name) and node.args:
        return as_many(read(scope, node.args[0], facts, steps))
    if name == "isinstance" and len(node.args) == 2:  # noqa: PLR2004 - object and type
        value = read(scope, node.args[0], facts, steps)
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        names = {getattr(item, "id", "") for item in kinds}
        if value is None or value.kind not in (*TYPES, "NoneType") or not names.issubset(TYPES):
            return None
        return fact(value.kind in names or (value.kind == "bool" and "int" in names))
    if name in TYPES and isinstance(function, ast.Name):
        return Value(None, kind=name)
    return Value(None) if name[:1].isupper() and find_function(scope, function) is None else None


def as_many(value: Value | None) -> Value | None:
    """Return what is known of the items of a value."""
    return Value(value.truth) if value is not None else None


def read_item(scope: Scope, node: ast.Subscript, facts: Facts, steps: int) -> Value | None:
    """Read an item of a constant table: the one under a known key, or what is known of all of them."""
    table = table_behind(scope, node.value)
    if table is None:
        return None
    where, items = table
    key = read(scope, node.slice, facts, steps)
    for name, item in zip(items.keys, items.values, strict=True):
        if key is not None and isinstance(name, ast.Constant) and same(name.value, key.constant):
            return read(where, item, facts, steps)
    values = [read(where, item, facts, steps) for item in items.values]
    return OBJECT if values and all(value is not None and value.truth for value in values) else None


def table_behind(scope: Scope, node: ast.AST) -> tuple[Scope, ast.Dict] | None:
    """Return the written-out dictionary that a constant of the file holds, and its scope."""
    found = scope.find(node.id, node.lineno) if isinstance(node, ast.Name) and node.id.isupper() else None
    if found is None or not isinstance(found[0].value, ast.Dict):
        return None
    return found[1], found[0].value


def read_choice(scope: Scope, node: ast.IfExp, facts: Facts, steps: int) -> Value | None:
    """Read a conditional expression whose condition can be read."""
    value = read(scope, node.test, facts, steps)
    if value is None or value.truth is None:
        return None
    return read(scope, node.body if value.truth else node.orelse, facts, steps)


def fact(truth: bool) -> Value:  # noqa: FBT001 - it is the value
    """Return a truth as a value."""
    return Value(truth, truth)


READERS: dict[type, Callable[[Scope, Any, Facts, int], Value | None]] = {
    ast.Constant: read_constant,
    ast.List: read_items,
    ast.Tuple: read_items,
    ast.Set: read_items,
    ast.Dict: read_dict,
    ast.JoinedStr: read_text,
    ast.Name: read_name,
    ast.Attribute: read_attribute,
    ast.UnaryOp: read_not,
    ast.BoolOp: read_both,
    ast.Compare: read_comparison,
    ast.Call: read_call,
    ast.IfExp: read_choice,
    ast.Subscript: read_item,
}
