"""JUnit XML: a document that a real parser reads, whatever the findings hold, and that servers can compare."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hermetic.finding import Finding
from hermetic.report.junit import render

SOURCE = b"import os\n\n\ndef test_a():\n    os.environ['A'] = 'x'\n    os.environ['A'] = 'y'\n"


def item(line: int = 5, **changes: Any) -> Finding:
    values = {"code": "HRM101", "name": "environ-write", "message": "os.environ is changed", "path": "tests/test_a.py"}
    return Finding(**(values | changes), line=line, column=5)


UNREADABLE = item(0, code="HRM001", name="cannot-read", path="gone.py", message="cannot be read: gone")


def document(*findings: Finding, source: bytes = SOURCE) -> ET.Element:
    text = render(list(findings), colour=False, sources={"tests/test_a.py": source})
    assert text.isascii()
    root = ET.fromstring(text)  # noqa: S314 - what we have just written
    assert root.tag == "testsuites"
    for node in (root, *root):
        cases = node.findall(".//testcase")
        counted = {"tests": len(cases), "failures": len(node.findall(".//failure")), "skipped": 0}
        counted["errors"] = len(node.findall(".//error"))
        assert {name: int(node.attrib[name]) for name in counted} == counted
    return root


def test_without_findings_there_is_a_test_case_that_passes() -> None:
    (case,) = document().findall("testsuite/testcase")

    assert list(case) == []


def test_a_file_is_a_suite_and_a_finding_a_failed_test_case() -> None:
    root = document(item(repair="use monkeypatch"), item(6, code="HRM102", name="cwd-change"), UNREADABLE)

    assert [suite.attrib["name"] for suite in root] == ["tests/test_a.py", "gone.py"]
    case = root[0][0]
    assert case.attrib["name"] == "HRM101 environ-write in test_a"
    assert (case.attrib["classname"], case.attrib["file"], case.attrib["line"]) == (
        "tests.test_a", "tests/test_a.py", "5",
    )  # fmt: skip
    (failure,) = case
    assert (failure.tag, failure.attrib["type"]) == ("failure", "HRM101")
    assert failure.attrib["message"] == "os.environ is changed; use monkeypatch"
    assert (failure.text or "").splitlines() == [
        "tests/test_a.py:5:5: HRM101 os.environ is changed; use monkeypatch",
        "https://hermetic.readthedocs.io/en/stable/rules/HRM101/",
    ]


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    (case,) = document(UNREADABLE).findall("testsuite/testcase")

    (error,) = case
    assert error.tag == "error"
    assert (error.text or "").startswith("gone.py: HRM001 cannot be read: gone\n")


def test_names_are_different_in_a_file_and_last_when_lines_move() -> None:
    def names(*findings: Finding, source: bytes = SOURCE) -> list[tuple[str, str]]:
        cases = document(*findings, source=source).findall("testsuite/testcase")
        return [(case.attrib["classname"], case.attrib["name"]) for case in cases]

    before = names(item(5), item(6))
    assert before[1] == ("tests.test_a", "HRM101 environ-write in test_a (2)")
    assert len(set(before)) == 2
    assert names(item(7), item(8), source=b"# new\n\n" + SOURCE) == before


@pytest.mark.parametrize(
    "text",
    ["<a & \"b\" 'c'>", "]]><x/>", "\x00\x08\x0b\x1b[31m\x7f\x9b", "\ud800\udce9", "\ufffe\uffff", "a\nb\rc\u2028d"],
)
def test_any_text_makes_a_document_that_can_be_read(text: str) -> None:
    root = document(item(path=f"{text}.py", message=text, name=text))

    shown = root.findall("testsuite/testcase/failure")[0].attrib["message"]
    assert shown.isprintable()
    assert shown == "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def test_text_of_any_language_comes_back_as_it_was() -> None:
    (failure,) = document(item(message="é€ 漢字 🎉\ta")).findall("testsuite/testcase/failure")

    assert failure.attrib["message"] == "é€ 漢字 🎉\ta"
