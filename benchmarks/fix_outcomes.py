"""Show that repaired suites compile, and that their tests have the outcomes that they had before.

Usage: python benchmarks/fix_outcomes.py [--python INTERPRETER] [--unsafe-fixes] FOLDER [FOLDER ...] [-- PYTEST ARGS]

INTERPRETER is that of an environment in which pytest and what the suites need are installed; without one, nothing is
run. Each folder is copied, and the copy is repaired with `hermetic check --fix` under all rules of the `recommended`
preset. Printed are how many findings were repaired, what a check of the copy finds that was not there, the files that
do not compile, and the tests whose outcome differs from that in an untouched copy. Tests that differ already between
two runs of the untouched copy are left out, and counted. Exit code 1 when something is wrong, 2 when a suite did not
run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from guard_outcomes import divided, outcomes

SKIPPED = shutil.ignore_patterns(".git", "__pycache__", ".venv", "*.pyc")


def findings(folder: Path) -> Counter[tuple[str, str, str]]:
    """Return (path, code, message) of what a check of a folder finds, each with how often it occurs."""
    command = [sys.executable, "-m", "hermetic", "check", "--output-format", "json", "--no-baseline", "--no-cache", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["findings"] if done.returncode in {0, 1} else []
    return Counter((item["path"], item["code"], item["message"]) for item in found)


def broken(folder: Path, before: Path) -> list[str]:
    """Return the changed files of a folder that do not compile."""
    wrong = []
    for path in changed(folder, before):
        try:
            compile((folder / path).read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            wrong.append(f"{path}: {error}")
    return wrong


def changed(folder: Path, before: Path) -> list[str]:
    """Return the Python files that differ between two copies of a tree, by their path in it."""
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*.py")))
    return [str(path) for path in paths if (folder / path).read_bytes() != (before / path).read_bytes()]


def repair(folder: Path, *, unsafe: bool) -> None:
    """Repair a folder in place."""
    command = [sys.executable, "-m", "hermetic", "check", "--fix", "--no-baseline", "--no-cache"]
    subprocess.run(
        [*command, *(["--unsafe-fixes"] if unsafe else []), "."], cwd=folder, capture_output=True, check=False
    )


def judge(source: Path, scratch: Path, options: argparse.Namespace, rest: list[str]) -> int:
    """Copy, repair, compile and run one suite; print what is seen, and return its exit code."""
    before, after = scratch / "before", scratch / "suite" / source.name
    for copy in (before, after):
        shutil.copytree(source, copy, ignore=SKIPPED, symlinks=True)
    found = findings(after)
    # In the same place each time: some suites have it in the names of their tests.
    first, second = (outcomes(options.python, after, rest) if options.python else Counter() for _ in range(2))
    repair(after, unsafe=options.unsafe_fixes)
    left = findings(after)
    files, wrong, new = changed(after, before), broken(after, before), left - found
    gone = (found - left).total()
    print(f"{source.name}: {gone} of {found.total()} findings repaired in {len(files)} files", end="", flush=True)
    code = 1 if wrong or new else 0
    differ: list[tuple[str, str, str]] = []
    if options.python:
        now = outcomes(options.python, after, rest)
        unsteady = {case[:2] for case in (first - second) + (second - first)}
        differ = sorted(case for case in (first - now) + (now - first) if case[:2] not in unsteady)
        print(f"; {first.total()} tests, {len(differ)} differ, {len(unsteady)} unsteady without any repair", end="")
        code = 2 if not first else 1 if differ else code
    print()
    for line in (*wrong, *map("new: {}".format, new), *("differs: " + "::".join(case) for case in differ)):
        print(f"    {line}")
    return code


def main(arguments: list[str]) -> int:
    """Judge all suites; return the worst exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default="")
    parser.add_argument("--unsafe-fixes", action="store_true")
    parser.add_argument("folders", nargs="+", type=Path)
    own, rest = divided(arguments)
    options = parser.parse_args(own)
    worst = 0
    for folder in options.folders:
        with tempfile.TemporaryDirectory(prefix="fix-outcomes-") as name:
            worst = max(worst, judge(folder.resolve(), Path(name), options, rest))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
