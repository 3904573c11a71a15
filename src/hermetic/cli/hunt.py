"""`hermetic hunt`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time

from hermetic.audit.hunt import Wanted, hunt
from hermetic.cli import complain, say
from hermetic.report import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from hermetic.audit.hunt import Hunted, Record

CANNOT_RUN = 2
PATIENCE = 2.0  # seconds after which it says what it is doing
SHOWN = 5  # names in one line
EVERY = 5.0  # seconds between two lines of progress where there is no terminal


def main(arguments: Sequence[str]) -> int:
    """Hunt in the current folder, print what was found, and return the exit code."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    options = parser().parse_args(words[:at])
    progress = Progress()
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


def interrupted(_: int, __: FrameType | None) -> None:
    """Stop as for Ctrl-C, so that what is known is kept and the copies are removed."""
    raise KeyboardInterrupt


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


class Progress:
    """Says on standard error what is going on, and how long that may take, once it takes long."""

    def __init__(self) -> None:
        self.started = self.since = time.monotonic()
        self.said = 0.0
        self.what = ""
        self.shown = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say it, unless the run has just begun."""
        now = time.monotonic()
        if what != self.what:
            self.what, self.since = what, now
        if sys.stderr is None:
            return
        is_terminal = sys.stderr.isatty()
        if now - self.said < (0.1 if is_terminal else EVERY) or (now - self.started < PATIENCE and not is_terminal):
            return
        self.said = now
        line = printable(f"{what}: {done} of {total}" if total > 1 else what)
        if done:
            line += f", about {(now - self.since) / done * (total - done):.0f} s left"
        sys.stderr.write(f"\r\033[K{line}" if is_terminal else f"hermetic hunt: {line}\n")
        sys.stderr.flush()
        self.shown = is_terminal

    def end(self) -> None:
        """Remove the last line from a terminal."""
        if self.shown:
            sys.stderr.write("\r\033[K")


def text(found: Hunted) -> str:
    """Return what people read."""
    lines: list[str] = []
    for record in found.records:
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


def paragraph(record: Record) -> list[str]:
    """Return the lines about one finding."""
    is_victim = record.kind == "victim"
    lines = [f"{record.victim} {'fails after' if is_victim else 'fails alone, and passes after'}"]
    lines += [f"    {name}" for name in record.culprits]
    where = f"{record.path}:{record.line}" if record.line else record.path
    if record.state:
        lines.append(f"  state: {record.state} ({where})")
    if record.cleaners:
        more = f" and {len(record.cleaners) - SHOWN} more" if len(record.cleaners) > SHOWN else ""
        lines.append(f"  hidden by: {', '.join(record.cleaners[:SHOWN])}{more}")
    if not record.confirmed:
        lines.append("  not confirmed: no run in a new interpreter has shown it")
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


def write(path: str, content: str) -> int:
    """Write a file that was asked for; return the exit code for one that cannot be written, else 0."""
    if not path:
        return 0
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        complain(f"{path}: cannot be written: {error.strerror}")
        return CANNOT_RUN
    return 0
