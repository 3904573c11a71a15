"""What CI runs is read from its configuration, and from what that calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.verify import ci
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "on: [push]\njobs:\n  test:\n    steps:\n"
WORKFLOW = ".github/workflows/ci.yml"


def workflow(*steps: str) -> str:
    return HEAD + "".join(f"      - {step}\n" for step in steps)


def read(folder: Path, files: dict[str, str]) -> ci.Ci:
    write_files(files, folder)
    return ci.read(str(folder))


def hook_lines(found: ci.Ci) -> list[tuple[str, int, bool]]:
    return [(one.path, one.line, one.soft) for one in ci.hook_runs(found, ("hermetic",))]


@pytest.mark.parametrize(
    ("step", "soft"),
    [
        ("run: pre-commit run --all-files", False),
        ("run: uvx pre-commit run -a --show-diff-on-failure", False),
        ("run: pre-commit run hermetic --all-files", False),
        ("run: prek run --all-files", False),
        ("run: hermetic check .", False),
        ("uses: pre-commit/action@v3.0.1", False),
        ("run: pre-commit run --all-files || true", True),
        ("run: pre-commit run --all-files || echo failed", True),
        ("{run: pre-commit run --all-files, continue-on-error: true}", True),
    ],
)
def test_a_run_of_the_hooks_is_found_and_whether_it_counts(step: str, soft: bool, tmp_path: Path) -> None:
    assert hook_lines(read(tmp_path, {WORKFLOW: workflow(step)})) == [(WORKFLOW, 5, soft)]


@pytest.mark.parametrize(
    "step",
    [
        "run: pre-commit run",
        "run: pre-commit run --from-ref origin/main --to-ref HEAD",
        "run: pre-commit run ruff --all-files",
        "run: hermetic check tests/test_one.py",
        "run: echo pre-commit run --all-files",
        "run: pip install pre-commit",
        "{run: pre-commit run --all-files, if: false}",
        "{uses: pre-commit/action@v3.0.1, with: {extra_args: ruff --all-files}}",
    ],
)
def test_what_is_no_run_of_the_hooks_on_all_files_is_left_out(step: str, tmp_path: Path) -> None:
    assert hook_lines(read(tmp_path, {WORKFLOW: workflow(step)})) == []


@pytest.mark.parametrize(
    ("line", "workers", "mode"),
    [
        ("pytest -n 2", "2", ""),
        ("python -m pytest -n4 tests", "4", ""),
        ("uv run --extra test pytest --numprocesses=auto", "auto", ""),
        ("coverage run -m pytest --hermetic=error", "", "error"),
        ("HOME=/tmp pytest -n 0 --hermetic warn", "0", "warn"),
        ("bash -c 'pytest -n 3'", "3", ""),
        ("cd sub && .venv/bin/pytest -n 2 -p no:xdist", "0", ""),
    ],
)
def test_a_run_of_the_suite_is_understood(line: str, workers: str, mode: str, tmp_path: Path) -> None:
    found = read(tmp_path, {WORKFLOW: workflow(f"run: {line}")})

    assert [(run.workers, run.mode, run.unloads) for run in ci.suites(found, str(tmp_path))] == [(workers, mode, False)]


@pytest.mark.parametrize("line", ["pip install pytest", "make newest pytest", "echo pytest -n 2", "pytest-bench run"])
def test_other_mentions_of_pytest_are_no_run(line: str, tmp_path: Path) -> None:
    assert ci.suites(read(tmp_path, {WORKFLOW: workflow(f"run: {line}")}), str(tmp_path)) == []


@pytest.mark.parametrize(
    ("arguments", "covered"),
    [
        ("", True),
        ("tests", True),
        (".", True),
        ("-m 'not slow' tests", True),
        ("tests/unit", False),
        ("tests/test_one.py", False),
        ("-k one", False),
        ("--ignore=tests/meta", False),
    ],
)
def test_it_is_known_whether_a_run_has_the_meta_tests_in_it(arguments: str, covered: bool, tmp_path: Path) -> None:
    files = {"tests/unit/a.py": "", "tests/meta/b.py": "", "tests/test_one.py": ""}
    found = read(tmp_path, {**files, WORKFLOW: workflow(f"run: pytest {arguments}")})

    (run,) = ci.suites(found, str(tmp_path))

    assert ci.covers(run, "tests/meta") is covered


@pytest.mark.parametrize(
    ("step", "files", "place"),
    [
        ("make", {"Makefile": "all: hooks\nhooks:\n\t@pre-commit run -a\n"}, ("Makefile", 3, False)),
        ("make -s hooks", {"Makefile": "hooks:\n\t-pre-commit run -a\n"}, ("Makefile", 2, True)),
        ("./ci.sh", {"ci.sh": "#!/bin/sh\nset -e\npre-commit run \\\n  --all-files\n"}, ("ci.sh", 3, False)),
        ("bash ci.sh || true", {"ci.sh": "pre-commit run -a\n"}, ("ci.sh", 1, True)),
        ("tox", {"tox.ini": "[testenv]\ncommands =\n    pre-commit run -a\n"}, ("tox.ini", 3, False)),
        ("tox", {"tox.ini": "[testenv]\ncommands =\n    - pre-commit run -a\n"}, ("tox.ini", 3, True)),
        (
            "nox -s lint",
            {"noxfile.py": 'def lint(session):\n    session.run("pre-commit", "run", "-a")\n'},
            ("noxfile.py", 2, False),
        ),
    ],
)
def test_what_a_step_calls_is_read_too(
    step: str, files: dict[str, str], place: tuple[str, int, bool], tmp_path: Path
) -> None:
    assert hook_lines(read(tmp_path, {**files, WORKFLOW: workflow(f"run: {step}")})) == [place]


def test_lines_of_a_block_have_their_own_numbers_and_comments_are_no_commands(tmp_path: Path) -> None:
    block = "run: |\n          # pre-commit run -a\n          echo start\n          pre-commit run -a"

    assert hook_lines(read(tmp_path, {WORKFLOW: workflow(block)})) == [(WORKFLOW, 8, False)]


def test_scripts_that_call_each_other_end(tmp_path: Path) -> None:
    files = {"a.sh": "./b.sh\n", "b.sh": "./a.sh\npre-commit run -a\n", WORKFLOW: workflow("run: ./a.sh")}

    assert hook_lines(read(tmp_path, files)) == [("b.sh", 2, False)]


def test_a_workflow_that_no_commit_starts_does_not_count(tmp_path: Path) -> None:
    text = workflow("run: pre-commit run -a").replace("on: [push]", "on: workflow_dispatch")

    assert hook_lines(read(tmp_path, {WORKFLOW: text})) == []


def test_gitlab_and_scripts_below_ci_are_read(tmp_path: Path) -> None:
    gitlab = "lint:\n  script:\n    - pre-commit run -a\nlate:\n  allow_failure: true\n  script: pre-commit run -a\n"
    files = {".gitlab-ci.yml": gitlab, ".ci/run": "#!/bin/sh\npre-commit run -a\n"}

    assert hook_lines(read(tmp_path, files)) == [
        (".ci/run", 2, False),
        (".gitlab-ci.yml", 3, False),
        (".gitlab-ci.yml", 6, True),
    ]


def test_yaml_that_cannot_be_read_is_told_with_its_path(tmp_path: Path) -> None:
    found = read(tmp_path, {WORKFLOW: "on: [push\n"})

    assert found.commands == ()
    assert [problem.partition(" is not valid YAML")[0] for problem in found.problems] == [WORKFLOW]
