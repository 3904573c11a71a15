"""What the meta-tests stand on: the tree that they stand in, as it would be installed, and results kept by content."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import shutil
import signal
import site
import subprocess
import sys
import threading
import tomllib
import venv
import xml.etree.ElementTree as ET
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.utils.commits import Outcome, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
HANG = 900  # seconds for one command
TESTS = "tests/meta/test_pytest_xdist_enforcement.py"
KEEP = "HERMETIC_META_CACHE"  # another folder for the results
# What any result of the tests depends on.
EVERYTHING = (".",)
CODE = ("src", "tests/utils", "tests/__init__.py", "pyproject.toml", "requirements/dev.txt")


class Ran(NamedTuple):
    """One run of pytest: its exit code, the outcome of each test by `FILE::NAME`, and what it printed."""

    code: int
    outcomes: dict[str, str]
    output: str

    @property
    def wrong(self) -> dict[str, str]:
        """The tests that did not pass, with what they did instead."""
        return {name: outcome for name, outcome in self.outcomes.items() if outcome != "passed"}


class Tree:
    """A source tree, with an environment of its own in which this tree is what `hermetic` is.

    The environment holds all that is installed here, less any hermetic, and a hermetic with the entry points that the
    tree's own pyproject.toml declares: what another installation says of itself does not count.
    """

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home = root, home
        venv.create(home, symlinks=True, with_pip=False)
        self.python = home / "bin" / "python"
        (inside,) = home.glob("lib/python*/site-packages")
        for folder in map(Path, site.getsitepackages()):
            for entry in folder.iterdir():
                if "hermetic" not in entry.name and entry.name != "__pycache__" and not (inside / entry.name).exists():
                    (inside / entry.name).symlink_to(entry.resolve() if entry.is_symlink() else entry)
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (inside / "hermetic.pth").write_text(f"{root / 'src'}\n", encoding="utf-8")
        info = inside / "hermetic-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hermetic\nVersion: 0\n", encoding="utf-8")
        groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
        lines = [
            f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in points.items()) for group, points in groups.items()
        ]
        (info / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
        self.programs(project.get("scripts", {}))

    def programs(self, own: dict[str, str]) -> None:
        """Put the programs of this environment into that one: they run its interpreter, and so its hermetic."""
        folder = self.home / "bin"
        for program in Path(sys.prefix, "bin").iterdir():
            target = folder / program.name
            if program.is_dir() or target.exists() or program.name in own or program.name.startswith("pip"):
                continue
            with program.open("rb") as file:
                head = file.readline(200)
            if head.startswith(b"#!") and b"python" in head:
                rest = program.read_bytes().partition(b"\n")[2]
                target.write_bytes(f"#!{self.python}\n".encode() + rest)
                target.chmod(0o755)
            else:
                target.symlink_to(program.resolve())
        for name, place in own.items():
            module, _, function = place.partition(":")
            source = f"#!{self.python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            (folder / name).write_text(source, encoding="utf-8")
            (folder / name).chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands: nothing of this run, of a surrounding git, or of another hermetic."""
        python = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
        inherited = ("PYTEST", "HERMETIC", *python, "VIRTUAL_ENV", "MAKE", "MFLAGS", "COV_")
        kept = {name: value for name, value in environment(self.home).items() if not name.startswith(inherited)}
        keep = {KEEP: os.environ[KEEP]} if KEEP in os.environ else {KEEP: str(cache_folder())}
        path = f"{self.home / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
        return {**kept, **keep, "PATH": path, "NO_COLOR": "1"}

    def run(self, *command: str | Path, folder: Path | None = None, **extra: str) -> Outcome:
        """Run a command, in the tree unless a folder is named; `python` is the environment's."""
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder or self.root,
            env={**self.environment, **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=HANG)
        except BaseException:
            # With all that it has started: what a broken product does without end would go on under the next test.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return Outcome(process.returncode, output)

    def script(self, *command: str | Path, folder: Path | None = None) -> Outcome:
        """Run Python with these arguments."""
        return self.run(self.python, *command, folder=folder)

    def pytest(self, *arguments: str | Path, folder: Path | None = None) -> Ran:
        """Run pytest as people do, and return what its report says."""
        report = self.home / f"junit-{os.urandom(6).hex()}.xml"
        done = self.run(self.python, "-m", "pytest", f"--junitxml={report}", *arguments, folder=folder)
        return Ran(done.code, outcomes_of(report), done.output)

    def copied(self, root: Path, home: Path) -> Tree:
        """Return a copy of the tree as git sees it, in a repository of its own whose `.venv` is its environment."""
        copy_tree(self.root, root)
        other = Tree(root, home)
        if not (root / ".venv").exists():
            (root / ".venv").symlink_to(home)
        for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--no-verify", "--message=Start")):
            done = other.run("git", *words)
            assert done.code == 0, done.output
        return other


def copy_tree(root: Path, target: Path) -> None:
    """Copy the files of a tree that git tracks, or would."""
    for source in listed(root):
        copy = target / source.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)


def listed(root: Path) -> list[Path]:
    """Return the files of a tree that git tracks, or would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    return [root / name for name in sorted({*names} - {"", ".venv"}) if (root / name).is_file()]


def outcomes_of(report: Path) -> dict[str, str]:
    """Return what became of each test in a report of pytest: passed, failure, error or skipped."""
    if not report.exists():
        return {}
    found: dict[str, str] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest has just written it
        outcome = next((part.tag for part in case if part.tag in ("failure", "error", "skipped")), "passed")
        name = f"{case.get('classname', '').replace('.', '/')}::{case.get('name')}"
        if found.get(name, "passed") == "passed":  # an error of a teardown stands beside the test itself
            found[name] = outcome
    return found


def files_below(names: Iterable[str], root: Path = ROOT) -> list[Path]:
    """Return all files with these names or below these folders; none of them is made by running."""
    found: list[Path] = []
    for name in names:
        path = root / name
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        inside = listed(root) if path == root else below
        found += [each for each in inside if each.is_file() and each.suffix != ".pyc" and ".venv" not in each.parts]
    return found


def digest(name: str, inputs: Iterable[str], root: Path = ROOT) -> str:
    """Return the key of a result: its name, the interpreter, what is installed, and the content of its inputs."""
    key = hashlib.sha256(repr((name, sys.version, sys.platform, installed())).encode())
    for path in files_below(inputs, root):
        key.update(f"{path.relative_to(root)}\0{path.stat().st_mode & 0o111:o}\0".encode())
        key.update(hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()


@functools.cache
def installed() -> list[str]:
    """Return the names and versions of what is installed besides hermetic."""
    found = ((item.metadata["Name"], item.version) for item in metadata.distributions())
    return sorted(f"{name} {version}" for name, version in found if name != "hermetic")


def cache_folder() -> Path:
    """Return where results are kept: never in the tree."""
    given = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get(KEEP) or Path(given, "hermetic-meta"))


def kept(name: str, inputs: Iterable[str], produce: Callable[[], Any], *, when: Callable[[Any], bool]) -> Any:
    """Return a result from the cache, or produce it, and keep it `when` it is good. Anything odd there is a miss."""
    return kept_as(digest(name, inputs), produce, when=when)


def kept_as(key: str, produce: Callable[[], Any], *, when: Callable[[Any], bool]) -> Any:
    """Return the result with a key, or produce it, and keep it `when` it is good.

    Who wants what another process is producing waits for it: tests that run side by side do nothing twice.
    """
    if (known := read(key)) is not None:
        return known["value"]
    with alone(key):
        if (known := read(key)) is not None:
            return known["value"]
        value = json.loads(json.dumps(produce()))
        if when(value):
            keep(key, value)
    return value


@contextlib.contextmanager
def alone(*keys: str) -> Iterator[None]:
    """Wait until nobody else produces what has these keys. The lock ends with its holder, whatever happens to it."""
    name = keys[0] if len(keys) == 1 else hashlib.sha256(" ".join(keys).encode()).hexdigest()
    file = cache_folder() / f"{name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(key: str) -> dict[str, Any] | None:
    """Return the document of what was kept under a key, None where there is none or it is not as it was written."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        document: dict[str, Any] = json.loads(result_file(key).read_text(encoding="utf-8"))
        if document["key"] == key and document["seal"] == sealed(key, document["value"]):
            return document
    return None


def keep(key: str, value: Any) -> None:
    """Keep a result under a key that was taken before it was produced. Who reads it sees all of it, or nothing."""
    file = result_file(key)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    partial.write_text(json.dumps({"key": key, "seal": sealed(key, value), "value": value}), encoding="utf-8")
    partial.replace(file)


def result_file(key: str) -> Path:
    """Return where the result with a key is kept."""
    return cache_folder() / f"{key}.json"


def sealed(key: str, value: Any) -> str:
    """Return what a document says of its own content."""
    return hashlib.sha256((key + json.dumps(value, sort_keys=True)).encode()).hexdigest()


def kept_while(*inputs: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test only when none with the same name and inputs has passed before; the meta-tests always count as one."""

    def kept_test(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            def passed() -> bool:
                test(*args, **kwargs)
                return True

            kept(test.__name__, (*inputs, TESTS), passed, when=bool)

        return run

    return kept_test
