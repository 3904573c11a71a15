"""Counts, flags, pools and the like of the code under test: what a test sets by hand is reported, a reset is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
TOTAL = 0
COUNT = 1
_number = 0
_ready = False
SEEN = []
SEEN_IDS = set()
CACHE = {}


class Till:
    total = 0
    seen = []
"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("shop.TOTAL = 5", ["HRM601"]),
        ("shop.COUNT = 5", ["HRM601"]),
        ("shop._number = 5", ["HRM601"]),
        ("shop._ready = True", ["HRM601"]),
        ("shop.SEEN.append('x')", ["HRM601"]),
        ("shop.SEEN_IDS.add('x')", ["HRM601"]),
        ("shop.CACHE['x'] = 1", ["HRM601"]),
        ("shop.Till.total = 5", ["HRM603"]),
        ("shop.Till.seen.append('x')", ["HRM603"]),
        ("shop.TOTAL = 0", []),
        ("shop.COUNT = 1", []),
        ("shop.COUNT = 0", []),
        ("shop._number = None", []),
        ("shop._ready = False", []),
        ("shop.TOTAL += 1", []),
        ("shop.SEEN.clear()", []),
        ("shop.CACHE.update(x=1)", []),
        ("shop.CACHE.pop('x', None)", []),
        ("shop.Till.total = 0", []),
    ],
)
def test_what_a_test_sets_by_hand_is_reported_and_a_reset_is_not(
    statement: str, found: list[str], tmp_path: Path
) -> None:
    test = f"import shop\n\n\ndef test_a():\n    {statement}\n    assert shop\n"

    assert [item.code for item in lint_files({"shop.py": SHOP, "test_it.py": test}, tmp_path)] == found
