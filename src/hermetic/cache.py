"""Small results kept between runs, in the user's own cache folder. Anything odd is a miss, never an error.

Not in the checked repository: a file that somebody commits must not be able to speak for its configuration.
"""

from __future__ import annotations

import marshal
import os
import sys

from hermetic import __version__


def folder() -> str:
    """Return the cache folder: `$XDG_CACHE_HOME/hermetic`, else `~/.cache/hermetic`; "" without a home."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", ""), ".cache")
    return os.path.join(base, "hermetic") if os.path.isabs(base) else ""


def file_of(root: str, kind: str) -> str:
    """Return the file for one kind of result about the project at `root`."""
    project = os.path.abspath(root).replace("%", "%%").replace(os.sep, "%")
    return os.path.join(folder(), f"{kind}-{__version__}-{sys.implementation.cache_tag}{project}")


def load(root: str, kind: str, key: object) -> object:
    """Return what was saved for exactly this key, None otherwise."""
    try:
        with open(file_of(root, kind), "rb") as file:
            stored_key, value = marshal.loads(file.read())  # noqa: S302 - written by us in the user's own folder
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return value if stored_key == key else None


def save(root: str, kind: str, key: object, value: object) -> None:
    """Keep a result: written beside and moved into place, so that a reader sees all of it or none."""
    path = file_of(root, kind)
    if not os.path.isabs(path):
        return
    temporary = f"{path}.{os.getpid()}"
    try:
        data = marshal.dumps((key, value))
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except (OSError, ValueError):
        return
