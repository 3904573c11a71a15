"""What a check is: it looks at a suite before its tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from hermetic.config import Settings
    from hermetic.finding import Finding


class Check:
    """Looks at a suite before its tests run. Subclasses are found by walking `hermetic.guard.checks`; one file each.

    `code` is the rule. The findings are of layer `collection`, with absolute paths. In `error` mode one of them stops
    the run: `before` does so before xdist starts its workers, `collected` before the first test of this process.
    A check that raises is left out, with a warning that names it.
    """

    code: ClassVar[str]

    def before(self, config: pytest.Config, settings: Settings) -> Iterable[Finding]:
        """Return what can be seen without collecting, once for a run (never in a worker)."""
        return ()

    def collected(self, session: pytest.Session) -> Iterable[Finding]:
        """Return what can be seen once tests are collected, in each process that collects: workers relay it."""
        return ()

    def gathered(self, config: pytest.Config, ids: dict[str, list[str]]) -> Iterable[Finding]:
        """Return what can be seen from the node ids that each worker collected, by worker id; once for a run."""
        return ()
