"""Which values of parameters differ in each process, in their order or in the ids that pytest makes of them."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.collection._drawn import OBJECTS, VALUES, array_drawn, drawn, drawn_several, shuffled
from hermetic.catalogue.collection._sets import Where, is_set, items
from hermetic.source.callee import find_class
from hermetic.source.changes import called, import_time
from hermetic.source.names import resolve
from hermetic.source.reach import calls_of
from hermetic.source.worker_names import is_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

SET = "a set has another order in each process"
WORKER_NAME = "each worker has another name"
LISTING = "the listing of a folder has no order, and changes as soon as something writes there"
SEARCHED = "what is found in a folder has no order, and changes as soon as something writes there"
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
# Calls that pass on the order of what they are given, and from which argument on.
PASSING = {
    "list": 0, "tuple": 0, "enumerate": 0, "zip": 0, "reversed": 0, "iter": 0, "map": 1, "filter": 1,
    "dict.fromkeys": 0, "dict": 0, "itertools.chain": 0, "itertools.product": 0, "itertools.permutations": 0,
    "itertools.combinations": 0, "itertools.combinations_with_replacement": 0, "itertools.islice": 0,
    "itertools.starmap": 1, "itertools.zip_longest": 0, "itertools.pairwise": 0, "itertools.chain.from_iterable": 0,
    "itertools.repeat": 0, "itertools.filterfalse": 1, "itertools.takewhile": 1, "itertools.dropwhile": 1,
    "collections.OrderedDict": 0,
}  # fmt: skip
VIEWS = frozenset({"items", "keys", "values", "copy", "tolist", "split"})
LISTERS = frozenset({"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"})
PATH_LISTERS = frozenset({"iterdir", "glob", "rglob", "walk"})
PATHS = ("pathlib.Path(", "pathlib.Path.", "pathlib.PosixPath(", "importlib.resources.files(")
SHOWERS = frozenset({
    "str", "repr", "int", "float", "format", "ascii", "hex", "oct", "round", "abs", "hash", "bytes", "bool", "divmod",
})  # fmt: skip
STILL_OBJECTS = frozenset({"date", "time", "astimezone", "replace", "timetz", "utctimetuple", "timetuple"})
KNOWN_BASES = (ast.Call, ast.Name)


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
        if isinstance(node, ast.Name) and is_sorted(where.scope, node.id):
            return ""
        found = where.bound(node)
        known = disorder(*found) if found is not None else ""
        return known or (built(found[0] if found is not None else where, node) if isinstance(node, ast.Name) else "")
    return first(disorder(where, part) for part in passed_on(node))


def is_sorted(scope: Scope, name: str) -> bool:
    """Tell whether the scope that binds a name puts the items in order: `names.sort()`."""
    found = scope.find(name) if b".sort(" in scope.module.data else None
    if found is None:
        return False
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr == "sort" and getattr(call.func.value, "id", "") == name
        for level in ([found[1]] if found[1].is_function else import_time(found[1].module.top)[:1])
        for call in calls_of(level)
    )


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
        made = call.func.value if call.func.attr == "tolist" else None
        plain = isinstance(made, ast.Call) and drawn_several(where.scope, made, where.project, plain=True)
        return differs(plain) if plain else disorder(where, call.func.value)
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
    if not isinstance(function, ast.Attribute) or function.attr not in ("append", "extend", "insert"):
        return False
    return getattr(function.value, "id", "") == name


def differs(name: str) -> str:
    """Return a reason for a call that gives another value each time."""
    return f"{name}() gives another value in each process" if name[-1] != ")" else f"{name} differs in each process"


def difference(where: Where, node: ast.AST | None, *, shown: bool) -> str:
    """Return why the id of a value differs in each process; `shown` says that the id is made of any object's text."""
    if node is None or not where.steps:
        return ""
    if is_read(where.scope, node):
        return WORKER_NAME
    array = array_drawn(where.scope, node, where.project)
    if array:
        return differs(array) if shown else ""
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
    found = where.bound(item) if isinstance(item, (ast.Name, ast.Attribute)) else None
    return found is None or is_shown(*found, width)


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
