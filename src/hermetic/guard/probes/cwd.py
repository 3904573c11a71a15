"""The working directory."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from hermetic.guard.describe import Described
from hermetic.guard.probe import Change, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = Described("a folder that no longer exists")
STATE = "the working directory"
getcwd = os.getcwd  # as it is, whatever a test puts in its place


class CwdProbe(Probe[str]):
    """What `os.getcwd()` says."""

    code = "HRM102"
    events = ("os.chdir",)
    between = True

    def __init__(self) -> None:
        self.last: str = GONE

    def snapshot(self) -> str:
        """Ask the operating system (about 1 us)."""
        try:
            now = getcwd()
        except OSError:
            now = GONE
        if now != self.last:
            self.last = now
        return self.last

    def changes(self, before: str, after: str) -> Iterator[Change]:
        """Compare the two paths."""
        if before != after:
            yield Change(STATE, before, after, functools.partial(os.chdir, before))

    def heard(self, event: str, args: tuple[object, ...]) -> str:
        """Note any change."""
        return STATE
