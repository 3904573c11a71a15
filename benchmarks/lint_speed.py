"""Measure the linter's speed as ratios within one run.

Usage: python benchmarks/lint_speed.py [FOLDER] [--files N] [--rounds N]

Cold lint: CPU of `hermetic check` (a whole process) over N test files, against the CPU of `ast.parse` of the same bytes
(a
whole process as well, less the start of a bare interpreter). One file: CPU of `hermetic check FILE` against
`python -I -c pass`. Each figure is the median of the rounds, taken in turn, so that drift hits both sides alike.
FOLDER defaults to the standard library of this interpreter.
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

PARSE = """
import gc, sys
gc.disable()
for name in open(sys.argv[1]).read().split("\\n"):
    compile(open(name, "rb").read(), name, "exec", 0x400, True)
"""
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


def copy_files(files: list[Path], target: Path) -> int:
    """Copy test files into one folder under names of their own; return their bytes."""
    total = 0
    for number, path in enumerate(files):
        data = path.read_bytes()
        total += len(data)
        (target / f"test_{number:05}_{path.stem}.py").write_bytes(data)
    return total


def main(arguments: list[str]) -> int:
    """Measure and print; return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["stdlib"]))
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    check = [str(Path(sys.executable).with_name("hermetic")), "check"]
    bare = [sys.executable, "-I", "-c", "pass"]
    with tempfile.TemporaryDirectory(prefix="lint-speed-") as name:
        folder = Path(name)
        files = test_files(options.folder, options.files)
        size = copy_files(files, folder)
        (folder / "pyproject.toml").touch()
        names = folder / "names.txt"
        names.write_text("\n".join(str(path) for path in sorted(folder.glob("test_*.py"))), encoding="utf-8")
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed hermetic has its bytecode
        parse = [sys.executable, "-I", "-W", "ignore", "-c", PARSE, str(names)]
        parsed, linted, empty = medians(options.rounds, folder, parse, [*check, "."], bare)
        one_file = str(next(path for path in sorted(folder.glob("test_*.py")) if path.stat().st_size > LEAST_BYTES))
        one, start = medians(options.rounds * 4, folder, [*check, one_file], bare)
    print(f"{len(files)} test files, {size / 1e6:.1f} MB, Python {sys.version.split()[0]}")
    print(f"cold lint     {linted:6.2f} s   ast.parse {parsed - empty:6.2f} s   ratio {linted / (parsed - empty):.2f}")
    print(f"one file      {one * 1000:6.1f} ms  bare      {start * 1000:6.1f} ms  ratio {one / start:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
