"""Whose a change is: what a wider fixture or setup holds is judged when that ends, what a test adds is the test's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
PRICES = {"tea": 2}
LIMIT = 3
"""
FINALIZER = """
import pytest

import shop


@pytest.fixture(scope="{scope}"{autouse})
def cheap(request):
    def put_back():
        {put_back}

    request.addfinalizer(put_back)
    shop.PRICES["tea"] = 1


def test_one(cheap):
    assert shop.PRICES["tea"] == 1


def test_two(cheap):
    {second}


class TestThree:
    def test_three(self, cheap):
        assert shop.PRICES
"""
SCOPES = ["function", "class", "module", "package", "session"]


def seen(tmp_path: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    run = guarded(tmp_path, files={"shop.py": SHOP, **files})
    assert "INTERNALERROR" not in run.output
    left = [item for item in run.findings if item["layer"] == "guard"]  # a wide autouse fixture has a rule of its own
    return [(item["state"], item["owner"] or "", item["test"].rpartition("::")[2]) for item in left]


def finalizer(scope: str, *, put_back: str = "shop.PRICES['tea'] = 2", autouse: str = "", second: str = "pass") -> str:
    return FINALIZER.format(scope=scope, put_back=put_back, autouse=autouse, second=second)


@pytest.mark.parametrize("autouse", ["", ", autouse=True"])
@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_finalizer_puts_back_however_late_is_not_left(tmp_path: Path, scope: str, autouse: str) -> None:
    assert seen(tmp_path, {"test_shop.py": finalizer(scope, autouse=autouse)}) == []


@pytest.mark.parametrize("scope", SCOPES[1:])
def test_what_a_finalizer_does_not_put_back_is_the_fixtures(tmp_path: Path, scope: str) -> None:
    found = seen(tmp_path, {"test_shop.py": finalizer(scope, put_back="pass")})

    assert {one[:2] for one in found} == {("shop.PRICES['tea']", "cheap")}


def test_what_a_test_changes_while_a_wider_fixture_holds_is_the_tests(tmp_path: Path) -> None:
    found = seen(tmp_path, {"test_shop.py": finalizer("module", second="shop.LIMIT = 9")})

    assert found == [("shop.LIMIT", "", "test_two")]


PACKAGE = """
import pytest

import shop


@pytest.fixture(scope="package", autouse=True)
def few():
    shop.LIMIT = 1
    yield
    {put_back}
"""
TEST = "import shop\n\n\ndef test_it():\n    assert shop.LIMIT == {limit}\n"


@pytest.mark.parametrize(
    ("put_back", "after", "found"),
    [("shop.LIMIT = 3", 3, []), ("pass", 3, [("shop.LIMIT", "few", "test_it")])],
)
def test_a_fixture_of_a_package_is_judged_when_its_last_module_ends(
    tmp_path: Path, put_back: str, after: int, found: list[object]
) -> None:
    files = {
        "inside/__init__.py": "",
        "inside/conftest.py": PACKAGE.format(put_back=put_back),
        "inside/test_a.py": TEST.format(limit=1),
        "inside/test_b.py": TEST.format(limit=1),
        "test_outside.py": TEST.format(limit=after),
    }

    assert seen(tmp_path, files) == found


SETUPS = """
import unittest

import shop


def setup_module():
    shop.LIMIT = 1


{teardown}
    shop.LIMIT = 3


def test_one():
    assert shop.LIMIT == 1


def test_two():
    assert shop.LIMIT == 1
"""
OF_CLASS = """
import unittest

import shop


class TestPlain:
    @classmethod
    def setup_class(cls):
        shop.LIMIT = 1

    @classmethod
    def {plain}(cls):
        shop.LIMIT = 3

    def test_one(self):
        assert shop.LIMIT == 1


class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shop.PRICES["tea"] = 1

    @classmethod
    def {case}(cls):
        shop.PRICES["tea"] = 2

    def test_two(self):
        assert shop.PRICES["tea"] == 1
"""


@pytest.mark.parametrize(
    ("teardown", "owners"), [("def teardown_module():", []), ("def never_called():", ["setup_module"])]
)
def test_what_setup_module_changes_is_judged_after_teardown_module(
    tmp_path: Path, teardown: str, owners: list[str]
) -> None:
    found = seen(tmp_path, {"test_shop.py": SETUPS.format(teardown=teardown)})

    assert [(state, owner) for state, owner, _ in found] == [("shop.LIMIT", owner) for owner in owners]


@pytest.mark.parametrize(
    ("plain", "case", "left"),
    [
        ("teardown_class", "tearDownClass", []),
        ("never", "tearDownClass", [("shop.LIMIT", "setup_class")]),
        ("teardown_class", "never", [("shop.PRICES['tea']", "setUpClass")]),
    ],
)
def test_what_the_setup_of_a_class_changes_is_judged_after_its_teardown(
    tmp_path: Path, plain: str, case: str, left: list[object]
) -> None:
    found = seen(tmp_path, {"test_shop.py": OF_CLASS.format(plain=plain, case=case)})

    assert [(state, owner) for state, owner, _ in found] == left
