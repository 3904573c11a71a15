"""Which names a statement, a walrus, a comprehension or a function's parameters bind, and to what."""

from __future__ import annotations

import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from hermetic.source.scope import Scope
    from hermetic.source.text import Text

    class Binder(Protocol):
        """What is told of the names that an import binds: a scope, or what stands for one."""

        @property
        def module(self) -> Text:
            """The file of the import."""

        def bind(self, name: str, kind: str, value: object, line: int, /) -> None:
            """Take a name."""


def bind_parameters(scope: Scope) -> None:
    """Bind a function's parameters; those of a nested class body there are none."""
    arguments = getattr(scope.node, "args", None)
    if arguments is None:
        return
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named.extend(extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None)
    for argument in named:
        scope.bind(argument.arg, "param", argument.arg, 0)


def bind_statement(scope: Scope, node: ast.AST) -> None:
    """Record the names that one statement (or walrus, or comprehension) binds."""
    binder = BINDERS.get(node.__class__)
    if binder is not None:
        binder(scope, node)


def bind_assignment(scope: Scope, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
    """Bind the targets of an assignment."""
    if node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
            bind_target(scope, target, "assign", node.value, node.lineno)


def bind_loop(scope: Scope, node: ast.For | ast.AsyncFor | ast.comprehension) -> None:
    """Bind the names of a loop or a comprehension."""
    bind_target(scope, node.target, "for", node.iter, getattr(node, "lineno", 0))


def bind_with(scope: Scope, node: ast.With | ast.AsyncWith) -> None:
    """Bind what a `with` statement enters."""
    for item in node.items:
        if item.optional_vars is not None:
            bind_target(scope, item.optional_vars, "with", item.context_expr, node.lineno)


def bind_error(scope: Scope, node: ast.ExceptHandler) -> None:
    """Bind the name of a caught exception."""
    if node.name:
        scope.bind(node.name, "other", None, node.lineno)


def bind_global(scope: Scope, node: ast.Global) -> None:
    """Leave the names of a `global` statement to the module."""
    scope.globals.update(node.names)


def bind_target(scope: Scope, target: ast.AST, kind: str, value: ast.expr, line: int) -> None:
    """Bind an assignment target; unpacked names are bound pairwise where both sides are written out."""
    if isinstance(target, ast.Name):
        scope.bind(target.id, kind, value, line)
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = value.elts if kind == "assign" and isinstance(value, (ast.Tuple, ast.List)) else []
        pairs = len(values) == len(target.elts)
        for number, part in enumerate(target.elts):
            if pairs:
                bind_target(scope, part, kind, values[number], line)
            elif isinstance(part, ast.Name):
                scope.bind(part.id, "other", value, line)


def bind_import(scope: Binder, node: ast.Import) -> None:
    """Bind `import a.b` and `import a.b as c`."""
    for alias in node.names:
        if alias.asname:
            scope.bind(alias.asname, "import", alias.name, node.lineno)
        else:
            top = alias.name.split(".", 1)[0]
            scope.bind(top, "import", top, node.lineno)


def bind_import_from(scope: Binder, node: ast.ImportFrom) -> None:
    """Bind `from a import b as c`, relative forms included."""
    base = node.module or ""
    if node.level:
        base = ".".join(filter(None, (package_of(scope.module, node.level), base)))
    for alias in node.names:
        if alias.name == "*":
            scope.bind("*", "import", base, node.lineno)
        else:
            scope.bind(alias.asname or alias.name, "import", f"{base}.{alias.name}", node.lineno)


def package_of(module: Text, level: int) -> str:
    """Return the dotted package that `level` leading dots mean in `module`."""
    parts = module.name.split(".") if module.name else []
    drop = level - 1 if module.package else level
    return ".".join(parts[: len(parts) - drop]) if drop else module.name


BINDERS: dict[type, Callable[[Scope, Any], None]] = {
    ast.Assign: bind_assignment,
    ast.AnnAssign: bind_assignment,
    ast.NamedExpr: bind_assignment,
    ast.For: bind_loop,
    ast.AsyncFor: bind_loop,
    ast.comprehension: bind_loop,
    ast.With: bind_with,
    ast.AsyncWith: bind_with,
    ast.Import: bind_import,
    ast.ImportFrom: bind_import_from,
    ast.ExceptHandler: bind_error,
    ast.Global: bind_global,
}
