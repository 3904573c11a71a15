"""The list at the end of a run: findings that are alike are listed once, and no finding is kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import summary
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path


def record(number: int, line: int, state: str, code: str = "HRM601") -> dict[str, Any]:
    return {
        "code": code,
        "path": "test_it.py",
        "line": line,
        "message": f"test_{number} left {state} changed",
        "test": f"test_it.py::test_{number}",
        "repair": "put it back",
        "state": state,
    }


MANY = summary.ALIKE + 1


@pytest.mark.parametrize(
    ("records", "listed"),
    [
        ([record(n, 3, "shop.A") for n in range(MANY)], 1),
        ([record(n, 0, "shop.A") for n in range(MANY)], 1),
        ([record(n, 3, f"shop.A[{n}]") for n in range(MANY)], 1),
        ([record(n, 3, "shop.A") for n in range(summary.ALIKE)], summary.ALIKE),
        ([record(n, n + 1, "shop.A") for n in range(MANY)], MANY),
        ([record(n, 0, f"shop.A[{n}]") for n in range(MANY)], MANY),
        ([record(n, 3, "shop.A", f"HRM60{n}") for n in range(MANY)], MANY),
    ],
)
def test_many_findings_that_are_alike_are_listed_once(records: list[dict[str, Any]], listed: int) -> None:
    lines = list(summary.lines(records))

    assert sum("left" in line for line in lines) == listed
    last = f"{len(records)} findings, those alike listed once; --hermetic-report FILE writes down each"
    assert (last in lines) is (listed < len(records))
    if listed == 1:
        assert f"    in test_it.py::test_0 and {len(records) - 1} more; repair: put it back" in lines


SUITE = """
import pytest

import shop


@pytest.mark.parametrize("number", range(6))
def test_a_price(number):
    shop.PRICES.append(number)
"""


def test_a_run_lists_one_and_reports_each(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"shop.py": "PRICES = []\n", "test_it.py": SUITE})

    assert len(run.findings) == 6
    assert run.output.count("HRM601 ") == 1, run.output
    assert "in test_it.py::test_a_price[0] and 5 more; repair: " in run.output
    assert "6 findings, those alike listed once" in run.output
