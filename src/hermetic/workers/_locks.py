"""Locks on files that the operating system lets go when their holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import weakref

from hermetic.workers._place import unusable

if sys.platform == "win32":
    import msvcrt
    import secrets
    import time

    _LENGTH = 0x7FFFFFFF

    def _lock(fd: int, *, shared: bool, wait: bool) -> bool:
        """Lock all bytes, or one of them at random: those who share hold different ones."""
        while True:
            start, length = (secrets.randbelow(_LENGTH), 1) if shared else (0, _LENGTH)
            os.lseek(fd, start, os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_NBLCK, length)
            except OSError:
                if not wait:
                    return False
                time.sleep(0.02)
            else:
                return True
else:
    import fcntl

    def _lock(fd: int, *, shared: bool, wait: bool) -> bool:
        """Lock the open file. Not `lockf`: that lock is lost when any other handle on the file is closed."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(fd, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """A lock that this process holds until `release`, or until it ends.

    A forked child does not hold it: its copy of the handle is closed, so that it cannot outlive its parent with it.
    """

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self._fd = fd
        _held.add(self)

    @property
    def held(self) -> bool:
        """Whether this process holds the lock."""
        return self._fd >= 0

    def release(self) -> None:
        """Let the lock go. The file stays: a file that comes and goes could be locked twice."""
        # Closed, never unlocked: an unlock would also end the lock of a process that was forked from, or forked, this.
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def acquire(path: str, *, shared: bool = False) -> FileLock:
    """Wait for the lock on a file, made if need be. Those who lock it as shared can hold it together.

    Raises LeaseError when the file cannot be made, opened or locked.
    """
    lock = _acquire(path, shared=shared, wait=True)
    if lock is None:  # pragma: no cover - a lock that waits does not come back empty-handed
        raise unusable(path, "it cannot be locked")
    return lock


def try_acquire(path: str, *, shared: bool = False) -> FileLock | None:
    """Return the lock on a file, or None when another holds it. Raises as `acquire`."""
    return _acquire(path, shared=shared, wait=False)


def _acquire(path: str, *, shared: bool, wait: bool) -> FileLock | None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        try:
            fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise unusable(path, error.strerror or str(error)) from error
        lock = FileLock(path, fd)
        try:
            if not _lock(fd, shared=shared, wait=wait):
                lock.release()
                return None
            if _is_still(fd, path):
                return lock
        except OSError as error:
            lock.release()
            raise unusable(path, error.strerror or str(error)) from error
        except BaseException:
            lock.release()
            raise
        lock.release()  # someone tidied the folder in between: another file has the name now


def _is_still(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _forget_in_child() -> None:
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
