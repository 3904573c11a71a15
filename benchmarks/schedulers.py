"""How xdist's ways to distribute tests compare, on a suite whose files differ in length.

Usage: python benchmarks/schedulers.py [--workers N] [--rounds N]

60 tests in 8 files wait from 0.05 to 1 second, and each file has a module-scoped fixture that waits for 0.2 seconds:
once for each worker that runs a test of the file. Tests wait and do not compute. Shown are medians of seconds until the
end, start-up included, as multiples of the best that this many workers could do, and how often a fixture was set up.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WAYS = ("load", "worksteal", "loadfile", "loadscope", "loadgroup")
LENGTHS = (20, 12, 8, 8, 4, 4, 2, 2)
SLOW = {2: 1.0, 4: 0.3}  # seconds, by the number of tests in the file
SETUP = 0.2
FILE = """
import os, time
from pathlib import Path
import pytest

@pytest.fixture(scope="module", autouse=True)
def prepared():
    time.sleep({setup})
    with open(Path(os.environ["OUT"], f"{{os.getpid()}}"), "a") as file:
        file.write("x")

@pytest.mark.parametrize("seconds", {seconds})
def test_waits(seconds):
    time.sleep(seconds)
"""


def seconds_of(number: int) -> list[float]:
    """Return how long the tests of a file wait: the files with few tests have the slow ones."""
    length = LENGTHS[number]
    return [SLOW.get(length, 0.05) + 0.001 * index for index in range(length)]


def run(way: str, workers: int) -> tuple[float, int]:
    """Run the suite; return the seconds that pytest says, and how many fixtures were set up."""
    with tempfile.TemporaryDirectory(prefix="hermetic-schedulers-") as name:
        suite, out = Path(name, "suite"), Path(name, "out")
        suite.mkdir()
        out.mkdir()
        (suite / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        for number in range(len(LENGTHS)):
            text = FILE.format(setup=SETUP, seconds=seconds_of(number))
            (suite / f"test_{number}.py").write_text(text, encoding="utf-8")
        options = ["-q", f"-n{workers}", f"--dist={way}", "-pno:hermetic", "-pno:randomly", "-pno:cacheprovider"]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=suite,
            env={**inherited, "OUT": str(out)},
            capture_output=True,
            text=True,
            check=True,
        )
        setups = sum(len(path.read_text(encoding="utf-8")) for path in out.iterdir())
        (seconds,) = re.findall(r"passed in ([\d.]+)s", done.stdout)
        return float(seconds), setups


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, int]]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            found[way].append(run(way, options.workers))
    best = (sum(sum(seconds_of(number)) for number in range(len(LENGTHS))) + SETUP * len(LENGTHS)) / options.workers
    print(f"{'--dist':12}{'seconds':>10}{'to the best':>14}{'set-ups':>10}")
    for way, runs in found.items():
        seconds, setups = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"{way:12}{seconds:>10.1f}{seconds / best:>14.2f}{setups:>10.0f}")


if __name__ == "__main__":
    main()
