"""Score `hermetic hunt` on projects in miniature with known answers: all found, nothing false.

Usage: python benchmarks/hunt_score.py [--no-fork] [--jobs N] [--json FILE] [NAME-PREFIX ...]

Each project is written to a folder of its own, and the command is run there as its users do. A project counts as right
when the confirmed findings are exactly the known answers, with all known cleaners. Every command that a finding gives
is run again with plain pytest, and has to fail. The exit code is 1 when a project is not right.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from hunt_projects import PROJECTS, Answers, Project

LONGEST = 900  # seconds for one project


class Score(NamedTuple):
    """What became of one project: what is missing, what is false, and how many findings were right, in `seconds`."""

    name: str
    right: int
    missing: list[str]
    false: list[str]
    seconds: float


def main() -> int:
    """Score the projects, and return the exit code."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("names", nargs="*", metavar="NAME-PREFIX", help="projects (all)")
    reader.add_argument("--no-fork", action="store_true", help="as on a platform that cannot fork")
    reader.add_argument("--jobs", type=int, default=1, help="projects at a time (1)")
    reader.add_argument("--json", metavar="FILE", default="", help="write the scores to a file, as JSON")
    options = reader.parse_args()
    chosen = [each for each in PROJECTS if not options.names or each.name.startswith(tuple(options.names))]
    with ThreadPoolExecutor(options.jobs) as pool:
        scores = list(pool.map(lambda project: shown(score(project, forks=not options.no_fork)), chosen))
    right = sum(not (each.missing or each.false) for each in scores)
    found, missing = sum(each.right for each in scores), sum(len(each.missing) for each in scores)
    print(f"{right} of {len(scores)} projects right: {found} of {found + missing} answers found, ", end="")
    print(f"{sum(len(each.false) for each in scores)} false")
    if options.json:
        Path(options.json).write_text(json.dumps([each._asdict() for each in scores], indent=2), encoding="utf-8")
    return int(right != len(scores) or not scores)


def shown(result: Score) -> Score:
    """Print one score, and return it."""
    wrong = [*(f"missing: {item}" for item in result.missing), *(f"false: {item}" for item in result.false)]
    print(f"{'WRONG' if wrong else 'right'}  {result.name}  {result.seconds:.1f} s", *wrong, sep="\n    ", flush=True)
    return result


def score(project: Project, *, forks: bool) -> Score:
    """Hunt in one project."""
    with tempfile.TemporaryDirectory(prefix="hunting-") as name:
        folder = Path(name, "project")
        for path, source in project.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")
        before = contents(folder)
        started = time.monotonic()
        done = run(
            folder, [sys.executable, "-m", "hermetic", "hunt", "--json=../found.json", *project.arguments], forks
        )
        seconds = time.monotonic() - started
        try:
            document = json.loads(Path(name, "found.json").read_text(encoding="utf-8"))
        except OSError:
            return Score(project.name, 0, ["everything"], [done.stderr], seconds)
        false = [] if contents(folder) == before else ["the user's files were changed"]
        return judged(project, document["findings"], false + unreproduced(folder, document["findings"]), seconds)


def judged(project: Project, findings: list[dict[str, Any]], false: list[str], seconds: float) -> Score:
    """Compare findings with the answers."""
    wanted = answers(project, "victim", project.victims) | answers(project, "brittle", project.brittle)
    sure = {(each["kind"], each["victim"], frozenset(each["culprits"])) for each in findings if each["confirmed"]}
    false += [f"not confirmed: {each['victim']}" for each in findings if not each["confirmed"]]
    false += [f"{kind} {test} {sorted(culprits)}" for kind, test, culprits in sure - wanted]
    missing = [f"{kind} {test} {sorted(culprits)}" for kind, test, culprits in wanted - sure]
    cleaners = {(each["victim"], cleaner) for each in findings for cleaner in each["cleaners"]}
    known = {(full(project, test), full(project, cleaner)) for test, cleaner in project.cleaners}
    missing += [f"cleaner {cleaner} of {test}" for test, cleaner in known - cleaners]
    false += [f"cleaner {cleaner} of {test}" for test, cleaner in cleaners - known]
    return Score(project.name, len(wanted & sure), missing, false, seconds)


def answers(project: Project, kind: str, pairs: Answers) -> set[tuple[str, str, frozenset[str]]]:
    """Return answers with full node ids."""
    return {(kind, full(project, test), frozenset(full(project, each) for each in others)) for test, others in pairs}


def full(project: Project, name: str) -> str:
    """Return a node id."""
    return f"test_x.py::{name}" if "test_x.py" in project.files and not name.startswith("test_x.py::") else name


def unreproduced(folder: Path, findings: list[dict[str, Any]]) -> list[str]:
    """Return the commands that do not fail, each tried in the folder as it was."""
    wrong = []
    for each in findings:
        if each["confirmed"]:
            with tempfile.TemporaryDirectory(prefix="hunting-") as name:
                copy = Path(name, "copy")
                subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
                command = each["command"].replace("python", f"'{sys.executable}'", 1)
                done = run(copy, ["sh", "-c", command], forks=True)
                if done.returncode == 0:
                    wrong.append(f"does not fail: {each['command']}")
    return wrong


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def run(folder: Path, command: list[str], forks: bool) -> subprocess.CompletedProcess[str]:  # noqa: FBT001 - passed on
    """Run a command in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    extra = {"HERMETIC_HUNT_FORK": "1" if forks else "0", "XDG_CACHE_HOME": str(folder.parent / "cache")}
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, **extra},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
        stdin=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
