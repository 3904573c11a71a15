"""Values whose operators raise, wherever a project may hold them: no probe gives up over one, and each leak is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

# As an array of NumPy is: neither true nor false, equal to nothing at once, and in no set.
GRID = """
import logging, sys, warnings


class Grid:
    {how}


class Named:
    {how}

    def __init__(self):
        self.inner = Grid()


class Slotted:
    __slots__ = ("inner",)

    def __getattr__(self, name):
        raise NameError(name)


class Shop:
    size = Grid()
    sizes = [Grid()]


GRID = Grid()
_grid = Grid()
EMPTY = None
LIST = [Grid()]
TABLE = {{"a": Grid(), "b": [Grid()]}}
SHOP = Shop()
NAMED = Named()
PRICES = {{"tea": 3}}
"""
EACH = """def fail(self, *given):
        raise ValueError("ambiguous")

    __eq__ = __ne__ = __bool__ = __len__ = __contains__ = __iter__ = fail
    __lt__ = __gt__ = __le__ = __ge__ = __float__ = __int__ = __getitem__ = fail
    __hash__ = None

    def __getattr__(self, name):
        raise OSError(name)"""
SILENT = EACH + "\n    __repr__ = __str__ = __format__ = fail"
CHANGES = {
    "shop.GRID = shop.Grid()": "shop.GRID",
    "shop._grid = shop.Grid()": "shop._grid",
    "shop.EMPTY = shop.Grid()": "shop.EMPTY",
    "shop.GRID = ''": "shop.GRID",
    "shop.EMPTY = [shop.Slotted(), MINE]": "shop.EMPTY",
    "shop.LIST.append(shop.Grid())": "shop.LIST",
    "shop.LIST[0] = shop.Grid()": "shop.LIST",
    "shop.LIST = [shop.Grid()]": "shop.LIST",
    "shop.TABLE['a'] = shop.Grid()": "shop.TABLE['a']",
    "shop.TABLE['b'][0] = shop.Grid()": "shop.TABLE['b']",
    "shop.Shop.size = shop.Grid()": "shop.Shop.size",
    "shop.Shop.sizes.append(shop.Grid())": "shop.Shop.sizes",
    "shop.SHOP.size = shop.Grid()": "shop.SHOP.size",
    "shop.NAMED.inner = shop.Grid()": "shop.NAMED.inner",
    "json.dumps = shop.Grid()": "json.dumps",
    "sys.path.append(shop.GRID)": "sys.path",
    "sys.meta_path.append(shop.GRID)": "sys.meta_path",
}


@pytest.mark.parametrize("how", [EACH, SILENT], ids=["operators", "text"])
def test_no_value_of_a_project_switches_a_rule_off(how: str, tmp_path: Path) -> None:
    named = "    assert MINE is not None is not call\n"
    lines = [f"def test_{number:02}():\n{named}    {change}\n" for number, change in enumerate(CHANGES)]
    test = "\n\n".join(
        [
            "import json, logging, sys, warnings\nfrom unittest.mock import call\n\nimport shop\n\nMINE = shop.Grid()",
            *lines,
            "def test_zz():\n    shop.PRICES.clear()\n",
        ]
    )

    run = guarded(tmp_path, files={"shop.py": GRID.format(how=how), "test_it.py": test})

    assert "is not guarded from here on" not in run.output
    states = {record["test"].rpartition("_")[2]: record["state"] for record in run.findings}
    assert states.pop("zz", "") == "shop.PRICES['tea']"
    missed = {
        change
        for number, change in enumerate(CHANGES)
        if not states.get(f"{number:02}", "").startswith(CHANGES[change])
    }
    assert not missed, states


ARRAYS = """
import numpy

FRAME = numpy.array([[1, 2], [3, 4]])
EMPTY = numpy.array([])
FRAMES = [numpy.array([1, 2])]
"""
REBOUND = """
import numpy
import shop


def test_it():
    shop.{change}
"""


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("FRAME = numpy.array([[1, 2], [3, 4]])", []),
        ("FRAME = numpy.array([[1, 2], [3, 5]])", ["shop.FRAME"]),
        ("FRAME = numpy.array([[1, 2]])", ["shop.FRAME"]),
        ("FRAME = numpy.array([1, 2, 3])", ["shop.FRAME"]),
        ("EMPTY = numpy.array([])", []),
        ("EMPTY = numpy.array([0])", ["shop.EMPTY"]),
        ("FRAMES[0] = numpy.array([1, 3])", ["shop.FRAMES"]),
    ],
)
def test_arrays_are_compared_item_by_item(change: str, left: list[str], tmp_path: Path) -> None:
    pytest.importorskip("numpy", reason="`make compat` installs no NumPy")
    run = guarded(tmp_path, mode="warn", files={"shop.py": ARRAYS, "test_it.py": REBOUND.format(change=change)})

    assert [record["state"] for record in run.findings] == left, run.output


GIVES_UP = """
from hermetic.guard.probe import Probe


class Broken(Probe):
    code = "SHOP101"

    def snapshot(self):
        return 1

    def test_ends(self, item):
        if item.name == "test_two":
            raise ValueError("no number\\nof that kind")


def pytest_hermetic_probes(config):
    return [Broken()]
"""
THREE = "".join(f"def test_{name}():\n    pass\n\n\n" for name in ("one", "two", "three"))


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])
@pytest.mark.parametrize(("mode", "exit_code"), [("error", 1), ("warn", 0)])
def test_a_probe_that_gives_up_is_a_finding(
    mode: str, exit_code: int, workers: tuple[str, ...], tmp_path: Path
) -> None:
    files = {"test_it.py": THREE, "conftest.py": GIVES_UP}

    run = guarded(tmp_path, "--disable-warnings", *workers, mode=mode, files=files)

    said = (
        "is not guarded from here on, in test_it.py::test_two: its probe conftest.Broken raised ValueError: no number"
    )
    assert [(item["code"], item["message"], item["state"]) for item in run.findings] == [("SHOP101", said, "the guard")]
    assert (run.exit, said in run.output) == (exit_code, True)
    assert "of that kind" not in run.output
