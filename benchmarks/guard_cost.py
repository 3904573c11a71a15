"""What the guard costs: CPU with and without it, in pairs, over a suite made here or one that is named.

Run it with the interpreter that hermetic is installed for:

    .venv/bin/python benchmarks/guard_cost.py [--tests 1000] [--pairs 5] [--path SUITE] [-- PYTEST ARGS]

Prints for each mode the median of CPU(mode) / CPU(without the plugin) of runs one after the other, and the difference
in microseconds per test. A run is a process of its own, so start-up is in both; `off` is an installed plugin at rest.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MODES = ("off", "warn", "error")
TEST = """
@pytest.mark.parametrize("number", range({count}))
def test_a_member_is_stored(number, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MEMBER", str(number))
    path = tmp_path / "member.json"
    path.write_text(json.dumps({{"number": number, "name": os.environ["MEMBER"]}}))
    logging.getLogger("members").warning("stored %s", number)
    assert json.loads(path.read_text())["number"] == number
    assert sum(hash((number, step)) % 7 for step in range(20_000)) > 0
"""
HEAD = "import json\nimport logging\nimport os\n\nimport pytest\n\n"


def suite(folder: Path, count: int) -> None:
    """Write `count` tests in ten files: each takes about 2 ms and writes a file, a variable and a log line."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for number in range(10):
        (folder / f"test_members_{number}.py").write_text(HEAD + TEST.format(count=count // 10), encoding="utf-8")


def plugin() -> list[str]:
    """Return what loads the plugin where its entry point is not installed."""
    return [] if importlib.metadata.entry_points(group="pytest11", name="hermetic") else ["-p", "hermetic.plugin"]


def run(folder: Path, mode: str, arguments: list[str]) -> tuple[float, int]:
    """Return the CPU seconds of one run, the children of the process included, and how many tests it ran."""
    mine = [*plugin(), f"--hermetic={mode}", "--hermetic-trace=off"] if mode else ["-p", "no:hermetic"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *mine, *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = re.findall(r"(\d+) (?:passed|failed)", done.stdout)
    if not counts:
        raise SystemExit(f"no test ran:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, sum(map(int, counts))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--path", type=Path)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.path or Path(made)
        if given.path is None:
            suite(folder, given.tests)
        run(folder, "", given.arguments)  # compiles the files
        for mode in MODES:
            ratios, differences, count = [], [], 0
            for _ in range(given.pairs):
                plain, count = run(folder, "", given.arguments)
                guarded, _ = run(folder, mode, given.arguments)
                ratios.append(guarded / plain)
                differences.append((guarded - plain) / count * 1e6)
            ratio, extra = statistics.median(ratios), statistics.median(differences)
            print(f"{mode:5}  ratio {ratio:.3f}  {extra:+.0f} us per test  ({count} tests, {given.pairs} pairs)")


if __name__ == "__main__":
    main()
