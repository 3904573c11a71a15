"""What differs in each process: random numbers, the time, process ids, and the name of the worker."""

from __future__ import annotations

import _ast as ast

from hermetic.source.changes import called, import_time
from hermetic.source.names import resolve
from hermetic.source.roles import bound_to
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

# Calls whose result has its value in its id: texts and numbers.
VALUES = frozenset({
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
    "time.process_time", "time.ctime", "time.asctime", "os.getpid", "os.urandom", "os.times", "id",
    "threading.get_ident", "threading.get_native_id", "tempfile.mkdtemp", "tempfile.mktemp", "secrets.token_hex",
    "secrets.token_urlsafe", "secrets.token_bytes", "secrets.randbelow", "secrets.randbits", "secrets.choice",
    "xdist.get_xdist_worker_id", "hermetic.workers.get_worker_id", "hermetic.workers.get_worker_num",
    "hermetic.workers.unique_resource_name",
})  # fmt: skip
# Calls whose result is an object, of which pytest shows nothing: only its text, or an attribute, differs in the id.
OBJECTS = frozenset({
    "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "datetime.datetime.now", "datetime.datetime.utcnow",
    "datetime.datetime.today", "datetime.date.today", "time.localtime", "time.gmtime", "object", "pendulum.now",
    "arrow.now", "arrow.utcnow", "django.utils.timezone.now",
})  # fmt: skip
DRAWS = frozenset({
    "random", "randint", "randrange", "uniform", "triangular", "gauss", "normalvariate", "lognormvariate", "choice",
    "betavariate", "expovariate", "getrandbits", "randbytes", "vonmisesvariate", "paretovariate", "weibullvariate",
})  # fmt: skip
SEVERAL = frozenset({"sample", "choices"})
ARRAYS = frozenset({
    "rand", "randn", "random", "randint", "random_sample", "random_integers", "uniform", "normal", "choice",
    "permutation", "integers", "standard_normal", "poisson", "ranf",
})  # fmt: skip
# Where those of NumPy take the shape of an array: their place among the arguments, all of them for `rand(3, 2)`.
SHAPES = {
    "rand": 0, "randn": 0, "random": 0, "random_sample": 0, "ranf": 0, "standard_normal": 0, "choice": 1, "poisson": 1,
    "randint": 2, "random_integers": 2, "integers": 2, "uniform": 2, "normal": 2,
}  # fmt: skip
# Those that give integers of NumPy, of which pytest shows the number only.
OWN_INTEGERS = frozenset({"randint", "random_integers", "integers", "poisson"})
# Methods of an array that give an array.
OF_ARRAYS = frozenset({
    "astype", "clip", "copy", "cumsum", "flatten", "ravel", "repeat", "reshape", "round", "squeeze", "swapaxes",
    "transpose", "view",
})  # fmt: skip
SEEDING = ("seed", "rng", "random")  # parts of the names of managers that seed
MAX_STEPS = 20  # names, operators and methods
MAKERS = (
    "random.Random", "random.SystemRandom", "secrets.SystemRandom", "numpy.random.default_rng",
    "numpy.random.RandomState", "faker.Faker",
)  # fmt: skip


def drawn(scope: Scope, call: ast.Call, project: Project) -> str:
    """Return the name of a call that draws one random value, "" for others and where the generator is seeded."""
    name = resolve(scope, call.func)
    head, _, method = name.rpartition(".")
    fits = method in DRAWS or (head.startswith("numpy.random") and method in ARRAYS) or head == "faker.Faker()"
    return name if fits and is_unseeded(scope, call, head, project) else ""


def array_drawn(scope: Scope, node: ast.AST, project: Project, steps: int = MAX_STEPS) -> str:
    """Return the name of a call that draws an array of random values, or one that is made of such, "" for others.

    Of an array pytest shows nothing: the id is the name of the argument and a number.
    """
    if isinstance(node, ast.Call):
        head, _, method = resolve(scope, node.func).rpartition(".")
        if head.startswith("numpy.random") and method in ARRAYS:
            return drawn(scope, node, project) if gives_array(node, method) else ""
    parts = made_of(scope, node) if steps else ()  # names may stand for each other
    return next(filter(None, (array_drawn(*part, project, steps - 1) for part in parts)), "")


def made_of(scope: Scope, node: ast.AST) -> list[tuple[Scope, ast.expr]]:
    """Return the parts of an expression, each with its scope, that gives an array where one of them does."""
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [(scope, node.value)] if any(isinstance(item, ast.Slice) for item in parts) else []
    if isinstance(node, ast.Attribute):
        return [(scope, node.value)] if node.attr == "T" else []
    if isinstance(node, ast.Call):
        method = node.func if isinstance(node.func, ast.Attribute) and node.func.attr in OF_ARRAYS else None
        return [(scope, method.value)] if method is not None else []
    if isinstance(node, ast.BinOp):
        return [(scope, node.left), (scope, node.right)]
    if isinstance(node, ast.UnaryOp):
        return [(scope, node.operand)]
    found = bound_to(scope, node) if isinstance(node, ast.Name) else None
    return [found] if found is not None and not isinstance(found[1], ast.Name) else []


def gives_array(call: ast.Call, method: str) -> bool:
    """Tell whether a draw of NumPy's is given a shape: what it makes is an array."""
    shape = next((item.value for item in call.keywords if item.arg == "size"), None)
    place = SHAPES.get(method, len(call.args))
    if shape is None and len(call.args) > place:
        shape = call.args[place]
    of_numbers = isinstance(shape, ast.Constant) and shape.value is None
    return method == "permutation" or (shape is not None and not of_numbers)


def drawn_several(scope: Scope, call: ast.Call, project: Project, *, plain: bool = False) -> str:
    """Return the name of a call that draws a list of random values, "" for others.

    Of NumPy's own integers pytest shows the number only; `plain` says that they are made Python's.
    """
    name = resolve(scope, call.func)
    head, _, method = name.rpartition(".")
    several = method in SEVERAL
    if head.startswith("numpy.random") and method in ARRAYS and call.args:
        several = plain or not (method in OWN_INTEGERS or (method == "choice" and is_of_integers(scope, call)))
    return name if several and is_unseeded(scope, call, head, project) else ""


def is_of_integers(scope: Scope, call: ast.Call) -> bool:
    """Tell whether what a call chooses from are integers of NumPy: `np.random.choice(np.arange(9), 3)`, `choice(9)`."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant):
        return isinstance(first.value, int)
    return isinstance(first, ast.Call) and resolve(scope, first.func) in ("numpy.arange", "range")


def shuffled(scope: Scope, call: ast.Call, project: Project) -> bool:
    """Tell whether a call shuffles a list with a generator that nobody seeds."""
    head, _, method = resolve(scope, call.func).rpartition(".")
    return method == "shuffle" and is_unseeded(scope, call, head, project)


def is_within_seed(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a block around a call seeds the generator with a number, by its name: `with RNGContext(123):`."""
    entered = (
        item.context_expr
        for child, parent in scope.ancestors(call)
        if isinstance(parent, ast.With) and child in parent.body
        for item in parent.items
    )
    return any(
        isinstance(item, ast.Call)
        and any(word in text_of(item.func).lower() for word in SEEDING)
        and any(isinstance(given, ast.Constant) for given in (*item.args, *(pair.value for pair in item.keywords)))
        for item in entered
    )


def is_unseeded(scope: Scope, call: ast.Call, head: str, project: Project) -> bool:
    """Tell whether what a method is called on is a random generator that nothing seeds with a value."""
    if head in ("random", "numpy.random"):
        return not is_seeded(scope.module, head, project) and not is_within_seed(scope, call)
    if head == "secrets":
        return True
    if not head.endswith("()") or head[:-2] not in MAKERS or not isinstance(call.func, ast.Attribute):
        return False
    if head == "faker.Faker()":
        return b".seed" not in scope.module.data
    if head == "random.SystemRandom()":
        return True
    maker: ast.AST | None = call.func.value
    for _ in range(4):
        if isinstance(maker, ast.Call) or not isinstance(maker, (ast.Name, ast.Attribute)):
            break
        found = bound_to(scope, maker)
        scope, maker = found if found is not None else (scope, None)
    if not isinstance(maker, ast.Call) or b".seed(" in scope.module.data:
        return False
    given = [*maker.args, *(item.value for item in maker.keywords)]
    return all(isinstance(item, ast.Constant) and item.value is None for item in given)


def is_seeded(module: Module, generator: str, project: Project) -> bool:
    """Tell whether a file, or a conftest above it, seeds a global generator while it is imported."""
    for level in (module, *project.conftests(module.path)):
        if b"seed" not in level.data:
            continue
        for scope in import_time(level.top):
            if any(call.args for call in called(scope).get(f"{generator}.seed", ())):
                return True
    return False
