"""The texts of rules, for the reports that carry them."""

from __future__ import annotations

import inspect
import re

from hermetic.catalogue import registry
from hermetic.lint.own import with_own
from hermetic.report.sarif import RuleText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.catalogue.rule import Rule

HEADING = re.compile(r"(?m)^([A-Z][a-z]*(?: [a-z]+){0,3}):$")
TAGS = ("testing", "test-isolation")


def described(codes: Iterable[str]) -> dict[str, RuleText]:
    """Return the texts of rules by code. A rule that cannot be imported has been reported, and has none."""
    wanted = set(codes)
    return {entry.code: text_of(entry.load()) for entry in with_own(registry.all_entries()) if entry.code in wanted}


def text_of(rule: Rule) -> RuleText:
    """Return the texts of one rule."""
    title, _, rest = inspect.cleandoc(rule.__doc__ or "").partition("\n")
    rest = rest.strip()
    parts = type(rule).__module__.split(".")
    family = parts[2:3] if parts[:2] == ["hermetic", "catalogue"] else []
    tags = (*TAGS, *family, *rule.presets)
    return RuleText(title or rule.name, f"{title}\n\n{rest}".strip(), HEADING.sub(r"## \1\n", rest) or title, tags)
