"""The pytest plugin, as the repository configures pytest."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata, util
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.verify import inside
from hermetic.verify.matrix import Outcome
from hermetic.verify.scratch import last_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hermetic.verify.plant import Planted
    from hermetic.verify.scratch import Scratch

LAYERS = ("collection", "guard")
PATIENCE = 60.0  # seconds for one run
ERROR, OFF = "error", "off"
NO_CONFIGURATION = "the example brings a configuration of pytest, which does not count inside another project"


class Setup(NamedTuple):
    """How the repository's own pytest sets the guard up, and whether a planted leak really fails there.

    `why` says why that cannot be known, "" where it is. `workers` is how many xdist starts without being asked.
    """

    why: str
    loaded: bool = False
    mode: str = OFF
    levels: dict[str, str] = {}  # noqa: RUF012 - never changed
    xdist: bool = False
    workers: int = 0
    bites: bool = False

    def level(self, code: str) -> str:
        """Return what is done with a finding of a rule."""
        return self.levels.get(code, OFF)


class Run(NamedTuple):
    """One run of pytest: what the inside told (None where it did not come so far), the findings, how it ended."""

    facts: dict[str, Any] | None
    findings: list[dict[str, Any]]
    code: int
    output: str


def set_up(scratch: Scratch, canary: Planted | None, arguments: Sequence[str]) -> Setup:
    """Run pytest exactly as the repository configures it, on one planted leak alone."""
    if util.find_spec("pytest") is None:
        return Setup("pytest is not installed beside hermetic; install it there")
    if not any(point.module == "hermetic.plugin" for point in metadata.entry_points(group="pytest11")):
        return Setup("hermetic is not installed as a plugin of pytest here; install it, an import path is not enough")
    if canary is None:
        return Setup("none of the selected rules is one of the guard's")
    (run,) = runs(scratch, [canary], arguments)
    if run.facts is None:
        return Setup(f"pytest cannot run in the scratch copy: {error_of(run.output)}")
    facts = run.facts
    if not run.findings and canary.paths[-1] not in facts["ran"] and facts["broken"]:
        return Setup(f"the planted file cannot be collected: {next(iter(facts['broken'].values()))}")
    caught = any(item["code"] == canary.code for item in run.findings)
    stopped = run.code != 0 and caught and canary.code in run.output
    kept = {name: facts[name] for name in ("loaded", "mode", "levels", "xdist", "workers")}
    return Setup("", bites=stopped, **kept)


def runs(scratch: Scratch, plants: list[Planted], arguments: Sequence[str]) -> list[Run]:
    """Run pytest on each plant, as the repository configures it; all in one process that forks."""
    folder = os.path.join(scratch.home, f"runs-{len(os.listdir(scratch.home))}")
    os.mkdir(folder)
    jobs = [job(scratch, plant, f"{folder}/{number}", arguments) for number, plant in enumerate(plants)]
    needs = sorted({name for plant in plants for name in plant.needs})
    listed = f"{folder}/jobs.json"
    with open(listed, "w", encoding="utf-8") as file:
        json.dump({"needs": needs, "jobs": jobs, "patience": PATIENCE}, file)
    done = scratch.run(
        sys.executable,
        "-m",
        "hermetic.verify.runs",
        listed,
        folder=scratch.project,
        patience=PATIENCE * (1 + len(plants)),
    )
    return [ended(f"{folder}/{number}", done.output) for number in range(len(plants))]


def job(scratch: Scratch, plant: Planted, stem: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Return one run as `hermetic.verify.runs` takes it."""
    # As an ini value: a guard that is not loaded would refuse an option that it does not know.
    report = ["-o", f"hermetic_report={stem}-report.json"]
    return {
        "arguments": ["-p", "hermetic.verify.inside", *arguments, *report, plant.folder],
        "environment": {
            inside.FACTS: f"{stem}-facts.json",
            inside.FOLDERS: os.path.join(scratch.project, plant.folder),
        },
        "output": f"{stem}-output",
    }


def ended(stem: str, output: str) -> Run:
    """Return how a run ended, from the files that it has written."""
    printed = read_text(f"{stem}-output") or output
    code = int(read_text(f"{stem}-output.exit") or 3)
    report, facts = (json.loads(read_text(f"{stem}-{name}.json") or "null") for name in ("report", "facts"))
    return Run(facts, (report or {"findings": []})["findings"], code, printed)


def read_text(path: str) -> str:
    """Return what a run has written to a file, "" where it did not."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def measure(scratch: Scratch, plants: list[Planted], arguments: Sequence[str], setup: Setup) -> dict[str, Outcome]:
    """Return by folder what the guard reports of plants."""
    outcomes = {plant.folder: Outcome(reason=why) for plant in plants if (why := setup.why or not_here(plant))}
    left = [plant for plant in plants if plant.folder not in outcomes]
    # One test file needs no workers, and starting them takes longer than all the rest.
    serial = ["-n0"] if setup.xdist and setup.workers else []
    if left and setup.loaded and setup.mode != OFF:
        found = runs(scratch, left, [*arguments, *serial, "--hermetic-trace=off"])
        outcomes |= {plant.folder: outcome(plant, run) for plant, run in zip(left, found, strict=True)}
        return outcomes
    return outcomes | {plant.folder: Outcome() for plant in left}  # nothing of the guard runs: nothing is caught


def not_here(plant: Planted) -> str:
    """Return why a plant cannot be run in a repository, "" where it can."""
    if plant.configures:
        return NO_CONFIGURATION
    absent = [name for name in plant.needs if util.find_spec(name.partition(".")[0]) is None]
    return f"the example needs {', '.join(absent)}, which is not installed" if absent else ""


def outcome(plant: Planted, run: Run) -> Outcome:
    """Return what a run says of its plant."""
    codes = frozenset(item["code"] for item in run.findings)
    if run.facts is None:
        return Outcome(codes, f"pytest does not come to its end: {error_of(run.output)}")
    ms = run.facts["ms"]
    if codes:
        return Outcome(codes, "", ms)
    mine = set(plant.paths)
    broken = [why for path, why in run.facts["broken"].items() if path in mine or not mine & set(run.facts["ran"])]
    if broken:
        return Outcome(codes, f"the planted file cannot be collected here: {broken[0]}", ms)
    return Outcome(codes, "" if mine & set(run.facts["ran"]) else "none of its tests ran here", ms)


def stopping(outcomes: dict[str, Outcome], setup: Setup, plants: Iterable[Planted]) -> dict[str, Outcome]:
    """Return outcomes with only the codes that fail a run as the repository configures it."""
    found = {}
    for plant in plants:
        mine = outcomes.get(plant.folder, Outcome(reason="was not run"))
        stop = frozenset(code for code in mine.codes if setup.level(code) == ERROR)
        warned = sorted(mine.codes - stop)
        note = f"only warned of {', '.join(warned)}" if warned else ""
        found[plant.folder] = mine._replace(codes=stop, note=note)
    return found


def error_of(output: str) -> str:
    """Return the line in which pytest says what is wrong."""
    lines = [line.strip() for line in output.splitlines()]
    wrong = [line for line in lines if line.startswith(("ERROR", "INTERNALERROR>", "E  "))]
    return wrong[-1] if wrong else last_line(output)
