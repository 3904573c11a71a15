"""Who asks which worker this is, and what is made of the answer."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import children
from hermetic.source.names import resolve
from hermetic.source.origins import passed
from hermetic.source.roles import bound_to, role_of
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

VARIABLE = "PYTEST_XDIST_WORKER"
READERS = frozenset(
    {"os.environ.get", "os.getenv", "os.environ.pop", "os.environ.setdefault", "os.environ.__getitem__"}
)
FIXTURE = "worker_id"
INPUTS = ("workerinput", "slaveinput")
# Functions that give the worker's name or number, by the end of their dotted name.
NAMERS = frozenset({"get_xdist_worker_id", "get_worker_id"})
NUMBERERS = frozenset({"get_worker_num", "get_worker_number"})
CUTTERS = frozenset({
    "replace", "removeprefix", "removesuffix", "strip", "lstrip", "rstrip", "split", "rsplit", "partition",
    "rpartition", "translate", "format",
})  # fmt: skip
PARSERS = frozenset({
    "int", "re.sub", "re.search", "re.match", "re.fullmatch", "re.findall", "filter", "hash", "ord", "zlib.crc32",
    "float", "sorted", "list", "enumerate",
})  # fmt: skip
TELLERS = ("print", "log", "debug", "info", "warning", "warn", "write", "skip", "fail", "error", "exception", "xfail")
REPORTERS = ("pytest_report_header", "pytest_terminal_summary", "pytest_report_teststatus")
# Names of what workers share; a name that is made for anything else is the suite's own affair.
RESOURCES = (
    "schema", "db", "database", "store", "redis", "bucket", "queue", "topic", "index", "prefix", "namespace", "tenant",
    "port", "keyspace", "collection", "table", "vhost", "exchange", "dsn", "url", "postgres", "broker", "stream",
    "container", "realm", "account", "cluster",
)  # fmt: skip
ASKED = (ast.Compare, ast.UnaryOp, ast.Assert)
PASSING = (ast.BoolOp, ast.JoinedStr, ast.FormattedValue, ast.keyword, ast.NamedExpr)
ARITHMETIC = (ast.Mult, ast.Add, ast.Sub, ast.Mod)


def is_read(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression reads the worker's name from the environment."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load) and is_environ(scope, node.value) and is_variable(scope, node.slice)
    if isinstance(node, ast.Call) and node.args:
        return resolve(scope, node.func) in READERS and is_variable(scope, node.args[0])
    return False


def is_environ(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression is the environment."""
    return resolve(scope, node) in ("os.environ", "os.environb")


def is_variable(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression is the name of the variable in which xdist tells a worker its name."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = bound_to(scope, node)
        node = found[1] if found is not None else node
    return isinstance(node, ast.Constant) and node.value in (VARIABLE, VARIABLE.encode())


def is_name(scope: Scope, node: ast.AST, steps: int = 4) -> bool:
    """Tell whether an expression is the worker's name, asked of xdist or of hermetic."""
    if isinstance(node, ast.Name):
        found = scope.find(node.id, node.lineno)
        if found is None or not steps:
            return False
        binding, where = found
        if binding.kind == "param":
            return is_worker_parameter(node.id, where, steps)
        return (
            binding.kind == "assign"
            and isinstance(binding.value, ast.expr)
            and is_name(where, binding.value, steps - 1)
        )
    if isinstance(node, ast.Subscript):
        return is_input(node.value) and isinstance(node.slice, ast.Constant) and node.slice.value == "workerid"
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and is_input(node.func.value):
            return bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == "workerid"
        return last_name(scope, node) in NAMERS
    if isinstance(node, ast.IfExp):
        return is_name(scope, node.body, steps) or is_name(scope, node.orelse, steps)
    return isinstance(node, ast.BoolOp) and any(is_name(scope, item, steps) for item in node.values)


def is_worker_parameter(name: str, function: Scope, steps: int) -> bool:
    """Tell whether a parameter is the worker's name: xdist's fixture, or what a helper is given."""
    if role_of(function) != "helper":
        return name == FIXTURE
    if name == FIXTURE and b"gw" in function.module.text(function):
        return True
    return any(is_name(scope, value, steps - 1) for scope, value in passed(name, function))


def is_input(node: ast.AST) -> bool:
    """Tell whether an expression is what xdist's controller tells a worker: `config.workerinput`."""
    if isinstance(node, ast.Call) and len(node.args) > 1:  # getattr(config, "workerinput", {})
        return isinstance(node.args[1], ast.Constant) and node.args[1].value in INPUTS
    return isinstance(node, ast.Attribute) and node.attr in INPUTS


def is_number(scope: Scope, node: ast.AST, steps: int = 4) -> bool:
    """Tell whether an expression is the worker's number."""
    if isinstance(node, ast.Name) and steps:
        found = scope.find(node.id, node.lineno)
        value = found[0].value if found is not None and found[0].kind == "assign" else None
        return found is not None and isinstance(value, ast.expr) and is_number(found[1], value, steps - 1)
    return isinstance(node, ast.Call) and last_name(scope, node) in NUMBERERS


def last_name(scope: Scope, call: ast.Call) -> str:
    """Return the last part of the dotted name that a call calls."""
    return resolve(scope, call.func).rpartition(".")[2]


def is_only_asked(scope: Scope, node: ast.AST, steps: int = 3, above: ast.AST | None = None) -> bool:
    """Tell whether a value is only looked at: compared, tested, shown to people.

    `above` is what holds the node, where it is a name: scopes do not keep that.
    """
    if scope.name in REPORTERS:
        return True
    pairs = scope.ancestors(node) if above is None else iter([(node, above), *scope.ancestors(above)])
    for child, parent in pairs:
        if isinstance(parent, ASKED) or child is getattr(parent, "test", None):
            return True
        if isinstance(parent, ast.Call) and (is_shown(scope, parent) or getattr(parent.func, "id", "") == "bool"):
            return True
        if isinstance(parent, ast.Assign) and steps:
            return is_variable_only_asked(scope, parent, steps - 1)
        if not isinstance(parent, PASSING):
            return isinstance(parent, ast.Expr)
    return False


def is_variable_only_asked(scope: Scope, statement: ast.Assign, steps: int) -> bool:
    """Tell whether the variables that a statement sets are only looked at, and at least once."""
    names = {item.id for item in statement.targets if isinstance(item, ast.Name)}
    used = list(uses_of(scope, names)) if len(names) == len(statement.targets) else []
    return bool(used) and all(is_only_asked(where, use, steps, above) for where, use, above in used)


def is_shown(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call only shows what it is given, or skips a test by it."""
    name = resolve(scope, call.func) or getattr(call.func, "attr", "")
    return name.rpartition(".")[2] in TELLERS or name.endswith(("skipif", "skipIf", "skipUnless"))


def uses_of(scope: Scope, names: set[str]) -> Iterator[tuple[Scope, ast.Name, ast.AST]]:
    """Yield the places that read a variable, in a function and those in it, or in a whole file, and what holds them."""
    levels = [scope, *scope.functions] if scope.parent is None else [scope]
    for level in levels:
        for where in level.module.load(level).family() if level.is_function else [level]:
            for parent in {*where.parents.values(), *where.parents}:
                for child in children(parent):
                    if isinstance(child, ast.Name) and child.id in names and isinstance(child.ctx, ast.Load):
                        yield where, child, parent


def is_cut(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression takes the worker's name apart, or looks up a value of its own for it."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return is_name(scope, node.value) or (
            is_name(scope, node.slice) and isinstance(node.value, (ast.Dict, ast.Name))
        )
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in CUTTERS:
        return is_name(scope, node.func.value)
    return resolve(scope, node.func) in PARSERS and any(is_name(scope, item) for item in node.args)


def is_computed(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression computes with the worker's number."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ARITHMETIC):
        return False
    return any(is_number(scope, item) for item in (node.left, node.right))


def is_named(scope: Scope, node: ast.AST) -> bool:
    """Tell whether an expression makes a name of the worker's, for something that workers share."""
    texts: list[str] = []
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        texts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        parts = [node.left, *(node.right.elts if isinstance(node.right, ast.Tuple) else [node.right])]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        parts = [*node.args, *(item.value for item in node.keywords), node.func.value]
    else:
        return False
    if not any(is_name(scope, part) for part in parts):
        return False
    texts += [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return is_of_resource(" ".join([*texts, *context(scope, node)]))


def context(scope: Scope, node: ast.AST) -> Iterator[str]:
    """Yield the names around an expression: what it is assigned or given to, and what function it stands in."""
    for _, parent in scope.ancestors(node):
        if isinstance(parent, ast.Assign):
            yield from (text_of(target) for target in parent.targets)
        if isinstance(parent, ast.keyword):
            yield parent.arg or ""
        if isinstance(parent, ast.Call):
            yield (
                "mktemp" if is_shown(scope, parent) else resolve(scope, parent.func) or getattr(parent.func, "attr", "")
            )
        if isinstance(parent, ast.Dict):
            yield from (str(key.value) for key in parent.keys if isinstance(key, ast.Constant))
    yield scope.name


def is_of_resource(words: str) -> bool:
    """Tell whether words speak of something that workers share, and not of a temporary folder."""
    lowered = words.lower()
    return not any(own in lowered for own in ("mktemp", "tmp_path", "basetemp")) and any(
        word in lowered for word in RESOURCES
    )
