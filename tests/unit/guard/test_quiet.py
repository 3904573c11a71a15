"""What a quiet test costs, counted: a probe that sees nothing new returns its last snapshot, and is asked no more."""

from __future__ import annotations

import itertools
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import probes
from hermetic.guard._left import ONCE_MODULE, is_of_the_run
from hermetic.guard.chain import Chain, Owner
from hermetic.guard.containers import CONTAINERS, Part, deep_parts
from hermetic.guard.describe import LONGEST, short, short_text
from hermetic.guard.probe import MOMENT, Change, Probe
from hermetic.guard.registry import walked
from hermetic.guard.trail import Trail
from hermetic.workers.once import OncePerRun

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
    MOMENT.next()
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


def test_the_keys_of_a_table_that_was_written_to_come_in_its_order_and_the_new_ones_last() -> None:
    before = {"gone": 1, "same": 2, "other": 3, "equal": [4]}
    after = {"new": 5, "equal": [4], "other": 6, "same": 2}
    assert [change.state for change in Part("it", after).changes(before, after)] == [
        "it['gone']",
        "it['other']",
        "it['new']",
    ]


def test_of_a_table_as_much_is_paired_with_its_keys_as_is_looked_into() -> None:
    asked: list[object] = []
    table = {number: str(number) for number in range(100)} | {"first": [], "second": []}
    table = {"first": [], **table}
    parts = deep_parts(table, "it", 1, lambda value: bool(asked.append(value)))
    assert [part.path for part in itertools.islice(parts, 2)] == ["it", "it['first']"]
    assert not asked


def test_a_text_is_written_out_once_unless_it_is_long() -> None:
    short_text.cache_clear()
    assert [short("tea"), short("tea"), len(short("t" * (LONGEST + 1)))] == ["'tea'", "'tea'", LONGEST - 20]
    assert short_text.cache_info()[:2] == (1, 1)


def test_no_frame_is_looked_at_for_a_fixture_that_nobody_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, ONCE_MODULE, raising=False)
    frame: Any = object()  # has no code
    assert not is_of_the_run(frame)


def test_the_module_of_the_fixture_for_all_workers_has_the_name_that_is_looked_for() -> None:
    assert OncePerRun.__module__ == ONCE_MODULE
