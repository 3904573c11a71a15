"""The chain: what changed, whose it is, and what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard.chain import Chain, Owner
from hermetic.guard.compare import same
from hermetic.guard.describe import ABSENT, Described, short
from hermetic.guard.places import LIBRARY, MACHINE, Place
from hermetic.guard.probe import Change, Probe, list_change
from hermetic.guard.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator


class Values(Probe[dict[str, int]]):
    """The items of one dictionary."""

    code = "TEST101"

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def snapshot(self) -> dict[str, int]:
        return self.values.copy()

    def changes(self, before: dict[str, int], after: dict[str, int]) -> Iterator[Change]:
        for name in before.keys() | after.keys():
            old, new = before.get(name, ABSENT), after.get(name, ABSENT)
            if old != new:
                yield Change(name, old, new, lambda name=name, old=old: self.put(name, old))

    def put(self, name: str, value: Any) -> None:
        if value is ABSENT:
            self.values.pop(name, None)
        else:
            self.values[name] = value


class Suite:
    """One chain with one probe, and what it complained about."""

    def __init__(self, *probes: Probe[Any]) -> None:
        self.probe = Values()
        self.complaints: list[tuple[Probe[Any], BaseException]] = []
        found = [self.probe, *probes]
        self.chain = Chain(found, Trail(found), lambda probe, error: self.complaints.append((probe, error)))
        self.test = Owner("test")
        self.chain.begin(self.test)

    def left(self, owner: Owner) -> dict[str, tuple[object, object]]:
        return {state: (entry.change.before, entry.change.after) for (_, state), entry in owner.ledger.items()}


@pytest.fixture
def suite() -> Suite:
    return Suite()


def test_a_change_that_is_taken_back_leaves_nothing(suite: Suite) -> None:
    suite.probe.values["a"] = 1
    suite.chain.boundary()
    del suite.probe.values["a"]
    suite.chain.pop(suite.test)

    assert suite.left(suite.test) == {}


def test_two_changes_of_one_state_are_joined(suite: Suite) -> None:
    suite.probe.values["a"] = 1
    suite.chain.boundary()
    suite.probe.values["a"] = 2
    suite.chain.pop(suite.test)

    assert suite.left(suite.test) == {"a": (ABSENT, 2)}


def test_what_a_fixture_changes_is_its_own_and_what_the_test_changes_is_the_tests(suite: Suite) -> None:
    fixture = Owner("fixture")
    suite.probe.values["test"] = 1
    suite.chain.push(fixture)
    suite.probe.values["fixture"] = 1
    suite.chain.pop(fixture)
    suite.probe.values["later"] = 1
    suite.chain.pop(suite.test)

    assert suite.left(fixture) == {"fixture": (ABSENT, 1)}
    assert set(suite.left(suite.test)) == {"test", "later"}


def test_a_fixture_that_tears_down_over_a_tests_leak_is_not_blamed(suite: Suite) -> None:
    fixture = Owner("fixture")
    suite.chain.push(fixture)
    suite.probe.values["a"] = 1
    suite.chain.pop(fixture)
    suite.probe.values["a"] = 2
    suite.chain.push(fixture)
    del suite.probe.values["a"]
    suite.chain.pop(fixture)

    assert suite.left(fixture) == {}
    assert suite.left(suite.test) == {"a": (1, 2)}


def test_what_is_put_back_is_as_before_and_the_next_test_starts_from_there(suite: Suite) -> None:
    suite.probe.values |= {"a": 1, "b": 2}
    suite.chain.pop(suite.test)
    suite.chain.restore(suite.test.ledger.values())
    second = Owner("second")
    suite.chain.begin(second)
    suite.chain.pop(second)

    assert suite.probe.values == {}
    assert suite.left(second) == {}


def test_who_repairs_what_was_reported_only_cleans_up(suite: Suite) -> None:
    suite.probe.values["a"] = 1
    suite.chain.pop(suite.test)
    suite.chain.keep(suite.test.ledger.values())
    second = Owner("second")
    suite.chain.begin(second)
    del suite.probe.values["a"]
    suite.chain.pop(second)

    assert suite.left(second) == {}


@pytest.mark.parametrize("place", [Place("", 0, "", MACHINE), Place("x.py", 1, "f", LIBRARY, importing=True)])
def test_what_a_plugin_does_or_the_import_of_a_library_is_nobodys(suite: Suite, place: Place) -> None:
    suite.probe.values["a"] = 1
    suite.chain.trail.notes["TEST101", "a"] = place
    suite.chain.pop(suite.test)

    assert suite.left(suite.test) == {}


def test_what_unittest_puts_back_without_the_suites_code_is_put_back(suite: Suite) -> None:
    fixture = Owner("setUpClass")
    suite.chain.push(fixture)
    suite.probe.values["a"] = 1
    suite.chain.boundary()
    del suite.probe.values["a"]
    suite.chain.trail.notes["TEST101", "a"] = Place("", 0, "", MACHINE)
    suite.chain.pop(fixture)

    assert suite.left(fixture) == {}


def test_fixtures_of_one_name_are_owners_of_their_own(suite: Suite) -> None:
    outer, inner = Owner("kept"), Owner("kept")
    suite.chain.push(outer)
    suite.chain.push(inner)
    suite.chain.pop(inner)

    assert suite.chain.owners == [suite.test, outer]


def test_a_probe_that_raises_is_left_out_and_the_others_go_on() -> None:
    class Broken(Values):
        def changes(self, before: dict[str, int], after: dict[str, int]) -> Iterator[Change]:
            raise ValueError("no")

    suite = Suite(Broken())
    suite.probe.values["a"] = 1
    suite.chain.pop(suite.test)

    ((probe, error),) = suite.complaints
    assert (type(probe), str(error)) == (Broken, "no")
    assert suite.chain.probes == [suite.probe]
    assert suite.left(suite.test) == {"a": (ABSENT, 1)}


class Loud:
    def __repr__(self) -> str:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "'x'"),
        (Described("as it is"), "as it is"),
        (ABSENT, "absent"),
        ("a\nb", "'a\\nb'"),
        (Loud(), "<Loud instance>"),
    ],
)
def test_a_value_is_written_out_on_one_line_whatever_it_does(value: object, expected: str) -> None:
    assert short(value) == expected


def test_a_representation_is_bounded_and_holds_no_address() -> None:
    assert len(short("x" * 10_000)) <= 120
    assert len(short([["y" * 500] * 500] * 500)) <= 120
    assert " at 0x" not in short(object())


def test_values_are_the_same_by_identity_or_equality_and_a_comparison_may_fail() -> None:
    loud = Loud()
    assert same(loud, loud)
    assert not same(loud, Loud())
    assert same([1], [1])
    assert not same(1, 1.0)


def test_a_list_is_reported_by_what_was_added_and_removed() -> None:
    target: list[object] = ["a", "b"]
    before = (target, target[:])
    target[:] = ["b", "c"]

    change = list_change("sys.path", before, target[:])
    assert change.undo is not None
    change.undo()

    assert (change.before, change.after) == (["a"], ["c"])
    assert target == ["a", "b"]
