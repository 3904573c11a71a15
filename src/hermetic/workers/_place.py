"""The private folder that holds the leases: one for each user of a machine."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

from hermetic.workers.errors import LeaseError

FOLDER_VARIABLE = "HERMETIC_LEASE_DIR"
_PRIVATE = 0o700
# Not TMPDIR and not XDG_RUNTIME_DIR: shells, cron and tox differ in them, and two runs that look for leases in
# different folders share everything.
_COMMON = "/tmp"  # noqa: S108 - what is made there belongs to the user alone, and is checked below


def lease_folder() -> str:
    """Return the folder of this user's leases, made if need be.

    It is `hermetic-UID`, with the number of the user, below the folder that HERMETIC_LEASE_DIR names, or else below
    /tmp (on Windows: with the name of the user, below the temporary folder). Raises LeaseError when it cannot be made,
    or when others could write in it.
    """
    return private_folder(os.environ.get(FOLDER_VARIABLE) or (_COMMON if os.name == "posix" else tempfile.gettempdir()))


def data_folder() -> str:
    """Return a private folder for files: below the usual temporary folder, where there may be more room."""
    return private_folder(tempfile.gettempdir())


def private_folder(parent: str) -> str:
    """Make `hermetic-UID` below `parent` for this user alone, or check that it is one already."""
    # Absolute, since tests change the current folder.
    path = os.path.abspath(os.path.join(parent, f"hermetic-{_user()}"))
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, _PRIVATE)
        found = os.lstat(path)
        if problem := _problem(found):
            raise unusable(path, problem)
        if stat.S_IMODE(found.st_mode) != _PRIVATE and os.name == "posix":
            os.chmod(path, _PRIVATE)  # a umask may have taken more away than is good
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    return path


def unusable(path: str, reason: str) -> LeaseError:
    """Return the error for a place that cannot hold leases."""
    return LeaseError(
        f"{path} cannot hold the leases of the test workers: {reason}; "
        f"name a writable folder of your own: {FOLDER_VARIABLE}=/path/to/folder"
    )


def _user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else (os.environ.get("USERNAME") or "user")


def _problem(found: os.stat_result) -> str | None:
    """Why a folder that is there already must not be trusted, or None."""
    if stat.S_ISLNK(found.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if not hasattr(os, "geteuid"):
        return None
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, not to user {os.geteuid()}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write in it (remove it, or take their permission away)"
    return None
