"""What the plugin finds before tests run: on the controller, in workers, and by comparing workers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.utils.guarding import groups_hold, guarded

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = pytest.mark.parametrize("workers", ["-n0", "-n2"])
GROUPED = """
import pytest


@pytest.mark.parametrize("number", range(4))
@pytest.mark.xdist_group("basket")
def test_grouped(number):
    assert number >= 0


def test_alone():
    assert True
"""
MARKERS = "[pytest]\nmarkers = xdist_group: tests that run on one worker\n"
# What the pairs of versions do that ignore groups: xdist's hook is called, and changes nothing that anybody reads.
IGNORING = """
def pytest_configure(config):
    for plugin in list(config.pluginmanager.get_plugins()):
        if type(plugin).__name__ == "WorkerInteractor":
            config.pluginmanager.unregister(plugin)
            type(plugin).pytest_collection_modifyitems = lambda self, config, items: None
            config.pluginmanager.register(plugin)
"""
SCHEDULER = """
import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
"""
TWICE = """
import pytest


@pytest.fixture(autouse=True)
def prepared():
    return 1


@pytest.fixture(autouse=True)
def prepared():
    return 2


def test_it(prepared):
    assert prepared == 2
"""
RANDOM = """
import os

import pytest


@pytest.mark.parametrize("number", [0, os.getpid()])
def test_number(number):
    assert number >= 0


def test_other():
    assert True
"""
GENERATED = """
import os


def pytest_generate_tests(metafunc):
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", [os.getpid()])
"""
SHUFFLED = """
import os


def pytest_collection_modifyitems(items):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1":
        items.reverse()
"""


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("-n2 --dist=load", True),
        ("-n2 --dist=worksteal", True),
        ("-n2 --dist=loadfile", False),
        ("-n2 --dist=each", False),
        ("-n1 --dist=load", False),
        ("-n0", False),
    ],
)
def test_a_group_is_inert_where_its_tests_can_be_split(arguments: str, found: bool, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", *arguments.split(), files={"test_it.py": GROUPED, "pytest.ini": MARKERS})

    assert run.found == ({("HRM901", "test_it.py", 6)} if found else set()), run.output
    assert run.exit == int(found)
    assert "INTERNALERROR" not in run.output
    assert ("run pytest with --dist loadgroup" in run.output) is found


def test_a_group_is_inert_under_loadgroup_where_this_pytest_and_xdist_ignore_it(tmp_path: Path) -> None:
    files = {"test_it.py": GROUPED, "pytest.ini": MARKERS}

    run = guarded(tmp_path / "suite", "-n2", "--dist=loadgroup", files=files)

    assert run.found == (set() if groups_hold() else {("HRM901", "test_it.py", 6)}), run.output
    assert ("ignores groups, even under --dist loadgroup" in run.output) is not groups_hold()


def test_a_pair_that_ignores_groups_is_found_by_what_it_does(tmp_path: Path) -> None:
    files = {"test_it.py": GROUPED, "conftest.py": IGNORING, "pytest.ini": MARKERS}

    run = guarded(tmp_path / "suite", "-n2", "--dist=loadgroup", files=files)

    assert run.found == {("HRM901", "test_it.py", 6)}, run.output
    assert "ignores groups, even under --dist loadgroup" in run.output
    assert "install a pytest and a pytest-xdist that keep groups together" in run.output


def test_in_warn_mode_an_inert_group_is_listed_once_and_the_tests_run(tmp_path: Path) -> None:
    files = {"test_it.py": GROUPED, "pytest.ini": MARKERS}

    run = guarded(tmp_path / "suite", "-n2", mode="warn", files=files)

    assert (len(run.findings), run.exit) == (1, 0), run.output
    assert "5 passed" in run.output


def test_a_group_may_break_the_rule_and_a_scheduler_of_ones_own_may_keep_it(tmp_path: Path) -> None:
    allowed = GROUPED.replace("@pytest.mark.xdist", "@pytest.mark.hermetic(allow=['HRM901'])\n@pytest.mark.xdist")

    first = guarded(tmp_path / "first", "-n2", files={"test_it.py": allowed, "pytest.ini": MARKERS})
    second = guarded(
        tmp_path / "second", "-n2", files={"test_it.py": GROUPED, "pytest.ini": MARKERS, "conftest.py": SCHEDULER}
    )

    assert (first.findings, first.exit) == ([], 0), first.output
    assert (second.findings, second.exit) == ([], 0), second.output


@WORKERS
def test_fixtures_are_read_before_anything_is_collected(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, files={"test_it.py": TWICE, "test_broken.py": "raise ValueError\n"})

    assert run.found == {("HRM401", "test_it.py", 11)}, run.output
    assert run.exit == 1
    assert "keep one definition" in run.output
    assert "ValueError" not in run.output
    assert "bringing up nodes" not in run.output
    assert "INTERNALERROR" not in run.output


@WORKERS
def test_in_warn_mode_fixtures_are_reported_and_the_tests_run(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, mode="warn", files={"test_it.py": TWICE})

    assert run.found == {("HRM401", "test_it.py", 11)}, run.output
    assert "1 passed" in run.output
    assert len(run.findings) == 1


def test_only_the_files_that_the_run_is_given_are_read_and_the_conftests_above_them(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    files = {
        "conftest.py": TWICE.partition("def test_it")[0],
        "a/test_a.py": TWICE,
        "b/test_b.py": "def test_b(): ...\n",
    }

    one = guarded(folder, "b/test_b.py::test_b", files=files)
    ignoring = guarded(folder, "--ignore=a")
    pattern = guarded(folder, "--ignore-glob=*/b/*", "--ignore-glob=nothing")

    assert one.found == ignoring.found == {("HRM401", "conftest.py", 11)}, one.output
    assert pattern.found == {("HRM401", "conftest.py", 11), ("HRM401", "a/test_a.py", 11)}, pattern.output


@pytest.mark.parametrize("workers", ["-n2", "--dist=load --tx=2*popen"])
def test_the_first_ids_that_differ_between_workers_are_named(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", *workers.split(), files={"test_it.py": RANDOM})

    assert run.found == {("HRM701", "test_it.py", 7)}, run.output
    assert re.search(
        r"test_number with other parameters: \[\d+\] in gw\d stands where \[\d+\] stands in gw\d", run.output
    )
    assert "parametrize over a list in a fixed order" in run.output
    assert run.exit == 1
    assert "INTERNALERROR" not in run.output


def test_in_warn_mode_the_error_of_xdist_is_explained(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "-n2", mode="warn", files={"test_it.py": RANDOM})

    assert run.found == {("HRM701", "test_it.py", 7)}, run.output
    assert "Different tests were collected" in run.output


def test_parameters_that_a_hook_generates_are_placed_at_its_call(tmp_path: Path) -> None:
    files = {"conftest.py": GENERATED, "test_it.py": "def test_it(number): ...\n\n\ndef test_b(): ...\n"}

    run = guarded(tmp_path / "suite", "-n2", files=files)

    assert run.found == {("HRM701", "conftest.py", 7)}, run.output


def test_a_hook_that_shuffles_in_one_worker_is_another_order(tmp_path: Path) -> None:
    files = {"conftest.py": SHUFFLED, "test_it.py": "def test_a(): ...\n\n\ndef test_b(): ...\n"}

    run = guarded(tmp_path / "suite", "-n2", files=files)

    assert len(run.findings) == 1, run.output
    assert run.findings[0]["code"] == "HRM701"
    assert "give all workers one seed" in run.output
    assert "INTERNALERROR" not in run.output


def test_workers_of_different_platforms_may_collect_different_tests(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "-n2", "--dist=each", files={"test_it.py": RANDOM})

    assert (run.findings, run.exit) == ([], 0), run.output
