"""What a test begins and leaves: caught on its line, and left alone for a reason where it is benign.

Each suite runs once, under `--hermetic=error`; a line that ends with `# <- CODE` is one where a finding is expected.
"""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.places import USER, Place
from hermetic.guard.probes.tasks import Begun, TasksProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

THREADS = """
import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import pytest

QUIET = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Job:
    pass


def test_a_thread_ends_within_the_time_of_grace():
    threading.Thread(target=time.sleep, args=(0.02,)).start()


def test_a_pool_is_not_ended():
    pool = ThreadPool(1)  # <- HRM109
    test_a_pool_is_not_ended.pool = pool
    assert pool.map(int, "1") == [1]


def test_an_executor_without_a_job_has_no_thread():
    test_a_pool_is_not_ended.executor = ThreadPoolExecutor()


def test_an_executor_that_nobody_holds_ends_its_threads():
    ThreadPoolExecutor(1).submit(int, "1").result()


def test_an_executor_that_nobody_holds_goes_on_with_its_work():
    future = ThreadPoolExecutor(1).submit(time.sleep, 1)  # <- HRM109
    with pytest.raises(TimeoutError):
        future.result(timeout=0.01)


async def wait_for(seconds, wait):
    code = f"import time; time.sleep({seconds})"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)  # <- HRM109
    if wait:
        await child.wait()
    return child


def test_a_child_of_asyncio_is_left():
    test_a_pool_is_not_ended.other = asyncio.run(wait_for(5, wait=False))


def test_a_child_of_asyncio_is_waited_for():
    assert asyncio.run(wait_for(0, wait=True)).returncode == 0


def test_a_child_is_left():
    child = subprocess.Popen([sys.executable, "-c", "input()"], **QUIET)  # <- HRM109
    test_a_child_is_left.child = child
    assert child.poll() is None


def test_a_child_was_ended_and_nobody_took_its_status():
    child = subprocess.Popen([sys.executable, "-c", ""], **QUIET)
    time.sleep(0.3)
    test_a_child_is_left.child = child


def test_the_status_is_still_there():
    assert test_a_child_is_left.child.wait() == 0


def test_a_program_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        subprocess.Popen(["no-such-program"])


def test_what_a_thread_refers_to_is_not_kept():
    job = Job()
    thread = threading.Thread(target=lambda held: None, args=(job,))
    thread.held = job
    thread.start()
    thread.join()
    seen = weakref.ref(job)
    del job, thread
    gc.collect()
    assert seen() is None


@pytest.fixture(scope="module")
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module")
def server():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield thread
    stop.set()


@pytest.fixture(scope="module")
def forgotten():
    timer = threading.Timer(60, print)
    timer.start()  # <- HRM109
    return timer


def test_what_a_fixture_holds_is_its_own_affair(executor, server):
    assert executor.submit(int, "1").result() == 1


def test_what_a_fixture_leaves_is_found_when_it_ends(executor, server, forgotten):
    assert forgotten.is_alive()
"""

PATCHES = """
import os
import unittest
from unittest import mock


class PatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mock.patch("os.getlogin", return_value="ann").start()

    def test_one_test_may_stop_what_the_class_started(self):
        self.assertEqual(os.getlogin(), "ann")
        mock.patch.stopall()


def test_a_dictionary_and_an_attribute():
    mock.patch.dict(os.environ, {}).start()  # <- HRM304
    patcher = mock.patch.object(os, "getpid", return_value=0)
    patcher.start()  # <- HRM304
    assert os.getpid() == 0


def test_it_was_put_back(mocker):
    mocker.patch("os.getppid", return_value=0)
    assert os.getpid() > 0
"""

CALLS = """
import asyncio
import gc
import warnings
from unittest import mock

import pytest


class Repo:
    async def load(self):
        return self.fetch()  # <- HRM305

    def fetch(self):
        return 1


def test_code_under_test_forgets_to_await(monkeypatch):
    repo = Repo()
    repo.fetch = mock.AsyncMock()
    assert asyncio.iscoroutine(asyncio.run(Repo.load(repo)))


def test_one_of_two_calls_is_awaited():
    send = mock.AsyncMock()
    send(1)  # <- HRM305
    asyncio.run(send(2))
    assert send.await_count == 1


def test_a_test_that_catches_warnings_knows_of_it():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mock.AsyncMock()()
        gc.collect()
    assert len(caught) == 1


@pytest.mark.filterwarnings("error")
def test_a_call_that_raises_and_one_that_is_gathered():
    async def scenario():
        await asyncio.gather(load(), load(), return_exceptions=True)

    load = mock.AsyncMock(side_effect=ValueError)
    asyncio.run(scenario())


def test_the_name_in_the_warning_is_the_same_as_ever():
    coroutine = mock.AsyncMock()()
    assert coroutine.__qualname__ == "AsyncMockMixin._execute_mock_call"
    assert "AsyncMockMixin._execute_mock_call" in repr(coroutine)
    coroutine.close()
"""

TASKS = """
import asyncio
import gc
import threading
import time
import weakref

import pytest


def test_a_loop_that_had_to_be_made():
    policy = asyncio.get_event_loop_policy()
    policy.set_event_loop(None)
    policy._local._set_called = False
    try:
        assert policy.get_event_loop().time()
    except RuntimeError:  # newer versions make none
        pass


def test_two_tasks_are_left_in_a_loop_that_is():
    loop = asyncio.new_event_loop()  # <- HRM110
    test_two_tasks_are_left_in_a_loop_that_is.loop = loop
    for _ in range(2):
        loop.create_task(asyncio.sleep(60))  # <- HRM110


def test_that_loop_was_closed():
    assert test_two_tasks_are_left_in_a_loop_that_is.loop.is_closed()


@pytest.fixture(scope="module")
def background():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def shared():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_task_in_another_thread_is_done_within_the_time_of_grace(background):
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), background)


def test_a_loop_is_about_to_close_a_generator_that_nobody_holds(shared):
    async def numbers():
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)

    async def first():
        async for number in numbers():
            return number

    assert shared.run_until_complete(first()) == 1
    assert len(asyncio.all_tasks(shared)) == 1


def test_a_loop_is_told_to_begin_a_task(shared):
    shared.call_soon(lambda: shared.create_task(asyncio.sleep(60)))  # <- HRM110
    shared.run_until_complete(asyncio.sleep(0))


def test_a_loop_is_not_kept():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    seen = weakref.ref(loop)
    del loop
    gc.collect()
    assert seen() is None
"""

REPLACED = """
import json
import os.path
import socket
import threading
from unittest import mock

import pytest


class Client:
    def get(self):
        return 1


def load():
    return 1


def reload():
    global load

    def load():
        return 2


def test_a_method_of_a_library_class_through_setattr():
    setattr(json.JSONDecoder, "decode", lambda self, text: text)  # <- HRM308
    assert json.loads("1") == "1"


def test_it_was_put_back():
    assert json.loads("1") == 1


def test_a_function_below_a_package_is_deleted():
    del os.path.samefile  # <- HRM308
    assert not hasattr(os.path, "samefile")


def test_a_function_of_the_test_file_itself():
    reload()
    assert load() == 2


def test_what_the_guard_wraps_may_be_assigned_and_put_back():
    start = threading.Thread.start
    threading.Thread.start = lambda self: None
    threading.Thread.start = start


def test_a_patch_in_a_with(monkeypatch):
    with mock.patch.object(Client, "get"):
        assert Client().get() != 1
    monkeypatch.setattr("socket.socket", None)
    socket.socket = None


def test_a_started_patch_has_a_rule_of_its_own():
    mock.patch.object(Client, "get").start()  # hermetic: ignore[HRM304]


def test_it_is_stopped():
    mock.patch.stopall()
    assert Client().get() == 1
"""


def expected(source: str) -> set[tuple[str, int]]:
    lines = enumerate(source.lstrip("\n").splitlines(), 1)
    return {(line.rpartition(" ")[2], number) for number, line in lines if "# <- HRM" in line}


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize(
    ("source", "needs"),
    [(THREADS, ""), (PATCHES, "pytest_mock"), (CALLS, ""), (TASKS, "")],
    ids=["109", "304", "305", "110"],
)
def test_what_goes_on_is_caught_on_its_line_and_nothing_else(
    source: str, needs: str, number: int, tmp_path: Path
) -> None:
    if needs and importlib.util.find_spec(needs) is None:
        pytest.skip(f"not installed: {needs}")
    arguments = ["--hermetic-trace=off", *([f"-n{number}", "--dist=loadfile"] if number else [])]
    run = guarded(tmp_path / "suite", *arguments, files={"test_it.py": source.lstrip("\n")})

    assert {(item["code"], item["line"]) for item in run.findings} == expected(source), run.output
    assert "is not guarded from here on" not in run.output
    assert "FAILED" not in run.output


def test_a_replaced_function_is_caught_and_put_back(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "--hermetic-trace=off", files={"test_it.py": REPLACED.lstrip("\n")})

    found = {(item["code"], item["line"]) for item in run.findings}
    assert found == {*expected(REPLACED), ("HRM308", None)}, run.output
    assert "test_it.load" in {item["state"] for item in run.findings}
    assert "FAILED" not in run.output


def test_python_warns_on_the_same_line_as_ever(tmp_path: Path) -> None:
    source = "from unittest import mock\n\n\ndef test_a():\n    mock.AsyncMock()()\n"
    run = guarded(tmp_path / "suite", files={"test_it.py": source})

    assert "test_it.py:5: RuntimeWarning: coroutine 'AsyncMockMixin._execute_mock_call'" in run.output


SERVER = """
import asyncio
import threading

import pytest


async def serve(started, stop):
    started.set()
    while not stop.is_set():
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.4)
        except asyncio.TimeoutError:
            continue


@pytest.fixture(scope="session")
def loop():
    started, stop, held = threading.Event(), threading.Event(), []

    async def main():
        held.append(asyncio.get_running_loop())
        await asyncio.create_task(serve(started, stop))

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    started.wait()
    yield held[0]
    stop.set()
    thread.join()


@pytest.mark.parametrize("number", range(6))
def test_a_server_goes_on_meanwhile(number, loop):
    assert not loop.is_closed()
    threading.Event().wait(0.1)


def test_a_job_in_the_thread_leaves_a_task(loop):
    async def job():
        asyncio.create_task(asyncio.sleep(60), name="left")  # <- HRM110

    asyncio.run_coroutine_threadsafe(job(), loop).result()


def test_the_server_still_goes_on(loop):
    assert not loop.is_closed()
"""


def test_what_a_task_of_a_fixture_begins_is_the_fixtures_own(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "--hermetic-trace=off", files={"test_it.py": SERVER.lstrip("\n")})

    assert {(item["code"], item["line"]) for item in run.findings} == expected(SERVER), run.output
    assert {item["test"] for item in run.findings} == {"test_it.py::test_a_job_in_the_thread_leaves_a_task"}


def test_of_a_task_that_is_done_nothing_is_kept(tmp_path: Path) -> None:
    test = """
import asyncio
import gc


async def nothing():
    pass


async def many():
    for _ in range(200):
        await asyncio.create_task(nothing())
    return asyncio.create_task(asyncio.sleep(60))


def test_many_tasks():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(many())
    kinds = [type(one) for one in gc.get_objects()]
    kept = [kind for kind in kinds if kind.__module__ == "hermetic.guard._left" and kind.__name__ == "Left"]
    assert len(kept) == 1  # of the loop
    test_many_tasks.loop = loop


def test_the_loop_is_closed():
    test_many_tasks.loop.close()
"""

    run = guarded(tmp_path, mode="warn", files={"test_it.py": test})

    assert "2 passed" in run.output
    told = sorted(item["state"] for item in run.findings if item["code"] == "HRM110")
    assert told == ["an event loop", "the task sleep"], run.output


def test_the_tasks_of_an_owner_are_judged_once_and_stay_its_own() -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(asyncio.sleep(60))
    probe, place = TasksProbe(), Place("test_it.py", 1, USER)
    probe.tasks[task] = Begun(place, "a test")

    assert [one.name for one in probe.taken("another test")] == []
    assert [(one.name, one.place) for one in probe.taken("a test")] == [("the task sleep", place)]
    assert probe.taken("a test") == []
    assert probe.tasks[task].owner == "a test"

    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
