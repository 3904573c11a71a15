"""SARIF 2.1.0.

The official schema is in no package that the lock holds, and is not copied here. `SCHEMA` says of the objects and
properties that hermetic writes what the standard says of them (sections 3.13 to 3.52: which are required, their types,
their least values, and that there are no others), so that a log that passes it passes the official one.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from hermetic.cli.described import described
from hermetic.finding import Finding
from hermetic.report.sarif import Sarif
from tests.utils.json_schema import problems


def record(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
FROM_ONE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REFERENCE = {"type": "string", "pattern": r"^[A-Za-z0-9._~:/%@!$&'()*+,;=-]+$"}
RULE = record(
    ("id",),
    id=TEXT,
    name=TEXT,
    helpUri={"type": "string", "pattern": "^https://"},
    shortDescription=record(("text",), text=TEXT),
    fullDescription=record(("text",), text=TEXT),
    help=record(("text",), text=TEXT, markdown=TEXT),
    defaultConfiguration=record((), level=LEVEL),
    properties={"type": "object", "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}}},
)
REGION = record((), startLine=FROM_ONE, startColumn=FROM_ONE, endLine=FROM_ONE, endColumn=FROM_ONE)
PHYSICAL = record(("artifactLocation",), artifactLocation=record(("uri",), uri=REFERENCE), region=REGION)
LOCATION = record(
    (),
    physicalLocation=PHYSICAL,
    logicalLocations={"type": "array", "items": record((), fullyQualifiedName=TEXT), "uniqueItems": True},
)
RESULT = record(
    ("message",),
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=record(("text",), text=TEXT),
    locations={"type": "array", "items": LOCATION, "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
)
DRIVER = record(
    ("name",),
    name=TEXT,
    version=TEXT,
    informationUri={"type": "string", "pattern": "^https://"},
    rules={"type": "array", "items": RULE, "uniqueItems": True},
)
RUN = record(
    ("tool",),
    tool=record(("driver",), driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    newlineSequences={"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True},
    results={"type": "array", "items": RESULT},
)
SCHEMA = record(
    ("version", "runs"),
    **{"$schema": TEXT, "version": {"enum": ["2.1.0"]}, "runs": {"type": "array", "items": RUN, "minItems": 1}},
)
SOURCE = "def test_a():\n    x = '🎉'; os.environ['A'] = 'x'\n    x = '🎉'; os.environ['A'] = 'x'\n".encode()


def item(line: int = 2, **changes: Any) -> Finding:
    values = {
        "code": "HRM101", "name": "environ-write", "message": "os.environ is changed", "path": "test_a.py",
        "column": 14, "end_line": line, "end_column": 35,
    } | changes  # fmt: skip
    return Finding(**values, line=line)


UNREADABLE = item(0, code="HRM001", name="cannot-read", path="gone.py", column=1, end_column=0)


def run(*findings: Finding, source: bytes = SOURCE, compared: bool = False) -> dict[str, Any]:
    text = Sarif(described, compared=compared).render(list(findings), colour=False, sources={"test_a.py": source})
    assert text.isascii()
    log = json.loads(text)
    assert problems(log, SCHEMA) == []
    return log["runs"][0]  # type: ignore[no-any-return]


def test_the_log_is_valid_without_findings() -> None:
    found = run()

    assert (found["results"], found["tool"]["driver"]["rules"]) == ([], [])


def test_a_result_says_what_and_where_in_characters() -> None:
    found = run(item(repair="use monkeypatch"))

    (result,) = found["results"]
    assert found["columnKind"] == "unicodeCodePoints"
    assert "".join(found["newlineSequences"]) == "\r\n\n\r"
    assert (result["ruleId"], result["level"]) == ("HRM101", "error")
    assert result["message"]["text"] == "os.environ is changed; use monkeypatch"
    (location,) = result["locations"]
    region = location["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 35}
    line = SOURCE.decode().splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "os.environ['A'] = 'x'"
    assert location["logicalLocations"] == [{"fullyQualifiedName": "test_a"}]


def test_each_rule_is_described_once_and_results_point_at_theirs() -> None:
    found = run(item(2), item(3), item(3, code="HRM102", name="cwd-change"), UNREADABLE)

    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["HRM001", "HRM101", "HRM102"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in found["results"])


def test_a_rule_has_its_title_its_help_its_page_and_tags() -> None:
    (rule,) = run(item())["tool"]["driver"]["rules"]

    assert rule["shortDescription"]["text"] == "A test writes the environment, and nothing puts it back."
    assert "Do this instead:\nUse `monkeypatch.setenv`" in rule["help"]["text"]
    assert "## Do this instead\n\nUse `monkeypatch.setenv`" in rule["help"]["markdown"]
    assert rule["helpUri"] == "https://hermetic.readthedocs.io/en/stable/rules/HRM101/"
    assert {"test-isolation", "process", "recommended"} <= set(rule["properties"]["tags"])


def test_a_rule_that_nobody_describes_is_named_all_the_same() -> None:
    log = json.loads(Sarif().render([item()], colour=False))

    assert problems(log, SCHEMA) == []
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"] == {"text": "environ-write"}


def test_a_file_that_cannot_be_read_has_no_region() -> None:
    (result,) = run(UNREADABLE)["results"]

    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "gone.py"}}}]


def test_a_place_without_an_end_has_none() -> None:
    (result,) = run(item(end_line=2, end_column=14))["results"]

    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 14}


def test_fingerprints_tell_equal_findings_apart_and_last_when_lines_move() -> None:
    def prints(*findings: Finding, source: bytes = SOURCE) -> list[str]:
        results = run(*findings, source=source)["results"]
        return [result["partialFingerprints"]["hermeticFingerprint/v1"] for result in results]

    before = prints(item(2), item(3))
    assert len(set(before)) == 2
    assert prints(item(4), item(5), source=b"# new\n\n" + SOURCE) == before


@pytest.mark.parametrize("path", ["a b.py", "a#b?c%41.py", "é€.py", "a:b.py", "\udce9.py", "tests/[x]/test_a.py"])
def test_a_path_is_a_relative_reference_that_leads_back_to_it(path: str) -> None:
    uri = run(item(path=path))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert unquote(uri, errors="surrogateescape") == path
    assert ":" not in uri


def test_an_absolute_path_is_a_file_uri() -> None:
    uri = run(item(path="/a b/c.py"))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uri == "file:///a%20b/c.py"


def test_what_a_baseline_leaves_over_is_new() -> None:
    assert run(item(), compared=True)["results"][0]["baselineState"] == "new"
    assert "baselineState" not in run(item())["results"][0]


def test_text_that_no_consumer_can_read_is_shown_as_python_writes_it() -> None:
    assert run(item(message="a\udce9\0"))["results"][0]["message"]["text"] == r"a\udce9\x00"
