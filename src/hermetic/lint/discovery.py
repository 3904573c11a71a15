"""Which files to check: git's idea of the tree where there is one, pytest's idea of a test file."""

from __future__ import annotations

import os

from hermetic.config import CannotRunError, is_root
from hermetic.lint.collection import TEST_FOLDERS, Collection
from hermetic.source.patterns import matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.config import Settings

SKIPPED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "node_modules", "site-packages",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".eggs", "build", "dist",
})  # fmt: skip
GIT_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"})


class NoSuchPathError(CannotRunError):
    """A path on the command line does not exist or cannot be listed."""


def discover(paths: list[str], settings: Settings) -> list[str]:
    """Return the files to check, sorted, each once, relative to the current folder where they lie below it.

    A file that is named is always checked, and so is an excluded folder. In a folder these are: test files by pytest's
    `python_files`, conftest files, and the other Python files that stand in a test folder (their helpers), as far as
    pytest would look for tests there: `norecursedirs`, `testpaths`, `--ignore` in `addopts` and `collect_ignore`
    count. A folder inside that cannot be listed is returned itself, so that it is reported. Submodules and other
    repositories inside one are not searched.
    Raises `NoSuchPathError` for a path that does not exist, or a named folder that cannot be listed.
    """
    found: dict[str, str] = {}
    here = os.getcwd().rstrip(os.sep) + os.sep
    collection: Collection | None = None
    for path in paths:
        if os.path.isdir(path):
            collection = collection or Collection(settings)
            for name, absolute in wanted_below(path, settings, collection):
                found.setdefault(absolute, shown(name, absolute, here))
        elif os.path.lexists(path):
            absolute = os.path.abspath(path)
            found.setdefault(absolute, shown(path, absolute, here))
        else:
            source = "; standard input is checked with --stdin-filename tests/test_a.py, the path that it is to have"
            raise NoSuchPathError(f"{path}: no such file or folder{source if path == '-' else ''}")
    return sorted(found.values())


def wanted_below(path: str, settings: Settings, collection: Collection) -> Iterator[tuple[str, str]]:
    """Yield the files to check in a folder that is named, each as it is found there and in full."""
    folder = os.path.abspath(path)
    all_below = is_bare_test_folder(folder)
    relative = below(folder, settings.root)
    # The top is always named: a pattern that covers everything leaves everything out.
    on_purpose = relative != "." and is_excluded(relative, settings)
    start = settings.root.rstrip(os.sep) + os.sep
    plain = not path.endswith(os.sep)
    takes_all: dict[str, bool] = {}  # by folder: most leave out no single files
    for name in files_below(path):
        absolute = folder + name[len(path) :] if plain else os.path.abspath(name)
        if not name.endswith(".py"):
            yield name, absolute
            continue
        relative = (
            absolute[len(start) :] if absolute.startswith(start) and os.sep == "/" else below(name, settings.root)
        )
        is_test = is_test_file(relative, settings.python_files)
        wanted = is_wanted(name, settings, relative, all_below=all_below or is_test, on_purpose=on_purpose)
        if not wanted:
            continue
        beside = absolute.rpartition(os.sep)[0]
        if beside not in takes_all:
            takes_all[beside] = collection.takes_all(beside, folder)
        if takes_all[beside] or collection.collects(absolute, folder, is_test=is_test):
            yield name, absolute


def shown(path: str, absolute: str, here: str) -> str:
    """Return a path as findings show it. A `..` stays as it is: behind a link it is not what its text says."""
    if absolute.startswith(here) and (".." not in path or ".." not in path.split(os.sep)):
        return absolute[len(here) :]
    return path


def tests_among(paths: list[str], settings: Settings) -> list[str]:
    """Return the files to check among those that changed: of named files only those that `discover` finds in a folder.

    Raises `NoSuchPathError` for a path that does not exist.
    """
    collection = Collection(settings)
    root = collection.root or os.path.abspath(settings.root)
    chosen = [
        path
        for path in paths
        if not os.path.isfile(path) or (is_wanted(path, settings) and collection.collects(os.path.abspath(path), root))
    ]
    return discover(chosen, settings)


def is_wanted(
    path: str, settings: Settings, relative: str = "", *, all_below: bool = False, on_purpose: bool = False
) -> bool:
    """Tell whether a file is one to check when nobody names it.

    `relative` is its path below the root, where that is known. `all_below`: it lies in a test folder anyway;
    `on_purpose`: an excluded folder around it was named.
    """
    if not path.endswith(".py"):
        return False
    relative = relative or below(path, settings.root)
    if relative.rpartition("/")[2].startswith(".#"):  # an editor's lock: a link that points nowhere
        return False
    if not on_purpose and is_excluded(relative, settings):
        return False
    return all_below or is_checked(relative, settings.python_files)


def is_bare_test_folder(folder: str) -> bool:
    """Tell whether a folder is a test folder by name, and not a whole project that happens to be called so."""
    return os.path.basename(folder) in TEST_FOLDERS and not is_root(folder)


def files_below(folder: str) -> Iterator[str]:
    """Yield the Python files below a folder: those that git tracks or does not ignore, else all of them."""
    listed = files_by_git(folder)
    if listed is None:
        yield from files_by_walk(folder)
        return
    for name in listed:
        path = os.path.join(folder, name)
        if not is_gone(path):
            yield path


def is_gone(path: str) -> bool:
    """Tell whether a file that git tracks has been deleted; one that cannot be looked at has not."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def files_by_git(folder: str) -> list[str] | None:
    """Return the Python files that git tracks or would track, relative to `folder`; None where git cannot say."""
    if not inside_git(folder):
        return None
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py")
    if listed is None:
        return None
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    if not names and git(folder, "check-ignore", "--quiet", ".") is not None:
        return None  # an ignored folder that is named on purpose is walked
    return names


def git(folder: str, *words: str) -> bytes | None:
    """Return what git prints about a folder; None where it fails: no git, no repository, or one of another user."""
    import subprocess

    # In a git hook these point at the repository that commits, whatever the folder.
    environment = {name: value for name, value in os.environ.items() if name not in GIT_VARIABLES}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ["git", "-C", folder, *words],  # noqa: S607 - the user's own git
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


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
    """Yield the Python files below a folder; links to folders are not followed, so that loops end.

    A folder inside that cannot be listed is yielded itself.
    """
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            if current == folder:
                raise NoSuchPathError(f"{current}: cannot be listed: {error.strerror}") from error
            yield current
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS and not entry.name.endswith(".egg-info"):
                    pending.append(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path


def below(path: str, root: str) -> str:
    """Return a path relative to the root, with slashes."""
    absolute = os.path.abspath(path)
    start = root.rstrip(os.sep) + os.sep
    relative = absolute[len(start) :] if absolute.startswith(start) else os.path.relpath(absolute, root)
    return relative.replace(os.sep, "/")


def is_checked(relative: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a file found in a folder is one to check."""
    *folders, name = relative.split("/")
    return (
        name == "conftest.py" or is_test_file(relative, patterns) or any(folder in TEST_FOLDERS for folder in folders)
    )


def is_test_file(relative: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a file is a test file by pytest's `python_files`."""
    name = relative.rpartition("/")[2]
    for item in patterns:  # noqa: SIM110 - half the time of `any`, and asked for each file of a project
        if matches(f"/{relative}", f"*/{item}") if "/" in item else matches(name, item):
            return True
    return False


def is_excluded(relative: str, settings: Settings) -> bool:
    """Tell whether the configuration leaves a file out."""
    return bool(settings.exclude) and any(covers(pattern, relative) for pattern in settings.exclude)


def covers(pattern: str, relative: str) -> bool:
    """Tell whether a glob, a file or a folder of the configuration covers a path; both are relative to the root."""
    pattern = pattern.removeprefix("./").rstrip("/")
    parts = relative.split("/")
    wanted = {pattern, pattern.removeprefix("**/")}
    return any(matches(part, item) for item in wanted for part in parts) or any(
        matches("/".join(parts[:end]), item) for item in wanted for end in range(1, len(parts) + 1)
    )
