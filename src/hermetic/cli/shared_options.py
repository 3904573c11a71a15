"""Options that several verbs of the linter share. What has only paths on its command line does not import this."""

from __future__ import annotations

import argparse

from hermetic import report


def codes(text: str) -> list[str]:
    """Return the codes in a list, separated by commas or spaces."""
    found = text.replace(",", " ").split()
    if not found:
        raise argparse.ArgumentTypeError("names no rule; give codes, prefixes, presets or ALL")
    return found


def number(value: str) -> int:
    """Return a count of processes. Raises ValueError for one below zero."""
    found = int(value)
    if found < 0:
        raise ValueError
    return found


def add_fixes(made: argparse.ArgumentParser) -> None:
    """Add the options that repair."""
    made.add_argument("--fix", action="store_true", help="repair what can be repaired, and print what is left")
    made.add_argument("--diff", action="store_true", help="print what --fix would change, and change nothing")
    unsafe = "with --fix or --diff: also repairs that may change what a test does, or want a look at how they read"
    made.add_argument("--unsafe-fixes", action="store_true", help=unsafe)


def add_selection(made: argparse.ArgumentParser) -> None:
    """Add the options that say which rules run."""
    chosen = "rules to run: codes, prefixes, presets or ALL"
    made.add_argument("--select", action="extend", type=codes, metavar="CODES", help=chosen)
    further = "rules to run besides the selected ones"
    made.add_argument("--extend-select", action="extend", type=codes, metavar="CODES", help=further)


def add_ignore(made: argparse.ArgumentParser) -> None:
    """Add the option that says which rules do not run."""
    made.add_argument("--ignore", action="extend", type=codes, metavar="CODES", help="rules to leave out")


def add_baseline(made: argparse.ArgumentParser) -> None:
    """Add the options that say which findings are left out because they were there before."""
    file = "leave out the findings that this file holds (the setting `baseline`); `hermetic baseline` writes it"
    made.add_argument("--baseline", metavar="FILE", help=file)
    made.add_argument("--no-baseline", action="store_true", help="leave nothing out, whatever the configuration says")
    strict = "exit with 1 when an entry of the baseline is stale: what it held is gone"
    made.add_argument("--strict-baseline", action="store_true", help=strict)


def add_output(made: argparse.ArgumentParser) -> None:
    """Add the options that say how findings are written."""
    made.add_argument("--output-format", choices=report.FORMATS, help="how findings are written (full)")
    made.add_argument("--output-file", metavar="FILE", help="write the findings to a file")
    made.add_argument("--statistics", action="store_true", help="print counts by rule instead of findings")
    made.add_argument("--no-cache", action="store_true", help="do not read or write the cache")
