"""What a quiet test costs, counted: a probe that sees nothing new returns its last snapshot, and is asked no more."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import probes
from hermetic.guard.chain import Chain, Owner
from hermetic.guard.containers import CONTAINERS, Part
from hermetic.guard.probe import Change, Moment, Probe
from hermetic.guard.registry import walked
from hermetic.guard.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

FILLED: list[Any] = [
    {1: []}, OrderedDict({1: []}), defaultdict(list, {1: []}), Counter({1: 0}), [[]], deque([[]], 3), bytearray(b"1"),
    {1},
]  # fmt: skip


class Number(Probe[int]):
    """A number, and how often it was looked at and compared."""

    code = "TEST101"

    def __init__(self) -> None:
        self.value, self.looked, self.compared = 1000, 0, 0

    def snapshot(self) -> int:
        self.looked += 1
        return self.value

    def changes(self, before: int, after: int) -> Iterator[Change]:
        self.compared += 1
        yield Change("the number", before, after)


@pytest.mark.parametrize("kind", list(walked(probes, Probe)), ids=lambda kind: str(kind.__name__))
def test_a_probe_that_sees_nothing_new_returns_its_last_snapshot(kind: type[Probe[Any]]) -> None:
    probe = kind()
    probe.snapshot()  # may find out what there is to look at
    first = probe.snapshot()
    Moment.next()
    assert probe.snapshot() is first


def test_a_quiet_test_takes_one_snapshot_of_a_probe_and_compares_nothing() -> None:
    probe = Number()
    chain = Chain([probe], Trail([probe]), lambda *_: None)
    for name in ("first", "second", "third"):
        owner = Owner(name)
        chain.begin(owner)
        chain.pop(owner)
    assert (probe.looked, probe.compared) == (1 + 3, 0)


def test_a_test_that_changes_something_is_compared_once() -> None:
    probe = Number()
    chain = Chain([probe], Trail([probe]), lambda *_: None)
    owner = Owner("test")
    chain.begin(owner)
    probe.value = 2000
    chain.pop(owner)
    assert probe.compared == 1
    assert [entry.change.state for entry in owner.ledger.values()] == ["the number"]


@pytest.mark.parametrize("value", FILLED, ids=lambda value: type(value).__name__)
def test_a_container_is_equal_to_its_mirror_until_it_is_changed(value: Any) -> None:
    own = value.copy()
    mirror = Part("it", own).mirrored()
    assert own == mirror
    own.clear()
    assert own != mirror


def test_every_kind_of_container_has_a_mirror() -> None:
    assert {type(value) for value in FILLED} == CONTAINERS
