"""Read the corpus: one `Case` for each pair of violation and correct twin."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent / "corpus"
MARK = "# <- "


class Case(NamedTuple):
    """One pair.

    `bad` and `good` map relative paths to source. `expected` holds the `(path, line)` pairs, lines 1-based,
    that carry a mark in the bad twin.
    """

    id: str
    code: str
    title: str
    source: str
    layers: tuple[str, ...]
    harm: str
    needs: tuple[str, ...]
    state_probe: str
    bad: dict[str, str]
    good: dict[str, str]
    expected: frozenset[tuple[str, int]]


def marked_lines(files: dict[str, str], code: str) -> frozenset[tuple[str, int]]:
    """Return the `(path, line)` pairs whose line ends with the mark for `code`."""
    return frozenset(
        (path, number)
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if line.rstrip().endswith(MARK + code)
    )


def read_case(path: Path, root: Path = ROOT) -> Case:
    """Read one corpus file below `root`.

    Raises `ValueError`, naming the file, when a field is missing or the marks are not as the README of the corpus says.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        # TOML drops the newline after the opening quotes, so that line 1 is the first line of source.
        case = Case(
            id=path.relative_to(root).with_suffix("").as_posix(),
            code=raw["code"],
            title=raw["title"],
            source=raw["source"],
            layers=tuple(raw["layers"]),
            harm=raw["harm"],
            needs=tuple(raw.get("needs", ())),
            state_probe=raw.get("state_probe", "None"),
            bad=raw["bad"],
            good=raw["good"],
            expected=marked_lines(raw["bad"], raw["code"]),
        )
    except KeyError as error:
        raise ValueError(f"{path}: the field {error} is missing") from error
    if not case.expected:
        raise ValueError(f"{path}: no line of the bad twin ends with {MARK}{case.code}")
    if any(MARK in text for text in case.good.values()):
        raise ValueError(f"{path}: the good twin carries a mark")
    if case.harm == "none" and not raw.get("why"):
        raise ValueError(f"{path}: harm is none, and `why` is missing")
    return case


def read_corpus(root: Path = ROOT) -> list[Case]:
    """Read every case below `root`, sorted by id."""
    return [read_case(path, root) for path in sorted(root.rglob("*.toml"))]
