"""HRM110: a test leaves a task in a loop that goes on, and the next one waits for it in vain."""

import asyncio
import contextlib


def unfinished(loop):
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
    return asyncio.all_tasks(loop)


# pattern: a task that ends with its test [HRM110]
def test_tasks_pattern(loop):
    task = loop.create_task(asyncio.Event().wait())
    try:
        assert task in unfinished(loop)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)


# end of pattern


def test_tasks_after_pattern(loop):
    assert unfinished(loop) == set()


def test_tasks_polluter(loop):
    # The loop's timer holds it: a task that nobody holds may be collected before the next test looks.
    task = loop.create_task(asyncio.sleep(3600))  # leak HRM110
    assert task in unfinished(loop)


def test_tasks_victim(loop):
    assert unfinished(loop) == set()
