"""Where an expression is read, what is in a collection, and which sets have another order in each process."""

from __future__ import annotations

import _ast as ast
import builtins

from hermetic.source import roles
from hermetic.source.callee import find_callee, find_class
from hermetic.source.names import resolve
from hermetic.source.origins import results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

    Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

MAX_STEPS = 10
SET_METHODS = frozenset({"union", "difference", "intersection", "symmetric_difference", "copy"})
KNOWN_SETS = frozenset({
    "zoneinfo.available_timezones()", "hashlib.algorithms_available", "hashlib.algorithms_guaranteed",
    "sys.stdlib_module_names", "pytz.all_timezones_set", "pytz.common_timezones_set", "signal.valid_signals()",
})  # fmt: skip
SAME_ITEMS = ("list", "tuple", "sorted", "set", "frozenset", "reversed", "iter")
COLLECTIONS = frozenset({
    "collections.OrderedDict", "collections.defaultdict", "collections.deque", "collections.Counter",
    "collections.ChainMap",
})  # fmt: skip
NUMBERS = frozenset({
    "len", "int", "ord", "sum", "float", "abs", "round", "bool", "any", "all", "callable", "isinstance", "issubclass",
    "hasattr", "os.path.exists", "os.path.isfile", "os.path.isdir",
})  # fmt: skip
ASKING = ("is_", "has_")  # how the names of functions start that answer yes or no


class Where:
    """Where an expression is read: its scope, the variables of the comprehensions around it, and steps left.

    `given` are the parameters for which a call has a value, which may keep a function from working one out.
    """

    __slots__ = ("given", "local", "project", "scope", "steps")

    def __init__(
        self,
        scope: Scope,
        project: Project,
        local: dict[str, ast.expr] | None = None,
        steps: int = MAX_STEPS,
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.scope = scope
        self.project = project
        self.local = local or {}
        self.steps = steps
        self.given = given

    def at(self, scope: Scope) -> Where:
        """Return the same place in another scope, one step on."""
        return Where(scope, self.project, None, self.steps - 1)

    def within(self, comprehension: Comprehension) -> Where:
        """Return the place inside a comprehension."""
        local = dict(self.local)
        for part in comprehension.generators:
            for target in part.target.elts if isinstance(part.target, ast.Tuple) else [part.target]:
                if isinstance(target, ast.Name):
                    local[target.id] = part.iter
        return Where(self.scope, self.project, local, self.steps - 1, self.given)

    def bound(self, expression: ast.expr) -> tuple[Where, ast.expr] | None:
        """Return what a variable is set to, and where."""
        name = expression.id if isinstance(expression, ast.Name) else ""
        found = roles.bound_to(self.scope, expression) if self.steps and name not in self.local else None
        if found is None or found[1] is expression or (name in self.given and is_left_out(self.scope, name, found[1])):
            return None
        return self.at(found[0]), found[1]

    def returned(self, call: ast.Call) -> Iterator[tuple[Where, ast.expr]]:
        """Yield what the function of the project returns or yields that a call runs."""
        function = find_callee(self.scope, call.func) if self.steps else None
        if function is not None and function.is_function:
            names = (name for name in roles.parameters(function) if is_some(roles.given_for(name, function, call)))
            inner = Where(function, self.project, None, self.steps - 1, frozenset(names))
            for value in results(function):
                yield inner, value


def is_left_out(scope: Scope, name: str, value: ast.expr) -> bool:
    """Tell whether a value is what a parameter gets for which a call has none."""
    from hermetic.source.written import is_fallback

    return is_fallback(scope, name, value)


def is_some(value: ast.expr | None) -> bool:
    """Tell whether a call has a value for a parameter; `None` asks for one to be worked out."""
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def is_number(where: Where, node: ast.AST) -> bool:
    """Tell whether an expression is a number, true or false, whose hash is the same in each process, or a class.

    A class goes by its address; programs that start in the same way have theirs at the same distances.
    """
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, (bool, int, float, complex))
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        return is_number(where, node.operand)
    if isinstance(node, (ast.BinOp, ast.Tuple)):
        parts = node.elts if isinstance(node, ast.Tuple) else [node.left, node.right]
        return all(is_number(where, item) for item in parts)
    if isinstance(node, (ast.Call, ast.Compare, ast.UnaryOp)):
        name = resolve(where.scope, node.func) if isinstance(node, ast.Call) else "bool"  # a comparison, or `not`
        return name in NUMBERS or name.rpartition(".")[2].startswith(ASKING)
    if isinstance(node, ast.Name) and node.id in where.local:
        return holds_numbers(where, where.local[node.id])
    dotted = resolve(where.scope, node)
    if dotted.startswith(("http.HTTPStatus.", "signal.", "socket.", "errno.", "stat.")) or is_class(dotted):
        return True
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    found = where.bound(node)
    return is_number(*found) if found is not None else find_class(where.scope, node) is not None


def is_class(dotted: str) -> bool:
    """Tell whether a name is that of a class which every Python has: `dict`, `ValueError`, `collections.deque`."""
    return dotted in COLLECTIONS or isinstance(getattr(builtins, dotted, None), type)


def holds_numbers(where: Where, node: ast.expr) -> bool:
    """Tell whether what is iterated over gives numbers."""
    if isinstance(node, ast.Call) and resolve(where.scope, node.func) == "range":
        return True
    found = list(items(where, node))
    return bool(found) and all(is_number(*item) for item in found)


def is_set(where: Where, node: ast.AST) -> bool:
    """Tell whether an expression is a set whose order differs in each process."""
    scope = where.scope
    if isinstance(node, (ast.Set, ast.SetComp)):
        return is_set_of_texts(where, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)):
        return is_set(where, node.left) or is_set(where, node.right) or is_view(where, node.left)
    if isinstance(node, ast.Call):
        name = resolve(scope, node.func)
        if name in ("set", "frozenset"):
            return bool(node.args) and not holds_numbers(where, node.args[0]) and not is_single(node.args[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr in SET_METHODS:
            return is_set(where, node.func.value)
        return f"{name}()" in KNOWN_SETS or any(is_set(*item) for item in where.returned(node))
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    if resolve(scope, node) in KNOWN_SETS:
        return True
    bound = where.bound(node)
    return bound is not None and is_set(*bound)


def is_set_of_texts(where: Where, node: ast.Set | ast.SetComp) -> bool:
    """Tell whether a set that is written out has several items, and not only numbers."""
    found = list(items(where, node))
    several = len(found) > 1 or isinstance(node, ast.SetComp) or isinstance(node.elts[0], ast.Starred)
    return several and not (found and all(is_number(*item) for item in found))


def is_single(node: ast.AST) -> bool:
    """Tell whether a written-out collection has one item at most: it has one order."""
    return isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) <= 1


def is_view(_where: Where, node: ast.AST) -> bool:
    """Tell whether an expression is the keys or items of a dictionary, which operators make sets of."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def items(where: Where, node: ast.AST) -> Iterator[tuple[Where, ast.expr]]:
    """Yield the items of a collection as they are written, each with the place where it is read."""
    if not where.steps:
        return
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for item in node.elts:
            yield from items(where, item.value) if isinstance(item, ast.Starred) else [(where, item)]
    elif isinstance(node, ast.Dict):
        yield from ((where, key) for key in node.keys if key is not None)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
        yield where.within(node), node.elt
    elif isinstance(node, ast.BinOp):
        yield from items(where, node.left)
        if isinstance(node.op, (ast.Add, ast.BitOr)):
            yield from items(where, node.right)
    elif isinstance(node, ast.Call) and resolve(where.scope, node.func) in SAME_ITEMS and node.args:
        yield from items(where, node.args[0])
    else:
        for inner, value in behind(where, node):
            yield from items(inner, value)


def behind(where: Where, node: ast.AST) -> Iterator[tuple[Where, ast.expr]]:
    """Yield what a variable is set to, or what the function of the project returns that a call runs."""
    if isinstance(node, ast.Call):
        yield from where.returned(node)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        found = where.bound(node)
        if found is not None:
            yield found
