"""Optional libraries: imported on first use, with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hermetic.workers.errors import MissingLibraryError

if TYPE_CHECKING:
    from types import ModuleType


def optional(name: str) -> ModuleType:
    """Import a module of the extra `services`.

    Raises MissingLibraryError when it cannot be imported, also when it is there and its own parts are missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"{name} cannot be imported ({error}); install it with: pip install 'hermetic[services]'"
        raise MissingLibraryError(message, name=name) from error
