"""Threads, executors, pools and child processes that go on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Any

from hermetic.guard._left import LeftProbe, starter
from hermetic.guard.places import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor
    from multiprocessing.process import BaseProcess

    from hermetic.guard.places import Place

THREAD = "threading.Thread.start"
PROCESS = "multiprocessing.process.BaseProcess.start"
CHILD = "subprocess.Popen.__init__"
THREADS = "concurrent.futures.thread.ThreadPoolExecutor.__init__"
PROCESSES = "concurrent.futures.process.ProcessPoolExecutor.__init__"
POOL = "multiprocessing.pool.Pool.__init__"
# Whose threads and processes are those of an executor or pool, are ended with a loop or queue, or wait for a child.
KEEPERS = tuple(
    os.path.join(*parts)
    for parts in (
        ("concurrent", "futures", "thread.py"),
        ("concurrent", "futures", "process.py"),
        ("multiprocessing", "pool.py"),
        ("multiprocessing", "queues.py"),
        ("asyncio", "base_events.py"),
        ("asyncio", "unix_events.py"),
        ("socketserver.py",),
    )
)
is_alive = threading.Thread.is_alive


class RunningProbe(LeftProbe):
    """What was started and is alive. Of libraries, the daemon threads and the executors are their own affair."""

    code = "HRM109"
    setters = (THREAD, PROCESS, CHILD, THREADS, PROCESSES, POOL)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, tuple[Place | None, str]] = {}  # by thread, of the child that is being started

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Keep who starts something."""
        place, maker, caller = starter()
        what: Any = args[0]
        if name == CHILD:  # asyncio waits for the status of its own, and does not end them
            self.places[threading.get_ident()] = place, program(args, kwargs)
        elif caller.endswith(KEEPERS):
            return
        elif name == THREAD:
            cannot = what.ident is not None or not what._initialized  # noqa: SLF001 - `start` raises for these
            if not cannot and (maker != LIBRARY or not what.daemon):
                self.keep_thread(what, place)
        elif name == PROCESS:
            process: Callable[[], Any] = weakref.ref(what)
            self.begins(
                f"the process {what.name!r}", place, lambda: process().is_alive(), lambda: end_process(process())
            )
        elif maker != LIBRARY and name == THREADS:
            self.places[threading.get_ident()] = place, type(what).__name__
        elif maker != LIBRARY:
            self.keep_pool(name, weakref.ref(what), type(what).__name__, place)

    def keep_thread(self, what: threading.Thread, place: Place | None) -> None:
        """Keep a thread; not the object, since what it refers to would live on with it."""
        thread: Callable[[], Any] = weakref.ref(what)
        cancel = (lambda: thread().cancel()) if isinstance(what, threading.Timer) else None
        self.begins(f"the thread {what.name!r}", place, lambda: is_alive(thread()), cancel)

    def keep_pool(self, name: str, pool: weakref.ref[Any], kind: str, place: Place | None) -> None:
        """Keep a pool, which is alive as long as one of its threads or processes is."""
        workers = WORKERS[name]
        self.begins(f"a {kind}", place, lambda: any(one.is_alive() for one in workers(pool())), lambda: shut(pool()))

    def returned(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Keep a child, now that it has a number, or an executor, now that it has a set for its threads."""
        if name not in {CHILD, THREADS}:
            return
        place, what = self.places.pop(threading.get_ident(), (None, ""))
        made = weakref.ref(args[0])
        if place is not None and name == THREADS:
            # The set itself, since threads go on with their work when nobody holds their executor any more.
            threads = getattr(args[0], "_threads", ())
            self.begins(f"a {what}", place, lambda: any(map(is_alive, list(threads))), lambda: shut(made()))
            return
        pid = getattr(args[0], "pid", None)
        if place is not None and isinstance(pid, int):
            self.begins(f"the child process {what}", place, lambda: runs(made(), pid), lambda: kill(made(), pid))


def program(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return the name of the program that a child runs."""
    given: Any = args[1] if len(args) > 1 else kwargs.get("args", "")
    if not isinstance(given, str | bytes | os.PathLike):
        given = given[0] if given else ""
    text = given if isinstance(given, str) else os.fsdecode(given) if isinstance(given, bytes) else str(given)
    return os.path.basename(text.partition(" ")[0])


def runs(child: Any, pid: int) -> bool:
    """Tell whether a child process runs, without taking its exit status away from whoever waits for it."""
    if child is not None and child.returncode is not None:
        return False
    if not hasattr(os, "waitid"):  # Windows keeps the status for all who ask
        return child is not None and child.poll() is None
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def kill(child: Any, pid: int) -> None:
    """End a child process."""
    if child is not None:
        child.kill()
        child.wait()
        return
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def end_process(process: Any) -> None:
    """End a process of multiprocessing."""
    if process is not None:
        process.kill()
        process.join()


def processes_of(executor: Any) -> list[BaseProcess]:
    """Return the processes of an executor; the table is gone when it was shut down."""
    return list((executor._processes or {}).values()) if executor is not None else []  # noqa: SLF001 - nothing else tells


def members_of(pool: Any) -> list[Any]:
    """Return the threads or processes of a pool."""
    return list(pool._pool) if pool is not None else []  # noqa: SLF001 - as above


def shut(pool: Any) -> None:
    """End an executor or pool without waiting for its work."""
    end: Callable[[], object] = getattr(pool, "terminate", None) or shutdown_of(pool)
    end()


def shutdown_of(executor: Executor) -> Callable[[], object]:
    """Return what ends an executor."""
    return lambda: executor.shutdown(wait=False, cancel_futures=True)


WORKERS: dict[str, Callable[[Any], list[Any]]] = {PROCESSES: processes_of, POOL: members_of}
