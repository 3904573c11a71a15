"""GitLab's Code Quality report: what GitLab needs of each issue, and which fingerprints last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.finding import Finding
from hermetic.report.gitlab import render
from tests.utils.json_schema import problems

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = b"import os\n\n\ndef test_a():\n    os.environ['A'] = 'x'\n    os.environ['A'] = 'x'\n"
# As GitLab documents the fields that it reads.
SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}, "end": {"type": "integer"}},
                    },
                },
            },
        },
    },
}


@pytest.fixture(autouse=True)
def outside_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)


def item(line: int = 5, **changes: Any) -> Finding:
    values = {"code": "HRM101", "name": "environ-write", "message": "os.environ is changed", "path": "tests/test_a.py"}
    return Finding(**(values | changes), line=line, column=5)


def issues(*findings: Finding, source: bytes = SOURCE) -> list[dict[str, Any]]:
    found = json.loads(render(list(findings), colour=False, sources={"tests/test_a.py": source}))
    assert problems(found, SCHEMA) == []
    return found  # type: ignore[no-any-return]


def test_without_findings_there_is_an_empty_list() -> None:
    assert render([], colour=False) == "[]\n"


def test_an_issue_says_what_where_and_which_rule() -> None:
    (found,) = issues(item(repair="use monkeypatch"))

    assert found["description"] == "HRM101 os.environ is changed; use monkeypatch"
    assert (found["check_name"], found["severity"]) == ("HRM101", "major")
    assert found["location"] == {"path": "tests/test_a.py", "lines": {"begin": 5, "end": 5}}


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    assert len({found["fingerprint"] for found in issues(item(5), item(6), item(6, code="HRM102"))}) == 3


def test_a_fingerprint_lasts_when_lines_move_and_the_message_changes() -> None:
    before = issues(item(5))
    after = issues(item(7, message="another wording"), source=b"# new\n# new\n" + SOURCE)

    assert before[0]["fingerprint"] == after[0]["fingerprint"]


def test_a_file_that_cannot_be_read_is_a_critical_issue_on_its_first_line() -> None:
    (found,) = issues(item(0, code="HRM001", path="gone.py", message="cannot be read: gone"))

    assert (found["severity"], found["location"]["lines"]) == ("critical", {"begin": 1, "end": 1})


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").mkdir()
    monkeypatch.chdir(tmp_path / "part")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))

    assert issues(item())[0]["location"]["path"] == "part/tests/test_a.py"
    assert issues(item(path="../../other.py"))[0]["location"]["path"] == "../../other.py"


def test_text_that_no_consumer_can_read_is_shown_as_python_writes_it() -> None:
    (found,) = issues(item(path="\udce9.py", message="a\x1b[31m\0"))

    assert found["location"]["path"] == r"\udce9.py"
    assert found["description"] == r"HRM101 a\x1b[31m\x00"
