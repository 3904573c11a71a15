"""What flexmock stands for is not reached, and comes back at the end of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
import contextlib
import logging
import os
import signal


def fill():
    os.makedirs("/srv/shop", exist_ok=True)


def note():
    with open("/srv/shop.txt", "w") as file:
        file.write("x")


def watch():
    signal.signal(signal.SIGTERM, print)


def listen():
    logger = logging.getLogger()
    logger.setLevel(logging.DEBUG)


def handler():
    return logging.StreamHandler()


def forget():
    logger = logging.getLogger()
    with contextlib.suppress(ValueError):
        logger.removeHandler(handler())
    logger.setLevel(logging.DEBUG)
"""
TEST = """
import sys

import shop
from flexmock import flexmock


def test_a():
    {given}
    shop.{called}()
"""
BUILTINS = "builtins = flexmock(sys.modules['builtins'])\n    builtins.should_receive('open').and_return(1)"
CASES = [
    ("fill", "flexmock(shop.os).should_receive('makedirs')", []),
    ("fill", "flexmock(shop.os, makedirs=print)", []),
    ("fill", "flexmock(shop.os).should_receive('rmdir')", ["HRM502"]),
    ("fill", "flexmock(shop.os).should_call('makedirs')", ["HRM502"]),
    ("fill", "print(shop.os).should_receive('makedirs')", ["HRM502"]),
    ("note", "flexmock(sys.modules['builtins']).should_receive('open')", []),
    ("note", BUILTINS, []),
    ("note", BUILTINS.replace("'open'", "'print'"), ["HRM502"]),
    ("watch", "flexmock(shop.signal).should_receive('signal').at_least().once()", []),
    ("watch", "flexmock(shop.signal).should_receive('alarm')", ["HRM106"]),
    ("listen", "flexmock(shop.logging).should_receive('getLogger').and_return(flexmock())", []),
    ("listen", "flexmock(shop.logging.getLogger()).should_receive('setLevel')", []),
    ("listen", "flexmock(shop.logging.getLogger()).should_receive('addHandler')", ["HRM105"]),
]


@pytest.mark.parametrize(("called", "given", "found"), CASES)
def test_what_flexmock_replaces_is_not_reached(called: str, given: str, found: list[str], tmp_path: Path) -> None:
    files = {"shop.py": SHOP, "test_it.py": TEST.format(called=called, given=given)}

    items = lint_files(files, tmp_path, select=("HRM105", "HRM106", "HRM502"))

    assert [item.code for item in items] == found


def test_a_replacement_that_raises_keeps_the_call_from_being_made_and_no_more(tmp_path: Path) -> None:
    given = "flexmock(shop).should_receive('handler').and_raise(ValueError)"
    files = {"shop.py": SHOP, "test_it.py": TEST.format(called="forget", given=given)}

    items = lint_files(files, tmp_path, select=("HRM105",))

    assert [item.message.partition(" is ")[0] for item in items] == ["the level of logging.getLogger()"]
