"""Each script finds its hazards by itself: no pre-commit, no installation, no configuration."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.utils.commits import ROOT, Outcome, environment, hazard
from tests.utils.lint import write_files

from hermetic.catalogue.registry import indexed, walked
from hermetic.lint.concerns import CONCERNS

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Rule
    from hermetic.lint.concerns import Concern

SCRIPTS = [concern for concern in CONCERNS if concern.script and concern.entries(indexed())]
RULES = {rule.code: rule for rule in walked()}
SELECTS_NOTHING = {"pyproject.toml": '[tool.hermetic]\nselect = ["HRM905"]\nignore = ["HRM"]\n'}

pytestmark = pytest.mark.parametrize("concern", SCRIPTS, ids=lambda concern: concern.id)


def first_rule(concern: Concern) -> type[Rule]:
    return RULES[concern.entries(indexed())[0].code]


def run(concern: Concern, folder: Path, *arguments: str) -> Outcome:
    # Without site-packages hermetic is not installed, and -I hides PYTHONPATH.
    command = [sys.executable, "-S", "-I", str(ROOT / concern.script), *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def test_a_planted_hazard_is_found_whatever_the_configuration_selects(tmp_path: Path, concern: Concern) -> None:
    rule = first_rule(concern)
    example = hazard(rule)
    write_files(SELECTS_NOTHING | example.files, tmp_path)

    done = run(concern, tmp_path, *example.files)

    assert done.code == 1
    assert f"{rule.code} {rule.name}" in done.output
    for path, line in example.marks(rule.code):
        assert f"{path}:{line}:" in done.output


def test_correct_code_is_left_alone(tmp_path: Path, concern: Concern) -> None:
    write_files(first_rule(concern).good[0].files, tmp_path)

    assert run(concern, tmp_path, ".") == (0, "No findings.\n")


def test_without_arguments_the_whole_project_is_checked_from_any_of_its_folders(
    tmp_path: Path, concern: Concern
) -> None:
    rule = first_rule(concern)
    example = hazard(rule)
    write_files(SELECTS_NOTHING | example.files | {"deep/er/notes.txt": ""}, tmp_path)

    here, below = run(concern, tmp_path), run(concern, tmp_path / "deep" / "er")

    assert (here.code, below.code) == (1, 1)
    for path, line in example.marks(rule.code):
        assert f" {path}:{line}:" in here.output
        assert f" ../../{path}:{line}:" in below.output


def test_what_cannot_be_checked_is_no_success(tmp_path: Path, concern: Concern) -> None:
    (tmp_path / "test_broken.py").write_text("def test_region(:\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pyproject.toml").touch()

    missing, option = run(concern, tmp_path, "missing.py"), run(concern, tmp_path, "--select", "ALL")
    broken, empty = run(concern, tmp_path, "test_broken.py"), run(concern, tmp_path / "empty")

    assert (missing.code, option.code, broken.code, empty.code) == (2, 2, 1, 2)
    assert "missing.py: no such file" in missing.output
    assert "HRM001" in broken.output
    assert "no file to check" in empty.output


def test_the_help_names_the_rules(tmp_path: Path, concern: Concern) -> None:
    done = run(concern, tmp_path, "--help")

    assert done.code == 0
    assert concern.script in done.output
    for entry in concern.entries(indexed()):
        assert f"{entry.code}  {entry.name}" in done.output


def test_a_finding_is_printed_whatever_the_output_can_show(tmp_path: Path, concern: Concern) -> None:
    (tmp_path / "test_größe.py").write_text("def test_größe(:\n", encoding="utf-8")
    command = [sys.executable, "-S", str(ROOT / concern.script), "test_größe.py"]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert rb"test_gr\xf6\xdfe.py:1:" in done.stdout
