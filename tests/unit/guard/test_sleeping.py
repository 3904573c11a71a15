"""Probes that cost nothing while nobody can touch what they watch: they are asked after an import at the earliest."""

from __future__ import annotations

import sys
import types
import warnings
from typing import TYPE_CHECKING

import pytest

from hermetic.guard.chain import Chain, Owner
from hermetic.guard.probe import MOMENT, Change, Probe
from hermetic.guard.trail import Listening, Trail
from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GATE, WORD = "a_library_that_is_not_there", "never_named_before_" + "by_this_project"  # else this file has the word


class Number(Probe[int]):
    """A number, and how often it was looked at."""

    code = "TEST103"

    def __init__(self) -> None:
        self.value, self.looked = 0, 0

    def snapshot(self) -> int:
        self.looked += 1
        return self.value

    def changes(self, before: int, after: int) -> Iterator[Change]:
        yield Change("the number", before, after)


class OfLibrary(Number):
    gates = (GATE,)


class OfWord(Number):
    words = (WORD,)


class OfImports(Number):
    in_tests = False
    setters = ("warnings.simplefilter",)


class OfEverything(Number):
    """One that counts how often it is asked whether there is something to see."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def is_awake(self, mentioned: set[str]) -> bool:
        self.asked += 1
        return True

    def import_begins(self, collector: pytest.Module) -> None:
        self.value += 1


def left_by(chain: Chain, *acts: Callable[[], object]) -> list[str]:
    owner = Owner("test")
    chain.begin(owner)
    for act in acts:
        act()
    chain.pop(owner)
    return [entry.change.state for entry in owner.ledger.values()]


def chain_of(probe: Probe[int]) -> Chain:
    return Chain([probe], Trail([probe]), lambda *_: None)


def test_a_probe_of_a_library_is_asked_from_the_import_of_the_library_on(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = OfLibrary()
    chain = chain_of(probe)

    assert left_by(chain, lambda: setattr(probe, "value", 1)) == []
    assert probe.looked == 0
    monkeypatch.setitem(sys.modules, GATE, types.ModuleType(GATE))
    assert left_by(chain, lambda: setattr(probe, "value", 2)) == ["the number"]


def test_what_a_test_changes_before_it_imports_the_library_is_not_its_change(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = OfLibrary()
    chain = chain_of(probe)
    library = types.ModuleType(GATE)

    monkeypatch.setitem(sys.modules, GATE, library)
    assert left_by(chain, lambda: setattr(probe, "value", 1)) == ["the number"]
    monkeypatch.delitem(sys.modules, GATE)
    acts = (lambda: setattr(probe, "value", 2), lambda: monkeypatch.setitem(sys.modules, GATE, library))
    assert left_by(chain) == []
    assert left_by(chain, *acts) == []
    assert left_by(chain) == []
    assert left_by(chain, lambda: setattr(probe, "value", 3)) == ["the number"]


def test_a_probe_of_a_word_is_asked_once_a_module_of_the_project_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    probe = OfWord()
    chain = chain_of(probe)
    assert left_by(chain, lambda: setattr(probe, "value", 1)) == []
    module = types.ModuleType("a_user_of_the_word")
    module.__file__ = str(tmp_path / "a_user_of_the_word.py")
    (tmp_path / "a_user_of_the_word.py").write_text(f"import {WORD}\n", encoding="utf-8")

    MOMENT.next()
    monkeypatch.setitem(sys.modules, module.__name__, module)

    assert left_by(chain, lambda: setattr(probe, "value", 2)) == ["the number"]


def test_the_setters_of_a_probe_of_imports_are_wrapped_around_imports_alone() -> None:
    original = warnings.simplefilter
    listening = Listening(Trail([OfImports()]))
    listening.start()
    try:
        outside = warnings.simplefilter
        with listening.importing():
            inside = warnings.simplefilter
        after = warnings.simplefilter
    finally:
        listening.stop()

    assert (outside, after) == (original, original)
    assert inside is not original


def test_a_probe_of_imports_is_not_asked_in_tests() -> None:
    probe = OfImports()
    chain = chain_of(probe)

    assert left_by(chain, lambda: setattr(probe, "value", 1)) == []
    assert probe.looked == 0


CLIENT = """
_client = None
_pool = None


def client():
    global _client
    if _client is None:
        _client = object()
    return _client
"""


def test_a_name_that_the_code_fills_when_it_is_first_asked_is_its_own_affair_though_tests_empty_it(
    tmp_path: Path,
) -> None:
    source = """
import client


def test_it_is_made():
    client._client = None
    assert client.client()
"""

    run = guarded(tmp_path, files={"client.py": CLIENT, "test_client.py": source})

    assert run.findings == []


def test_a_name_that_a_test_fills_itself_is_told(tmp_path: Path) -> None:
    source = """
import client


def test_it_is_given():
    client._client = 7


def test_it_is_made_elsewhere():
    client._pool = None
    assert client.client()
"""

    run = guarded(tmp_path, files={"client.py": CLIENT, "test_client.py": source})

    assert [(item["line"], item["state"]) for item in run.findings] == [(6, "client._client")]


def test_numpys_settings_that_pytest_puts_back_are_not_left(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    source = """
import functools

import numpy
import pytest


@pytest.fixture(scope="module")
def loud(request):
    before = numpy.seterr(all="raise")
    request.addfinalizer(functools.partial(numpy.seterr, **before))  # pytest calls it, and is not heard


def test_within(loud):
    numpy.geterr()


def test_it_is_left():
    numpy.set_printoptions(precision=2)  # <-
"""

    run = guarded(tmp_path, files={"test_numbers.py": source})

    assert [(item["line"], item["state"]) for item in run.findings] == [(19, "numpy.get_printoptions")]


def test_nobody_is_asked_to_wake_up_while_files_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = OfEverything()
    chain = chain_of(probe)

    for name in ("collected_first", "collected_next"):
        chain.tell("import_begins", None)
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    collected = probe.value, probe.asked
    left_by(chain)

    assert collected == (2, 0)
    assert probe.asked == 1
