"""`hermetic hunt`."""

from __future__ import annotations

import argparse
import json
import signal

from hermetic.audit.hunt import Wanted, hunt
from hermetic.cli import say
from hermetic.cli.long_work import CANNOT_RUN, Progress, interrupted, write
from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.hunt import Hunted, Record

SHOWN = 5  # names in one line
FEW = 3  # tests of one polluter that have a block each
UNCONFIRMED = "not confirmed: no run in a new interpreter has shown it"


def main(arguments: Sequence[str]) -> int:
    """Hunt in the current folder, print what was found, and return the exit code."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    options = parser().parse_args(words[:at])
    progress = Progress("hunt")
    previous = signal.signal(signal.SIGTERM, interrupted)
    try:
        wanted = Wanted(
            tuple(options.victim or ()),
            options.seed,
            options.budget,
            options.timeout,
            options.resume,
            tuple(words[at + 1 :]),
        )
        found = hunt(".", wanted, progress)
    finally:
        signal.signal(signal.SIGTERM, previous)
        progress.end()
    say(text(found))
    written = write(options.json, document(found))
    return written or (1 if found.records else 0 if found.is_whole else CANNOT_RUN)


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser(
        prog="hermetic hunt",
        description="Find the tests that end otherwise after others than alone, and those others.",
        usage="hermetic hunt [--victim ID]... [--seed N] [--budget S] [--timeout S] [--resume] [--json F] [-- ARGS]",
        allow_abbrev=False,
    )
    made.add_argument(
        "--victim", action="append", metavar="ID", help="a node id: ask about this test alone (repeatable)"
    )
    made.add_argument("--seed", type=int, default=0, metavar="N", help="for the shuffled orders (0)")
    budget = "stop after so many seconds, and say what was left out"
    made.add_argument("--budget", type=seconds, default=0.0, metavar="SECONDS", help=budget)
    patience = "stop an experiment in which no test has begun or ended for so long (60)"
    made.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help=patience)
    made.add_argument("--resume", action="store_true", help="go on where a hunt in this folder was interrupted")
    made.add_argument("--json", metavar="FILE", default="", help="write the findings to a file, as JSON")
    return made


def seconds(value: str) -> float:
    """Return a time in seconds. Raises ArgumentTypeError for one that is not above zero."""
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{value!r} is no number of seconds above zero")
    return found


def text(found: Hunted) -> str:
    """Return what people read."""
    lines: list[str] = []
    for same in by_polluter(found.records):
        if len(same) > FEW:
            lines += [*summary(same), ""]
            continue
        for record in same:
            lines += [*paragraph(record), ""]
    lines += found.notes
    victims = {record.victim for record in found.records if record.kind == "victim"}
    brittle = {record.victim for record in found.records if record.kind == "brittle"}
    told = f"{found.tests} tests: {count(len(victims), 'victim')}, {count(len(brittle), 'brittle test')}"
    lines.append(told if found.is_whole else f"{told} so far; the hunt did not end")
    return "".join(f"{printable(line)}\n" for line in lines)


def count(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def by_polluter(records: Sequence[Record]) -> list[list[Record]]:
    """Return findings, those together that have the same polluters, or state-setters, and the same state."""
    groups: dict[object, list[Record]] = {}
    for record in records:
        key = (record.kind, *record.culprits, record.state, record.path, record.line)
        groups.setdefault(key, []).append(record)
    return list(groups.values())


def summary(same: Sequence[Record]) -> list[str]:
    """Return the lines about many tests that one list of others harms, or that need it."""
    first = same[0]
    verb = "fail after" if first.kind == "victim" else "fail alone, and pass after"
    lines = [f"{count(len(same), 'test')} {verb} {', '.join(first.culprits)}", *state(first)]
    lines += [f"    {one.victim}{'' if one.confirmed else f' ({UNCONFIRMED})'}" for one in same]
    cleaners = list(dict.fromkeys(name for one in same for name in one.cleaners))
    how = "hidden by" if all(one.cleaners == first.cleaners for one in same) else "hidden in part by"
    shown = next((one for one in same if one.confirmed), first)
    which = "the first" if shown is first else shown.victim
    return [*lines, *hidden(how, cleaners), f"  reproduce {which}: {shown.command}"]


def state(record: Record) -> list[str]:
    """Return the line about the state that is changed, if the guard saw it."""
    where = f"{record.path}:{record.line}" if record.line else record.path
    return [f"  state: {record.state} ({where})"] if record.state else []


def hidden(how: str, cleaners: Sequence[str]) -> list[str]:
    """Return the line about the tests that hide a finding, of many the first ones."""
    more = f" and {len(cleaners) - SHOWN} more" if len(cleaners) > SHOWN else ""
    return [f"  {how}: {', '.join(cleaners[:SHOWN])}{more}"] if cleaners else []


def paragraph(record: Record) -> list[str]:
    """Return the lines about one finding."""
    is_victim = record.kind == "victim"
    lines = [f"{record.victim} {'fails after' if is_victim else 'fails alone, and passes after'}"]
    lines += [f"    {name}" for name in record.culprits]
    lines += [*state(record), *hidden("hidden by", record.cleaners)]
    if not record.confirmed:
        lines.append(f"  {UNCONFIRMED}")
    return [*lines, f"  reproduce: {record.command}"]


def document(found: Hunted) -> str:
    """Return the JSON document."""
    content = {
        "version": 1,
        "tool": "hermetic",
        "findings": [record.as_dict() for record in found.records],
        "notes": found.notes,
        "complete": found.is_whole,
    }
    return json.dumps(content, indent=2) + "\n"
