"""Changes that a suite makes to modules and classes, and does not put back, each with the rule that it belongs to."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue._containers import ALL_METHODS, METHODS
from hermetic.catalogue.rule import PROJECT
from hermetic.catalogue.state._targets import CLASS_STATE, MOCKS, MODULE_STATE, code_of, container_kind
from hermetic.source import roles
from hermetic.source.callee import ancestry, call_behind, find_class
from hermetic.source.changes import called, import_time, set_by_name, stores_of
from hermetic.source.leading import is_support
from hermetic.source.names import resolve
from hermetic.source.scope import Scope
from hermetic.source.text import contains
from hermetic.source.values import stores_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.catalogue.state._data import DataState
    from hermetic.source.leaks import Leak
    from hermetic.source.module import Module
    from hermetic.source.project import Project

SUITE = (b"def test", b"fixture", b"def setUp", b"def setup", b"class Test")
MAX_FUNCTIONS = 2000
STORES = (b"] = ", b" += ", b" |= ", b" -= ", b" &= ", b"del ", b"setattr(", b"delattr(")
CALLS = {name.encode(): f".{name}(".encode() for name in ALL_METHODS}
CHANGES = (*STORES, *CALLS.values())
# What may change a name of the module that a function is in.
TOKENS = (b"global ", b".append(", b".extend(", b".insert(", b".remove(", b".discard(", b".pop(", b".add(", b"] = ",
          b"del ", b".update(", b".appendleft(", b".clear(")  # fmt: skip
OF_SUITE = ("support", "helper", "testing", "test", "fixture", "factor", "fake", "stub", "conftest", "seed")


class Found:
    """One leak, the rule whose business it is, and the dotted name of what is changed."""

    __slots__ = ("code", "dotted", "leak")

    def __init__(self, code: str, dotted: str, leak: Leak) -> None:
        self.code = code
        self.dotted = dotted
        self.leak = leak

    def told(self, root: Scope, project: Project, usual: str) -> dict[str, str]:
        """Return the parts of a message; `usual` is what is done to a name that is bound to another value."""
        from hermetic.catalogue.state._told import told

        return told(self, root, project, usual)


def leaks_of(module: Module, project: Project) -> list[Found]:
    """Return what the tests, fixtures and setups of a file change in modules and classes; worked out once."""
    known: list[Found] | None = module.top.memo.get("module leaks")
    if known is None:
        known = module.top.memo["module leaks"] = []
        if module.is_test or roles.is_conftest(module.path):
            states = states_in(module, project)
            found = list(find_all(module, states, project)) if states else []
            known.extend(item for item in found if not any(is_on(item, other) for other in found))
    return known


def harmful(code: str, module: Module, project: Project) -> Iterator[tuple[Found, Scope]]:
    """Yield the leaks of one rule that do harm, each with the test, fixture or setup that makes the change."""
    for found in leaks_of(module, project):
        if found.code == code and found.leak.root is not None:
            from hermetic.catalogue.state._benign import is_benign

            if not is_benign(found, project):
                yield found, found.leak.root


def is_on(found: Found, other: Found) -> bool:
    """Tell whether what is set belongs to what the same function has set before: that is the one to put back."""
    first, second = other.leak.change, found.leak.change
    return (
        found.dotted.startswith(f"{other.dotted}.")
        and first.scope is second.scope
        and first.line < second.line
        and isinstance(first.node, ast.Assign)
    )


def find_all(module: Module, states: dict[tuple[str, str], DataState], project: Project) -> Iterator[Found]:
    """Yield the leaks, one for each place; a file without such states does without what is imported here."""
    from hermetic.catalogue.state._as_found import (
        ends_as_it_was,
        is_copy_of_itself,
        is_removed_where_it_is,
        is_reset,
        is_turned_back,
    )
    from hermetic.catalogue.state._elsewhere import is_kept_by_hook, is_of_a_fake_module, removes_what_may_be_there
    from hermetic.source.leaks import find_leaks

    seen: set[tuple[str, int]] = set()
    for (dotted, code), state in states.items():
        for leak in find_leaks(module, state, project):
            place = (leak.change.scope.module.path, leak.change.line)
            if leak.deep and project.presets.isdisjoint((PROJECT, code)):
                continue
            if place in seen or is_reset(leak, state, project) or is_elsewhere(leak.change.scope):
                continue
            if PROJECT not in project.presets and removes_what_may_be_there(leak.change, state, dotted, project):
                continue
            if is_copy_of_itself(leak):
                continue
            if is_of_a_fake_module(leak, dotted, project) or is_kept_by_hook(leak, code, project):
                continue
            if is_removed_where_it_is(leak.change, dotted) or is_turned_back(leak.change, state):
                continue
            if not ends_as_it_was(leak, dotted, project):
                seen.add(place)
                yield Found(code, dotted, leak)


def states_in(module: Module, project: Project) -> dict[tuple[str, str], DataState]:
    """Return a state for each attribute or container of a module or class that the file changes."""
    found: dict[tuple[str, str], DataState] = {}
    for scope in scopes_in(module, project):
        for name, dotted, code in changed_in(scope, project):
            from hermetic.catalogue.state._data import state_of

            state = found.setdefault((dotted, code), state_of(dotted))
            state.aliases[name] = dotted
    return found


def scopes_in(module: Module, project: Project) -> Iterator[Scope]:
    """Yield the loaded scopes whose changes count: functions of the file, helpers that it imports, and its body."""
    signs = (*STORES, *(CALLS[name] for name in CALLS.keys() & module.word_set))
    for function in module.top.functions[:MAX_FUNCTIONS]:
        if may_store(module.text(function), signs):
            yield from module.load(function).family()
    for helper in helpers_of(module, project):
        yield from helper.module.load(helper).family()
    yield from import_time(module.top)


def helpers_of(module: Module, project: Project) -> Iterator[Scope]:
    """Yield the functions of other project files that a file may call and that set an attribute, by their text."""
    for item in module.outline.located:
        for names in storing(item.path, project):
            for name in names & {item.name} if item.name else names:
                if name in module.words:
                    dotted = item.dotted if item.name else f"{item.dotted}.{name.decode()}"
                    found = project.definition(dotted, module.folder)
                    if found is not None and found.is_function:
                        yield found


def storing(path: str, project: Project) -> list[frozenset[bytes]]:
    """Return the names of a file's functions that set an attribute or, in one of the suite, change a container."""
    known: dict[str, list[frozenset[bytes]]] = project.about("storing")
    if path not in known:
        suite = is_of_suite(path)
        text = project.text(path)
        known[path] = [
            block.names
            for block in (text.outline.blocks if text is not None else ())
            if b"def " in block.text[:10] and (sets_attribute(block.text) or (suite and contains(block.text, CHANGES)))
        ]
    return known[path]


def is_of_suite(path: str) -> bool:
    """Tell whether a file is a helper of the suite, by its name."""
    last = path.replace("\\", "/").rpartition("/")[2]
    return is_support(path) or any(word in last for word in OF_SUITE)


def sets_attribute(text: bytes) -> bool:
    """Tell whether a line of a text looks like the assignment of an attribute of something else than `self`."""
    if b"setattr(" in text:
        return True
    place = text.find(b" = ")
    while place >= 0:
        target = text[text.rfind(b"\n", 0, place) + 1 : place]
        if b"." in target and not target.lstrip().startswith((b"self.", b"cls.")):
            return True
        end = text.find(b"\n", place)
        place = text.find(b" = ", end) if end >= 0 else -1
    return False


def is_elsewhere(scope: Scope) -> bool:
    """Tell whether a function in a test is handed by a decorator to what runs it elsewhere, in a browser or process."""
    current: Scope | None = scope
    while current is not None and current.parent is not None and current.parent.is_function:
        if getattr(current.node, "decorator_list", None):
            return True
        current = current.parent
    return False


def may_store(text: bytes, signs: tuple[bytes, ...]) -> bool:
    """Tell whether a function or statement may set an attribute of something, or change a container that it names.

    `signs` are those of such changes that stand in the file.
    """
    return contains(text, signs) or sets_attribute(text)


def changed_in(scope: Scope, project: Project) -> Iterator[tuple[str, str, str]]:
    """Yield `(name as it is spelled, dotted name, code)` of what a scope sets or changes."""
    for verb, name, target, node in stores_of(scope):
        if verb == "attribute" and not isinstance(node, ast.AugAssign):
            owner = target.value if isinstance(target, ast.Attribute) else None
            base, _, attribute = name.rpartition(".")
            meant = class_behind(scope, owner) or base
            code = code_of(scope, meant, attribute, getattr(node, "value", None), project)
            if code:
                yield name, f"{meant}.{attribute}", code
        elif verb in ("item", "augmented"):
            yield from of_container(scope, name, project)
    for name, calls in called(scope).items():
        base, _, method = name.rpartition(".")
        if method in ALL_METHODS:
            yield from of_container(scope, base, project, method)
        for call in calls if name in ("setattr", "delattr") else ():
            dotted = set_by_name(scope, call)
            base, _, attribute = dotted.rpartition(".")
            value = call.args[2] if len(call.args) > 2 else None  # noqa: PLR2004 - object, name, value
            code = code_of(scope, base, attribute, value, project) if dotted else ""
            if code:
                yield dotted, dotted, code


def class_behind(scope: Scope, owner: ast.expr | None) -> str:
    """Return the class that `type(thing)` or `thing.__class__` means, where the thing was made here.

    A mock has a class of its own, which `type(mock).name = PropertyMock()` is meant for.
    """
    made: ast.expr | None = None
    if isinstance(owner, ast.Call) and getattr(owner.func, "id", "") == "type" and len(owner.args) == 1:
        made = owner.args[0]
    elif isinstance(owner, ast.Attribute) and owner.attr == "__class__":
        made = owner.value
    name = resolve(scope, made) if made is not None else ""
    if not name.endswith("()") or name.rpartition(".")[2].removesuffix("()") in MOCKS:
        return ""
    cls = class_of(scope, made)
    of_mock = cls is not None and any(is_of_mock(level) for level in ancestry(cls))
    return "" if of_mock else name.removesuffix("()")


def class_of(scope: Scope, made: ast.expr | None) -> Scope | None:
    """Return the project's class whose object a variable holds."""
    call = call_behind(scope, made) if made is not None else None
    return find_class(scope, call.func) if call is not None else None


def is_of_mock(cls: Scope) -> bool:
    """Tell whether a class inherits from one of the mocks."""
    outer = cls.parent or cls
    return any(resolve(outer, base).rpartition(".")[2] in MOCKS for base in cls.bases)


def of_container(scope: Scope, name: str, project: Project, method: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield what `changed_in` does for a container, also one of a class that is reached through an object."""
    dotted = name
    if "()." in name and name.count("()") == 1:
        made, _, attribute = name.partition("().")
        cls = project.definition(made, scope.module.folder) if "." not in attribute else None
        if f".{attribute} = ".encode() in scope.module.data:
            return  # the object may have one of its own
        if cls is None or not cls.is_class or any(stores_to(level, attribute) for level in project.lineage(cls)):
            return
        dotted = f"{made}.{attribute}"
    code = container_code(scope, dotted, project, method)
    if code:
        yield name, dotted, code


def container_code(scope: Scope, dotted: str, project: Project, method: str = "") -> str:
    """Return the rule for a change of a container that a module or class of the project holds, "" for others."""
    if not dotted or dotted[0] in "@[" or any(mark in dotted for mark in "([<") or "." not in dotted.strip("."):
        return ""
    near = scope.module.folder
    if dotted[0] == ".":
        owner, _, name = dotted[1:].rpartition(".")
        bound = scope.module.top.find(owner)
        held, where = (bound[0].value, bound[1]) if bound is not None else (None, scope)
    else:
        located = project.locate(dotted, near)
        if located is not None:
            binding = project.binding(dotted, near)
            kind = container_kind(binding[1], binding[0].value) if binding is not None else ""
            return MODULE_STATE if fits(kind, method) else ""
        owner, _, name = dotted.rpartition(".")
        bound = project.binding(owner, near)
        held, where = (bound[0].value, bound[1]) if bound is not None else (None, scope)
    if not isinstance(held, Scope) or not held.is_class or name not in held.bindings:
        return ""
    kind = container_kind(where, held.bindings[name][-1].value)
    return CLASS_STATE if fits(kind, method) else ""


def fits(kind: str, method: str) -> bool:
    """Tell whether a container of a kind has a method that changes it."""
    return bool(kind) and (not method or method in METHODS[kind])
