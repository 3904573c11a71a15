"""Results that are kept outside of git: of what is good, once, whoever wants it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.utils import meta

ROOT = Path(__file__).parents[2]
INPUTS = ("Makefile",)
# Two processes meet, and then want the same result, which takes both of them longer than to ask for it.
WANTS = """
import os
import time
from pathlib import Path

from tests.utils import meta

here = Path(os.environ["HERMETIC_META_CACHE"])


def produce():
    (here / f"produced-{os.getpid()}").touch()
    time.sleep(1)
    return os.getpid()


(here / f"ready-{os.getpid()}").touch()
while len(list(here.glob("ready-*"))) < 2:
    time.sleep(0.01)
print(meta.kept("wanted by two", ("Makefile",), produce, when=bool))
"""


@pytest.fixture
def produced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was produced, with an empty cache."""
    monkeypatch.setenv(meta.KEEP, str(tmp_path))
    return []


def ask(produced: list[int], value: int = 1) -> int:
    """Ask for a result that is good unless it is 0."""

    def produce() -> int:
        produced.append(value)
        return value

    found: int = meta.kept("a number", INPUTS, produce, when=bool)
    return found


def test_a_good_result_is_produced_once(produced: list[int]) -> None:
    assert [ask(produced, 7), ask(produced, 8)] == [7, 7]
    assert produced == [7]


def test_a_bad_result_is_not_kept(produced: list[int]) -> None:
    assert [ask(produced, 0), ask(produced, 3), ask(produced, 4)] == [0, 3, 3]
    assert produced == [0, 3]


@pytest.mark.parametrize("change", [{"value": 2}, {"key": "another"}, {"seal": ""}])
def test_a_result_that_was_changed_does_not_count(
    change: dict[str, object], produced: list[int], tmp_path: Path
) -> None:
    ask(produced)
    (file,) = tmp_path.glob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")

    assert ask(produced, 5) == 5


def test_what_one_process_produces_another_waits_for(tmp_path: Path) -> None:
    variables = {**os.environ, meta.KEEP: str(tmp_path)}
    command = [sys.executable, "-c", WANTS]
    started = [subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    said = [process.communicate(timeout=60)[0] for process in started]

    assert said[0] == said[1] != ""
    assert len(list(tmp_path.glob("produced-*"))) == 1


@pytest.mark.parametrize(("arguments", "workers"), [((), 2), (("-n0",), 0), (("-n1",), 1)])
def test_the_meta_tests_run_in_two_processes_unless_told_otherwise(
    arguments: tuple[str, ...], workers: int, tmp_path: Path
) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-v", *arguments, "-k", "at_least_forty or page_names", "tests/meta"]

    done = subprocess.run(
        command, cwd=ROOT, env={**variables, meta.KEEP: str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert (f"created: {workers}/{workers} worker" in done.stdout) == bool(workers)
