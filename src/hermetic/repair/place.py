"""Where a finding stands: its node, the statement and the functions around it, and what is known of the project."""

from __future__ import annotations

import _ast as ast

from hermetic.repair.layout import Layout
from hermetic.source.names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Edit, Finding
    from hermetic.repair.uses import Uses
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

FOUND = (ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
BUSY = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class Place:
    """A finding in its file.

    `node` is what the finding underlines and `scope` the function in which it stands, both None where it stands in
    none; `root` is the function around that: the test, fixture, setup or helper. `uses` tells what the project calls
    by name, None where nobody has looked.
    """

    def __init__(self, finding: Finding, module: Module, project: Project, uses: Uses | None = None) -> None:
        self.finding = finding
        self.module = module
        self.project = project
        self.uses = uses
        self.layout: Layout = module.memo.setdefault("layout", Layout(module.data))
        self.root = self.function_at(finding.line)
        self.scope: Scope | None = None
        self.node: ast.AST | None = None
        if self.root is not None:
            self.find_node(self.root)

    def function_at(self, line: int) -> Scope | None:
        """Return the outermost function that holds a line in its body."""
        around = (scope for scope in self.module.top.functions if self.holds(scope, line))
        return self.module.load(found) if (found := next(around, None)) is not None else None

    @staticmethod
    def holds(scope: Scope, line: int) -> bool:
        """Tell whether a line stands in the body of a function."""
        return scope.line < line <= scope.last_line or line == scope.last_line

    def find_node(self, root: Scope) -> None:
        """Look for the node with exactly the finding's place."""
        wanted = self.finding
        for scope in root.family():
            for node in scope.kept(*FOUND):
                if node.lineno != wanted.line or node.end_lineno != wanted.end_line:
                    continue
                start = self.module.column(node.lineno, node.col_offset)
                end = self.module.column(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
                if (start, end) == (wanted.column, wanted.end_column):
                    self.scope, self.node = scope, node
                    return

    def name(self, expression: ast.AST | None) -> str:
        """Return what an expression means, as `resolve` gives it."""
        return resolve(self.scope, expression) if self.scope is not None else ""

    def text(self, node: ast.expr | ast.stmt) -> str:
        """Return the source of a node."""
        return self.layout.text(node)

    def statement(self, node: ast.AST | None = None) -> ast.stmt | None:
        """Return the statement of a function that holds a node (the finding's without one)."""
        current = node or self.node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.scope.parents.get(current) if self.scope is not None else None
        return current

    def alone(self, call: ast.Call) -> ast.Expr | None:
        """Return the statement that a call is, None where its value is used."""
        parent = self.scope.parents.get(call) if self.scope is not None else None
        return parent if isinstance(parent, ast.Expr) else None

    def above(self, lines: list[str], statement: ast.stmt | None = None) -> Edit | None:
        """Return the edit that puts lines above the finding's statement, or above another one."""
        statement = statement or self.statement()
        return self.layout.above(statement, lines) if statement is not None else None

    def is_saved(self, value: ast.AST, *names: str) -> bool:
        """Tell whether a value was read from one of these: what is set to it is put back."""
        found = self.name(value)
        return isinstance(value, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) and found.startswith(names)

    def is_cleaning(self) -> bool:
        """Tell whether the finding stands where things are tidied up: in a `finally`, or where an error is handled."""
        statement = self.statement()
        return (
            statement is None
            or self.scope is None
            or any(
                isinstance(parent, ast.ExceptHandler) or (isinstance(parent, ast.Try) and child in parent.finalbody)
                for child, parent in self.scope.ancestors(statement)
            )
        )


def is_quiet(expression: ast.AST) -> bool:
    """Tell whether evaluating an expression does nothing, so that it does not matter when that happens."""
    return not any(isinstance(node, BUSY) for node in below(expression))


def below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all nodes in it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        for field in current._fields:
            value = getattr(current, field, None)
            if isinstance(value, ast.AST):
                pending.append(value)
            elif isinstance(value, list):
                pending.extend(item for item in value if isinstance(item, ast.AST))
