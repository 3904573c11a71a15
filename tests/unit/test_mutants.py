"""The mutants of the regression tests, and what is asked of what was seen of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import mutants

    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "FOLDER", tmp_path)
    (tmp_path / "src/hermetic").mkdir(parents=True)
    (tmp_path / "src/hermetic/thing.py").write_text("A = 1\nB = 1\n", encoding="utf-8")
    return mutants


def entry(folder: Path, **changes: str) -> None:
    facts = {"name": "a", "breaks": "A.", "path": "src/hermetic/thing.py", "old": "A = 1", "new": "A = 2"} | changes
    lines = "".join(f'{key} = """{value}"""\n' for key, value in facts.items())
    with (folder / "area.toml").open("a", encoding="utf-8") as file:
        file.write(f'[[mutant]]\n{lines}kills = ["test_a.py::test_it"]\n')


def test_a_mutant_changes_one_place(mutants: Any, tmp_path: Path) -> None:
    entry(tmp_path)

    (mutant,) = mutants.load()

    assert mutant.applied_to("A = 1\nB = 1\n") == "A = 2\nB = 1\n"
    assert mutant.kills == ("test_a.py::test_it",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"old": "= 1"}, "is 2 times in"),
        ({"old": "C"}, "is 0 times in"),
        ({"new": "A ="}, "does not compile then"),
        ({"path": "tests/test_it.py"}, "is not the product"),
        ({"colour": "red"}, "unexpected keyword argument 'colour'"),
    ],
)
def test_a_mutant_that_cannot_be_judged_is_an_error(
    mutants: Any, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    entry(tmp_path, **changes)

    with pytest.raises(mutants.MutantError, match=message):
        mutants.load()


def test_two_mutants_of_one_name_are_an_error(mutants: Any, tmp_path: Path) -> None:
    entry(tmp_path)
    entry(tmp_path)

    with pytest.raises(mutants.MutantError, match="two mutants are named a"):
        mutants.load()


def test_a_name_that_no_mutant_has_is_an_error(mutants: Any, tmp_path: Path) -> None:
    entry(tmp_path)

    with pytest.raises(mutants.MutantError, match="no mutant is named b"):
        mutants.load(["b"])


def test_what_must_hold_is_told_where_it_does_not(mutants: Any, tmp_path: Path) -> None:
    entry(tmp_path)
    entry(tmp_path, name="b")
    both = mutants.load()
    tests = {"test_a.py::test_it", "test_a.py::test_x[1]", "test_a.py::test_x[2]", "test_a.py::test_y"}
    seen = {"a": {"test_a.py::test_x[1]", "test_a.py::test_x[2]", "test_a.py::test_y"}, "b": set()}

    assert mutants.problems_of(both, seen, tests) == [
        "survivor: b (A.)",
        "a names test_a.py::test_it, which passes",
        "no mutant kills test_a.py::test_it",
        "killed by the same mutants: test_a.py::test_x[1], test_a.py::test_x[2]",
    ]


def test_nothing_is_told_where_all_holds(mutants: Any, tmp_path: Path) -> None:
    entry(tmp_path)
    tests = {"test_a.py::test_it", "test_a.py::test_x[1]", "test_a.py::test_x[2]"}
    seen = {"a": {"test_a.py::test_it", "test_a.py::test_x[1]"}, "b": {"test_a.py::test_x[2]"}}

    assert mutants.problems_of(mutants.load(), seen, tests) == []
