"""Who calls whom, and with what: from a function that changes something to the test or fixture that reaches it."""

from __future__ import annotations

import _ast as ast
import os

from hermetic.source import roles
from hermetic.source.blocks import is_after_yield
from hermetic.source.callee import CONSTRUCTORS, ancestry, is_entered, own_constructor, run_by
from hermetic.source.changes import called
from hermetic.source.finalizers import is_in_cleanup
from hermetic.source.names import find_function, is_context_maker, method_of, resolve
from hermetic.source.never_run import is_skipped
from hermetic.source.restore import after_yield, is_undone
from hermetic.source.undoing import Undo, undoes
from hermetic.source.values import Facts, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

ROOTS = ("test", "fixture", "setup")
MAX_CALLS = 4
TEST_FOLDERS = ("test", "tests", "testing")
LEAVERS = ("os._exit", "os.exec", "os.abort", "sys.exit")


def calls_of(scope: Scope) -> Iterator[ast.Call]:
    """Yield the call nodes of a loaded scope."""
    yield from scope.kept(ast.Call)


def entries_of(inner: Scope) -> list[Placed]:
    """Return the places where the function around a nested one calls it, or where a fixture hands it to tests."""
    known: list[Placed] | None = inner.memo.get("entries")
    if known is None:
        known = inner.memo["entries"] = list(find_entries(inner))
    return known


def find_entries(inner: Scope) -> Iterator[Placed]:
    """Yield what `entries_of` returns."""
    outer = inner.parent
    if outer is None or outer.is_class:
        return
    for call in calls_of(outer):
        if find_function(outer, call.func) is inner:
            yield call
    if roles.role_of(outer) == "fixture":
        for node in outer.kept(ast.Return, ast.Yield):
            if node.value is not None and find_function(outer, node.value) is inner:
                yield node


def callees(function: Scope) -> list[tuple[ast.Call, Scope | None, str]]:
    """Return `(call, function, dotted name)` of the calls in a loaded function that may run code of the project.

    A function of the same file is given as such, one that may come from another file by its name.
    """
    known: list[tuple[ast.Call, Scope | None, str]] | None = function.memo.get("callees")
    if known is None:
        known = function.memo["callees"] = []
        for call in calls_of(function):
            own = find_function(function, call.func) or own_constructor(function, call.func)
            name = "" if own is not None else resolve(function, call.func)
            if own is not None or ("." in name and name[0] not in "@.[" and not name.endswith((")", "]", ">"))):
                known.append((call, own, name))
    return known


def callee_behind(function: Scope, own: Scope | None, name: str, tokens: tuple[bytes, ...]) -> Scope | None:
    """Return the function that a call of `callees` runs, when its file holds one of the tokens."""
    project = function.module.project
    if own is not None or project is None:
        return own
    near = near_of(function.module)
    if not project.leading.leads(name, near, tokens):
        return None
    return run_by(project.definition(name, near))


def near_of(module: Module) -> str:
    """Return the folder of a file, where its imports are looked up first."""
    known: str | None = module.top.memo.get("near")
    if known is None:
        known = module.top.memo["near"] = module.folder
    return known


def imported_calls(module: Module, local: str) -> list[tuple[Scope, Scope, str, list[ast.Call]]]:
    """Return `(function, scope in it, dotted name, calls)` of the calls that a file makes under an imported name."""
    known: dict[str, list[tuple[Scope, Scope, str, list[ast.Call]]]] = module.top.memo.setdefault("imported calls", {})
    if local not in known:
        known[local] = [
            (caller, scope, name, calls)
            for caller in module.functions_naming(local)
            for scope in caller.family()
            if scope is caller or entries_of(scope)
            for name, calls in called(scope).items()
            if first_name(calls[0]) == local and not is_in_cleanup(scope)
        ]
    return known[local]


def first_name(call: ast.Call) -> str:
    """Return the variable that the dotted name of a call starts with."""
    first: ast.expr = call.func
    while isinstance(first, ast.Attribute):
        first = first.value
    return first.id if isinstance(first, ast.Name) else ""


def first_root(function: Scope, undo: Undo, project: Project) -> Scope | None:
    """Return the first test, fixture or setup from which a change in `function` escapes; None when none does."""
    from hermetic.source.around import undone_around

    seen = {function}
    pending = [function]
    for _ in range(MAX_CALLS):
        callers: list[Scope] = []
        for current in pending:
            if roles.role_of(current) in ROOTS:
                if is_skipped(current):
                    continue
                if not is_configuration(current, undo, project) and not undone_around(current, undo, project):
                    return current
            elif roles.role_of(current) == "helper":
                callers.extend(caller for caller in callers_of(current, undo) if caller not in seen)
        seen.update(callers)
        pending = callers
    return None


def is_configuration(root: Scope, undo: Undo, project: Project) -> bool:
    """Tell whether a fixture gives all tests the same: it runs once before them, or before each and sets a value."""
    if (
        "project" in project.presets
        or not roles.is_conftest(root.module.path)
        or roles.role_of(root) != "fixture"
        or not roles.is_autouse(root)
    ):
        return False
    if roles.fixture_scope(root) == "session":
        return True
    folder = root.module.folder
    whole = folder == project.root or os.path.basename(folder) in TEST_FOLDERS
    return whole and roles.fixture_scope(root) == "function" and undo.sets_value()


def callers_of(function: Scope, undo: Undo) -> Iterator[Scope]:
    """Yield the functions of the same file that call `function` where nothing undoes the change."""
    late = is_context_maker(function) and after_yield(function, undo)
    named = (caller for name in names_calling(function) for caller in function.module.functions_naming(name))
    for caller in named:
        if caller is function or roles.role_of(caller) in ("teardown", "hook"):
            continue
        for scope in caller.family():
            if scope is not caller and (is_in_cleanup(scope) or not entries_of(scope)):
                continue
            calls = (
                call
                for call, own, _ in callees(scope)
                if own is function and not is_ruled_out(scope, call, function, undo)
            )
            if any(not is_call_undone(scope, caller, call, undo, late=late) for call in calls):
                if not may_be_closed(function, undo):
                    yield caller
                break


def is_ruled_out(scope: Scope, call: ast.Call, function: Scope, undo: Undo) -> bool:
    """Tell whether what a call passes rules out the change, as `cwd=None` does below `if cwd is not None`."""
    change = getattr(undo, "change", None)
    places = [(change.scope, change.node)] if change is not None and change.scope is function else undo.entries
    if not places or not all(place is function or place.parent is function for place, _ in places):
        return False
    facts = given(scope, call, function, Facts(scope, {}))
    return all(is_refuted(place, node, facts) for place, node in places)


def is_refuted(scope: Scope, node: ast.AST, facts: Facts) -> bool:
    """Tell whether a condition that can be read sends a call of a function past a node of it."""
    for child, parent in scope.ancestors(node):
        if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test:
            value = read(scope, parent.test, facts)
            body = parent.body if isinstance(parent.body, list) else [parent.body]
            if value is not None and value.truth is not None and value.truth is not (child in body):
                return True
    return False


def names_calling(function: Scope) -> list[str]:
    """Return the names under which a file calls a function; a constructor goes by its class and the classes below."""
    if function.name not in CONSTRUCTORS or function.owner is None:
        return [function.name]
    owner = function.owner
    return [owner.name, *(cls.name for cls in owner.module.top.classes if cls is not owner and owner in ancestry(cls))]


def may_be_closed(function: Scope, undo: Undo) -> bool:
    """Tell whether a function is the constructor of a class with a method that undoes the change.

    Whether somebody calls that on the object is for the run to tell: objects are handed on, closed by fixtures and
    frameworks, and entered.
    """
    if function.name not in CONSTRUCTORS or function.owner is None:
        return False
    others = [method for cls in ancestry(function.owner) for method in cls.functions if method is not function]
    return any(undoes(method, undo) for method in others)


def is_call_undone(scope: Scope, caller: Scope, call: ast.Call, undo: Undo, *, late: bool = False) -> bool:
    """Tell whether what a call changes is undone by the function that makes it, or by the one around that.

    `late`: the call gives a context manager that restores unless its block fails, as one that is entered in a setup
    and closed by a cleanup never does.
    """
    if is_undone(scope, call, undo) or is_in_child(scope, call) or is_after_yield(scope, call):
        return True
    if late and is_entered(scope, call):
        return True
    return scope is not caller and any(is_undone(caller, entry, undo) for entry in entries_of(scope))


def is_in_child(scope: Scope, node: ast.AST) -> bool:
    """Tell whether a node runs in a forked child only: below an `if` or in a `try` that ends the process."""
    leaving = [call for name, calls in called(scope).items() if name.startswith(LEAVERS) for call in calls]
    return bool(leaving) and any(
        isinstance(parent, (ast.If, ast.Try)) and any(is_in_block(parent, child, call) for call in leaving)
        for child, parent in scope.ancestors(node)
    )


def is_in_block(parent: ast.If | ast.Try, child: ast.AST, call: ast.Call) -> bool:
    """Tell whether a call stands in the same branch of an `if` as a statement, or anywhere in its `try`."""
    if isinstance(parent, ast.Try):
        return parent.lineno <= call.lineno <= (parent.end_lineno or 0)
    block = parent.body if child in parent.body else parent.orelse
    return bool(block) and block[0].lineno <= call.lineno <= (block[-1].end_lineno or 0)


def given(scope: Scope, call: ast.Call, target: Scope, facts: Facts) -> Facts:
    """Return what a call that stands in `scope` tells about the parameters of the function that it runs."""
    key = ("given", call, target, facts.key)
    known: Facts | None = scope.memo.get(key)
    if known is None:
        known = find_given(scope, call, target, facts)
        if scope.is_settled:
            scope.memo[key] = known
    return known


def find_given(scope: Scope, call: ast.Call, target: Scope, facts: Facts) -> Facts:
    """Work out what `given` returns."""
    arguments = target.arguments
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(reversed(named), reversed(arguments.defaults), strict=False))
    defaults |= {
        argument.arg: default
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    if target.owner is not None and not is_static(target):
        named = named[1:]
    outer = target.parent or target
    nothing = Facts(target, {})
    spread = any(isinstance(item, ast.Starred) for item in call.args)
    brought = [keys_of(scope, item.value) for item in call.keywords if not item.arg]
    open_ended = spread or None in brought
    taken = {name for names in brought for name in names or ()}
    left = {} if open_ended else {name: node for name, node in defaults.items() if name not in taken}
    values = {name: read(outer, node, nothing) for name, node in left.items()}
    plain = [] if open_ended else call.args
    values |= {name: read(scope, node, facts) for name, node in zip(named, plain, strict=False)}
    values |= {item.arg: read(scope, item.value, facts) for item in call.keywords if item.arg}
    maker = maker_of(scope, call, facts) if target.owner is not None else None
    return Facts(target, {name: value for name, value in values.items() if value is not None}, maker)


def keys_of(scope: Scope, spread: ast.expr) -> set[str] | None:
    """Return the names that a call is given by `**spread`, None where only the run knows them."""
    from hermetic.source.brought import names_brought

    return names_brought(scope, spread)


def maker_of(scope: Scope, call: ast.Call, facts: Facts) -> Facts | None:
    """Return the facts about the constructor of an object, where one of its methods calls another of them."""
    method = method_of(scope)
    if method is not facts.function or find_function(scope, call.func) is None or facts.function.owner is None:
        return None
    return facts if facts.function.name == "__init__" else facts.maker


def is_static(function: Scope) -> bool:
    """Tell whether a method takes no object."""
    decorators = function.decorators
    return any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in decorators)
