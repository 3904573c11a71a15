"""The rules whose examples are repositories; what is found in each: tests/unit/catalogue/test_measured.py."""

from __future__ import annotations

from hermetic.catalogue.registry import walked
from hermetic.catalogue.rule import VERIFY


def test_the_rules_of_the_layer_are_found() -> None:
    assert [rule.code for rule in walked() if VERIFY in rule.claims] == ["HRM902", "HRM903", "HRM904"]
