"""HRM109."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.process._spawned import (
    THREAD,
    Spawn,
    Use,
    holder,
    is_end,
    is_killed,
    is_signalled,
    is_started,
    loop_names,
    spawns_in,
    uses_of,
)
from hermetic.catalogue.rule import Example, Rule, node_id, reached_from
from hermetic.source import roles
from hermetic.source.callee import ancestry, constructor_of
from hermetic.source.changes import called
from hermetic.source.leaks import widened
from hermetic.source.names import resolve
from hermetic.source.reach import callee_behind, entries_of, first_root, imported_calls, is_called
from hermetic.source.restore import Undo, is_after_yield, is_asserted_between, is_patch

START = "start"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

ENDED, LATE, LEFT = "ended", "late", "left"


class Nothing(Undo):
    """Undo for what only its own holder can end."""

    def by_node(self, scope: Scope, node: ast.AST) -> bool:  # noqa: ARG002 - the contract of Undo
        """Accept nothing."""
        return False

    def by_manager(self, scope: Scope, expression: ast.AST) -> bool:  # noqa: ARG002 - as above
        """Accept nothing."""
        return False

    def by_use(self, scope: Scope) -> bool:  # noqa: ARG002 - as above
        """Accept nothing."""
        return False


class ThreadOrChildLeft(Rule):
    """A test starts a thread or child process, and nothing ends it.

    Why it breaks:
    What a test leaves running goes on while the next tests run: it changes their data, keeps ports and files busy,
    writes into their output, and fires timers in the middle of them. A child process outlives even the whole run.

    Do this instead:
    Join threads; cancel timers; use executors, pools and `subprocess.Popen` in a `with`. Where the object has to live
    longer, end it in a `finally`, after the fixture's `yield`, or with `addCleanup(process.kill)`.

    Limits:
    What is handed to another function, returned, or kept in a structure is left alone: who gets it may end it. So are
    threads whose function waits for an event or queue, or shuts down a server. Of code under test only constructors are
    looked at: one that starts a thread which a method of the class ends, when no line of the test file calls that
    method. `os.fork` and asyncio's tasks are not seen here.
    """

    code = "HRM109"
    name = "thread-or-child-left"
    repair = "stop and join it in a finally, a with statement, or a fixture after its yield"
    message = "{what} is started {where} and not {ending}"
    late_message = "{what} is started {where} and {ending} only when nothing fails in between"
    tokens = (b"Thread", b"Timer", b"Process", b"Pool", b"Manager", b"Executor", b"Popen", b"create_subprocess")
    related = ("HRM304",)

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the threads and processes that stay."""
        classes = tuple(scope.name.encode() for scope in module.top.classes if is_started(scope))
        for function in module.functions_with((*widened(module, self.tokens), *classes)):
            if roles.role_of(function) in ("teardown", "hook"):
                continue
            for spawn in spawns_in(function):
                fate = fate_of(spawn)
                root = first_root(function, Nothing(), project) if fate != ENDED else None
                if root is not None and not is_replaced(spawn, root, project):
                    template = self.late_message if fate == LATE else self.message
                    where = reached_from(function, root)
                    text = template.format(what=spawn.kind.name, where=where, ending=spawn.kind.ending)
                    yield self.finding(module, started_at(spawn), text, test=node_id(root))
        yield from self.in_constructors(module, project)

    def in_constructors(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield what an imported class starts when a test makes an object, and ends in a method that nobody calls."""
        if not module.is_test:
            return
        for local, dotted, path in project.imports(module):
            cls = project.definition(dotted, module.folder) if project.holds(path, self.tokens) else None
            init = constructor_of(cls) if cls is not None and cls.is_class else None
            if cls is None or init is None or init.module is module:
                continue
            for spawn in filter(is_running, spawns_in(init)):
                root = root_left_with(spawn, cls, module, local, project)
                if root is not None:
                    text = self.message.format(
                        what=spawn.kind.name, where=reached_from(init, root), ending=spawn.kind.ending
                    )
                    yield self.finding(init.module, started_at(spawn), text, test=node_id(root))

    bad = (
        Example(
            "a thread runs on while the next test looks",
            {
                "test_poller.py": """
import threading
import time


def poll():
    while True:
        time.sleep(0.01)


def test_the_poller_starts():
    poller = threading.Thread(target=poll, name="poller", daemon=True)
    poller.start()  # <- HRM109
    assert poller.daemon


def test_nobody_polls():
    assert "poller" not in [thread.name for thread in threading.enumerate()]
"""
            },
        ),
        Example(
            "a child process is ended below the assertion",
            {
                "test_server.py": """
import os
import subprocess
import sys

import pytest

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def test_the_server_says_hello():
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"], **QUIET)  # <- HRM109
    assert server.poll() == "hello"
    server.terminate()
    server.wait()


def test_no_child_is_running():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""
            },
        ),
        Example(
            "a timer fires during another test",
            {
                "test_reminder.py": """
import time
from threading import Timer

sent = []


def remind():
    Timer(0.05, sent.append, ["reminder"]).start()  # <- HRM109


def test_a_reminder_is_planned():
    remind()
    assert sent == []


def test_nothing_is_sent_without_a_plan():
    time.sleep(0.15)
    assert sent == []
"""
            },
        ),
        Example(
            "an executor of setUpClass keeps its threads",
            {
                "test_jobs.py": """
import concurrent.futures
import threading
import unittest


class JobTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.jobs = concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="jobs")  # <- HRM109

    def test_a_job_runs(self):
        self.assertEqual(self.jobs.submit(int, "3").result(), 3)


def test_no_worker_is_left():
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("jobs")]
"""
            },
        ),
        Example(
            "a fixture yields a process and does not end it",
            {
                "test_worker.py": """
import multiprocessing
import time

import pytest


@pytest.fixture
def worker():
    process = multiprocessing.Process(target=time.sleep, args=(5,), daemon=True)
    process.start()  # <- HRM109
    yield process


def test_the_worker_is_alive(worker):
    assert worker.pid


def test_no_worker_is_left():
    assert multiprocessing.active_children() == []
"""
            },
        ),
        Example(
            "a list of threads of the suite's own class, started and never joined",
            {
                "test_consumers.py": """
import threading
import time


class Consumer(threading.Thread):
    def run(self):
        time.sleep(0.3)


def test_three_consumers():
    consumers = [Consumer(name="consumer") for _ in range(3)]  # <- HRM109
    for consumer in consumers:
        consumer.start()
    assert len(consumers) == 3


def test_nobody_consumes():
    assert "consumer" not in [thread.name for thread in threading.enumerate()]
"""
            },
        ),
        Example(
            "an object of the code under test starts a thread, and no test closes it",
            {
                "pulse.py": """
import threading


class Pulse:
    def __init__(self):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.ended.wait, name="pulse", daemon=True)
        self.thread.start()  # <- HRM109

    def close(self):
        self.ended.set()
        self.thread.join()
""",
                "test_pulse.py": """
import threading

from pulse import Pulse


def test_the_pulse_beats():
    pulse = Pulse()
    assert not pulse.ended.is_set()


def test_nothing_beats():
    assert "pulse" not in [thread.name for thread in threading.enumerate()]
""",
            },
        ),
    )
    good = (
        Example(
            "the object that starts a thread is closed by the fixture that makes it",
            {
                "pulse.py": """
import threading


class Pulse:
    def __init__(self):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.ended.wait)
        self.thread.start()

    def close(self):
        self.ended.set()
        self.thread.join()
""",
                "test_pulse.py": """
import pytest
from pulse import Pulse


@pytest.fixture
def pulse():
    pulse = Pulse()
    yield pulse
    pulse.close()


def test_the_pulse_beats(pulse):
    assert pulse.thread.is_alive()
""",
            },
        ),
        Example(
            "each is ended by its with",
            {
                "test_with.py": """
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool


def test_jobs_in_threads():
    with ThreadPoolExecutor(2) as jobs:
        assert list(jobs.map(int, "12")) == [1, 2]


def test_jobs_in_a_pool():
    pool = ThreadPool(2)
    with pool:
        assert pool.map(int, "12") == [1, 2]


def test_a_child():
    with subprocess.Popen([sys.executable, "-c", "print(3)"], stdout=subprocess.PIPE) as child:
        assert child.stdout.read().strip() == b"3"
"""
            },
        ),
        Example(
            "threads are joined through a list, or told to stop by an event",
            {
                "test_threads.py": """
import threading


def test_three_workers():
    seen = []
    workers = []
    for number in range(3):
        worker = threading.Thread(target=seen.append, args=(number,))
        workers.append(worker)
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(seen) == [0, 1, 2]


def test_a_poller_stops():
    stop = threading.Event()
    poller = threading.Thread(target=stop.wait, daemon=True)
    poller.start()
    try:
        assert poller.name
    finally:
        stop.set()


def test_a_timer_that_never_fires():
    timer = threading.Timer(60, print)
    timer.start()
    timer.cancel()
    assert timer.finished.is_set()
"""
            },
        ),
        Example(
            "a fixture ends what it started, by itself or through a finalizer",
            {
                "test_server.py": """
import http.server
import subprocess
import sys
import threading
import unittest

import pytest


@pytest.fixture
def server():
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def child(request):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    request.addfinalizer(child.wait)
    request.addfinalizer(child.stdin.close)
    request.addfinalizer(child.kill)
    return child


def test_the_server_has_a_port(server):
    assert server.server_port


def test_the_child_waits(child):
    assert child.poll() is None


class WorkerTest(unittest.TestCase):
    def setUp(self):
        self.worker = threading.Thread(target=print)
        self.worker.start()

    def tearDown(self):
        self.worker.join()

    def test_worker(self):
        self.assertTrue(self.worker.name)
"""
            },
        ),
        Example(
            "what is never started, or replaced by a mock, leaves nothing",
            {
                "test_mocked.py": """
import subprocess
import threading
from unittest import mock


def test_the_command_line():
    with mock.patch("subprocess.Popen") as fake:
        subprocess.Popen(["ls"])
    fake.assert_called_once_with(["ls"])


def test_a_thread_has_a_name():
    thread = threading.Thread(name="poller")
    assert thread.name == "poller"
"""
            },
        ),
    )


def is_running(spawn: Spawn) -> bool:
    """Tell whether a constructor keeps what it makes in an attribute, and has set it going."""
    kind, name = holder(spawn)
    if kind != "self":
        return False
    starts = spawn.kind.starts
    return not starts or any(use.verb in starts for use in uses_of(spawn.function, f"self.{name}"))


def root_left_with(spawn: Spawn, cls: Scope, module: Module, local: str, project: Project) -> Scope | None:
    """Return the test, fixture or setup that makes an object of a class and whose file never ends what that starts.

    A class without a method for that is left alone: its thread may end by itself.
    """
    enders = [method.name for level in ancestry(cls) for method in level.functions if ends_what(spawn, method)]
    if not enders or any(is_called(name, module) for name in enders):
        return None
    for caller, scope, name, calls in imported_calls(module, local):
        if callee_behind(scope, None, name, ThreadOrChildLeft.tokens) is not spawn.function:
            continue
        root = first_root(caller, Nothing(), project) if any(is_kept(scope, call) for call in calls) else None
        around = ancestry(root.owner) if root is not None and root.owner is not None else []
        if root is None or any(is_called(name, level.module) for name in enders for level in around):
            continue
        if not is_replaced(spawn, root, project):
            return root
    return None


def ends_what(spawn: Spawn, method: Scope) -> bool:
    """Tell whether a method ends what the constructor of its class has started."""
    if method is spawn.function:
        return False
    method.module.load(method)
    return is_signalled(method) or any(is_end(use.verb) for use in uses_of(method, f"self.{holder(spawn)[1]}"))


def is_kept(scope: Scope, call: ast.Call) -> bool:
    """Tell whether an object stays where it is made, or is what a fixture gives: nobody else can end it."""
    parent = scope.parents.get(call)
    if isinstance(parent, ast.Assign):
        return isinstance(parent.targets[0], ast.Name)
    return isinstance(parent, (ast.Expr, ast.Return, ast.Yield, ast.Attribute))


def fate_of(spawn: Spawn) -> str:
    """Return whether what a call makes is ended, ended only when nothing fails, or left."""
    if spawn.scope is not spawn.function and not entries_of(spawn.scope):
        return ENDED  # a function that is only passed on
    kind, name = holder(spawn)
    if kind == "other":
        return ENDED
    if kind == "nothing":
        starts = spawn.kind.starts
        if (starts and name not in starts) or is_end(name) or name == "pid":
            return ENDED
        return without_end(spawn)
    if kind == "self":
        return fate_on_self(spawn, name)
    uses = list(uses_of(spawn.function, name))
    if kind == "list":
        uses = [use for use in uses if use.verb not in ("append", "extend")]
    for variable in loop_names(spawn.function, name) if kind == "list" else ():
        uses.extend(uses_of(spawn.function, variable))
    return fate_by_uses(spawn, uses)


def started_at(spawn: Spawn) -> ast.AST:
    """Return the node that sets it going: the call of `start` on its variable, or the call that makes it."""
    kind, name = holder(spawn)
    if kind not in ("name", "self") or START not in spawn.kind.starts:
        return spawn.call
    variable = f"self.{name}" if kind == "self" else name
    uses = uses_of(spawn.function, variable)
    return next((use.node for use in uses if use.verb == START), spawn.call)


def without_end(spawn: Spawn) -> str:
    """Judge what is not ended by name: a thread may be told to end, and a child be killed by its number."""
    ended = is_signalled(spawn.function) if spawn.kind is THREAD else is_killed(spawn.function)
    return ENDED if ended else LEFT


def fate_on_self(spawn: Spawn, name: str) -> str:
    """Judge what an attribute of `self` holds, by what the methods of the class do with it."""
    method: Scope | None = spawn.function
    owner = method.owner if method is not None else None
    if owner is None:
        return ENDED
    uses: list[Use] = []
    for cls in ancestry(owner):
        for other in cls.functions:
            if f".{name}".encode() in other.module.text(other):
                uses.extend(uses_of(other.module.load(other), f"self.{name}"))
    if any(is_end(use.verb) and use.scope is not spawn.scope for use in uses):
        return ENDED
    return fate_by_uses(spawn, uses)


def fate_by_uses(spawn: Spawn, uses: list[Use]) -> str:
    """Judge an object by everything that is done with it."""
    kind = spawn.kind
    if kind.starts and not any(use.verb in kind.starts for use in uses):
        return ENDED
    escapes = [use for use in uses if use.verb in ("escape", "with", "handed")]
    if any(not is_kept_in_list(use) for use in escapes):
        return ENDED
    if escapes:  # appended to a list: judge the list
        names = {use.node.func.value.id for use in escapes}  # type: ignore[attr-defined]
        return max((fate_of_list(spawn, name) for name in names), key=(LEFT, LATE, ENDED).index)
    ends = [use for use in uses if is_end(use.verb)]
    if not ends:
        return without_end(spawn)
    return LATE if is_late(spawn, ends) else ENDED


def is_kept_in_list(use: Use) -> bool:
    """Tell whether an object is appended to a list of the function's own."""
    function = getattr(use.node, "func", None)
    if not isinstance(function, ast.Attribute) or function.attr != "append" or not isinstance(function.value, ast.Name):
        return False
    found = use.scope.find(function.value.id, function.lineno)
    return found is not None and found[1].node.__class__ is not ast.Module and isinstance(found[0].value, ast.List)


def fate_of_list(spawn: Spawn, name: str) -> str:
    """Judge the objects in a list by what is done with the list and in the loops over it."""
    uses = [use for use in uses_of(spawn.function, name) if use.verb not in ("append", "extend")]
    for variable in loop_names(spawn.function, name):
        uses.extend(use for use in uses_of(spawn.function, variable) if not is_kept_in_list(use))
    if any(use.verb in ("escape", "with", "handed") or is_end(use.verb) for use in uses):
        return ENDED
    return without_end(spawn)


def is_late(spawn: Spawn, ends: list[Use]) -> bool:
    """Tell whether all that ends an object stands below an assertion, where a failure skips it."""
    if any(use.verb not in spawn.kind.late and use.verb != "wait" for use in ends):
        return False
    last = spawn.call.end_lineno or spawn.call.lineno
    return all(
        use.scope is spawn.scope
        and not is_after_yield(use.scope, use.node)
        and is_asserted_between(use.scope, last, use.node.lineno)  # type: ignore[attr-defined]
        for use in ends
    ) and any(use.verb in spawn.kind.late for use in ends)


def is_replaced(spawn: Spawn, root: Scope, project: Project) -> bool:
    """Tell whether the class that is called is replaced by a mock, in the test or what runs around it."""
    function = spawn.call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    quoted = (f'{name}"'.encode(), f"{name}'".encode())
    places: list[Scope] = [spawn.function, root]
    if root.owner is not None:
        places.extend(method for cls in ancestry(root.owner) for method in cls.functions)
        places.extend(ancestry(root.owner))
    places.extend(project.autouse(root.module, root))
    places.extend(filter(None, (project.fixture(item, root.module, root) for item in roles.used_fixtures(root))))
    return any(token in decorated(place) for place in places for token in quoted) or is_patched(spawn, name)


def is_patched(spawn: Spawn, name: str) -> bool:
    """Tell whether a part of the class is replaced where it is called (`patch.object(subprocess.Popen, ...)`)."""
    return any(
        is_patch(called_name) and any(resolve(scope, argument).rpartition(".")[2] == name for argument in call.args)
        for scope in spawn.function.family()
        for called_name, calls in called(scope).items()
        for call in calls
    )


def decorated(place: Scope) -> bytes:
    """Return the text of a function; of a class, that of its decorators."""
    if place.is_function:
        return place.module.text(place)
    lines = place.module.lines
    decorators = place.node.decorator_list  # type: ignore[attr-defined]
    return b"".join(lines[item.lineno - 1] for item in decorators)
