"""Find the probes: our own by walking `hermetic.guard.probes`, those of others through a pytest hook."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, TypeVar

from hermetic.guard import checks, probes
from hermetic.guard.check import Check
from hermetic.guard.options import depth_of
from hermetic.guard.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    import pytest

T = TypeVar("T")


def walked(package: ModuleType, base: type[T]) -> Iterator[type[T]]:
    """Yield the subclasses of `base` in a package, by module name; a name that starts with `_` is left out."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if info.name.startswith("_"):
            continue
        name = f"{package.__name__}.{info.name}"
        for value in vars(importlib.import_module(name)).values():
            mine = isinstance(value, type) and issubclass(value, base) and value.__module__ == name
            if mine and not value.__name__.startswith("_"):
                yield value


def probes_for(config: pytest.Config, codes: frozenset[str], options: Mapping[str, object]) -> list[Probe[Any]]:
    """Return the probes of a session: our own whose rule is in `codes`, and all that others offer.

    `options` are the settings of single rules; probes learn them, and the `codes`.
    """
    found: list[Probe[Any]] = [probe() for probe in walked(probes, Probe) if probe.code in codes]
    given = {**options, "hermetic_depth": depth_of(config), "codes": codes}
    for probe in found:
        probe.learn_options(given)
    for offered in config.hook.pytest_hermetic_probes(config=config):
        found += offered or ()
    return found


def checks_for(codes: frozenset[str]) -> list[Check]:
    """Return the checks of a session."""
    return [check() for check in walked(checks, Check) if check.code in codes]
