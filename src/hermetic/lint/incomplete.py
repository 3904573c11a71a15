"""A run whose findings are not all that there are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.finding import Finding


class IncompleteError(Exception):
    """A rule failed on a file. `findings` are what everything else found; `failures` say what failed, and where."""

    def __init__(self, findings: list[Finding], failures: list[str]) -> None:
        super().__init__("; ".join(failures))
        self.findings = findings
        self.failures = failures
