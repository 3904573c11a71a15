"""Scopes and bindings: which name means what, where.

The module and class level is read at once; the inside of a function only on request (`build_function`).
"""

from __future__ import annotations

import _ast as ast

from hermetic.source.binders import BINDERS, bind_parameters, bind_statement
from hermetic.source.blocks import blocks_of
from hermetic.source.later import LATER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeVar, overload

    from hermetic.source.module import Module
    from hermetic.source.nodes import Definition, Placed

    A = TypeVar("A", bound=Placed)
    B = TypeVar("B", bound=Placed)
    C = TypeVar("C", bound=Placed)
    D = TypeVar("D", bound=Placed)
    E = TypeVar("E", bound=Placed)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
SKIPPED_FIELDS = {"ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "name", "names", "value_type"}
# What a rule can ask a function for. Other nodes are walked through and not kept.
KEPT = (
    ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.With, ast.AsyncWith, ast.Try, ast.TryStar,
    ast.Yield, ast.YieldFrom, ast.Await, ast.Return, ast.Expr, ast.Compare, ast.For, ast.AsyncFor, ast.Global,
    ast.Assert,
)  # fmt: skip


class Binding:
    """One way in which a name gets its value.

    `kind` is `import` (`value` is the dotted name), `assign`, `with`, `for` (`value` is an expression), `param`,
    `def`, `class` (`value` is a `Scope`) or `other`.
    """

    __slots__ = ("kind", "line", "value")

    def __init__(self, kind: str, value: object, line: int) -> None:
        self.kind = kind
        self.value = value
        self.line = line


class Scope:
    """A module, class, function or lambda, with its bindings and what was found in it."""

    def __init__(self, node: Definition, parent: Scope | None, module: Module, name: str = "") -> None:
        self.node = node
        self.parent = parent
        self.module = module
        self.name = name
        self.bindings: dict[str, list[Binding]] = {}
        self.functions: list[Scope] = []  # of a module: every function outside functions; of a class: its methods
        self.classes: list[Scope] = []
        self.nested: list[Scope] = []  # functions and lambdas defined inside this function
        self.statements: list[ast.stmt] = []  # of a module or class: what runs at import, definitions left out
        self.nodes: dict[type, list[Any]] = {}  # by their kind
        self.parents: dict[ast.AST, ast.AST] = {}
        self.globals: set[str] = set()
        self.loaded = False
        self.text: bytes | None = None
        self.memo: dict[object, Any] = {}  # what others have worked out about this scope
        # Asked for more often than anything else, so no properties.
        self.is_class = isinstance(node, ast.ClassDef)
        self.is_function = isinstance(node, FUNCTIONS)  # defined with `def`
        self.owner = parent if parent is not None and parent.is_class else None  # the class that this is a method of

    @property
    def is_settled(self) -> bool:
        """Whether all names are bound that ever will be: those of a function are when its inside has been walked."""
        return self.loaded or self.is_class or self.parent is None

    @property
    def body(self) -> list[ast.stmt]:
        """The statements of a file, class or function; none of a lambda."""
        body = getattr(self.node, "body", None)
        return body if isinstance(body, list) else []

    @property
    def roots(self) -> Sequence[Placed]:
        """What is run in it: its statements, or the expression of a lambda."""
        body = self.node.body
        return body if isinstance(body, list) else [body]

    @property
    def line(self) -> int:
        """The line of a function's or class's `def`, 0 for a module."""
        return getattr(self.node, "lineno", 0)

    @property
    def first_line(self) -> int:
        """The line on which a function or class starts, its decorators included."""
        decorators = self.decorators
        return decorators[0].lineno if decorators else self.line

    @property
    def last_line(self) -> int:
        """The line on which a function or class ends, 0 for a module."""
        return getattr(self.node, "end_lineno", 0)

    @property
    def bases(self) -> list[ast.expr]:
        """The base classes of a class, as they are written."""
        return getattr(self.node, "bases", [])

    @property
    def decorators(self) -> list[ast.expr]:
        """The decorators of a function or class, as they are written."""
        return getattr(self.node, "decorator_list", [])

    @property
    def arguments(self) -> ast.arguments:
        """The parameters of a function or lambda."""
        node = self.node
        assert isinstance(node, (*FUNCTIONS, ast.Lambda))  # noqa: S101 - nobody asks for those of another scope
        return node.args

    @property
    def returned(self) -> ast.expr | None:
        """The type that a function says that it returns, None where it says nothing."""
        return getattr(self.node, "returns", None)

    def bind(self, name: str, kind: str, value: object, line: int) -> None:
        """Record that `name` gets a value at `line`."""
        self.bindings.setdefault(name, []).append(Binding(kind, value, line))

    def find(self, name: str, line: int = 0) -> tuple[Binding, Scope] | None:
        """Return what `name` is bound to when it is read at `line` in this scope, and the scope that binds it.

        In the reading scope the last binding above `line` counts; in an outer scope the last one of all.
        """
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and name not in scope.globals and (scope is self or not scope.is_class):
                found = scope.bindings[name]
                if len(found) == 1:  # as most are
                    return found[0], scope
                if scope is self and line:
                    found = [binding for binding in found if binding.line < line] or found[:1]
                return last_meant(found), scope
            scope = scope.parent
        return None

    if TYPE_CHECKING:

        @overload
        def kept(self, kind: type[A], /) -> Iterator[A]: ...
        @overload
        def kept(self, one: type[A], two: type[B], /) -> Iterator[A | B]: ...
        @overload
        def kept(self, one: type[A], two: type[B], three: type[C], /) -> Iterator[A | B | C]: ...
        @overload
        def kept(self, one: type[A], two: type[B], three: type[C], four: type[D], /) -> Iterator[A | B | C | D]: ...
        @overload
        def kept(
            self, one: type[A], two: type[B], three: type[C], four: type[D], five: type[E], /
        ) -> Iterator[A | B | C | D | E]: ...
        @overload
        def kept(self, *kinds: type[Placed]) -> Iterator[Placed]: ...

    def kept(self, *kinds: type[Any]) -> Iterator[Any]:
        """Yield the nodes of these kinds, in source order within each kind."""
        for kind in kinds:
            yield from self.nodes.get(kind, ())

    def family(self) -> Iterator[Scope]:
        """Yield this function and all functions and lambdas nested in it."""
        stack = [self]
        while stack:
            scope = stack.pop()
            yield scope
            stack.extend(reversed(scope.nested))

    def ancestors(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Yield `(child, parent)` pairs from `node` up to this scope's own node."""
        parents = self.parents
        parent = parents.get(node)
        while parent is not None:
            yield node, parent
            node = parent
            parent = parents.get(node)


class Fields(dict[type, tuple[str, ...]]):
    """For each node class, the fields that can hold nodes worth a visit, last first."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        """Read a class's fields once."""
        names = tuple(name for name in reversed(getattr(kind, "_fields", ())) if name not in SKIPPED_FIELDS)
        self[kind] = names
        return names


FIELDS = Fields()


def last_meant(bindings: list[Binding]) -> Binding:
    """Return the last binding, but not the `x = None` that stands where `x` is not imported or defined."""
    last = bindings[-1]
    stands_in = last.kind == "assign" and isinstance(last.value, ast.Constant) and last.value.value is None
    if stands_in and len(bindings) > 1:
        return next((binding for binding in reversed(bindings) if binding.kind in ("import", "def")), last)
    return last


def build_module(module: Module) -> Scope:
    """Read the module and class level of a file."""
    top = Scope(module.tree, None, module, module.name)
    stack: list[tuple[Scope, list[ast.stmt]]] = [(top, module.tree.body)]
    while stack:
        scope, body = stack.pop()
        for statement in body:
            if isinstance(statement, FUNCTIONS):
                function = Scope(statement, scope, module, statement.name)
                scope.bind(statement.name, "def", function, statement.lineno)
                top.functions.append(function)
                if scope is not top:
                    scope.functions.append(function)
            elif isinstance(statement, ast.ClassDef):
                inner = Scope(statement, scope, module, statement.name)
                scope.bind(statement.name, "class", inner, statement.lineno)
                top.classes.append(inner)
                if scope is not top:
                    scope.classes.append(inner)
                stack.append((inner, statement.body))
            else:
                scope.statements.append(statement)
                bind_statement(scope, statement)
                stack.extend((scope, block) for block in blocks_of(statement))
    top.functions.sort(key=lambda function: function.line)
    return top


def build_function(function: Scope) -> None:
    """Walk the inside of a function, its nested functions included, once."""
    pending = [function]
    while pending:
        scope = pending.pop()
        scope.loaded = True
        bind_parameters(scope)
        walk(scope, scope.node, scope.roots)
        pending.extend(scope.nested)


def load_import_time(scope: Scope) -> Scope:
    """Walk what runs when a module or class body is executed; definitions are left out."""
    if not scope.loaded:
        scope.loaded = True
        inner = {statement for block in scope.statements for part in blocks_of(block) for statement in part}
        walk(scope, scope.node, [statement for statement in scope.statements if statement not in inner])
    return scope


def walk(scope: Scope, owner: ast.AST, roots: Sequence[ast.AST]) -> None:  # noqa: C901 - the hot loop: one function, no calls
    """Visit everything below `roots` that belongs to `scope`, record bindings, parents and the kept nodes."""
    parents, nodes = scope.parents, scope.nodes
    stack: list[Any] = [*reversed(roots)]  # of nodes: what they have, their kind says
    for root in roots:
        parents[root] = owner
    bind_names = scope.is_function or isinstance(scope.node, ast.Lambda)
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind in KEPT_SET:
            nodes.setdefault(kind, []).append(node)
        if kind in SCOPED:
            if not bind_names and kind is not ast.Lambda:
                continue
            inner = Scope(node, scope, scope.module, getattr(node, "name", "<lambda>"))
            scope.nested.append(inner)
            if kind is not ast.Lambda:
                scope.bind(inner.name, "class" if kind is ast.ClassDef else "def", inner, node.lineno)
            continue
        if bind_names and kind in BINDERS:
            bind_statement(scope, node)
        for field in FIELDS[kind]:
            child = getattr(node, field)
            if child.__class__ is list:
                for item in reversed(child):
                    if item.__class__ not in LEAVES:
                        parents[item] = node
                        stack.append(item)
            elif child.__class__ not in LEAVES:
                parents[child] = node
                stack.append(child)


KEPT_SET = frozenset(KEPT)
LEAVES = frozenset({ast.Name, ast.Constant, type(None), str, int, bool, ast.Pass, ast.Break, ast.Continue})
SCOPED = frozenset({*LATER, *LATER.values(), ast.Lambda, ast.ClassDef})
