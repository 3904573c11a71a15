"""What undoing a change is: the questions that an `Undo` answers, and whether a block or a function does it."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import kept_between
from hermetic.source.callee import find_helper, find_imported, own_class, run_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.nodes import Placed
    from hermetic.source.scope import Scope

UNDO_KINDS = (ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
MAX_CALLS = 3  # helpers that call helpers


class Undo:
    """What puts one change back. Subclasses say so for a node, a context manager and a whole function.

    `tokens`: bytes of which one occurs in every file that can; none: any file can.
    """

    tokens: tuple[bytes, ...] = ()
    entries: tuple[tuple[Scope, Placed], ...] = ()  # where a function of the suite calls what makes the change

    @property
    def answers(self) -> dict[object, bool]:
        """What is known of functions already; False while one is looked at, which ends circles of managers."""
        known: dict[object, bool] = self.__dict__.setdefault("_answers", {})
        return known

    def by_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether running `node` (a kept statement or call of `scope`) undoes the change."""
        raise NotImplementedError

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a context manager or decorator undoes the change when it ends."""
        raise NotImplementedError

    def by_use(self, scope: Scope) -> bool:
        """Tell whether something that `scope` uses anywhere undoes the change, as a `monkeypatch` call does."""
        raise NotImplementedError

    def by_entered(self, scope: Scope, expression: ast.AST) -> bool:
        """Tell whether a manager undoes the change when the stack on which it is entered is closed."""
        return self.by_manager(scope, expression)

    def by_base(self, dotted: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a class of a library undoes the change for the tests of what inherits from it."""
        return False

    def by_later_call(self, scope: Scope, call: ast.Call) -> bool:
        """Tell whether a call that the source does not spell as one (`addCleanup(os.chdir, old)`) undoes the change."""
        return self.by_node(scope, call)

    def by_plain_node(self, scope: Scope, node: ast.AST) -> bool:
        """Tell whether `node` undoes the change even where it stands in no cleanup: it can have no other purpose."""
        return self.by_node(scope, node)

    def is_saved_in(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a function keeps the value that it finds."""
        return False

    def by_assertion(self, scope: Scope, test: ast.expr) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an assertion that passes says that the change is undone."""
        return False

    def sets_same(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a fixture sets what is changed itself, under no condition."""
        return False

    def has_set(self, function: Scope) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a setup sets, under no condition, what the change removes or sets to the same constant."""
        return False

    def sets_value(self) -> bool:
        """Tell whether the change sets a value, so that doing it twice is doing it once."""
        return False

    def by_fixture_name(self, name: str) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether a fixture whose source is not at hand undoes the change, by its name."""
        return False


def undoes(function: Scope, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether a function, or one that it calls in the project, undoes the change."""
    key = (function, depth)
    if key not in undo.answers:
        undo.answers[key] = False
        function.module.load(function)
        undo.answers[key] = any(node_undoes(function, node, undo, depth) for node in function.kept(*UNDO_KINDS))
    return undo.answers[key]


def node_undoes(scope: Scope, node: ast.AST, undo: Undo, depth: int = MAX_CALLS) -> bool:
    """Tell whether one node undoes the change, by itself or through a function of the project."""
    if undo.by_node(scope, node):
        return True
    if isinstance(node, ast.Call) and depth:
        own = find_helper(scope, node.func, undo.tokens) or run_by(class_called(scope, node.func, undo))
        return own is not None and undoes(own, undo, depth - 1)
    return False


def class_called(scope: Scope, function: ast.expr, undo: Undo) -> Scope | None:
    """Return the class of the project that a call makes an object of: its constructor may undo the change."""
    return own_class(scope, function) or find_imported(scope, function, undo.tokens)


def block_undoes(scope: Scope, block: list[ast.stmt], undo: Undo) -> bool:
    """Tell whether a list of statements undoes the change."""
    first, last = block[0].lineno, block[-1].end_lineno or block[-1].lineno
    return any(node_undoes(scope, node, undo) for node in kept_between(scope, first, last, *UNDO_KINDS))
