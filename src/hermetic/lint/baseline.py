"""The baseline: findings that were there when hermetic came to a suite. It is written once, and can then only shrink.

The file holds a header and one entry a line, sorted, so that git merges it as it merges code. An entry names a finding
by what stands around it and never by its line number.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from hermetic.config import CannotRunError
from hermetic.context import Sources, identities, slashed
from hermetic.lint.selection import CANNOT_READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hermetic.finding import Finding
    from hermetic.lint.selection import Selection

VERSION = 1
NAME = "hermetic-baseline.jsonl"
MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


class BaselineError(CannotRunError):
    """A baseline cannot be used; the message says why, and what to do about it."""


class Entry(NamedTuple):
    """One accepted finding. `path` is relative to the folder of the file; the rest is its `Identity`."""

    path: str
    code: str
    scope: str
    text: str
    number: int

    def __str__(self) -> str:
        """Return what people are told about it."""
        return f"{self.path}: {self.code}{f' in {self.scope}' if self.scope else ''}"


class Baseline:
    """A file of accepted findings.

    `paths` are the files and folders that were checked when it was written, relative to its folder: only a check of all
    of them can tell that an entry is stale.
    """

    def __init__(self, file: str, entries: Iterable[Entry] = (), paths: Iterable[str] = ()) -> None:
        self.file = file
        self.folder = os.path.dirname(os.path.abspath(file))
        self.entries = set(entries)
        self.paths = sorted(set(paths))

    def entries_of(self, findings: Sequence[Finding], held: Mapping[str, bytes] | None = None) -> list[Entry]:
        """Return the entry that stands for each finding. `held` are files that are not as they are on disk."""
        named = identities(findings, Sources(held))
        return [
            Entry(self.relative(item.path), what.code, what.scope, what.text, what.number)
            for item, what in zip(findings, named, strict=True)
        ]

    def divided(
        self, findings: Sequence[Finding], held: Mapping[str, bytes] | None = None
    ) -> tuple[list[Finding], set[Entry]]:
        """Return the findings that are not held, and the entries that hold the others."""
        new, used = [], set()
        for item, entry in zip(findings, self.entries_of(findings, held), strict=True):
            if entry in self.entries and item.code != CANNOT_READ:  # of such a file nothing is known
                used.add(entry)
            else:
                new.append(item)
        return new, used

    def covered(self, paths: Iterable[str]) -> bool:
        """Tell whether a check of these files and folders looks at all that the baseline was written for."""
        given = [os.path.abspath(path) for path in paths]
        return all(any(is_within(mine, path) for path in given) for mine in self.present())

    def present(self) -> list[str]:
        """Return in full those of its paths that are still there."""
        return [path for path in map(self.absolute, self.paths) if os.path.lexists(path)]

    def stale(self, used: set[Entry], selection: Selection) -> list[Entry]:
        """Return the entries that hold nothing, as far as the selected rules can tell, sorted."""
        return sorted(
            item
            for item in self.entries - used
            if item.code in selection.codes or (item.code.startswith("HRM") and item.code not in selection.known)
        )

    def relative(self, path: str) -> str:
        """Return a path as entries have it."""
        return slashed(os.path.relpath(path, self.folder))

    def absolute(self, path: str) -> str:
        """Return a path of the file in full."""
        return os.path.normpath(os.path.join(self.folder, path))

    def text(self) -> str:
        """Return what the file holds."""
        head = {"version": VERSION, "tool": "hermetic", "paths": self.paths}
        rows = [head, *(entry._asdict() for entry in sorted(self.entries))]
        return "".join(f"{json.dumps(row)}\n" for row in rows)

    def write(self) -> None:
        """Write the file beside its place and move it there, so that a reader sees all of it or what was there before.

        Raises `BaselineError`.
        """
        target = os.path.realpath(self.file)  # a link stays one
        temporary = f"{target}.{os.getpid()}"
        try:
            with open(temporary, "w", encoding="ascii", newline="\n") as file:
                file.write(self.text())
                file.flush()
                os.fsync(file.fileno())
            if os.path.exists(target):
                os.chmod(temporary, os.stat(target).st_mode & 0o777)
            os.replace(temporary, target)
        except OSError as error:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise BaselineError(f"{self.file}: cannot be written: {error.strerror}; name another file") from error


def is_within(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies below it; both are in full."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def load(file: str) -> Baseline:
    """Read a baseline.

    Raises `BaselineError` when there is none, when it cannot be read, and when it is not one that this version reads.
    """
    shown = os.path.relpath(file)
    if not os.path.lexists(file):
        raise BaselineError(f"{shown}: there is no such baseline; write it: hermetic baseline --file {shown}")
    if not os.path.isfile(file):  # a pipe would block for ever
        raise BaselineError(f"{shown}: is not a regular file; name the file of the baseline")
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        raise BaselineError(f"{shown}: cannot be read: {error.strerror}; give yourself the right to read it") from error
    return parsed(data, file, shown)


def parsed(data: bytes, file: str, shown: str) -> Baseline:
    """Return the baseline in some bytes; `shown` is how messages name it. Raises `BaselineError`."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise broken(shown, 1, "is not text") from error
    paths = header(lines[0], shown)
    entries = []
    for number, line in enumerate(lines[1:], 2):
        if line.startswith(MARKERS):
            raise BaselineError(
                f"{shown}:{number}: is left over from a merge; keep the entries of both sides, remove the lines that "
                "git has added, and run: hermetic baseline"
            )
        if line.strip():
            entries.append(entry(line, shown, number))
    return Baseline(file, entries, paths)


def header(line: str, shown: str) -> list[str]:
    """Return the paths that the first line names."""
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or head.get("tool") != "hermetic" or "version" not in head:
        raise broken(shown, 1, "is not the first line of a baseline")
    if head["version"] != VERSION:
        raise BaselineError(
            f"{shown}: is a baseline of version {head['version']}, and this hermetic reads version {VERSION}; "
            "use the hermetic that wrote it, or remove the file and run: hermetic baseline"
        )
    paths = head.get("paths")
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise broken(shown, 1, "names no list of paths")
    return paths


def entry(line: str, shown: str, number: int) -> Entry:
    """Return the entry on a line."""
    try:
        row = json.loads(line)
        made = Entry(*(row[field] for field in Entry._fields))
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise broken(shown, number, "is no entry") from error
    *texts, count = made
    if not all(isinstance(text, str) for text in texts) or type(count) is not int:
        raise broken(shown, number, "is no entry")
    return made


def broken(shown: str, number: int, what: str) -> BaselineError:
    """Return the error for a line that cannot be understood."""
    back = "take the file back from git (git checkout -- FILE)"
    return BaselineError(f"{shown}:{number}: {what}; {back}, or remove it and run: hermetic baseline")


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many entries each rule has, by code."""
    found: dict[str, int] = {}
    for item in sorted(entries, key=lambda item: item.code):
        found[item.code] = found.get(item.code, 0) + 1
    return found
