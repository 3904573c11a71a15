"""What docs/enforcement.md shows of the rules: which layer claims which rule, and what is known to be missed.

The page is written by hand; what stands between `<!-- generated: NAME -->` and `<!-- end -->` is filled in here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hermetic.catalogue.registry import entry_of
from hermetic.catalogue.rule import AUDIT, COLLECTION, GUARD, LINT, VERIFY
from hermetic.lint.concerns import CONCERNS
from hermetic.lint.own import with_own
from rule_pages import IncompleteError, indented, prose, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hermetic.catalogue.rule import Rule

PAGE = "docs/enforcement.md"
LAYERS = (LINT, COLLECTION, GUARD, AUDIT, VERIFY)
LINK = re.compile(r"\]\((HRM\d{3}\.md)")  # from the page of one rule to that of another
REGION = re.compile(r"(?s)(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end -->)")


def files(root: Path, rules: Sequence[type[Rule]]) -> dict[str, str]:
    """Return the page with its regions filled in. Raises ValueError for a region that nobody fills."""
    fillers: dict[str, Callable[[Sequence[type[Rule]]], str]] = {"layers": layer_table, "gaps": gaps}

    def filled(match: re.Match[str]) -> str:
        if match["name"] not in fillers:
            raise ValueError(f"{PAGE}: nothing fills {match['name']}; regions are {', '.join(fillers)}")
        return f"{match[1]}\n{fillers[match['name']](rules)}\n{match[3]}"

    return {PAGE: REGION.sub(filled, (root / PAGE).read_text(encoding="utf-8"))}


def layer_table(rules: Sequence[type[Rule]]) -> str:
    """Return the table: a row for each rule, a column for each layer, and the hook that stops it at a commit."""
    described = {entry_of(rule).code: rule for rule in rules}
    own = [entry.load() for entry in with_own([])]
    described |= {rule.code: type(rule) for rule in own}
    lines = [f"| rule | {' | '.join(LAYERS)} | hook |", f"|---|{'---|' * len(LAYERS)}---|"]
    for code, rule in sorted(described.items()):
        claims = claimed(rule)
        cells = [f"[{code}](rules/{code}.md) {rule.name}", *("yes" if layer in claims else "" for layer in LAYERS)]
        lines.append(f"| {' | '.join([*cells, hooks_of(rule)])} |")
    counts = [sum(layer in claimed(rule) for rule in described.values()) for layer in LAYERS]
    lines.append(f"| **{len(described)} rules** | {' | '.join(map(str, counts))} | |")
    return "\n".join(lines) + "\n"


def claimed(rule: type[Rule]) -> set[str]:
    """Return the layers that claim a rule, or an example of it."""
    return {layer for claims in (rule.claims, *(example.claims for example in rule.bad)) for layer in claims}


def hooks_of(rule: type[Rule]) -> str:
    """Return the narrow hooks that run a rule, where the linter has it."""
    if LINT not in claimed(rule):
        return ""
    mine = [concern.id for concern in CONCERNS if concern.is_hook and concern.entries([entry_of(rule)])]
    return ", ".join(f"`{name}`" for name in mine)


def gaps(rules: Sequence[type[Rule]]) -> str:
    """Return what is known to be missed: a block for each rule, with its limits and the layers that leave it out."""
    blocks = []
    for rule in sorted(rules, key=lambda each: each.code):
        try:
            limits = sections(rule).get("Limits", "")
        except IncompleteError:  # it has no page either, and is reported for that
            continue
        reasons = [f"- not {layer}: {prose(why)}" for layer, why in rule.no_claims.items()]
        lines = [f"[The page of the rule](rules/{rule.code}.md).", "", *prose(limits).splitlines(), "", *reasons]
        text = "\n".join(indented(LINK.sub(r"](rules/\1", "\n".join(lines).strip()).splitlines()))
        blocks.append(f'??? note "{rule.code} {rule.name}"\n\n{text}\n')
    return "\n".join(blocks)
