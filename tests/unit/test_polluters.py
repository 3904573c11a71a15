"""The polluters are as they were frozen, and are scored as their page says."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.catalogue.registry import walked
from tests.utils.scripts import imported

if TYPE_CHECKING:
    from pathlib import Path

corpus_freeze: Any = imported("benchmarks/corpus_freeze.py")
polluter_cases: Any = imported("benchmarks/polluter_cases.py")
polluter_score: Any = imported("benchmarks/polluter_score.py")

CASE = """
code = "HRM101"
kind = "process"
title = "A test writes a variable."
source = "written here: for a test"
state = ["MODE"]

[files]
"test_mode.py" = '''
import os


def test_mode():
    os.environ["MODE"] = "fast"  # <-
'''
"""


@pytest.fixture
def case(tmp_path: Path) -> Any:
    path = tmp_path / "mode.toml"
    path.write_text(CASE, encoding="utf-8")
    return polluter_cases.read_polluter(path)


def finding(**given: object) -> dict[str, object]:
    return {"path": "test_mode.py", "line": 5, "code": "HRM101", "state": "os.environ['MODE']", **given}


def test_the_cases_are_as_they_were_frozen() -> None:
    now = corpus_freeze.digests(polluter_cases.ROOT)

    assert corpus_freeze.differences(now, corpus_freeze.frozen(polluter_cases.ROOT / "FROZEN")) == []


def test_there_are_forty_cases_and_each_is_complete() -> None:
    cases = polluter_cases.read_polluters()
    codes = {rule.code for rule in walked()}

    assert len(cases) >= 40
    for case in cases:
        assert case.code in codes, case.id
        assert case.state, case.id
        assert case.source.startswith(("https://", "written here: ")), case.id
        for path, text in case.files.items():
            ast.parse(text, path)


def test_a_case_without_a_marked_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mode.toml"
    path.write_text(CASE.replace("  # <-", ""), encoding="utf-8")

    with pytest.raises(ValueError, match=r"mode\.toml: one line has to end with"):
        polluter_cases.read_polluter(path)


def test_a_line_three_away_is_near_and_four_away_is_not(case: Any) -> None:
    assert polluter_score.is_near(finding(line=8), case)
    assert not polluter_score.is_near(finding(line=9), case)
    assert not polluter_score.is_near(finding(line=None), case)
    assert not polluter_score.is_near(finding(path="conftest.py"), case)


def test_a_state_is_named_when_it_holds_all_words(case: Any) -> None:
    both = case._replace(state=("os.environ", "mode"))

    assert polluter_score.names(finding(), both)
    assert not polluter_score.names(finding(state="os.environ['HOME']"), both)


def test_a_case_that_cannot_run_counts_as_missed(case: Any) -> None:
    score = polluter_score.score(None, case._replace(needs=("no_such_module",)))
    rows = polluter_score.table([score])

    assert rows[-2].split() == ["all", "1", "0", "0", "0"]
    assert polluter_score.misses([score]) == ["mode  not installed: no_such_module"]
