"""The suite of `examples/member_api`: green on workers, in any order, and twice at once on one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.utils.guarding import clean_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "member_api"
FEWEST = 80  # a run that collects less than this has lost tests
HANG = 280  # seconds after which a run counts as hanging


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite of the example as its users do, with every leak an error."""
    command = [sys.executable, "-m", "pytest", "-q", "--hermetic=error", "-p", "no:cacheprovider", *options, "tests"]
    return subprocess.run(
        command, cwd=EXAMPLE, env=clean_environment(), capture_output=True, text=True, check=False, timeout=HANG
    )


def assert_green(done: subprocess.CompletedProcess[str]) -> None:
    """Require that all of the suite ran, and passed."""
    assert done.returncode == 0, done.stdout + done.stderr
    (passed,) = re.findall(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    assert int(passed) >= FEWEST


def test_suite_is_green_in_another_order() -> None:
    assert_green(run("-n", "0", "--randomly-seed=20240601"))


def test_suite_is_green_on_two_workers_twice_at_once() -> None:
    orders = ["-pno:randomly", "--randomly-seed=7"]
    with ThreadPoolExecutor(len(orders)) as pool:
        for done in pool.map(lambda order: run("-n", "2", order), orders):
            assert_green(done)
