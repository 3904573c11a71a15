"""Measure the linter's speed as ratios within one run.

Usage: python benchmarks/lint_speed.py [FOLDER] [--in-place FOLDER] [--files N] [--rounds N]

Cold lint: CPU of `hermetic check` (a whole process) over N test files, against the CPU of `ast.parse` of the same bytes
(a whole process as well, less the start of a bare interpreter): as anybody calls it, and with the garbage collector
off, as the linter runs. Warm: the same check again, from its cache, against ruff's from its own, with one rule that
finds next to nothing. One file: CPU of `hermetic check FILE` against `python -I -c pass`. Each figure is the median
of the rounds, taken in turn, so that drift hits both sides alike; the peak of memory is that of a cold run, of its
largest process.

The test files of FOLDER (the standard library of this interpreter) are copied side by side, so that nothing is
imported from elsewhere. `--in-place` measures a project where it stands, with all that its tests import; the bytes are
those of the files that `hermetic check` checks there.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from hermetic import config
from hermetic.lint import discovery

PARSE = """
import ast, gc, sys
if sys.argv[2] == "off":
    gc.disable()
for name in open(sys.argv[1]).read().split("\\n"):
    try:
        ast.parse(open(name, "rb").read())
    except (SyntaxError, ValueError):
        pass
"""
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
RUFF = ("check", "--isolated", "--select", "PT028", "--quiet", "--statistics", "--cache-dir")
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes
LEAST_BYTES = 4000  # of the file that stands for one changed file


def cpu(command: list[str], folder: Path) -> float:
    """Return the CPU seconds, user and system, of one finished command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def test_files(folder: Path, limit: int) -> list[Path]:
    """Return up to `limit` test files below a folder, sorted, that this interpreter can parse."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        try:
            compile(path.read_bytes(), str(path), "exec", 1024, dont_inherit=True)
        except (SyntaxError, ValueError, OSError):
            continue
        found.append(path)
        if len(found) == limit:
            break
    return found


def medians(rounds: int, folder: Path, *commands: list[str]) -> list[float]:
    """Return the median CPU seconds of each command, run in turn."""
    times: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for slot, command in zip(times, commands, strict=True):
            seconds = cpu(command, folder)
            if number:  # the first round warms the disk cache
                slot.append(seconds)
    return [statistics.median(slot) for slot in times]


def copy_files(files: list[Path], target: Path) -> None:
    """Copy test files into one folder under names of their own."""
    for number, path in enumerate(files):
        (target / f"test_{number:05}_{path.stem}.py").write_bytes(path.read_bytes())


def measure(folder: Path, files: list[Path], rounds: int) -> None:
    """Measure the check of a folder, and of one file in it, and print both."""
    check = [str(Path(sys.executable).with_name("hermetic")), "check"]
    bare = [sys.executable, "-I", "-c", "pass"]
    size = sum(path.stat().st_size for path in files)
    with tempfile.TemporaryDirectory(prefix="lint-speed-") as name:
        names = Path(name, "names.txt")
        names.write_text("\n".join(map(str, files)), encoding="utf-8")
        os.environ["XDG_CACHE_HOME"] = str(Path(name, "cache"))
        parse = [sys.executable, "-I", "-W", "ignore", "-c", PARSE, str(names)]
        cold = [*check, "--no-cache", "."]
        ruff = [str(Path(sys.executable).with_name("ruff")), *RUFF, str(Path(name, "ruff")), "."]
        collected, parsed, linted, empty = medians(rounds, folder, [*parse, "on"], [*parse, "off"], cold, bare)
        warm, other = medians(rounds * 2, folder, [*check, "."], ruff)
        one_file = str(next(path for path in files if path.stat().st_size > LEAST_BYTES))
        one, start = medians(rounds * 4, folder, [*check, one_file], bare)
    peak = peak_of(cold, folder)
    print(f"{len(files)} files, {size / 1e6:.1f} MB, Python {sys.version.split()[0]}, peak {peak / 1e6:.0f} MB")
    for what, seconds in (("ast.parse", collected - empty), ("collector off", parsed - empty)):
        print(f"cold lint     {linted:6.2f} s   {what:13} {seconds:6.2f} s   ratio {linted / seconds:.2f}")
    print(f"warm run      {warm * 1000:6.1f} ms  ruff          {other * 1000:6.1f} ms  ratio {warm / other:.2f}")
    print(f"one file      {one * 1000:6.1f} ms  bare          {start * 1000:6.1f} ms  ratio {one / start:.2f}")


def peak_of(command: list[str], folder: Path) -> int:
    """Return the most memory, in bytes, that a command holds at one time."""
    watched = [sys.executable, "-I", "-c", PEAK, *command]
    done = subprocess.run(watched, cwd=folder, stdout=subprocess.PIPE, check=True)
    return int(done.stdout) * PEAK_UNIT


def checked_files(folder: Path) -> list[Path]:
    """Return the files that `hermetic check` checks in a project."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        return [Path(name).absolute() for name in discovery.discover(["."], config.load("."))]
    finally:
        os.chdir(here)


def main(arguments: list[str]) -> int:
    """Measure and print; return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["stdlib"]))
    parser.add_argument("--in-place", type=Path, metavar="FOLDER", help="a project to measure where it stands")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed hermetic has its bytecode
    if options.in_place is not None:
        measure(options.in_place, checked_files(options.in_place), options.rounds)
        return 0
    with tempfile.TemporaryDirectory(prefix="lint-speed-") as name:
        folder = Path(name)
        copy_files(test_files(options.folder, options.files), folder)
        (folder / "pyproject.toml").touch()
        measure(folder, sorted(folder.glob("test_*.py")), options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
