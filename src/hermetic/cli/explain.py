"""`hermetic explain`."""

from __future__ import annotations

import argparse
import inspect

from hermetic.catalogue import registry
from hermetic.cli import complain, say
from hermetic.config import nearest
from hermetic.lint.own import with_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.catalogue.rule import Example, Rule


def main(arguments: Sequence[str]) -> int:
    """Print a rule: what it is, why, what to do instead, a bad and a good example."""
    wanted = parser().parse_args(arguments).code
    entries = with_own(registry.all_entries())
    for entry in entries:
        if wanted.upper() == entry.code or wanted == entry.name:
            say(explained(entry.load()))
            return 0
    known = [entry.code for entry in entries] + [entry.name for entry in entries]
    return complain(f"no rule {wanted!r}{nearest(wanted, known)}")


def parser() -> argparse.ArgumentParser:
    """Return the parser: the one list of options."""
    made = argparse.ArgumentParser(prog="hermetic explain", description="Explain a rule.")
    made.add_argument("code", metavar="CODE", help="a code such as HRM101, or a rule's name")
    return made


def explained(rule: Rule) -> str:
    """Return the text of a rule."""
    parts = [f"{rule.code} {rule.name}", "", inspect.cleandoc(rule.__doc__ or ""), ""]
    if rule.repair:
        parts += [f"Repair: {rule.repair}", ""]
    parts += [f"Presets: {', '.join(rule.presets)}", f"Caught by: {', '.join(rule.claims)}"]
    if rule.fixed_by:
        parts.append("Fixed by: hermetic check --fix, where that is safe")
    if rule.related:
        parts.append(f"Related: {', '.join(rule.related)}")
    if rule.bad:
        parts += ["", *shown("Bad", rule.bad[0])]
    if rule.good:
        parts += ["", *shown("Good", rule.good[0])]
    return "\n".join(parts) + "\n"


def shown(label: str, example: Example) -> list[str]:
    """Return the lines of an example, file by file."""
    lines = [f"{label}: {example.title}"]
    for path, source in example.files.items():
        lines += ["", f"    # {path}", *(f"    {line}".rstrip() for line in source.splitlines())]
    return lines
