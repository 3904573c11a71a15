"""What it costs to run each test, or each file, in a process of its own.

Usage: python benchmarks/process_isolation.py [--rounds N]

200 tests in 10 files import a web framework once, and do next to nothing. They run in one process; with a fork for each
test; with a fork for each file; and with a new interpreter for each file. Shown are medians of CPU seconds (user and
system, of all processes), and as multiples of one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = 10
TESTS = 20
SUITE = f"""
import pytest
import fastapi

@pytest.mark.parametrize("number", range({TESTS}))
def test_it(number):
    assert fastapi.FastAPI(title=str(number)).title == str(number)
"""
# A fork for each test or file: the child runs it as pytest would, and the parent learns whether all went well.
FORK = """
import os
import pytest
from _pytest.runner import runtestprotocol

PER = os.environ.get("FORK_PER", "")

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    if not PER:
        return None
    groups = {}
    for item in session.items:
        groups.setdefault(item.nodeid if PER == "test" else item.path, []).append(item)
    for items in groups.values():
        child = os.fork()
        if child == 0:
            failed = 0
            for number, item in enumerate(items):
                following = items[number + 1] if number + 1 < len(items) else None
                failed += any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))
            os._exit(1 if failed else 0)
        session.testsfailed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return True
"""


def run(folder: Path, per: str) -> float:
    """Run the suite in one of the ways, and return the CPU seconds of all its processes."""
    options = ["-q", "-pno:hermetic", "-pno:xdist", "-pno:randomly", "-pno:cacheprovider"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    runs = [[str(path)] for path in sorted(folder.glob("test_*.py"))] if per == "interpreter" else [[]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for paths in runs:
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, *paths],
            cwd=folder,
            env={**env, "FORK_PER": per if per in ("test", "file") else ""},
            capture_output=True,
            check=True,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ways = {
        "one process": "",
        "a fork for each file": "file",
        "a fork for each test": "test",
        "an interpreter for each file": "interpreter",
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="hermetic-processes-") as name:
        folder = Path(name)
        (folder / "conftest.py").write_text(FORK, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        for number in range(FILES):
            (folder / f"test_{number}.py").write_text(SUITE, encoding="utf-8")
        for _ in range(options.rounds):
            for way, per in ways.items():
                found[way].append(run(folder, per))
    base = statistics.median(found["one process"])
    print(f"{'way':32}{'CPU seconds':>14}{'ratio':>8}{'ms a test more':>17}")
    for way, values in found.items():
        median = statistics.median(values)
        print(f"{way:32}{median:>14.2f}{median / base:>8.1f}{(median - base) / (FILES * TESTS) * 1000:>17.1f}")


if __name__ == "__main__":
    main()
