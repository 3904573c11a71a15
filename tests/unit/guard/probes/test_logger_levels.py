"""Whose level of a new logger counts: that of the code under test, on a logger that it names itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import logging


def by_name():
    logging.getLogger("shop.app").setLevel(logging.DEBUG)  # <-


def by_module():
    logging.getLogger(__name__).setLevel(logging.DEBUG)  # <-


def as_told(name):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""
TEST = """
import logging

import app


def test_by_name():
    app.by_name()


def test_by_module():
    app.by_module()


def test_as_told():
    app.as_told("an.app.of.the.test")


def test_its_own():
    logging.getLogger("only.here").setLevel(logging.DEBUG)
"""


def test_a_level_counts_where_the_code_under_test_names_the_logger(tmp_path: Path) -> None:
    run = guarded(tmp_path, files={"app.py": APP, "test_app.py": TEST})

    marked = {number for number, line in enumerate(APP.splitlines(), 1) if line.endswith("# <-")}
    assert run.found >= {("HRM105", "app.py", line) for line in marked}
    assert {item["state"] for item in run.findings if item["layer"] == "guard"} == {
        "logging.getLogger('shop.app').level",
        "logging.getLogger('app').level",
    }
