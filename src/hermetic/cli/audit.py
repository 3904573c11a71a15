"""`hermetic audit`."""

from __future__ import annotations

import argparse
import os
import signal

from hermetic.audit import page, replay, summary, tree
from hermetic.audit import schedule as schedules
from hermetic.audit.audit import Wanted, audit
from hermetic.cli import complain, say
from hermetic.cli.hunt import seconds
from hermetic.cli.long_work import CANNOT_RUN, Progress, interrupted, write
from hermetic.report import json_report, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.audit import Audited


def main(arguments: Sequence[str]) -> int:
    """Audit the current folder, print what was found, and return the exit code."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    options = parser().parse_args(words[:at])
    progress = Progress("audit")
    previous = signal.signal(signal.SIGTERM, interrupted)
    try:
        wanted = Wanted(tuple(words[at + 1 :]), options.budget, options.timeout, options.resume)
        if options.replay:
            return replayed(wanted, options, progress)
        found = audit(wanted, progress)
    finally:
        signal.signal(signal.SIGTERM, previous)
        progress.end()
    return answer(found, options)


def answer(found: Audited, options: argparse.Namespace) -> int:
    """Print and write what was found; return the exit code."""
    content = summary.document(found, json_report.as_dict)
    say("".join(f"{printable(line)}\n" for line in summary.lines(found)))
    shares = schedules.shares_of(found.known.runs)
    schedules.keep(top(), shares)
    written = write(options.json, content)
    written = write(options.html, page.render(found, os.path.basename(os.getcwd()))) or written
    written = write(options.record, schedules.document(shares)) or written
    for name in [] if written else [options.html, options.record]:
        if name:
            say(f"written: {printable(name)}\n")
    return written or (1 if summary.is_anything(found) else 0 if found.is_whole else CANNOT_RUN)


def replayed(wanted: Wanted, options: argparse.Namespace, progress: Progress) -> int:
    """Run the share of a worker again without workers; return the exit code."""
    share = schedules.find(schedules.load(options.record, top()), options.replay)
    found = replay.replay(wanted, share, progress)
    progress.end()
    say("".join(f"{printable(line)}\n" for line in replay.lines(found)))
    written = write(options.json, replay.document(found))
    if options.html:
        complain("--html shows an audit, not a replay; it was left out")
    return written or (1 if found.failed else 0)


def top() -> str:
    """Return the folder that names a schedule among those of other projects."""
    place = tree.place_of(".")
    return place.within(place.top)


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser(
        prog="hermetic audit",
        description="Run the suite in several orders and in parallel, and say of each failing test what it fails for.",
        usage=(
            "hermetic audit [--json F] [--html F] [--record F] [--replay gwN] "
            "[--budget S] [--timeout S] [--resume] [-- ARGS]"
        ),
        allow_abbrev=False,
    )
    made.add_argument("--json", metavar="FILE", default="", help="write all that was found to a file, as JSON")
    made.add_argument("--html", metavar="FILE", default="", help="write it as one HTML page that needs nothing else")
    record = "write down which worker ran what; with --replay, read it from there"
    made.add_argument("--record", metavar="FILE", default="", help=record)
    again = (
        "run again, without workers, what this worker ran in the last audit: gw1, or 2:gw1 for that of the second run"
    )
    made.add_argument("--replay", metavar="gwN", default="", help=again)
    budget = "stop after so many seconds, and say what was left out"
    made.add_argument("--budget", type=seconds, default=0.0, metavar="SECONDS", help=budget)
    patience = "stop a run in which no test has begun or ended for so long (60)"
    made.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help=patience)
    made.add_argument("--resume", action="store_true", help="go on where an audit in this folder was stopped")
    return made
