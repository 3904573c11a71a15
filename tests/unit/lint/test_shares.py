"""Several processes find what one finds, and nothing is lost where one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hermetic import config
from hermetic.catalogue import registry
from hermetic.lint import selection, shares
from hermetic.lint.engine import Engine
from hermetic.lint.incomplete import IncompleteError
from hermetic.lint.shares import Result
from tests.utils.lint import write_files
from tests.utils.process import environment

CALLER = "from helpers import use_region\n\n\ndef test_a():\n    use_region()\n"
FILES = {
    "pyproject.toml": "",
    "helpers.py": 'import os\n\n\ndef use_region():\n    os.environ["REGION"] = "north"\n',
    "tests/test_broken.py": "def test_(:\n",
    "tests/data/template.py": "def {{ name }}(:\n",
    "tests/test_excused.py": 'import os\n\n\ndef test_a():\n    os.environ["A"] = "1"  # hermetic: ignore[HRM101] x\n',
    "tests/test_idle.py": "def test_a():\n    pass  # hermetic: ignore[HRM101] why\n",
    "tests/test_allowed.py": "import os\n\nimport pytest\n\n\n@pytest.mark.hermetic(allow=['HRM101'])\ndef test_a():\n"
    "    os.environ['A'] = '1'\n",
} | {f"tests/test_{number:02}.py": CALLER.replace("test_a", f"test_{number}") for number in range(50)}


def engine(folder: Path, jobs: int, preset: str = "recommended") -> Engine:
    settings = config.load(str(folder))
    settings.select = (preset,)
    made = Engine(settings, selection.choose(registry.indexed(), settings))
    made.jobs, made.named = jobs, frozenset()
    return made


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    write_files(FILES, tmp_path)
    return sorted(str(path) for path in tmp_path.rglob("*.py"))


@pytest.mark.parametrize("jobs", [0, 2, 7, 200])
def test_several_processes_find_what_one_finds(jobs: int, paths: list[str], tmp_path: Path) -> None:
    alone, together = engine(tmp_path, 1), engine(tmp_path, jobs)

    expected = [(item.place, item.message, item.test) for item in alone.check(paths)]
    found = [(item.place, item.message, item.test) for item in together.check(paths)]

    assert {place[3] for place, *_ in expected} == {"HRM001", "HRM101", "HRM905"}
    assert found == expected
    assert [*together.data] == [*alone.data] == [str(tmp_path / "tests/data/template.py")]


def test_progress_ends_with_all_files(paths: list[str], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    engine(tmp_path, 2).check(paths, lambda done, total: told.append((done, total)))

    assert told == sorted(told)
    assert told[-1] == (len(paths), len(paths))


def test_what_a_process_had_when_it_died_is_checked_again() -> None:
    own = os.getpid()

    def check(path: str) -> Result:
        if path == "13" and os.getpid() != own:
            os.kill(os.getpid(), signal.SIGKILL)
        return Result([], None, None, [path])

    paths = [str(number) for number in range(40)]

    found = [result.failures for result in shares.results(paths, check, 2, None)]

    assert found == [[path] for path in paths]


def test_a_rule_that_fails_in_another_process_is_named(
    paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = engine(tmp_path, 2)
    entry = next(entry for entry in made.entries if entry.code == "HRM101")
    monkeypatch.setattr(type(made.rule(entry)), "check", lambda *_: 1 / 0)

    with pytest.raises(IncompleteError) as caught:
        made.check(paths)

    failed = [text for text in caught.value.failures if "test_00.py" in text]
    assert len(failed) == 1
    assert failed[0].startswith("HRM101 (hermetic.catalogue.process.environ_write) failed on ")
    assert "ZeroDivisionError" in failed[0]
    assert {item.code for item in caught.value.findings} >= {"HRM001"}


def test_shares_hold_every_file_once_in_order_and_about_as_many_bytes(tmp_path: Path) -> None:
    sizes = [5, 1000, 5, 5, 2000, *[100] * 30]
    paths = []
    for number, size in enumerate(sizes):
        path = tmp_path / f"{number}.py"
        path.write_text("#" * size, encoding="utf-8")
        paths.append(str(path))

    found = shares.divided([*paths, str(tmp_path / "gone.py")], 8)

    assert [path for share in found for path in share] == [*paths, str(tmp_path / "gone.py")]
    assert 4 <= len(found) <= 9
    assert max(len(share) for share in found) < len(paths) / 2


def test_few_files_are_checked_by_one_process_unless_more_are_asked_for() -> None:
    assert shares.processes(0, ["a.py"] * (shares.FEWEST - 1)) == 1
    assert shares.processes(0, ["a.py"] * shares.FEWEST) == min(shares.processors(), shares.FEWEST)
    assert shares.processes(3, ["a.py"] * 10) == 3
    assert shares.processes(3, ["a.py"]) == 1
    assert shares.processes(0, []) == 1


SLOW = """
import os, sys, time
from hermetic.lint import shares

def check(path):
    open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
    time.sleep(60)

list(shares.results([str(number) for number in range(4)], check, 2, None))
"""


def test_an_interrupt_ends_all_processes(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path)],
        env=environment(tmp_path),
        # Whoever starts the suite in the background has Ctrl-C ignored, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no thread runs here
    )
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)

    running.send_signal(signal.SIGINT)

    assert running.wait(10) != 0
    children = [int(path.name) for path in tmp_path.iterdir()]
    assert len(children) == 2
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def test_rules_that_compare_files_see_those_of_all_processes(tmp_path: Path) -> None:
    body = "def around():\n    app.a()\n    yield\n    app.b()\n"
    fixture = f"import pytest\nimport app\n\n\n@pytest.fixture(autouse=True)\n{body}"
    write_files({f"part{number}/conftest.py": fixture for number in range(20)} | {"pyproject.toml": ""}, tmp_path)
    paths = sorted(str(path) for path in tmp_path.rglob("*.py"))

    alone, together = ([repr(item) for item in engine(tmp_path, jobs, "ALL").check(paths)] for jobs in (1, 5))

    assert together == alone
    assert len(alone) == len(paths) - 1
    assert all("HRM401" in item for item in alone)
