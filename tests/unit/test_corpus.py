"""The corpus is as it was frozen, is what it claims to be, and is counted correctly."""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.catalogue.registry import walked
from tests.utils import auditing
from tests.utils.scripts import imported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

corpus_cases: Any = imported("benchmarks/corpus_cases.py")
corpus_freeze: Any = imported("benchmarks/corpus_freeze.py")
corpus_score: Any = imported("benchmarks/corpus_score.py")

FAMILIES = {f"{digit}xx" for digit in range(1, 10)}


class Corpus(tuple[Any, ...]):
    """The cases; a failing test must not print them to whoever writes rules."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} cases>"


@pytest.fixture(scope="module")
def cases() -> Corpus:
    return Corpus(corpus_cases.read_corpus())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the corpus, as frozen."""
    folder = tmp_path / "corpus"
    shutil.copytree(corpus_cases.ROOT, folder)
    assert differences(folder) == []
    return folder


def differences(folder: Path) -> list[str]:
    found: list[str] = corpus_freeze.differences(
        corpus_freeze.digests(folder), corpus_freeze.frozen(folder / corpus_freeze.MANIFEST.name)
    )
    return found


def a_case(folder: Path) -> Path:
    return min(folder.rglob("*.toml"))


def test_corpus_is_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    assert corpus_freeze.main(["--check"]) == 0, capsys.readouterr().out


def test_a_changed_case_is_noticed(copy: Path) -> None:
    case = a_case(copy)
    case.write_bytes(case.read_bytes().replace(b"\n", b"\r\n"))

    assert differences(copy) == [f"{case.relative_to(copy).as_posix()} was changed"]


def test_a_removed_case_is_noticed(copy: Path) -> None:
    case = a_case(copy)
    case.unlink()

    assert differences(copy) == [f"{case.relative_to(copy).as_posix()} was removed"]


def test_an_added_case_is_noticed(copy: Path) -> None:
    shutil.copy(a_case(copy), copy / "1xx" / "added.toml")

    assert differences(copy) == ["1xx/added.toml is not frozen"]


def test_the_corpus_has_enough_pairs_in_every_family(cases: Corpus) -> None:
    pairs = [case for case in cases if case.bad and case.good]

    assert len(pairs) >= 150
    assert {case.id.partition("/")[0] for case in pairs} == FAMILIES
    assert [case.id for case in pairs if case.id.partition("/")[0] != f"{case.code[3]}xx"] == []


def test_the_twins_of_a_pair_differ(cases: Corpus) -> None:
    assert [case.id for case in cases if case.bad == case.good] == []


def test_every_case_has_a_source_and_names_its_layers(cases: Corpus) -> None:
    assert [case.id for case in cases if not case.source.strip() or not case.layers] == []


def test_no_case_stands_there_twice(cases: Corpus) -> None:
    twice = {suite for suite, number in Counter(suite_of(case.bad) for case in cases).items() if number > 1}

    assert [case.id for case in cases if suite_of(case.bad) in twice] == []


def test_no_case_is_an_example_of_a_rule(cases: Corpus) -> None:
    examples = [example.files for rule in walked() for example in (*rule.bad, *rule.good)]
    shown = {text for files in examples for text in files_with_tests(files)}

    assert shown
    same = [case.id for case in cases for files in (case.bad, case.good) if shown & set(files_with_tests(files))]
    assert same == []


def normal(source: str) -> str:
    """Return source without what does not count: comments, blank lines, quotes, docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value = ast.Constant(None)
    return ast.unparse(tree)


def suite_of(files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((path, normal(text) if path.endswith(".py") else text) for path, text in files.items()))


def files_with_tests(files: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that hold tests, normalised; short helpers may be alike by chance."""
    return (normal(text) for path, text in files.items() if path.endswith(".py") and "def test" in text)


CASE = """
code = "{code}"
title = "made up"
source = "made up"
layers = {layers}
harm = "none"
why = "made up"

[bad]
"test_it.py" = '''
import os


def test_a():
{bad}
'''

[good]
"test_it.py" = '''
import os


def test_a({fixture}):
{good}
'''
"""
WRITE = '    os.environ["A"] = "1"'
OTHER = '    os.environ["B"] = "1"'
MARK = "  # <- HRM101"
SAFE = '    monkeypatch.setenv("A", "1")'


def made_up(folder: Path, *, bad: str, good: str = SAFE, name: str = "1xx/a", **fields: str) -> Any:
    """Write a case and read it back."""
    path = folder / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    fields = {"code": "HRM101", "layers": '["lint"]', "fixture": "monkeypatch" if good == SAFE else "", **fields}
    path.write_text(CASE.format(bad=bad, good=good, **fields), encoding="utf-8")
    return corpus_cases.read_case(path, folder)


def only_score(case: Any) -> Any:
    (score,) = corpus_score.score(case)
    return score


def test_a_violation_that_is_found_on_its_line_is_caught(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, bad=WRITE + MARK))

    assert (score.layer, score.caught, score.false_alarms) == ("lint", True, ())


def test_a_violation_that_is_found_on_another_line_is_missed_and_a_false_alarm(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, bad=f"{WRITE}\n    assert os{MARK}"))

    assert not score.caught
    assert score.false_alarms == ("bad twin: test_it.py:5 HRM101",)


def test_a_violation_is_missed_while_one_of_its_lines_is(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, bad=f"{WRITE}{MARK}\n    assert os{MARK}"))

    assert (score.caught, score.false_alarms) == (False, ())


def test_the_same_code_on_an_unmarked_line_is_a_false_alarm(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, bad=f"{WRITE}{MARK}\n{OTHER}"))

    assert score.caught
    assert score.false_alarms == ("bad twin: test_it.py:6 HRM101",)


def test_a_finding_in_the_correct_twin_is_a_false_alarm(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, bad=WRITE + MARK, good=WRITE))

    assert score.caught
    assert score.false_alarms == ("good twin: test_it.py:5 HRM101",)


def test_a_recommended_rule_of_another_code_is_a_false_alarm_in_the_correct_twin_alone(tmp_path: Path) -> None:
    move = '    os.chdir("/")  # <- HRM102'
    in_both = only_score(made_up(tmp_path, code="HRM102", bad=f"{move}\n{WRITE}", good=WRITE))

    assert in_both.false_alarms == ("good twin: test_it.py:5 HRM101",)


def test_a_rule_outside_recommended_counts_in_cases_of_its_own_code(tmp_path: Path) -> None:
    memory = "    from unittest.mock import MagicMock\n    assert MagicMock()"
    own = made_up(tmp_path, code="HRM301", bad=f"{WRITE}  # <- HRM301", good=memory)
    other = made_up(tmp_path, bad=WRITE + MARK, good=memory)

    assert [alarm.split()[-1] for alarm in only_score(own).false_alarms] == ["HRM301"]
    assert only_score(other).false_alarms == ()


def test_a_code_without_a_rule_is_missed(tmp_path: Path) -> None:
    score = only_score(made_up(tmp_path, code="HRM999", bad="    assert os  # <- HRM999"))

    assert (score.caught, score.false_alarms) == (False, ())


def test_a_case_for_another_layer_is_not_scored(tmp_path: Path) -> None:
    assert corpus_score.score(made_up(tmp_path, bad=WRITE + MARK, layers='["audit"]')) == []
    assert corpus_score.score_audit(made_up(tmp_path, bad=WRITE + MARK)) == []


def test_a_case_for_the_audit_whose_rule_does_not_claim_it_is_missed_without_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "audited", lambda *_: pytest.fail("it was audited"))

    (score,) = corpus_score.score_audit(made_up(tmp_path, bad=WRITE + MARK, layers='["audit"]'))

    assert (score.layer, score.caught, score.false_alarms) == ("audit", False, ())


def test_a_case_that_the_audit_claims_is_audited(cases: Corpus) -> None:
    (case,) = [case for case in cases if case.id == "7xx/HRM703-missing-extra-at-import"]

    (score,) = corpus_score.score_audit(case)

    assert (score.caught, score.false_alarms) == (True, ())


def test_the_table_counts_each_family_and_everything(tmp_path: Path) -> None:
    found = [
        made_up(tmp_path, bad=WRITE + MARK),
        made_up(tmp_path, bad=f"    assert os{MARK}", name="1xx/b"),
        made_up(tmp_path, bad=f"{WRITE}{MARK}\n{OTHER}", good=WRITE, name="1xx/c"),
        made_up(tmp_path, bad=f"    assert os{MARK}", name="2xx/d"),
    ]

    rows = corpus_score.table([only_score(case) for case in found], len(found))

    assert [row.split() for row in rows] == [
        ["family", "layer", "violations", "caught", "missed", "false", "alarms"],
        ["1xx", "lint", "3", "2", "1", "1"],
        ["2xx", "lint", "1", "0", "1", "0"],
        ["all", "4", "2", "2", "1"],
    ]


def test_the_score_lists_its_misses_and_its_false_alarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up(tmp_path, bad=f"    assert os{MARK}", good=WRITE)
    monkeypatch.setattr(corpus_score, "read_corpus", lambda: corpus_cases.read_corpus(tmp_path))

    code = corpus_score.main(["--misses", "--json", str(tmp_path / "score.json")])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "1 violations and 1 correct twins" in lines
    assert "missed  1xx/a  (lint)  made up" in lines
    assert "alarm   1xx/a  good twin: test_it.py:5 HRM101" in lines
    (record,) = json.loads((tmp_path / "score.json").read_text(encoding="utf-8"))["scores"]
    assert (record["case"], record["code"], record["layer"], record["caught"]) == ("1xx/a", "HRM101", "lint", False)


def test_without_a_corpus_nothing_is_scored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(corpus_score, "read_corpus", list)

    assert corpus_score.main([]) == 2
    assert capsys.readouterr().err == "no corpus\n"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"bad": WRITE}, "no line of the bad twin ends with"),
        ({"bad": WRITE + MARK, "good": WRITE + MARK}, "the good twin carries a mark"),
        ({"bad": WRITE + "  # <- HRM102"}, "no line of the bad twin ends with"),
    ],
    ids=["no-mark", "mark-in-good", "mark-of-another-code"],
)
def test_a_case_that_is_not_well_formed_is_refused(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        made_up(tmp_path, **changes)
