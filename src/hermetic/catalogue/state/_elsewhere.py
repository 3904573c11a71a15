"""What makes a change of a module or class none that stays: who else keeps it, and what it is made to."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.state._targets import MODULE_STATE, initial
from hermetic.source.changes import called
from hermetic.source.names import resolve
from hermetic.source.putback import is_removal, makes_sure
from hermetic.source.spelling import is_patch
from hermetic.source.teardown import arrangement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.changes import Change
    from hermetic.source.leaks import Leak
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.state import State

AROUND_EACH = (b"def pytest_runtest_teardown(", b"def pytest_runtest_protocol(", b"def pytest_runtest_call(")
DICTS = (b".__dict__", b"vars(")
MODULES = "sys.modules"
# What the names of functions begin with that give what is there already: `find_sink()`.
FINDERS = ("get", "find", "first", "last", "next", "pop", "load", "lookup", "select")


def is_of_a_fake_module(leak: Leak, dotted: str, project: Project) -> bool:
    """Tell whether what is changed is of a module that a test or fixture has put into `sys.modules` for a while."""
    if leak.root is None:
        return False
    return any(
        dotted == name or dotted.startswith(f"{name}.")
        for place in arrangement(leak.root, project)
        for name in faked_in(place)
    )


def faked_in(place: Scope) -> Iterator[str]:
    """Yield the names under which a function has modules of its own: `monkeypatch.setitem`, `patch.dict`."""
    if not place.is_function or b"sys" not in place.module.text(place):
        return
    outer = place.parent or place
    for item in getattr(place.node, "decorator_list", ()):
        if isinstance(item, ast.Call) and is_patch(resolve(outer, item.func)):
            yield from names_given(outer, item)
    for name, calls in called(place).items():
        for call in calls:
            if name.endswith(".setitem") and len(call.args) > 1 and resolve(place, call.args[0]) == MODULES:
                yield from written(call.args[1])
            elif is_patch(name):
                yield from names_given(place, call)


def names_given(scope: Scope, call: ast.Call) -> Iterator[str]:
    """Yield the keys of `patch.dict(sys.modules, {...})`."""
    first = call.args[0] if len(call.args) > 1 else None
    is_table = resolve(scope, first) == MODULES or getattr(first, "value", None) == MODULES
    if is_table and isinstance(call.args[1], ast.Dict):
        for key in call.args[1].keys:
            yield from written(key)


def written(key: ast.expr | None) -> Iterator[str]:
    """Yield a string that is written out."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value


def is_kept_by_hook(leak: Leak, code: str, project: Project) -> bool:
    """Tell whether hooks of a conftest keep what modules hold, and give it back behind each test."""
    if leak.root is None or code != MODULE_STATE:
        return False
    return any(
        b"sys.modules" in conftest.data
        and any(hook in conftest.data for hook in AROUND_EACH)
        and any(word in conftest.data for word in DICTS)
        for conftest in project.conftests(leak.root.module.path)
    )


def removes_what_may_be_there(change: Change, state: State, dotted: str, project: Project) -> bool:
    """Tell whether something is taken out of a container that need not be in it: `discard`, `pop(name, None)`.

    What the container holds from the start is in it. What the same function has made was not there before.
    """
    last = change.what.rpartition(".")[2]
    if last == "remove" and is_made_here(change, dotted):
        return True
    if last != "discard" and not (last in ("pop", "remove") and is_removal(change) and makes_sure(change, state)):
        return False
    given = getattr(change.node, "args", ())
    removed = given[0].value if given and isinstance(given[0], ast.Constant) else None
    first = initial(change.scope, dotted, project)
    items = getattr(first, "keys", None) if isinstance(first, ast.Dict) else getattr(first, "elts", None)
    return removed is None or not any(getattr(item, "value", None) == removed for item in items or ())


def is_made_here(change: Change, dotted: str) -> bool:
    """Tell whether what a call is given is an object that a call in the same function has made, as its name says."""
    given = change.node.args[0] if isinstance(change.node, ast.Call) and change.node.args else None
    bindings = change.scope.bindings.get(given.id, []) if isinstance(given, ast.Name) else []
    maker = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
    if not isinstance(maker, ast.Call):
        return False
    name = getattr(maker.func, "attr", getattr(maker.func, "id", ""))
    lines = change.scope.module.lines[maker.lineno - 1 : maker.end_lineno]
    holder = dotted.rpartition(".")[2].encode()
    return bool(name) and not name.lstrip("_").startswith(FINDERS) and not any(holder in line for line in lines)
