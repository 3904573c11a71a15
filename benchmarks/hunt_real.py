"""Hunt in an unpacked source distribution, repeat each finding with plain pytest, and ask detect-test-pollution.

Usage: python benchmarks/hunt_real.py FOLDER [--python PATH] [--budget S] [--most N] [--json FILE] [-- ARGS]

PATH is the interpreter that the package, its needs, pytest and hermetic are installed for; `detect-test-pollution` is
asked where it is installed there too. It knows polluters only, in the plain order, so it gets no brittle tests.
Printed are seconds by the clock and of CPU, the findings, and for up to N of the victims (3) what the other tool said.
The exit code is 1 when a command that a finding gives does not show what the finding says.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from guard_outcomes import divided

LONGEST = 600  # seconds for one command
SAID = ("polluting test is", "but it passed", "test failed!", "not part of", "Error")


class Done(NamedTuple):
    """What a command did: its exit code, its output, and the seconds that it took, by the clock and of CPU."""

    code: int
    output: str
    seconds: float
    cpu: float


def main() -> int:
    """Measure, print and return the exit code."""
    words, given = divided(sys.argv[1:])
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("folder", metavar="FOLDER")
    reader.add_argument("--python", default=sys.executable, metavar="PATH", help="interpreter of the package")
    reader.add_argument("--budget", type=int, default=300, metavar="S", help="seconds for the hunt (300)")
    reader.add_argument("--most", type=int, default=3, metavar="N", help="victims for detect-test-pollution (3)")
    reader.add_argument("--tests", default=".", help="where detect-test-pollution looks for tests (.)")
    reader.add_argument("--json", metavar="FILE", default="", help="write what was seen to a file")
    options = reader.parse_args(words)
    seen = measured(options, given)
    if options.json:
        Path(options.json).write_text(json.dumps(seen, indent=2), encoding="utf-8")
    return int(any(not finding["repeated"] for finding in seen["findings"]))


def measured(options: argparse.Namespace, given: list[str]) -> dict[str, Any]:
    """Hunt, check and compare; return all that was seen."""
    python = str(Path(options.python).absolute())  # a link into a virtual environment stays one
    with tempfile.TemporaryDirectory(prefix="hunting-") as home:
        serial = run([python, "-m", "pytest", "-q", "-p", "no:randomly", *given], options.folder)
        found = Path(home, "found.json")
        words = ["hunt", f"--budget={options.budget}", f"--json={found}", *(["--", *given] if given else [])]
        hunt = run([python, "-m", "hermetic", *words], options.folder)
        document = json.loads(found.read_text(encoding="utf-8")) if found.exists() else {"findings": [], "notes": []}
    seconds = f"{hunt.seconds:.0f} s, {hunt.cpu:.1f} s of CPU"
    print(f"hunt: {seconds}; one plain run: {serial.seconds:.1f} s, {serial.cpu:.1f} s of CPU")
    print("plain:", (serial.output.strip().splitlines() or [""])[-1])
    print(hunt.output, flush=True)
    for finding in document["findings"]:
        finding["repeated"] = shown(python, options.folder, finding)
    victims = dict.fromkeys(each["victim"] for each in document["findings"] if each["kind"] == "victim")
    bisected = [bisect(python, options, victim) for victim in list(victims)[: options.most]]
    return {"hunt": hunt._asdict(), "serial": serial._asdict(), "bisected": bisected, **document}


def shown(python: str, folder: str, finding: dict[str, Any]) -> bool:
    """Repeat one finding with plain pytest: the command fails, and the victim alone, or with its setters, passes."""
    plain = [python, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist"]
    together = run([*plain, *finding["culprits"], finding["victim"]], folder)
    alone = run([*plain, finding["victim"]], folder)
    bad, good = (together, alone) if finding["kind"] == "victim" else (alone, together)
    right = bad.code == 1 and good.code == 0
    names = " + ".join(finding["culprits"])
    print(f"{'repeated' if right else 'NOT REPEATED'}: {finding['kind']} {finding['victim']} <- {names}", flush=True)
    return right


def bisect(python: str, options: argparse.Namespace, victim: str) -> dict[str, Any]:
    """Ask detect-test-pollution for the polluter of a victim; return what it said and how long that took."""
    tool = str(Path(python).with_name("detect-test-pollution"))
    if not Path(tool).exists():
        return {"victim": victim, "said": "not installed", "seconds": 0.0, "cpu": 0.0}
    done = run([tool, f"--failing-test={victim}", f"--tests={options.tests}"], options.folder)
    said = [line for line in done.output.splitlines() if any(word in line for word in SAID)]
    answer = said[-1] if said else f"exit code {done.code}"
    print(f"detect-test-pollution: {done.seconds:.0f} s, {done.cpu:.1f} s of CPU: {victim}: {answer}", flush=True)
    return {"victim": victim, "said": answer, "seconds": done.seconds, "cpu": done.cpu}


def run(command: list[str], folder: str) -> Done:
    """Run a command in a folder."""
    before, started = os.times(), time.monotonic()
    surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        made = subprocess.run(
            command,
            cwd=folder,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
            stdin=subprocess.DEVNULL,
        )
        code, output = made.returncode, made.stdout + made.stderr[-2000:] * (made.returncode > 1)
    except subprocess.TimeoutExpired:
        code, output = -1, f"stopped after {LONGEST} s"
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Done(code, output, time.monotonic() - started, cpu)


if __name__ == "__main__":
    sys.exit(main())
