"""Which files to check: git's idea of the tree where there is one, pytest's idea of a test file."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.config import Settings

SKIPPED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "node_modules", "site-packages", ".mypy_cache",
    ".pytest_cache", ".ruff_cache", ".eggs", "build", "dist",
})  # fmt: skip
TEST_FOLDERS = frozenset({"test", "tests", "testing"})


class NoSuchPath(Exception):
    """A path on the command line does not exist or cannot be listed."""


def discover(paths: list[str], settings: Settings) -> list[str]:
    """Return the files to check, sorted, each once.

    A file that is named is always checked. In a folder these are: test files by pytest's `python_files`, conftest files,
    and the other Python files that stand in a test folder (their helpers).
    Raises `NoSuchPath` for a path that does not exist.
    """
    found: dict[str, str] = {}
    for path in paths:
        if os.path.isdir(path):
            for name in files_below(path):
                if is_checked(name, settings.python_files) and not is_excluded(name, settings):
                    found.setdefault(os.path.abspath(name), name)
        elif os.path.lexists(path):
            found.setdefault(os.path.abspath(path), path)
        else:
            raise NoSuchPath(f"{path}: no such file or folder")
    return sorted(found.values())


def files_below(folder: str) -> Iterator[str]:
    """Yield the Python files below a folder: those that git tracks or does not ignore, else all of them."""
    listed = files_by_git(folder)
    if listed is None:
        yield from files_by_walk(folder)
        return
    for name in listed:
        path = name if folder == "." else os.path.join(folder, name)
        if os.path.isfile(path) or os.path.islink(path):
            yield path


def files_by_git(folder: str) -> list[str] | None:
    """Return the Python files that git tracks or would track, relative to `folder`; None where git cannot say."""
    if not inside_git(folder):
        return None
    import subprocess  # noqa: PLC0415, S404 - slow to import; only for folders

    command = ["git", "-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603, S607 - no shell, fixed words
    except OSError:
        return None
    if done.returncode != 0:
        return None
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return names or None  # an ignored folder that is named on purpose is walked


def inside_git(folder: str) -> bool:
    """Tell whether a folder lies in a git working tree."""
    current = os.path.abspath(folder)
    while True:
        if os.path.exists(os.path.join(current, ".git")):
            return True
        parent = os.path.dirname(current)
        if parent == current:
            return False
        current = parent


def files_by_walk(folder: str) -> Iterator[str]:
    """Yield the Python files below a folder; links to folders are not followed, so that loops end."""
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            raise NoSuchPath(f"{current}: cannot be listed: {error.strerror}") from error
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS and not entry.name.endswith(".egg-info"):
                    pending.append(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path if folder != "." else entry.path[2:]


def is_checked(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a file found in a folder is one to check."""
    parts = path.replace(os.sep, "/").split("/")
    return (
        parts[-1] == "conftest.py"
        or any(matches(parts[-1], pattern) or matches("/".join(parts), pattern) for pattern in patterns)
        or any(part in TEST_FOLDERS for part in parts[:-1])
    )


def is_excluded(path: str, settings: Settings) -> bool:
    """Tell whether the configuration leaves a file out."""
    return bool(settings.exclude) and any(matches_path(path, pattern, settings.root) for pattern in settings.exclude)


def matches_path(path: str, pattern: str, root: str) -> bool:
    """Match a path, relative to the root, against a glob, a file or a folder."""
    relative = os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
    pattern = pattern.rstrip("/")
    if relative == pattern or relative.startswith(f"{pattern}/"):
        return True
    return matches(relative, pattern) or any(matches(part, pattern) for part in relative.split("/"))


def matches(name: str, pattern: str) -> bool:
    """Match one glob pattern; the two common shapes need no regular expressions, whose import takes 5 ms."""
    if not any(sign in pattern for sign in "*?["):
        return name == pattern
    head, star, tail = pattern.partition("*")
    if star and not any(sign in tail + head for sign in "*?["):
        return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
    from fnmatch import fnmatchcase  # noqa: PLC0415 - as above

    return fnmatchcase(name, pattern)
