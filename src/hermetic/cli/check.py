"""`hermetic check`."""

from __future__ import annotations

import os
import sys

from hermetic import config, report
from hermetic.catalogue import registry
from hermetic.cli import complain, flushed, say, silenced
from hermetic.lint import discovery, selection
from hermetic.lint.incomplete import IncompleteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hermetic.config import Settings
    from hermetic.finding import Finding
    from hermetic.lint.baseline import Baseline
    from hermetic.lint.engine import Engine
    from hermetic.lint.selection import Selection
    from hermetic.report.sarif import RuleText

CANNOT_RUN = 2
COUNTED = ("full", "concise", "json")  # formats that --statistics has
FIXABLE = ("full", "json")  # formats that say what can be repaired
SLOW = 40  # files from which progress is shown on a terminal
MANY = 2  # files from which what was found is kept: to keep it costs as much as it saves for one


class Options:
    """What the command line says; the defaults are those of a call with paths alone."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.select: list[str] = []
        self.extend_select: list[str] = []
        self.ignore: list[str] = []
        self.output_format = "full"
        self.output_file = ""
        self.stdin_filename = ""
        self.statistics = False
        self.no_cache = False
        self.jobs = 0
        self.fix = False
        self.diff = False
        self.unsafe_fixes = False
        self.baseline = ""
        self.no_baseline = False
        self.strict_baseline = False
        self.held: Baseline | None = None  # the baseline that is in use
        self.selection: Selection | None = None  # the rules, where the paths were checked as they were given
        # Files that look like test data and cannot be parsed, and those that lack a helper and have findings.
        self.left_out = (0, 0)
        self.sources: dict[str, bytes] = {}  # what is checked without being on disk, by path


def main(arguments: Sequence[str]) -> int:
    """Check files and print the findings."""
    options = read_options(arguments, parser)
    if options.fix or options.diff:
        from hermetic.cli.repairing import main as repair

        return repair(options)
    return answer(options, lambda: find(options))


def read_options(arguments: Sequence[str], make_parser: Callable[[], argparse.ArgumentParser]) -> Options:
    """Return the options; paths alone need no parser, whose import is a third of a one-file run."""
    options = Options()
    if not any(argument.startswith("-") for argument in arguments):
        options.paths = list(arguments)
        return options
    made = make_parser()
    made.parse_args(arguments, namespace=options)
    if options.statistics and options.output_format not in COUNTED:
        made.error(f"--statistics is text or JSON, so it does not go with --output-format {options.output_format}")
    if options.stdin_filename and options.paths:
        made.error("--stdin-filename checks standard input alone, so it does not go with a PATH")
    wrong = wrong_together(options)
    if wrong:
        made.error(wrong)
    if options.no_baseline and (options.baseline or options.strict_baseline):
        made.error("--no-baseline does not go with --baseline or --strict-baseline")
    return options


def wrong_together(options: Options) -> str:
    """Return why the options about fixes contradict each other, "" where they do not."""
    if options.fix and options.diff:
        return "--diff changes nothing, so it does not go with --fix"
    if options.unsafe_fixes and not (options.fix or options.diff):
        return "--unsafe-fixes says which fixes are applied, so it needs --fix or --diff"
    if options.diff and (options.statistics or options.output_file or options.output_format != "full"):
        return "--diff prints what would change instead of findings, so it goes with no --output option"
    return ""


def answer(options: Options, search: Callable[[], list[Finding]]) -> int:
    """Run a search, print what it finds and return the exit code."""
    failures: list[str] = []
    try:
        findings = search()
    except IncompleteError as error:
        findings, failures = error.findings, error.failures
    notes: list[str] = []
    stale = 0
    if options.held is not None:
        from hermetic.cli.held import leave_out

        findings, notes, stale = leave_out(options, options.held, findings)
    try:
        written = write(options, findings)
    except BrokenPipeError:
        written = silenced(0)  # the reader has seen enough; the exit code still tells
    for note in left_out(*options.left_out):
        complain(note)
    if notes:
        written = flushed(written)  # a log that takes both streams has the findings first
    for note in notes:
        complain(note)
    for failure in failures:
        complain(f"{failure}; this is a defect of the rule: leave it out with --ignore, and report it")
    return CANNOT_RUN if failures else written or (1 if findings or (stale and options.strict_baseline) else 0)


def left_out(data: int, uncollected: int) -> Iterator[str]:
    """Yield what is said of files that may be test data, and of those that pytest cannot import."""
    if data:
        files = f"{data} Python file{'s' * (data != 1)} that no test imports and that cannot be parsed"
        yield f"left out: {files}; name them, or add --extend-select project, to see why"
    if uncollected:
        files = "1 file that imports" if uncollected == 1 else f"{uncollected} files that import"
        missing = "a helper which is nowhere, or from a folder without __init__.py"
        yield f"left out: findings in {files} {missing}; add --extend-select project to see them"


def parser() -> argparse.ArgumentParser:
    """Return the parser: the one list of options."""
    import argparse

    from hermetic.cli import shared_options as shared

    made = argparse.ArgumentParser(
        prog="hermetic check", description="Look for what breaks isolation between tests.", allow_abbrev=False
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders; the current folder without one")
    shared.add_selection(made)
    shared.add_ignore(made)
    made.add_argument("--stdin-filename", metavar="FILE", help="check standard input as if it were this file")
    shared.add_fixes(made)
    shared.add_baseline(made)
    shared.add_output(made)
    jobs = "processes; 0: as many as are worth it (0)"
    made.add_argument("--jobs", "-j", type=shared.number, metavar="N", help=jobs)
    return made


def find(options: Options, fixed: tuple[str, ...] = (), strict: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings of a run.

    `fixed` are codes that the caller insists on, whatever the configuration selects or ignores (the scripts do), and
    `strict` those of them that say as much as under the `project` preset.
    Raises `CannotRunError`, or `IncompleteError` when a rule fails.
    """
    start = options.stdin_filename or (options.paths[0] if options.paths else ".")
    settings = configured(start, options, fixed, strict)
    chosen = selection.choose(registry.all_entries(), settings)
    if options.stdin_filename:
        options.sources[options.stdin_filename] = read_input()
        engine = made(settings, chosen, options)
        return engine.check_source(options.sources[options.stdin_filename], options.stdin_filename)
    found = find_in(discovered(options, settings), settings, chosen, options)
    options.selection = chosen
    return found


def read_input() -> bytes:
    """Return the source that comes from standard input."""
    if sys.stdin is None:
        raise config.CannotRunError("standard input is closed; --stdin-filename reads the source from there")
    return sys.stdin.buffer.read()


def discovered(options: Options, settings: Settings) -> list[str]:
    """Return the files to check."""
    paths = discovery.discover(options.paths or ["."], settings)
    if not paths:
        raise discovery.NoSuchPathError(
            f"no file to check in {', '.join(options.paths) or 'the current folder'}; "
            f"test files are those that match {', '.join(settings.python_files)}"
        )
    return paths


def named(options: Options) -> frozenset[str]:
    """Return the files, in full, that the user names."""
    return frozenset(os.path.abspath(path) for path in options.paths if not os.path.isdir(path))


def made(settings: Settings, chosen: Selection, options: Options) -> Engine:
    """Return an engine; a run that found the same before needs none, nor what it imports."""
    from hermetic.lint.engine import Engine

    engine = Engine(settings, chosen)
    if wants_fixes(options):
        from hermetic.repair.maker import Maker

        engine.maker = Maker(settings.root, thorough=shows_fixes(options))
    return engine


def wants_fixes(options: Options) -> bool:
    """Tell whether the report says what can be repaired."""
    return options.output_format in FIXABLE and not options.statistics


def shows_fixes(options: Options) -> bool:
    """Tell whether the report holds the fixes themselves: then calls are looked for in the whole project."""
    return wants_fixes(options) and options.output_format == "json"


def find_in(paths: list[str], settings: Settings, chosen: Selection, options: Options) -> list[Finding]:
    """Return the findings in some files: those of an earlier run, where nothing that it read has changed."""
    run = None
    is_cached = not options.no_cache and not registry.is_foreign(chosen.entries)
    if is_cached and len(paths) >= MANY and not shows_fixes(options):  # what is read of the whole project is not noted
        from hermetic.lint.warm import Run

        run = Run(settings, chosen, paths, named(options), fixes=wants_fixes(options))
        known = run.known()
        if known is not None:
            found, options.left_out = known
            return found
    engine = made(settings, chosen, options)
    engine.jobs, engine.named = options.jobs, named(options)
    keeping = None
    if is_cached:
        from hermetic.lint.keeping import Keeping

        keeping = Keeping(engine, paths, run)
    found = engine.check(paths, progress if len(paths) >= SLOW and sys.stderr.isatty() else None)
    options.left_out = engine.left_out
    if keeping is not None:
        keeping.keep(found)
    return found


def configured(start: str, options: Options, fixed: tuple[str, ...] = (), strict: tuple[str, ...] = ()) -> Settings:
    """Return the settings that apply to `start`, with what the command line or the caller says instead."""
    settings = config.load(start, cached=not options.no_cache)
    settings.select = fixed or tuple(options.select) or settings.select
    settings.extend_select = () if fixed else (*settings.extend_select, *options.extend_select)
    settings.strict = strict
    settings.ignore = tuple(options.ignore) if fixed else (*settings.ignore, *options.ignore)
    file = "" if options.no_baseline else options.baseline or settings.baseline
    if file:
        from hermetic.lint.baseline import load

        options.held = load(file)
    elif options.strict_baseline:
        raise config.ConfigError("--strict-baseline needs a baseline: name it with --baseline or in [tool.hermetic]")
    return settings


def progress(done: int, total: int) -> None:
    """Show how far the run is, on a terminal."""
    if done % 20 == 0 or done == total:
        sys.stderr.write(f"\r{done}/{total} files" if done < total else "\r\033[K")
        sys.stderr.flush()


def write(options: Options, findings: list[Finding]) -> int:
    """Write the findings to where they were asked for; return the exit code for what could not be written, else 0."""
    if options.statistics:
        text = statistics(findings, options.output_format)
    else:
        colour = not options.output_file and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        render = report.renderer(options.output_format, describe, compared=options.held is not None)
        text = render(findings, colour=colour, sources=options.sources)
    if not options.output_file:
        say(text)
        return 0
    try:
        with open(options.output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        say(text)
        reason = f"{options.output_file}: cannot be written: {error.strerror}"
        return complain(f"{reason}; the findings are on standard output instead")
    return 0


def describe(codes: Iterable[str]) -> Mapping[str, RuleText]:
    """Return the texts of rules by code, for the reports that carry them."""
    from hermetic.cli.described import described

    return described(codes)


def statistics(findings: list[Finding], output_format: str) -> str:
    """Return `count code name` lines, the commonest first; the same as a document for scripts."""
    counts: dict[tuple[str, str], int] = {}
    for item in findings:
        counts[item.code, item.name] = counts.get((item.code, item.name), 0) + 1
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if output_format == "json":
        import json

        records = [{"code": code, "name": name, "count": count} for (code, name), count in rows]
        return json.dumps({"version": 1, "tool": "hermetic", "statistics": records}, indent=2) + "\n"
    return "".join(f"{count:6}  {code}  {name}\n" for (code, name), count in rows)
