"""`hermetic rules`: the list of all rules, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hermetic.catalogue import registry
from hermetic.cli import main
from hermetic.lint.own import with_own

if TYPE_CHECKING:
    import pytest

ENTRIES = with_own(registry.indexed())


def test_every_rule_is_one_line_in_the_order_of_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[entry.code, entry.name] for entry in ENTRIES]
    assert [entry.code for entry in ENTRIES] == sorted(entry.code for entry in ENTRIES)


def test_the_engines_own_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rules"])

    out = capsys.readouterr().out
    assert out.startswith("HRM001  cannot-read ")
    assert "\nHRM905  suppression-unused " in out


def test_programs_get_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--output-format", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["version"], document["tool"]) == (1, "hermetic")
    rule = next(rule for rule in document["rules"] if rule["code"] == "HRM101")
    assert rule == {
        "code": "HRM101",
        "name": "environ-write",
        "presets": ["recommended"],
        "layers": ["lint", "guard"],
        "title": "A test writes the environment, and nothing puts it back.",
    }
    assert [rule["code"] for rule in document["rules"]] == [entry.code for entry in ENTRIES]
