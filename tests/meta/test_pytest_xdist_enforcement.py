"""The enforcement is enforced: sixteen ways in which it could be claimed and not be there, each tried.

Every test acts on the tree that this file stands in, in an environment whose hermetic is that tree. What takes long is
kept outside of git, by the content of all that it depends on, and only when it was right.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.utils import meta
from tests.utils.lint import write_files
from tests.utils.meta_ci import deaf, workflow_problems
from tests.utils.meta_docs import DRAWN, EXECUTED, WORDS, blind, executed, menu, pages, prose, roles
from tests.utils.meta_hooks import committed
from tests.utils.meta_matrix import OWN, caught_by, declared_gaps, measured, review_items, right, said_problems
from tests.utils.meta_plants import ENVIRONMENT_SCRIPT, LEAK, NO_LEAK, PLANTS, SCRIPTS
from tests.utils.meta_records import (
    INPUTS,
    OF_ALL,
    OF_LINT,
    cases,
    decisions,
    enforcing,
    published,
    resolved,
    sampled,
    undocumented,
)
from tests.utils.meta_strict import collected, files_with_tests, lenient, unguarded_files
from tests.utils.meta_suites import (
    TWICE,
    commands,
    disjoint,
    grouped,
    helpers,
    installed,
    locked,
    options_of,
    suite,
    suite_options,
)

if TYPE_CHECKING:
    from tests.utils.meta import Tree

ROOT = Path(__file__).resolve().parents[2]
Matrix = dict[str, dict[str, Any]]
# A rule is dropped only by taking it out here as well.
RULES = {
    f"HRM{number}"
    for numbers in (range(101, 111), (201, 202, 203), range(301, 309), range(401, 407), range(501, 508))
    for number in numbers
} | {f"HRM{number}" for number in (*range(601, 606), 701, 801, *range(901, 905))}
# The eighty, and six cases more of those that are parametrised: fewer or more only by a change here.
REGRESSION = 86
CLEAN = "def test_planted_sum():\n    assert 1 + 1 == 2\n"


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """This tree, in an environment where it is what `hermetic` is."""
    assert meta.ROOT == ROOT, f"the helpers are those of {meta.ROOT}"
    found = meta.Tree(ROOT, tmp_path_factory.mktemp("environment") / "venv")
    where = found.script("-c", "import hermetic; print(hermetic.__file__)").output.strip()
    assert Path(where).is_relative_to(ROOT), f"hermetic is that of {where}"
    return found


@pytest.fixture(scope="session")
def matrix(tree: Tree) -> Matrix:
    """What was measured of each rule of this tree, by code."""
    return measured(tree, RULES)


@meta.kept_while(*meta.EVERYTHING)
def test_01_every_hook_blocks_a_planted_violation_in_a_real_commit(tree: Tree, tmp_path: Path) -> None:
    seen = committed(tree, tmp_path, bad=True)

    assert set(seen["hooks"]) >= {*PLANTS, "hermetic", "ruff-check", "ruff-format", "generated", "merge-conflict"}
    assert {hook for hook, status in seen["hooks"].items() if status != "Failed"} == set()
    assert seen["moved"] is False
    for hook, plant in PLANTS.items():
        for code in plant.codes:
            (path,) = plant.bad
            assert re.search(rf"{re.escape(path)}:\d+", seen["said"][hook]), f"{hook} names no line of {path}"
            assert code in seen["said"][hook], f"{hook} does not name {code}"
            assert code in seen["said"]["hermetic"], f"hermetic does not name {code}"


@meta.kept_while(*meta.EVERYTHING)
def test_02_every_hook_passes_the_correct_twin(tree: Tree, tmp_path: Path) -> None:
    seen = committed(tree, tmp_path, bad=False)

    assert set(seen["hooks"]) >= {*PLANTS, "hermetic", "ruff-check", "ruff-format", "generated", "merge-conflict"}
    assert {hook: status for hook, status in seen["hooks"].items() if status != "Passed"} == {}, seen["said"]
    assert seen["moved"] is True


@meta.kept_while(*meta.CODE, "scripts")
def test_03_every_validation_script_fails_on_a_violation_and_passes_its_twin(tree: Tree, tmp_path: Path) -> None:
    for number, (script, hook) in enumerate(SCRIPTS.items()):
        plant, folder = PLANTS[hook], tmp_path / str(number)
        codes = ("HRM101",) if script == ENVIRONMENT_SCRIPT else plant.codes
        write_files({"bad/pyproject.toml": "", "good/pyproject.toml": ""}, folder)
        write_files(plant.bad, folder / "bad")
        write_files(plant.good, folder / "good")

        bad, good = (tree.script("-S", "-I", ROOT / script, ".", folder=folder / kind) for kind in ("bad", "good"))

        assert bad.code == 1, f"{script}: {bad.output}"
        assert [code for code in codes if code not in bad.output] == [], f"{script}: {bad.output}"
        assert good == (0, "No findings.\n"), script


def test_04_the_claims_of_every_example_hold_layer_by_layer(tree: Tree, matrix: Matrix) -> None:
    assert set(matrix) >= RULES
    assert {code: found["problems"] for code, found in matrix.items() if found["problems"]} == {}
    for code, found in matrix.items():
        examples = {cell["number"] for cell in found["cells"]}
        assert len(examples) == found["bad"] >= 3, code
        assert any(cell["claimed"] and cell["caught"] for cell in found["cells"]), f"no layer catches {code}"
        assert [cell for cell in found["cells"] if cell["claimed"] != cell["caught"]] == [], code
    # The linter of the command line has the same rules as the catalogue.
    said = tree.run("hermetic", "rules").output
    assert [code for code in matrix if code not in said] == []


def test_05_every_good_example_passes_every_layer(matrix: Matrix) -> None:
    assert set(matrix) >= RULES
    assert {code: found["good"] for code, found in matrix.items() if found["good"] < 3} == {}
    assert {
        code: wrong for code, found in matrix.items() if (wrong := [p for p in found["problems"] if "good" in p])
    } == {}
    assert {code for code, found in matrix.items() if not right(found)} == set()


@meta.kept_while(*meta.CODE)
def test_06_the_plugin_stops_a_violating_run_and_can_be_read(tree: Tree, tmp_path: Path) -> None:
    for workers in ("-n0", "-n2"):
        folder = tmp_path / workers
        leaking = suite(tree, folder / "leak", test_leak=LEAK, test_other=CLEAN)
        leak = tree.pytest(workers, "tests", folder=leaking)
        misplaced = tree.pytest(
            workers, "tests", folder=suite(tree, folder / "stop", test_stop=TWICE, test_other=CLEAN)
        )
        clean = tree.pytest(workers, "tests", folder=suite(tree, folder / "clean", test_leak=NO_LEAK, test_other=CLEAN))

        assert leak.code == 1, leak.output
        assert set(leak.wrong) == {"tests/test_leak::test_planted_leak"}, leak.output
        for said in ("HRM101", "PLANTED_LEAK", "tests/test_leak.py:5", "monkeypatch"):
            assert said in leak.output, f"{workers}: {said} is not said:\n{leak.output}"
        assert misplaced.code not in (0, 5), misplaced.output
        assert "passed" not in misplaced.outcomes.values(), f"tests ran:\n{misplaced.output}"
        assert "HRM402" in misplaced.output
        assert "tests/test_stop.py:6" in misplaced.output
        assert (clean.code, clean.wrong, len(clean.outcomes)) == (0, {}, 2), clean.output
        for run in (leak, misplaced, clean):
            assert "INTERNALERROR" not in run.output
            assert "Traceback" not in run.output


@meta.kept_while(*meta.CODE, "Makefile")
def test_07_groups_are_effective_and_where_they_are_not_it_is_said(tree: Tree, tmp_path: Path) -> None:
    options = suite_options(tree)
    bare = options_of(tree, tmp_path / "bare")
    configured = options_of(tree, tmp_path / "configured", *options)
    together, workers = grouped(tree, tmp_path / "together", *options)
    apart, _ = grouped(tree, tmp_path / "apart", "-n2", "--dist=load")
    ignored, _ = grouped(tree, tmp_path / "ignored", *options, ignoring=True)

    assert (bare["workers"], bare["keyword"], bare["deselected"], bare["skipped"]) == (None, "", [], [])
    assert (bare["hermetic"], bare["mode"]) == (True, "error")
    assert configured["workers"] >= 2
    assert configured["keyword"] == ""
    assert installed("pytest", "pytest-xdist") == locked("pytest", "pytest-xdist")
    assert (together.code, together.wrong) == (0, {}), together.output
    assert {group: len(names) for group, names in workers.items()} == {"one": 1, "two": 1, "three": 1}
    assert len(set.union(*workers.values())) > 1, "all groups ran on one worker"
    for run in (apart, ignored):
        assert run.code not in (0, 5), run.output
        assert "HRM901" in run.output


@meta.kept_while(*meta.CODE)
def test_08_workers_have_what_the_helpers_say_and_share_nothing(tree: Tree, tmp_path: Path) -> None:
    said = helpers(tree, tmp_path)

    assert len(said) == 6, said
    assert disjoint(said) == []


def test_12_every_rule_has_a_page_whose_claims_are_the_measured_ones(
    tree: Tree, matrix: Matrix, tmp_path: Path
) -> None:
    assert set(matrix) >= RULES
    assert said_problems(tree, matrix, tmp_path) == []
    page = tree.script("scripts/measure_matrix.py", "--check")
    assert page.code == 0, page.output


def test_14_every_review_item_carries_a_live_rule_or_is_for_a_human(matrix: Matrix) -> None:
    items = review_items()
    live = {code for code, found in matrix.items() if right(found) and caught_by(found)} | set(OWN)

    assert len(items) >= 20
    assert [item for item, codes, human in items if not codes and not human] == []
    assert {code for _, codes, _ in items for code in codes} - live == set()
    assert len({code for _, codes, _ in items for code in codes}) >= 20


def test_15_every_declared_gap_is_still_a_gap(tree: Tree, matrix: Matrix) -> None:
    gaps = declared_gaps(tree)

    assert set(gaps) <= set(matrix)
    assert sum(map(len, gaps.values())) >= 10
    for code, layers in gaps.items():
        assert matrix[code]["problems"] == [], code
        assert caught_by(matrix[code]) & set(layers) == set(), f"{code} is caught, and its page says that it is not"


@meta.kept_while(
    "src", "examples", "tests/regression", "tests/utils", "scripts", "pyproject.toml", "requirements/dev.txt"
)
def test_09_the_regression_tests_are_eighty_and_kill_the_mutants(tree: Tree) -> None:
    names = [line.split()[0] for line in tree.script("scripts/mutate_isolation.py", "--list").output.splitlines()]
    key = meta.digest("mutants", ("src", "tests/regression"))
    chosen = sorted(names, key=lambda name: hashlib.sha256((key + name).encode()).digest())[:6]

    done = tree.script("scripts/mutate_isolation.py", "--named", *chosen)

    assert len(names) >= 40
    assert f"control: {REGRESSION} tests pass" in done.output, done.output
    assert "6 mutants, 6 killed" in done.output, done.output
    assert done.code == 0, done.output


@meta.kept_while(*meta.EVERYTHING)
def test_10_ci_runs_the_suite_in_parallel_the_hooks_on_all_files_and_these_tests(tree: Tree, tmp_path: Path) -> None:
    assert deaf(tree, tmp_path / "ci") == []
    assert workflow_problems(tree) == []
    (suite_run,) = [words for words in commands(tree, "test") if "pytest" in words]
    (meta_run,) = [words for words in commands(tree, "meta") if "pytest" in words]
    assert suite_run[-1] == "tests"
    assert meta_run[-1] == "tests/meta"
    assert collected(tree, *suite_run[3:]) >= files_with_tests(tree, but="tests/meta")
    assert collected(tree, *meta_run[3:]) == files_with_tests(tree, only="tests/meta")
    assert lenient(tree, tmp_path / "strict") == []
    assert unguarded_files(tree, tmp_path / "copy") == []


def test_11_every_fence_of_the_documentation_has_a_role_and_was_executed(tree: Tree, tmp_path: Path) -> None:
    counted = {page: roles(page) for page in pages()}
    by_hand = [page for page in counted if not page.startswith(DRAWN)]

    assert executed(tree, by_hand) == ""
    assert [head for _, heads in counted.values() for head in heads] == []
    assert sum(counts[role] for page in by_hand for role in EXECUTED for counts in [counted[page][0]]) >= 20
    assert {page: prose(page) for page in menu() if prose(page) < WORDS} == {}
    assert {
        page for page, (counts, _) in counted.items() if page.startswith("docs/rules/HRM") and not counts["bad"]
    } == set()
    gate_bites(tree, tmp_path)


@meta.kept_while(*meta.EVERYTHING)
def gate_bites(tree: Tree, folder: Path) -> None:
    """Hold that the gate of the pages refuses what is wrong, and finds nothing wrong here."""
    assert blind(tree, folder) == []
    done = tree.script("scripts/check_docs.py", "--no-blocks")
    assert done.code == 0, done.output


def test_13_what_enforces_every_decision_ran_and_passed(tree: Tree, tmp_path: Path) -> None:
    found = decisions()
    references = sorted({reference for by, _ in found.values() for reference in by})
    tests = [reference for reference in references if "/" in reference]
    passed, output = enforcing(tree, tests)

    assert len(found) >= 10
    assert [name for name, (by, why) in found.items() if bool(by) == bool(why)] == []
    missing = [reference for reference in tests if not resolved(reference, passed[reference.partition("::")[0]])]
    assert missing == [], output
    # A hook enforces by blocking, in the commit of the first of these tests.
    assert {reference for reference in references if "/" not in reference} <= blocking(tree, tmp_path)


def test_16_docstrings_are_complete_and_the_published_figures_are_the_measured_ones(tree: Tree, tmp_path: Path) -> None:
    count, without = undocumented()
    scores, ids = published(), cases()

    assert count >= 300
    assert without == []
    assert {OF_LINT, OF_ALL} <= set(scores)
    assert scores[OF_LINT] == tree.script("benchmarks/corpus_score.py", "--misses").output
    assert len(ids) >= 200
    assert {name.partition("/")[0] for name in ids} == {f"{family}xx" for family in range(1, 10)}
    assert f"{len(ids)} violations and {len(ids)} correct twins" in scores[OF_ALL]
    of_lint = [line.split() for line in scores[OF_LINT].splitlines() if " lint " in line]
    assert [line.split() for line in scores[OF_ALL].splitlines() if " lint " in line] == of_lint
    assert sampled_as_published(tree, tmp_path, scores[OF_ALL]) == []


def sampled_as_published(tree: Tree, folder: Path, score: str) -> list[str]:
    """Return where a sample of the corpus is not as published; kept while it is."""
    inputs = (*INPUTS, "docs/measurements.md")
    found: list[str] = meta.kept(
        "corpus sample", inputs, lambda: sampled(tree, folder, score), when=lambda seen: seen == []
    )
    return found


def blocking(tree: Tree, folder: Path) -> set[str]:
    """Return the hooks that stop a planted violation."""

    def run() -> list[str]:
        hooks = committed(tree, folder, bad=True)["hooks"]
        return sorted(hook for hook, status in hooks.items() if status == "Failed")

    return set(meta.kept("blocking hooks", meta.EVERYTHING, run, when=bool))
