"""SARIF 2.1.0, the format of code scanning."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from hermetic import __version__
from hermetic.context import Sources, identities, slashed
from hermetic.finding import DOCS
from hermetic.report import printable
from hermetic.report.github import advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.context import Identity
    from hermetic.finding import Finding
    from hermetic.report import Describe

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "hermeticFingerprint/v1"


class RuleText(NamedTuple):
    """What a report says of a rule: its title, the whole text as plain text and as Markdown, and tags."""

    title: str
    help: str
    markdown: str
    tags: tuple[str, ...]


class Sarif:
    """The report, with the texts of the rules where `describe` gives them.

    `compared`: a baseline has left out the findings that it holds, so that all the others are new.
    """

    def __init__(self, describe: Describe | None = None, *, compared: bool = False) -> None:
        self.describe = describe
        self.compared = compared

    def render(
        self,
        findings: list[Finding],
        *,
        colour: bool,  # noqa: ARG002 - every format has this signature
        sources: Mapping[str, bytes] | None = None,
    ) -> str:
        """Return the log of one run."""
        names = {item.code: item for item in sorted(findings, key=lambda item: item.code)}
        texts = self.describe(names) if self.describe is not None else {}
        order = list(names)
        named = identities(findings, Sources(sources))
        run = {
            "tool": {"driver": driver([rule(names[code], texts.get(code)) for code in order])},
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n", "\r"],  # as Python counts lines
            "results": [self.result(item, what, order) for item, what in zip(findings, named, strict=True)],
        }
        return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"

    def result(self, item: Finding, what: Identity, order: list[str]) -> dict[str, object]:
        """Return one finding."""
        physical: dict[str, object] = {"artifactLocation": {"uri": uri(item.path)}}
        if item.line:
            physical["region"] = region(item)
        location: dict[str, object] = {"physicalLocation": physical}
        if what.scope:
            location["logicalLocations"] = [{"fullyQualifiedName": what.scope}]
        found: dict[str, object] = {
            "ruleId": item.code,
            "ruleIndex": order.index(item.code),
            "level": "error",
            "message": {"text": printable(advice(item))},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: what.fingerprint(slashed(item.path))},
        }
        return found | {"baselineState": "new"} if self.compared else found


def driver(rules: list[dict[str, object]]) -> dict[str, object]:
    """Return what is said of hermetic itself."""
    site = DOCS.removesuffix("rules/")
    return {"name": "hermetic", "version": __version__, "informationUri": site, "rules": rules}


def rule(item: Finding, text: RuleText | None) -> dict[str, object]:
    """Return what is said of a rule that was broken."""
    found: dict[str, object] = {"id": item.code, "name": printable(item.name), "helpUri": item.url}
    title = text.title if text is not None else item.name
    found["shortDescription"] = {"text": printable(title)}
    if text is not None:
        found["fullDescription"] = {"text": text.title}
        found["help"] = {"text": text.help, "markdown": text.markdown}
    tags = list(text.tags) if text is not None else []
    return found | {
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": tags, "problem.severity": "error"},
    }


def region(item: Finding) -> dict[str, int]:
    """Return where a finding is. Both count from 1, and the last column is the one behind it."""
    found = {"startLine": item.line, "startColumn": max(item.column, 1)}
    if (item.end_line, item.end_column) > (item.line, item.column):
        found |= {"endLine": item.end_line, "endColumn": item.end_column}
    return found


def uri(path: str) -> str:
    """Return a path as a reference: relative where the path is."""
    from urllib.parse import quote

    text = quote(os.fsencode(slashed(path)))
    return f"file://{'' if text.startswith('/') else '/'}{text}" if os.path.isabs(path) else text
