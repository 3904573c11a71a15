"""A scratch copy of a repository: a git repository of its own, in which anything may be planted and run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from hermetic.config import CannotRunError
from hermetic.lint.discovery import SKIPPED_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

# What a surrounding git, pytest or hermetic says must not reach what runs in the copy.
FOREIGN = ("GIT_", "PYTEST", "HERMETIC", "SKIP", "PRE_COMMIT_ALLOW", "PRE_COMMIT_FROM", "PRE_COMMIT_TO")
KEPT = ("GIT_SSL_CAINFO",)  # how to reach a hook's repository, and nothing else
ENVIRONMENTS = (".venv", "venv", "env", ".env")  # where hooks name their tools
MOST = 50_000  # files outside git: more is no project, but somebody's home
PATIENCE = 600.0  # seconds for one command
LIST = ("-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


class Done(NamedTuple):
    """How a command ended: exit code (-1: stopped for its time), what it printed, and how long it took in seconds."""

    code: int
    output: str
    seconds: float


def clean_environment() -> dict[str, str]:
    """Return this process's environment less what is said to git, pytest or hermetic, and without a user's git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN) or name in KEPT}
    people = [f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]
    beside = os.path.dirname(os.path.abspath(sys.executable))
    return kept | dict.fromkeys(people, "verify@localhost") | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([beside, *filter(None, [kept.get("PATH", "")])]),
        "PRE_COMMIT_COLOR": "never",
        # What runs in the copy may import an editable installation, which is the user's tree.
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def top_of(folder: str) -> str:
    """Return the top folder of the git repository around `folder`, "" where there is none."""
    done = ask_git(folder, "rev-parse", "--show-toplevel")
    return os.path.realpath(done.rstrip("\n")) if done else ""


def ask_git(folder: str, *words: str) -> str:
    """Return what git prints about the user's repository, which it only reads; "" where it cannot."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ["git", "-C", folder, *words],  # noqa: S607 - the user's own git
            env=kept | {"GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return ""
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""


def names_in(top: str) -> Iterator[str]:
    """Yield the files of a repository, uncommitted ones included; outside git, all that is no known by-product.

    Raises `CannotRunError` where that is more than a project holds.
    """
    if top_of(top):
        yield from (name for name in ask_git(top, *LIST).split("\0") if name)
        return
    count = 0
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in files:
            count += 1
            if count > MOST:
                raise CannotRunError(f"{top} is no git repository and holds over {MOST} files; run `git init` in it")
            yield os.path.relpath(os.path.join(folder, name), top)


class Scratch:
    """The copy, below a private folder that is removed at the end, whatever happens.

    `path` is the copy of the repository's top folder, `project` the folder in it that stands for the one that is
    verified, `is_git` whether the original is a git repository.
    """

    def __init__(self, project: str) -> None:
        top = top_of(project)
        self.is_git = bool(top)
        self.original = top or os.path.realpath(project)
        self.home = os.path.realpath(tempfile.mkdtemp(prefix="hermetic-verify-"))
        self.path = os.path.join(self.home, "repository")
        inside = os.path.relpath(os.path.realpath(project), self.original)
        self.project = os.path.normpath(os.path.join(self.path, inside))
        self.environment = clean_environment()
        self.running: set[subprocess.Popen[str]] = set()

    def __enter__(self) -> Self:
        try:
            self.copy()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs, and remove the copy."""
        for process in list(self.running):
            end(process)
        shutil.rmtree(self.home, onerror=make_removable)

    def copy(self) -> None:
        """Copy the files of the original. Links that leave it, and what is no file, are left out."""
        os.makedirs(self.path)
        for name in names_in(self.original):
            source, target = os.path.join(self.original, name), os.path.join(self.path, name)
            folder = os.path.dirname(source)
            if not (os.path.lexists(source) and is_inside(folder, self.original)):
                continue  # deleted, or behind a link that has taken the place of a folder
            if os.path.islink(source):
                if is_inside(source, self.original) and not os.path.isabs(os.readlink(source)):
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.symlink(os.readlink(source), target)
            elif os.path.isfile(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)

    def start(self) -> None:
        """Make the copy a git repository with one commit, and let hooks find the tools of the original."""
        self.must("git", "init", "--quiet", "--template=")
        self.must("git", "config", "core.autocrlf", "false")
        self.commit_all("The repository as it is")
        # Their folders are ignored by git, so they are no part of the copy.
        os.makedirs(os.path.join(self.path, ".git", "info"), exist_ok=True)
        found = [name for name in ENVIRONMENTS if is_environment(os.path.join(self.original, name))]
        for name in found:
            if not os.path.lexists(os.path.join(self.path, name)):
                os.symlink(os.path.join(self.original, name), os.path.join(self.path, name))
        with open(os.path.join(self.path, ".git", "info", "exclude"), "w", encoding="utf-8") as file:
            file.write("".join(f"/{name}\n" for name in found))

    def commit_all(self, message: str) -> None:
        """Commit everything, past the hooks."""
        self.must("git", "add", "--all")
        self.must("git", "commit", "--quiet", "--no-verify", "--allow-empty", f"--message={message}")

    def write(self, files: Mapping[str, str]) -> None:
        """Write `path: source` below the copy."""
        for path, source in files.items():
            target = os.path.join(self.path, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(source)

    def read(self, path: str) -> str:
        """Return the content of a file of the copy, "" where there is none."""
        try:
            with open(os.path.join(self.path, path), encoding="utf-8", errors="replace", newline="") as file:
                return file.read()
        except OSError:
            return ""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove folders or files of the copy."""
        for path in paths:
            target = os.path.join(self.path, path)
            if os.path.isdir(target) and not os.path.islink(target):
                shutil.rmtree(target, onerror=make_removable)
            elif os.path.lexists(target):
                os.remove(target)

    def must(self, *command: str) -> str:
        """Run git in the copy, which has to succeed. Raises `CannotRunError` where it does not."""
        done = self.run(*command)
        if done.code:
            words = " ".join(command[:2])
            raise CannotRunError(f"`{words}` fails in the scratch copy: {last_line(done.output)}; is git installed?")
        return done.output

    def run(
        self, *command: str, folder: str = "", extra: Mapping[str, str] | None = None, patience: float = PATIENCE
    ) -> Done:
        """Run a command in the copy, in a process group of its own that ends with it."""
        started = time.monotonic()
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell
                command,
                cwd=folder or self.path,
                env=self.environment | dict(extra or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            return Done(127, f"{command[0]}: {error.strerror}", 0.0)
        self.running.add(process)
        try:
            output, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return Done(-1, f"{command[0]} was stopped after {patience:.0f} seconds", time.monotonic() - started)
        finally:
            end(process)
            self.running.discard(process)
        return Done(process.returncode, output, time.monotonic() - started)


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it has started and that has not left its group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def is_inside(path: str, folder: str) -> bool:
    """Tell whether a path, links resolved, lies in a folder."""
    real = os.path.realpath(path)
    return real == folder or real.startswith(folder.rstrip(os.sep) + os.sep)


def is_environment(path: str) -> bool:
    """Tell whether a folder is a virtual environment."""
    return os.path.isfile(os.path.join(path, "pyvenv.cfg"))


def make_removable(_: object, path: str, __: object) -> None:
    """Remove what its own mode protects; what cannot be removed even so is left to the system's temp folder."""
    with suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.remove(path)


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
