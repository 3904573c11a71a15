"""HRM110."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, Example, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class TaskLeft(Rule):
    """A test leaves a task of asyncio pending, or an event loop open.

    Why it breaks:
    A pending task goes on the next time that anything runs its loop: in the middle of another test, with the data of
    that test. An open loop keeps its sockets, stays the current one for whoever asks, and is closed by the garbage
    collector, whose `ResourceWarning` then fails some test that has nothing to do with it.

    Do this instead:
    Use `asyncio.run`, `asyncio.Runner` in a `with`, or let pytest-asyncio or anyio run the test: they cancel what is
    pending and close the loop. In code that shares a loop, keep the task, cancel it in a `finally` and await it; close
    a loop of your own in a `finally` or after the fixture's `yield`.

    Limits:
    Loops that are not built on asyncio's own, such as those of uvloop, are not seen. A loop that Python makes because
    the current one was asked for is left alone, and so are the tasks that a library makes for itself.
    """

    code = "HRM110"
    name = "task-left"
    symptoms = (
        "Task was destroyed but it is pending",
        "RuntimeError: Event loop is closed",
        "ResourceWarning: unclosed event loop",
    )
    message = "{what} is left"
    repair = "cancel and await the task in a finally, close the loop, or use asyncio.run"
    claims = (GUARD,)
    no_claims: Mapping[str, str] = {
        "lint": "who awaits or cancels a task is rarely written where it is made; the guard sees what is left"
    }
    related = ("HRM109", "HRM305")

    bad = (
        Example(
            "a task is made and not awaited, and runs when the next test runs the loop",
            {
                "test_reminder.py": """
import asyncio

LOOP = asyncio.new_event_loop()
sent = []


async def remind():
    await asyncio.sleep(0.01)
    sent.append("reminder")


async def sign_up():
    asyncio.create_task(remind())  # <- HRM110


def test_a_member_signs_up():
    LOOP.run_until_complete(sign_up())
    assert sent == []


def test_nothing_is_sent_without_a_member():
    LOOP.run_until_complete(asyncio.sleep(0.05))
    assert sent == []
"""
            },
        ),
        Example(
            "a fixture starts a worker on a loop that lives longer, and does not cancel it",
            {
                "conftest.py": """
import asyncio

import pytest


@pytest.fixture(scope="session")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def queue():
    return asyncio.Queue()


@pytest.fixture
def worker(loop, queue):
    async def work():
        while True:
            await queue.get()

    return loop.create_task(work())  # <- HRM110
""",
                "test_jobs.py": """
import asyncio


def test_a_job_is_taken(loop, queue, worker):
    loop.run_until_complete(queue.put("job"))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert queue.empty()


def test_nobody_works(loop):
    assert asyncio.all_tasks(loop) == set()
""",
            },
        ),
        Example(
            "a loop of the test's own is closed below the assertion",
            {
                "test_answer.py": """
import asyncio


async def answer():
    return 42


def test_the_answer():
    loop = asyncio.new_event_loop()  # <- HRM110
    asyncio.set_event_loop(loop)
    assert loop.run_until_complete(answer()) == 41
    loop.close()


def test_the_loop_of_nobody_else_is_the_current_one():
    loop = asyncio.get_event_loop_policy()._local._loop
    assert loop is None or loop.is_closed()
"""
            },
        ),
        Example(
            "a class opens a loop for its tests and never closes it",
            {
                "test_service.py": """
import asyncio
import gc
import unittest


class ServiceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.loop = asyncio.new_event_loop()  # <- HRM110

    def test_the_service_sleeps(self):
        self.assertIsNone(self.loop.run_until_complete(asyncio.sleep(0)))


def test_every_loop_is_closed():
    loops = [found for found in gc.get_objects() if isinstance(found, asyncio.AbstractEventLoop)]
    assert [loop for loop in loops if not loop.is_closed()] == []
"""
            },
        ),
    )
    good = (
        Example(
            "asyncio.run cancels what is pending and closes its loop",
            {
                "test_reminder.py": """
import asyncio

sent = []


async def remind():
    await asyncio.sleep(60)
    sent.append("reminder")


async def sign_up():
    asyncio.create_task(remind())


def test_a_member_signs_up():
    asyncio.run(sign_up())
    assert sent == []


def test_a_runner_ends_with_its_block():
    with asyncio.Runner() as runner:
        runner.run(sign_up())
"""
            },
        ),
        Example(
            "a fixture cancels the worker that it started, and the loop is closed by the fixture that opened it",
            {
                "test_jobs.py": """
import asyncio

import pytest


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def worker(loop):
    task = loop.create_task(asyncio.sleep(60))
    yield task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_the_worker_is_there(loop, worker):
    loop.run_until_complete(asyncio.sleep(0))
    assert not worker.done()


def test_no_worker_is_there(loop):
    assert asyncio.all_tasks(loop) == set()
"""
            },
        ),
        Example(
            "unittest's own loop is closed by it, with all its tasks",
            {
                "test_service.py": """
import asyncio
import unittest


class ServiceTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.worker = asyncio.create_task(asyncio.sleep(60))

    async def test_the_worker_is_there(self):
        self.assertFalse(self.worker.done())
"""
            },
        ),
        Example(
            "pytest-asyncio cancels what a test leaves to it, and closes the loop",
            {
                "test_member.py": """
import asyncio

import pytest
import pytest_asyncio


@pytest_asyncio.fixture
async def worker():
    return asyncio.create_task(asyncio.sleep(60))


@pytest.mark.asyncio
async def test_the_worker_is_there(worker):
    assert not worker.done()
    assert asyncio.create_task(asyncio.sleep(60)).cancel()
"""
            },
            needs=("pytest_asyncio",),
        ),
    )
