"""The probe of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.guard.probes.environ import EnvironProbe

if TYPE_CHECKING:
    import pytest


def test_changes_come_in_the_order_of_the_names_whatever_their_hashes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = EnvironProbe()
    names = [f"HERMETIC_{letter}" for letter in "QWERTZUIOPASDFGHJKLYXCVBNM"]
    before = probe.snapshot()
    for name in names:
        monkeypatch.setenv(name, "1")

    changes = list(probe.changes(before, probe.snapshot()))

    assert [change.state for change in changes] == [f"os.environ[{name!r}]" for name in sorted(names)]
