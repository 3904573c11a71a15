"""Which values of parameters differ in each process, in their order or in the ids that pytest makes of them."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.collection._drawn import OBJECTS, VALUES, drawn, drawn_several, is_worker_name, shuffled
from hermetic.source import roles
from hermetic.source.callee import find_callee, find_class
from hermetic.source.changes import called, import_time
from hermetic.source.names import resolve
from hermetic.source.origins import results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_STEPS = 10
SET = "a set has another order in each process"
WORKER_NAME = "each worker has another name"
LISTING = "the listing of a folder has no order, and changes as soon as something writes there"
SEARCHED = "what is found in a folder has no order, and changes as soon as something writes there"
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
SET_METHODS = frozenset({"union", "difference", "intersection", "symmetric_difference", "copy"})
KNOWN_SETS = frozenset({
    "zoneinfo.available_timezones()", "hashlib.algorithms_available", "hashlib.algorithms_guaranteed",
    "sys.stdlib_module_names", "pytz.all_timezones_set", "pytz.common_timezones_set", "signal.valid_signals()",
})  # fmt: skip
# Calls that pass on the order of what they are given, and from which argument on.
PASSING = {
    "list": 0, "tuple": 0, "enumerate": 0, "zip": 0, "reversed": 0, "iter": 0, "map": 1, "filter": 1,
    "dict.fromkeys": 0, "dict": 0, "itertools.chain": 0, "itertools.product": 0, "itertools.permutations": 0,
    "itertools.combinations": 0, "itertools.combinations_with_replacement": 0, "itertools.islice": 0,
    "itertools.starmap": 1, "itertools.zip_longest": 0, "itertools.pairwise": 0, "itertools.chain.from_iterable": 0,
    "itertools.repeat": 0, "itertools.filterfalse": 1, "itertools.takewhile": 1, "itertools.dropwhile": 1,
    "collections.OrderedDict": 0,
}  # fmt: skip
SAME_ITEMS = ("list", "tuple", "sorted", "set", "frozenset", "reversed", "iter")
VIEWS = frozenset({"items", "keys", "values", "copy", "tolist", "split"})
LISTERS = frozenset({"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"})
PATH_LISTERS = frozenset({"iterdir", "glob", "rglob", "walk"})
PATHS = ("pathlib.Path(", "pathlib.Path.", "pathlib.PosixPath(", "importlib.resources.files(")
SHOWERS = frozenset({
    "str", "repr", "int", "float", "format", "ascii", "hex", "oct", "round", "abs", "hash", "bytes", "bool", "divmod",
})  # fmt: skip
STILL_OBJECTS = frozenset({"date", "time", "astimezone", "replace", "timetz", "utctimetuple", "timetuple"})
KNOWN_BASES = (ast.Call, ast.Name)
NUMBERS = frozenset({"len", "int", "ord", "sum", "float", "abs", "round", "bool"})


class Where:
    """Where an expression is read: its scope, the variables of the comprehensions around it, and steps left."""

    __slots__ = ("local", "project", "scope", "steps")

    def __init__(
        self, scope: Scope, project: Project, local: dict[str, ast.expr] | None = None, steps: int = MAX_STEPS
    ) -> None:
        self.scope = scope
        self.project = project
        self.local = local or {}
        self.steps = steps

    def at(self, scope: Scope) -> Where:
        """Return the same place in another scope, one step on."""
        return Where(scope, self.project, None, self.steps - 1)

    def within(self, comprehension: ast.AST) -> Where:
        """Return the place inside a comprehension."""
        local = dict(self.local)
        for part in comprehension.generators:  # type: ignore[attr-defined]
            for target in part.target.elts if isinstance(part.target, ast.Tuple) else [part.target]:
                if isinstance(target, ast.Name):
                    local[target.id] = part.iter
        return Where(self.scope, self.project, local, self.steps - 1)

    def bound(self, expression: ast.expr) -> tuple[Where, ast.expr] | None:
        """Return what a variable is set to, and where."""
        if not self.steps or (isinstance(expression, ast.Name) and expression.id in self.local):
            return None
        found = roles.bound_to(self.scope, expression)
        return (self.at(found[0]), found[1]) if found is not None and found[1] is not expression else None

    def returned(self, call: ast.Call) -> Iterator[tuple[Where, ast.expr]]:
        """Yield what the function of the project returns or yields that a call runs."""
        function = find_callee(self.scope, call.func) if self.steps else None
        if function is not None and function.is_function:
            for value in results(function):
                yield self.at(function), value


def is_number(where: Where, node: ast.AST) -> bool:
    """Tell whether an expression is a number, whose hash is the same in each process."""
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, (bool, int, float, complex))
    if isinstance(node, ast.UnaryOp):
        return is_number(where, node.operand)
    if isinstance(node, ast.BinOp):
        return is_number(where, node.left) and is_number(where, node.right)
    if isinstance(node, ast.Tuple):
        return all(is_number(where, item) for item in node.elts)
    if isinstance(node, ast.Call):
        return resolve(where.scope, node.func) in NUMBERS
    if isinstance(node, ast.Name) and node.id in where.local:
        return holds_numbers(where, where.local[node.id])
    dotted = resolve(where.scope, node)
    if dotted.startswith(("http.HTTPStatus.", "signal.", "socket.", "errno.", "stat.")):
        return True
    found = where.bound(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    return found is not None and is_number(*found)


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
    return isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) < 2  # noqa: PLR2004


def is_view(_where: Where, node: ast.AST) -> bool:
    """Tell whether an expression is the keys or items of a dictionary, which operators make sets of."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def disorder(where: Where, node: ast.AST | None) -> str:
    """Return why what is iterated over has another order, or other items, in each process; "" where it has not."""
    if node is None or not where.steps:
        return ""
    if is_set(where, node):
        return SET
    if isinstance(node, COMPREHENSIONS):
        inner = where.within(node)
        reason = first(disorder(inner, part.iter) for part in node.generators)
        # A condition picks out the files that are meant, as the pattern of a search does.
        return SEARCHED if reason == LISTING and any(part.ifs for part in node.generators) else reason
    if isinstance(node, ast.BinOp):
        return disorder(where, node.left) or disorder(where, node.right) or difference(where, node.right, shown=True)
    if isinstance(node, ast.Call):
        return disorder_of_call(where, node)
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = where.bound(node)
        known = disorder(*found) if found is not None else ""
        return known or (built(found[0] if found is not None else where, node) if isinstance(node, ast.Name) else "")
    return first(disorder(where, part) for part in passed_on(node))


def passed_on(node: ast.AST) -> list[ast.expr]:
    """Return the parts of an expression whose order it keeps."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [item.value for item in node.elts if isinstance(item, ast.Starred)]
    if isinstance(node, (ast.Subscript, ast.NamedExpr, ast.Starred)):
        return [node.value]
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else []


def first(reasons: Iterator[str]) -> str:
    """Return the first reason that says something."""
    return next(filter(None, reasons), "")


def disorder_of_call(where: Where, call: ast.Call) -> str:
    """Return what `disorder` does for a call."""
    name = resolve(where.scope, call.func)
    random = drawn_several(where.scope, call, where.project)
    if random:
        return differs(random)
    if is_listing(where, call, name):
        return LISTING if name == "os.listdir" or name.endswith(".iterdir") else SEARCHED
    if name == "range":
        return first(difference(where, item, shown=True) for item in call.args)
    if name in PASSING:
        return first(disorder(where, item) for item in call.args[PASSING[name] :])
    if isinstance(call.func, ast.Attribute) and call.func.attr in VIEWS:
        return disorder(where, call.func.value)
    for inner, value in where.returned(call):
        reason = disorder(inner, value) or yielded_in_loop(inner, value)
        if reason:
            return reason
    return ""


def is_listing(where: Where, call: ast.Call, name: str) -> bool:
    """Tell whether a call lists a folder."""
    if name in LISTERS:
        return True
    head, _, method = name.rpartition(".")
    if method not in PATH_LISTERS or not isinstance(call.func, ast.Attribute):
        return False
    value: ast.expr = call.func.value
    while isinstance(value, ast.BinOp):  # FOLDER / "cases"
        value = value.left
    head = head or resolve(where.scope, value)
    found = where.bound(value) if not head and isinstance(value, (ast.Name, ast.Attribute)) else None
    while found is not None and isinstance(found[1], ast.BinOp):
        head = resolve(found[0].scope, found[1].left)
        found = (found[0], found[1].left)
    return f"{head}.".startswith(PATHS)


def yielded_in_loop(where: Where, value: ast.expr) -> str:
    """Return why a `yield` in a loop gives another order in each process."""
    parents = where.scope.ancestors(value)
    loops = [parent for _, parent in parents if isinstance(parent, ast.For)]
    return first(disorder(where, loop.iter) for loop in loops)


def built(where: Where, name: ast.Name) -> str:
    """Return why a list that a scope fills in a loop, or shuffles, has another order in each process."""
    found = where.scope.find(name.id)
    scope = found[1] if found is not None else where.scope
    here = Where(scope, where.project, None, where.steps - 1)
    loops = scope.kept(ast.For) if scope.is_function else scope.statements
    for loop in loops:
        if isinstance(loop, ast.For) and any(fills(statement, name.id) for statement in loop.body):
            reason = disorder(here, loop.iter)
            if reason:
                return reason
    return shuffled_in(scope, name.id, where.project)


def shuffled_in(scope: Scope, name: str, project: Project) -> str:
    """Return why a list is shuffled in the scope that holds it, "" where it is not."""
    if not scope.module.holds((b"shuffle",)):
        return ""
    for level in [scope] if scope.is_function else import_time(scope.module.top):
        for spelled, calls in called(level).items():
            for call in calls if spelled.endswith("shuffle") else ():
                target = call.args[0] if call.args else None
                if isinstance(target, ast.Name) and target.id == name and shuffled(level, call, project):
                    return differs(spelled)
    return ""


def fills(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement of a loop's body, or one in an `if` there, adds to a list."""
    if isinstance(statement, ast.If):
        return any(fills(item, name) for item in (*statement.body, *statement.orelse))
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.target, ast.Name) and statement.target.id == name
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        return getattr(statement.targets[0].value, "id", "") == name
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    adds = isinstance(function, ast.Attribute) and function.attr in ("append", "extend", "insert")
    return adds and getattr(function.value, "id", "") == name  # type: ignore[union-attr]


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


def differs(name: str) -> str:
    """Return a reason for a call that gives another value each time."""
    return f"{name}() gives another value in each process" if name[-1] != ")" else f"{name} differs in each process"


def difference(where: Where, node: ast.AST | None, *, shown: bool) -> str:
    """Return why the id of a value differs in each process; `shown` says that the id is made of any object's text."""
    if node is None or not where.steps:
        return ""
    if is_worker_name(where.scope, node):
        return WORKER_NAME
    if isinstance(node, ast.Call):
        return difference_of_call(where, node, shown=shown)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and not shown:
        return ""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
        shown = True  # a text that is formatted
    for part, is_text in parts_of(node):
        known = difference(where, part, shown=shown or is_text)
        if known:
            return known
    found = where.bound(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    return difference(*found, shown=shown) if found is not None else ""


def parts_of(node: ast.AST) -> list[tuple[ast.expr, bool]]:
    """Return what the text of a value is made of, each with whether any object counts there."""
    if isinstance(node, ast.JoinedStr):
        return [(part.value, True) for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.BinOp):
        return [(node.left, False), (node.right, False)]
    if isinstance(node, ast.IfExp):
        return [(node.body, False), (node.orelse, False)]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [(item, True) for item in node.elts]
    if isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and isinstance(node.value, KNOWN_BASES)):
        return [(node.value, True)]
    return []


def difference_of_call(where: Where, call: ast.Call, *, shown: bool) -> str:
    """Return what `difference` does for a call."""
    name = resolve(where.scope, call.func)
    random = drawn(where.scope, call, where.project)
    if random or name in VALUES:
        return differs(random or name)
    if name in OBJECTS:
        return differs(name) if shown else ""
    if name in SHOWERS:
        return first(difference(where, item, shown=True) for item in call.args)
    if isinstance(call.func, ast.Attribute):
        base = difference(where, call.func.value, shown=True)
        if base:
            return base if shown or call.func.attr not in STILL_OBJECTS else ""
        if call.func.attr in ("join", "format"):
            return first(disorder(where, item) or difference(where, item, shown=True) for item in call.args)
    return first(difference(inner, value, shown=shown) for inner, value in where.returned(call))


def is_of_texts(where: Where, values: ast.expr) -> bool:
    """Tell whether a listing gives names, not paths, wherever it is made."""
    found = where.bound(values) if isinstance(values, (ast.Name, ast.Attribute)) else None
    if found is not None:
        return is_of_texts(*found)
    listers = [
        node
        for _, node in [(where, values), *(where.returned(values) if isinstance(values, ast.Call) else ())]
        if isinstance(node, ast.Call)
    ]
    return not any(resolve(where.scope, node.func).endswith(".iterdir") for node in listers)


def is_shown(where: Where, item: ast.expr, width: int) -> bool:
    """Tell whether pytest makes the id of a value of what it is: texts, numbers, classes; not of other objects."""
    if isinstance(item, (ast.Tuple, ast.List)):
        return width != 1 and any(is_shown(where, part, 1) for part in item.elts)
    if isinstance(item, (ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.Lambda)):
        return False
    if isinstance(item, ast.Call):
        name = resolve(where.scope, item.func)
        last = name.rpartition(".")[2]
        if name == "pytest.param":
            return not any(part.arg == "id" for part in item.keywords)
        return find_class(where.scope, item.func) is None and not last[:1].isupper()
    return True


def instability(where: Where, values: ast.expr, width: int, *, shown: bool = False, opaque: bool = False) -> str:
    """Return why parameters differ in each process, "" where they do not.

    `width` is the number of parameters in each item (0: not known), `shown` says that ids are made of the text of any
    value, `opaque` that a function makes them that cannot be read: then only their order is judged.
    """
    reason = disorder(where, values)
    found = list(items(where, values))
    if reason == LISTING and not (found or shown or opaque) and not is_of_texts(where, values):
        return SEARCHED  # the names of paths are numbers, so only how many there are can differ
    if reason and (shown or opaque or not found or any(is_shown(inner, item, width) for inner, item in found)):
        return reason
    for inner, item in found:
        parts = [item]
        if isinstance(item, ast.Call) and resolve(inner.scope, item.func) == "pytest.param":
            given = next((part.value for part in item.keywords if part.arg == "id"), None)
            parts = [given] if given is not None else item.args
        elif width != 1 and isinstance(item, (ast.Tuple, ast.List)):
            parts = item.elts
        known = "" if opaque else first(difference(inner, part, shown=shown) for part in parts)
        if known:
            return known
    return ""
