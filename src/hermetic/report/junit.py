"""JUnit XML: a test suite for each file, a failed test case for each finding."""

from __future__ import annotations

from hermetic.context import Sources, slashed
from hermetic.report import printable
from hermetic.report.github import advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.finding import Finding

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;"}
UNREADABLE = "HRM001"
# Servers take a report without a test case for a broken one.
PASSED = """\
  <testsuite name="hermetic" tests="1" failures="0" errors="0" skipped="0" time="0">
    <testcase classname="hermetic" name="no findings" time="0"/>
  </testsuite>
"""


def render(findings: list[Finding], *, colour: bool, sources: Mapping[str, bytes] | None = None) -> str:  # noqa: ARG001 - every format has this signature
    """Return the document: ASCII, so that it is right whatever the encoding of the output is."""
    lines = Sources(sources)
    by_file: dict[str, list[Finding]] = {}
    for item in findings:
        by_file.setdefault(item.path, []).append(item)
    suites = "".join(suite(path, items, lines) for path, items in by_file.items()) or PASSED
    head = f'<testsuites name="hermetic" {totals(findings, max(1, len(findings)))}>\n'
    text = f"{HEAD}{head}{suites}</testsuites>\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def totals(findings: list[Finding], tests: int) -> str:
    """Return the attributes that count."""
    errors = sum(item.code == UNREADABLE for item in findings)
    return f'tests="{tests}" failures="{len(findings) - errors}" errors="{errors}" skipped="0" time="0"'


def suite(path: str, findings: list[Finding], lines: Sources) -> str:
    """Return the suite of one file."""
    cases = "".join(f"    {text}\n" for text in cases_of(path, findings, lines))
    head = f'  <testsuite name="{escaped(slashed(path))}" {totals(findings, len(findings))}>\n'
    return f"{head}{cases}  </testsuite>\n"


def cases_of(path: str, findings: list[Finding], lines: Sources) -> list[str]:
    """Return the test cases of one file.

    A server compares runs by their names, and drops all but one that are equal: so they hold a number and no line.
    """
    shown, counts = escaped(slashed(path)), dict[str, int]()
    package = escaped(slashed(path).removesuffix(".py").strip("./").replace("/", "."))
    found = []
    for item in findings:
        scope = lines.scope(item)
        name = f"{item.code} {item.name}{f' in {scope}' if scope else ''}"
        counts[name] = counts.get(name, 0) + 1
        title = escaped(f"{name} ({counts[name]})" if counts[name] > 1 else name)
        kind = "error" if item.code == UNREADABLE else "failure"
        place = f"{shown}:{item.line}:{item.column}" if item.line else shown
        found.append(
            f'<testcase classname="{package}" name="{title}" file="{shown}" line="{max(item.line, 1)}" time="0">'
            f'<{kind} type="{escaped(item.code)}" message="{escaped(advice(item))}">'
            f"{place}: {escaped(f'{item.code} {advice(item)}')}&#10;{escaped(item.url)}</{kind}></testcase>"
        )
    return found


def escaped(text: str) -> str:
    """Return text as XML holds it; characters that XML cannot hold at all are shown as Python writes them."""
    return "".join(ESCAPES.get(character, character) for character in printable(text))
