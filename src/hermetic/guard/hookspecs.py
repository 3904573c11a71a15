"""Hooks that hermetic adds to pytest, for conftest files and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from hermetic.guard.probe import Probe


def pytest_hermetic_probes(config: pytest.Config) -> list[Probe[Any]]:  # type: ignore[empty-body]
    """Return further probes for this session.

    Each is an instance of a subclass of `hermetic.guard.probe.Probe`. Called once for each process that runs tests,
    when the guard is on. `docs/plugin.md` shows an example.
    """
