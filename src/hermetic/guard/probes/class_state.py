"""Data of the project's classes."""

from __future__ import annotations

from hermetic.guard._held import HeldProbe


class ClassStateProbe(HeldProbe):
    """Attributes of classes, and what containers among them hold."""

    code = "HRM603"
    of_classes = True
