"""`hermetic verify`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys

from hermetic.cli import say
from hermetic.cli.long_work import Progress, interrupted, write
from hermetic.cli.shared_options import codes
from hermetic.report import json_report, printable
from hermetic.report.full import render
from hermetic.verify import matrix, page, sabotage
from hermetic.verify.prove import Wanted, prove
from hermetic.verify.switches import SWITCHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.verify.prove import Proof

NAMES = tuple(switch.name for switch in SWITCHES)


def main(arguments: Sequence[str]) -> int:
    """Plant violations in a copy of the repository, print who stops them, and return the exit code."""
    own, _, rest = split(arguments)
    reader = parser()
    options = reader.parse_args(own)
    if options.sabotage and options.html:
        reader.error("--html shows the matrix, which --sabotage does not print; write --json for its results")
    progress = Progress("verify")
    previous = signal.signal(signal.SIGTERM, interrupted)
    tried: list[sabotage.Tried] = []
    try:
        wanted = Wanted(tuple(options.select or ()), options.all_examples, tuple(rest))
        if options.sabotage:
            proof, tried = sabotage.sabotaged(".", wanted, progress, options.sabotage)
        else:
            proof = prove(".", wanted, progress)
    finally:
        signal.signal(signal.SIGTERM, previous)
        progress.end()
    if options.sabotage:
        return sabotage_said(proof, tried, options.json)
    say(text(proof))
    shown = page.render(proof, os.path.basename(os.getcwd()))
    written = write(options.json, document(proof)) or write(options.html, shown)
    return written or (1 if proof.findings else 0)


def sabotage_said(proof: Proof, tried: list[sabotage.Tried], path: str) -> int:
    """Print what became of the sabotages; return the exit code."""
    say(f"If somebody switched this off, who would notice?\n\n{printable_lines(sabotage.table(tried))}")
    if proof.findings:
        say(f"Some things are wrong already ({len(proof.findings)}); `hermetic verify` names them.\n")
    found = {"version": 1, "tool": "hermetic", "sabotage": [one.as_dict() for one in tried]}
    written = write(path, json.dumps(found, indent=2) + "\n")
    return written or (1 if any(one.survived for one in tried) else 0)


def printable_lines(shown: str) -> str:
    """Return a text of several lines without anything that a terminal would act on."""
    return "".join(f"{printable(line)}\n" for line in shown.splitlines())


def switches(value: str) -> tuple[str, ...]:
    """Return the names of sabotages that a value lists. Raises ArgumentTypeError for one that there is not."""
    names = tuple(value.split(","))
    if unknown := [name for name in names if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"no sabotage is named {unknown[0]!r}; there are {', '.join(NAMES)}")
    return names


def split(arguments: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Return our own options, the `--` between, and what is pytest's."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    return words[:at], "--", words[at + 1 :]


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser(
        prog="hermetic verify",
        description="Plant violations in a scratch copy of this repository, and see which of its layers stop them.",
        usage="hermetic verify [--select CODES] [--all-examples] [--sabotage [NAMES]] [--json F] [--html F] [-- ARGS]",
        allow_abbrev=False,
    )
    chosen = "rules whose examples are planted: codes, prefixes, presets or ALL (ALL)"
    made.add_argument("--select", action="extend", type=codes, metavar="CODES", help=chosen)
    every = "plant every example, not only the first of each kind"
    made.add_argument("--all-examples", action="store_true", help=every)
    switched = f"switch parts of the enforcement off, one at a time, and see who notices: all, or {', '.join(NAMES)}"
    made.add_argument("--sabotage", nargs="?", const=NAMES, default=(), type=switches, metavar="NAMES", help=switched)
    made.add_argument("--json", metavar="FILE", default="", help="write findings and matrix to a file, as JSON")
    made.add_argument("--html", metavar="FILE", default="", help="write them as one HTML page")
    return made


def text(proof: Proof) -> str:
    """Return what people read: the matrix, what was not measured and why, alarms, findings."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    parts = ["If this were committed tomorrow, who would stop it?\n\n", matrix.table(proof.cells, colour=colour)]
    reasons = [f"not measured: {reason}" for reason in matrix.reasons(proof.cells)]
    lines = [*reasons, *proof.alarms, *proof.notes]
    parts += ["\n", *(f"{printable(line)}\n" for line in lines)] if lines else []
    parts += ["\n", render(proof.findings, colour=colour)]
    return "".join(parts)


def document(proof: Proof) -> str:
    """Return the JSON document."""
    found = json.loads(json_report.render(proof.findings, colour=False))
    return json.dumps({**found, "matrix": [cell.as_dict() for cell in proof.cells]}, indent=2) + "\n"
