"""The linter that the guard asks for lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue import registry
from hermetic.config import Settings
from hermetic.guard.linted import KEPT_BYTES, Linted
from hermetic.guard.options import Options
from hermetic.lint.selection import Selection
from hermetic.source import module

if TYPE_CHECKING:
    from pathlib import Path

SHOP = "prices = {}\n\n\ndef learn(name):\n    prices[name] = 1\n"
TEST = "import shop\n\n\ndef test_a_price_is_learnt():\n    shop.prices['tea'] = 2\n    assert shop.prices\n"


@pytest.fixture
def linted(tmp_path: Path) -> Linted:
    """Return the linter over a project of one module and two files of tests that break a rule in the same line."""
    entries = {entry.code: entry for entry in registry.indexed()}
    settings = Settings(str(tmp_path))
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(TEST, encoding="utf-8")
    selection = Selection([*entries.values()], frozenset({"recommended"}), frozenset(entries))
    return Linted(Options("warn", "", "off", settings, selection, entries))


def test_a_file_is_linted_as_if_it_were_the_first_one(linted: Linted, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("test_one.py", "test_two.py")]
    together = [linted.findings("HRM601", path) for path in paths]
    alone = [Linted(linted.options).findings("HRM601", path) for path in paths]
    assert [[(found.path, found.line) for found in each] for each in together] == [[(path, 5)] for path in paths]
    assert [[found.message for found in each] for each in together] == [[one.message for one in each] for each in alone]


def test_what_a_rule_noted_of_another_file_is_forgotten(linted: Linted, tmp_path: Path) -> None:
    linted.findings("HRM601", str(tmp_path / "test_one.py"))
    seen = linted.engine("HRM601").project.seen
    seen["noted"] = "by a rule that compares files"
    linted.findings("HRM601", str(tmp_path / "test_two.py"))
    assert "noted" not in seen


def test_the_code_under_test_is_parsed_once(linted: Linted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = module.parse
    monkeypatch.setattr(module, "parse", lambda data, path: parsed.append(path) or parse(data, path))
    for name in ("test_one.py", "test_two.py"):
        linted.findings("HRM601", str(tmp_path / name))
    assert parsed.count(str(tmp_path / "shop.py")) == 1


def test_little_stays_in_memory_between_two_files(linted: Linted, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP + "#" * KEPT_BYTES, encoding="utf-8")
    linted.findings("HRM601", str(tmp_path / "test_one.py"))
    assert not linted.engine("HRM601").project._modules


def test_a_rule_that_cannot_be_loaded_leaves_the_finding_without_a_line(
    linted: Linted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: str) -> None:
        raise ImportError("hermetic is half installed")

    monkeypatch.setattr(linted, "engine", fails)
    assert linted.findings("HRM601", str(tmp_path / "test_one.py")) == []
