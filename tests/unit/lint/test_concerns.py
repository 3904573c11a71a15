"""The list of concerns, and everything that must agree with it."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hermetic.catalogue.registry import Entry, entry_of, indexed, walked
from hermetic.lint.changed import COMPARING
from hermetic.lint.concerns import CONCERNS, Concern, find
from tests.utils.commits import ROOT, own_hooks
from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

RULES = {rule.code: rule for rule in walked()}
SCRIPTS = [concern for concern in CONCERNS if concern.script]


def offered() -> dict[str, dict[str, Any]]:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return {hook["id"]: hook for hook in hooks}


def selecting() -> list[object]:
    return [
        pytest.param(concern, entry.code, id=f"{concern.id}-{entry.code}")
        for concern in CONCERNS
        for entry in concern.entries(indexed())
    ]


@pytest.mark.parametrize(("concern", "code"), selecting())
def test_a_selection_finds_the_examples_of_its_rules_without_any_preset(
    tmp_path: Path, concern: Concern, code: str
) -> None:
    rule = RULES[code]
    codes = [entry.code for entry in concern.entries(indexed())]
    missed = []
    for number, example in enumerate(rule.bad):
        found = {(item.path, item.line) for item in lint_files(example.files, tmp_path / str(number), select=codes)
                 if item.code == code}  # fmt: skip
        if "lint" in (example.claims or rule.claims) and not example.marks(code) & found:
            missed.append(example.title)

    assert len(missed) < len(rule.bad), missed


def test_the_offered_hooks_are_those_of_the_list_and_start_themselves() -> None:
    assert list(offered()) == [concern.id for concern in CONCERNS if concern.is_hook]
    for name, hook in offered().items():
        assert (hook["entry"], hook["language"], hook["types"]) == (f"hermetic hook {name}", "python", ["python"])


def test_this_repository_runs_every_hook_that_it_offers_as_it_offers_it() -> None:
    own = own_hooks()
    for name, hook in offered().items():
        local = own[name]
        assert local == {
            "id": name,
            "name": hook["name"],
            "entry": f".venv/bin/{hook['entry']}",
            "language": "system",
            "types": hook["types"],
            "require_serial": hook["require_serial"],
        }


@pytest.mark.parametrize("concern", SCRIPTS, ids=lambda concern: concern.id)
def test_a_script_exists_once_one_of_its_rules_does_and_runs_its_own_concern(concern: Concern) -> None:
    path = ROOT / concern.script

    assert path.exists() == bool(concern.entries(indexed()))
    if path.exists():
        calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        names = [node.args[0].value for node in calls if getattr(node.func, "id", "") == "script"]  # type: ignore[attr-defined]
        assert names == [concern.id]


def test_a_selector_names_a_family_or_one_rule() -> None:
    concern = Concern("x", "x", ("HRM1", "HRM201"))
    rules = [Entry(code, "", "", "", (), ()) for code in ("HRM101", "HRM110", "HRM201", "HRM202", "HRM301")]

    assert [rule.code for rule in concern.entries(rules)] == ["HRM101", "HRM110", "HRM201"]
    assert Concern("y", "y", ()).entries(rules) == []


def test_a_concern_is_found_by_its_id() -> None:
    assert find("hermetic") is CONCERNS[5]
    assert find("hermetik") is None


def test_every_rule_of_the_families_that_hooks_cover_belongs_to_one() -> None:
    hooks = [concern for concern in CONCERNS if concern.is_hook]
    entries = [entry_of(rule) for code, rule in RULES.items() if code[3] in "1234568"]
    covered = {entry.code for hook in hooks for entry in hook.entries(entries)}

    assert [entry.code for entry in entries if entry.code not in covered] == []


def test_the_rules_that_note_what_they_saw_in_other_files_are_known_to_compare() -> None:
    noting = {code for code, rule in RULES.items() if "project.seen" in inspect.getsource(inspect.getmodule(rule))}  # type: ignore[arg-type]

    assert noting == set(COMPARING)
