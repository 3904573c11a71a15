"""How Python imports: kept from the start, for what the guard itself imports when it looks at what a test has left."""

from __future__ import annotations

import builtins
import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Imports:
    """The import function, finders, hooks and path of the moment in which it is made."""

    def __init__(self) -> None:
        self.importer = builtins.__import__
        self.lists = ([*sys.meta_path], [*sys.path_hooks], [*sys.path])

    @contextlib.contextmanager
    def as_at_first(self) -> Iterator[None]:
        """Import as at first within a block, whatever finder or `__import__` a test has left."""
        now = builtins.__import__, sys.meta_path, sys.path_hooks, sys.path
        builtins.__import__ = self.importer
        sys.meta_path, sys.path_hooks, sys.path = ([*one] for one in self.lists)
        try:
            yield
        finally:
            builtins.__import__, sys.meta_path, sys.path_hooks, sys.path = now
