"""Dotted paths that a suite puts together are read as those that are written out; what they do not say is left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
import os
from http.client import HTTPConnection as Client


def fetch():
    return Client("shop").request("GET", "/")


def send():
    os.environ["SENT"] = "1"
"""
ATTRIBUTE = """
import pytest

import shop
{above}

@pytest.fixture
def given():
    return "shop"


def test_it(mocker, given):
    mocker.patch({path})
    shop.Client.return_value.request = lambda *_: 200
    assert shop.fetch() == 200


def test_as_it_is():
    assert shop.fetch() is None
"""
BEFORE = """
from unittest import mock

import shop
{above}

@mock.patch({path})
def test_it(send, given="shop"):
    shop.send()
"""
SPELLINGS = (
    ("", 'f"{shop.__name__}.NAME"'),
    ("", '"{0}.NAME".format(shop.__name__)'),
    ("", '"%s.NAME" % shop.__name__'),
    ("", '"{module}.NAME".format(module="shop")'),
    ("", 'shop.__name__ + ".NAME"'),
    ('BASE = "shop."', 'BASE + "NAME"'),
    ('TARGET = "shop.NAME"', "TARGET"),
    ('BASE = "shop"', 'f"{BASE}.NAME"'),
    ("", 'f"{given}.NAME"'),
)


@pytest.mark.parametrize(("above", "path"), SPELLINGS)
def test_an_attribute_of_what_a_patch_has_put_in_place_goes_with_it(above: str, path: str, tmp_path: Path) -> None:
    """The patch puts back what it replaced, however its path is given."""
    above, path = above.replace("NAME", "Client"), path.replace("NAME", "Client")

    found = lint_files({"shop.py": SHOP, "test_it.py": ATTRIBUTE.format(above=above, path=path)}, tmp_path)

    assert [item.code for item in found if item.code in ("HRM308", "HRM601")] == []


@pytest.mark.parametrize(
    ("above", "path"), [item for item in SPELLINGS if item[1] not in ("TARGET", 'f"{given}.NAME"')]
)
def test_what_a_patch_replaces_is_not_run(above: str, path: str, tmp_path: Path) -> None:
    """The code under test changes nothing where a stub stands in its place."""
    path = path.replace("NAME", "send")

    found = lint_files({"shop.py": SHOP, "test_it.py": BEFORE.format(above=above, path=path)}, tmp_path)

    assert [item.code for item in found if item.code == "HRM101"] == []


TABLE = """
from unittest import mock

import pytest

import prices


@pytest.fixture
def given():
    return "prices"


def test_it(given):
    with mock.patch.dict({path}):
        prices.EUROS["tea"] = 4


def test_as_it_is():
    assert prices.EUROS["tea"] == 3
"""


@pytest.mark.parametrize(
    ("name", "reported"), [("prices.__name__", False), ("given", False), ("prices.__name__ + '.old'", True)]
)
def test_a_table_is_patched_by_a_path(name: str, *, reported: bool, tmp_path: Path) -> None:
    """`patch.dict` keeps what the table held."""
    files = {"prices.py": 'EUROS = {"tea": 3}\n', "test_it.py": TABLE.replace("{path}", f'f"{{{name}}}.EUROS"')}

    assert ("HRM601" in {item.code for item in lint_files(files, tmp_path)}) is reported


@pytest.mark.parametrize("path", ['f"{shop.__name__}.other"', '"%s.other" % shop.__name__', 'f"{given}.Clients"'])
def test_a_patch_of_something_else_does_not_count(path: str, tmp_path: Path) -> None:
    """Another name is another thing."""
    files = {"shop.py": SHOP, "test_it.py": ATTRIBUTE.format(above="", path=path)}

    found = lint_files(files, tmp_path)

    assert "HRM308" in {item.code for item in found}


@pytest.mark.parametrize("path", ['"%d.send" % given', '"{1}.send".format(given)', 'given % "send"', 'f"{given}send"'])
def test_a_path_that_cannot_be_read_says_nothing(path: str, tmp_path: Path) -> None:
    """What is no dotted path hides no finding."""
    found = lint_files({"shop.py": SHOP, "test_it.py": BEFORE.format(above="", path=path)}, tmp_path)

    assert "HRM101" in {item.code for item in found}
