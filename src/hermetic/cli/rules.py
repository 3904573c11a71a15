"""`hermetic rules`."""

from __future__ import annotations

import argparse
import json

from hermetic.catalogue import registry
from hermetic.cli import say
from hermetic.lint.own import with_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Print every rule: code, name, presets, title."""
    options = parser().parse_args(arguments)
    rules = [entry.load() for entry in with_own(registry.all_entries())]
    if options.output_format == "json":
        records = [
            {
                "code": rule.code,
                "name": rule.name,
                "presets": rule.presets,
                "layers": rule.claims,
                "title": title(rule.__doc__),
            }
            for rule in rules
        ]
        say(json.dumps({"version": 1, "tool": "hermetic", "rules": records}, indent=2) + "\n")
        return 0
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        say(f"{rule.code}  {rule.name:{width}}  {', '.join(rule.presets):11}  {title(rule.__doc__)}\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser: the one list of options."""
    made = argparse.ArgumentParser(prog="hermetic rules", description="List the rules.")
    made.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="how the list is written (text)"
    )
    return made


def title(doc: str | None) -> str:
    """Return the first line of a docstring."""
    return (doc or "").strip().partition("\n")[0]
