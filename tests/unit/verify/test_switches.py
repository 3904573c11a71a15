"""What each switch turns in the files of a repository."""

from __future__ import annotations

import configparser
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hermetic.verify import ci, hooks
from hermetic.verify.scratch import Scratch
from hermetic.verify.switches import SWITCHES, Parts
from tests.utils.verifying import CI, HEALTHY, repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TURNS = {switch.name: switch.turn for switch in SWITCHES}
REMOTE = "repos:\n  - repo: https://example.org/hooks\n    rev: v1\n    hooks:\n      - id: hermetic\n"
OTHER = "repos:\n  - repo: local\n    hooks:\n      - {id: other, name: other, entry: python, language: system}\n"


def turned(name: str, files: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what a switch writes into a repository of these files."""
    with Scratch(str(repository(folder / "repository", files))) as scratch:
        return TURNS[name](Parts.of(scratch))


def hooks_after(name: str, config: str, folder: Path) -> list[dict[str, Any]]:
    """Return the hooks of a configuration after a switch was turned."""
    files = turned(name, {**HEALTHY, hooks.CONFIG: config}, folder)
    return [hook for repo in yaml.safe_load(files[hooks.CONFIG])["repos"] for hook in repo["hooks"]]


def options_after(name: str, path: str, text: str, folder: Path) -> str:
    """Return a configuration of pytest after a switch was turned."""
    files = {name: content for name, content in HEALTHY.items() if name != "pyproject.toml"}
    return turned(name, {**files, path: text}, folder)[path]


def test_a_hook_from_elsewhere_runs_what_the_switch_says_and_the_others_stay(tmp_path: Path) -> None:
    mine, other = hooks_after("hook-or-true", f"{REMOTE}{OTHER.removeprefix('repos:').lstrip(chr(10))}", tmp_path)

    assert mine["entry"] == "bash -c 'hermetic hook hermetic \"$@\" || true' --"
    assert mine["language"] == "system"
    assert other["entry"] == "python"


def test_removed_hooks_leave_the_others(tmp_path: Path) -> None:
    left = hooks_after("hooks-removed", f"{REMOTE}{OTHER.removeprefix('repos:').lstrip(chr(10))}", tmp_path)

    assert [hook["id"] for hook in left] == ["other"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[tool.pytest.ini_options]\naddopts = "-q"\nhermetic = "error"\n', "-q -p no:hermetic"),
        (
            '[tool.pytest.ini_options]\naddopts = [\n    "-q",\n    "-x",\n]\nhermetic = "error"\n',
            ["-q", "-x", "-p", "no:hermetic"],
        ),
        ('[tool.pytest.ini_options]\nhermetic = "error"\n\n[tool.other]\naddopts = "kept"\n', "-p no:hermetic"),
    ],
)
def test_an_option_stands_behind_those_that_toml_has(text: str, expected: object, tmp_path: Path) -> None:
    after = tomllib.loads(options_after("guard-unloaded", "pyproject.toml", text, tmp_path))["tool"]

    assert after["pytest"]["ini_options"] == {"addopts": expected, "hermetic": "error"}
    assert after.get("other", {"addopts": "kept"}) == {"addopts": "kept"}


@pytest.mark.parametrize(
    ("path", "section"), [("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")]
)
def test_an_option_stands_behind_those_that_an_ini_file_has(path: str, section: str, tmp_path: Path) -> None:
    text = f"[{section}]\naddopts =\n    -q\n    -x\nhermetic = error\n\n[other]\nkept = yes\n"

    parser = configparser.RawConfigParser()
    parser.read_string(options_after("guard-unloaded", path, text, tmp_path))

    assert dict(parser[section]) == {"addopts": "-q -x -p no:hermetic", "hermetic": "error"}
    assert dict(parser["other"]) == {"kept": "yes"}


def test_a_setting_of_the_linter_takes_the_place_of_the_one_that_is_there(tmp_path: Path) -> None:
    text = '[tool.hermetic]\nexclude = [\n    "old",\n]\nselect = ["ALL"]\n\n[tool.hermetic.guard]\nlevels = {}\n'

    files = turned("lint-excludes-all", {**HEALTHY, "pyproject.toml": text}, tmp_path)

    found = tomllib.loads(files["pyproject.toml"])["tool"]["hermetic"]
    assert found == {"exclude": ["**"], "select": ["ALL"], "guard": {"levels": {}}}


def test_commands_of_ci_are_changed_where_they_stand_also_behind_make(tmp_path: Path) -> None:
    workflow = CI.replace("pytest -n 2", "make test").replace("pre-commit run", '"pre-commit run').replace(
        "--all-files", '--all-files"'
    )  # fmt: skip
    makefile = "test:\n\t@python -m pytest -n 2 \\\n\t  tests\n\techo done\n"
    files = {**HEALTHY, ".github/workflows/ci.yml": workflow, "Makefile": makefile}

    serial = turned("ci-serial", files, tmp_path / "serial")
    gone = turned("ci-no-tests", files, tmp_path / "gone")
    soft = turned("ci-hooks-soft", files, tmp_path / "soft")[".github/workflows/ci.yml"]

    assert serial == {"Makefile": "test:\n\t@python -m pytest -n 2 \t  tests -n 0\n\n\techo done\n"}
    assert gone == {"Makefile": "test:\n\t@true\n\n\techo done\n"}
    assert '- run: "pre-commit run --all-files || true"' in soft
    assert yaml.safe_load(soft)["jobs"] == yaml.safe_load(workflow)["jobs"] | {
        "test": {
            "runs-on": "ubuntu-latest",
            "steps": [{"run": "pre-commit run --all-files || true"}, {"run": "make test"}],
        }
    }


@pytest.mark.parametrize("name", [name for name in TURNS if not name.startswith("lint")])
def test_a_switch_has_nothing_to_turn_in_a_repository_without_that_part(name: str, tmp_path: Path) -> None:
    assert turned(name, {"tests/test_sum.py": "def test_sum():\n    pass\n"}, tmp_path) == {}


def test_a_configuration_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    files = {hooks.CONFIG: "repos: [", "tox.ini": "[pytest]\naddopts = -q\n[pytest]\n", ".ci/run": "\0\0"}

    assert {name: turned(name, files, tmp_path / name) for name in ("hook-entry-true", "guard-off", "ci-serial")} == {
        "hook-entry-true": {},
        "guard-off": {},
        "ci-serial": {},
    }
    assert ci.read(str(tmp_path / "hook-entry-true" / "repository")).files == (".ci/run",)
