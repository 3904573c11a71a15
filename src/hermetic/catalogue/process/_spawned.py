"""Threads and child processes that a function starts: what holds each of them, and what is done with it."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._asked import ASKING, LOOKERS, is_repeated, is_seen_ended
from hermetic.source.callee import is_dotted, own_class
from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.putback import is_expected_to_fail
from hermetic.source.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed


class Kind:
    """One kind of thing that outlives the call that makes it.

    `starts`: it lives from the call of one of these methods (an empty tuple: from its creation). `late`: methods that
    end it and have to be reached whatever happens, since it would not end by itself.
    """

    __slots__ = ("ending", "late", "name", "starts")

    def __init__(self, name: str, ending: str, *, starts: tuple[str, ...] = (), late: tuple[str, ...] = ()) -> None:
        self.name = name
        self.ending = ending
        self.starts = starts
        self.late = late


THREAD = Kind("a thread", "joined", starts=("start",))
TIMER = Kind("a timer", "cancelled", starts=("start",), late=("cancel",))
PROCESS = Kind("a child process", "ended", starts=("start",), late=("terminate", "kill"))
CHILD = Kind("a child process", "ended", late=("terminate", "kill", "send_signal"))
POOL = Kind("a pool of workers", "closed", late=("close", "terminate"))
EXECUTOR = Kind("an executor", "shut down", starts=("submit", "map"), late=("shutdown",))
MANAGER = Kind("a manager process", "shut down", late=("shutdown",))
GOES_WITH_ITS_HOLDER = (POOL, MANAGER)  # CPython ends it when the last variable that holds it goes

MAKERS = {
    "threading.Thread": THREAD,
    "threading.Timer": TIMER,
    "multiprocessing.Process": PROCESS,
    "multiprocessing.context.Process": PROCESS,
    "multiprocessing.get_context().Process": PROCESS,
    "multiprocessing.Pool": POOL,
    "multiprocessing.pool.Pool": POOL,
    "multiprocessing.pool.ThreadPool": POOL,
    "multiprocessing.dummy.Pool": POOL,
    "multiprocessing.get_context().Pool": POOL,
    "multiprocessing.Manager": MANAGER,
    "multiprocessing.get_context().Manager": MANAGER,
    "concurrent.futures.ThreadPoolExecutor": EXECUTOR,
    "concurrent.futures.ProcessPoolExecutor": EXECUTOR,
    "concurrent.futures.thread.ThreadPoolExecutor": EXECUTOR,
    "concurrent.futures.process.ProcessPoolExecutor": EXECUTOR,
    "subprocess.Popen": CHILD,
    "asyncio.create_subprocess_exec": CHILD,
    "asyncio.create_subprocess_shell": CHILD,
    "asyncio.subprocess.create_subprocess_exec": CHILD,
    "asyncio.subprocess.create_subprocess_shell": CHILD,
}
# Parts of method names that end something, whatever the class calls it.
ENDS = (
    "join", "stop", "shut", "close", "cancel", "kill", "term", "quit", "exit", "end", "finish", "wait", "abort", "halt",
    "communicate", "cleanup", "teardown", "interrupt", "disconnect", "send_signal", "result", "done",
)  # fmt: skip
WHOLE = (ast.List, ast.Tuple, ast.Set)


class Spawn:
    """One call that makes a thread or process; `function` is the outermost function around it.

    `origin`: what the called function makes and returns, where the call is one of the project's own. `started`: what
    the call gives runs already.
    """

    __slots__ = ("call", "function", "kind", "origin", "scope", "started")

    def __init__(  # noqa: PLR0913 - a record
        self,
        function: Scope,
        scope: Scope,
        call: ast.Call,
        kind: Kind,
        origin: Spawn | None = None,
        *,
        started: bool = False,
    ) -> None:
        self.function = function
        self.scope = scope
        self.call = call
        self.kind = kind
        self.origin = origin
        self.started = started or not kind.starts

    def chain(self) -> Iterator[Spawn]:
        """Yield this call, then the ones behind it, down to the one that makes the thread or process."""
        current: Spawn | None = self
        while current is not None:
            yield current
            current = current.origin


class Use:
    """What a function does with a variable; `verb` is a method, `escape`, `yield`, `with` or `handed` (its method)."""

    __slots__ = ("node", "scope", "verb")

    def __init__(self, verb: str, scope: Scope, node: Placed) -> None:
        self.verb = verb
        self.scope = scope
        self.node = node


def spawns_in(function: Scope) -> Iterator[Spawn]:
    """Yield the calls of a loaded function and of the functions in it that make a thread or process."""
    for scope in function.family():
        for name, calls in called(scope).items():
            for call in calls:
                kind = MAKERS.get(name) or kind_of_class(scope, call)
                if (
                    kind is not None
                    and not is_mere_coroutine(scope, call, name)
                    and not is_expected_to_fail(scope, call)
                ):
                    yield Spawn(function, scope, call, kind)


def is_mere_coroutine(scope: Scope, call: ast.Call, name: str) -> bool:
    """Tell whether a call makes a coroutine that nobody awaits on the spot."""
    return name.startswith("asyncio.") and not isinstance(scope.parents.get(call), ast.Await)


def kind_of_class(scope: Scope, call: ast.Call) -> Kind | None:
    """Return the kind of what a class of the project makes, by its base classes."""
    if not isinstance(call.func, (ast.Name, ast.Attribute)):
        return None
    own = own_class(scope, call.func)
    if own is not None:
        return kind_of(own)
    name = resolve(scope, call.func)
    return kind_of_imported(name, scope.module) if is_dotted(name) else None


def is_started(cls: Scope) -> bool:
    """Tell whether a class is a kind of thread or process."""
    return kind_of(cls) is not None


def kind_of(made: Scope) -> Kind | None:
    """Return the kind of thread or process that a class is, by its base classes."""
    if "kind" not in made.memo:
        made.memo["kind"] = None  # where a class inherits from itself
        kinds = (kind_of_base(made, base) for base in made.bases)
        made.memo["kind"] = next(filter(None, kinds), None)
    known: Kind | None = made.memo["kind"]
    return known


def kind_of_base(cls: Scope, base: ast.expr) -> Kind | None:
    """Return the kind of one base of a class."""
    outer = cls.parent or cls
    name = resolve(outer, base)
    if name in MAKERS:
        return MAKERS[name]
    if name.startswith("."):
        bound = outer.find(name[1:])
        own = bound[0].value if bound is not None else None
        return kind_of(own) if isinstance(own, Scope) and own.is_class else None
    return kind_of_imported(name, cls.module) if "." in name else None


def kind_of_imported(name: str, module: Module) -> Kind | None:
    """Return the kind of a class of another project file, worked out once in a run: its tree may be let go."""
    project = module.project
    located = project.locate(name, module.folder) if project is not None else None
    if project is None or located is None:
        return None
    known: dict[tuple[str, str], str] = project.about("kind of thread")
    if located not in known:
        known[located] = ""
        cls = project.definition(name, module.folder)
        kind = kind_of(cls) if cls is not None and cls.is_class else None
        known[located] = next((maker for maker, made in MAKERS.items() if made is kind), "")
    return MAKERS.get(known[located])


def holder(spawn: Spawn) -> tuple[str, str]:
    """Return what holds the object and its name: `name`, `self`, `list`, `returned`, `other`, or `nothing`.

    With `nothing` goes the method that is called on the spot.
    """
    for child, parent in spawn.scope.ancestors(spawn.call):
        if isinstance(parent, (ast.Await, ast.NamedExpr, ast.IfExp)):
            continue
        if isinstance(parent, ast.Expr):
            return ("other", "") if is_tried_alone(spawn.scope, parent) else ("nothing", "")
        if isinstance(parent, ast.Return):
            return "returned", ""
        if isinstance(parent, ast.Attribute):
            return ("nothing", parent.attr) if child is spawn.call or isinstance(child, ast.Await) else ("other", "")
        if isinstance(parent, (ast.Assign, ast.AnnAssign)):
            kind = "list" if isinstance(child, (ast.ListComp, ast.List)) else "name"
            return target_of(parent, kind)
        if isinstance(parent, (ast.ListComp, ast.List)) and child is spawn.call:
            continue
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr == "append":
            owner = parent.func.value
            return ("list", owner.id) if isinstance(owner, ast.Name) else ("other", "")
        return "other", ""
    return "other", ""


def is_tried_alone(scope: Scope, statement: ast.Expr) -> bool:
    """Tell whether a statement is all that a `try` with handlers tries: it is expected to raise."""
    parent = scope.parents.get(statement)
    return isinstance(parent, ast.Try) and bool(parent.handlers) and parent.body == [statement]


def target_of(node: ast.Assign | ast.AnnAssign, kind: str) -> tuple[str, str]:
    """Return the name or attribute of `self` that an assignment binds."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    target = targets[0]
    if len(targets) == 1 and isinstance(target, ast.Name):
        return kind, target.id
    if (
        len(targets) == 1
        and isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and kind == "name"
    ):
        return ("self", target.attr) if target.value.id in ("self", "cls") else ("other", "")
    return "other", ""


def is_name(node: ast.AST | None, name: str) -> bool:
    """Tell whether an expression is a variable, or an attribute of `self`."""
    if name.startswith("self."):
        return (
            isinstance(node, ast.Attribute)
            and node.attr == name[5:]
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        )
    return isinstance(node, ast.Name) and node.id == name


def holds(node: ast.AST | None, name: str) -> bool:
    """Tell whether the value of an expression is or holds the variable's value."""
    if is_name(node, name):
        return True
    if isinstance(node, WHOLE):
        return any(holds(item, name) for item in node.elts)
    if isinstance(node, ast.Dict):
        return any(holds(item, name) for item in node.values)
    if isinstance(node, ast.IfExp):
        return holds(node.body, name) or holds(node.orelse, name)
    if isinstance(node, (ast.Starred, ast.Await, ast.keyword, ast.Subscript, ast.NamedExpr)):
        return holds(node.value, name)
    return isinstance(node, ast.BoolOp) and any(holds(item, name) for item in node.values)


def holds_number(node: ast.AST | None, name: str) -> bool:
    """Tell whether an expression is the number of a process, by which it can be waited for."""
    return isinstance(node, ast.Attribute) and node.attr == "pid" and is_name(node.value, name)


def uses_of(function: Scope, name: str) -> Iterator[Use]:
    """Yield what a loaded function, and the functions in it, do with a variable or an attribute of `self`."""
    for scope in function.family():
        for call in scope.kept(ast.Call):
            yield from uses_in_call(scope, call, name)
        for node in scope.kept(ast.Return, ast.Yield, ast.Assign, ast.AnnAssign, ast.YieldFrom):
            if holds(node.value, name) or holds_number(node.value, name):
                yield Use("escape" if not isinstance(node, ast.Yield) else "yield", scope, node)
        for block in scope.kept(ast.With, ast.AsyncWith):
            if any(is_name(item.context_expr, name) for item in block.items):
                yield Use("with", scope, block)
        if isinstance(scope.node, ast.Lambda) and holds(scope.node.body, name):
            yield Use("escape", scope, scope.node)


def uses_in_call(scope: Scope, call: ast.Call, name: str) -> Iterator[Use]:
    """Yield what one call does with a variable: it calls a method, hands one on, or passes the object."""
    function = call.func
    if isinstance(function, ast.Attribute) and is_name(function.value, name):
        yield Use(verb_of(scope, call, function.attr), scope, call)
    for argument in (*call.args, *call.keywords):
        value = argument.value if isinstance(argument, ast.keyword) else argument
        if isinstance(value, ast.Attribute) and is_name(value.value, name):
            ends = is_end(value.attr) or value.attr in ("pid", ASKING)
            yield Use("handed" if ends else "looked at", scope, call)
        elif holds(value, name):
            called_name = getattr(function, "attr", getattr(function, "id", ""))
            looks = called_name in LOOKERS or called_name.startswith("assert")
            yield Use("looked at" if looks else "escape", scope, call)


def verb_of(scope: Scope, call: ast.Call, method: str) -> str:
    """Return what calling a method does: a question is an end only where the code goes on once the answer is no."""
    if method == ASKING:
        return "wait" if is_seen_ended(scope, call) else "looked at"
    return "wait" if method == "poll" and (is_repeated(scope, call) or is_compared(scope, call)) else method


def is_compared(scope: Scope, call: ast.Call) -> bool:
    """Tell whether an assertion compares what a call gives with a number: `assert child.poll() == 0` after its end."""
    parent = scope.parents.get(call)
    if not isinstance(parent, ast.Compare) or not isinstance(scope.parents.get(parent), ast.Assert):
        return False
    return any(isinstance(item, ast.Constant) and isinstance(item.value, int) for item in parent.comparators)


def is_end(method: str) -> bool:
    """Tell whether a method ends something, by its name."""
    lower = method.lower()
    return any(part in lower for part in ENDS)


def loop_names(function: Scope, name: str) -> set[str]:
    """Return the variables that go through a list: `for thread in threads`, also through `zip` and `enumerate`."""
    found = set()
    for scope in function.family():
        for variable, bindings in scope.bindings.items():
            for binding in bindings:
                if (
                    isinstance(binding.value, ast.AST)
                    and binding.kind in ("for", "other")
                    and goes_through(binding.value, name)
                ):
                    found.add(variable)
    return found


def goes_through(expression: ast.AST, name: str) -> bool:
    """Tell whether a loop over an expression visits the items of a list, or an object that stands in it."""
    if isinstance(expression, ast.Call):
        return any(goes_through(argument, name) for argument in expression.args)
    if isinstance(expression, WHOLE):
        return any(goes_through(item, name) for item in expression.elts)
    if isinstance(expression, ast.BinOp):
        return goes_through(expression.left, name) or goes_through(expression.right, name)
    if isinstance(expression, ast.Subscript):
        return goes_through(expression.value, name)
    return is_name(expression, name)
