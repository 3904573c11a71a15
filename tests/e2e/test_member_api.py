"""The example of a service: its suite on workers, in another order, and twice at once; its README as it is written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.utils.guarding import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[2] / "examples" / "member_api"
FEWEST = 80  # a run that collects less than this has lost tests
HANG = 280  # seconds after which a run counts as hanging
NOBODY = "http://127.0.0.1:9"  # no language model provider listens on the port for discarding


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


def test_suite_is_green_on_workers_and_in_another_order_at_once() -> None:
    runs = [("-n", "2", "-p", "no:randomly"), ("-n", "0", "--randomly-seed=7")]
    with ThreadPoolExecutor(len(runs)) as pool:
        for done in pool.map(lambda options: run(*options), runs):
            assert_green(done)


@pytest.fixture
def address() -> Iterator[str]:
    """Start the service with the one command of the README, on any free port, and give its address."""
    command = [sys.executable, "-m", "member_api", "--port", "0"]
    environ = clean_environment() | {"MEMBER_API_PROVIDER_URL": NOBODY}
    with subprocess.Popen(command, cwd=EXAMPLE, env=environ, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            yield service.stdout.readline().split()[3]
        finally:
            service.terminate()


def session() -> list[tuple[str, str]]:
    """Return the commands of the README's session with curl, each with the answer that the page shows."""
    blocks = re.findall(r"^```console\n(.*?)^```", (EXAMPLE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if "curl" in block]
    return [(command, answer) for command, answer in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", found, re.MULTILINE)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page speaks of curl")
def test_readme_shows_what_the_service_answers(address: str) -> None:
    steps = session()
    variables = "; ".join(command for command, answer in steps if not answer).replace("http://127.0.0.1:8000", address)
    secrets: dict[str, str] = {}
    for command, shown in [step for step in steps if step[1]]:
        real = command
        for on_page, here in secrets.items():
            real = real.replace(on_page, here)
        script = f"{variables}; {real}"
        answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=HANG).stdout
        if '"key":' in shown:
            expected = json.loads(shown)
            secrets[expected["key"]] = json.loads(answer)["key"]
            assert set(json.loads(answer)) == set(expected)
        else:
            assert (command, answer.strip()) == (command, shown.strip())
