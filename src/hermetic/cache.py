"""Small results kept between runs, in the user's own cache folder. Anything odd is a miss, never an error.

Not in the checked repository: a file that somebody commits must not be able to speak for its configuration.
"""

from __future__ import annotations

import marshal
import os
import sys
from binascii import crc32

from hermetic import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUM = 4  # bytes of the checksum in front: marshal trusts what it reads


def folder() -> str:
    """Return the cache folder: `$XDG_CACHE_HOME/hermetic`, else `~/.cache/hermetic`; "" without a home."""
    for base in (os.environ.get("XDG_CACHE_HOME", ""), os.path.join(os.environ.get("HOME", ""), ".cache")):
        if os.path.isabs(base):
            return os.path.join(base, "hermetic")
    return ""


def file_of(root: str, kind: str) -> str:
    """Return the file for one kind of result about the project at `root`, "" without a cache folder."""
    base = folder()
    project = os.path.abspath(root).replace("%", "%%").replace(os.sep, "%")
    return os.path.join(base, f"{kind}-{__version__}-{sys.implementation.cache_tag}{project}") if base else ""


def load(root: str, kind: str, key: object) -> object:
    """Return what was saved for exactly this key, None otherwise."""
    path = file_of(root, kind)
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            checksum, data = file.read(SUM), file.read()
        if crc32(data).to_bytes(SUM, "big") != checksum:
            return None
        stored_key, value = marshal.loads(data)  # noqa: S302 - written by us in the user's own folder
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return value if stored_key == key else None


def save(root: str, kind: str, key: object, value: object) -> None:
    """Keep a result: written beside and moved into place, so that a reader sees all of it or none."""
    path = file_of(root, kind)
    if not path:
        return
    temporary = f"{path}.{os.getpid()}"
    try:
        pair: Any = (key, value)  # of what can be written
        data = marshal.dumps(pair)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(crc32(data).to_bytes(SUM, "big") + data)
        os.replace(temporary, path)
    except (OSError, ValueError):
        discard(temporary)


def discard(path: str) -> None:
    """Remove what could not be written, where that is possible."""
    try:
        os.unlink(path)
    except OSError:
        return


def prune(root: str, beginning: str, number: int) -> None:
    """Keep the newest `number` of the results about a project whose kind starts like this, whatever wrote them."""
    end = file_of(root, "").partition(f"-{__version__}")[2]
    base = folder()
    try:
        names = [name for name in os.listdir(base) if name.startswith(beginning) and name.endswith(end)]
        paths = [os.path.join(base, name) for name in names]
        for path in sorted(paths, key=os.path.getmtime)[: max(0, len(paths) - number)]:
            os.unlink(path)
    except OSError:  # another run does the same, or may not
        return
