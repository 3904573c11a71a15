"""The list at the end of a run: each finding with what to do about it; of many that are alike, the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.guard.judge import read_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.guard.judge import Record

ALIKE = 3  # so many findings that are alike are listed each by itself


def lines(records: list[Record]) -> Iterator[str]:
    """Yield the lines, and where not every finding has its own, how many there are."""
    groups = list(grouped(records))
    for record, more in groups:
        yield f"{record['path']}:{record['line'] or '?'}: {record['code']} {record['message']}"
        others = f" and {more} more" if more else ""
        parts = [f"in {record['test']}{others}" if record["test"] else "", f"repair: {record['repair']}"]
        yield f"    {'; '.join(part for part in parts if part)}"
        yield from read_on(record)
    if len(groups) < len(records):
        yield f"{len(records)} findings, those alike listed once; --hermetic-report FILE writes down each"


def grouped(records: Iterable[Record]) -> Iterator[tuple[Record, int]]:
    """Yield each record that is listed, and how many more it stands for.

    Alike are those of one rule at one line, or, where the line is not known, of one state.
    """
    alike: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        place = record["path"] if record["line"] else record["state"]
        alike.setdefault((record["code"], place, record["line"]), []).append(record)
    for found in alike.values():
        if len(found) > ALIKE:
            yield found[0], len(found) - 1
        else:
            yield from ((record, 0) for record in found)
