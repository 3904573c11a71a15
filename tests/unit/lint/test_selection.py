"""Which rules run: presets, codes and prefixes, and what selects nothing."""

from __future__ import annotations

import pytest

from hermetic.catalogue.registry import Entry
from hermetic.config import ConfigError, Settings
from hermetic.lint.selection import Selection, choose, is_code, levels_of


def entry(code: str, *presets: str) -> Entry:
    return Entry(code, code.lower(), "module", "Rule", presets, ())


ENTRIES = [
    entry("HRM101", "recommended"),
    entry("HRM102", "recommended"),
    entry("HRM202", "project"),
    entry("HRM303", "memory", "recommended"),
    entry("ACME101", "recommended"),
    entry("ACME2", "project"),
]


def chosen(**settings: object) -> Selection:
    wanted = Settings("/")
    for name, value in settings.items():
        setattr(wanted, name, value)
    return choose(ENTRIES, wanted)


def codes(**settings: object) -> list[str]:
    return [item.code for item in chosen(**settings).entries]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (("recommended",), ["HRM101", "HRM102", "HRM303", "ACME101"]),
        (("memory",), ["HRM303"]),
        (("ALL",), ["HRM101", "HRM102", "HRM202", "HRM303", "ACME101", "ACME2"]),
        (("HRM101",), ["HRM101"]),
        (("HRM1", "project"), ["HRM101", "HRM102", "HRM202", "ACME2"]),
        (("HRM",), ["HRM101", "HRM102", "HRM202", "HRM303"]),
        (("ACME1",), ["ACME101"]),
        (("HRM905",), []),
    ],
)
def test_selectors_name_presets_codes_and_prefixes(select: tuple[str, ...], expected: list[str]) -> None:
    assert codes(select=select) == expected


def test_extend_select_adds_and_ignore_takes_away() -> None:
    assert codes(extend_select=("HRM2",), ignore=("HRM101", "ACME")) == ["HRM102", "HRM202", "HRM303"]


@pytest.mark.parametrize("where", ["select", "extend_select", "ignore"])
@pytest.mark.parametrize("selector", ["HRM9999", "H", "", "acme101", "HRM101 HRM102", "nothing"])
def test_a_selector_that_names_nothing_is_refused(where: str, selector: str) -> None:
    with pytest.raises(ConfigError, match=f"^{selector!r} selects no rule; "):
        chosen(**{where: (selector,)})


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("HRM11", "HRM101"),
        ("HRM1xx", "HRM1"),
        ("HRM*", "HRM"),
        ("hrm101", "HRM101"),
        ("all", "ALL"),
        ("recomended", "recommended"),
    ],
)
def test_a_misspelt_selector_is_answered_with_the_nearest(selector: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant!r}"):
        chosen(select=(selector,))


@pytest.mark.parametrize(("select", "ignore"), [((), ()), (("HRM1",), ("HRM101", "HRM102")), (("ALL",), ("ALL",))])
def test_a_selection_that_leaves_nothing_is_refused(select: tuple[str, ...], ignore: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="no rule is left to run: selected is "):
        chosen(select=select, ignore=ignore)


def test_an_unknown_code_for_some_files_is_refused() -> None:
    with pytest.raises(ConfigError, match="'HRM77' selects no rule"):
        chosen(per_file_ignores={"a.py": ("HRM77",)})


def test_codes_ignored_for_some_files_may_be_prefixes_and_presets() -> None:
    ignored = dict(chosen(per_file_ignores={"a.py": ("HRM1",), "b.py": ("memory",)}).ignored)

    assert ignored["a.py"] == {"HRM101", "HRM102"}
    assert "HRM303" in ignored["b.py"]


def test_a_file_that_cannot_be_read_counts_unless_that_is_ignored() -> None:
    assert "HRM001" in chosen(select=("HRM101",)).codes
    assert "HRM001" not in chosen(select=("HRM101",), ignore=("HRM001",)).codes


def test_unused_suppressions_count_in_presets_and_when_named() -> None:
    assert "HRM905" in chosen().codes
    assert "HRM905" not in chosen(select=("HRM101",)).codes


def test_all_turns_every_preset_on() -> None:
    assert chosen(select=("ALL",)).presets == {"recommended", "memory", "project"}
    assert chosen(extend_select=("project",)).presets == {"recommended", "project"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HRM101", True),
        ("ACME1", True),
        ("HRM1", False),
        ("HRM1011", False),
        ("hrm101", False),
        ("101", False),
        ("HRM", False),
    ],
)
def test_a_code_is_capital_letters_and_digits(text: str, expected: object) -> None:
    assert is_code(text) is expected


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"HRM101": "error"}, {"HRM101": "error"}),
        ({"HRM1": "error"}, {"HRM101": "error", "HRM102": "error"}),
        ({"HRM101": "off", "HRM1": "error"}, {"HRM101": "off", "HRM102": "error"}),
        ({"HRM1": "error", "HRM101": "off"}, {"HRM101": "off", "HRM102": "error"}),
        ({"HRM202": "warn", "project": "error"}, {"HRM202": "warn", "ACME2": "error"}),
        ({"ACME101": "off", "recommended": "error", "HRM": "warn"}, {"ACME101": "off", "HRM101": "warn"}),
        ({"SHOP101": "error"}, {"SHOP101": "error"}),
    ],
)
def test_a_level_is_that_of_the_longest_selector(levels: dict[str, str], expected: dict[str, str]) -> None:
    found = levels_of(ENTRIES, levels)

    assert {code: found[code] for code in expected} == expected


@pytest.mark.parametrize("selector", ["HRM999", "HRM8", "environ-write", "hrm101", ""])
def test_a_level_for_what_is_no_rule_cannot_be_used(selector: str) -> None:
    with pytest.raises(ConfigError, match=r"\[tool\.hermetic\.guard\] levels: "):
        chosen(levels={selector: "error"})
