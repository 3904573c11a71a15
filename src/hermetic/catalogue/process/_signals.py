"""How a thread, timer or child ends without its holder: by a signal, by its number, or because its work is done."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._asked import LOOKERS, is_repeated
from hermetic.catalogue.process._spawned import THREAD, TIMER, Spawn, is_end
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.changes import called
from hermetic.source.finalizers import CLEANUPS
from hermetic.source.names import find_function
from hermetic.source.reach import calls_of
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

# Methods by which a function tells a thread to end, or waits until it has done its work.
SIGNALS = (".set", ".wait", ".join", ".get", ".result", ".abort", ".release", ".call_soon_threadsafe", ".put")
SYNC = ("threading.", "queue.", "multiprocessing.", "asyncio.", "concurrent.", "socketserver.", "http.server.")
KILLERS = frozenset({"os.kill", "os.killpg", "os.waitpid", "os.wait", "signal.pthread_kill", "psutil.Process"})
# Where the classes take the function that runs: its place among the arguments, and that of the function's own.
TAKES = {THREAD: (1, "target", 3), TIMER: (1, "function", 2)}
GIVERS = frozenset({
    "set", "release", "put", "put_nowait", "notify", "notify_all", "set_result", "set_exception", "wait", "abort",
    "send", "shutdown", "stop",
})  # fmt: skip
WAITERS = ("wait", "acquire", "get", "join", "result", "exception", "recv", "serve", "run")
QUESTIONS = ("is_set", "isSet", "locked", "empty", "qsize", "done")


def is_killed(function: Scope) -> bool:
    """Tell whether a function ends a child by its number."""
    return any(name in KILLERS for scope in function.family() for name in called(scope))


def is_signalled(function: Scope) -> bool:
    """Tell whether a function tells a thread to end by an event, queue or server, or waits for its work to be done."""
    for scope in function.family():
        for name, calls in called(scope).items():
            if name.startswith(SYNC) and name.endswith(SIGNALS) and "Thread()" not in name and "Process()" not in name:
                return True
            method = name.rpartition(".")[2]
            if method in ("shutdown", "server_close", "call_soon_threadsafe", "serve_until_stopped"):
                return True
            if method in CLEANUPS and any(
                isinstance(argument, ast.Attribute) and (is_end(argument.attr) or argument.attr == "set")
                for call in calls
                for argument in call.args
            ):
                return True
    return False


def ends_by_itself(spawn: Spawn) -> bool:
    """Tell whether a thread or timer is over before its test: its function gives a signal that the test waits for."""
    made = [item for item in spawn.chain() if item.kind in TAKES and item.origin is None]
    return any(is_awaited(item, name, runs) for item in made for name, runs in signals_of(item))


def signals_of(spawn: Spawn) -> Iterator[tuple[str, Scope | None]]:
    """Yield the objects by which the function of a thread or timer gives a signal, and that function."""
    place, keyword, own = TAKES[spawn.kind]
    function: ast.expr | None = argument_of(spawn.call, place, keyword)
    handed = argument_of(spawn.call, own, "args")
    arguments = handed.elts if isinstance(handed, (ast.List, ast.Tuple)) else []
    if isinstance(function, ast.Call) and function.args:  # partial(event.set)
        arguments = function.args[1:]
        function = function.args[0]
    if isinstance(function, ast.Attribute) and function.attr == "call_soon_threadsafe" and arguments:
        function, arguments = arguments[0], arguments[1:]
    runs = find_function(spawn.scope, function) if function is not None else None
    if runs is None:
        if isinstance(function, ast.Attribute) and function.attr in GIVERS:
            yield text_of(function.value), None
        return
    for name in given_in(runs.module.load(runs) if runs.is_function else runs):
        yield parameters_of(runs, arguments).get(name, name), runs


def argument_of(call: ast.Call, place: int, keyword: str) -> ast.expr | None:
    """Return an argument of a call, given by its place or its name."""
    named = (item.value for item in call.keywords if item.arg == keyword)
    return call.args[place] if len(call.args) > place else next(named, None)


def given_in(function: Scope) -> set[str]:
    """Return the objects by which a loaded function gives a signal."""
    methods = [call.func for scope in function.family() for call in calls_of(scope)]
    return {text_of(item.value) for item in methods if isinstance(item, ast.Attribute) and item.attr in GIVERS}


def parameters_of(function: Scope, arguments: list[ast.expr]) -> dict[str, str]:
    """Return what each parameter of a function stands for, by the arguments that it is handed."""
    taken = function.arguments
    names = [item.arg for item in (*taken.posonlyargs, *taken.args)]
    return {name: text_of(argument) for name, argument in zip(names, arguments, strict=False)}


def is_awaited(spawn: Spawn, name: str, runs: Scope | None) -> bool:
    """Tell whether the test waits for a signal that an object gives, or hands the object to what may wait."""
    if not name:
        return False
    first = name.partition(".")[0]
    found = spawn.scope.find(first, spawn.call.lineno)
    taken = found is not None and found[0].kind == "param" and first not in ("self", "cls")
    if taken and roles.role_of(spawn.function) == "helper":
        return True  # whoever made it waits for it
    own = set(runs.family()) if runs is not None else set()
    return any(
        waits_in(scope, name, spawn.call)
        for function in readers_of(spawn, name)
        for scope in function.family()
        if scope not in own
    )


def readers_of(spawn: Spawn, name: str) -> Iterator[Scope]:
    """Yield the loaded functions that see an object: the one around the call, the class's methods, or the file's."""
    yield spawn.function
    first, _, rest = name.partition(".")
    owner = spawn.function.owner
    if first in ("self", "cls") and owner is not None:
        for cls in ancestry(owner):
            for method in cls.functions:
                if f".{rest}".encode() in method.module.text(method):
                    yield method.module.load(method)
    elif first in spawn.function.module.top.bindings:
        yield from spawn.function.module.functions_naming(first)


def waits_in(scope: Scope, name: str, spawned: ast.Call) -> bool:
    """Tell whether a loaded scope waits for an object's signal, or hands the object on."""
    for call in calls_of(scope):
        function = call.func
        method = getattr(function, "attr", getattr(function, "id", ""))
        if isinstance(function, ast.Attribute) and text_of(function.value) == name:
            if method.startswith(WAITERS) and method != "get_nowait":
                return True
            if method in QUESTIONS and is_repeated(scope, call):
                return True
        elif call is not spawned and method not in LOOKERS and not method.startswith("assert"):
            values = (*call.args, *(item.value for item in call.keywords))
            if any(text_of(value) == name for value in values if not isinstance(value, ast.Constant)):
                return True
    return False
