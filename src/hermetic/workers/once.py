"""Things that exist once in a test run, whatever the number of workers: a server, a built image, a big data set.

The first worker to ask sets the thing up, the others get the value that it returned, and the last one out tears it
down. Who still uses it is known to the operating system: each user holds a shared lock on one file, and loses it when
it dies. So there is no count that a killed worker could leave wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from hermetic.workers._locks import FileLock, acquire, try_acquire
from hermetic.workers._place import lease_folder, unusable
from hermetic.workers.errors import WorkerResourceError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_POLL = 0.05  # seconds


class _Use(NamedTuple):
    """One thing that this process uses: its files begin with `path`."""

    path: str
    users: FileLock
    teardown: Callable[[Any], object]


class OncePerRun:
    """What one worker uses of the things that its run has once. `run` is the id that all workers have in common."""

    def __init__(self, run: str) -> None:
        self._path = os.path.join(lease_folder(), f"run-{_digest(run)}")
        self._process = os.getpid()
        self._uses: dict[str, _Use] = {}
        self._values: dict[str, Any] = {}
        self._working: FileLock | None = None
        self._guard = threading.RLock()

    @property
    def takes_part(self) -> bool:
        """Whether the other workers wait for this one before anything is torn down."""
        return self._working is not None

    def take_part(self) -> None:
        """Make the others wait for this worker, from before the first test on. Undone by `finish`, or by death."""
        if self._working is None:
            self._working = acquire(f"{self._path}.working", shared=True)

    def get(self, name: str, setup: Callable[[], T], teardown: Callable[[T], object] | None = None) -> T:
        """Return what `setup` returned in the first worker of the run that asked for `name`.

        The value crosses processes, so it must be JSON; every worker gets what JSON makes of it (a tuple is a list).
        `teardown` gets the value, in the worker that is the last to let go. A thing whose users were all killed is
        torn down and set up again. What `setup` raises, it raises for this worker, and the next one tries again.
        Raises WorkerResourceError when the value is not JSON, LeaseError when the files cannot be written.
        """
        with self._guard:
            if name not in self._values:
                path = f"{self._path}-{_digest(name)}"
                use = teardown if teardown is not None else _nothing
                # The type of the value is what this caller's own setup returns.
                self._values[name] = self._enter(name, path, setup, use)
            value: T = self._values[name]
            return value

    def _enter(self, name: str, path: str, setup: Callable[[], T], teardown: Callable[[Any], object]) -> object:
        mutex = acquire(f"{path}.mutex")
        try:
            alone = try_acquire(f"{path}.users")
            if alone is not None:
                alone.release()
                _clear(path, teardown)
            users = acquire(f"{path}.users", shared=True)
            try:
                if not os.path.exists(f"{path}.json"):
                    _write(name, path, setup(), teardown)
                value = _read(path)
            except BaseException:
                users.release()
                raise
            self._uses[name] = _Use(path, users, teardown)
            return value
        finally:
            mutex.release()

    def finish(self) -> list[Exception]:
        """Wait until no worker of the run is at work any more, then let go of everything.

        Returns what went wrong in teardowns. Nothing to do, and no wait, for a worker that used nothing.
        """
        if self._process != os.getpid():
            return []  # a forked child: its parent is still at work, and may be waiting for it
        if self._working is not None:
            self._working.release()
            self._working = None
        while self._uses:
            idle = try_acquire(f"{self._path}.working")
            if idle is not None:
                with contextlib.suppress(OSError):
                    os.unlink(idle.path)
                idle.release()
                break
            time.sleep(_POLL)
        return self.leave()

    def leave(self) -> list[Exception]:
        """Let go of everything, the last thing first; tear down what nobody else uses. Returns what went wrong."""
        problems: list[Exception] = []
        while self._uses:
            name, use = self._uses.popitem()
            del self._values[name]
            try:
                _leave(use)
            except Exception as error:  # noqa: BLE001 - the other things are torn down all the same
                problems.append(error)
        return problems


def _leave(use: _Use) -> None:
    mutex = acquire(f"{use.path}.mutex")
    try:
        use.users.release()
        last = try_acquire(f"{use.path}.users")
        if last is None:
            return
        try:
            value = _read(use.path)
            os.unlink(f"{use.path}.json")
            use.teardown(value)
        finally:
            # Whoever waits for one of these notices that it has gone, and makes it anew.
            os.unlink(last.path)
            last.release()
            os.unlink(mutex.path)
    finally:
        mutex.release()


def _clear(path: str, teardown: Callable[[Any], object]) -> None:
    """Tear down what users that were killed have left."""
    if os.path.exists(f"{path}.json"):
        value = _read(path)
        os.unlink(f"{path}.json")
        # It may have gone with them.
        with contextlib.suppress(Exception):
            teardown(value)


def _write(name: str, path: str, value: object, teardown: Callable[[Any], object]) -> None:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        teardown(value)
        raise WorkerResourceError(
            f"what the setup of {name!r} returned cannot be handed to other workers: {error}; return JSON values "
            "(a URL, a process id) and make clients and connections from them in each worker"
        ) from error
    try:
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(f"{path}.new", f"{path}.json")
    except OSError as error:
        teardown(value)
        raise unusable(path, error.strerror or str(error)) from error


def _read(path: str) -> object:
    with open(f"{path}.json", encoding="utf-8") as file:
        value: object = json.load(file)
    return value


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _nothing(_value: object) -> None:
    """Tear down nothing."""
