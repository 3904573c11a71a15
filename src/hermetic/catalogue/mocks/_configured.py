"""Whether a mock is told anywhere what to answer, after it was made."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.fixtures._places import paths_below
from hermetic.catalogue.mocks._async_values import lines_with
from hermetic.catalogue.mocks._constructors import keyword, made_mock
from hermetic.catalogue.mocks._replacements import names_of, replacements
from hermetic.source import roles
from hermetic.source.callee import find_callee
from hermetic.source.origins import calls_in
from hermetic.source.spelling import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

ANSWERS = ("return_value", "side_effect", "spec", "spec_set", "wraps", "autospec")
# What stands on a line that tells a mock what to answer, or that it is not asked at all.
SAID = (b".configure_mock(", b".mock_add_spec(", b".attach_mock(", b".assert_not_called(", b".assert_not_awaited(")
# Async functions of the standard library and of anyio that return nothing, under whatever object.
SILENT = frozenset({"sleep", "drain", "wait_closed", "aclose", "checkpoint"})
GIVEN = (b"setattr(", b"patch.object(", b"patch.multiple(")


class Holder:
    """A name under which a mock is known, and the function in which that is so; None stands for the whole file."""

    __slots__ = ("everywhere", "function", "name")

    def __init__(self, name: str, function: Scope | None, *, everywhere: bool = False) -> None:
        self.name = name
        self.function = function
        self.everywhere = everywhere  # files below the conftest see it as well


def is_configured_later(scope: Scope, call: ast.Call, owner: Scope | None, project: Project) -> bool:
    """Tell whether a mock is told what to answer wherever it goes by a name."""
    return any(
        holder.name in SILENT or is_told(holder, scope.module, project) for holder in holders(scope, call, owner)
    )


def holders(scope: Scope, node: ast.Call, owner: Scope | None) -> Iterator[Holder]:
    """Yield the names of the mock that an expression makes."""
    function = outermost_function(scope)
    yield from of_patch(scope, node, owner, function)
    for child, parent in scope.ancestors(node):
        targets = targets_of(parent)
        for target in targets:
            yield from of_target(target, function)
        if isinstance(parent, ast.keyword) and parent.arg is not None and parent.arg not in ANSWERS:
            yield Holder(parent.arg, function)
        elif isinstance(parent, (ast.Return, ast.Yield)) and function is not None:
            yield from of_result(function)
        elif isinstance(parent, ast.Call) and child is not parent.func:
            yield from of_patch(scope, parent, owner, function)
        if targets or isinstance(parent, ast.stmt):
            return


def of_patch(scope: Scope, call: ast.Call, owner: Scope | None, function: Scope | None) -> Iterator[Holder]:
    """Yield the names that a mock gets by a `patch` or its kin."""
    for found in replacements(scope, call):
        yield Holder(found.name, function)
        for _, name in names_of(found, owner):
            yield Holder(text_of(name).rpartition(".")[2], owner or function)


def targets_of(statement: ast.AST) -> list[ast.expr]:
    """Return what an assignment, or `:=`, sets."""
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, (ast.AnnAssign, ast.NamedExpr)) else []


def of_target(target: ast.expr, function: Scope | None) -> Iterator[Holder]:
    """Yield the names that an assignment gives; an attribute is seen by other functions, and so is what is returned."""
    for item in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
        if isinstance(item, ast.Name):
            yield Holder(item.id, function)
            if function is not None and any(is_result(node, item.id) for node in function.kept(ast.Return, ast.Yield)):
                yield from of_result(function)
        elif isinstance(item, ast.Attribute):
            yield Holder(item.attr, None)


def is_result(node: ast.Return | ast.Yield, name: str) -> bool:
    """Tell whether a function returns or yields a variable, alone or with others."""
    value = node.value
    parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    return any(isinstance(part, ast.Name) and part.id == name for part in parts)


def of_result(function: Scope) -> Iterator[Holder]:
    """Yield the names under which others know what a fixture or a helper gives."""
    if roles.role_of(function) == "fixture":
        yield Holder(roles.fixture_name(function), None, everywhere=roles.is_conftest(function.module.path))
        return
    for scope, call in calls_in(function.module, function.name):
        if find_callee(scope, call.func) is function:
            for target in targets_of(scope.parents.get(call, call)):
                name = text_of(target).rpartition(".")[2]
                yield Holder(name, outermost_function(scope) if isinstance(target, ast.Name) else None)


def outermost_function(scope: Scope) -> Scope | None:
    """Return the function that a scope is, or is nested in; None for a module or class body."""
    found = None
    current: Scope | None = scope
    while current is not None and current.parent is not None:
        if current.is_function:
            found = current
        current = current.parent
    return found


def is_told(holder: Holder, module: Module, project: Project) -> bool:
    """Tell whether some line tells the mock of this name what to answer."""
    name = holder.name.encode()
    if not name:
        return False
    text = module.text(holder.function) if holder.function is not None else module.plain
    if tells(text, name):
        return True
    if holder.everywhere:
        texts = (project.read(path) or b"" for path in paths_below(project))
        return any(name in text and tells(text, name) for text in texts)
    return holder.function is not None and is_handed_on(holder)


def tells(text: bytes, name: bytes) -> bool:
    """Tell whether a line of a text sets something below a name, or hands the name to what does."""
    for line in lines_with(text, name):
        for part in line.split(name)[1:]:
            target, equals, _ = part.partition(b" = ")
            if part.startswith((b".", b"[")) and equals and b"(" not in target.replace(b"()", b""):
                return True
            if part.startswith(b".") and any(said in part for said in SAID):
                return True
        if any(giver + name + end in line for giver in GIVEN for end in (b",", b".")):
            return True
    return False


def is_handed_on(holder: Holder) -> bool:
    """Tell whether a function hands a mock to a helper of the suite that tells it what to answer."""
    function = holder.function
    for scope in function.family() if function is not None else ():
        for node in scope.kept(ast.Call):
            places = [number for number, item in enumerate(node.args) if text_of(item) == holder.name]
            helper = find_callee(scope, node.func) if places else None
            if helper is None or not helper.is_function:
                continue
            names = roles.parameters(helper)
            for place in places:
                if place < len(names) and tells(helper.module.text(helper), names[place].encode()):
                    return True
    return False


def is_unconfigured(call: ast.Call) -> bool:
    """Tell whether a mock's constructor, or a `patch`, is given nothing that says what the mock answers."""
    return not any(item.arg != "name" for item in call.keywords) and not call.args


def makes_unconfigured(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a call makes an `AsyncMock` that answers whatever it likes."""
    return made_mock(scope, call) == "AsyncMock" and is_unconfigured(call)


def patches_unconfigured(call: ast.Call) -> bool:
    """Tell whether a `patch` with a `new_callable` says nothing of what its mock answers."""
    known = ("target", "attribute", "new_callable", "create", "name", "unsafe")
    return keyword(call, "new_callable") is not None and all(item.arg in known for item in call.keywords)
