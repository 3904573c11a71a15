"""A folder for the files of this process, and SQLite databases in it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hermetic.workers._lease import guard, lease_slot
from hermetic.workers._place import data_folder, lease_folder, unusable
from hermetic.workers.names import unique_resource_name

if TYPE_CHECKING:
    from collections.abc import Iterator

# By process: a forked child uses its parent's folder, and does not remove it.
_folders: dict[str, int] = {}


def worker_tmp_path() -> Path:
    """Return a folder that is this process's alone: the same one until `remove_worker_tmp_path` or the end.

    It lies below the temporary folder, is empty at first, readable for this user only, and is removed when the process
    ends. What a killed process left in the same slot is removed when the next one comes. Raises LeaseError.
    """
    with guard():
        for path in _folders:
            if os.path.isdir(path):
                return Path(path)
        path = _made()
        _folders[path] = os.getpid()
        return Path(path)


def _made() -> str:
    parent = data_folder()
    # The same slot of another folder of leases belongs to someone else.
    prefix = f"gw{lease_slot()}-{zlib.crc32(lease_folder().encode()):08x}-"
    for left_over in os.scandir(parent):
        if left_over.name.startswith(prefix):
            shutil.rmtree(left_over.path, ignore_errors=True)
    try:
        return tempfile.mkdtemp(prefix=prefix, dir=parent)
    except OSError as error:
        raise unusable(parent, error.strerror or str(error)) from error


def remove_worker_tmp_path() -> None:
    """Remove the folder with all that is in it. The next call of `worker_tmp_path` makes a new one."""
    for path, owner in list(_folders.items()):
        if owner == os.getpid():
            shutil.rmtree(path, ignore_errors=True)
        del _folders[path]


@contextmanager
def sqlite_file(name: str = "test", folder: Path | None = None) -> Iterator[Path]:
    """Give the path of a SQLite database that does not exist yet, and remove it with its side files at the end.

    It is in `folder`, or else in `worker_tmp_path()`. Raises LeaseError.
    """
    path = (folder or worker_tmp_path()) / f"{unique_resource_name(name)}.sqlite3"
    try:
        yield path
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


atexit.register(remove_worker_tmp_path)
