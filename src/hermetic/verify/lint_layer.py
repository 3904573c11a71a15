"""The linter, as the repository configures it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from hermetic.verify.matrix import Outcome
from hermetic.verify.scratch import last_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.verify.plant import Planted
    from hermetic.verify.scratch import Scratch

COMMAND = (sys.executable, "-m", "hermetic", "check", "--output-format", "json", "--no-cache", ".")


def measure(scratch: Scratch, plants: list[Planted]) -> dict[str, Outcome]:
    """Return by folder what `hermetic check` finds in the plants that are there."""
    done = scratch.run(*COMMAND, folder=scratch.project)
    share = 1000 * done.seconds / max(1, len(plants))
    try:
        # Notes stand before the document or behind it, as the buffers of the two streams have it.
        document, _ = json.JSONDecoder().raw_decode(done.output, done.output.index("{"))
    except ValueError:
        why = f"hermetic check cannot run: {last_line(done.output)}"
        return {plant.folder: Outcome(reason=why) for plant in plants}
    return by_folder(plants, [(item["path"], item["code"]) for item in document["findings"]], share)


def by_folder(plants: Iterable[Planted], found: Iterable[tuple[str, str]], ms: float) -> dict[str, Outcome]:
    """Return the codes of `(path, code)` findings by the folders in which they are."""
    codes: dict[str, set[str]] = {plant.folder: set() for plant in plants}
    owners = {path: plant.folder for plant in plants for path in plant.paths}
    for path, code in found:
        if path in owners:
            codes[owners[path]].add(code)
    return {folder: Outcome(frozenset(mine), ms=ms) for folder, mine in codes.items()}
