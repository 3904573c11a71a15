"""Which changes of a shared fixture's value are a test's, and which are nobody's concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

DEVICE = """
import functools

class Device:
    def __init__(self):
        self.level = 1
        self.link = None
        self.tags = ["new"]
        self._calls = []

    def connect(self):
        self.link = object()
        self._calls.append("connect")

    @functools.cached_property
    def serial(self):
        return "A1"

    def turn_up(self):
        self.level += 1
"""
FIXTURE = """
import pytest
from device import Device

@pytest.fixture(scope="session")
def device():
    return Device()
"""


def device_suite(tmp_path: Path, *body: str) -> object:
    test = "def test_it(device):\n" + "".join(f"    {line}\n" for line in body)
    files = {"device.py": DEVICE, "conftest.py": FIXTURE, "test_device.py": test}
    run = guarded(tmp_path / "suite", files=files)
    return [(item["code"], item["path"], item["line"], item["state"]) for item in run.findings]


def test_what_an_object_computes_or_opens_when_first_asked_is_its_own_affair(tmp_path: Path) -> None:
    assert device_suite(tmp_path, "device.connect()", "assert device.serial") == []


def test_a_method_that_changes_a_public_attribute_is_found_by_running_again(tmp_path: Path) -> None:
    found = device_suite(tmp_path, "device.turn_up()")

    assert found == [("HRM403", "device.py", 20, "device.level")]


def test_an_attribute_that_no_method_sets_is_the_tests(tmp_path: Path) -> None:
    found = device_suite(tmp_path, "device.tags.append('old')", "device.color = 'red'")

    assert {(line, state) for _, _, line, state in found} >= {(2, "device.tags")}
    assert {state for _, _, _, state in found} == {"device.tags", "device.color"}


@pytest.mark.parametrize("scope", ["function", "class"])
def test_a_narrower_fixture_may_change_a_wider_one_when_it_puts_that_back(tmp_path: Path, scope: str) -> None:
    conftest = f"""
import pytest

@pytest.fixture(scope="module")
def basket():
    return {{"tea"}}

@pytest.fixture(scope="{scope}")
def full(basket):
    basket.add("milk")
    yield basket
    basket.discard("milk")
"""
    test = "def test_full(full):\n    assert full == {'tea', 'milk'}\n\ndef test_tea(basket):\n    assert basket\n"

    run = guarded(tmp_path / "suite", files={"conftest.py": conftest, "test_basket.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_a_fixture_of_the_same_width_may_fill_another(tmp_path: Path) -> None:
    test = """
import pytest

@pytest.fixture(scope="module")
def registry():
    return {}

@pytest.fixture(scope="module")
def plugin(registry):
    registry["plugin"] = 1
    yield registry
    registry.clear()

def test_it_is_registered(registry, plugin):
    assert registry == {"plugin": 1}
"""

    run = guarded(tmp_path / "suite", files={"test_registry.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_a_narrower_fixture_that_leaves_its_change_is_the_owner(tmp_path: Path) -> None:
    test = """
import pytest

@pytest.fixture(scope="module")
def registry():
    return {}

class TestPlugin:
    @pytest.fixture(scope="class")
    @classmethod
    def plugin(cls, registry):
        registry["plugin"] = 1

    def test_it_is_registered(self, plugin):
        pass
"""

    run = guarded(tmp_path / "suite", "--hermetic-trace=off", files={"test_registry.py": test})

    assert [(item["owner"], item["state"]) for item in run.findings] == [("plugin", "registry['plugin']")], run.output


@pytest.mark.parametrize("reset", ["seen.clear()", "seen['calls'] = []"])
def test_a_value_that_an_autouse_fixture_sets_anew_may_be_left_changed(tmp_path: Path, reset: str) -> None:
    test = f"""
import pytest

@pytest.fixture(scope="module")
def seen():
    return {{"calls": []}}

@pytest.fixture(autouse=True)
def fresh(seen):
    {reset}

def test_it(seen):
    seen["calls"] = [1]
"""

    run = guarded(tmp_path / "suite", files={"test_seen.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output


def test_the_value_of_a_fixture_that_failed_or_of_a_library_is_not_watched(tmp_path: Path) -> None:
    test = """
import pathlib, pytest

@pytest.fixture(scope="module")
def broken():
    raise OSError

@pytest.fixture(scope="module")
def names():
    return ()

@pytest.mark.xfail
def test_broken(broken):
    pass

def test_names(names):
    assert names == ()
"""

    run = guarded(tmp_path / "suite", files={"test_it.py": test})

    assert (run.findings, run.exit) == ([], 0), run.output
