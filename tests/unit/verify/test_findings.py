"""What is wrong with the enforcement, from what the layers did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hermetic.cli.long_work import Progress
from hermetic.verify import ci, findings
from hermetic.verify.findings import Seen
from hermetic.verify.hooks import Hook, Hooks, Ran
from hermetic.verify.plant import Planted
from hermetic.verify.plugin_layer import Setup
from tests.utils.lint import write_files
from tests.utils.verifying import CI, HEALTHY, HOOKS

if TYPE_CHECKING:
    from pathlib import Path

PLANTS = [
    Planted(code, "bad-0", "bad", f"tests/{code}", {"test_a.py": ""}, ("lint", "guard"), ())
    for code in ("HRM101", "HRM401")
]
ON = Setup("", loaded=True, mode="error", levels={"HRM101": "error", "HRM401": "error"}, xdist=True, bites=True)
FAILS = Ran("Failed", {"tests/HRM101": frozenset({"HRM101"}), "tests/HRM401": frozenset({"HRM401"})}, "")
WORKFLOW = ".github/workflows/ci.yml"


def hook(name: str = "hermetic", entry: str = "hermetic hook hermetic") -> Hook:
    return Hook(0, name, entry, {"repo": "local"}, {"id": name}, (), 4)


def seen(folder: Path, files: dict[str, str] | None = None, **changed: Any) -> Seen:
    write_files({**HEALTHY, **(files or {})}, folder)
    hooks = Hooks("", HOOKS, (hook(),), {0: FAILS})
    start = Seen(
        str(folder), ".", PLANTS, frozenset({"HRM101", "HRM401"}), ON, hooks, ci.read(str(folder)), {}, "tests"
    )
    return start._replace(**changed)


def told(one: Seen) -> list[tuple[str, str, int]]:
    return [(problem.code, problem.path, problem.line) for problem in findings.problems(one)]


def messages(one: Seen) -> str:
    return "\n".join(problem.message for problem in findings.problems(one))


def test_nothing_is_wrong_where_everything_bites(tmp_path: Path) -> None:
    assert told(seen(tmp_path)) == []


def test_a_selected_rule_that_no_hook_stops_is_named(tmp_path: Path) -> None:
    only_isolation = Ran("Failed", {"tests/HRM101": frozenset({"HRM101"})}, "")
    hooks = Hooks(
        "", HOOKS, (hook("validate-test-isolation", "hermetic hook validate-test-isolation"),), {0: only_isolation}
    )

    one = seen(tmp_path, hooks=hooks)

    assert told(one) == [("HRM903", ".pre-commit-config.yaml", 1)]
    assert messages(one) == "no hook stops HRM401, which the configuration selects"
    assert told(one._replace(selected=frozenset({"HRM101"}))) == []


def test_a_hook_that_fails_whatever_it_is_given_and_names_nothing_is_dead(tmp_path: Path) -> None:
    hooks = Hooks("", HOOKS, (hook(entry="hermetic-false"),), {0: Ran("Failed", {}, "no\n")})

    assert "fails without naming what is wrong" in messages(seen(tmp_path, hooks=hooks))


def test_a_hook_that_cannot_be_installed_is_no_finding(tmp_path: Path) -> None:
    hooks = Hooks("the network is down", HOOKS, (hook()._replace(why="the network is down"),))

    assert told(seen(tmp_path, hooks=hooks)) == []


def test_a_plugin_that_cannot_be_measured_is_no_finding(tmp_path: Path) -> None:
    assert told(seen(tmp_path, setup=Setup("pytest is not installed"))) == []


def test_a_guard_that_lets_every_leak_pass_is_a_finding(tmp_path: Path) -> None:
    one = seen(tmp_path, setup=ON._replace(bites=False))

    assert [code for code, _, _ in told(one)] == ["HRM902"]
    assert "lets every planted leak pass" in messages(one)


@pytest.mark.parametrize(
    "variable",
    ["PYTEST_ADDOPTS: -p no:hermetic", "PYTEST_ADDOPTS: --hermetic=off", "PYTEST_DISABLE_PLUGIN_AUTOLOAD: 1"],
)
def test_a_variable_of_ci_that_turns_the_guard_off_is_named_at_its_line(variable: str, tmp_path: Path) -> None:
    files = {WORKFLOW: f"env:\n  {variable}\n{CI}"}

    assert told(seen(tmp_path, files)) == [("HRM902", WORKFLOW, 2)]


def test_a_comment_in_ci_turns_nothing_off(tmp_path: Path) -> None:
    assert told(seen(tmp_path, {WORKFLOW: f"# PYTEST_ADDOPTS: -p no:hermetic\n{CI}"})) == []


def test_a_service_that_runs_the_hooks_counts_as_ci_for_them(tmp_path: Path) -> None:
    files = {WORKFLOW: CI.replace("      - run: pre-commit run --all-files\n", "")}

    assert told(seen(tmp_path, files)) == [("HRM904", WORKFLOW, 0)]
    assert told(seen(tmp_path, files, hooks=Hooks("", f"ci:\n{HOOKS}", (hook(),), {0: FAILS}))) == []


def test_without_ci_nobody_looks_and_that_is_told_without_a_line(tmp_path: Path) -> None:
    one = seen(tmp_path, ci=ci.Ci((), ()))

    (problem,) = findings.problems(one)
    finding = findings.as_finding(problem, problem.path)

    assert (finding.code, finding.name, finding.layer, finding.line) == ("HRM904", "ci-blind", "verify", 0)
    assert finding.line_reason == "no file of the repository says it"


def test_ci_that_cannot_be_read_is_not_blind(tmp_path: Path) -> None:
    assert told(seen(tmp_path, {WORKFLOW: "on: [\n"})) == []


def test_it_says_what_it_does_only_once_that_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("verify")
    progress("quick")
    progress.started -= 3
    progress("slow")
    progress.end()

    assert capsys.readouterr() == ("", "hermetic verify: slow\n")
