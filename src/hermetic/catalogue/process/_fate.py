"""What becomes of a thread or process: whether the function that holds it ends it, leaves it, or returns it."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._signals import ends_by_itself, is_killed, is_signalled
from hermetic.catalogue.process._spawned import (
    CHILD,
    GOES_WITH_ITS_HOLDER,
    MAKERS,
    PROCESS,
    THREAD,
    Spawn,
    Use,
    holder,
    is_end,
    is_name,
    loop_names,
    uses_of,
)
from hermetic.catalogue.process._told import is_told
from hermetic.source.blocks import is_after_yield, is_asserted_between
from hermetic.source.callee import ancestry
from hermetic.source.changes import called
from hermetic.source.names import is_generator, resolve
from hermetic.source.reach import entries_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

START = "start"
COUNTERS = ("threading.active_count", "threading.enumerate")
ENDED, LATE, LEFT, RETURNED = "ended", "late", "left", "returned"


def fate_of(spawn: Spawn) -> str:
    """Return whether what a call makes is ended, ended only when nothing fails, left, or returned to the caller."""
    if spawn.scope is not spawn.function and not entries_of(spawn.scope):
        return ENDED  # a function that is only passed on
    kind, name = holder(spawn)
    if kind == "returned":
        return fate_of_returned(spawn)
    if kind == "other":
        return ENDED
    if kind == "nothing":
        starts = spawn.started or name in spawn.kind.starts
        if spawn.kind in GOES_WITH_ITS_HOLDER or not starts or is_end(name) or name == "pid":
            return ENDED
        return without_end(spawn)
    if kind == "self":
        return fate_on_self(spawn, name)
    return fate_of_variable(spawn, kind, name)


def fate_of_variable(spawn: Spawn, kind: str, name: str) -> str:
    """Judge what a variable, or a list in one, holds."""
    if name in spawn.scope.globals:
        return fate_of_global(spawn, name)
    uses = list(uses_of(spawn.function, name))
    if kind == "list":
        uses = [use for use in uses if use.verb not in ("append", "extend")]
    for variable in loop_names(spawn.function, name):
        uses.extend(uses_of(spawn.function, variable))
    if kind == "name" and is_only_returned(spawn, name, uses):
        return fate_of_returned(spawn)
    return ENDED if spawn.kind in GOES_WITH_ITS_HOLDER else fate_by_uses(spawn, uses)


def is_only_returned(spawn: Spawn, name: str, uses: list[Use]) -> bool:
    """Tell whether a function returns an object as it is, and neither ends it nor gives it to anyone else."""
    leaving = [use for use in uses if use.verb in ("escape", "with", "handed", "yield") or is_end(use.verb)]
    return bool(leaving) and all(
        use.scope is spawn.scope and isinstance(use.node, ast.Return) and is_name(use.node.value, name)
        for use in leaving
    )


def start_of(spawn: Spawn) -> Placed | None:
    """Return the call of `start` on the variable that holds it, None without one."""
    kind, name = holder(spawn)
    if kind not in ("name", "self") or START not in spawn.kind.starts:
        return None
    variable = f"self.{name}" if kind == "self" else name
    return next((use.node for use in uses_of(spawn.function, variable) if use.verb == START), None)


def started_at(spawn: Spawn) -> tuple[Spawn, Placed]:
    """Return which call sets it going, and where: the call of `start` on its variable, or the call that makes it."""
    for item in spawn.chain():
        node = start_of(item) if not item.started else None
        if node is not None:
            return item, node
    *_, made = spawn.chain()
    return made, made.call


def fate_of_returned(spawn: Spawn) -> str:
    """Judge what a function returns: its callers are to end it, where they get it as it is."""
    scope = spawn.scope
    plain = scope.is_function and not getattr(scope.node, "decorator_list", ()) and not is_generator(scope)
    return RETURNED if plain and without_end(spawn) == LEFT else ENDED


def without_end(spawn: Spawn) -> str:
    """Judge what is not ended by name: a thread may be told to end, and a child be killed by its number."""
    is_thread = spawn.kind is THREAD
    if is_thread and has_nothing_to_do(spawn):
        return ENDED
    ended = is_signalled(spawn.function) or is_counted(spawn.function) if is_thread else is_killed(spawn.function)
    return ENDED if ended or ends_by_itself(spawn) or is_told_to_end(spawn) else LEFT


def has_nothing_to_do(spawn: Spawn) -> bool:
    """Tell whether a thread is a plain one without a target: it ends as it starts."""
    *_, made = spawn.chain()
    names = {item.arg for item in made.call.keywords}
    return is_made_plainly(made) and len(made.call.args) < 2 and names.isdisjoint(("target", None))  # noqa: PLR2004 - the group comes first


def is_counted(function: Scope) -> bool:
    """Tell whether a function looks at all threads that run, as one does that waits until its own are gone."""
    return any(name in COUNTERS for scope in function.family() for name in called(scope))


def is_told_to_end(spawn: Spawn) -> bool:
    """Tell whether a thread that runs is told something after its start that may end it."""
    starter, node = started_at(spawn)
    made = [item for item in spawn.chain() if item.kind is THREAD and item.origin is None and is_made_plainly(item)]
    return any(is_told(item, node.lineno if starter is item else 0) for item in made)


def is_made_plainly(spawn: Spawn) -> bool:
    """Tell whether a call makes a plain `Thread`: the constructor of a class of the project takes what it likes."""
    return MAKERS.get(resolve(spawn.scope, spawn.call.func)) is THREAD


def fate_on_self(spawn: Spawn, name: str) -> str:
    """Judge what an attribute of `self` holds, by what the methods of the class do with it."""
    method: Scope | None = spawn.function
    owner = method.owner if method is not None else None
    if owner is None:
        return ENDED
    uses: list[Use] = []
    for cls in ancestry(owner):
        for other in cls.functions:
            if f".{name}".encode() in other.module.text(other):
                names = (f"self.{name}", *loop_names(other.module.load(other), f"self.{name}"))
                uses.extend(use for variable in names for use in uses_of(other, variable))
    if any(is_end(use.verb) and use.scope is not spawn.scope for use in uses):
        return ENDED
    if spawn.kind in (CHILD, PROCESS) and any(is_killed(other) for cls in ancestry(owner) for other in loaded(cls)):
        return ENDED
    return fate_by_uses(spawn, uses)


def loaded(cls: Scope) -> list[Scope]:
    """Return the methods of a class, loaded."""
    return [method.module.load(method) for method in cls.functions]


def fate_of_global(spawn: Spawn, name: str) -> str:
    """Judge what a global variable holds, by what the functions of the file do with it."""
    uses = [use for other in spawn.function.module.functions_naming(name) for use in uses_of(other, name)]
    if any(is_end(use.verb) and use.scope is not spawn.scope for use in uses):
        return ENDED
    return fate_by_uses(spawn, uses)


def fate_by_uses(spawn: Spawn, uses: list[Use]) -> str:
    """Judge an object by everything that is done with it."""
    kind = spawn.kind
    if not spawn.started and not any(use.verb in kind.starts for use in uses):
        return ENDED
    escapes = [use for use in uses if use.verb in ("escape", "with", "handed")]
    names = {list_of(use) for use in escapes}
    if "" in names:
        return ENDED
    # appended to lists: what is done with one of them counts like what is done with the object itself
    fates = [fate_of_list(spawn, name) for name in names]
    ends = [use for use in uses if is_end(use.verb)]
    if ends:
        fates.append(LATE if is_late(spawn, ends) and not ends_by_itself(spawn) else ENDED)
    return max(fates, key=(LEFT, LATE, ENDED).index) if fates else without_end(spawn)


def list_of(use: Use) -> str:
    """Return the list of the function's own that an object is appended to, "" for another use of it."""
    function = getattr(use.node, "func", None)
    if not isinstance(function, ast.Attribute) or function.attr != "append" or not isinstance(function.value, ast.Name):
        return ""
    found = use.scope.find(function.value.id, function.lineno)
    own = found is not None and found[1].node.__class__ is not ast.Module and isinstance(found[0].value, ast.List)
    return function.value.id if own else ""


def fate_of_list(spawn: Spawn, name: str) -> str:
    """Judge the objects in a list by what is done with the list and in the loops over it."""
    uses = [use for use in uses_of(spawn.function, name) if use.verb not in ("append", "extend")]
    for variable in loop_names(spawn.function, name):
        uses.extend(use for use in uses_of(spawn.function, variable) if not list_of(use))
    if any(use.verb in ("escape", "with", "handed") or is_end(use.verb) for use in uses):
        return ENDED
    return without_end(spawn)


def is_late(spawn: Spawn, ends: list[Use]) -> bool:
    """Tell whether all that ends an object stands below an assertion, where a failure skips it."""
    if any(use.verb not in spawn.kind.late and use.verb != "wait" for use in ends):
        return False
    last = spawn.call.end_lineno or spawn.call.lineno
    return all(
        use.scope is spawn.scope
        and not is_after_yield(use.scope, use.node)
        and is_asserted_between(use.scope, last, use.node.lineno)
        for use in ends
    ) and any(use.verb in spawn.kind.late for use in ends)
