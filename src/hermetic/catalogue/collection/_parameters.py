"""Where tests get their parameters: marks, fixtures, hooks, and decorators of other libraries."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.collection._sets import Where
from hermetic.catalogue.collection._unstable import difference, instability
from hermetic.source import roles
from hermetic.source.blocks import children
from hermetic.source.marks import items_of
from hermetic.source.names import find_function, first_parameter, resolve
from hermetic.source.reach import calls_of
from hermetic.source.scope import Scope, load_import_time
from hermetic.source.worker_names import is_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project

MARK = "pytest.mark.parametrize"
EXPANDERS = ("parameterized.parameterized.expand", "parameterized.parameterized", "parameterized.expand")
TEXTS = frozenset({"str", "repr", "ascii"})
WRITERS = (
    b".write_text(", b".write_bytes(", b".mkdir(", b".touch(", b".unlink(", b".rmdir(", b"rmtree(", b"os.remove(",
    b"copy(", b"copyfile(", b"makedirs(", b"os.mkdir(", b'"w', b"'w", b"savefig(", b".rename(",
)  # fmt: skip
MAX_PARTS = 60  # of an expression
HERE = frozenset({"os.getcwd", "pathlib.Path.cwd", "tempfile.gettempdir"})
TEMPORARY = ("/tmp", "/var/tmp", ".", "./")  # noqa: S108 - looked for, not written to


class Parameters:
    """One place that gives parameters: the node to report, the values, their ids, and how many each item holds.

    `fixture` is the fixture whose parameters they are, None for those of tests.
    """

    __slots__ = ("fixture", "ids", "node", "scope", "values", "where_ids", "width")

    def __init__(self, scope: Scope, node: ast.expr, values: ast.expr, ids: ast.expr | None, width: int) -> None:
        self.scope = scope
        self.node = node
        self.values = values
        self.ids = ids
        self.width = width
        self.where_ids = scope
        self.fixture: Scope | None = None

    def instability(self, project: Project) -> str:
        """Return why the parameters differ in each process, "" where they do not."""
        where = Where(self.scope, project)
        ids = self.ids
        if ids is None or (isinstance(ids, ast.Constant) and ids.value is None):
            return instability(where, self.values, self.width)
        place = Where(self.where_ids, project)
        function = find_function(self.where_ids, ids)
        if isinstance(ids, ast.Lambda) or function is not None:
            return self.named_by(where, place, ids)
        if isinstance(ids, ast.Name) and ids.id in TEXTS:
            return instability(where, self.values, self.width, shown=True)
        if isinstance(ids, (ast.Name, ast.Attribute)) and place.bound(ids) is None:
            return instability(where, self.values, self.width, opaque=True)
        if isinstance(ids, ast.Call) and resolve(self.where_ids, ids.func) == "map" and len(ids.args) > 1:
            is_text = isinstance(ids.args[0], ast.Name) and ids.args[0].id in TEXTS
            return instability(place, ids.args[1], 1, shown=is_text, opaque=not is_text)
        return instability(place, ids, 1)

    def named_by(self, where: Where, place: Where, ids: ast.expr) -> str:
        """Return what `instability` does where a function makes the ids."""
        if not isinstance(ids, ast.Lambda):
            return instability(where, self.values, self.width, opaque=True)
        own = difference(place, ids.body, shown=True)
        if own or isinstance(ids.body, ast.Constant):
            return own
        plain = not (isinstance(ids.body, ast.Call) and resolve(place.scope, ids.body.func) in ("type", "len"))
        shown = plain and b".__name__" not in self.scope.module.text_of(ids)
        return instability(where, self.values, self.width, shown=shown, opaque=not shown)


def parameters_of(module: Module) -> Iterator[Parameters]:
    """Yield the places of a file that give parameters."""
    for definition in (*module.top.functions, *module.top.classes):
        outer = definition.parent or definition
        for decorator in definition.decorators:
            yield from of_mark(outer, decorator)
        if definition.is_function and roles.fixture_call(definition) is not None:
            yield from of_fixture(definition)
        if definition.name == "pytest_generate_tests":
            yield from of_hook(module.load(definition))
    for level in (module.top, *module.top.classes):
        for binding in level.bindings.get("pytestmark", ()):
            if isinstance(binding.value, ast.expr):
                for mark in items_of(level, binding.value):
                    yield from of_mark(level, mark)


def of_mark(scope: Scope, expression: ast.expr) -> Iterator[Parameters]:
    """Yield the parameters that a decorator or mark gives, one kept in a variable too."""
    if not isinstance(expression, ast.Call):
        found = roles.bound_to(scope, expression)
        if found is None or not isinstance(found[1], ast.Call):
            return
        scope, expression = found
    assert isinstance(expression, ast.Call)  # noqa: S101 - for the type checker
    name = resolve(scope, expression.func)
    if name == MARK or name.endswith("mark.parametrize"):
        yield from of_call(scope, expression)
    elif name in EXPANDERS and expression.args:
        yield Parameters(scope, expression, expression.args[0], None, 0)


def of_call(scope: Scope, call: ast.Call) -> Iterator[Parameters]:
    """Yield the parameters of a call of `parametrize`."""
    given = {item.arg: item.value for item in call.keywords}
    names = call.args[0] if call.args else given.get("argnames")
    values = call.args[1] if len(call.args) > 1 else given.get("argvalues")
    if names is None or values is None or isinstance(names, ast.Starred):
        return
    ids = given.get("ids") or (call.args[3] if len(call.args) > 3 else None)  # noqa: PLR2004 - names, values, indirect, ids
    yield Parameters(scope, call, values, ids, width_of(names))


def width_of(names: ast.expr) -> int:
    """Return how many parameters the names of a `parametrize` are, 0 where that cannot be read."""
    if isinstance(names, ast.Constant) and isinstance(names.value, str):
        return len([name for name in names.value.split(",") if name.strip()])
    # With a list of one name, each value is wrapped as well.
    return max(len(names.elts), 2) if isinstance(names, (ast.List, ast.Tuple)) else 0


def of_fixture(fixture: Scope) -> Iterator[Parameters]:
    """Yield the parameters of a fixture."""
    decorator, options = fixture.memo["fixture"]
    if "params" in options:
        scope, values = options["params"]
        where, ids = options.get("ids", (scope, None))
        found = Parameters(scope, decorator, values, ids, 1)
        found.where_ids = where
        found.fixture = fixture
        yield found


def of_hook(hook: Scope) -> Iterator[Parameters]:
    """Yield the parameters that `pytest_generate_tests` gives."""
    own = first_parameter(hook)
    for scope in hook.family():
        for call in calls_of(scope):
            function = call.func
            if isinstance(function, ast.Attribute) and function.attr == "parametrize" and is_name(function.value, own):
                yield from of_call(scope, call)


def is_name(node: ast.AST, name: str) -> bool:
    """Tell whether an expression is just a name."""
    return isinstance(node, ast.Name) and node.id == name


def is_written_to(found: Parameters, project: Project) -> bool:
    """Tell whether a folder whose listing gives parameters is one that the suite itself writes to."""
    names = set()
    for where, node in parts_of_values(Where(found.scope, project), found.values):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif is_common(where, node):
            return True
    module = found.scope.module
    return any(
        is_writing(line, name.encode())
        for name in names
        for function in module.functions_naming(name)
        for line in module.text(function).split(b"\n")
    )


def parts_of_values(where: Where, values: ast.expr) -> Iterator[tuple[Where, ast.Name | ast.Call]]:
    """Yield the names and calls in an expression, and in what its variables are set to."""
    pending: list[tuple[Where, ast.AST]] = [(where, values)]
    for _ in range(MAX_PARTS):
        if not pending:
            break
        place, node = pending.pop()
        if isinstance(node, (ast.Name, ast.Call)):
            yield place, node
        bound = place.bound(node) if isinstance(node, ast.Name) else None
        pending.extend([bound] if bound is not None else [])
        pending.extend((place, item) for item in children(node))


def is_common(where: Where, call: ast.Call) -> bool:
    """Tell whether a call names or lists the folder of temporary files, or the current one."""
    name = resolve(where.scope, call.func)
    if name in HERE:
        return True
    if name not in ("os.listdir", "os.scandir", "pathlib.Path"):
        return False
    first = call.args[0] if call.args else ast.Constant(value=".")
    return (
        isinstance(first, ast.Constant) and first.value in TEMPORARY and (name != "pathlib.Path" or first.value != ".")
    )


def is_writing(line: bytes, name: bytes) -> bool:
    """Tell whether a line of source writes to something that it names."""
    return name in line and any(writer in line for writer in WRITERS)


def defined_by_worker(module: Module, project: Project) -> Iterator[tuple[Scope, str]]:
    """Yield the tests that are there only in some processes, each with the reason."""
    top = load_import_time(module.top)
    for function in module.top.functions:
        if roles.role_of(function) != "test":
            continue
        level: Scope | None = function
        while level is not None and level.parent is not None:
            scope = top if level.parent is top else load_import_time(level.parent)
            for _, parent in scope.ancestors(level.node):
                why = chance(Where(scope, project), parent.test) if isinstance(parent, ast.If) else ""
                if why:
                    yield function, why
            level = level.parent


def chance(where: Where, test: ast.expr) -> str:
    """Return why a condition holds in some processes only, "" for others.

    Whether there is a worker at all is the same in all of them, and so is what day it is.
    """
    if isinstance(test, ast.BoolOp):
        return next(filter(None, (chance(where, item) for item in test.values)), "")
    if isinstance(test, ast.UnaryOp):
        return chance(where, test.operand)
    if isinstance(test, ast.Compare):
        if any(isinstance(item, ast.Constant) and item.value in (None, "") for item in test.comparators):
            return ""
        found = (difference(where, item, shown=True) for item in (test.left, *test.comparators))
    elif is_read(where.scope, test) or isinstance(test, ast.Name):
        return ""
    else:
        found = (difference(where, item, shown=True) for item in (test,))
    return next((why for why in found if why and not why.startswith(("time.", "datetime."))), "")
