"""What a run reads of the disk, each with a mark by which a later run tells whether it is still the same."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    Mark = tuple[int, int, int, bytes]  # modified and changed (nanoseconds), size, and a digest of what is in it

GONE: Mark = (0, 0, -1, b"")  # not there, or not to be read
OTHER: Mark = (0, 0, -2, b"")  # neither a file nor a folder that is asked for
CHANGED: Mark = (0, 0, -3, b"")  # read twice, and not the same: never the same again
# What other tools make in a folder between two runs, and nobody asks for.
PASSING = (b"__pycache__", b".pytest_cache", b".ruff_cache", b".mypy_cache", b".hypothesis", b".coverage")


def digest(data: bytes) -> bytes:
    """Return what stands for some bytes: 16 bytes, the same in each process."""
    from _blake2 import blake2b  # a tenth of what `hashlib` costs to import

    return blake2b(data, digest_size=16).digest()


def read_file(path: str, *, marked: bool, plainly: bool = False) -> tuple[bytes | None, Mark]:
    """Return a file's bytes and its mark; None where it cannot be read, as a pipe or device, which may never end.

    `plainly`: without a digest, so that a later run trusts nothing but times that say that it is the same.
    """
    try:
        found = os.stat(path)  # before it is read: what changes later gives another mark
        if not stat.S_ISREG(found.st_mode):
            return None, OTHER
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError, MemoryError):
        return None, GONE
    if not marked:
        return data, OTHER
    return data, (found.st_mtime_ns, found.st_ctime_ns, found.st_size, b"" if plainly else digest(data))


def list_folder(path: str, *, marked: bool) -> tuple[frozenset[str], Mark]:
    """Return the names in a folder, none where it cannot be listed, and its mark."""
    try:
        found = os.stat(path)
        names = frozenset(os.listdir(path))
    except (OSError, ValueError):
        return frozenset(), GONE
    if not marked:
        return names, OTHER
    spelled = sorted(filter(lasting, map(os.fsencode, names)))
    return names, (found.st_mtime_ns, found.st_ctime_ns, 0, digest(b"\0".join(spelled)))


def lasting(name: bytes) -> bool:
    """Tell whether a name in a folder is more than what a tool leaves there while it runs."""
    return not name.startswith(PASSING)


def renewed_all(marks: dict[str, Mark], before: int) -> dict[str, Mark] | None:
    """Return the marks of files, and of folders (with a separator behind them), as `renewed` does; None if one is."""
    found = {}
    look = os.stat
    for path, mark in marks.items():
        modified, changed, size, _ = mark
        now: Mark | None = None
        if size > 0 and modified < before and changed < before:  # most are files that are as they were
            try:
                status = look(path)
            except (OSError, ValueError):
                return None
            if status.st_mtime_ns == modified and status.st_ctime_ns == changed and status.st_size == size:
                now = mark
        elif mark == GONE and not is_there(path):  # and folders in which nothing was found, as they are not there
            now = mark
        now = now or renewed(path, mark, before, folder=path.endswith(os.sep))
        if now is None:
            return None
        found[path] = now
    return found


def is_there(path: str) -> bool:
    """Tell whether there is something at a path."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def renewed(path: str, mark: Mark, before: int, *, folder: bool) -> Mark | None:
    """Return the mark of a file or folder that is as it was when it got this one, None where it is not.

    It is the same object where its times alone say so. They count where they are older than `before`: within the same
    moment a second change leaves no other time.
    """
    modified, changed, size, _ = mark
    if size >= 0 and modified < before and changed < before:
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return None
        if found.st_mtime_ns == modified and found.st_ctime_ns == changed and (folder or found.st_size == size):
            return mark
    now = list_folder(path, marked=True)[1] if folder else read_file(path, marked=True)[1]
    if now == mark and size < 0:  # still not there
        return mark
    return now if now[2:] == mark[2:] else None
