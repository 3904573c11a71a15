"""Measure what mocks keep alive in a test process, and what each part of the three-part pattern changes.

Usage: python scripts/measure_mock_memory.py [--tests N] [--rounds N] [--json FILE]

The pattern: (1) tests with heavy mocks share an `xdist_group`, (2) their teardown calls `gc.collect()`, (3) performance
tests are skipped in a worker. A suite of classes with mocks is written to a temporary folder and runs under `pytest -n
2 --dist loadgroup` once for each combination, round by round. Each worker reports its peak of resident memory, how many
mocks were alive at the most and at the end, and how long the tests took (CPU). Shown are the medians over the rounds.
Memory in MB (2**20 bytes), time in seconds. Exit code 0, or 2 when a run fails.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

CLASSES = 8
WORKERS = 2
# Mocks of one test: an application's client with a spec, and answers that hold a page of data each.
SUITE = """\
import gc
from unittest.mock import AsyncMock, MagicMock

import pytest

GROUP, COLLECT, TESTS = {group}, {collect}, {tests}


class Client:
    async def get(self, path): ...
    async def post(self, path, body): ...
    def close(self): ...


def use_mocks():
    client = AsyncMock(spec=Client)
    client.get.return_value = MagicMock(status_code=200, body="x" * 20_000)
    client.post.side_effect = lambda path, body: MagicMock(path=path, body=body * 20_000)
    for _ in range(5):
        client.close()
        MagicMock().service.call(client, rows=["x" * 1_000 for _ in range(10)])
    return client


class Heavy:
    if COLLECT:
        def teardown_method(self):
            gc.collect()

    @pytest.mark.parametrize("number", range(TESTS))
    def test_it(self, number):
        assert use_mocks() is not None
"""
CLASS = """
{mark}
class Test{number}(Heavy):
    pass
"""
PERFORMANCE = """
import os

import pytest

SKIP = {skip}


@pytest.mark.skipif(SKIP and "PYTEST_XDIST_WORKER" in os.environ, reason="measures time and memory: not in a worker")
@pytest.mark.parametrize("number", range(4))
def test_many_calls_are_quick(number):
    from unittest.mock import MagicMock

    mock = MagicMock()
    for index in range(20_000):
        mock(index, "x" * 500 + str(index))
    assert mock.call_count == 20_000
"""
CONFTEST = """
import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from unittest.mock import NonCallableMock

import pytest

most = 0


def alive():
    return sum(isinstance(thing, NonCallableMock) for thing in gc.get_objects())


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    global most
    if os.environ["COUNT"] == "1":
        most = max(most, alive())


def peak_of_this_process():
    # Linux hands ru_maxrss down to the programs that a process starts, so a worker's is at least the controller's.
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        peak = peak_of_this_process()
        cpu = sum(os.times()[:2])
        facts = {"peak": peak, "cpu": cpu, "most": most, "end": alive()}
        Path(os.environ["OUT"], f"{os.getpid()}.json").write_text(json.dumps(facts))
"""


class Variant(NamedTuple):
    """Which parts of the pattern a run has."""

    group: bool = False
    collect: bool = False
    skip: bool = False

    def __str__(self) -> str:
        """Return the parts, in words."""
        names = [name for name, on in zip(("group", "gc.collect()", "skip"), self, strict=True) if on]
        return " + ".join(names) or "nothing"


class Measured(NamedTuple):
    """One run: of its workers the larger peak and the sum of peaks (bytes), mocks alive, CPU seconds of both."""

    larger: float
    both: float
    most: float
    end: float
    cpu: float


VARIANTS = (
    Variant(),
    Variant(group=True),
    Variant(collect=True),
    Variant(skip=True),
    Variant(group=True, collect=True),
    # One worker has all mocks here and the other has none, and no performance test hides what that changes.
    Variant(group=True, skip=True),
    Variant(group=True, collect=True, skip=True),
)


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", type=int, default=100, help="tests of each class (default: 100)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each combination (default: 5)")
    parser.add_argument("--json", type=Path, help="write all runs to this file")
    options = parser.parse_args()
    runs: dict[Variant, list[Measured]] = {variant: [] for variant in VARIANTS}
    try:
        for _ in range(options.rounds):
            for variant in VARIANTS:
                runs[variant].append(measure(variant, options.tests))
    except subprocess.CalledProcessError as error:
        print(f"measure_mock_memory: pytest failed\n{error.stdout}{error.stderr}", file=sys.stderr)
        return 2
    print(table(runs))
    if options.json:
        options.json.write_text(json.dumps({str(variant): each for variant, each in runs.items()}), encoding="utf-8")
    return 0


def measure(variant: Variant, tests: int) -> Measured:
    """Run the suite for memory and time, and again to count mocks, which takes both. Raises CalledProcessError."""
    plain, counted = (run(variant, tests, count=count) for count in (False, True))
    peaks = [worker["peak"] for worker in plain]
    return Measured(
        larger=max(peaks),
        both=sum(peaks),
        most=max(worker["most"] for worker in counted),
        end=max(worker["end"] for worker in plain),
        cpu=sum(worker["cpu"] for worker in plain),
    )


def run(variant: Variant, tests: int, *, count: bool) -> list[dict[str, float]]:
    """Run the suite once, and return what each worker says. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="hermetic-memory-") as name:
        folder, out = Path(name, "suite"), Path(name, "out")
        folder.mkdir()
        out.mkdir()
        mark = '@pytest.mark.xdist_group("mocks")' if variant.group else ""
        classes = "".join(CLASS.format(mark=mark, number=number) for number in range(CLASSES))
        suite = SUITE.format(group=variant.group, collect=variant.collect, tests=tests)
        files = {"test_mocks.py": suite + classes, "conftest.py": CONFTEST, "pytest.ini": "[pytest]\n"}
        files["test_performance.py"] = PERFORMANCE.format(skip=variant.skip)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
        options = ["-q", "-n", str(WORKERS), "--dist=loadgroup", "-pno:hermetic", "-pno:cacheprovider", "-pno:randomly"]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=folder,
            env={**inherited, "OUT": str(out), "COUNT": str(int(count))},
            capture_output=True,
            text=True,
            check=True,
        )
        return [json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.json")]


def table(runs: dict[Variant, list[Measured]]) -> str:
    """Return the medians as a table."""
    heads = ("pattern", "larger worker", "both workers", "mocks, most", "mocks, end", "CPU")
    lines = [f"{heads[0]:32}" + "".join(f"{head:>15}" for head in heads[1:])]
    for variant, each in runs.items():
        larger, both, most, end, cpu = (statistics.median(values) for values in zip(*each, strict=True))
        memory = "".join(f"{value / 2**20:>12.0f} MB" for value in (larger, both))
        lines.append(f"{variant!s:32}{memory}{most:>15.0f}{end:>15.0f}{cpu:>13.1f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
