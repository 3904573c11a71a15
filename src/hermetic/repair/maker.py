"""Find the module that repairs what a rule finds, and ask it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.catalogue.rule import Rule
    from hermetic.finding import Finding, Fix
    from hermetic.repair.uses import Uses
    from hermetic.source.module import Module
    from hermetic.source.project import Project


class Maker:
    """Makes the fixes of one run; a `thorough` one reads what else the project calls, which takes its time."""

    def __init__(self, root: str, *, thorough: bool = False) -> None:
        self.root = root
        self.thorough = thorough
        self.uses: Uses | None = None

    def fix_of(self, rule: Rule, finding: Finding, module: Module, project: Project) -> Fix | None:
        """Return what repairs a finding in its own file, None where nothing is known that keeps the test's meaning."""
        if not rule.fixed_by or finding.path != module.path or not finding.line:
            return None
        from hermetic.repair.place import Place

        __import__(rule.fixed_by)
        if self.thorough and self.uses is None:
            from hermetic.repair.uses import Uses

            self.uses = Uses(self.root)
        fix: Fix | None = sys.modules[rule.fixed_by].fix(Place(finding, module, project, self.uses))
        return fix
