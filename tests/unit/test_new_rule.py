"""A new rule's file is valid, is found, and fails its tests until it is filled in."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.utils.scripts import ROOT, run_in, scratch_tree

ENVIRON = "process/environ_write.py"
FAMILY = Path("src/hermetic/catalogue/process")
INDEX = "src/hermetic/catalogue/_index.py"
WALK = "from hermetic.catalogue.registry import walked\nprint(*(f'{rule.code}={rule.name}' for rule in walked()))"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with one rule, HRM101."""
    return scratch_tree(tmp_path, keep={ENVIRON})


def new_rule(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_in(tree, "scripts/new_rule.py", *arguments)


def files(tree: Path) -> dict[str, bytes]:
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in (tree / "src").rglob("*.py")
        if "__pycache__" not in path.parts
    }


def test_the_file_is_found_by_walking_under_the_next_code(tree: Path) -> None:
    done = new_rule(tree, "umask-change")

    assert done.returncode == 0, done.stderr
    assert run_in(tree, "-c", WALK).stdout.split() == ["HRM101=environ-write", "HRM102=umask-change"]


def test_it_says_what_it_wrote_and_what_comes_next(tree: Path) -> None:
    printed = new_rule(tree, "umask-change").stdout

    assert printed.startswith(f"wrote {FAMILY.as_posix()}/umask_change.py (HRM102)\nNext:\n")
    assert "scripts/generate.py" in printed
    assert "-k HRM102" in printed
    assert "changelog.d/+umask-change.rule.md" in printed


def test_a_gap_is_not_filled(tree: Path) -> None:
    new_rule(tree, "umask-change", "--code", "HRM105")

    new_rule(tree, "cwd-change")

    assert run_in(tree, "-c", WALK).stdout.split()[1:] == ["HRM105=umask-change", "HRM106=cwd-change"]


@pytest.mark.parametrize("choice", [("--family", "literals"), ("--code", "HRM801")])
def test_the_first_rule_of_a_family_brings_its_package(tree: Path, choice: tuple[str, str]) -> None:
    done = new_rule(tree, "wrong-literal", *choice)

    assert done.returncode == 0, done.stderr
    package = tree / "src/hermetic/catalogue/literals/__init__.py"
    assert ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
    assert "HRM801=wrong-literal" in run_in(tree, "-c", WALK).stdout.split()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["environ-write"], "there is a rule 'environ-write' already"),
        (["Umask-Change"], "not a rule's name"),
        (["umask_change"], "not a rule's name"),
        (["../umask"], "not a rule's name"),
        (["import"], "not a rule's name"),
        (["umask-"], "not a rule's name"),
        (["9-lives"], "not a rule's name"),
        (["umask-change", "--code", "HRM101"], "HRM101 is taken, by environ-write"),
        (["umask-change", "--code", "HRM905"], "HRM905 is taken, by the engine"),
        (["umask-change", "--code", "HRM001"], "HRM001 is taken, by the engine"),
        (["umask-change", "--code", "101"], "'101' is not a code"),
        (["umask-change", "--code", "HRM201", "--family", "mocks"], "belongs to the family overrides, not to mocks"),
        (["umask-change", "--family", "nonsense"], "invalid choice"),
        ([], "NAME"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_written_is_refused_and_nothing_changes(tree: Path, arguments: list[str], problem: str) -> None:
    before = files(tree)

    done = new_rule(tree, *arguments)

    assert done.returncode == 2
    assert problem in done.stderr
    assert files(tree) == before


def test_a_file_is_never_overwritten(tree: Path) -> None:
    (tree / FAMILY / "umask_change.py").write_text('"""Mine."""\n', encoding="utf-8")

    done = new_rule(tree, "umask-change")

    assert done.returncode == 2
    assert "umask_change.py exists already" in done.stderr
    assert (tree / FAMILY / "umask_change.py").read_text(encoding="utf-8") == '"""Mine."""\n'


def test_a_full_family_is_refused(tree: Path) -> None:
    new_rule(tree, "umask-change", "--code", "HRM199")

    done = new_rule(tree, "cwd-change")

    assert done.returncode == 2
    assert "the family 1xx is full" in done.stderr


def test_the_file_is_as_the_linters_of_this_repository_want_it(tree: Path) -> None:
    new_rule(tree, "umask-change")

    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), str(FAMILY)],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_generating_names_the_file_and_indexes_it(tree: Path) -> None:
    new_rule(tree, "umask-change")

    done = run_in(tree, "scripts/generate.py")

    assert done.returncode == 2
    assert f"{FAMILY.as_posix()}/umask_change.py: HRM102: a placeholder (FILL IN) is still there" in done.stderr
    assert "HRM102" in (tree / INDEX).read_text(encoding="utf-8")


def outcomes(tree: Path) -> dict[str, list[str]]:
    """Run the example tests of HRM102; return the names of the tests that failed and passed."""
    assert "HRM102" in run_in(tree, "scripts/generate.py").stdout + (tree / INDEX).read_text(encoding="utf-8")
    modules = [f"tests/unit/catalogue/{name}" for name in ("test_examples.py", "test_measured.py")]
    options = ["-q", "-p", "no:cacheprovider", "-k", "HRM102 and (bad or good or test_measured)", "--tb=no", "-rA"]
    lines = run_in(tree, "-m", "pytest", *options, *modules).stdout.splitlines()
    return {
        outcome: [line.split(" - ")[0].split("::")[1] for line in lines if line.startswith(outcome)]
        for outcome in ("FAILED", "PASSED")
    }


def test_each_example_fails_until_the_file_is_filled_in(tree: Path) -> None:
    new_rule(tree, "umask-change")

    failed = outcomes(tree)["FAILED"]

    for number in range(3):
        assert f"test_a_bad_example_is_found_with_its_code_on_its_line[HRM102-bad-{number}]" in failed
    assert "test_a_rule_does_what_it_says_with_each_of_its_examples[HRM102]" in failed


def test_no_example_fails_once_the_file_is_filled_in(tree: Path) -> None:
    new_rule(tree, "umask-change")
    filled = (
        (tree / FAMILY / "environ_write.py").read_text(encoding="utf-8").replace('related = ("HRM102", ', "related = (")
    )
    (tree / FAMILY / "environ_write.py").unlink()
    filled = filled.replace("HRM101", "HRM102").replace("environ-write", "umask-change")
    for layer in ("GUARD", "COLLECTION"):  # their probe stays that of HRM101
        filled = filled.replace(f"(LINT, {layer})", "(LINT,)").replace(f"{layer}, ", "")
    (tree / FAMILY / "umask_change.py").write_text(filled, encoding="utf-8")

    found = outcomes(tree)

    assert found["FAILED"] == []
    assert len(found["PASSED"]) >= 2 * 3 + 1
    assert "test_a_rule_does_what_it_says_with_each_of_its_examples[HRM102]" in found["PASSED"]
