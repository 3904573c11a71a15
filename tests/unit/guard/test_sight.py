"""What a quiet test does not pay for, and is caught all the same: other test files, unused modules, the environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes.environ import EnvironProbe
from hermetic.guard.trail import Listening, Trail
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHER = "LIMIT = 3\n\n\ndef test_limit():\n    assert LIMIT\n"
WITHIN = """
def test_changes_another_file():
    import test_other
    test_other.LIMIT = 4


def test_is_the_last():
    pass
"""
HELD = f"import test_other\n{WITHIN}"


@pytest.mark.parametrize(("suite", "test"), [(WITHIN, "test_is_the_last"), (HELD, "test_changes_another_file")])
def test_another_test_file_is_compared_at_the_end_of_the_running_one_unless_that_holds_it(
    tmp_path: Path, suite: str, test: str
) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"test_it.py": suite, "test_other.py": OTHER})

    assert [(item["state"], item["test"]) for item in run.findings] == [("test_other.LIMIT", f"test_it.py::{test}")]


LAZY = """
import sys


def test_an_executor():
    assert "concurrent.futures.thread" not in sys.modules
    from concurrent.futures import ThreadPoolExecutor
    test_an_executor.it = ThreadPoolExecutor(1)  # <- HRM109
    test_an_executor.it.submit(int, "1").result()


def test_a_pool():
    assert "multiprocessing.pool" not in sys.modules
    from multiprocessing.pool import ThreadPool
    test_a_pool.it = ThreadPool(1)  # <- HRM109
"""


def test_what_a_test_imports_first_is_heard_of_at_once(tmp_path: Path) -> None:
    lines = enumerate(LAZY.splitlines(), start=1)
    expected = {(line.partition("# <- ")[2], "test_it.py", number) for number, line in lines if "# <- " in line}

    run = guarded(tmp_path / "suite", files={"test_it.py": LAZY})

    assert run.found == expected, run.output


@pytest.fixture
def probe() -> Iterator[EnvironProbe]:
    """The environment, as a session hears of it."""
    found = EnvironProbe()
    listening = Listening(Trail([found]))
    listening.start()
    yield found
    listening.stop()


def test_the_environment_is_copied_when_somebody_has_written_to_it(
    probe: EnvironProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = probe.snapshot()
    assert probe.stirred is False
    monkeypatch.setenv("HERMETIC_TEST", "1")
    assert probe.stirred is True
    assert [change.state for change in probe.changes(first, probe.snapshot())] == ["os.environ['HERMETIC_TEST']"]


def test_what_an_inner_session_writes_to_the_environment_is_seen_by_the_outer_one(
    probe: EnvironProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = probe.snapshot()
    inner = Listening(Trail([]))
    inner.start()
    monkeypatch.setenv("HERMETIC_TEST", "1")
    inner.stop()

    assert [change.state for change in probe.changes(first, probe.snapshot())] == ["os.environ['HERMETIC_TEST']"]


def test_a_probe_that_nobody_tells_of_events_looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = EnvironProbe()
    first = found.snapshot()
    monkeypatch.setenv("HERMETIC_TEST", "1")
    assert found.snapshot() is not first


WITH_A_SESSION = """
pytest_plugins = ["pytester"]
LIMIT = 3


def test_runs_a_session(pytester):
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess()


def test_runs_a_session_and_changes_its_own_file(pytester):
    global LIMIT
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess()
    LIMIT = 4


def test_is_the_last():
    pass
"""


def test_the_running_test_is_known_again_when_a_session_within_it_has_ended(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"test_it.py": WITH_A_SESSION})

    found = [(item["state"], item["test"].rpartition("::")[2]) for item in run.findings if item["code"] == "HRM601"]
    assert found == [("test_it.LIMIT", "test_runs_a_session_and_changes_its_own_file")], run.output


SHOP = "\n".join(f"class Shelf{number}:\n    goods = {{'tea': []}}" for number in range(60)) + "\n"
CLASSES = "import shop\nimport unittest\n" + "".join(
    f"class Test{number}(unittest.TestCase):\n"
    f"    def test_it(self):\n        shop.Shelf{number}.goods['tea'].append(1)\n"
    f"    def test_other(self):\n        pass\n"
    for number in range(20)
)
COUNTING = """
import collections, json, pytest
from hermetic.guard import containers, _contents

counts = collections.Counter()


def counted(holder, name):
    real = getattr(holder, name)

    def call(*given):
        counts[name] += 1
        return real(*given)

    setattr(holder, name, call)


counted(containers.Part, "copied")
counted(_contents.Contents, "followed")


def pytest_unconfigure(config):
    print(json.dumps(counts))
"""


def test_a_change_is_looked_for_behind_its_own_name_alone(tmp_path: Path) -> None:
    """Unittest sets an attribute of each class when it has run, too, which is no change of the project's."""
    files = {"shop.py": SHOP, "test_it.py": CLASSES, "site-packages/counting.py": COUNTING}
    paths = "[pytest]\npythonpath = site-packages .\naddopts = -p counting -p no:xdist\n"

    run = guarded(tmp_path / "suite", mode="warn", files={**files, "pytest.ini": paths})

    counts = json.loads(next(line for line in run.output.splitlines() if line.startswith("{")))
    assert len(run.findings) == 20, run.output
    assert counts["followed"] <= 4  # modules and classes, before the tests and with the first one
    assert counts["copied"] <= 2 * 120 + 20 * 8


COUNTER = "class Shop:\n    count = 0\n\n    def __init__(self):\n        Shop.count += 1\n"
COUNTED = "import shop\n" + "".join(f"def test_{number}():\n    shop.Shop()\n" for number in range(30))


def test_where_a_number_counts_nothing_is_looked_for_anew(tmp_path: Path) -> None:
    files = {"shop.py": SHOP + COUNTER, "test_it.py": COUNTED, "site-packages/counting.py": COUNTING}
    paths = "[pytest]\npythonpath = site-packages .\naddopts = -p counting -p no:xdist\n"

    run = guarded(tmp_path / "suite", mode="warn", files={**files, "pytest.ini": paths})

    counts = json.loads(next(line for line in run.output.splitlines() if line.startswith("{")))
    assert run.findings == [], run.output
    assert counts["followed"] <= 4
