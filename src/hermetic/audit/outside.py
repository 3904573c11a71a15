"""Files outside of the copy that tests write to: what was there before is kept, and put back after each experiment."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from contextlib import suppress
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
LARGEST = 64 * 1024 * 1024  # bytes of a file that is kept
# Events whose first argument, or whose first two, name what is about to change.
CHANGES = {
    "os.mkdir": 1, "os.rename": 2, "os.remove": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.chmod": 1, "os.utime": 1, "sqlite3.connect": 1, "shutil.rmtree": 1, "shutil.move": 2,
}  # fmt: skip
CHILDREN = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
IGNORED = ("/dev/", "/proc/", "/sys/", "/run/")


class Outside:
    """Notes through an audit hook what is written, in this process and in its forks.

    `home` is a folder of our own: whatever is below `roots` is put back by its scan, and only marks the process as
    `dirty`.
    """

    def __init__(self, home: str, roots: list[str]) -> None:
        self.home = home
        self.roots = tuple(root.rstrip(os.sep) + os.sep for root in roots)
        self.log = os.path.join(home, "outside.log")
        self.saved: set[str] = set()
        self.dirty = False
        self.busy = False
        self.on = False

    def install(self) -> None:
        """Add the hook; it cannot be removed, and does nothing while `on` is false."""
        sys.addaudithook(self.heard)

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Note an event that changes files; never raises."""
        if not self.on or self.busy:
            return
        if event == "open":
            if isinstance(args[2], int) and args[2] & WRITES:
                self.note(args[:1])
        elif event in CHANGES:
            self.note(args[: CHANGES[event]])
        elif event in CHILDREN:
            self.dirty = True

    def note(self, paths: tuple[Any, ...]) -> None:
        """Keep what stands at paths that are about to change."""
        self.busy = True
        try:
            for path in paths:
                if isinstance(path, (str, bytes, os.PathLike)):
                    self.keep(os.path.abspath(os.fsdecode(path)))
        except Exception:  # noqa: BLE001 - it would surface in the code that is being tested
            self.dirty = True
        finally:
            self.busy = False

    def keep(self, path: str) -> None:
        """Keep a file outside of the copies, once in each experiment."""
        if path.startswith(self.roots):
            self.dirty = True
        if path in self.saved or path.startswith((*self.roots, *IGNORED, self.home)) or "__pycache__" in path:
            return
        self.saved.add(path)
        kept = ""
        if os.path.lexists(path):
            known = os.lstat(path)
            if not stat.S_ISREG(known.st_mode) or known.st_size > LARGEST:
                return
            kept = os.path.join(self.home, f"outside-{os.getpid()}-{len(self.saved)}")
            shutil.copy2(path, kept)
        with open(self.log, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps([path, kept]) + "\n")

    def position(self) -> int:
        """Return where the log ends, for `undo`."""
        return os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def undo(self, since: int = 0) -> None:
        """Put back what was noted after a position of the log."""
        if self.position() <= since:
            return
        with open(self.log, encoding="utf-8", errors="surrogateescape") as file:
            file.seek(since)
            noted: list[list[str]] = [json.loads(line) for line in file]
        for path, kept in reversed(noted):
            with suppress(OSError):
                if kept:
                    shutil.copy2(kept, path)
                    os.remove(kept)
                elif os.path.isdir(path) and not os.path.islink(path):
                    os.rmdir(path)  # only one that holds nothing else
                else:
                    os.remove(path)
        os.truncate(self.log, since)
