"""What a baseline held in the past, as git has kept it."""

from __future__ import annotations

import os
from typing import NamedTuple

from hermetic.lint import baseline
from hermetic.lint.discovery import git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(NamedTuple):
    """The entries of each rule in one commit, its date as `2026-01-31`; None where the file could not be read then."""

    commit: str
    date: str
    counts: dict[str, int] | None


def committed(file: str) -> Iterator[Row]:
    """Yield a row for each commit that changed the file, the oldest first; none where git knows nothing of it."""
    folder, name = os.path.split(os.path.abspath(file))
    options = ("--reverse", "--no-show-signature", "--format=%h %cs")
    listed = git(folder, "--literal-pathspecs", "log", *options, "--", name) or b""
    for line in listed.decode("ascii", "replace").splitlines():
        commit, _, date = line.partition(" ")
        data = git(folder, "cat-file", "blob", f"{commit}:./{name}")
        yield Row(commit, date, {} if data is None else counts_in(data, file))


def counts_in(data: bytes, file: str) -> dict[str, int] | None:
    """Return the entries of each rule in a file of the past, None where this version cannot read it."""
    try:
        return baseline.counts(baseline.parsed(data, file, file).entries)
    except baseline.BaselineError:
        return None
