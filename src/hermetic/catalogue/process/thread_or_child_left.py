"""HRM109."""

from __future__ import annotations

from hermetic.catalogue.process._fate import ENDED, LATE, RETURNED, fate_of, started_at
from hermetic.catalogue.process._mocked import is_mocked
from hermetic.catalogue.process._returned import makers_of, received_by
from hermetic.catalogue.process._spawned import Spawn, spawns_in
from hermetic.catalogue.process._waited import is_let_go, may_be_over, stays
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, reached_from
from hermetic.source import roles
from hermetic.source.reach import first_root
from hermetic.source.undoing import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast as ast
    from collections.abc import Iterable, Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope


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
    What is handed to another function or kept in a structure is left alone: who gets it may end it. What a function of
    the project returns is its caller's to end; what a fixture returns, a method of an object or a decorated function is
    left alone. So are threads whose function waits for an event or queue or shuts down a server, those that give a
    signal for which the test waits, and those whose object (`server` in `target=server.run`, an argument) is told
    anything after the start: whether that ends them cannot be read. What a thread reads from must be closed or killed
    by name. A thread, timer or `Process` is reported in the `project` preset alone where the function that starts it
    waits for anything afterwards (`wait`, `get`, `recv`, `sleep`), or where its loop ends on a condition: it may well
    be over. So is a thread or `Process` whose function is not seen to loop, to wait for something that does not come,
    or to sleep as the last thing that it does: what most of them do takes less time than the rest of their test, or the
    code under test ends it. One that loops for ever counts always. So is a child whose output is read to its end
    (`child.stdout.read()`, a loop over its lines): it has closed it, and is about to go. A timer of up to a second, and
    an executor whose function waits for an event, asks for the result of each of its jobs, or shuts it down below and
    sleeps nowhere, are left to the `project` preset too. A pool or manager of `multiprocessing` that only a variable of
    a function holds is left alone: it ends when that goes. What constructors of code under test start is for the guard
    to see. `os.fork` and asyncio's tasks are not seen here.
    """

    code = "HRM109"
    name = "thread-or-child-left"
    symptoms = (
        "pytest hangs at the end, and does not exit",
        "a thread or child process of an earlier test still writes or listens",
        "PytestUnhandledThreadExceptionWarning in a test that starts no thread",
    )
    repair = "stop and join it in a finally, a with statement, or a fixture after its yield"
    claims = (LINT, GUARD)
    message = "{what} is started {where} and not {ending}"
    late_message = "{what} is started {where} and {ending} only when nothing fails in between"
    follows = "tests"
    tokens = (b"Thread", b"Timer", b"Process", b"Pool", b"Manager", b"Executor", b"Popen", b"create_subprocess")
    related = ("HRM304",)

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the threads and processes that stay."""
        for function in module.functions_with(makers_of(module, self.tokens)):
            yield from self.left_by(function, spawns_in(function), project)
        for function, spawns in received_by(module, self.tokens, project):
            yield from self.left_by(function, spawns, project)

    def left_by(self, function: Scope, spawns: Iterable[Spawn], project: Project) -> Iterator[Finding]:
        """Yield those of the threads and processes in a function that it leaves to the next test."""
        if roles.role_of(function) in ("teardown", "hook"):
            return
        for spawn in spawns:
            fate = fate_of(spawn)
            root = first_root(function, Nothing(), project) if fate not in (ENDED, RETURNED) else None
            if root is None or is_mocked(spawn, root, project):
                continue
            if PROJECT not in project.presets and (may_be_over(spawn, root) or not stays(spawn)):
                continue
            if PROJECT not in project.presets and fate == LATE and is_let_go(spawn):
                continue
            template = self.late_message if fate == LATE else self.message
            starter, node = started_at(spawn)
            where = reached_from(starter.function, root)
            text = template.format(what=spawn.kind.name, where=where, ending=spawn.kind.ending)
            yield self.finding(starter.function.module, node, text, test=node_id(root))

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
    Timer(0.2, sent.append, ["reminder"]).start()  # <- HRM109


def test_a_reminder_is_planned():
    remind()
    assert sent == []


def test_nothing_is_sent_without_a_plan():
    time.sleep(0.4)
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
    consumers = []
    for _ in range(3):
        consumer = Consumer(name="consumer")
        consumer.start()  # <- HRM109
        consumers.append(consumer)
    assert len(consumers) == 3


def test_nobody_consumes():
    assert "consumer" not in [thread.name for thread in threading.enumerate()]
"""
            },
        ),
        Example(
            "a helper returns a child process, and the test that gets it only looks at it",
            {
                "test_job.py": """
import os
import subprocess
import sys

import pytest


def submit(code):
    return subprocess.Popen([sys.executable, "-c", code])  # <- HRM109


def test_the_job_has_a_number():
    job = submit("import time; time.sleep(2)")
    assert job.args
    assert job.returncode is None


def test_no_child_is_running():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""
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
            "what a helper returns is ended by its caller, and a timer is over when its event has come",
            {
                "test_job.py": """
import subprocess
import sys
import threading


def submit(code):
    return subprocess.Popen([sys.executable, "-c", code])


def test_the_job_ends_well():
    job = submit("print(3)")
    assert job.wait() == 0


def test_the_wait_is_short():
    done = threading.Event()
    threading.Timer(0.01, done.set).start()
    assert done.wait(5)


def test_the_thread_has_ended():
    thread = threading.Thread(target=print)
    thread.start()
    while thread.is_alive():
        pass
"""
            },
        ),
        Example(
            "the object for which the thread works is told to end, and a thread that is kept has been joined",
            {
                "clock.py": """
import time


class Clock:
    stopped = False
    ticks = 0

    def run(self):
        while not self.stopped:
            self.ticks += 1
            time.sleep(0.001)
""",
                "test_clock.py": """
import threading

from clock import Clock


def test_the_clock_ticks():
    clock = Clock()
    threading.Thread(target=clock.run).start()
    time_is_up = threading.Timer(0.02, print)
    time_is_up.start()
    time_is_up.join()
    clock.stopped = True
    assert clock.ticks


def test_two_threads_have_names():
    kept = []
    for name in ("a", "b"):
        thread = threading.Thread(target=print, name=name)
        thread.start()
        thread.join()
        kept.append(thread)
    assert [thread.name for thread in kept] == ["a", "b"]
""",
            },
        ),
        Example(
            "children are ended by a helper that goes through them, or by their number",
            {
                "test_ending.py": """
import os
import signal
import subprocess
import sys
import unittest

COMMAND = [sys.executable, "-c", "pass"]


def finish(child):
    assert child.wait() == 0


def test_two_children():
    first = subprocess.Popen(COMMAND)
    second = subprocess.Popen(COMMAND)
    assert first.args == second.args
    [finish(child) for child in [first, second]]


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        cls.number = int(f"{cls.server.pid}")

    @classmethod
    def tearDownClass(cls):
        os.kill(cls.number, signal.SIGTERM)
        os.waitpid(cls.number, 0)

    def test_number(self):
        self.assertTrue(self.number)
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
