"""What a check leaves out because the baseline holds it, and what it says about that."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.cli.check import Options
    from hermetic.finding import Finding
    from hermetic.lint.baseline import Baseline, Entry

SHOWN = 10  # stale entries that are named


def leave_out(options: Options, held: Baseline, findings: list[Finding]) -> tuple[list[Finding], list[str], int]:
    """Return the findings that are new, what is to be said about the others, and how many entries are stale."""
    new, used = held.divided(findings, options.sources)
    name = os.path.relpath(held.file)
    notes = []
    if used:
        notes.append(f"left out: {counted(len(used), 'finding')} that {name} holds; --no-baseline shows them")
    stale: list[Entry] = []
    if options.selection is not None and held.covered(options.paths or ["."]):
        stale = held.stale(used, options.selection)
    if stale:
        notes.append(f"{counted(len(stale), 'stale entry', 'stale entries')} in {name}; remove: {command(name)}")
        notes += [f"stale: {entry}" for entry in stale[:SHOWN]]
        notes += [f"stale: and {len(stale) - SHOWN} more"] if len(stale) > SHOWN else []
    return new, notes, len(stale)


def command(name: str) -> str:
    """Return what to type so that stale entries go."""
    return f"hermetic baseline --file {name}"


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number and what it counts."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"
