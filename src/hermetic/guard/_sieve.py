"""What is of interest among all that the project's modules and classes hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hermetic.guard._globals import Snapshot
    from hermetic.guard._holders import Holder

    Copy = dict[str, Any]
    Named = list[tuple[str, Any]]


class Sieve:
    """Keeps the names and values that pass a test; a module or class that holds what it held is not asked again."""

    def __init__(self, passes: Callable[[str, Any], bool]) -> None:
        self.passes = passes
        self.held: dict[Holder, tuple[Copy, Named]] = {}

    def through(self, walk: Snapshot) -> Iterator[tuple[Holder, str, Any]]:
        """Yield what passes, in the order of the modules and classes."""
        before, self.held = self.held, {}
        for holder, copy in zip(walk.holders, walk.copies, strict=True):
            known = before.get(holder)
            if known is None or known[0] is not copy:
                known = copy, [pair for pair in copy.items() if self.passes(*pair)]
            self.held[holder] = known
        for holder, (_, found) in self.held.items():
            for name, value in found:
                yield holder, name, value
