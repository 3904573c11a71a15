"""The pages beside the rules say what the code says, and each line of the checklists has its rule or its reader."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from hermetic import plugin, workers
from hermetic.catalogue.registry import ENGINE_CODES, walked
from hermetic.catalogue.rule import AUDIT, COLLECTION, GUARD, LINT, VERIFY
from hermetic.lint.own import OWN
from tests.utils.scripts import ROOT, imported, run_in

if TYPE_CHECKING:
    from pathlib import Path

RULES = [*OWN, *walked()]
CODES = {rule.code for rule in RULES} | ENGINE_CODES
LINK = re.compile(r"\[(HRM\d{3})\]\(rules/(HRM\d{3})\.md\)")

command_pages: Any = imported("scripts/command_pages.py")
enforcement_pages: Any = imported("scripts/enforcement_pages.py")
recent_pages: Any = imported("scripts/recent_pages.py")
pattern_pages: Any = imported("scripts/pattern_pages.py")


def checklists() -> dict[str, list[str]]:
    """The items of each list of the review page, on one line each."""
    page = (ROOT / "docs/review.md").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^## (.+)$", page)[1:]
    return {
        title: [" ".join(item.split()) for item in re.findall(r"(?ms)^- (.+?)(?=^- |\Z)", text)]
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def owners(item: str) -> list[str]:
    """What an item is tied to: codes of rules, or `human`; the end of the item says it."""
    tail = item.rpartition(". ")[2]
    return ["human"] if tail == "`human`" else [code for code, _ in LINK.findall(tail)]


def test_there_is_a_checklist_for_tests_fixtures_endpoints_and_hooks() -> None:
    assert list(checklists()) == ["Tests", "Fixtures", "Endpoints", "Hooks and configuration"]
    assert all(len(items) > 4 for items in checklists().values())


@pytest.mark.parametrize("item", [item for items in checklists().values() for item in items])
def test_every_item_of_a_checklist_is_tied_to_rules_that_exist_or_to_a_reader(item: str) -> None:
    assert owners(item)
    assert set(owners(item)) <= CODES | {"human"}
    assert all(code == page for code, page in LINK.findall(item))


def test_every_rule_that_runs_on_tests_stands_in_a_checklist() -> None:
    named = {owner for items in checklists().values() for item in items for owner in owners(item)}

    assert CODES - named == set()


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("All is well.", []),
        ("All is well. [HRM101](rules/HRM101.md) [HRM102](rules/HRM102.md)", ["HRM101", "HRM102"]),
        ("A [HRM101](rules/HRM101.md) is avoided. `human`", ["human"]),
        ("All is well. humanly", []),
    ],
)
def test_what_an_item_is_tied_to_stands_at_its_end(item: str, found: list[str]) -> None:
    assert owners(item) == found


def test_the_table_of_layers_has_a_row_for_each_rule_and_says_what_it_claims() -> None:
    page = (ROOT / "docs/enforcement.md").read_text(encoding="utf-8")

    for rule in RULES:
        claims = {layer for each in (rule, *rule.bad) for layer in each.claims}
        cells = ["yes" if layer in claims else "" for layer in (LINT, COLLECTION, GUARD, AUDIT, VERIFY)]
        assert f"| [{rule.code}](rules/{rule.code}.md) {rule.name} | {' | '.join(cells)} |" in page


def test_every_limit_of_a_rule_is_among_the_known_gaps() -> None:
    page = (ROOT / "docs/enforcement.md").read_text(encoding="utf-8").partition("## Known gaps")[2]

    for rule in walked():
        if limits := (rule.__doc__ or "").partition("    Limits:\n")[2].split("\n")[0].strip():
            assert limits in page, rule.code
        assert all(why in page for why in rule.no_claims.values()), rule.code


def test_a_region_that_nobody_fills_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/enforcement.md").write_text("<!-- generated: lairs -->\n<!-- end -->\n", encoding="utf-8")

    with pytest.raises(ValueError, match="nothing fills lairs; regions are layers, gaps"):
        enforcement_pages.files(tmp_path, walked())


def test_the_reference_names_every_option_that_the_commands_print() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    names = ("check", "baseline", "explain", "rules", "audit", "hunt", "verify")
    commands = (["hook", "hermetic"], *([name] for name in names))

    printed = "".join(run_in(ROOT, "-m", "hermetic", *command, "--help").stdout for command in commands)

    options = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", printed)) - {"--help"}
    assert {"--select", "--output-format", "--no-cache"} <= options
    assert {option for option in options if f"`{option}`" not in page} == set()


def test_the_reference_names_every_option_and_fixture_that_pytest_prints() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")

    printed = run_in(ROOT, "-m", "pytest", "--help", "-p", "no:cacheprovider").stdout
    offered = run_in(
        ROOT, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider", "tests/unit/test_lock.py"
    ).stdout

    options = set(re.findall(r"--hermetic[a-z-]*", printed)) | set(re.findall(r"(?m)^  (hermetic\w*) ", printed))
    fixtures = set(re.findall(r"(?m)^((?:worker_|once_per)\w+)", offered)) - {"worker_id"}  # that one is xdist's
    assert len(options) >= 6
    assert len(fixtures) > 15
    assert {name for name in options | fixtures if f"`{name}`" not in page} == set()


def test_a_setting_without_a_meaning_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(command_pages.MEANINGS, "exclude")

    with pytest.raises(ValueError, match="exclude"):
        command_pages.files()


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    """A tree with a changelog and one fragment."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "docs/rules").mkdir(parents=True)
    (tmp_path / "docs/rules/HRM101.md").touch()
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d/README.md").write_text("not a fragment", encoding="utf-8")
    (tmp_path / "changelog.d/+a.rule.md").write_text("HRM101 sees\nmore than HRM999 and `HRM101`.\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n<!-- towncrier release notes start -->\n", encoding="utf-8")
    return tmp_path


def test_recent_work_shows_fragments_by_type_with_links_to_the_rules_that_have_a_page(changes: Path) -> None:
    page = recent_pages.files(changes)["docs/recent.md"]

    assert "### Rules\n\n- [HRM101](rules/HRM101.md) sees more than HRM999 and `HRM101`.\n" in page
    assert "not a fragment" not in page


def test_recent_work_shows_what_was_released_and_only_patterns_that_are_newer(changes: Path) -> None:
    first, *others = pattern_pages.every()
    with (changes / "CHANGELOG.md").open("a", encoding="utf-8") as file:
        file.write(f"\n## 0.1.0 (2030-01-01)\n\n- New pattern: {pattern_pages.shown(first)}\n")

    recent = recent_pages.files(changes)["docs/recent.md"].partition("### New patterns")[2]

    fresh, _, released = recent.partition("## 0.1.0 (2030-01-01)")
    assert pattern_pages.shown(first) not in fresh
    assert all(pattern_pages.shown(pattern) in fresh for pattern in others)
    assert f"New pattern: {pattern_pages.shown(first)}" in released


def test_a_fragment_of_an_unknown_type_is_an_error_that_names_it(changes: Path) -> None:
    (changes / "changelog.d/+b.rules.md").touch()

    with pytest.raises(ValueError, match=r"\+b\.rules\.md: no such type; types are breaking, rule"):
        recent_pages.files(changes)


def test_the_page_of_the_workers_names_every_fixture_with_its_scope_and_every_public_function() -> None:
    page = (ROOT / "docs/workers.md").read_text(encoding="utf-8")

    wrong = [
        name
        for name, scope, _ in command_pages.declared_fixtures()
        if not re.search(rf"(?m)^\|[^|]*`{name}`[^|]*\| {scope} \|", page)
    ]
    assert wrong == []
    functions = [name for name in workers.__all__ if name.startswith("get_")]
    assert len(functions) > 5
    assert [name for name in functions if f"`{name}(" not in page] == []


def test_the_page_of_the_plugin_names_every_option_of_the_plugin() -> None:
    page = (ROOT / "docs/plugin.md").read_text(encoding="utf-8")
    recorder = command_pages.Recorder()

    plugin.pytest_addoption(recorder)

    assert len(recorder.options) >= 6
    assert [option.name for option in recorder.options if not re.search(rf"`{option.name}\b", page)] == []
