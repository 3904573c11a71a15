"""The environment of the process, lent to a test and put back exactly."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping


@contextmanager
def isolated_environment(**changes: str | None) -> Iterator[MutableMapping[str, str]]:
    """Lend the environment; whatever the block does to it is undone at its end.

    `changes` are made at the start; None removes a variable. Gives `os.environ` itself, which child processes inherit.
    """
    before = dict(os.environ)
    try:
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        yield os.environ
    finally:
        # Only the differences: each write is seen by whoever watches the environment.
        for name in [name for name in os.environ if name not in before]:
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
