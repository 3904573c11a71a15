"""Event loops of asyncio that are not closed, and their tasks."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.guard._left import Left, LeftProbe, starter
from hermetic.guard.places import LIBRARY, MACHINE, Place, getframe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

LOOP = "asyncio.base_events.BaseEventLoop.__init__"
TASK = "asyncio.base_events.BaseEventLoop.create_task"
EVENTS = os.path.join("asyncio", "events.py")
CLOSING = "async_generator_athrow"  # the type of what `aclose` of an asynchronous generator returns
DEEP = 8  # frames between the policy that makes a loop when one is asked for, and the loop itself


class Begun(NamedTuple):
    """Where a task was begun, None once it was judged, and whose it is."""

    place: Place | None
    owner: object


class TasksProbe(LeftProbe):
    """Loops that were made and not closed, and tasks that are not done, of loops that are not closed.

    A loop that Python makes when the current one is asked for is benign, and so is what a library makes for itself, or
    the loop itself, to close an asynchronous generator that nobody holds any more.
    What a task begins belongs to the owner of the task: a server in a thread of a fixture makes some all the time.
    """

    code = "HRM110"
    setters = (LOOP, TASK)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, Place | None] = {}  # by thread, of the task that is being made
        # Who began a task where, and for whom: tests begin thousands, so nothing else is kept of each.
        self.tasks: weakref.WeakKeyDictionary[Any, Begun] = weakref.WeakKeyDictionary()
        self.newest = Begun(None, None)

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Keep who makes a loop, or a task of one."""
        place, maker, caller = starter()
        if maker == LIBRARY or (name == TASK and caller.endswith(EVENTS) and is_closing(*args[1:2])):
            return
        if name == TASK:
            self.places[threading.get_ident()] = place
        elif not is_made_when_asked_for():
            loop: Callable[[], Any] = weakref.ref(args[0])
            self.begins("an event loop", place, lambda: is_open(loop()), lambda: loop().close(), "not closed")

    def returned(self, name: str, args: tuple[object, ...], result: Any) -> None:
        """Keep a task."""
        place = self.places.pop(threading.get_ident(), None) if name == TASK else None
        if place is None or not isinstance(result, sys.modules["asyncio"].Task):
            return
        owner = self.owner()
        if self.newest.owner is not owner or self.newest.place != place:
            self.newest = Begun(place, owner)  # most tasks share one with those before
        self.tasks[result] = self.newest
        self.stirred = True

    def has_begun(self) -> bool:
        """Tell whether there are loops or tasks to judge."""
        return bool(self.begun or self.tasks)

    def taken(self, owner: object) -> list[Left]:
        """Return the loops and the tasks of an owner; its tasks stay known as its own, and are judged once."""
        found = super().taken(owner)
        for task, begun in list(self.tasks.items()):
            if begun.owner is owner and begun.place is not None:
                self.tasks[task] = Begun(None, owner)
                if owner is not None and begun.place.origin != MACHINE and is_pending(task):
                    found.append(left_task(weakref.ref(task), begun.place, owner))
        return found

    def owner(self) -> object:
        """Return the owner of the task that runs in this thread, where that is known."""
        parent = current_task()
        begun = self.tasks.get(parent) if parent is not None else None
        return (begun.owner if begun is not None else None) or super().owner()

    def waits(self, left: list[Left]) -> bool:
        """Wait only where another thread may go on with it."""
        return threading.active_count() > 1


def current_task() -> Any:
    """Return the task that runs in this thread, None where there is none."""
    asyncio: Any = sys.modules["asyncio"]
    loop = asyncio._get_running_loop()  # noqa: SLF001 - `get_running_loop` raises where none runs, as it does mostly
    return asyncio.current_task(loop) if loop is not None else None


def left_task(task: weakref.ref[Any], place: Place, owner: object) -> Left:
    """Return what tells of a task that is not done."""
    kept: Any = task()
    what = getattr(kept.get_coro(), "__qualname__", "?")
    return Left(f"the task {what}", place, owner, lambda: is_pending(task()), lambda: cancel(task()), "not done")


def is_closing(coroutine: object = None) -> bool:
    """Tell whether a task does nothing but close an asynchronous generator."""
    return type(coroutine).__name__ == CLOSING


def is_made_when_asked_for() -> bool:
    """Tell whether the loop that is being made is one that `asyncio.get_event_loop` had to make."""
    frame: FrameType | None = getframe(4)
    for _ in range(DEEP):
        if frame is None or frame.f_code.co_filename.endswith("base_events.py"):
            return False
        if frame.f_code.co_name == "get_event_loop" and frame.f_code.co_filename.endswith(EVENTS):
            return True
        frame = frame.f_back
    return False


def is_open(loop: Any) -> bool:
    """Tell whether a loop is left; one that runs belongs to a thread, which is HRM109's business."""
    return loop is not None and not loop.is_closed() and not loop.is_running()


def is_pending(task: Any) -> bool:
    """Tell whether a task is left: not done, and of a loop that may still run it."""
    return task is not None and not task.done() and not task.get_loop().is_closed()


def cancel(task: Any) -> None:
    """End a task, the next time its loop runs."""
    if task is not None:
        task.get_loop().call_soon_threadsafe(task.cancel)
