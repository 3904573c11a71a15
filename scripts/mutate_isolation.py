"""Break what the regression tests guard, one mutant at a time, and see which tests notice.

Usage: python scripts/mutate_isolation.py [NAME ...] [--named] [--write] [--list]

A mutant is an entry of `tests/regression/mutants/*.toml`: one change to a file of the product, and the tests that are
known to fail under it. Each runs in a scratch copy of this tree, with leases and temporary files of its own, after the
untouched copy was green. `--named` runs only the tests that the mutant names, and the other cases of those that are
parametrised; without it the whole folder runs, so that the table says all. `--write` keeps what was seen in
`tests/regression/kills.json`, from which the site's page is made. What was seen of the same files is not run again: it
is kept where the meta-tests keep theirs.

Exit code 0: each mutant was killed, by the tests that it names at least, each test is killed by some mutant, and no two
cases of one test by the same ones. 1: not so. 2: it could not be found out.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mutants import KILLS, ROOT, Mutant, MutantError, load, problems_of

sys.path.insert(0, str(ROOT))  # run by path
from tests.utils import meta

PATIENCE = 900  # seconds for all tests under one mutant
# What the outcome of a regression test depends on, besides the interpreter and what is installed.
INPUTS = (
    *("src", "examples", "tests/utils", "pyproject.toml", "requirements/dev.txt", "tests/regression/projects"),
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests" / "regression").glob("*.py"))),
)


class Outcome(NamedTuple):
    """What became of each test, by `FILE::NAME` (passed, failure, error, skipped), and what pytest printed."""

    tests: dict[str, str]
    output: str

    def not_passed(self, *, skipped: bool) -> set[str]:
        """Return the tests that failed; those that were skipped, or failed as expected, count where it is asked."""
        spared = {"passed"} if skipped else {"passed", "skipped"}
        return {test for test, kind in self.tests.items() if kind not in spared}


class Scratch:
    """A copy of the tree in which the product is broken and tested."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.temporary = folder / "t"
        self.leases = folder / "leases"
        self.leases.mkdir(parents=True)
        self.temporary.mkdir(mode=0o711)
        folder.chmod(0o711)  # servers run as another user where the tests run as root
        meta.copy_tree(ROOT, self.tree)

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
        return Outcome({named(test): kind for test, kind in meta.outcomes_of(report).items()}, done.stdout)


def named(test: str) -> str:
    """Return the name of a regression test as the mutants write it: `FILE::NAME`."""
    file, _, name = test.removeprefix("tests/regression/").partition("::")
    return f"{file}.py::{name}"


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
        tests, seen = try_all(chosen, few=options.named)
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


def try_all(mutants: list[Mutant], *, few: bool) -> tuple[set[str], dict[str, set[str]]]:
    """Return the names of all tests, and for each mutant those that it kills. Raises MutantError."""
    with tempfile.TemporaryDirectory(prefix="hermetic-mutants-") as folder:
        Path(folder).chmod(0o711)  # as below: servers of another user stand in it
        first = Scratch(Path(folder, "0"))
        control = first.run([])
        tests = set(control.tests)
        if wrong := control.not_passed(skipped=True):
            raise MutantError(f"without any mutant {len(wrong)} tests do not pass:\n{control.output[-4000:]}")
        print(f"control: {len(tests)} tests pass", flush=True)
        # All tests take both processors of a small machine. A few of them take one: several mutants run side by side.
        jobs = (os.cpu_count() or 1) if few else 1
        scratches: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
        for scratch in (first, *(Scratch(Path(folder, str(number))) for number in range(1, jobs))):
            scratches.put(scratch)

        def tried(mutant: Mutant) -> set[str]:
            started = time.monotonic()
            wanted = siblings(mutant.kills, tests) if few else []

            def produce() -> list[str]:
                scratch = scratches.get()
                try:
                    return sorted(try_one(scratch, mutant, wanted, tests))
                finally:
                    scratches.put(scratch)

            kills = set(meta.kept(f"{mutant} {wanted}", INPUTS, produce, when=lambda _: True))
            print(f"{mutant.name}: {len(kills)} killed, {time.monotonic() - started:.0f} s", flush=True)
            return kills

        with ThreadPoolExecutor(jobs) as pool:
            return tests, dict(zip([mutant.name for mutant in mutants], pool.map(tried, mutants), strict=True))


def siblings(kills: tuple[str, ...], tests: set[str]) -> list[str]:
    """Return these tests and all cases of those that are parametrised. Raises MutantError for one that is not there."""
    if unknown := set(kills) - tests:
        raise MutantError(f"no test is named {', '.join(sorted(unknown))}")
    functions = {kill.partition("[")[0] for kill in kills}
    return sorted({test.partition("[")[0] for test in tests if test.partition("[")[0] in functions})


def try_one(scratch: Scratch, mutant: Mutant, wanted: list[str], tests: set[str]) -> set[str]:
    """Return the tests that a mutant kills. Raises MutantError where it breaks import or collection instead."""
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
    if different := sorted(asked ^ set(outcome.tests)):
        raise MutantError(f"{mutant.name} breaks the collection: {different[:5]}\n{outcome.output[-3000:]}")
    return outcome.not_passed(skipped=False)


if __name__ == "__main__":
    sys.exit(main())
