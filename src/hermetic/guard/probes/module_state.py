"""Data of the project's modules."""

from __future__ import annotations

from hermetic.guard._held import HeldProbe


class ModuleStateProbe(HeldProbe):
    """Module-level containers, and names bound to something else."""

    code = "HRM601"
