"""What the guard costs: CPU with and without it, in pairs, over a suite made here or one that is named.

Run it with the interpreter that hermetic is installed for:

    .venv/bin/python benchmarks/guard_cost.py [--tests 1000] [--pairs 5] [--modes warn ...] [--path SUITE] \
        [-- PYTEST ARGS]

Prints for each mode the median of CPU(mode) / CPU(without the plugin) of runs one after the other, the difference in
microseconds per test, and in the size of the process (POSIX only). A run is a process of its own, so start-up is in
both; `off` is an installed plugin at rest.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

MODES = ("off", "warn", "error")
KILOBYTES = 1024 if sys.platform != "darwin" else 1024 * 1024  # ru_maxrss counts kilobytes, on macOS bytes
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


class Run(NamedTuple):
    """One run: its CPU seconds, its largest size in MB (of one process), and how many tests it ran."""

    seconds: float
    size: float
    tests: int


def run(folder: Path, mode: str, arguments: list[str], cache: Path) -> Run:
    """Run the suite once, with its bytecode in a folder of our own: an installed plugin has its bytecode, too."""
    mine = [*plugin(), f"--hermetic={mode}", "--hermetic-trace=off"] if mode else ["-p", "no:hermetic"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *mine, *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(cache)
    with tempfile.TemporaryFile("w+") as output:
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    counts = re.findall(r"(\d+) (?:passed|failed)", text)
    if not counts:
        raise SystemExit(f"no test ran:\n{text[-4000:]}")
    return Run(used.ru_utime + used.ru_stime, used.ru_maxrss / KILOBYTES, sum(map(int, counts)))


def compare(given: argparse.Namespace, folder: Path, cache: Path) -> None:
    """Measure and print: for each pair the modes run one after the other, next to one run without the plugin."""
    for mode in ("", "error"):
        run(folder, mode, given.arguments, cache)  # compiles what is imported
    found: dict[str, list[tuple[Run, Run]]] = {mode: [] for mode in given.modes}
    for _ in range(given.pairs):
        for mode in given.modes:
            found[mode].append((run(folder, "", given.arguments, cache), run(folder, mode, given.arguments, cache)))
    for mode, pairs in found.items():
        ratio = statistics.median(one.seconds / plain.seconds for plain, one in pairs)
        extra = statistics.median((one.seconds - plain.seconds) / plain.tests * 1e6 for plain, one in pairs)
        size = statistics.median(one.size - plain.size for plain, one in pairs)
        tests = pairs[0][0].tests
        runs = f"({tests} tests, {len(pairs)} pairs)"
        print(f"{mode:5}  ratio {ratio:.3f}  {extra:+.0f} us per test  {size:+.1f} MB  {runs}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as cache:
        folder = given.path or Path(made)
        if given.path is None:
            suite(folder, given.tests)
        compare(given, folder, Path(cache))


if __name__ == "__main__":
    main()
