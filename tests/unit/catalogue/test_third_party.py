"""Rules that another distribution offers through the entry points `hermetic.rules` are found, run and explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULE = '''
from hermetic.catalogue.rule import Example, Rule


class Teapot(Rule):
    """A test is a teapot.

    Why it breaks:
    It is short and stout.

    Do this instead:
    Tip it over.
    """

    code = "ACME101"
    name = "teapot"
    message = "{name} is a teapot"
    tokens = (b"teapot",)

    def check(self, module, project):
        for function in module.functions_with(self.tokens):
            yield self.finding(module, function.node, self.message.format(name=function.name))
'''
SUITE = "def test_teapot():\n    pass\n\n\ndef test_cup():\n    pass\n"


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    """A folder with an installed distribution that offers one rule."""
    folder = tmp_path / "installed"
    metadata = folder / "acme_rules-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "acme_rules.py").write_text(RULE, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[hermetic.rules]\nteapot = acme_rules:Teapot\n", encoding="utf-8")
    return folder


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "test_it.py").write_text(SUITE, encoding="utf-8")
    return folder


def hermetic(suite: Path, offered: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = [*([str(offered)] if offered else []), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    return subprocess.run(
        [sys.executable, "-m", "hermetic", *arguments],
        cwd=suite,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def check(suite: Path, offered: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    return hermetic(suite, offered, "check", "--no-cache", "--output-format", "concise", *arguments, "test_it.py")


@pytest.mark.parametrize("selection", ["recommended", "ALL", "ACME", "ACME1", "ACME101"])
def test_an_offered_rule_runs_when_it_is_selected(suite: Path, offered: Path, selection: str) -> None:
    done = check(suite, offered, "--select", selection)

    assert done.returncode == 1, done.stderr
    assert [line for line in done.stdout.splitlines() if "ACME101" in line] == [
        "test_it.py:1:1: ACME101 test_teapot is a teapot"
    ]


def test_an_offered_rule_runs_without_a_selection(suite: Path, offered: Path) -> None:
    assert "ACME101 test_teapot" in check(suite, offered).stdout


@pytest.mark.parametrize("selection", ["memory", "HRM1"])
def test_an_offered_rule_is_silent_when_others_are_selected(suite: Path, offered: Path, selection: str) -> None:
    assert check(suite, offered, "--select", selection).returncode == 0


@pytest.mark.parametrize("selection", ["A", "ACM", "ACME2", "acme101"])
def test_half_a_prefix_selects_nothing(suite: Path, offered: Path, selection: str) -> None:
    done = check(suite, offered, "--select", selection)

    assert done.returncode == 2
    assert f"{selection!r} selects no rule" in done.stderr


def test_an_offered_rule_can_be_suppressed_at_its_line(suite: Path, offered: Path) -> None:
    text = SUITE.replace("test_teapot():", "test_teapot():  # hermetic: ignore[ACME101] it is one")
    (suite / "test_it.py").write_text(text, encoding="utf-8")

    assert check(suite, offered).returncode == 0


def test_without_the_distribution_there_is_no_such_rule(suite: Path) -> None:
    assert check(suite, None).returncode == 0
    assert "'ACME101' selects no rule" in check(suite, None, "--select", "ACME101").stderr


def test_an_offered_rule_is_listed_after_our_own(suite: Path, offered: Path) -> None:
    document = json.loads(hermetic(suite, offered, "rules", "--output-format", "json").stdout)

    listed = document["rules"][-1]
    assert (listed["code"], listed["name"], listed["title"]) == ("ACME101", "teapot", "A test is a teapot.")


def test_an_offered_rule_is_explained(suite: Path, offered: Path) -> None:
    assert "It is short and stout." in hermetic(suite, offered, "explain", "ACME101").stdout
