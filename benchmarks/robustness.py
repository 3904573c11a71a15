"""Run every rule over every Python file of whole folders, and look for crashes and hangs.

Usage: python benchmarks/robustness.py [FOLDER...] [--limit SECONDS] [--slowest N]

Each file is checked by itself, as if it had been named on the command line: `--select ALL`, suppressions and all report
formats included. A failure is an exception, or a file that takes longer than the limit. What Python cannot parse must
give the finding HRM001, and is counted. FOLDER defaults to the standard library of this interpreter, installed packages
included. The exit code is 1 when a file failed, 2 when there was none to check.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import sysconfig
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hermetic import config, report
from hermetic.catalogue import registry
from hermetic.lint import selection
from hermetic.lint.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MEGABYTE = 1024  # ru_maxrss counts kilobytes


class TooSlowError(Exception):
    """A file takes longer than the limit."""


class Outcome(NamedTuple):
    """What checking one file gave: CPU seconds, findings by code, and the traceback of a failure."""

    path: str
    seconds: float
    codes: list[str]
    failure: str


def python_files(folder: Path) -> Iterator[str]:
    """Yield every Python file below a folder, links to folders not followed."""
    for base, folders, names in os.walk(folder):
        folders.sort()
        yield from (f"{base}{os.sep}{name}" for name in sorted(names) if name.endswith(".py"))


def give_up(_number: int, _frame: FrameType | None) -> None:
    """Stop the file that is being checked."""
    raise TooSlowError


def check(engine: Engine, path: str, limit: float) -> Outcome:
    """Check one file and write its findings in every format."""
    start = time.process_time()
    codes: list[str] = []
    failure = ""
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        findings = engine.check([path])
        for name in report.FORMATS:
            report.renderer(name)(findings, colour=False).encode("utf-8", "backslashreplace")
        codes = [finding.code for finding in findings]
    except Exception:  # noqa: BLE001 - whatever it is, it is what this script looks for
        failure = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return Outcome(path, time.process_time() - start, codes, failure)


def engine_for(folder: Path) -> Engine:
    """Return an engine with every rule on, whatever the folder's own configuration says."""
    settings = config.Settings(str(folder))
    settings.options = {name: default for name, (default, _) in config.OPTIONS.items()}
    settings.select = ("ALL",)
    return Engine(settings, selection.choose(registry.all_entries(), settings))


def summary(outcomes: list[Outcome], slowest: int) -> Iterator[str]:
    """Yield the lines of the result."""
    failed = [item for item in outcomes if item.failure]
    counts: dict[str, int] = {}
    for item in outcomes:
        for code in item.codes:
            counts[code] = counts.get(code, 0) + 1
    for item in failed:
        yield f"FAILED {item.path}\n{item.failure}"
    cpu = sum(item.seconds for item in outcomes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE
    version = sys.version.split()[0]
    yield f"{len(outcomes)} files, {len(failed)} failed, {cpu:.1f} s CPU, {peak} MB at the peak, Python {version}"
    yield "findings: " + (", ".join(f"{code} {count}" for code, count in sorted(counts.items())) or "none")
    yield "slowest:"
    for item in sorted(outcomes, key=lambda item: -item.seconds)[:slowest]:
        yield f"  {item.seconds:6.2f} s  {Path(item.path).stat().st_size / 1e3:8.0f} kB  {item.path}"


def main(arguments: list[str]) -> int:
    """Check every file and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, default=[Path(sysconfig.get_paths()["stdlib"])])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that one file may take")
    parser.add_argument("--slowest", type=int, default=10, help="how many slow files to list")
    options = parser.parse_args(arguments)
    warnings.simplefilter("error")  # a warning of the compiler must not reach the user either
    signal.signal(signal.SIGALRM, give_up)
    outcomes: list[Outcome] = []
    for folder in options.folders:
        engine = engine_for(folder)
        outcomes.extend(check(engine, path, options.limit) for path in python_files(folder))
    for line in summary(outcomes, options.slowest):
        print(line)
    if not outcomes:
        return 2
    return 1 if any(item.failure for item in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
