"""What follows from the regression tests: the page that lists them, with the mutants that each of them kills."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, NamedTuple

from mutants import KILLS, ROOT, load

if TYPE_CHECKING:
    from pathlib import Path

    from mutants import Mutant

FOLDER = ROOT / "tests" / "regression"
PAGE = "docs/regression-tests.md"
INTRODUCTION = """\
# Regression tests

Each of these shows a hazard for real, with workers, servers and an application that run, and that the pattern of
hermetic removes it. `pytest tests/regression` runs them.

**They bite.** `python scripts/mutate_isolation.py` breaks the product in one place at a time, in a scratch copy, and
runs them: {mutants} mutants, and each is killed by at least one test. The other direction holds as well: each test is
killed by at least one mutant, named beside it, and no two cases of one test are killed by the same ones. A mutant was
run against the tests that it names and all their cases, so a test may be killed by more than are named here.
"""


class Test(NamedTuple):
    """One test function: its name, the sentence that it holds, and the names of the mutants that kill it."""

    name: str
    sentence: str
    killers: list[str]


def files() -> dict[str, str]:
    """Return the generated files: path below the repository -> content."""
    mutants = load()
    kills: dict[str, list[str]] = json.loads(KILLS.read_text(encoding="utf-8"))
    sections = [section(path, kills) for path in sorted(FOLDER.glob("test_*.py"))]
    parts = [INTRODUCTION.format(mutants=len(mutants)), *sections, mutant_section(mutants, kills)]
    return {PAGE: "\n".join(parts)}


def section(path: Path, kills: dict[str, list[str]]) -> str:
    """Return the part of the page about one file of tests."""
    tree = ast.parse(path.read_bytes())
    rows = "".join(f"| {test.sentence} | {', '.join(test.killers)} |\n" for test in tests_of(tree, path.name, kills))
    head = (ast.get_docstring(tree) or "").partition("\n")[0]
    return f"## `{path.name}`\n\n{head}\n\n| what holds | killed by |\n|---|---|\n{rows}"


def tests_of(tree: ast.Module, file: str, kills: dict[str, list[str]]) -> list[Test]:
    """Return the tests of a file, in its order; the cases of a parametrised one are one test here."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = (f"{file}::{node.name}", f"{file}::{node.name}[")
            killers = [
                name for name, killed in kills.items() if any(k == own[0] or k.startswith(own[1]) for k in killed)
            ]
            found.append(Test(node.name, " ".join((ast.get_docstring(node) or "").split()), sorted(killers)))
    return found


def mutant_section(mutants: list[Mutant], kills: dict[str, list[str]]) -> str:
    """Return the part of the page about the mutants."""
    rows = "".join(
        f"| {mutant.name} | {mutant.breaks} | `{mutant.path}` | {len(kills.get(mutant.name, []))} |\n"
        for mutant in mutants
    )
    return f"## The mutants\n\n| mutant | what it breaks | where | tests killed |\n|---|---|---|---|\n{rows}"
