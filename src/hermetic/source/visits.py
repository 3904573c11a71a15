"""The calls that a test gets to: its own, and those of the project's functions that it certainly runs."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.blocks import TRIES
from hermetic.source.callee import find_callee, find_imported, own_constructor, run_by
from hermetic.source.certain import is_expected_to_raise, is_under_test
from hermetic.source.changes import import_time
from hermetic.source.finalizers import is_in_cleanup
from hermetic.source.follow import Way
from hermetic.source.never_run import is_skipped
from hermetic.source.reach import calls_of, entries_of
from hermetic.source.replaced import Step, is_replaced, named_around
from hermetic.source.unreached import is_dead
from hermetic.source.values import Facts
from hermetic.source.worth import is_worth, leading_words, may_lead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.interest import Interest
    from hermetic.source.module import Module
    from hermetic.source.nodes import Placed
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

MAX_CALLS = 4
ROOTS = ("test", "fixture", "setup")
STARTING = ("pytest_configure", "pytest_sessionstart", "pytest_collection_modifyitems", "pytest_runtest_setup")
RUNNERS = ("submit", "run_in_executor", "to_thread", "call_soon", "run_sync", "start_soon")
STANDS_IN = ("Mock", "mocker.", "create_autospec")
BLOCKS = (ast.With, ast.AsyncWith, *TRIES)  # in which a call may be there to raise


class Visit:
    """A call that a test gets to.

    `before` is the call that runs the function that makes it, None for one of the test's own; `target` is the function
    of the project that it runs in turn. `root` is the test, fixture or setup, or the body of a file.
    """

    __slots__ = ("before", "call", "root", "scope", "target", "way")

    def __init__(  # noqa: PLR0913, PLR0917 - a record
        self, root: Scope, way: Way, scope: Scope, call: ast.Call, before: Visit | None, target: Scope | None = None
    ) -> None:
        self.root = root
        self.way = way
        self.scope = scope
        self.call = call
        self.before = before
        self.target = target

    def chain(self) -> Iterator[Visit]:
        """Yield this call, and those that lead to it."""
        current: Visit | None = self
        while current is not None:
            yield current
            current = current.before

    def places(self) -> Iterator[tuple[Scope, Placed]]:
        """Yield where the calls of the chain stand, and where functions around them are called that stand in others."""
        for item in self.chain():
            yield item.scope, item.call
            inner = item.scope
            while inner is not item.way.function and inner.parent is not None:
                for entry in entries_of(inner):
                    yield inner.parent, entry
                inner = inner.parent

    def is_deep(self) -> bool:
        """Tell whether code under test calls the function that makes this call: the suite does not see it any more."""
        return self.before is not None and any(is_under_test(item.scope.module) for item in self.before.chain())

    def is_mocked(self, name: str, project: Project) -> bool:
        """Tell whether a mock stands for what is called (`name`, dotted), or for a call on the way to it."""
        if any(part in name for part in STANDS_IN) or name.startswith(("@mock", "@fake", "@stub", "@patched")):
            return True
        if not self.root.is_function:
            return False
        name = name.replace("()", "")
        last = name.rpartition(".")[2]
        given = named_around(self.root, project)
        if any(name == path or name.startswith(f"{path}.") or path.endswith(f".{last}") for path in given):
            return True
        if f"{name.rpartition('.')[0]}.open" in given:
            return True  # `shutil.open` in `shutil.copyfile()`
        steps = [Step(item.scope, item.call, item.target) for item in self.chain()]
        return is_replaced(steps, [self.root], project)


def roots(module: Module, interest: Interest | None = None) -> Iterator[Scope]:
    """Yield the tests, fixtures and setups of a file, and the hooks that start something; those that never run not.

    With an interest, only those that by their words may lead to what it looks for.
    """
    for function in module.top.functions:
        if interest is not None and not is_worth(function, interest):
            continue
        role = roles.role_of(function)
        starts = role == "hook" and function.name in STARTING and roles.is_conftest(module.path)
        if (role in ROOTS or starts) and not is_skipped(function):
            yield module.load(function)


def visits(
    root: Scope, tokens: tuple[bytes, ...], depth: int = MAX_CALLS, interest: Interest | None = None
) -> Iterator[Visit]:
    """Yield the calls that a root gets to; of other files, only those with a token are read.

    With an interest, calls that by their words neither are what it looks for nor lead there are left out.
    """
    if interest is not None and not is_worth(root, interest):
        return
    start = Way(root, Facts(root, {}))
    pending: list[tuple[Way, Visit | None]] = [(start, None)]
    seen: set[object] = set()
    for _ in range(depth):
        following: list[tuple[Way, Visit | None]] = []
        for way, before in pending:
            for visit in visits_of(root, way, before, tokens, interest):
                yield visit
                if visit.target is not None and (visit.scope, visit.call, visit.target) not in seen:
                    seen.add((visit.scope, visit.call, visit.target))
                    following.append((way.through(visit.call, visit.target), visit))
        pending = following


def visits_of(
    root: Scope, way: Way, before: Visit | None, tokens: tuple[bytes, ...], interest: Interest | None = None
) -> Iterator[Visit]:
    """Yield the calls that one function on the way makes."""
    if interest is not None and way.function.is_function and not is_worth(way.function, interest):
        return
    way.function.module.load(way.function)
    for scope in way.function.family():
        for call, hands in looked_at(scope, interest):
            if not way.passes(scope, call) or (before is None and is_on_request(root, scope, call)):
                continue
            run = run_later(scope, call) if hands else None
            made = run if run is not None else call
            if interest is None or not hands or may_lead(scope, made.func, interest):
                target = target_of(scope, made, way.function, tokens)
                if target is not None and before is not None:
                    from hermetic.source.overridden import as_overridden

                    target = as_overridden(((item.scope, item.call) for item in before.chain()), scope, made, target)
                yield Visit(root, way, scope, made, before, target)
            if run is not None:
                yield Visit(root, way, scope, call, before)


def is_on_request(root: Scope, scope: Scope, call: ast.Call) -> bool:
    """Tell whether a hook makes a call under a condition: for who gives an option, and so not for each run."""
    return roles.role_of(root) == "hook" and any(
        isinstance(parent, ast.If) and child is not parent.test for child, parent in scope.ancestors(call)
    )


def looked_at(scope: Scope, interest: Interest | None) -> list[tuple[ast.Call, bool]]:
    """Return the calls of a loaded scope that run and may be or lead to what is looked for; and whether they hand on.

    A call that may hand on a function stands for what that leads to as well.
    """
    key = ("looked at", interest.code if interest is not None else "")
    known: list[tuple[ast.Call, bool]] | None = scope.memo.get(key)
    if known is None:
        known = scope.memo[key] = []
        for call in calls_of(scope):
            run = run_later(scope, call)
            wanted = interest is None or may_lead(scope, call.func, interest)
            if run is not None and interest is not None and not wanted:
                wanted = may_lead(scope, run.func, interest)
            expected = wanted and (is_expected_to_raise(scope, call) or is_to_fail(scope, call))
            if wanted and not expected and not is_dead(scope, call):
                known.append((call, run is not None))
    return known


def is_to_fail(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a test fails where a call does not raise."""
    if not any(isinstance(parent, BLOCKS) for _, parent in scope.ancestors(call)):
        return False
    from hermetic.source.putback import is_expected_to_fail

    return is_expected_to_fail(scope, call)


def target_of(scope: Scope, call: ast.Call, function: Scope, tokens: tuple[bytes, ...]) -> Scope | None:
    """Return the function of the project that a call runs, None for others and for one that is looked at already."""
    found = find_callee(scope, call.func, tokens) or own_constructor(scope, call.func)
    found = found or run_by(find_imported(scope, call.func, tokens))
    if found is None or not found.is_function or found is function or found in function.family():
        return None
    return found


def run_later(scope: Scope, call: ast.Call) -> ast.Call | None:
    """Return the call that a thread, process or executor makes of what it is given, None for other calls."""
    target: ast.expr | None = next((item.value for item in call.keywords if item.arg == "target"), None)
    arguments: list[ast.expr] = []
    if target is not None:
        given = next((item.value for item in call.keywords if item.arg == "args"), None)
        arguments = list(given.elts) if isinstance(given, (ast.Tuple, ast.List)) else []
    elif isinstance(call.func, ast.Attribute) and call.func.attr in RUNNERS:
        given_here = call.args[1:] if call.func.attr == "run_in_executor" else call.args
        target, arguments = (given_here[0], list(given_here[1:])) if given_here else (None, [])
    if not isinstance(target, (ast.Name, ast.Attribute)):
        return None
    made = ast.Call(func=target, args=arguments, keywords=[])
    made.lineno, made.col_offset, made.end_lineno = call.lineno, call.col_offset, call.end_lineno
    made.end_col_offset = call.end_col_offset
    scope.parents[made] = call
    return made


def visits_at_import(module: Module, interest: Interest | None = None) -> Iterator[Visit]:
    """Yield the calls that a test file or conftest makes when it is imported, those of functions that it calls too."""
    if not module.is_test and not roles.is_conftest(module.path):
        return
    if interest is not None and not leading_words(module, interest):
        return
    for scope in import_time(module.top):
        way = Way(scope, Facts(scope, {}))
        for call in calls_of(scope):
            if interest is not None and not may_lead(scope, call.func, interest):
                continue
            if is_dead(scope, call):
                continue
            target = target_of(scope, call, scope, ())
            visit = Visit(scope, way, scope, call, None, target)
            yield visit
            if target is not None:
                yield from visits_of(scope, way.through(call, target), visit, (), interest)


def is_cleanup(visit: Visit) -> bool:
    """Tell whether a call, or one that leads to it, stands in what runs after a test."""
    return any(is_in_cleanup(item.scope) for item in visit.chain())
