"""A new logger whose handlers do nothing changes nothing, whoever wrote their class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import logging


class Silent(logging.Handler):
    '''Keeps `logging.lastResort` from writing.'''

    def handle(self, record):
        pass


class SilentToo(logging.Handler):
    def emit(self, record):
        '''Write nothing.'''


class Counting(logging.Handler):
    records = 0

    def emit(self, record):
        self.records += 1


def log_for(name, kind):
    logging.getLogger(name).addHandler(kind())  # <-
"""
TEST = """
import app


def test_silent():
    app.log_for("shop.1", app.Silent)
    app.log_for("shop.2", app.SilentToo)


def test_heard():
    app.log_for("shop.3", app.Counting)
"""


def test_a_handler_that_does_nothing_counts_as_little_as_a_null_handler(tmp_path: Path) -> None:
    run = guarded(tmp_path, files={"app.py": APP, "test_app.py": TEST})

    assert [item["state"] for item in run.findings] == ["logging.getLogger('shop.3').handlers"]


TELLING = """
import logging


def test_on_its_own():
    logger = logging.getLogger("shop")
    logger.propagate = False
    logger.addHandler(logging.StreamHandler())


def test_once_more(caplog):
    logger = logging.getLogger("shop")
    logger.handlers[:] = [logging.FileHandler("log.txt", delay=True), *logger.handlers[1:]]
"""


def test_the_handlers_of_pytest_are_not_shown(tmp_path: Path) -> None:
    run = guarded(tmp_path, mode="warn", files={"test_app.py": TELLING})

    assert any(item["state"].endswith("handlers") for item in run.findings)
    assert "LogCaptureHandler" not in run.output
