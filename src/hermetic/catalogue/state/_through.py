"""Data of a module that a function of it changes when a test calls that function."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue._containers import ALL_METHODS, MAKERS
from hermetic.catalogue.state._as_found import is_reset
from hermetic.catalogue.state._benign import FILLED, is_emptied
from hermetic.catalogue.state._leaks import TOKENS
from hermetic.catalogue.state._targets import container_kind, made_alike, same_literal
from hermetic.source.blocks import is_after_yield
from hermetic.source.callee import CONSTRUCTORS, ancestry, find_callee, find_imported, method_in, run_by
from hermetic.source.callee import is_entered as is_on_stack
from hermetic.source.certain import is_under_test
from hermetic.source.changes import Change
from hermetic.source.imports import is_import
from hermetic.source.interest import Interest
from hermetic.source.name_words import COUNT, DONE, speaks_of
from hermetic.source.names import resolve
from hermetic.source.outline import COMPOUND, first_word
from hermetic.source.text import DEFINERS, contains
from hermetic.source.unreached import is_dead
from hermetic.source.values import UNKNOWN
from hermetic.source.visits import Visit, roots, visits
from hermetic.source.written import Place, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.text import Text

    # A statement or call, the name that it changes, and what it sets or adds where it counts only if that is known.
    Touched = tuple[Placed, str, list[ast.expr] | None]

DEPTH = 2  # a test, or a helper beside it, calls the function
GROWING = ("append", "extend", "insert", "appendleft", "extendleft")
SHRINKING = ("remove", "pop", "discard", "clear", "popleft", "popitem", "__delitem__")
FILLING = ("add", "update", "setdefault", "__setitem__")
METHODS = frozenset(ALL_METHODS).intersection((*GROWING, *SHRINKING, *FILLING))
# How what makes a container starts: see `container_kind`.
MADE = (b"[", b"{", *(name.rpartition(".")[2].encode() for name in MAKERS))


class Changing(Interest):
    """What may change a name of its module: a `global`, or a container that the file holds."""

    def starts(self, text: Text, _calls: frozenset[bytes], raw: bytes) -> bool:
        """Tell whether a definition has a `global`, or changes what the file holds, by its text."""
        return contains(raw, changing_parts(text))

    def may_start(self, text: Text) -> bool:
        """Tell whether a file has a function of this kind at all."""
        return bool(changing_parts(text))


INTEREST = Changing("HRM601", TOKENS, (), rounds=DEPTH)


def held_by(text: Text) -> frozenset[bytes]:
    """Return the public names that the top level of a file binds to what may be a container."""
    known: frozenset[bytes] | None = text.memo.get("held")
    if known is None:
        blocks = (item for item in text.outline.blocks if not item.whole.startswith((b"@", *DEFINERS)))
        known = text.memo["held"] = frozenset(
            name
            for block in blocks
            if not is_import(block.whole) and may_make(block.whole)
            for name in block.names
            if not name.startswith(b"_")
        )
    return known


def changing_parts(text: Text) -> tuple[bytes, ...]:
    """Return what stands in the functions of a file that may change its names."""
    known: tuple[bytes, ...] | None = text.memo.get("changing")
    if known is None:
        plain = text.plain
        parts = [b"global "] if b"global " in plain else []
        for name in held_by(text) if text.holds(TOKENS) else ():
            if name + b"." in plain:
                methods = (name + b"." + method.encode() + b"(" for method in (*GROWING, *SHRINKING, *FILLING))
                parts += [part for part in methods if part in plain]
            if any(b"=" in line or not line.rstrip() for line in lines_behind(plain, name + b"[")):
                parts.append(name + b"[")
        known = text.memo["changing"] = tuple(parts)
    return known


def lines_behind(plain: bytes, part: bytes) -> Iterator[bytes]:
    """Yield what follows each place of a part in its line."""
    place = plain.find(part)
    while place >= 0:
        end = plain.find(b"\n", place)
        yield plain[place + len(part) : end if end >= 0 else len(plain)]
        place = plain.find(part, place + 1)


def may_make(statement: bytes) -> bool:
    """Tell whether a statement of the top level may bind a name to a container that it makes."""
    if first_word(statement) in COMPOUND:
        return contains(statement, MADE)
    value = statement.partition(b"=")[2].lstrip(b" (\\\n")
    called = value.partition(b"(")[0].rpartition(b".")[2]
    return value.startswith((b"[", b"{")) or called in MADE or b" = " in value.partition(b"\n")[0]


class Changed:
    """A line of a function that changes a name of its module, and the test that certainly gets there."""

    __slots__ = ("name", "node", "root", "scope")

    def __init__(self, root: Scope, scope: Scope, node: Placed, name: str) -> None:
        self.root = root
        self.scope = scope
        self.node = node
        self.name = name


def changed_through(module: Module, project: Project) -> Iterator[Changed]:
    """Yield what tests have functions of other files change, and nothing puts back."""
    seen: set[tuple[Scope, str]] = set()
    for root in roots(module, INTEREST):
        reached = [visit for visit in visits(root, TOKENS, DEPTH, INTEREST) if visit.target is not None]
        once: dict[Scope | None, bool] = {}
        for visit in reached:
            once[visit.target] = visit.target not in once
        for visit in reached:
            target = visit.target
            if target is None or target.module is module or not contains(target.module.text(target), TOKENS):
                continue
            if not once[target]:
                continue  # the second call may well take back what the first has done
            if any(is_after_yield(item.scope, item.call) for item in visit.chain()):
                continue
            for scope, node, name in certain_changes(visit, target):
                taken = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SHRINKING
                if (scope, name) not in seen and is_left(visit, target, name, project, taken=taken):
                    seen.add((scope, name))
                    yield Changed(root, scope, node, name)


def is_known_to_tests(changed: Changed) -> bool:
    """Tell whether what is changed is data of the suite, or the file of the test names it: its tests may look at it."""
    return not is_under_test(changed.scope.module) or changed.name.encode() in changed.root.module.words


def certain_changes(visit: Visit, target: Scope) -> Iterator[tuple[Scope, Placed, str]]:
    """Yield `(scope, node, name)` of the changes that a call of a function certainly makes and does not take back."""
    way = visit.way.through(visit.call, target)
    for scope in target.module.load(target).family():
        for node, name in changes_of(scope, visit):
            if is_dead(scope, node) or is_asked(scope, node, name) or is_put_back(target, node, name):
                continue
            if way.passes(scope, node):
                yield scope, node, name


def is_asked(scope: Scope, node: ast.AST, name: str) -> bool:
    """Tell whether a change is made only where the name has a certain value: it is filled in once."""
    return any(
        isinstance(parent, ast.If) and name.encode() in scope.module.lines[parent.lineno - 1]
        for _, parent in scope.ancestors(node)
    )


def changes_of(scope: Scope, visit: Visit) -> Iterator[tuple[Placed, str]]:
    """Yield the statements and calls that change a name of the module, and the name; what is meant to be filled not."""
    known: list[Touched] | None = scope.memo.get("touched")
    if known is None:
        known = scope.memo["touched"] = [*touched_by_statement(scope), *touched_by_call(scope)]
    for node, name, given in known:
        values = [value_of(Place(scope, item, visit)) for item in given or ()]
        if given is None or (values and UNKNOWN not in values):
            yield node, name


def touched_by_statement(scope: Scope) -> Iterator[Touched]:
    """Yield the assignments to a name of the module, or to an item of it."""
    for node in scope.kept(ast.Assign, ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in scope.globals and is_rebound(scope, node, target.id):
                yield node, target.id, None
            elif isinstance(target, ast.Subscript) and (name := held_name(scope, target.value)):
                yield node, name, [node.value]


def touched_by_call(scope: Scope) -> Iterator[Touched]:
    """Yield the calls of methods that change a container of the module."""
    for call in scope.kept(ast.Call):
        function = call.func
        if not isinstance(function, ast.Attribute) or function.attr not in METHODS:
            continue
        name = held_name(scope, function.value)
        if name and not (function.attr == "clear" and is_empty_at_first(scope, name)):
            yield call, name, call.args if function.attr in FILLING else None


def held_name(scope: Scope, expression: ast.expr) -> str:
    """Return the name of a container of the module that an expression is, see `is_held`; "" for anything else."""
    name = expression.id if isinstance(expression, ast.Name) else ""
    return name if name and is_held(scope, name, expression.lineno) else ""


def is_held(scope: Scope, name: str, line: int) -> bool:
    """Tell whether a name is a container of the module that is not there to be filled, by its name."""
    found = scope.find(name, line)
    if found is None or found[1] is not scope.module.top or found[0].kind != "assign":
        return False
    return not name.startswith("_") and not speaks_of(name, FILLED) and bool(container_kind(found[1], found[0].value))


def is_empty_at_first(scope: Scope, name: str) -> bool:
    """Tell whether a module begins with an empty container of this name: to clear that puts it back."""
    value = scope.module.top.bindings[name][0].value if name in scope.module.top.bindings else None
    made = isinstance(value, ast.Call) and not value.args
    return isinstance(value, ast.expr) and (made or is_emptied(value))


def is_rebound(scope: Scope, node: ast.AST, name: str) -> bool:
    """Tell whether a global name gets another value, and it is no lazy one, counter or private flag."""
    bindings = scope.module.top.bindings.get(name, [])
    first = bindings[0].value if bindings else None
    given = getattr(node, "value", None)
    if not isinstance(first, ast.expr) or speaks_of(name, FILLED | COUNT):
        return False
    if is_emptied(given):
        return not is_emptied(first)
    if isinstance(first, ast.Constant):
        value = first.value
        if value is None or (isinstance(value, bool) and name.startswith("_") and speaks_of(name, DONE)):
            return False
        if isinstance(value, int) and not isinstance(value, bool) and name.startswith("_"):
            return False
    if isinstance(given, ast.Call) and isinstance(first, ast.Call) and made_alike(given, first):
        return False
    if isinstance(given, ast.Attribute) and isinstance(first, ast.Attribute):
        return resolve(scope, given) != resolve(scope.module.top, first) or not resolve(scope, given)
    return not (isinstance(given, ast.Constant) and (given.value is None or same_literal(given, first)))


def is_put_back(function: Scope, node: Placed, name: str) -> bool:
    """Tell whether the function that makes a change takes it back further down, or makes it when it cleans up."""
    if is_after_yield(function, node):
        return True
    lines = function.module.text(function).split(b"\n")
    below = lines[node.lineno - function.line + 1 :]
    return any(contains(line, backs_of(name)) for line in below)


def backs_of(name: str) -> tuple[bytes, ...]:
    """Return what a line looks like that takes something out of a container, or binds a name again."""
    ends = (".pop(", ".remove(", ".clear(", ".discard(", "[:] =", " = ")
    return (*(f"{name}{end}".encode() for end in ends), f"del {name}".encode())


def has_counterpart(visit: Visit, target: Scope, name: str, *, taken: bool) -> bool:
    """Tell whether the test or fixture also uses another function of the module, which puts the name back.

    What is only `taken` out may be what that function, or the constructor of a class, has put in.
    """
    adding = tuple(part.encode() for part in (f"{name}[", *(f"{name}.{method}(" for method in (*GROWING, *FILLING))))
    only_taken = taken and not contains(target.module.text(target), adding)
    signs = (*backs_of(name), *adding) if only_taken else backs_of(name)
    start = visit.root if visit.root.is_function else visit.scope
    for scope in start.family():
        for call in scope.kept(ast.Call):
            for used in (call.func, *call.args):
                other = find_callee(scope, used) or run_by(find_imported(scope, used))
                if other is None or other is target or other.module is not target.module:
                    continue
                if contains(other.module.text(other), signs):
                    return True
    return False


def is_entered(visit: Visit, target: Scope, name: str) -> bool:
    """Tell whether a call makes a manager, entered at once, which puts the name back when it is left."""
    leave = method_in(target.owner, "__exit__") if target.owner is not None else None
    parent = visit.scope.parents.get(visit.call)
    entered = isinstance(parent, ast.withitem) or is_on_stack(visit.scope, visit.call)
    return entered and leave is not None and contains(leave.module.text(leave), backs_of(name))


def may_take_itself_out(target: Scope, name: str) -> bool:
    """Tell whether a function is the constructor of a class of which another method takes the object itself out."""
    if target.owner is None or target.name not in CONSTRUCTORS:
        return False
    others = (method for cls in ancestry(target.owner) for method in cls.functions if method is not target)
    ends = (f"{name}.remove(self)".encode(), f"{name}.discard(self)".encode())
    return any(contains(method.module.text(method), ends) for method in others)


def is_left(visit: Visit, target: Scope, name: str, project: Project, *, taken: bool) -> bool:
    """Tell whether nothing around a call puts the name of a module back, nor sets it before each test."""
    from hermetic.catalogue.state._data import state_of
    from hermetic.source.around import undone_around
    from hermetic.source.leaks import Leak
    from hermetic.source.restore import is_undone
    from hermetic.source.undo import UndoState

    module = target.module
    if has_counterpart(visit, target, name, taken=taken) or is_entered(visit, target, name):
        return False
    if may_take_itself_out(target, name):
        return False
    state = state_of(f"{module.name}.{name}")
    for item in visit.chain():
        change = Change(item.scope, item.call, f"{module.name}.{name}", "")
        if is_undone(item.scope, item.call, UndoState(state, change)):
            return False
    if visit.is_mocked("", project):
        return False
    last = Change(visit.scope, visit.call, f"{module.name}.{name}", "")
    if undone_around(visit.root, UndoState(state, last), project):
        return False
    return not is_reset(Leak(last, visit.root), state, project, target)
