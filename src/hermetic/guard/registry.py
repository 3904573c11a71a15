"""Find the probes: our own by walking `hermetic.guard.probes`, those of others through a pytest hook."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from hermetic.guard import probes as package
from hermetic.guard.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def walked() -> Iterator[type[Probe[Any]]]:
    """Yield our own probes, by module name; a module or class whose name starts with `_` is no probe."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if info.name.startswith("_"):
            continue
        name = f"{package.__name__}.{info.name}"
        for value in vars(importlib.import_module(name)).values():
            mine = isinstance(value, type) and issubclass(value, Probe) and value.__module__ == name
            if mine and not value.__name__.startswith("_"):
                yield value


def probes_for(config: pytest.Config, codes: frozenset[str]) -> list[Probe[Any]]:
    """Return the probes of a session: those whose rule is in `codes`, and all that others offer."""
    found = [probe() for probe in walked() if probe.code in codes]
    for offered in config.hook.pytest_hermetic_probes(config=config):
        found += offered or ()
    return found
