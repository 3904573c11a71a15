"""Ports: two workers, or two runs, that want the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.utils.inner import InnerRun


def test_a_fixed_port_serves_one_worker_and_a_leased_one_serves_each(inner: Callable[..., InnerRun]) -> None:
    """Of two workers that bind a fixed port at the same time one fails; with `worker_port` both get a port."""
    run = inner("ports", "-n2", "--dist=each", "--hermetic=warn")

    fixed = [note["bound"] for note in run["notes"] if note["test"] == "test_fixed_port"]
    leased = [note["port"] for note in run["notes"] if note["test"] == "test_leased_port"]
    assert sum(fixed) < len(fixed) == 2
    assert len(set(leased)) == 2, run["output"]
