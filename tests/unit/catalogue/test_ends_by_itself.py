"""What a block seeds, a manager takes back, or ends by itself is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files(files, folder, select=DEFAULTS)]


DRAWN = """
import numpy
import pytest
from contexts import RNGContext, Timed

with {manager}:
    points = numpy.random.uniform(5, 10)


@pytest.mark.parametrize("point", [points])
def test_a(point):
    assert point
"""


@pytest.mark.parametrize(
    ("manager", "found"), [("RNGContext(123)", []), ("RNGContext()", ["HRM701"]), ("Timed(123)", ["HRM701"])]
)
def test_a_block_may_seed_the_generator(manager: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": DRAWN.format(manager=manager)}, tmp_path) == found


RELOADED = """
import importlib


def test_a(tmp_path, monkeypatch):
    (tmp_path / "lexer_a.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    suffix = "a"
    lexer = importlib.import_module({name})
    lexer = importlib.reload(lexer)
    assert lexer
"""


@pytest.mark.parametrize(
    ("name", "found"), [('f"lexer_{suffix}"', []), ('"lexer_" + suffix', []), ('"lexer"', ["HRM104"])]
)
def test_a_module_of_a_name_that_is_made_for_it_may_be_reloaded(name: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": RELOADED.format(name=name)}, tmp_path) == found


FRAMES = """
FRAMES = ["sky"]


class custom_frame:
    def __init__(self, frame):
        FRAMES.append(frame)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        {leaving}
"""
ENTERING = """
from contextlib import ExitStack

import frames


def test_a():
    {entering}
    assert frames.FRAMES
"""


@pytest.mark.parametrize(
    ("leaving", "entering", "found"),
    [
        ("FRAMES.pop()", "with frames.custom_frame('sea'):\n        pass", []),
        ("FRAMES.pop()", "with ExitStack() as stack:\n        stack.enter_context(frames.custom_frame('sea'))", []),
        ("FRAMES.pop()", "frame = frames.custom_frame('sea')", ["HRM601"]),
        ("print('left')", "with frames.custom_frame('sea'):\n        pass", ["HRM601"]),
    ],
)
def test_a_manager_that_changes_a_module_when_it_is_made(
    leaving: str, entering: str, found: list[str], tmp_path: Path
) -> None:
    files = {"frames.py": FRAMES.format(leaving=leaving), "test_it.py": ENTERING.format(entering=entering)}

    assert codes(files, tmp_path) == found


HOOKS = """
import enum


class Hook(enum.Enum):
    NONE = 0
    PLAIN = 1


HOOK = Hook.NONE


def uninstall():
    global HOOK
    HOOK = Hook.{name}
"""


@pytest.mark.parametrize(("name", "found"), [("NONE", []), ("PLAIN", ["HRM601"])])
def test_a_function_that_sets_what_the_module_starts_with(name: str, found: list[str], tmp_path: Path) -> None:
    test = "import hooks\n\n\ndef test_a():\n    hooks.uninstall()\n    assert hooks.HOOK\n"

    assert codes({"hooks.py": HOOKS.format(name=name), "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(("seconds", "found"), [("0.1", []), ("interval=0.5", []), ("30", ["HRM109"])])
def test_a_timer_that_goes_off_within_a_moment_ends_by_itself(seconds: str, found: list[str], tmp_path: Path) -> None:
    given = f"{seconds}, print" if "=" not in seconds else f"function=print, {seconds}"
    test = f"from threading import Timer\n\n\ndef test_a():\n    Timer({given}).start()\n    assert True\n"

    assert codes({"test_it.py": test}, tmp_path) == found


LOGGERS = """
import logging


def test_a():
    loggers = [logging.getLogger(name) for name in ("shop", "till")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
            logger.propagate = True
        assert loggers
    finally:
        for logger, (level, propagate) in zip(loggers, before):
            {back}
"""


@pytest.mark.parametrize(
    ("back", "found"),
    [
        ("logger.setLevel(level); logger.propagate = propagate", []),
        ("logger.setLevel(level)", ["HRM105"]),
        ("logger.propagate = propagate", ["HRM105"]),
        ("print(level, propagate)", ["HRM105", "HRM105"]),
    ],
)
def test_loggers_may_be_put_back_in_a_loop_over_them_and_what_was_kept(
    back: str, found: list[str], tmp_path: Path
) -> None:
    assert codes({"test_it.py": LOGGERS.format(back=back)}, tmp_path) == found


CONFIG = """
class Config:
    design = None

    def {method}(self, name, value):
        self.__dict__[name] = value


config = Config()
"""


@pytest.mark.parametrize(("method", "found"), [("__setattr__", []), ("set", ["HRM308"])])
def test_an_object_that_says_itself_what_setting_does(method: str, found: list[str], tmp_path: Path) -> None:
    test = "from shop import config\n\n\ndef test_a():\n    config.design = lambda: 1\n    assert config.design\n"

    assert codes({"shop.py": CONFIG.format(method=method), "test_it.py": test}, tmp_path) == found
