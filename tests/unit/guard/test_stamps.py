"""The numbers by which CPython tells that a dictionary was written to: no way of writing goes past them."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import _contents, _globals, _holders, _sight, _stamps
from hermetic.guard._definitions import MODULE_STATE
from hermetic.guard._globals import Walk
from hermetic.guard.compare import identical, same_objects
from hermetic.guard.probe import MOMENT
from hermetic.guard.probes.module_state import ModuleStateProbe

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = pytest.mark.skipif(
    sys.version_info >= (3, 14) or sys.implementation.name != "cpython",
    reason="only CPython up to 3.13 has numbers: what is newer compares the values",
)
MODULE = """
LIMIT = 0


def set_global(value):
    global LIMIT
    LIMIT = value


class Shop:
    open = True
"""
OFTEN = 2000  # calls until the interpreter has made its own short cuts for a line


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of the project."""
    found = types.ModuleType("the_module")
    found.__file__ = "/project/the_module.py"
    exec(MODULE, found.__dict__)  # noqa: S102 - as an import does
    monkeypatch.setitem(sys.modules, "the_module", found)
    return found


def set_attribute(module: Any, value: object) -> None:
    module.LIMIT = value


def set_of_class(module: Any, value: object) -> None:
    module.Shop.open = value


def set_item(module: Any, value: object) -> None:
    vars(module)["LIMIT"] = value


def class_of(module: types.ModuleType) -> _holders.Holder:
    return _holders.Holder("the_module", "Shop", module.Shop, vars(module.Shop))


WAYS: list[Callable[[Any, object], object]] = [
    set_attribute,
    set_of_class,
    set_item,
    lambda module, value: module.set_global(value),
    lambda module, value: setattr(module, "LIMIT", value),
    lambda module, value: type.__setattr__(module.Shop, "open", value),
    lambda module, value: vars(module).update(LIMIT=value),
    lambda module, value: exec(f"LIMIT = {value!r}", vars(module)),  # noqa: S102 - as an import does
    lambda module, value: setattr(module, f"NEW_{value}", value),
]


@KNOWN
@pytest.mark.parametrize("way", WAYS)
def test_each_write_is_told_of_also_when_the_interpreter_has_specialised_it(
    way: Callable[[Any, object], object], module: types.ModuleType
) -> None:
    assert _stamps.are_told()
    stamps = _stamps.Stamps(map(_stamps.number_of, [vars(module), class_of(module).own]))
    seen = stamps.read()
    for number in range(1, OFTEN):  # the same object again is no change
        way(module, number)
        now = stamps.read()
        assert now != seen, f"write {number}"
        seen = now
    assert stamps.read() == seen


@pytest.mark.skipif(not _stamps.are_told_of_objects(), reason="CPython 3.13 and newer do not tell of attributes")
@pytest.mark.parametrize("way", [
    set_attribute,
    lambda one, value: setattr(one, "LIMIT", value),
    lambda one, value: object.__setattr__(one, "LIMIT", value),
    lambda one, value: vars(one).update(LIMIT=value),
    lambda one, value: setattr(one, f"NEW_{value}", value),
])  # fmt: skip
def test_each_write_to_an_attribute_of_an_object_is_told_of(way: Callable[[Any, object], object]) -> None:
    class Shop:
        LIMIT = 0

    one = Shop()
    stamps = _stamps.Stamps([_stamps.number_of(vars(one))])
    seen = stamps.read()
    for number in range(1, OFTEN):
        way(one, number)
        now = stamps.read()
        assert now != seen, f"write {number}"
        seen = now


HELD = """
class Shop:
    def __init__(self):
        self.limit = 0


SHOP, TABLE, ROWS, NAMES = Shop(), {}, [], set()
"""
CHANGES: list[Callable[[Any, object], object]] = [
    lambda module, value: setattr(module.SHOP, "limit", value),
    lambda module, value: module.TABLE.update(entry=value),
    lambda module, value: module.ROWS.append(value),
    lambda module, value: module.NAMES.add(value),
]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_what_is_held_is_seen_with_numbers_and_without(
    told: bool, change: Callable[[Any, object], object], module: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("are_told", "are_told_of_objects"):
        asked = getattr(_stamps, name)
        monkeypatch.setattr(_contents, name, lambda asked=asked: told and asked())
    exec(HELD, vars(module))  # noqa: S102 - as an import does
    probe = ModuleStateProbe()
    MOMENT.next()
    probe.snapshot()
    for number in range(5):
        MOMENT.next()
        before = probe.snapshot()
        MOMENT.next()
        assert probe.snapshot() is before
        change(module, f"value {number}")
        MOMENT.next()
        after = probe.snapshot()
        found = [
            one.part.path
            for one, was, now in zip(after.watched, before.copies, after.copies, strict=True)
            if was != now
        ]
        assert len(found) == 1, (number, found)


@KNOWN
def test_a_container_that_was_not_written_to_is_not_compared(
    module: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    exec(HELD, vars(module))  # noqa: S102 - as an import does
    compared: list[int] = []

    def count(one: list[Any], other: list[Any]) -> bool:
        compared.append(len(one))
        return same_objects(one, other)

    probe = ModuleStateProbe()
    for _ in range(2):
        MOMENT.next()
        probe.snapshot()
    monkeypatch.setattr(_sight, "same_objects", count)
    MOMENT.next()
    probe.snapshot()

    untold = [*probe.kept.always.untold, *probe.kept.now.untold]
    assert sum(compared) == len(untold)
    names = {probe.kept.watched[number].part.path for number in untold}
    assert {"the_module.ROWS", "the_module.NAMES"} <= names
    assert "the_module.TABLE" not in names


@KNOWN
def test_a_number_is_not_relied_on_where_one_way_to_write_is_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for ways in ((*_stamps.WRITES, lambda _: None), ()):
        monkeypatch.setattr(_stamps, "WRITES", ways)
        assert _stamps.are_told.__wrapped__() is (not ways)


@KNOWN
def test_what_was_not_written_to_is_not_compared(module: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk()
    compared: list[int] = []

    def count(values: list[object], seen: list[object]) -> bool:
        compared.append(len(values))
        return identical(values, seen)

    monkeypatch.setattr(_globals, "identical", count)
    for _ in range(2):  # what is copied, and what is known of it
        MOMENT.next()
        walk.snapshot()
    compared.clear()

    MOMENT.next()
    before = walk.snapshot()
    assert compared == []

    module.LIMIT, kept = 1, module.LIMIT
    module.LIMIT = kept
    MOMENT.next()
    assert walk.snapshot() is before
    assert compared == [len(vars(module))]

    module.LIMIT = 1
    MOMENT.next()
    assert [one.name for one in walk.differences(before, walk.snapshot(), MODULE_STATE)] == ["LIMIT"]


@pytest.mark.parametrize("told", [True, False])
def test_every_change_is_seen_with_numbers_and_without(
    told: bool,
    module: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_globals, "are_told", lambda: told and _stamps.are_told())
    walk = Walk()
    walk.snapshot()
    for number in range(1, 6):
        MOMENT.next()
        before = walk.snapshot()
        set_attribute(module, number)
        MOMENT.next()
        found = [(one.name, one.after) for one in walk.differences(before, walk.snapshot(), MODULE_STATE)]
        assert found == [("LIMIT", number)]


@KNOWN
def test_what_was_written_to_is_found_among_the_usual_and_besides() -> None:
    spaces: list[dict[str, Any]] = [{} for _ in range(5)]
    stamps = _stamps.Stamps([_stamps.number_of(space) for space in spaces])
    for turn, places in enumerate([[1, 3], [1, 3], [3], [0, 3], [4], [], [0, 1, 3, 4], [2]]):
        before = stamps.read()
        for place in places:
            spaces[place]["written"] = turn
        assert stamps.written(before, stamps.read()) == places
