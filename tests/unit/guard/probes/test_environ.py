"""The probe of the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermetic.guard.describe import short
from hermetic.guard.probes.environ import EnvironProbe

if TYPE_CHECKING:
    import pytest

    from hermetic.guard.probe import Change


def changes_by(probe: EnvironProbe, monkeypatch: pytest.MonkeyPatch, environ: object) -> list[Change]:
    """Put another mapping in the place of the environment, and return what the probe makes of it."""
    before = probe.snapshot()
    monkeypatch.setattr(os, "environ", environ)
    return list(probe.changes(before, probe.snapshot()))


def test_changes_come_in_the_order_of_the_names_whatever_their_hashes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = EnvironProbe()
    names = [f"HERMETIC_{letter}" for letter in "QWERTZUIOPASDFGHJKLYXCVBNM"]
    before = probe.snapshot()
    for name in names:
        monkeypatch.setenv(name, "1")

    changes = list(probe.changes(before, probe.snapshot()))

    assert [change.state for change in changes] == [f"os.environ[{name!r}]" for name in sorted(names)]


def test_a_mapping_of_another_kind_is_one_change_that_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERMETIC_SECRET", "swordfish")

    changes = changes_by(EnvironProbe(), monkeypatch, dict(os.environ))

    assert [change.state for change in changes] == ["os.environ"]
    assert [short(value) for value in (changes[0].before, changes[0].after)] == [
        "a mapping of type _Environ",
        "a mapping of type dict",
    ]


def test_a_copy_of_a_copy_changes_nothing_but_the_variable_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = EnvironProbe()
    changes_by(probe, monkeypatch, dict(os.environ))

    assert changes_by(probe, monkeypatch, dict(os.environ)) == []
    changes = changes_by(probe, monkeypatch, {**os.environ, "HERMETIC_COPY": "1"})
    assert [change.state for change in changes] == ["os.environ['HERMETIC_COPY']"]


def test_what_is_written_to_a_plain_dictionary_in_its_place_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = EnvironProbe()
    probe.hearing = True
    changes_by(probe, monkeypatch, dict(os.environ))
    before = probe.snapshot()

    os.environ["HERMETIC_PLAIN"] = "1"  # hermetic: ignore[HRM101] - of a mapping that monkeypatch takes away

    changes = list(probe.changes(before, probe.snapshot()))
    assert [change.state for change in changes] == ["os.environ['HERMETIC_PLAIN']"]
