"""Base classes of libraries that are known to put something back for each test of what inherits from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
from unittest import TestCase, mock

import oslotest.base
from oslotest import base

from bases import Case


class Mixin:
    def start(self):
        mock.patch("os.getcwd").start()


class PlacesTest({bases}):
    def setUp(self):
        super().setUp()
        {starts}

    def test_a(self):
        assert self
"""
BASES = """
from oslotest import base


class Case(base.BaseTestCase):
    pass
"""
DIRECTLY = "mock.patch('os.getcwd').start()"


@pytest.mark.parametrize(
    ("bases", "starts", "found"),
    [
        ("base.BaseTestCase", DIRECTLY, []),
        ("oslotest.base.BaseTestCase", DIRECTLY, []),
        ("Case", DIRECTLY, []),
        ("Mixin, Case", "self.start()", []),
        ("TestCase", DIRECTLY, ["HRM304"]),
        ("base.OtherTestCase", DIRECTLY, ["HRM304"]),
        ("Mixin, TestCase", "self.start()", ["HRM304"]),
    ],
)
def test_a_base_class_of_oslotest_stops_all_patches(bases: str, starts: str, found: list[str], tmp_path: Path) -> None:
    files = {"bases.py": BASES, "test_it.py": SUITE.format(bases=bases, starts=starts)}

    assert [item.code for item in lint_files(files, tmp_path, select=("HRM304",))] == found
