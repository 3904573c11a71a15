"""The trail: who did what, heard through audit events and wrapped setters."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from hermetic.guard import trail as module
from hermetic.guard.places import IMPORT, LIBRARY, MACHINE, STDLIB, USER, responsible, whose
from hermetic.guard.probe import Probe
from hermetic.guard.setters import WRAPPED
from hermetic.guard.trail import Listening, Trail

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping


def set_by_name(value: str) -> str:
    return value.upper()


class Heard(Probe[None]):
    code = "TEST102"
    events = ("hermetic.test",)
    setters = (f"{__name__}.set_by_name", "not_imported_yet.anything")

    def heard(self, event: str, args: tuple[object, ...]) -> Hashable:
        if args[0] == "raise":
            raise ValueError
        return str(args[0])

    def called(self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Hashable:
        return args[0]


@pytest.fixture
def trail() -> Iterator[Trail]:
    listening = Listening(Trail([Heard()]))
    listening.start()
    yield listening.trail
    listening.stop()


def audit(*args: object) -> None:
    import sys

    sys.audit("hermetic.test", *args)


def lines(trail: Trail) -> dict[Any, tuple[str, str]]:
    return {key: (place.path, place.function) for (_, key), place in trail.notes.items() if place is not None}


def test_an_audit_event_is_noted_with_the_line_that_caused_it(trail: Trail) -> None:
    audit("x")

    assert lines(trail) == {"x": (__file__, "audit")}


def test_a_call_of_a_setter_is_noted_and_does_what_it_did(trail: Trail) -> None:
    assert set_by_name("x") == "X"
    assert lines(trail) == {"x": (__file__, "test_a_call_of_a_setter_is_noted_and_does_what_it_did")}


def test_only_the_first_place_counts_for_a_key(trail: Trail) -> None:
    def other() -> None:
        audit("x")

    set_by_name("x")
    other()

    assert lines(trail)["x"][1] == "test_only_the_first_place_counts_for_a_key"


def test_another_thread_counts_for_the_running_test(trail: Trail) -> None:
    thread = threading.Thread(target=audit, args=("x",))
    thread.start()
    thread.join()

    assert lines(trail) == {"x": (__file__, "audit")}


def test_what_raises_in_the_hook_does_not_reach_the_code_under_test(trail: Trail) -> None:
    audit("raise")

    ((probe, error),) = trail.broken
    assert (type(probe), type(error)) == (Heard, ValueError)
    trail.broken.clear()


def test_nothing_is_heard_while_paused_or_after_the_end() -> None:
    listening = Listening(Trail([Heard()]))
    original = set_by_name
    listening.start()
    wrapped = set_by_name
    listening.trail.paused = True
    audit("paused")
    set_by_name("paused")
    listening.stop()
    audit("later")

    assert listening.trail.notes == {}
    assert wrapped is not original
    assert set_by_name is original


def test_sessions_nest_and_setters_are_wrapped_once(trail: Trail) -> None:
    wrapped = set_by_name
    inner = Listening(Trail([Heard()]))
    inner.start()
    audit("inner")
    set_by_name("inner")
    inner.stop()
    audit("outer")

    assert set_by_name is wrapped
    assert set(lines(inner.trail)) == {"inner"}
    assert set(lines(trail)) == {"outer"}


def test_a_setter_that_somebody_replaced_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "set_by_name", set_by_name)  # what is put back in the end, after the wrapper
    listening = Listening(Trail([Heard()]))
    listening.start()
    mine = str.lower
    monkeypatch.setitem(globals(), "set_by_name", mine)
    listening.stop()

    assert set_by_name is mine
    assert f"{__name__}.set_by_name" not in WRAPPED


@pytest.mark.parametrize(
    ("filename", "owner"),
    [
        (__file__, USER),
        (pytest.__file__, MACHINE),
        (module.__file__, MACHINE),
        (threading.__file__, STDLIB),
        ("<frozen importlib._bootstrap>", IMPORT),
        ("<string>", STDLIB),
        ("/project/.venv/lib/python3.13/site-packages/thing.py", LIBRARY),
    ],
)
def test_a_file_is_the_users_unless_it_is_somebody_elses(filename: str, owner: str) -> None:
    assert whose(filename) == owner


def test_without_the_users_code_on_the_stack_a_plugin_is_responsible() -> None:
    place = responsible(None)

    assert place is not None
    assert place.origin == MACHINE
