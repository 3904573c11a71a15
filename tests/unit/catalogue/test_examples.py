"""Every rule's examples are its tests."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.registry import indexed, walked
from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Example, Rule

RULES = list(walked())


def cases(kind: str) -> list[object]:
    """Return a parameter for each example of each rule."""
    return [
        pytest.param(rule, example, id=f"{rule.code}-{kind}-{number}")
        for rule in RULES
        for number, example in enumerate(getattr(rule, kind))
    ]


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_a_bad_example_is_found_with_its_code_on_its_line(rule: type[Rule], example: Example, tmp_path: Path) -> None:
    found = {(item.path, item.line) for item in lint_files(example.files, tmp_path) if item.code == rule.code}
    expected = example.marks(rule.code)
    assert expected, "no line of the example carries the mark"
    if "lint" in (example.claims or rule.claims):
        assert found == expected
    else:
        assert found == set()


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_a_good_example_is_clean_under_every_rule_of_its_presets(
    rule: type[Rule], example: Example, tmp_path: Path
) -> None:
    wanted = {"recommended"} | set(rule.presets)
    codes = [other.code for other in RULES if wanted & set(other.presets)]
    found = lint_files(example.files, tmp_path)
    assert [item for item in found if item.code in codes] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_at_least_three_examples_of_each_kind(rule: type[Rule]) -> None:
    assert len(rule.bad) >= 3
    assert len(rule.good) >= 3


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_without_the_rule_nothing_finds_its_examples(rule: type[Rule], tmp_path: Path) -> None:
    found = lint_files(rule.bad[0].files, tmp_path, ignore=(rule.code,))
    assert rule.code not in {item.code for item in found}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_bad_example_holds_one_of_the_rules_tokens(rule: type[Rule]) -> None:
    for example in rule.bad:
        text = "".join(example.files.values()).encode()
        if "lint" in (example.claims or rule.claims):
            assert not rule.tokens or any(token in text for token in rule.tokens)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_names_the_repair_in_one_line(rule: type[Rule]) -> None:
    assert 0 < len(rule.repair) <= 100
    assert "\n" not in rule.repair


def test_the_index_lists_the_rules_that_walking_finds() -> None:
    assert [(entry.code, entry.module, entry.attribute) for entry in indexed()] == [
        (rule.code, rule.__module__, rule.__name__) for rule in RULES
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_a_rule_relates_to_exists(rule: type[Rule]) -> None:
    assert rule.code not in rule.related


def runnable(example: Example) -> bool:
    """Tell whether the modules that an example needs are installed."""
    return all(importlib.util.find_spec(name) is not None for name in example.needs)
