"""Copies of a project's tree: tests never run in the user's own folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from hermetic.config import CannotRunError
from hermetic.lint.discovery import SKIPPED_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 50_000  # files: more is no project, but somebody's home
KEPT = frozenset({"build", "dist"})  # by-products that a test may well read
LEFT_OUT = SKIPPED_FOLDERS - KEPT


class Place(NamedTuple):
    """Where the command was called: the top folder of the project, and the folder of the call, relative to it."""

    top: str
    inside: str

    def within(self, copy: str) -> str:
        """Return the folder of the call in a copy of the tree."""
        return os.path.normpath(os.path.join(copy, self.inside))


def place_of(folder: str) -> Place:
    """Return the place of a folder: below the top of its git repository, or itself."""
    here = os.path.realpath(folder)
    top = git_top(here) or here
    return Place(top, os.path.relpath(here, top))


def git_top(folder: str) -> str:
    """Return the top folder of the git repository around `folder`, "" where there is none."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ["git", "-C", folder, "rev-parse", "--show-toplevel"],  # noqa: S607 - the user's own git
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return ""
    return os.path.realpath(os.fsdecode(done.stdout).rstrip("\n")) if done.returncode == 0 else ""


def files_in(top: str) -> list[str]:
    """Return the files of a tree, relative to it. Raises `CannotRunError` where that is more than a project holds."""
    found: list[str] = []
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not is_environment(folder, name)]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found += [os.path.relpath(os.path.join(folder, name), top) for name in (*files, *links)]
        if len(found) > MOST:
            raise CannotRunError(f"{top} holds over {MOST} files; call hermetic hunt in the folder of one project")
    return found


def is_environment(folder: str, name: str) -> bool:
    """Tell whether a folder is a virtual environment."""
    return os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))


def copy(top: str, files: list[str], target: str) -> None:
    """Copy the files of a tree; links stay links, and what is no file is left out."""
    os.makedirs(target, exist_ok=True)
    for name in files:
        copy_one(os.path.join(top, name), os.path.join(target, name))


def copy_one(source: str, target: str) -> None:
    """Copy one file or link, with its times, so that what was compiled from it stays valid."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with suppress(FileNotFoundError):  # gone meanwhile
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(source), target)
        elif stat.S_ISREG(mode):
            shutil.copy2(source, target)


def copy_compiled(source: str, target: str) -> None:
    """Copy what Python has compiled in one copy of a tree into another one."""
    for folder, folders, _ in os.walk(source):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
            there = os.path.join(target, os.path.relpath(folder, source), "__pycache__")
            if os.path.isdir(os.path.dirname(there)):
                shutil.copytree(os.path.join(folder, "__pycache__"), there, dirs_exist_ok=True)


def fingerprint(top: str, files: list[str]) -> str:
    """Return a short text that changes when a file of the tree does."""
    found = hashlib.sha256()
    for name in sorted(files):
        with suppress(OSError):
            known = os.lstat(os.path.join(top, name))
            found.update(f"{name}\0{known.st_size}\0{known.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return found.hexdigest()[:20]


def remove(folder: str) -> None:
    """Remove a folder, also what its own mode protects."""

    def again(_: object, path: str, __: object) -> None:
        with suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.remove(path)

    if os.path.islink(folder) or not os.path.isdir(folder):
        with suppress(FileNotFoundError):
            try:
                os.remove(folder)
            except PermissionError:
                again(None, folder, None)
    else:
        shutil.rmtree(folder, onerror=again)


class Disk:
    """Folders that are put back to what they were: forks have memory of their own, but one disk.

    `roots` are the folders, `store` is where their content is kept.
    """

    def __init__(self, roots: list[str], store: str) -> None:
        self.roots = roots
        self.store = store
        self.known: list[dict[str, tuple[int, int, int]]] = []

    def keep(self) -> None:
        """Remember what the folders hold now."""
        self.known = [scan(root) for root in self.roots]
        for number, root in enumerate(self.roots):
            target = os.path.join(self.store, str(number))
            for name, (mode, _, __) in self.known[number].items():
                if not stat.S_ISDIR(mode):
                    copy_one(os.path.join(root, name), os.path.join(target, name))

    def restore(self) -> bool:
        """Put back what has changed, and return whether anything had."""
        return True in [self.restore_one(number, root) for number, root in enumerate(self.roots)]

    def changed(self) -> bool:
        """Tell whether anything has changed."""
        return any(scan(root) != self.known[number] for number, root in enumerate(self.roots))

    def size(self) -> int:
        """Return how many files and folders are looked at."""
        return sum(len(known) for known in self.known)

    def restore_one(self, number: int, root: str) -> bool:
        """Put back one folder."""
        before, now = self.known[number], scan(root)
        if before == now:
            return False
        for name in sorted(now.keys() - before.keys(), reverse=True):
            remove(os.path.join(root, name))
        for name in sorted(before):
            if before[name] != now.get(name):
                put_back(before[name][0], os.path.join(self.store, str(number), name), os.path.join(root, name))
        return True


def put_back(mode: int, kept: str, path: str) -> None:
    """Put back one file or folder."""
    if stat.S_ISDIR(mode):
        if not os.path.isdir(path) or os.path.islink(path):
            remove(path)
            os.makedirs(path, exist_ok=True)
        os.chmod(path, stat.S_IMODE(mode))
    else:
        remove(path)
        copy_one(kept, path)


def scan(root: str) -> dict[str, tuple[int, int, int]]:
    """Return what a folder holds: name -> (mode, size, time of change in ns); of folders only the mode counts."""
    return dict(entries(root, ""))


def entries(root: str, below: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield the entries of a folder, but for what Python compiles."""
    try:
        found = list(os.scandir(os.path.join(root, below)))
    except OSError:
        return
    for entry in found:
        name = os.path.join(below, entry.name)
        try:
            known = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield name, (known.st_mode, 0, 0)
                yield from entries(root, name)
        else:
            yield name, (known.st_mode, known.st_size, known.st_mtime_ns)
