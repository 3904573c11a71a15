"""Wide autouse fixtures outside a conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.guard.check import Check
from hermetic.guard.checks import _fixtures

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from hermetic.config import Settings
    from hermetic.finding import Finding


class AutouseMisplaced(Check):
    """Asks the linter before anything is collected: the controller of xdist never collects."""

    code = "HRM402"

    def before(self, config: pytest.Config, settings: Settings) -> Iterable[Finding]:
        """Return what the rule finds in the files of this run."""
        return _fixtures.findings(config, settings, self.code)
