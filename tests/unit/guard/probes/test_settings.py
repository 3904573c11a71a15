"""Settings of the interpreter: the project's own are caught on their line, those of libraries left alone."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes.settings import SettingsProbe
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = """
import gc


def note(phase, info):
    pass


def start():
    gc.callbacks.append(note)
"""
CALLBACKS = """
import gc
import site_packages_stats


def note(phase, info):
    pass


def test_a_library_watches_collections_for_good():
    site_packages_stats.start()


def test_the_project_does():
    gc.callbacks.append(note)  # <- HRM106


def test_the_librarys_stays():
    assert site_packages_stats.note in gc.callbacks
    assert note not in gc.callbacks
"""


def test_callbacks_of_garbage_collection_count_where_they_are_the_projects(tmp_path: Path) -> None:
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "site_packages_stats.py").write_text(LIBRARY, encoding="utf-8")
    files = {"pytest.ini": f"[pytest]\npythonpath = {library}\n", "test_it.py": CALLBACKS}

    run = guarded(tmp_path / "suite", files=files)

    assert run.found == {("HRM106", "test_it.py", 15)}, run.output
    assert "3 passed" in run.output


FROZEN = """
import gc


def test_immortal_objects_are_no_change():
    gc.unfreeze()
    gc.collect()  # Python 3.12 freezes its immortal objects with it


def test_all_there_is():
    gc.freeze()  # <- HRM106


def test_the_rest():
    assert gc.get_freeze_count() < 2000
"""


def test_what_is_frozen_counts_and_not_what_the_interpreter_freezes_for_itself(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"test_it.py": FROZEN})

    assert run.found == {("HRM106", "test_it.py", 11)}, run.output
    assert "3 passed" in run.output


def test_what_was_frozen_before_the_tests_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    monkeypatch.setattr("gc.get_freeze_count", lambda: counted.append(50_000) or counted[-1])

    probe = SettingsProbe()
    first, last = probe.snapshot(), probe.snapshot()

    assert counted == [50_000]
    assert list(probe.changes(first, last)) == []


LIMITED = """
pytest_plugins = ["pytester"]


def test_a_run_within_a_test_ends_its_own_limit_and_the_outer_one(pytester):
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("-p", "timeout", "--timeout=20")
    result.assert_outcomes(passed=1)


def test_next():
    pass
"""


@pytest.mark.skipif(importlib.util.find_spec("pytest_timeout") is None, reason="pytest-timeout is not installed")
def test_the_handler_of_pytest_timeout_is_its_own_affair(tmp_path: Path) -> None:
    arguments = ["-p", "timeout", "--timeout=20"]

    run = guarded(tmp_path / "suite", *arguments, files={"test_it.py": LIMITED})

    assert (run.findings, run.exit) == ([], 0), run.output
