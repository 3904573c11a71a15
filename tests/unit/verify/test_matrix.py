"""Cells, the table, and what is read of a hook's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.config import Settings
from hermetic.verify import hooks, matrix, plant
from hermetic.verify.matrix import Cell, Outcome
from hermetic.verify.plant import Planted
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

PLANT = Planted("HRM101", "bad-0", "bad", "tests/x", {"test_a.py": ""}, ("lint", "guard"), ())


def cell(example: str, layer: str, result: str, *, claimed: bool = True, reason: str = "") -> Cell:
    codes = ("HRM101",) if result == "caught" else ()
    return Cell("HRM101", example, layer, claimed, result, codes, 1.0, reason)


def made(outcome: Outcome) -> Cell:
    (only,) = matrix.cells("lint", [PLANT], {PLANT.folder: outcome}, ("lint",))
    return only


@pytest.mark.parametrize(
    ("outcome", "result", "reason"),
    [
        (Outcome(frozenset({"HRM101", "HRM905"})), "caught", ""),
        (Outcome(frozenset({"HRM905"})), "missed", ""),
        (Outcome(), "missed", ""),
        (Outcome(note="only warned"), "missed", "only warned"),
        (Outcome(reason="absent"), "not-measured", "absent"),
        (Outcome(frozenset({"HRM101"}), "one hook is absent"), "caught", ""),
    ],
)
def test_absent_is_never_missed_and_another_code_is_not_caught(outcome: Outcome, result: str, reason: str) -> None:
    assert (made(outcome).result, made(outcome).reason) == (result, reason)


def test_a_plant_that_was_not_run_is_not_measured() -> None:
    (only,) = matrix.cells("lint", [PLANT], {}, ("lint",))

    assert (only.result, only.reason, only.claimed) == ("not-measured", "was not run", True)


def test_the_table_counts_what_is_claimed_and_shows_colour_only_where_it_is_asked_for() -> None:
    cells = [
        cell("bad-0", "lint", "caught"),
        cell("bad-1", "lint", "missed"),
        cell("bad-2", "lint", "missed", claimed=False),
        cell("bad-0", "hook", "not-measured", reason="absent"),
    ]

    plain = matrix.table(cells, colour=False)

    assert plain.splitlines()[1].split() == ["HRM101", "1/2", "not-measured", "-", "-", "-", "1"]
    assert "\033" not in plain
    assert "\033[31m" in matrix.table(cells, colour=True)
    assert matrix.reasons(cells) == ["hook, 1 example: absent"]


def test_a_code_beside_a_path_or_on_the_line_before_it_counts_for_that_path() -> None:
    first, second = f"tests/{plant.FOLDER}/a/test_a.py", f"tests/{plant.FOLDER}/b/test_b.py"
    lines = [f"{first}:1:1: HRM101 wrong", "HRM102 cwd-change: wrong", f"  --> {second}:5:5", f"{second}: fine", ""]

    found = hooks.named(lines, {first: "a", second: "b"})

    assert found == {"a": {"HRM101"}, "b": {"HRM102"}}


def test_a_planted_file_has_a_name_that_the_project_takes_for_a_test() -> None:
    assert plant.fitting("sub/test_a.py", ("test_*.py",)) == "sub/test_a.py"
    assert plant.fitting("sub/test_a.py", ("check_*.py",)) == "sub/check_test_a.py"
    assert plant.fitting("shop.py", ("check_*.py",)) == "shop.py"


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ({"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["checks"]\n', "checks/a.py": ""}, "checks"),
        ({"pytest.ini": "[pytest]\ntestpaths = ./sub/checks other\n", "sub/checks/a.py": ""}, "sub/checks"),
        ({"pytest.ini": "[pytest]\ntestpaths = ../elsewhere\n", "test/a.py": ""}, "test"),
        ({"pyproject.toml": "[tool\n"}, "tests"),
    ],
)
def test_plants_go_where_the_project_has_its_tests(files: dict[str, str], folder: str, tmp_path: Path) -> None:
    write_files(files, tmp_path)

    assert plant.test_folder(str(tmp_path)) == folder


def test_no_rule_of_repositories_is_planted_inside_one() -> None:
    from hermetic.catalogue.registry import indexed

    rules = [entry.load() for entry in indexed() if entry.code in {"HRM101", "HRM903"}]

    assert {one.code for one in plant.planted(rules, Settings("."), "tests")} == {"HRM101"}


def test_what_a_hook_names_counts_only_where_it_fails() -> None:
    hook = hooks.Hook(0, "hermetic", "hermetic hook hermetic", {}, {}, (), 1)
    codes = {PLANT.folder: frozenset({"HRM101"})}

    def codes_of(status: str) -> frozenset[str]:
        found = hooks.Hooks("", "", (hook,), {0: hooks.Ran(status, codes, "")})
        return hooks.outcomes(found, [PLANT])[PLANT.folder].codes

    assert codes_of("Failed") == {"HRM101"}
    assert codes_of("Passed") == frozenset()
