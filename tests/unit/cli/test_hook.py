"""`hermetic hook`: which of the named files are checked, with which configuration, and what cannot run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.process.environ_write import EnvironWrite
from hermetic.cli import main
from hermetic.lint import concerns
from hermetic.lint.concerns import CONCERNS, Concern
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

BAD = 'import os\n\n\ndef test_region():\n    os.environ["REGION"] = "north"\n'
FIXTURE = 'import os\n\nimport pytest\n\n\n@pytest.fixture\ndef region():\n    os.environ["REGION"] = "north"\n'
ISOLATION = "validate-test-isolation"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("test_region.py", 1, id="by-its-name"),
        pytest.param("region_test.py", 1, id="by-its-other-name"),
        pytest.param("tests/helper/test_region.py", 1, id="in-a-folder"),
        pytest.param("tests/helper/region.py", 1, id="helper"),
        pytest.param("app/region.py", 0, id="application"),
        pytest.param("tests/region", 0, id="no-suffix"),
        pytest.param("tests/region.pyi", 0, id="stub"),
    ],
)
def test_a_named_file_is_checked_where_it_is_a_test(project: Path, name: str, code: int) -> None:
    write_files({name: FIXTURE}, project)

    assert main(["check", "--select=HRM101", name]) == 1, "named on purpose, any file is checked"
    assert main(["hook", ISOLATION, name]) == code


def test_one_hazard_among_many_named_files_is_enough(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"app.py": FIXTURE, "test_a.py": "", "test_b.py": BAD, "test_c.py": ""}, project)

    assert main(["hook", ISOLATION, "app.py", "test_a.py", "test_b.py", "test_c.py"]) == 1
    assert "1 finding in 1 file\n" in capsys.readouterr().out


def test_the_current_folder_is_configured_and_not_the_project_of_the_first_file(project: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nexclude = ["a/*/b"]\n', "a/x/b/pyproject.toml": ""}, project)
    write_files({"a/x/b/test_region.py": BAD, "a/x/c/test_region.py": BAD}, project)

    assert main(["hook", ISOLATION, "a/x/b/test_region.py"]) == 0
    assert main(["hook", ISOLATION, "a/x/c/test_region.py"]) == 1


MODULE_WIDE = "import pytest\n\n\n@pytest.fixture(scope='module', autouse=True)\ndef started():\n    yield\n"
COPIED = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef started():\n    pass\n"


def test_the_hook_of_organization_reports_each_module_scoped_fixture_of_a_test_file(project: Path) -> None:
    write_files({"test_started.py": MODULE_WIDE}, project)

    assert main(["check", "--select=HRM402"]) == 0, "no other file uses the tests of this one"
    assert main(["check", "--select=HRM402,project"]) == 1
    assert main(["hook", "validate-fixture-organization", "test_started.py"]) == 1
    assert main(["hook", "validate-fixture-organization"]) == 1
    assert main(["hook", "hermetic", "test_started.py"]) == 0


def test_the_hook_of_organization_says_no_more_of_copies_than_a_check_does(project: Path) -> None:
    write_files({"a/test_a.py": COPIED, "a/test_b.py": COPIED, "a/test_c.py": ""}, project)

    assert main(["check", "--select=HRM401"]) == 0
    assert main(["hook", "validate-fixture-organization"]) == 0


def test_without_files_the_project_is_checked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files({"tests/test_region.py": BAD, "other/notes.txt": ""}, project)
    monkeypatch.chdir(project / "other")

    assert main(["hook", ISOLATION]) == 1


def test_a_hook_of_its_own_selection_ignores_what_the_configuration_selects(project: Path) -> None:
    write_files({"pyproject.toml": '[tool.hermetic]\nselect = ["HRM905"]\nignore = ["HRM1"]\n'}, project)
    write_files({"test_region.py": BAD}, project)

    assert main(["hook", ISOLATION, "test_region.py"]) == 1
    assert main(["hook", "hermetic", "test_region.py"]) == 0
    assert main(["hook", "hermetic", "--select=HRM101", "test_region.py"]) == 2  # nothing is left to run
    assert main(["hook", ISOLATION, "--ignore=HRM101", "test_region.py"]) == 0


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "usage: hermetic hook", id="no-id"),
        pytest.param(["validate-tests"], "no hook 'validate-tests'", id="unknown-id"),
        pytest.param(["check-os-environ-mutations"], "no hook", id="a-script-alone"),
        pytest.param([ISOLATION, "tests/test_gone.py"], "tests/test_gone.py: no such file", id="no-file"),
        pytest.param([ISOLATION], "no file to check", id="no-tests"),
    ],
)
def test_what_cannot_run_says_so(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hook", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_concern_without_a_rule_does_not_pass_for_a_clean_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"test_region.py": ""}, project)
    monkeypatch.setattr(concerns, "CONCERNS", (Concern("later", "later", ("HRM999",), script="scripts/later.py"),))

    assert main(["hook", "later", "test_region.py"]) == 2
    assert "later has no rule yet (HRM999)" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_the_help_lists_the_hooks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hook", "--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert listed == [concern.id for concern in CONCERNS if concern.is_hook]


AUTOUSE = """
import metrics
import pytest


@pytest.fixture(scope="session", autouse=True)
def counters():
    metrics.start()
"""


@pytest.mark.parametrize("name", ["validate-fixture-organization", "hermetic"])
@pytest.mark.parametrize("new", ["orders/conftest.py", "users/conftest.py"])
def test_a_copy_of_what_stands_in_an_unchanged_file_is_found(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, new: str
) -> None:
    write_files({"orders/conftest.py": AUTOUSE, "users/conftest.py": AUTOUSE}, project)

    assert main(["hook", name, "--output-format=concise", new]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("users/conftest.py:7:1: HRM401")


def test_copies_that_stand_in_unchanged_files_alone_are_left_alone(project: Path) -> None:
    files = {"orders/conftest.py": AUTOUSE, "users/conftest.py": AUTOUSE, "zones/conftest.py": ""}
    write_files(
        files | {"zones/test_zones.py": AUTOUSE.replace("metrics", "zones").replace("counters", "zone")}, project
    )

    assert main(["hook", "hermetic", "--select=HRM401", "zones/conftest.py", "zones/test_zones.py"]) == 0
    assert main(["check", "--select=HRM401", "."]) == 1


def test_an_unchanged_file_that_cannot_be_parsed_is_left_alone(project: Path) -> None:
    write_files({"conftest.py": AUTOUSE, "test_broken.py": "autouse = (\n"}, project)

    assert main(["hook", "validate-fixture-organization", "conftest.py"]) == 0


def test_a_defect_of_ours_does_not_pass_for_findings(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"test_region.py": BAD}, project)
    monkeypatch.setattr(EnvironWrite, "check", lambda *_: [].pop())

    assert main(["hook", ISOLATION, "test_region.py"]) == 2
    assert "IndexError" in capsys.readouterr().err
