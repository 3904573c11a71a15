"""`hermetic baseline`."""

from __future__ import annotations

import argparse
import os

from hermetic import config
from hermetic.catalogue import registry
from hermetic.cli import check, complain, flushed, say
from hermetic.cli.held import counted
from hermetic.cli.shared_options import add_ignore, add_selection, codes
from hermetic.lint import baseline, history, selection
from hermetic.lint.baseline import Baseline
from hermetic.lint.incomplete import IncompleteError
from hermetic.lint.selection import CANNOT_READ
from hermetic.report import concise, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.config import Settings
    from hermetic.finding import Finding
    from hermetic.lint.baseline import Entry

FINDINGS = 1


class Options(check.Options):
    """What the command line says."""

    def __init__(self) -> None:
        super().__init__()
        self.no_baseline = True
        self.file = ""
        self.accept_new: list[str] = []
        self.counts = False


def main(arguments: Sequence[str]) -> int:
    """Write the baseline, or take out of it what is gone; return the exit code."""
    options = Options()
    parser().parse_args(arguments, namespace=options)
    settings = config.load(options.paths[0] if options.paths else ".", cached=not options.no_cache)
    file = os.path.relpath(options.file or settings.baseline or os.path.join(settings.root, baseline.NAME))
    if options.counts:
        return show_counts(file)
    old = baseline.load(file) if os.path.lexists(file) else None
    if old is not None and not options.paths:
        options.paths = [os.path.relpath(path) for path in old.present()]
    options.paths = options.paths or ["."]
    try:
        findings = check.find(options)
    except IncompleteError as error:
        return complain(f"{error}; so {file} stays as it is. Leave the rule out with --ignore, and report it")
    return first(file, options, settings, findings) if old is None else shrunk(old, options, findings)


def parser() -> argparse.ArgumentParser:
    """Return the parser: the one list of options."""
    made = argparse.ArgumentParser(
        prog="hermetic baseline",
        description="Hold the findings of today in a file, so that a check reports new ones only. "
        "Once written, the file can only shrink.",
        allow_abbrev=False,
    )
    paths = "files or folders; without one those that the file was written for, at first the current folder"
    made.add_argument("paths", nargs="*", metavar="PATH", help=paths)
    named = f"the file (the setting `baseline`, else {baseline.NAME} beside pyproject.toml)"
    made.add_argument("--file", metavar="FILE", help=named)
    accept = "also take in new findings of these rules: codes, prefixes, presets or ALL"
    made.add_argument("--accept-new", action="extend", type=codes, metavar="CODES", help=accept)
    counts = "only print how many entries each rule has, now and in each commit of the file"
    made.add_argument("--counts", action="store_true", help=counts)
    add_selection(made)
    add_ignore(made)
    made.add_argument("--no-cache", action="store_true", help="do not read or write the cache")
    return made


def first(file: str, options: Options, settings: Settings, findings: list[Finding]) -> int:
    """Write the file for the first time: all findings but those about files of which nothing is known."""
    made = Baseline(file)
    made.paths = sorted({made.relative(path) for path in options.paths})
    kept = [item for item in findings if item.code != CANNOT_READ]
    made.entries = set(made.entries_of(kept))
    made.write()
    say(f"{file}: {counted(len(made.entries), 'entry', 'entries')} written\n{by_rule(made)}")
    if not settings.baseline:
        name = made.relative(settings.root)
        place = os.path.relpath(file, settings.root).replace(os.sep, "/")
        where = "[tool.hermetic]" if name == "." else f"[tool.hermetic] of {os.path.relpath(settings.root)}"
        say(f'Next: put baseline = "{place}" under {where} in pyproject.toml, and commit both files\n')
    return refuse([item for item in findings if item.code == CANNOT_READ])


def shrunk(old: Baseline, options: Options, findings: list[Finding]) -> int:
    """Take out what is gone, take in what is accepted explicitly, and refuse the rest."""
    assert options.selection is not None  # noqa: S101 - tells the type checker what `find` has set
    before = old.text()
    new, used = old.divided(findings)
    whole = old.covered(options.paths)
    gone = old.stale(used, options.selection) if whole else []
    entries = dict(zip(map(id, findings), old.entries_of(findings), strict=True))
    moves = followed(gone, [entries[id(item)] for item in new if item.code != CANNOT_READ])
    accepted = selection.codes_of(registry.all_entries(), options.accept_new) - {CANNOT_READ}
    left = [item for item in new if entries[id(item)] not in moves]
    added = [entries[id(item)] for item in left if item.code in accepted]
    old.entries = (old.entries - set(gone)) | set(moves) | set(added)
    if added and not whole:
        old.paths = sorted({*old.paths, *map(old.relative, options.paths)})
    if old.text() != before or not is_as_written(old):
        old.write()
    removed = [entry for entry in gone if entry not in moves.values()]
    say(changes(old, removed, moves, added))
    if not whole:
        names = ", ".join(os.path.relpath(path) for path in old.present())
        say(f"Nothing was removed: that takes a check of all that the file was written for ({names})\n")
    return refuse([item for item in left if item.code not in accepted])


def is_as_written(made: Baseline) -> bool:
    """Tell whether the file is, byte by byte, what would be written: sorted, and each entry once."""
    with open(made.file, "rb") as file:
        return file.read() == made.text().encode("ascii")


def followed(gone: Sequence[Entry], new: Sequence[Entry]) -> dict[Entry, Entry]:
    """Return for new entries the gone ones that they were: the function has another name, or the file another place."""
    free = list(gone)
    found = {}
    for entry in new:
        for other in free:
            alike = (other.code, other.text) == (entry.code, entry.text)
            if alike and (other.path == entry.path or other.scope == entry.scope):
                found[entry] = other
                free.remove(other)
                break
    return found


def changes(made: Baseline, removed: Sequence[Entry], moves: dict[Entry, Entry], added: Sequence[Entry]) -> str:
    """Return what has changed, an entry a line, below the sum."""
    lines = [f"removed: {entry}" for entry in removed]
    lines += [f"followed: {old} -> {new}" for new, old in sorted(moves.items())]
    lines += [f"added: {entry}" for entry in sorted(added)]
    total = counted(len(made.entries), "entry", "entries")
    sums = f"{len(removed)} removed, {len(moves)} followed, {len(added)} added"
    end = "" if made.entries else "The file is not needed any more: remove it, and the setting `baseline`\n"
    return "".join(f"{printable(line)}\n" for line in [f"{os.path.relpath(made.file)}: {total} ({sums})", *lines]) + end


def refuse(findings: list[Finding]) -> int:
    """Name the findings that stay outside, and what can be done about them; return the exit code."""
    if not findings:
        return 0
    say(concise.render(findings, colour=False))
    code = flushed(FINDINGS)  # a log that takes both streams has the findings first
    codes = sorted({item.code for item in findings} - {CANNOT_READ})
    if len(codes) < len({item.code for item in findings}):
        complain("of a file that cannot be read nothing is known: repair it, or leave it out with `exclude`")
    if codes:
        number = sum(item.code != CANNOT_READ for item in findings)
        what = f"{counted(number, 'finding')} that the baseline does not hold, and it can only shrink"
        complain(f"{what}: repair, or accept by rule: --accept-new {','.join(codes)}")
    return code


def by_rule(made: Baseline) -> str:
    """Return `count code` lines."""
    return "".join(f"{number:6}  {printable(code)}\n" for code, number in baseline.counts(made.entries).items())


def show_counts(file: str) -> int:
    """Print a table: a line for each commit of the file and one for now, a column for each rule."""
    rows = [*history.committed(file)]
    if os.path.lexists(file):
        rows.append(history.Row("now", "", baseline.counts(baseline.load(file).entries)))
    if not rows:
        return complain(f"{file}: there is no such baseline, and git knows none; write it: hermetic baseline")
    codes = sorted({code for row in rows for code in row.counts or ()})
    lines = [["commit", "date", "total", *map(printable, codes)]]
    for row in rows:
        numbers = (
            [sum(row.counts.values()), *(row.counts.get(code, 0) for code in codes)]
            if row.counts is not None
            else ["?"]
        )
        lines.append([row.commit, row.date, *map(str, numbers)])
    width = max(len(line[0]) for line in lines)
    for commit, date, *numbers in lines:
        say(f"{commit:{width}}  {date:10}  {'  '.join(f'{number:>6}' for number in numbers)}\n")
    return 0
