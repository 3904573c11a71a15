"""Whether a generator of random numbers was seeded, and put back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.probes import random_state
from hermetic.guard.probes.random_state import Generator, RandomProbe, digest
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
import random


def test_puts_back():
    state = random.getstate()
    random.seed(1)
    random.setstate(state)


def test_puts_back_what_was_asked_for_first():
    first = random.getstate()
    random.random()
    second = random.getstate()
    random.setstate(first)
    random.setstate(second)


def test_puts_back_a_copy():
    version, numbers, next_gauss = random.getstate()
    random.seed(1)
    random.setstate((version, (*numbers,), next_gauss))


def test_seeds():
    random.seed(1)


def test_puts_back_what_was_asked_for_when_it_was_seeded():
    random.seed(1)
    state = random.getstate()
    random.setstate(state)


def test_sets_a_state_of_its_own():
    random.setstate(random.Random(2).getstate())
"""


def test_a_state_that_was_asked_for_may_be_put_back(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", files={"test_it.py": SUITE.lstrip("\n")})

    assert run.found == {("HRM108", "test_it.py", line) for line in (25, 29, 35)}, run.output


LATER = """
import random

def test_seeds_first():
    random.seed(1)
    test_seeds_first.state = random.getstate()


def test_puts_back_what_it_found_seeded():
    state = random.getstate()
    random.seed(2)
    random.setstate(state)


def test_makes_it_free_again():
    random.seed()


def test_sets_a_state_that_was_seeded():
    random.setstate(test_seeds_first.state)
"""


def test_what_a_test_finds_seeded_it_may_put_back_so(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", mode="warn", files={"test_it.py": LATER.lstrip("\n")})

    assert run.found == {("HRM108", "test_it.py", line) for line in (4, 19)}, run.output


def test_states_are_told_apart() -> None:
    generator = random.Random(1)  # noqa: S311 - nothing here is a secret
    states = []
    for _ in range(2000):  # the numbers are made anew after 624
        states.append(generator.getstate())
        generator.random()
    generator.gauss(0, 1)
    states += [generator.getstate(), *(random.Random(seed).getstate() for seed in (2, 3))]  # noqa: S311 - as above

    assert len({digest(state) for state in states}) == len(states)


def test_states_of_numpy_are_told_apart() -> None:
    np = pytest.importorskip("numpy")
    states = [np.random.RandomState(seed).get_state(legacy=legacy) for seed in (1, 2) for legacy in (True, False)]

    assert len({digest(state) for state in states}) == len(states)


def test_nothing_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = RandomProbe()
    state = random.getstate()
    monkeypatch.setattr(random, "getstate", lambda: pytest.fail("asked for again"))

    probe.called("random.getstate", (), {})
    probe.returned("random.getstate", (), state)

    assert probe.called("random.setstate", (state,), {}) is None


def test_of_the_states_that_were_asked_for_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_state, "REMEMBERED", 3)
    generator = Generator("random", "random", "getstate", "setstate")
    for number in (0, 1, 2, 0, 3):
        generator.answer("getstate", ("state", number))

    assert list(generator.saved) == [digest(("state", number)) for number in (2, 0, 3)]
