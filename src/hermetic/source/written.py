"""What is written out in the source: the constant that an expression gives, wherever that stands."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.blocks import TRIES
from hermetic.source.callee import CASTS, ENTERERS, ancestry, find_callee, find_class
from hermetic.source.names import attribute_value, first_parameter, method_of, resolve
from hermetic.source.origins import argument, results
from hermetic.source.spelling import filled_by_format, filled_by_percent, spelled
from hermetic.source.values import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermetic.source.scope import Binding, Scope
    from hermetic.source.visits import Visit

MAX_STEPS = 12
CONVERTERS: dict[str, Callable[[Any], object]] = {"int": int, "str": str}
ENTERED = ("contextlib.closing", "contextlib.aclosing", "contextlib.nullcontext")  # give what they are given


class Place:
    """An expression, the scope in which it is read, and the call that runs that, where it is known.

    `fixture` is the fixture that gave the value on the way, None without one.
    """

    __slots__ = ("fixture", "node", "scope", "visit")

    def __init__(self, scope: Scope, node: ast.AST, visit: Visit | None = None, fixture: Scope | None = None) -> None:
        self.scope = scope
        self.node = node
        self.visit = visit
        self.fixture = fixture

    def at(self, node: ast.AST) -> Place:
        """Return another expression in the same scope."""
        return Place(self.scope, node, self.visit, self.fixture)


def behind(place: Place, steps: int = MAX_STEPS) -> Place:
    """Follow names, attributes, parameters, fixtures and functions of the project to what gives the value."""
    while steps:
        steps -= 1
        follow = FOLLOWED.get(place.node.__class__)
        found = follow(place, place.node) if follow is not None else None
        if found is None:
            return place
        place = found
    return place


def by_name(place: Place, node: ast.Name) -> Place | None:
    """Follow a bare name."""
    scope = place.scope
    found = scope.find(node.id, node.lineno)
    if found is None or node.id in scope.globals:
        return None
    binding, where = as_imported(node.id, *found)
    if binding.kind == "import":
        return imported(place, str(binding.value), where)
    if binding.kind == "param":
        return by_parameter(place, node.id, where)
    if (
        binding.kind not in ("assign", "with")
        or not isinstance(binding.value, ast.AST)
        or not is_settled(node, binding, where, scope)
    ):
        return None
    given = by_parameter(place, node.id, where) if is_fallback(where, node.id, binding.value) else None
    if given is not None and not is_none(given.node):
        return given
    return Place(where, binding.value, place.visit if where.is_function else None, place.fixture)


def is_fallback(where: Scope, name: str, value: ast.AST) -> bool:
    """Tell whether a value is what a parameter gets that was left out: `if folder is None: folder = Path()`."""
    if where.bindings[name][0].kind != "param":
        return False
    statement = next((item for item in where.kept(ast.Assign) if item.value is value), None)
    above = where.parents.get(statement) if statement is not None else None
    test = above.test if isinstance(above, ast.If) and statement in above.body else None
    if isinstance(test, ast.Compare):
        asks = isinstance(test.ops[0], ast.Is) and is_none(test.comparators[0])
        return asks and getattr(test.left, "id", "") == name
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and getattr(test.operand, "id", "") == name


def is_none(node: ast.AST) -> bool:
    """Tell whether an expression is `None` as it is written."""
    return isinstance(node, ast.Constant) and node.value is None


def as_imported(name: str, binding: Binding, where: Scope) -> tuple[Binding, Scope]:
    """Return the binding of a name that counts in a file that is imported: no fallback for `__file__`."""
    bound = where.bindings[name]
    if len(bound) < 2:  # noqa: PLR2004 - itself and another
        return binding, where
    for item in where.kept(*TRIES):
        first = item.handlers[0] if item.handlers else item
        if first.lineno <= binding.line <= (item.end_lineno or 0) and is_without_file(item):
            inside = (other for other in bound if item.lineno < other.line < first.lineno)
            return next(inside, binding), where
    return binding, where


def is_without_file(item: ast.Try | ast.TryStar) -> bool:
    """Tell whether a `try` is for an interpreter without a file: it uses `__file__` and catches the `NameError`."""
    caught = (getattr(handler.type, "id", "") for handler in item.handlers)
    used = (spelled(statement) for statement in item.body)
    return "NameError" in caught and any("__file__" in words.split() for words in used)


def is_settled(node: ast.Name, binding: Binding, where: Scope, scope: Scope) -> bool:
    """Tell whether a name has one value where it is read: it is bound once, or right above, and not counted up."""
    if len(where.bindings[node.id]) > 1 and where is not scope:
        return False
    if binding.line > node.lineno and where is scope:
        return False
    return not any(
        isinstance(item.target, ast.Name) and item.target.id == node.id for item in where.kept(ast.AugAssign)
    )


def imported(place: Place, dotted: str, where: Scope) -> Place | None:
    """Follow a name into the project file that binds it."""
    project = where.module.project
    found = project.binding(dotted, where.module.folder) if project is not None else None
    if found is None or found[0].kind != "assign" or not isinstance(found[0].value, ast.AST):
        return None
    return Place(found[1], found[0].value, None, place.fixture)


def by_parameter(place: Place, name: str, where: Scope) -> Place | None:
    """Follow a parameter to what the call gives it, to its default, or to the fixture."""
    visit = place.visit
    while visit is not None and visit.target is not where:
        visit = visit.before
    if visit is not None:
        if any(isinstance(item, ast.Starred) for item in visit.call.args):
            return None
        given = next(argument(name, where, visit.scope, visit.call), None)
        if given is not None:
            return Place(given[0], given[1], visit.before, place.fixture)
        if any(item.arg is None for item in visit.call.keywords):
            return None
    elif roles.role_of(where) in ("test", "fixture", "setup") and name in roles.requested(where):
        return by_fixture(where, name)
    default = default_of(where, name)
    return Place(where.parent or where, default, None, place.fixture) if default is not None else None


def default_of(function: Scope, name: str) -> ast.expr | None:
    """Return the default of a parameter."""
    arguments = getattr(function.node, "args", None)
    if arguments is None:
        return None
    named = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    known = dict(zip(reversed(named), reversed(arguments.defaults), strict=False))
    known |= {item.arg: value for item, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value}
    return known.get(name)


def by_fixture(user: Scope, name: str) -> Place | None:
    """Return what a fixture gives, where there is one return or yield."""
    project = user.module.project
    fixture = project.fixture(name, user.module, user) if project is not None else None
    if fixture is None or not fixture.is_function or roles.role_of(fixture) != "fixture":
        return None
    given = list(results(fixture))
    return Place(fixture, given[0], None, fixture) if len(given) == 1 else None


def by_attribute(place: Place, node: ast.Attribute) -> Place | None:
    """Follow `self.name`, `Class.name` and `module.name`."""
    scope = place.scope
    method = method_of(scope)
    owner = None
    if isinstance(node.value, ast.Name):
        mine = method is not None and node.value.id == first_parameter(method)
        owner = method.owner if mine and method is not None else find_class(scope, node.value)
    elif isinstance(node.value, ast.Attribute):
        owner = find_class(scope, node.value)
    for cls in ancestry(owner) if owner is not None else ():
        found = attribute_value(cls, node.attr)
        if found is not None:
            return Place(found[0], found[1], place.visit, place.fixture)
    return imported(place, resolve(scope, node), scope) if owner is None else None


def by_call(place: Place, call: ast.Call) -> Place | None:
    """Follow a cast, and a function of the project that has one result."""
    from hermetic.source.follow import Way
    from hermetic.source.visits import Visit

    scope = place.scope
    name = resolve(scope, call.func)
    if name in CASTS and len(call.args) > 1:
        return place.at(call.args[1])
    if call.args and (name in ENTERED or getattr(call.func, "attr", "") in ENTERERS):
        return place.at(call.args[0])
    function = find_callee(scope, call.func)
    if function is None or roles.role_of(function) == "fixture":
        return None
    given = list(results(function))
    if len(given) != 1:
        return None
    root = place.visit.root if place.visit is not None else scope
    visit = Visit(root, Way(function), scope, call, place.visit, function)
    return Place(function, given[0], visit, place.fixture)


def by_item(place: Place, node: ast.Subscript) -> Place | None:
    """Follow an item of a written-out tuple, list or dictionary."""
    key = value_of(place.at(node.slice))
    held = behind(place.at(node.value))
    if isinstance(held.node, (ast.Tuple, ast.List)) and isinstance(key, int) and key < len(held.node.elts):
        return held.at(held.node.elts[key])
    if isinstance(held.node, ast.Dict):
        for name, value in zip(held.node.keys, held.node.values, strict=True):
            if name is not None and key is not UNKNOWN and value_of(held.at(name)) == key:
                return held.at(value)
    return None


def by_value(place: Place, node: ast.Await | ast.NamedExpr) -> Place:
    """Follow what is passed on as it is."""
    return place.at(node.value)


FOLLOWED: dict[type, Callable[[Place, Any], Place | None]] = {
    ast.Name: by_name,
    ast.Attribute: by_attribute,
    ast.Call: by_call,
    ast.Subscript: by_item,
    ast.Await: by_value,
    ast.NamedExpr: by_value,
}


def value_of(place: Place, steps: int = MAX_STEPS) -> object:
    """Return the number or text that an expression gives, UNKNOWN where the run decides."""
    place = behind(place)
    reader = READ.get(place.node.__class__)
    return reader(place, place.node, steps - 1) if reader is not None and steps else UNKNOWN


def read_constant(_place: Place, node: ast.Constant, _steps: int) -> object:
    """Read a constant."""
    return node.value


def read_text(place: Place, node: ast.JoinedStr, steps: int) -> object:
    """Read an f-string, whose parts all have to be known."""
    parts = [
        value_of(place.at(part.value if isinstance(part, ast.FormattedValue) else part), steps) for part in node.values
    ]
    return UNKNOWN if UNKNOWN in parts else "".join(map(str, parts))


def read_sum(place: Place, node: ast.BinOp, steps: int) -> object:
    """Read `a + b`, `a - b` and `a % b`."""
    if isinstance(node.op, ast.Mod) and isinstance(node.right, ast.Tuple):
        right: Any = tuple(value_of(place.at(item), steps) for item in node.right.elts)
    else:
        right = value_of(place.at(node.right), steps)
    left: Any = value_of(place.at(node.left), steps)
    if left is UNKNOWN or right is UNKNOWN or (isinstance(right, tuple) and UNKNOWN in right):
        return UNKNOWN
    try:
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return known(filled_by_percent(left, right))
        return left % right if isinstance(node.op, ast.Mod) else UNKNOWN
    except (TypeError, ValueError, ZeroDivisionError):
        return UNKNOWN


def known(text: str | None) -> object:
    """Return a text, UNKNOWN for None."""
    return text if text is not None else UNKNOWN


def read_either(place: Place, node: ast.BoolOp, steps: int) -> object:
    """Read `given or default`."""
    value: object = UNKNOWN
    for item in node.values:
        value = value_of(place.at(item), steps)
        if value is UNKNOWN or bool(value) is isinstance(node.op, ast.Or):
            return value
    return value


def read_call(place: Place, call: ast.Call, steps: int) -> object:
    """Read `int("1")`, `str(1)` and `"{}".format(1)`."""
    given = [value_of(place.at(item), steps) for item in call.args]
    if call.keywords or not given or UNKNOWN in given:
        return UNKNOWN
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    try:
        if name in CONVERTERS and len(given) == 1:
            return CONVERTERS[name](given[0])
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            text = value_of(place.at(call.func.value), steps)
            return known(filled_by_format(text, given, {})) if isinstance(text, str) else UNKNOWN
    except (TypeError, ValueError):
        pass
    return UNKNOWN


READ: dict[type, Callable[[Place, Any, int], object]] = {
    ast.Constant: read_constant,
    ast.JoinedStr: read_text,
    ast.BinOp: read_sum,
    ast.BoolOp: read_either,
    ast.Call: read_call,
}
