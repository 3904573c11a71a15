"""The JSON document that scripts of others rely on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hermetic.finding import Finding
from hermetic.report.json_report import render

ITEM = Finding(
    "HRM101", "environ-write", "os.environ is changed", "tests/test_a.py", 5, 2, 6, 9, test="tests/test_a.py::test_a"
)


def document(*findings: Finding) -> dict[str, Any]:
    return json.loads(render(list(findings), colour=False))  # type: ignore[no-any-return]


def test_a_finding_has_all_of_its_fields() -> None:
    assert document(ITEM) == {
        "version": 1,
        "tool": "hermetic",
        "findings": [
            {
                "code": "HRM101",
                "name": "environ-write",
                "message": "os.environ is changed",
                "path": "tests/test_a.py",
                "line": 5,
                "column": 2,
                "end_line": 6,
                "end_column": 9,
                "layer": "lint",
                "url": "https://hermetic.readthedocs.io/en/stable/rules/HRM101/",
                "fix": None,
                "test": "tests/test_a.py::test_a",
            }
        ],
    }


def test_without_findings_the_document_is_there_all_the_same() -> None:
    assert document() == {"version": 1, "tool": "hermetic", "findings": []}


def test_a_finding_without_a_line_says_why() -> None:
    (found,) = document(Finding("HRM001", "cannot-read", "cannot be read: gone", "a.py", 0))["findings"]

    places = {found[field] for field in ("line", "column", "end_line", "end_column")}
    assert (places, found["line_reason"]) == ({None}, "the file cannot be read")
    assert "test" not in found


@pytest.mark.parametrize(
    "text", ["é€🎉", "a\x1b[31m\n\x00", "not utf-8: \udce9", 'quotes " and \\ backslashes', "\u2028"]
)
def test_any_text_comes_back_as_it_was_from_plain_ascii(text: str) -> None:
    rendered = render([Finding("HRM101", "x", text, text, 1)], colour=False)

    assert rendered.isascii()
    (found,) = json.loads(rendered)["findings"]
    assert (found["path"], found["message"]) == (text, text)
