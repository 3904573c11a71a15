"""`hermetic check`."""

from __future__ import annotations

import os
import sys

from hermetic import config, report
from hermetic.catalogue import registry
from hermetic.lint import discovery, selection
from hermetic.lint.engine import Engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hermetic.finding import Finding

CANNOT_RUN = 2
SLOW = 40  # files from which progress is shown on a terminal


class Options:
    """What the command line says; the defaults are those of a call with paths alone."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.select: tuple[str, ...] = ()
        self.extend_select: tuple[str, ...] = ()
        self.ignore: tuple[str, ...] = ()
        self.output_format = "full"
        self.output_file = ""
        self.stdin_filename = ""
        self.statistics = False


def main(arguments: Sequence[str], fixed: tuple[str, ...] = ()) -> int:
    """Check files and print the findings.

    `fixed` are codes that the caller insists on, whatever the configuration selects or ignores (the hooks do).
    """
    options = read_options(arguments)
    try:
        findings = find(options, fixed)
    except (config.ConfigError, discovery.NoSuchPath, ValueError) as error:
        sys.stderr.write(f"hermetic: {error}\n")
        return CANNOT_RUN
    write(options, findings)
    return 1 if findings else 0


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options; paths alone need no parser, whose import is a third of a one-file run."""
    options = Options()
    if any(argument.startswith("-") for argument in arguments):
        parser().parse_args(arguments, namespace=options)
    else:
        options.paths = list(arguments)
    return options


def codes(text: str) -> tuple[str, ...]:
    """Return the codes in a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parser() -> argparse.ArgumentParser:
    """Return the parser: the one list of options."""
    import argparse  # noqa: PLC0415 - see read_options

    made = argparse.ArgumentParser(prog="hermetic check", description="Look for what breaks isolation between tests.")
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders; the current folder without one")
    made.add_argument("--select", type=codes, metavar="CODES", help="rules to run: codes, prefixes, presets or ALL")
    made.add_argument("--extend-select", type=codes, metavar="CODES", help="rules to run besides the selected ones")
    made.add_argument("--ignore", type=codes, metavar="CODES", help="rules to leave out")
    made.add_argument("--output-format", choices=report.FORMATS, help="how findings are written (full)")
    made.add_argument("--output-file", metavar="FILE", help="write the findings to a file")
    made.add_argument("--stdin-filename", metavar="FILE", help="check standard input as if it were this file")
    made.add_argument("--statistics", action="store_true", help="print counts by rule instead of findings")
    made.add_argument("--no-cache", action="store_true", help="do not read or write the cache")
    return made


def find(options: Options, fixed: tuple[str, ...]) -> list[Finding]:
    """Return the findings of a run.

    Raises `ConfigError`, `NoSuchPath`, or `ValueError` for a third-party rule that cannot be used.
    """
    settings = config.load(options.stdin_filename or (options.paths[0] if options.paths else "."))
    settings.select = fixed or options.select or settings.select
    settings.extend_select = () if fixed else (*settings.extend_select, *options.extend_select)
    settings.ignore = options.ignore if fixed else (*settings.ignore, *options.ignore)
    chosen = selection.choose(registry.all_entries(), settings)
    engine = Engine(settings, chosen)
    if options.stdin_filename:
        return engine.check_source(sys.stdin.buffer.read(), options.stdin_filename)
    paths = discovery.discover(options.paths or ["."], settings)
    if not paths:
        raise discovery.NoSuchPath(
            f"no file to check in {', '.join(options.paths) or 'the current folder'}; "
            f"test files are those that match {', '.join(settings.python_files)}"
        )
    return engine.check(paths, progress if len(paths) >= SLOW and sys.stderr.isatty() else None)


def progress(done: int, total: int) -> None:
    """Show how far the run is, on a terminal."""
    if done % 20 == 0 or done == total:
        sys.stderr.write(f"\r{done}/{total} files" if done < total else "\r\033[K")
        sys.stderr.flush()


def write(options: Options, findings: list[Finding]) -> None:
    """Write the findings to where they were asked for."""
    if options.statistics:
        text = statistics(findings)
    else:
        colour = not options.output_file and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        text = report.renderer(options.output_format)(findings, colour)
    if options.output_file:
        with open(options.output_file, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.write(text)
    else:
        sys.stdout.write(text)


def statistics(findings: list[Finding]) -> str:
    """Return `count code name` lines, the commonest first."""
    counts: dict[tuple[str, str], int] = {}
    for item in findings:
        counts[item.code, item.name] = counts.get((item.code, item.name), 0) + 1
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return "".join(f"{count:6}  {code}  {name}\n" for (code, name), count in rows)
