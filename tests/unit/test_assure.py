"""The page of what holds on which versions: what is counted, what is kept, and what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.scripts import imported

if TYPE_CHECKING:
    from pathlib import Path

assure: Any = imported("scripts/assure.py")
REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.unit.guard.probes.test_left" name="test_a"/>
<testcase classname="tests.unit.guard.test_claims" name="test_b"><failure/></testcase>
<testcase classname="tests.unit.guard.test_claims" name="test_c"><skipped/></testcase>
<testcase classname="tests.e2e.test_workers" name="test_d"/>
<testcase classname="tests.unit.workers.test_ports.TestBlocks" name="test_e"/>
</testsuite></testsuites>
"""


def seen(counts: dict[str, dict[str, int]], *, groups: bool = True) -> Any:
    """Return what was seen of some versions."""
    every = {part: counts.get(part, {"passed": 1}) for part in assure.PARTS}
    return assure.Seen(("3.11.7", "8.4.0", "3.6.1"), passed=True, groups=groups, counts=every)


def test_the_outcomes_of_each_part_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")

    counts = assure.counted([report, tmp_path / "absent.xml"])

    assert {name for name, count in counts["guard"].items() if count == 1} == {"passed", "failure", "skipped"}
    assert counts["workers"]["passed"] == 2
    assert not any(counts["plugin"].values())


def test_a_cell_tells_what_failed_and_what_was_skipped() -> None:
    one = seen({"guard": {"passed": 7, "failure": 1, "skipped": 2}})

    assert assure.cell(one, "guard") == "7 of 8, 2 skipped"
    assert assure.cell(one, "plugin") == "1 of 1"


def test_the_page_has_a_row_for_each_and_says_what_was_not_at_hand() -> None:
    first, last = assure.KINDS[0], assure.KINDS[-1]

    text = assure.page({first: seen({}), last: seen({}, groups=False)})

    rows = [line for line in text.splitlines() if line.startswith("| 3.11.7 |")]
    assert [row.endswith("| holds |") for row in rows] == [True, False]
    assert "HRM901" in rows[1]
    assert "not at hand: Python 3.12." in text


def test_all_versions_that_are_supported_are_tried() -> None:
    assert len({kind.name for kind in assure.KINDS}) == len(assure.KINDS) == 18
    assert assure.KINDS[0].packages == ("pytest==8.4.0", "pytest-xdist==3.6.1")
    assert assure.KINDS[-1].packages == ("pytest", "pytest-xdist")


@pytest.mark.parametrize(("passed", "runs"), [(True, 1), (False, 2)])
def test_a_good_result_of_the_same_tree_is_kept_and_a_bad_one_is_not(
    passed: bool, runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def run(*versions: object) -> Any:
        tried.append(versions)
        return seen({})._replace(passed=passed)

    monkeypatch.setenv("HERMETIC_META_CACHE", str(tmp_path))
    monkeypatch.setattr(assure, "tried", run)

    results = [assure.known(assure.KINDS[0], "python") for _ in range(2)]

    assert len(tried) == runs
    assert json.loads(json.dumps(results[0])) == json.loads(json.dumps(results[1]))


def test_a_result_of_another_tree_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERMETIC_META_CACHE", str(tmp_path))
    monkeypatch.setattr(assure, "tried", lambda *_: seen({}))
    assure.known(assure.KINDS[0], "python")
    monkeypatch.setattr(assure, "tried", lambda *_: seen({}, groups=False))
    monkeypatch.setattr(assure, "INPUTS", ("Makefile",))

    assert not assure.known(assure.KINDS[0], "python").groups


def test_unknown_versions_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert assure.main(["py2.7"]) == 2
    assert "--list prints them" in capsys.readouterr().err
