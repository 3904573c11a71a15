"""The patches of `unittest.mock` that are started: that they are is the business of HRM304, so they are seen through.

Only what a patch itself has put in place is: who assigns to the same name later has replaced something else.
"""

from __future__ import annotations

import sys
from typing import Any

from hermetic.guard.describe import ABSENT

MOCK = "unittest.mock"  # imported by those who use it


class Patches:
    """Those that were started and not stopped, and what each of them has put in place."""

    def __init__(self) -> None:
        self.started: list[Any] = []  # the eldest first; the same list until there are others
        # By patch, the start (each makes a stack of its own) and the value that was found in place after it.
        self.put: dict[Any, tuple[object, object]] = {}

    def keep_up(self) -> bool:
        """Tell whether others are started by now; some plugins start theirs once, for all tests."""
        mock: Any = sys.modules.get(MOCK)
        active = mock._patch._active_patches if mock is not None else []  # noqa: SLF001 - nothing else tells
        if active == self.started:
            return False
        self.started = [*active]
        self.put = {patcher: put for patcher, put in self.put.items() if patcher in self.started}
        return True

    def of_attributes(self) -> list[Any]:
        """Return the patches of attributes, the youngest first, but for those that ended without `stop`."""
        return [patcher for patcher in reversed(self.started) if hasattr(patcher, "temp_original")]

    def behind(self, patcher: Any, value: object) -> object:
        """Return what a started patch has replaced, or the value itself where it is not what the patch has put there.

        What is there when it is first asked about counts as put by it.
        """
        original = patcher.temp_original if patcher.is_local else ABSENT
        if value is original or value is ABSENT:
            return value
        start = patcher._exit_stack  # noqa: SLF001 - nothing else tells one start from the next
        known, put = self.put.get(patcher, (None, None))
        if known is not start:
            self.put[patcher] = start, value
            return original
        return original if put is value else value

    def seen_through(self, patcher: Any, space: dict[str, Any]) -> dict[str, Any]:
        """Return what a module or class holds, as it is without a started patch: a copy, or the very same."""
        value = space.get(patcher.attribute, ABSENT)
        behind = self.behind(patcher, value)
        if behind is value:
            return space
        space = space.copy()
        if behind is ABSENT:
            del space[patcher.attribute]
        else:
            space[patcher.attribute] = behind
        return space
