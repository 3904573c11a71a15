"""Whether the guard's memory stays flat: the size of a run of many tests, with and without it.

Run it with the interpreter that hermetic is installed for (Linux only):

    .venv/bin/python benchmarks/guard_memory.py [--tests 10000] [--mode warn]

The process writes down its size after each tenth of the tests. pytest itself keeps every report, so it grows, too: what
counts is how much more it grows with the guard, from the second tenth (all is warm by then) to the last. Prints the
sizes in MB and the difference in bytes per test; exit 1 when that is more than `--most`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = 10
CONFTEST = """
import gc
import os

import pytest

import shop

PAGE = os.sysconf("SC_PAGE_SIZE")


class Sizes:
    def __init__(self):
        self.tests, self.found = 0, []

    def pytest_runtest_logfinish(self):
        self.tests += 1
        if self.tests % {tenth} == 0:
            gc.collect()
            with open("/proc/self/statm") as file:
                self.found.append(int(file.read().split()[1]) * PAGE)

    def pytest_unconfigure(self):
        with open("{sizes}", "w") as out:
            print(*self.found, file=out)


def pytest_configure(config):
    config.pluginmanager.register(Sizes())


@pytest.fixture(scope="class")
def few():
    before = dict(shop.PRICES)
    yield
    shop.PRICES.update(before)
"""
SHOP = """
import functools
import logging
import os

PRICES = {"tea": {"small": 2}}
_seen = {}


class Basket:
    def __init__(self):
        self.items = []


basket = Basket()


@functools.cache
def mode():
    return os.environ.get("MODE")
"""
TEST = """
import logging
import os

import pytest

import shop


@pytest.mark.parametrize("number", range({count}))
def test_a_sale(number, few, monkeypatch, caplog):
    monkeypatch.setenv("MODE", str(number))
    monkeypatch.setitem(shop.PRICES["tea"], "small", number)
    monkeypatch.setattr(shop.basket, "items", [number])
    shop.mode.cache_clear()
    assert shop.mode() == str(number)
    shop.mode.cache_clear()
    shop._seen[number % 100] = "sold"
    logging.getLogger("shop").warning("sold %s", number)
"""


def suite(folder: Path, count: int, sizes: Path) -> None:
    """Write `count` tests in ten files: they change and put back what the guard compares."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    text = CONFTEST.replace("{tenth}", str(count // FILES)).replace("{sizes}", str(sizes))
    (folder / "conftest.py").write_text(text, encoding="utf-8")
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    for number in range(FILES):
        (folder / f"test_{number}.py").write_text(TEST.format(count=count // FILES), encoding="utf-8")


def sizes_of(folder: Path, mode: str, sizes: Path) -> list[int]:
    """Run the suite, and return its sizes in bytes."""
    sizes.unlink(missing_ok=True)
    installed = importlib.metadata.entry_points(group="pytest11", name="hermetic")
    guard = [*([] if installed else ["-p", "hermetic.plugin"]), f"--hermetic={mode}", "--hermetic-trace=off"]
    plain = ["-p", "no:hermetic"] if installed else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(guard if mode else plain)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or " passed" not in done.stdout or "HRM" in done.stdout:
        raise SystemExit(f"the suite is not quiet:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return [int(line) for line in sizes.read_text(encoding="utf-8").split()]


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--mode", choices=("warn", "error"), default="warn")
    parser.add_argument("--most", type=int, default=200, metavar="BYTES", help="allowed for each test (default 200)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as other:
        sizes = Path(other, "sizes.txt")
        suite(Path(made), given.tests, sizes)
        growth = {}
        for mode in ("", given.mode):
            found = sizes_of(Path(made), mode, sizes)
            print(f"{mode or 'without':8}", *(f"{size / 2**20:6.1f}" for size in found), "MB")
            growth[mode] = (found[-1] - found[1]) / (given.tests * (FILES - 2) / FILES)
    extra = growth[given.mode] - growth[""]
    print(f"grows by {growth['']:.0f} bytes per test without the guard, by {extra:+.0f} more with it")
    return 1 if extra > given.most else 0


if __name__ == "__main__":
    sys.exit(main())
