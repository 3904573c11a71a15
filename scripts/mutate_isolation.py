"""Break what the regression tests guard, one mutant at a time, and see which tests notice.

Usage: python scripts/mutate_isolation.py [NAME ...] [--named] [--write] [--list]

A mutant is an entry of `tests/regression/mutants/*.toml`: one change to a file of the product, and the tests that are
known to fail under it. Each runs in a scratch copy of this tree, with leases and temporary files of its own, after the
untouched copy was green. `--named` runs only the tests that the mutant names, and the other cases of those that are
parametrised; without it the whole folder runs, so that the table says all. `--write` keeps what was seen in
`tests/regression/kills.json`, from which the site's page is made. What was seen of the same files is not run again: it
is kept below `build/mutants`.

Exit code 0: each mutant was killed, by the tests that it names at least, each test is killed by some mutant, and no two
cases of one test by the same ones. 1: not so. 2: it could not be found out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mutants import FOLDER, KILLS, ROOT, Mutant, MutantError, load, problems_of

RESULTS = ROOT / "build" / "mutants"
PATIENCE = 900  # seconds for all tests under one mutant
# What the outcome of a regression test depends on, besides the interpreter and what is installed.
INPUTS = ("src", "examples", "tests/regression", "tests/utils", "pyproject.toml", "requirements/dev.txt")


class Outcome(NamedTuple):
    """The tests that ran, and those of them that failed or were skipped, as `FILE::NAME`."""

    ran: set[str]
    failed: set[str]
    skipped: set[str]
    output: str


class Scratch:
    """A copy of the tree in which the product is broken and tested."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.temporary = folder / "t"
        self.leases = folder / "leases"
        self.leases.mkdir(parents=True)
        self.temporary.mkdir(mode=0o711)
        folder.chmod(0o711)  # servers run as another user where the tests run as root
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *INPUTS, "tests"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name)

    def run(self, tests: list[str]) -> Outcome:
        """Run regression tests there: `FILE::NAME` each, or all of them."""
        report = self.temporary / "junit.xml"
        report.unlink(missing_ok=True)
        asked = [f"tests/regression/{test}" for test in tests] or ["tests/regression"]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        changed = {"PYTHONPATH": str(self.tree / "src"), "TMPDIR": str(self.temporary), "MEETING_PATIENCE": "10"}
        workers = ["-n0"] if tests else ["-n2", "--dist=loadgroup"]
        options = ["-q", *workers, "--timeout=120", "-pno:cacheprovider", f"--junitxml={report}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *asked],
            cwd=self.tree,
            env={**inherited, **changed, "HERMETIC_LEASE_DIR": str(self.leases)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if not report.exists():
            raise MutantError(f"pytest wrote no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        ran, failed, skipped = set(), set(), set()
        for case in ET.parse(report).getroot().iter("testcase"):
            file = case.get("classname", "").removeprefix("tests.regression.").replace(".", "/")
            name = f"{file}.py::{case.get('name')}"
            ran.add(name)
            if any(part.tag in ("failure", "error") for part in case):
                failed.add(name)
            elif case.find("skipped") is not None:  # an expected failure as well
                skipped.add(name)
        return Outcome(ran, failed, skipped, done.stdout)


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--named", action="store_true", help="run only the tests that a mutant names")
    parser.add_argument("--write", action="store_true", help=f"keep what was seen in {KILLS.relative_to(ROOT)}")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    options = parser.parse_args()
    try:
        chosen = load(options.names)
        if options.list:
            for mutant in chosen:
                print(f"{mutant.name:45} {mutant.breaks}")
            return 0
        tests, seen = try_all(chosen, named=options.named)
    except MutantError as error:
        print(f"mutate_isolation: {error}", file=sys.stderr)
        return 2
    if options.write and not options.names:
        text = json.dumps({name: sorted(kills) for name, kills in sorted(seen.items())}, indent=1)
        KILLS.write_text(text + "\n", encoding="utf-8")
    problems = problems_of(chosen, seen, tests if not options.names else set())
    for problem in problems:
        print(problem)
    print(f"{len(chosen)} mutants, {sum(bool(kills) for kills in seen.values())} killed, {len(tests)} tests")
    return 1 if problems else 0


def try_all(mutants: list[Mutant], *, named: bool) -> tuple[set[str], dict[str, set[str]]]:
    """Return the names of all tests, and for each mutant those that it kills. Raises MutantError."""
    with tempfile.TemporaryDirectory(prefix="hermetic-mutants-") as folder:
        Path(folder).chmod(0o711)  # as below: servers of another user stand in it
        first = Scratch(Path(folder, "0"))
        control = first.run([])
        if wrong := sorted(control.failed | control.skipped):
            raise MutantError(f"without any mutant {len(wrong)} tests do not pass:\n{control.output[-4000:]}")
        print(f"control: {len(control.ran)} tests pass", flush=True)
        # All tests take both processors of a small machine. A few of them take one: several mutants run side by side.
        jobs = (os.cpu_count() or 1) if named else 1
        scratches: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
        for scratch in (first, *(Scratch(Path(folder, str(number))) for number in range(1, jobs))):
            scratches.put(scratch)

        def tried(mutant: Mutant) -> set[str]:
            started = time.monotonic()
            wanted = siblings(mutant.kills, control.ran) if named else []
            scratch = scratches.get()
            try:
                kills = try_one(scratch, mutant, wanted, control.ran)
            finally:
                scratches.put(scratch)
            print(f"{mutant.name}: {len(kills)} killed, {time.monotonic() - started:.0f} s", flush=True)
            return kills

        with ThreadPoolExecutor(jobs) as pool:
            return control.ran, dict(zip([mutant.name for mutant in mutants], pool.map(tried, mutants), strict=True))


def siblings(kills: tuple[str, ...], tests: set[str]) -> list[str]:
    """Return these tests and all cases of those that are parametrised. Raises MutantError for one that is not there."""
    if unknown := set(kills) - tests:
        raise MutantError(f"no test is named {', '.join(sorted(unknown))}")
    functions = {kill.partition("[")[0] for kill in kills}
    return sorted({test.partition("[")[0] for test in tests if test.partition("[")[0] in functions})


def try_one(scratch: Scratch, mutant: Mutant, wanted: list[str], tests: set[str]) -> set[str]:
    """Return the tests that a mutant kills. Raises MutantError where it breaks import or collection instead."""
    kept = RESULTS / f"{digest(mutant, wanted)}.json"
    if kept.exists():
        return set(json.loads(kept.read_text(encoding="utf-8")))
    target = scratch.tree / mutant.path
    source = target.read_text(encoding="utf-8")
    target.write_text(mutant.applied_to(source), encoding="utf-8")
    try:
        outcome = scratch.run(wanted)
    except subprocess.TimeoutExpired as error:
        raise MutantError(f"{mutant.name}: the tests did not end within {PATIENCE} seconds") from error
    finally:
        target.write_text(source, encoding="utf-8")
    asked = {test for test in tests if not wanted or test.partition("[")[0] in wanted}
    if outcome.ran != asked:
        raise MutantError(
            f"{mutant.name} breaks the collection: {sorted(asked ^ outcome.ran)[:5]}\n{outcome.output[-3000:]}"
        )
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(sorted(outcome.failed)), encoding="utf-8")
    return outcome.failed


def digest(mutant: Mutant, wanted: list[str]) -> str:
    """Return what names a result: the mutant, the tests, and all that they depend on."""
    found = hashlib.sha256(repr((mutant, wanted, sys.version)).encode())
    for name in INPUTS:
        paths = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        for path in paths:
            if path.is_file() and path.suffix != ".pyc" and path.parent != FOLDER and path != KILLS:
                found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:24]


if __name__ == "__main__":
    sys.exit(main())
