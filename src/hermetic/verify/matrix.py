"""Cells: what each layer did with each planted example; and the table that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermetic.verify.plant import Planted

CAUGHT, MISSED, NOT_MEASURED = "caught", "missed", "not-measured"
LAYERS = ("lint", "hook", "collection", "guard", "ci")
GREEN, RED, DIM, PLAIN = "\033[32m", "\033[31m", "\033[2m", "\033[0m"
NOTHING = "-"


class Outcome(NamedTuple):
    """What a layer did with one plant: the codes that it stopped it with, or why that is not known."""

    codes: frozenset[str] = frozenset()
    reason: str = ""  # why it could not be measured; "" where it was
    ms: float = 0.0  # milliseconds of the run, shared evenly by the examples that it held
    note: str = ""  # what was seen and stopped nobody


class Cell(NamedTuple):
    """One example under one layer. `reason` says why it is not measured, or what was seen instead."""

    rule: str
    example: str
    layer: str
    claimed: bool
    result: str
    codes: tuple[str, ...]
    ms: float
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the cell as the JSON document has it."""
        record = self._asdict() | {"codes": list(self.codes), "ms": round(self.ms, 1)}
        return {name: value for name, value in record.items() if name != "reason" or value}


def cells(layer: str, plants: Iterable[Planted], outcomes: Mapping[str, Outcome], claims: Iterable[str]) -> list[Cell]:
    """Return the cells of one layer for the bad examples; `claims` are the layers of rules that it stands for."""
    names = frozenset(claims)
    found = []
    for plant in plants:
        outcome = outcomes.get(plant.folder, Outcome(reason="was not run"))
        claimed = bool(names & set(plant.claims))
        found.append(cell(layer, plant, outcome, claimed=claimed))
    return found


def cell(layer: str, plant: Planted, outcome: Outcome, *, claimed: bool) -> Cell:
    """Return the cell of one example: stopped under its own code, or not, or not known."""
    otherwise = NOT_MEASURED if outcome.reason else MISSED
    result = CAUGHT if plant.code in outcome.codes else otherwise
    codes = tuple(sorted(outcome.codes))
    reason = "" if result == CAUGHT else outcome.reason or outcome.note
    return Cell(plant.code, plant.name, layer, claimed, result, codes, outcome.ms, reason)


def table(found: list[Cell], *, colour: bool) -> str:
    """Return the matrix for people: a row for each rule, a column for each layer."""
    codes = sorted({item.rule for item in found})
    rows = [["rule", *LAYERS, "nobody stops"]]
    styles: list[list[str]] = [[""] * (len(LAYERS) + 2)]
    for code in codes:
        mine = [item for item in found if item.rule == code]
        shown = [summed([item for item in mine if item.layer == layer]) for layer in LAYERS]
        open_ = unstopped(mine)
        rows.append([code, *(text for text, _ in shown), str(open_) if open_ else ""])
        styles.append(["", *(style for _, style in shown), RED])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row, style in zip(rows, styles, strict=True):
        padded = [
            paint(text.ljust(width), one if colour else "") for text, width, one in zip(row, widths, style, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines) + "\n"


def summed(mine: list[Cell]) -> tuple[str, str]:
    """Return what a layer did with the examples of a rule, and the colour of it: `caught/measured`."""
    measured = [item for item in mine if item.result != NOT_MEASURED and (item.claimed or item.result == CAUGHT)]
    caught = sum(item.result == CAUGHT for item in measured)
    if measured:
        return f"{caught}/{len(measured)}", GREEN if caught == len(measured) else RED
    return (NOT_MEASURED, DIM) if any(item.claimed for item in mine) else (NOTHING, DIM)


def unstopped(mine: list[Cell]) -> int:
    """Return how many examples were measured somewhere and stopped nowhere."""
    stopped = {item.example for item in mine if item.result == CAUGHT}
    missed = {item.example for item in mine if item.result == MISSED and item.claimed}
    return len(missed - stopped)


def paint(text: str, style: str) -> str:
    """Return text in a colour."""
    return f"{style}{text}{PLAIN}" if style else text


def reasons(found: Iterable[Cell]) -> list[str]:
    """Return why cells that a layer claims were not measured, as sentences with counts."""
    counts: dict[tuple[str, str], int] = {}
    for item in found:
        if item.result == NOT_MEASURED and item.claimed:
            counts[item.layer, item.reason] = counts.get((item.layer, item.reason), 0) + 1
    order = sorted(counts.items(), key=lambda pair: (LAYERS.index(pair[0][0]), -pair[1]))
    return [f"{layer}, {count} example{'s' * (count != 1)}: {reason}" for (layer, reason), count in order]
