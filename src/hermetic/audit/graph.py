"""Drawings for the page, as SVG: who harms whom, and which worker ran what when."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hermetic.audit.lab import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hermetic.audit.hunt import Record
    from hermetic.audit.schedule import Share

ROW, MARGIN, SIDE, GAP = 22, 12, 430, 180  # pixels
LETTERS = 58  # of a name that fit into a side
MOST = 60  # names on one side
WIDTH = 2 * SIDE + GAP
TRACK = WIDTH - 90  # pixels of a timeline, right of the workers' names
THINNEST = 1.5


def harm(records: Iterable[Record]) -> tuple[str, int]:
    """Return the graph of culprits and the tests that depend on them, and how many edges did not fit into it."""
    edges = {(culprit, record.victim, record.kind): None for record in records for culprit in record.culprits}
    left = list(dict.fromkeys(edge[0] for edge in edges))
    right = list(dict.fromkeys(edge[1] for edge in edges))
    left.sort(key=lambda name: -sum(edge[0] == name for edge in edges))
    rows_left = {name: middle(number) for number, name in enumerate(left[:MOST])}
    rows_right = {name: middle(number) for number, name in enumerate(right[:MOST])}
    height = 2 * MARGIN + ROW * max(len(rows_left), len(rows_right), 1)
    parts = [start(height, "Tests that change what other tests need, left, and those others, right")]
    drawn = [edge for edge in edges if edge[0] in rows_left and edge[1] in rows_right]
    for culprit, victim, kind in drawn:
        y1, y2 = rows_left[culprit], rows_right[victim]
        bend = SIDE + GAP / 2
        path = f"M{SIDE},{y1} C{bend},{y1} {bend},{y2} {SIDE + GAP},{y2}"
        title = f"{victim} {'fails after' if kind == 'victim' else 'passes only after'} {culprit}"
        parts.append(f'<path class="{kind}" d="{path}"><title>{escape(title)}</title></path>')
    parts += [label(name, SIDE - 6, y, "end") for name, y in rows_left.items()]
    parts += [label(name, SIDE + GAP + 6, y, "start") for name, y in rows_right.items()]
    return "".join([*parts, "</svg>"]), len(edges) - len(drawn)


def middle(number: int) -> int:
    """Return the height at which a row's edges end."""
    return MARGIN + ROW * number + ROW // 2


def label(name: str, x: int, y: int, anchor: str) -> str:
    """Return a name in a row; its end is what tells tests apart."""
    shown = name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"
    place = f'x="{x}" y="{y + 4}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(shown)}<title>{escape(name)}</title></text>"


def timeline(shares: Sequence[Share]) -> str:
    """Return what the workers of one run did, one row each, with the tests that failed marked."""
    ends = [slot.stop for share in shares for slot in share.slots]
    scale = TRACK / max([*ends, 0.001])
    parts = [start(2 * MARGIN + ROW * len(shares), "Which worker ran which test when")]
    for number, share in enumerate(shares):
        y = MARGIN + ROW * number
        parts.append(f'<text x="0" y="{y + 15}">{escape(share.worker)}</text>')
        for slot in share.slots:
            x, width = 80 + slot.start * scale, max(THINNEST, (slot.stop - slot.start) * scale - 0.5)
            kind = "bad" if slot.status in BAD else "well"
            title = escape(f"{slot.test}: {slot.status}, {slot.start:.2f} s to {slot.stop:.2f} s")
            place = f'x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}"'
            parts.append(f'<rect class="{kind}" {place}><title>{title}</title></rect>')
    return "".join([*parts, "</svg>"])


def start(height: int, title: str) -> str:
    """Return the start of a drawing."""
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
