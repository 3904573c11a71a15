"""Write a changed file in one step, so that nobody ever sees half of it."""

from __future__ import annotations

import os
import stat

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class NotWrittenError(Exception):
    """A file was left as it is; the text says which, and why."""


def rewrite(path: str, before: bytes, after: bytes) -> None:
    """Replace a file's content; a link still leads to the same file, whose mode and owner stay.

    Raises `NotWrittenError` where the file is not what was read, may not be written, or cannot be.
    """
    target = os.path.realpath(path)
    temporary = f"{target}.hermetic-{os.getpid()}"
    try:
        with open(target, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
        if content == after:  # the same file, by another name
            return
        if content != before:
            raise NotWrittenError(f"{path}: changed while it was being checked, so it is left as it is")
        if not status.st_mode & WRITABLE:
            raise NotWrittenError(f"{path}: read-only, so it is left as it is")
        replace(target, temporary, after, status)
    except OSError as error:
        raise NotWrittenError(f"{path}: cannot be written: {error.strerror or error}") from error


def replace(target: str, temporary: str, content: bytes, status: os.stat_result) -> None:
    """Write a file beside another one, and put it in its place; nothing is left behind when that fails."""
    with open(temporary, "xb") as file:
        try:
            file.write(content)
            file.close()
            keep(temporary, status)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def keep(path: str, status: os.stat_result) -> None:
    """Give a new file the owner and the mode of the old one."""
    written = os.stat(path)
    if hasattr(os, "chown") and (written.st_uid, written.st_gid) != (status.st_uid, status.st_gid):
        os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))
