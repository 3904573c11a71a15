"""Each bad repository of HRM902-904 is told at its line, and nothing is found in the correct ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.registry import walked
from hermetic.catalogue.rule import VERIFY
from tests.utils.verifying import found, proof_of, repository

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Example, Rule

RULES = [rule for rule in walked() if VERIFY in rule.claims]


def cases(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.code}-{kind}-{number}")
        for rule in RULES
        for number, example in enumerate(getattr(rule, kind))
    ]


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_a_bad_repository_is_told_at_its_line(rule: type[Rule], example: Example, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", example.files)

    proof = proof_of(folder)

    assert found(proof, rule.code) == example.marks(rule.code), proof.findings
    assert {item.layer for item in proof.findings} == {VERIFY}


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_nothing_is_found_in_a_correct_repository(rule: type[Rule], example: Example, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", example.files)

    proof = proof_of(folder)

    assert proof.findings == [], rule.code
    assert proof.alarms == []


def test_the_rules_of_the_layer_are_found() -> None:
    assert [rule.code for rule in RULES] == ["HRM902", "HRM903", "HRM904"]
