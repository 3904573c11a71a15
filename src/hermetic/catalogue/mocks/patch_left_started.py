"""HRM304."""

from __future__ import annotations

from hermetic.catalogue.mocks._patchers import Start, dies_with_test, spelled, starts_in
from hermetic.catalogue.mocks._stops import Stop
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, reached_from
from hermetic.source import roles
from hermetic.source.around import undone_around
from hermetic.source.callee import find_imported, is_dotted
from hermetic.source.changes import import_time
from hermetic.source.finalizers import by_cleanup, is_in_cleanup
from hermetic.source.follow import runs_by
from hermetic.source.leaks import undone_after_import
from hermetic.source.names import is_context_maker, resolve
from hermetic.source.reach import calls_of, entries_of, first_root
from hermetic.source.restore import after_yield, is_undone, is_undone_late
from hermetic.source.teardown import is_run_for, undone_by_file
from hermetic.source.unreached import is_dead

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

START = b".start("


class PatchLeftStarted(Rule):
    """A patch is started, and no stop runs for certain.

    Why it breaks:
    `patch(...).start()` replaces the target until somebody stops the patcher. A stop in the test's last line is skipped
    exactly when an assertion above it fails; then every later test in the worker talks to a mock that it did not ask
    for. Calling `stop()` on what `start()` returned does nothing: that is the mock, not the patcher.

    Do this instead:
    Use `patch` as decorator or context manager, or pytest-mock's `mocker.patch`, which stops by itself. Where a patcher
    has to be started, register its end in the next line: `self.addCleanup(patcher.stop)`,
    `request.addfinalizer(patcher.stop)`, a `finally`, or `patch.stopall` in a teardown.

    Options:
    Patches that a `conftest.py` starts while it is imported are usually configuration, so they are reported only when
    the `project` preset is selected.

    Limits:
    A `tearDown` that a subclass overrides without `super()` stops nothing for that subclass; base classes are looked up
    in the project's files, but for oslotest's `BaseTestCase`, which is known to stop all patches. A patcher that is
    handed to code which cannot be read is left alone: that code may stop it.
    """

    code = "HRM304"
    name = "patch-left-started"
    symptoms = (
        "a function is still mocked in a later test",
        "MagicMock in place of a real value",
        "a patch is still active after the test that started it",
    )
    repair = "use patch in a with statement or as a decorator, or addCleanup(patcher.stop)"
    fixed_by = "hermetic.repair.patch_started"
    claims = (LINT, GUARD)
    message = "patch of {what} is started {where} and not stopped for certain"
    follows = "tests"
    tokens = (START,)
    related = ("HRM101", "HRM308")

    bad = (
        Example(
            "the stop in the last line is skipped when the assertion fails",
            {
                "test_clock.py": """
import time
from unittest.mock import patch


def test_the_clock_says_noon():
    patcher = patch("time.localtime", return_value=(2026, 1, 1, 12))  # the hour is the fourth
    patcher.start()  # <- HRM304
    assert time.localtime()[3] == 11
    patcher.stop()


def test_the_clock_counts_seconds():
    assert time.localtime().tm_sec >= 0
"""
            },
        ),
        Example(
            "setUp starts, and tearDown stops the mock instead of the patcher",
            {
                "test_disk.py": """
import os
import unittest
from unittest import mock


class DiskTest(unittest.TestCase):
    def setUp(self):
        self.cpus = mock.patch.object(os, "cpu_count", return_value=0).start()  # <- HRM304

    def tearDown(self):
        self.cpus.stop()

    def test_a_machine_can_have_no_known_cpus(self):
        self.assertEqual(os.cpu_count(), 0)


def test_this_machine_has_cpus():
    assert os.cpu_count() > 0
"""
            },
        ),
        Example(
            "a helper starts a list of patchers for a fixture that does not stop them",
            {
                "conftest.py": """
from unittest import mock

import pytest


def start_all(*targets):
    patchers = []
    for target in targets:
        patchers.append(mock.patch(target, return_value=7))
    return [patcher.start() for patcher in patchers]  # <- HRM304


@pytest.fixture
def fixed_numbers():
    return start_all("random.randint", "random.getrandbits")
""",
                "test_dice.py": """
import random


def test_a_seven(fixed_numbers):
    assert random.randint(1, 6) == 7


def test_a_die_has_six_sides():
    assert random.randint(1, 6) <= 6
""",
            },
        ),
        Example(
            "a context manager without `finally` does not stop when the block raises",
            {
                "test_user.py": """
import getpass
from contextlib import contextmanager
from unittest.mock import patch as replace


@contextmanager
def user(name):
    patcher = replace("getpass.getuser", return_value=name)
    patcher.start()  # <- HRM304
    yield
    patcher.stop()


def test_the_user_is_ann():
    with user("ann"):
        assert getpass.getuser() == "bob"


def test_nobody_is_called_ann():
    assert getpass.getuser() != "ann"
"""
            },
        ),
    )
    good = (
        Example(
            "addCleanup stops whatever happens",
            {
                "test_disk.py": """
import os
import unittest
from unittest import mock


class DiskTest(unittest.TestCase):
    def setUp(self):
        patcher = mock.patch.object(os, "cpu_count", return_value=0)
        self.cpus = patcher.start()
        self.addCleanup(patcher.stop)

    def test_a_machine_can_have_no_known_cpus(self):
        self.assertEqual(os.cpu_count(), 0)


def test_this_machine_has_cpus():
    assert os.cpu_count() > 0
"""
            },
        ),
        Example(
            "a fixture stops after the yield, here a list of patchers in reverse",
            {
                "test_dice.py": """
import random
from unittest.mock import patch

import pytest


@pytest.fixture
def fixed_numbers():
    patchers = [patch(f"random.{name}", return_value=7) for name in ("randint", "getrandbits")]
    yield [patcher.start() for patcher in patchers]
    for patcher in reversed(patchers):
        patcher.stop()


def test_a_seven(fixed_numbers):
    assert random.randint(1, 6) == 7


def test_a_die_has_six_sides():
    assert random.randint(1, 6) <= 6
"""
            },
        ),
        Example(
            "patch.stopall in a teardown stops all that were started",
            {
                "test_clock.py": """
import time
from unittest.mock import patch


def teardown_function():
    patch.stopall()


def test_the_clock_says_noon():
    patch("time.localtime", return_value=(2026, 1, 1, 12)).start()
    assert time.localtime()[3] == 12


def test_the_clock_counts_seconds():
    assert time.localtime().tm_sec >= 0
"""
            },
        ),
        Example(
            "an exit stack and `finally` stop when the block ends",
            {
                "test_user.py": """
import getpass
from contextlib import ExitStack
from unittest.mock import patch


def test_the_user_is_ann():
    with ExitStack() as stack:
        patcher = patch("getpass.getuser", return_value="ann")
        patcher.start()
        stack.callback(patcher.stop)
        assert getpass.getuser() == "ann"


def test_the_user_is_bob():
    patcher = patch("getpass.getuser", return_value="bob")
    patcher.start()
    try:
        assert getpass.getuser() == "bob"
    finally:
        patcher.stop()


def test_pytest_mock_stops_by_itself(mocker):
    mocker.patch("getpass.getuser", return_value="eve")
    assert getpass.getuser() == "eve"


def test_nobody_is_called_ann():
    assert getpass.getuser() != "ann"
"""
            },
            needs=("pytest_mock",),
        ),
    )

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the starts that reach the next test."""
        left = [
            *started_at_import(module, project),
            *started_in_functions(module, project),
            *started_through_imports(module, project),
            *started_in_bases(module, project),
        ]
        nodes = {start.node for start, _ in left}
        for start, root in left:
            if any(is_part(start, other) for other in starts_in(start.scope) if other.node not in nodes):
                continue
            message = self.message.format(what=spelled(start.patcher), where=reached_from(start.scope, root))
            yield self.finding(start.scope.module, start.node, message, test=node_id(root) if root is not None else "")


def is_part(start: Start, other: Start) -> bool:
    """Tell whether what a patch replaces belongs to the mock that another patch, above it, has put in place."""
    return other.node.lineno < start.node.lineno and spelled(start.patcher).startswith(f"{spelled(other.patcher)}.")


def open_starts(function: Scope, project: Project) -> Iterator[tuple[Start, Stop]]:
    """Yield the starts in a loaded function, nested functions included, that it does not stop itself."""
    for scope in function.family():
        if scope is not function and is_in_cleanup(scope):
            continue
        for start in starts_in(scope):
            stop = Stop(start)
            if is_undone(scope, start.node, stop) or stopped_by_outer(scope, stop):
                continue
            if not dies_with_test(start, project):
                yield start, stop


def stopped_by_outer(scope: Scope, stop: Stop) -> bool:
    """Tell whether a function around a nested one stops what that starts, as a factory fixture does."""
    outer = scope.parent
    while outer is not None and outer.is_function:
        if by_cleanup(outer, stop) or stop.by_use(outer) or (not is_context_maker(outer) and after_yield(outer, stop)):
            return True
        if any(is_undone(outer, entry, stop) for entry in entries_of(scope)):
            return True
        scope, outer = outer, outer.parent
    return False


def started_in_functions(module: Module, project: Project) -> Iterator[tuple[Start, Scope]]:
    """Yield the starts of the file's own functions, with the test, fixture or setup that reaches them."""
    for function in module.functions_with((START,)):
        for start, stop in open_starts(function, project):
            root = first_root(function, stop, project)
            if root is not None:
                yield start, root


def started_at_import(module: Module, project: Project) -> Iterator[tuple[Start, None]]:
    """Yield the starts that run while a test file is imported."""
    conftest = roles.is_conftest(module.path)
    if not (module.is_test or (conftest and PROJECT in project.presets)):
        return
    for scope in import_time(module.top):
        for start in starts_in(scope):
            stop = Stop(start)
            if is_undone(scope, start.node, stop) or is_undone_late(scope, start.node, stop):
                continue
            if is_dead(scope, start.node):
                continue
            if not undone_after_import(scope, stop, project):
                yield start, None


def started_through_imports(module: Module, project: Project) -> Iterator[tuple[Start, Scope]]:
    """Yield the starts of project functions that this file's tests call."""
    if not module.is_test and not roles.is_conftest(module.path):
        return
    for local, _ in project.leading.imports(module, (START,)):
        for caller in module.functions_with((local.encode(),)):
            for scope in caller.family():
                for call in () if is_in_cleanup(scope) else calls_of(scope):
                    target = starter(scope, call, project)
                    if target is None:
                        continue
                    for start, stop in open_starts(target, project):
                        if is_undone(scope, call, stop) or not runs_by(scope, call, target, start.scope, start.node):
                            continue
                        root = first_root(caller, stop, project)
                        if root is not None:
                            yield start, root


def starter(scope: Scope, call: ast.Call, project: Project) -> Scope | None:
    """Return the function of another file that a call runs, where that starts a patcher; whether it does is kept."""
    name = resolve(scope, call.func)
    located = project.locate(name, scope.module.folder) if is_dotted(name) else None
    known: dict[tuple[str, str], bool] = project.about("starts patchers")
    if located is None or known.get(located) is False:
        return None
    target = find_imported(scope, call.func, (START,))
    if target is None or not target.is_function:
        known[located] = False
        return None
    known[located] = any(True for _ in open_starts(target.module.load(target), project))
    return target if known[located] else None


def started_in_bases(module: Module, project: Project) -> Iterator[tuple[Start, Scope]]:
    """Yield the starts in setups that a class of this file inherits, where what would stop them does not run for it."""
    for cls in module.top.classes if module.is_test else ():
        for base in project.lineage(cls)[1:]:
            for setup in base.functions if base.module.holds((START,)) else ():
                if roles.role_of(setup) != "setup" or not is_run_for(cls, setup):
                    continue
                for start, stop in open_starts(setup.module.load(setup), project):
                    here = any(undone_by_file(test, stop) for test in cls.functions[:1])
                    if not here and not undone_around(setup, stop, project, cls):
                        yield start, setup
