"""The plugin next to pytest's own options, xdist's ways to distribute, other kinds of tests, and other plugins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SUITE = {
    "pytest.ini": "[pytest]\naddopts = --doctest-modules --doctest-glob=*.rst\n",
    "test_plain.py": """
import os

import pytest


@pytest.fixture(scope="module")
def region():
    os.environ["REGION"] = "north"


@pytest.mark.parametrize("number", [1, 2])
def test_plain(number, region):
    os.environ[f"PLAIN{number}"] = "1"


class TestClass:
    def test_method(self):
        os.environ["METHOD"] = "1"


def test_leaks_nothing(monkeypatch):
    monkeypatch.setenv("CLEAN", "1")
""",
    "test_case.py": """
import os
import unittest


class CaseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["CLASS"] = "1"

    def setUp(self):
        os.environ["SETUP"] = "1"

    def test_it(self):
        self.assertTrue("SETUP" in os.environ)
""",
    "documented.py": """
def function():
    '''Do nothing.

    >>> import os
    >>> os.environ["DOCTEST"] = "1"
    '''
""",
    "test_clean.py": "def test_clean(): ...\n",
    "page.rst": "A page\n\n>>> import os\n>>> os.environ['PAGE'] = '1'\n",
}
GROUPED = SUITE["test_plain.py"].replace("@pytest.mark.param", '@pytest.mark.xdist_group("one")\n@pytest.mark.param')
STATES = {"REGION", "PLAIN1", "PLAIN2", "METHOD", "CLASS", "SETUP", "DOCTEST", "PAGE"}
DOCUMENTED = {"os.environ['DOCTEST']", "os.environ['PAGE']"}
DISTRIBUTIONS = ("load", "loadscope", "loadfile", "loadgroup", "worksteal", "each")


def variables(run: object) -> list[str]:
    """Return the names of the environment's variables that a run reported, sorted."""
    return sorted(re.findall(r"'(\w+)'", item["state"])[0] for item in run.findings)  # type: ignore[attr-defined]


@pytest.mark.parametrize("dist", ["no", *DISTRIBUTIONS])
def test_every_way_to_distribute_finds_the_same(dist: str, tmp_path: Path) -> None:
    workers = {"no": ["-n0"], "each": ["--dist=each", "--tx=2*popen"]}.get(dist, ["-n2", f"--dist={dist}"])

    files = {**SUITE, "test_plain.py": GROUPED} if dist == "loadgroup" else SUITE

    run = guarded(tmp_path / "suite", *workers, "--hermetic-trace=off", mode="warn", files=files)

    found = variables(run)
    regions = found.count("REGION")  # the fixture runs in each worker that has one of its tests
    assert [name for name in found if name != "REGION"] == sorted(STATES - {"REGION"}), run.output
    documented = {(item["path"], item["line"]) for item in run.findings if item["state"] in DOCUMENTED}
    assert documented == {("documented.py", 6), ("page.rst", 4)}
    assert 1 <= regions <= 2
    assert "INTERNALERROR" not in run.output
    assert run.exit == 0, run.output


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_tests_that_leaked_are_those_that_failed_last(workers: str, tmp_path: Path) -> None:
    cache = ["-p", "cacheprovider", "--hermetic-trace=off", workers]
    first = guarded(tmp_path / "suite", *cache, files=SUITE)
    again = guarded(tmp_path / "suite", *cache, "--lf", "--collect-only")

    assert set(variables(first)) == STATES, first.output
    assert "test_method" in again.output
    assert "documented.function" in again.output
    assert "test_clean" not in again.output


@pytest.mark.parametrize("arguments", [["-x"], ["--maxfail=2"], ["-k", "test_method"]])
def test_options_that_leave_tests_out_hold_on_workers(arguments: list[str], tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "-n2", "--hermetic-trace=off", *arguments, files=SUITE)

    found = variables(run)
    assert found, run.output
    assert len(found) < len(STATES)
    assert found == ["METHOD"] or "-k" not in arguments
    assert "INTERNALERROR" not in run.output


CLOSING = """
import sys


def test_closes():
    sys.stdout.close()


def test_prints():
    print("text")
"""


def test_closing_the_output_without_capture_does_no_more_harm_than_when_the_guard_is_off(tmp_path: Path) -> None:
    files = {"test_it.py": CLOSING}
    arguments = ["-n2", "-s", "--hermetic-trace=off"]
    plain = guarded(tmp_path / "plain", *arguments, mode="off", files=files)
    run = guarded(tmp_path / "suite", *arguments, files=files)

    assert ("INTERNALERROR" in run.output) <= ("INTERNALERROR" in plain.output)


LEAK = "import os\n\n\ndef test_it():\n    os.environ['LEFT'] = '1'\n"
ASYNC = """
import asyncio
import os

import pytest


@pytest.mark.MARK
async def test_it():
    await asyncio.sleep(0)
    os.environ["LEFT"] = "1"


@pytest.mark.MARK
async def test_clean():
    await asyncio.sleep(0)
"""
PLUGINS = {
    "pytest-asyncio": (["-p", "no:anyio"], ASYNC.replace("MARK", "asyncio")),
    "anyio": (["-p", "no:asyncio", "-k", "asyncio"], ASYNC.replace("MARK", "anyio")),
    "pytest-randomly": (["-p", "randomly"], LEAK),
    "pytest-rerunfailures": (["-p", "rerunfailures", "--reruns=1"], LEAK),
    "pytest-timeout": (["-p", "timeout", "--timeout=30"], LEAK),
    "pytest-cov": (["-p", "pytest_cov", "--cov=."], LEAK),
}


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("name", PLUGINS)
def test_other_plugins_are_not_reported_and_hide_nothing(name: str, workers: str, tmp_path: Path) -> None:
    arguments, source = PLUGINS[name]

    run = guarded(
        tmp_path / "suite", workers, *arguments, "--hermetic-trace=off", mode="warn", files={"test_it.py": source}
    )

    assert variables(run) == ["LEFT"], run.output
    assert run.exit == 0, run.output
