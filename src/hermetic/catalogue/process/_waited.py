"""Whether a thread, timer or process may well be over before its test is: the test waits, or its loop has an end."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._fate import started_at
from hermetic.catalogue.process._fetched import asks_for_each, is_made_for_one_job
from hermetic.catalogue.process._signals import argument_of
from hermetic.catalogue.process._spawned import (
    CHILD,
    EXECUTOR,
    MAKERS,
    PROCESS,
    THREAD,
    TIMER,
    Spawn,
    holder,
    loop_names,
    spawns_in,
)
from hermetic.source.callee import find_callee, find_class, method_in
from hermetic.source.names import find_function, resolve
from hermetic.source.reach import calls_of
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

# Parts of the names of calls that block until something has come, which the thread may send as its last act.
WAITERS = ("wait", "recv", "receive", "read", "accept", "result", "acquire", "sleep", "until", "poll", "drain", "join")
BLOCKING = frozenset({"get", "work", "run", "serve", "serve_forever", "next", "run_until_complete", "run_forever"})
# Methods of the standard library that run until something from outside ends them.
ENDLESS = frozenset({"wait", "acquire", "serve_forever", "run_forever", "get", "recv", "join"})
MOMENT = 1  # second
SLEEP, SHORT = "time.sleep", 0.1  # seconds; a thread that sleeps for less may be over
LEFT = "left"
OUTPUTS = ("stdout", "stderr")
WHOLE_READS = ("read", "readlines")  # without a size: until the child has closed the other end
LEAVING = (ast.Break, ast.Return, ast.Raise)


def may_be_over(spawn: Spawn, root: Scope) -> bool:
    """Tell whether what a call starts may have ended by the end of the test `root`, as far as can be read."""
    if spawn.kind is CHILD:
        return is_read_by_another(spawn) or is_read_whole(spawn)
    if spawn.kind is EXECUTOR:
        return is_idle_when_let_go(spawn)
    if spawn.kind is TIMER and is_soon(spawn):
        return True
    if spawn.kind not in (THREAD, TIMER, PROCESS):
        return False
    starter, node = started_at(spawn)
    *_, made = spawn.chain()
    runs = target_of(made)
    loops = endings(runs) if runs is not None else []
    if "never" in loops:
        return False
    if "told" in loops or is_waited_for(starter, node, runs):
        return True
    elsewhere = starter.function is not root and starter.scope.parent is not root
    return elsewhere and any(blocks(call, None) for scope in root.family() for call in calls_of(scope))


def is_soon(spawn: Spawn) -> bool:
    """Tell whether a timer goes off within a moment, by its number of seconds: then it ends by itself."""
    *_, made = spawn.chain()
    seconds = argument_of(made.call, 0, "interval")
    return isinstance(seconds, ast.Constant) and isinstance(seconds.value, (int, float)) and seconds.value <= MOMENT


def is_let_go(spawn: Spawn) -> bool:
    """Tell whether an executor is a variable of one function, in which nothing sleeps: its idle workers end with it."""
    local = spawn.kind is EXECUTOR and spawn.origin is None and holder(spawn)[0] == "name"
    return local and b"sleep(" not in spawn.scope.module.text(spawn.scope)


def is_idle_when_let_go(spawn: Spawn) -> bool:
    """Tell whether an executor is a variable of one function at most, which waits for all that it gives it.

    The workers of an executor end when nobody holds it any more.
    """
    kind, name = holder(spawn)
    if kind == "nothing":
        return is_made_for_one_job(spawn.scope, spawn.call)
    if kind != "name" or spawn.origin is not None:
        return False
    return waits(spawn) or asks_for_each(spawn.scope, name)


def waits(spawn: Spawn) -> bool:
    """Tell whether the function that makes an executor waits for an event, which a job may set as its last act."""
    names = (getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls_of(spawn.scope))
    return "wait" in names


def is_read_by_another(spawn: Spawn) -> bool:
    """Tell whether the output of a child is handed to a function, which may well read it to its end."""
    kind, name = holder(spawn)
    return kind == "name" and any(
        isinstance(item, ast.Attribute) and item.attr in OUTPUTS and getattr(item.value, "id", "") == name
        for scope in spawn.function.family()
        for call in calls_of(scope)
        for item in (*call.args, *(keyword.value for keyword in call.keywords))
    )


def is_read_whole(spawn: Spawn) -> bool:
    """Tell whether what a child writes is read until it has closed its output: `child.stdout.read()`."""
    kind, name = holder(spawn)
    if kind == "name" and is_read_in_loop(spawn, name):
        return True
    return kind == "name" and any(
        (not call.args or is_in_while(scope, call))
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in WHOLE_READS
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr in OUTPUTS
        and getattr(call.func.value.value, "id", "") == name
        for scope in spawn.function.family()
        for call in calls_of(scope)
    )


def is_in_while(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call is made again and again: `while True: data = child.stdout.read(1024)`."""
    return any(isinstance(parent, ast.While) and child in parent.body for child, parent in scope.ancestors(call))


def is_read_in_loop(spawn: Spawn, name: str) -> bool:
    """Tell whether a loop goes through all lines that a child writes: `for line in child.stdout`."""
    loops = spawn.scope.kept(ast.For) if spawn.scope.is_function else ()
    read = [loop.iter for loop in loops if not leaves(loop.body)]
    for value in (item.value for item in spawn.scope.kept(ast.Assign)):
        read += [part.iter for part in getattr(value, "generators", ())]
    return any(
        isinstance(item, ast.Attribute) and item.attr in OUTPUTS and getattr(item.value, "id", "") == name
        for item in read
    )


def stays(spawn: Spawn) -> bool:
    """Tell whether what a call starts is seen to run on: a thread or `Process` that loops, waits or sleeps at its end.

    What most of them do takes less time than the rest of the test. Timers and commands are taken to run on.
    """
    *_, made = spawn.chain()
    if made.kind not in (THREAD, PROCESS):
        return True
    plain = MAKERS.get(resolve(made.scope, made.call.func)) is made.kind
    target = argument_of(made.call, 1, "target") if plain else None
    if isinstance(target, ast.Attribute) and target.attr in ENDLESS:
        return True
    if target is not None and resolve(made.scope, target) == SLEEP:
        return True
    runs = find_callee(made.scope, target) if target is not None else method_of_thread(made)
    return runs is not None and (any(end != LEFT for end in endings(runs.module.load(runs))) or sleeps_last(runs))


def method_of_thread(spawn: Spawn) -> Scope | None:
    """Return the `run` of a class of the project that is a thread."""
    cls = find_class(spawn.scope, spawn.call.func)
    return method_in(cls, "run") if cls is not None else None


def sleeps_last(runs: Scope) -> bool:
    """Tell whether the last thing that a function does is to sleep."""
    body = getattr(runs.node, "body", None)
    last = body[-1] if isinstance(body, list) else None
    while isinstance(last, (ast.With, ast.Try, ast.For)):
        last = (getattr(last, "finalbody", None) or last.body)[-1]
    call = last.value if isinstance(last, ast.Expr) else body if isinstance(body, ast.Call) else None
    if not isinstance(call, ast.Call) or resolve(runs, call.func) != SLEEP or not call.args:
        return False
    seconds = getattr(call.args[0], "value", None)
    return not isinstance(seconds, (int, float)) or seconds >= SHORT


def target_of(spawn: Spawn) -> Scope | None:
    """Return the function of this file that a thread or process runs, loaded."""
    target = next((item.value for item in spawn.call.keywords if item.arg == "target"), None)
    found = find_function(spawn.scope, target) if target is not None else None
    return found.module.load(found) if found is not None and found.is_function else None


def endings(runs: Scope) -> list[str]:
    """Return for each `while` of a function whether it is `told` when to end, `never` ends, or `left` from inside."""
    found = []
    for scope in runs.family():
        body = getattr(scope.node, "body", [])
        for loop in whiles(body if isinstance(body, list) else []):
            if not isinstance(loop.test, ast.Constant):
                found.append("told")
            else:
                found.append(LEFT if leaves(loop.body) else "never")
    return found


def whiles(block: list[ast.stmt]) -> list[ast.While]:
    """Return the `while` statements in a block, nested ones too."""
    return [node for node in below(block) if isinstance(node, ast.While)]


def leaves(block: list[ast.stmt]) -> bool:
    """Tell whether something in a block leaves it."""
    return any(isinstance(node, LEAVING) for node in below(block))


def below(block: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements in a block, at any depth."""
    found: list[ast.stmt] = []
    for statement in block:
        found.append(statement)
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            found.extend(below(inner) if isinstance(inner, list) else [])
        for handler in getattr(statement, "handlers", ()):
            found.extend(below(handler.body))
    return found


def is_waited_for(starter: Spawn, node: Placed, runs: Scope | None) -> bool:
    """Tell whether the function that starts something waits for anything after that."""
    own = set(runs.family()) if runs is not None else set()
    starts = spawn_names(starter) if starter.kind is PROCESS else None
    return any(
        blocks(call, starts)
        for scope in starter.function.family()
        if scope not in own
        for call in calls_of(scope)
        if call.lineno > node.lineno
    )


def spawn_names(starter: Spawn) -> set[str]:
    """Return the variables that hold the threads and processes of a function, those of loops over lists too."""
    names = {holder(spawn)[1] for spawn in spawns_in(starter.function)}
    return names.union(*(loop_names(starter.function, name) for name in names))


def blocks(call: ast.Call, starts: set[str] | None) -> bool:
    """Tell whether a call may wait, by its name; `start` does for a process, where it is not that of one of these."""
    name = getattr(call.func, "attr", getattr(call.func, "id", "")).lower()
    if name == "start" and starts is not None and isinstance(call.func, ast.Attribute):
        return isinstance(call.func.value, ast.Name) and text_of(call.func.value) not in starts
    return name in BLOCKING or any(part in name for part in WAITERS)
