"""Each rule does what it says of itself, measured: the harm of its examples, and what each layer does with them.

The meta-tests ask the same of this tree. What was measured here is noted in the report of the run, and what a report
says can be handed to them: `python -m tests.utils.meta_records REPORT DOCS_REPORT`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.registry import walked
from tests.utils.meta_measure import Measurement
from tests.utils.proof import Driver, absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hermetic.catalogue.rule import Rule

RULES = list(walked())


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_does_what_it_says_with_each_of_its_examples(
    rule: type[Rule], driver: Driver, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    missing = {name for example in (*rule.bad, *rule.good) for name in absent(example)}
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")

    try:
        measured = Measurement(rule, driver, tmp_path).measured()
    finally:
        driver.stop_postgres()  # which a rule's examples may have had started

    record_property("measured", json.dumps(measured))
    assert measured["problems"] == []
    assert (measured["bad"], measured["good"]) == (len(rule.bad), len(rule.good))
    assert {cell["layer"] for cell in measured["cells"] if cell["caught"]} == {
        layer for example in rule.bad for layer in example.claims or rule.claims
    }
