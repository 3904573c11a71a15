"""Patches of mock that are started."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from hermetic.guard._left import Left, LeftProbe, starter
from hermetic.guard.describe import Described

if TYPE_CHECKING:
    from collections.abc import Mapping


class PatchesProbe(LeftProbe):
    """Patchers whose `start` was called, and whose `stop` was not."""

    code = "HRM304"
    setters = ("unittest.mock._patch.start", "unittest.mock._patch_dict.start")
    at_import = True
    after = Described("started")

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Keep who starts a patcher."""
        patcher: weakref.ref[Any] = weakref.ref(args[0])
        place, _, _ = starter()
        self.begins(
            lambda: f"the patch of {target_of(patcher())}", place, lambda: is_active(patcher()), lambda: stop(patcher())
        )

    def waits(self, left: list[Left]) -> bool:
        """Wait for none: a patch does not stop by itself."""
        return False


def stop(patcher: Any) -> None:
    """Stop a patcher."""
    if patcher is not None:
        patcher.stop()


def is_active(patcher: object) -> bool:
    """Tell whether a patcher is started."""
    mock: Any = sys.modules["unittest.mock"]
    return any(patcher is other for other in mock._patch._active_patches)  # noqa: SLF001 - nothing else tells


def target_of(patcher: Any) -> str:
    """Return what a started patcher replaces."""
    if not hasattr(patcher, "attribute"):
        return "a dictionary"
    target = getattr(patcher, "target", None)
    name = getattr(target, "__qualname__", None) or getattr(target, "__name__", None) or type(target).__name__
    return f"{name}.{patcher.attribute}"
