"""What a run found, kept for the next one: it holds while all that the run has read is still the same.

Nothing is parsed then, and no rule is imported. A run reads more than the files that it checks: conftests, helpers, the
code under test, and the folders in which imports are looked up. All of that counts, whichever file it was read for.
"""

from __future__ import annotations

import os
import sys

from hermetic import cache
from hermetic.finding import Edit, Finding, Fix
from hermetic.source.witness import CHANGED, digest, renewed_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hermetic.config import Settings
    from hermetic.lint.selection import Selection
    from hermetic.source.witness import Mark

KIND = "lint-"
KEPT = 8  # runs of one project: other folders, other rules
MOMENT = 2_000_000_000  # nanoseconds within which some file systems give two changes the same time
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOMS = ("", "lint", "source", "catalogue", "repair")
PLAIN = tuple(name for name in Finding.__slots__ if name != "fix")


class Run:
    """One run over some files with some rules: what it is known by, and what it found; with or without `fixes`."""

    def __init__(
        self, settings: Settings, selection: Selection, paths: list[str], named: frozenset[str], *, fixes: bool = False
    ) -> None:
        import time

        self.root = settings.root
        self.key = key_of(settings, selection, paths, named, fixes=fixes)
        self.kind = KIND + self.key.hex()
        self.paths = paths
        self.start = time.time_ns()

    def known(self) -> tuple[list[Finding], tuple[int, int]] | None:
        """Return what a run that read the same found, and of how many files it left something out; None without one."""
        kept: Any = cache.load(self.root, self.kind, self.key)
        try:
            start, noted, rows, left_out = kept
            now = renewed_all(noted, start - MOMENT)
            if now is None:
                return None
            found = [finding_of(row) for row in rows]
        except (TypeError, ValueError, AttributeError):  # nothing there, or not written by us
            return None
        if any(now[path] is not mark for path, mark in noted.items()):  # from now on the times alone say it
            self.keep(now, found, left_out)
        return found, left_out

    def keep(self, noted: dict[str, Mark], findings: list[Finding], left_out: tuple[int, int]) -> None:
        """Keep what a run found, unless something changed while it ran, or could not be read."""
        marks = (noted.get(os.path.abspath(path), CHANGED) for path in self.paths)
        if CHANGED in noted.values() or any(size < 0 for _, _, size, _ in marks):
            return
        rows = [row_of(item) for item in findings]
        cache.save(self.root, self.kind, self.key, (self.start, noted, rows, left_out))
        cache.prune(self.root, KIND, KEPT)


def row_of(item: Finding) -> tuple[Any, ...]:
    """Return a finding as plain values."""
    fix = item.fix
    edits = [edit.key for edit in fix.edits] if fix is not None else []
    return (*(getattr(item, name) for name in PLAIN), (fix.message, edits, fix.safe) if fix is not None else None)


def finding_of(row: tuple[Any, ...]) -> Finding:
    """Return the finding that `row_of` was given. Raises ValueError or TypeError for anything else."""
    *values, fix = row
    found = Finding(**dict(zip(PLAIN, values, strict=True)))
    if fix is not None:
        message, edits, safe = fix
        found.fix = Fix(message, [Edit(*edit) for edit in edits], safe=safe)
    return found


def key_of(
    settings: Settings, selection: Selection, paths: list[str], named: frozenset[str], *, fixes: bool = False
) -> bytes:
    """Return what decides about findings besides what is read: settings, rules, interpreter, and our own code."""
    file = settings.pytest_file
    parts = (
        (sys.version, sys.platform, os.getcwd(), settings.root, settings.python_files),
        sorted(settings.options.items()),
        (file.path, file.data, file.section) if file is not None else None,
        [(entry.code, entry.module) for entry in selection.entries],
        [sorted(names) for names in (selection.presets, selection.codes, selection.known, named)],
        [(pattern, sorted(codes)) for pattern, codes in selection.ignored],
        own_code(PACKAGE),
        fixes,
        paths,
    )
    return digest(repr(parts).encode("utf-8", "surrogatepass"))


def own_code(package: str) -> list[tuple[str, int, int]]:
    """Return the name, time and size of each file that decides about findings: they change while rules are written."""
    found = []
    pending = [os.path.join(package, room) for room in ROOMS]
    families = os.path.join(package, "catalogue", "")
    try:
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        status = entry.stat()
                        found.append((entry.path[len(package) :], status.st_mtime_ns, status.st_size))
                    elif entry.path.startswith(families) and entry.name[0] != "_":
                        pending.append(entry.path)
    except OSError:  # in an archive the version alone tells
        return []
    return sorted(found)
