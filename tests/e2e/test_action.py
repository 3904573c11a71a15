"""The action for GitHub: its two scripts, run by bash as a runner runs them, on real inputs and on hostile ones."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.utils.lint import write_files
from tests.utils.process import BAD, HANG
from tests.utils.scripts import ROOT

from hermetic import __version__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="bash and links")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]
DEFAULTS = {name: given["default"] for name, given in ACTION["inputs"].items()}
# The build finds its backend where this suite has it, and no registry is asked.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # which means: none
    "PYTHONPATH": sysconfig.get_paths()["purelib"],
}


def run(
    step: dict[str, Any], temp: Path, folder: Path, extra: dict[str, str] | None = None, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run the script of a step as the shell `bash` of a runner does."""
    given = DEFAULTS | inputs
    variables = {}
    for name, value in step["env"].items():
        assert value.startswith("${{ inputs.")
        variables[name] = given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
    script = temp.parent / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT", "PYTEST", "PYTHON", "PIP"))
    }
    runner = {"RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(temp.parent / "the action"), "GITHUB_ACTIONS": "true"}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env={**kept, **runner, "HOME": str(temp), **variables, **(extra or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of a runner, in which the first step has installed hermetic."""
    folder = tmp_path_factory.mktemp("runner") / "a temp"
    folder.mkdir()
    (folder.parent / "the action").symlink_to(ROOT)
    done = run(INSTALL, folder, folder, OFFLINE, python=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a finding, and modules that would stand in for hermetic's and Python's own."""
    folder = tmp_path / "checkout"
    shadows = dict.fromkeys(
        ("hermetic/__init__.py", "hermetic/__main__.py", "os.py", "json.py"), "raise SystemExit(0)\n"
    )
    write_files({"pyproject.toml": "", "tests/test_a.py": BAD, "a b/test_c.py": BAD, **shadows}, folder)
    return folder


def places(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.partition(",")[0] for line in done.stdout.splitlines()]


def test_no_input_stands_in_a_script() -> None:
    for step in (INSTALL, CHECK):
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
    assert ACTION["runs"]["using"] == "composite"
    assert set(DEFAULTS) == {"paths", "args", "python"}


def test_this_checkout_is_installed_into_an_environment_of_its_own(temp: Path) -> None:
    where = "import hermetic; print(hermetic.__version__, hermetic.__file__)"
    command = [str(temp / "hermetic/bin/python"), "-I", "-c", where]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=temp)

    version, _, path = done.stdout.partition(" ")
    assert version == __version__
    assert path.startswith(f"{temp}/hermetic/lib/")


def test_findings_annotate_their_lines_and_fail_the_step(temp: Path, checkout: Path) -> None:
    done = run(CHECK, temp, checkout)

    assert (done.returncode, done.stderr) == (1, "")
    assert places(done) == ["::error file=a b/test_c.py", "::error file=tests/test_a.py"]
    (checkout / "tests/test_a.py").write_text("", encoding="utf-8")
    assert run(CHECK, temp, checkout, paths="tests").returncode == 0


@pytest.mark.parametrize("paths", ["a b", "a b\n", "\n  a b\n".replace("  ", ""), "a b\r\n", "a b/test_c.py\na b"])
def test_paths_stand_a_line_each(temp: Path, checkout: Path, paths: str) -> None:
    assert places(run(CHECK, temp, checkout, paths=paths)) == ["::error file=a b/test_c.py"]


@pytest.mark.parametrize("args", ["--select HRM102 --no-cache", "--select\nHRM102", "  --ignore   HRM101  "])
def test_args_are_options_divided_by_spaces_and_lines(temp: Path, checkout: Path, args: str) -> None:
    assert run(CHECK, temp, checkout, args=args, paths="tests").returncode == 0


def test_another_format_may_be_chosen_and_written_to_a_file(temp: Path, checkout: Path) -> None:
    done = run(CHECK, temp, checkout, args="--output-format sarif --output-file hermetic.sarif")

    assert (done.returncode, done.stdout) == (1, "")
    assert '"version": "2.1.0"' in (checkout / "hermetic.sarif").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["paths", "args"])
@pytest.mark.parametrize(
    "text",
    [
        "$(touch pwned)",
        "`touch pwned`",
        "; touch pwned",
        '" ; touch pwned ; "',
        "' && touch pwned #",
        "x | tee pwned",
        "> pwned",
    ],
)
def test_nothing_in_an_input_is_run(temp: Path, checkout: Path, name: str, text: str) -> None:
    done = run(CHECK, temp, checkout, **{name: text})

    assert done.returncode == 2
    assert not (checkout / "pwned").exists()


def test_a_path_is_neither_an_option_nor_a_pattern(temp: Path, checkout: Path) -> None:
    assert (
        "--output-file=pwned: no such file or folder" in run(CHECK, temp, checkout, paths="--output-file=pwned").stderr
    )
    assert "*: no such file or folder" in run(CHECK, temp, checkout, paths="*").stderr
    assert not (checkout / "pwned").exists()


def test_a_run_that_cannot_check_fails_with_2(temp: Path, checkout: Path) -> None:
    done = run(CHECK, temp, checkout, args="--select HRM777")

    assert done.returncode == 2
    assert "'HRM777' selects no rule" in done.stderr


def test_an_interpreter_that_is_too_old_or_missing_is_named_with_the_next_step(temp: Path, tmp_path: Path) -> None:
    old = tmp_path / "old python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)

    for python in (str(old), "no-such-python"):
        done = run(INSTALL, temp, tmp_path, python=python)
        assert done.returncode == 2
        assert "::error title=hermetic::Python 3.11 or newer is needed: put actions/setup-python before" in done.stdout
