"""Some sabotages, chosen by the content of the tree: each is performed, and noticed. `make sabotage` performs all."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from tests.utils import meta

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = 3


def test_sabotages_that_this_tree_chooses_are_noticed(tmp_path: Path) -> None:
    tree = meta.Tree(meta.ROOT, tmp_path / "environment")

    done = tree.script("scripts/sabotage.py", "--sample", str(SAMPLE))

    assert f"{SAMPLE} sabotages, {SAMPLE} noticed" in done.output, done.output
    assert done.code == 0, done.output


def test_each_sabotage_can_be_made_in_this_tree(tmp_path: Path) -> None:
    done = meta.Tree(meta.ROOT, tmp_path / "environment").script("scripts/sabotage.py", "--check")

    count = meta.ROOT.joinpath("tests/meta/sabotage.toml").read_text(encoding="utf-8").count("[[sabotage]]")
    assert done == (0, f"{count} sabotages can be made\n")


def test_there_are_at_least_forty_sabotages_and_each_meta_test_has_to_notice_one() -> None:
    text = (meta.ROOT / "tests/meta/sabotage.toml").read_text(encoding="utf-8")
    sabotages = tomllib.loads(text)["sabotage"]
    numbers = {
        int(number)
        for number in re.findall(r"^def test_(\d\d)_", meta.ROOT.joinpath(meta.TESTS).read_text("utf-8"), re.MULTILINE)
    }

    assert len({one["name"] for one in sabotages}) == len(sabotages) >= 40
    assert numbers == set(range(1, 17))
    assert numbers - {number for one in sabotages for number in one["expected"]} == set()


def test_the_page_names_for_each_sabotage_a_test_that_has_to_notice_it() -> None:
    text = (meta.ROOT / "tests/meta/sabotage.toml").read_text(encoding="utf-8")
    page = (meta.ROOT / "docs/sabotage.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([\w-]+) \|.*\| `test_(\d\d)[^`]*` \|$", page, re.MULTILINE))
    sabotages = tomllib.loads(text)["sabotage"]

    assert [one["name"] for one in sabotages if int(told.get(one["name"], 0)) not in one["expected"]] == []
