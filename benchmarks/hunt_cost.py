"""What a hunt costs: its CPU against that of one serial run, for suites of growing size with known answers.

Usage: python benchmarks/hunt_cost.py [--tests N ...] [--seconds S]

Each suite is made here: N tests in files of 50, which together use S seconds of CPU, one polluter, one victim, one
state-setter, one brittle test, and a fixture per file. Printed are CPU seconds of the serial run, of the hunt (start-up
and all child processes included), of one start of pytest that runs a single test, and the ratio: (hunt - two starts for
each reported pair) / serial. The exit code is 1 where a ratio is above 8, or the known answers are not what was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 8.0  # serial runs
PER_FILE = 50
HEAD = """\
import time

import pytest

import state


@pytest.fixture(scope="module")
def resource():
    return [1]
"""
TEST = """

def test_{number}(resource):
    end = time.process_time() + {seconds}
    while time.process_time() < end:
        pass
    assert resource == [1]
"""


def main() -> int:
    """Measure, and return the exit code."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument(
        "--tests", type=int, nargs="+", default=[100, 300, 1000, 3000], help="sizes (100 300 1000 3000)"
    )
    reader.add_argument("--seconds", type=float, default=5.0, help="CPU seconds that the tests of a suite use (5)")
    options = reader.parse_args()
    print("tests  serial    hunt   start   ratio   answers")
    return max([int(not measured(count, options.seconds)) for count in options.tests])


def measured(count: int, seconds: float) -> bool:
    """Measure one size, print it, and return whether it is as it has to be."""
    with tempfile.TemporaryDirectory(prefix="hunting-") as name:
        folder = Path(name, "suite")
        write(folder, count, seconds / count)
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"]
        start = cpu(folder, [*pytest, "test_000.py::test_0"])
        serial = cpu(folder, pytest)
        hunt = cpu(folder, [sys.executable, "-m", "hermetic", "hunt", "--json=../found.json"])
        findings = json.loads(Path(name, "found.json").read_text(encoding="utf-8"))["findings"]
    kinds = sorted(each["kind"] for each in findings if each["confirmed"])
    ratio = (hunt - 2 * start * len(findings)) / serial
    print(f"{count:5}  {serial:6.1f}  {hunt:6.1f}  {start:6.2f}  {ratio:6.1f}   {', '.join(kinds)}", flush=True)
    return ratio <= MOST and kinds == ["brittle", "victim"]


def write(folder: Path, count: int, seconds: float) -> None:
    """Write a suite."""
    folder.mkdir()
    (folder / "state.py").write_text("STATE = {}\n", encoding="utf-8")
    special = {
        count // 3: "    state.STATE['left'] = 1\n",
        count // 2: "    assert 'left' not in state.STATE\n",
        count // 4: "    state.STATE['ready'] = 1\n",
        count - 3: "    assert 'ready' in state.STATE\n",
    }
    for first in range(0, count, PER_FILE):
        numbers = range(first, min(first + PER_FILE, count))
        tests = [TEST.format(number=each - first, seconds=seconds) + special.get(each, "") for each in numbers]
        (folder / f"test_{first // PER_FILE:03}.py").write_text(HEAD + "".join(tests), encoding="utf-8")


def cpu(folder: Path, command: list[str]) -> float:
    """Return the CPU seconds of a command and all that it starts."""
    before = os.times()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    sys.exit(main())
