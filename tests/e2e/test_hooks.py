"""A hazard does not get past `git commit` where a hook is installed, and correct code does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.commits import Repository, hazard

from hermetic.catalogue.registry import entry_of, walked
from hermetic.lint.concerns import CONCERNS

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Rule
    from hermetic.lint.concerns import Concern

HOOKS = [concern for concern in CONCERNS if concern.is_hook]
RULES = [rule for rule in walked() if any("lint" in (example.claims or rule.claims) for example in rule.bad)]
ISOLATION = "validate-test-isolation"
BAD = 'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
BAD_LINE = ":5:5"
FIXTURE = 'import os\n\nimport pytest\n\n\n@pytest.fixture\ndef region():\n    os.environ["REGION"] = "north"\n'
GOOD = 'def test_region(monkeypatch):\n    monkeypatch.setenv("REGION", "north")\n'
# What a project selects and ignores must not reach a hook that has a selection of its own.
SELECTS_NOTHING = '[tool.hermetic]\nselect = ["HRM905"]\nignore = ["HRM"]\n'


def rules_of(hook: Concern) -> list[type[Rule]]:
    """The rules of a hook; of the one that follows the configuration, the first default rule of each family."""
    if hook.selectors:
        return [rule for rule in RULES if hook.entries([entry_of(rule)])]
    families = {rule.code[:4]: rule for rule in reversed(RULES) if "recommended" in rule.presets}
    return [families[family] for family in sorted(families)]


def cases() -> list[object]:
    return [pytest.param(hook, rule, id=f"{hook.id}-{rule.code}") for hook in HOOKS for rule in rules_of(hook)]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)
def test_every_hook_has_something_to_find(hook: Concern) -> None:
    assert rules_of(hook) != []


@pytest.mark.parametrize(("hook", "rule"), cases())
def test_a_planted_hazard_is_blocked_and_its_correct_twin_goes_through(
    tmp_path: Path, hook: Concern, rule: type[Rule]
) -> None:
    repository = Repository(tmp_path, hook.id)
    before = repository.head
    bad, good = hazard(rule), rule.good[0]
    project = {"pyproject.toml": SELECTS_NOTHING} if hook.selectors else {}

    refused = repository.commit_files(project | bad.files)

    assert refused.code == 1
    assert f"{rule.code} {rule.name}" in refused.output
    for path, line in bad.marks(rule.code):
        assert f"{path}:{line}:" in refused.output
    assert repository.head == before

    repository.git("rm", "-r", "--force", "--quiet", *bad.files)
    accepted = repository.commit_files(project | good.files)

    assert accepted.code == 0, accepted.output
    assert repository.head != before
    assert set(good.files) <= set(repository.git("ls-files").splitlines())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)
def test_a_test_file_that_cannot_be_parsed_is_blocked(tmp_path: Path, hook: Concern) -> None:
    refused = Repository(tmp_path, hook.id).commit_files({"test_broken.py": "def test_region(:\n    pass\n"})

    assert refused.code == 1
    assert "HRM001" in refused.output
    assert "test_broken.py:1:" in refused.output


@pytest.mark.parametrize(
    ("path", "source"),
    [
        pytest.param("app/fixtures.py", FIXTURE, id="application"),
        pytest.param("templates/{{ name }}.py", "def {{ name }}():\n", id="template"),
        pytest.param("tests/polluted/test_region.py", BAD, id="excluded"),
    ],
)
def test_a_file_that_is_no_test_of_the_project_is_let_through(tmp_path: Path, path: str, source: str) -> None:
    repository = Repository(tmp_path, ISOLATION)

    accepted = repository.commit_files({path: source, "pyproject.toml": '[tool.hermetic]\nexclude = ["tests/*d"]\n'})

    assert accepted.code == 0, accepted.output
    assert "Passed" in accepted.output


@pytest.mark.parametrize(
    "path",
    [
        "conftest.py",
        "tests/utils/helper_of_tests.py",
        "checks/check_region.py",
        "tests/test region (2).py",
        "tests/prüfung/test_größe_試験.py",
    ],
)
def test_a_test_file_is_found_wherever_it_stands_and_whatever_its_name(tmp_path: Path, path: str) -> None:
    repository = Repository(tmp_path, ISOLATION)
    own_names = '[tool.pytest.ini_options]\npython_files = ["test_*.py", "check_*.py"]\n'
    source = "import os\n\n\ndef setup_module():\n" + BAD.splitlines()[-1] + "\n"

    refused = repository.commit_files({path: source, "pyproject.toml": own_names})

    assert refused.code == 1
    assert f"{path}{BAD_LINE}" in refused.output


def test_a_renamed_file_is_checked_under_its_new_name(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ISOLATION)
    repository.write({"test_old.py": BAD})
    repository.git("add", "--all")
    assert repository.commit("--no-verify").code == 0
    repository.git("mv", "test_old.py", "test_new.py")

    refused = repository.commit()

    assert refused.code == 1
    assert f"test_new.py{BAD_LINE}" in refused.output


def test_a_deleted_file_is_let_go(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ISOLATION)
    repository.write({"test_old.py": BAD})
    repository.git("add", "--all")
    assert repository.commit("--no-verify").code == 0
    repository.git("rm", "--quiet", "test_old.py")

    accepted = repository.commit_files({"test_new.py": GOOD})

    assert accepted.code == 0, accepted.output
    assert "test_old.py" not in repository.git("ls-files")


def test_what_is_staged_counts_and_not_what_is_repaired_on_disk(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ISOLATION)
    repository.write({"test_region.py": BAD})
    repository.git("add", "--all")
    repository.write({"test_region.py": GOOD})

    refused = repository.commit()

    assert refused.code == 1
    assert f"test_region.py{BAD_LINE}" in refused.output
    assert (repository.path / "test_region.py").read_text(encoding="utf-8") == GOOD


def test_a_hazard_that_is_not_staged_is_left_for_the_next_commit(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ISOLATION)
    repository.write({"test_region.py": GOOD})
    repository.git("add", "--all")
    repository.write({"test_region.py": BAD})

    accepted = repository.commit()

    assert accepted.code == 0, accepted.output
    assert (repository.path / "test_region.py").read_text(encoding="utf-8") == BAD


def test_the_configuration_of_the_repository_counts_and_not_that_of_a_project_inside_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "hermetic")
    files = {
        "pyproject.toml": '[tool.hermetic]\nexclude = ["inner"]\n',
        "inner/pyproject.toml": "",
        "inner/test_region.py": BAD,
        "zone/test_region.py": GOOD,
    }

    accepted = repository.commit_files(files)

    assert accepted.code == 0, accepted.output


def test_a_configuration_that_cannot_be_used_blocks(tmp_path: Path) -> None:
    repository = Repository(tmp_path, ISOLATION)

    refused = repository.commit_files({"test_region.py": GOOD, "pyproject.toml": "[tool.hermetic]\nselekt = []\n"})

    assert refused.code == 1
    assert "exit code: 2" in refused.output
    assert "selekt" in refused.output
