"""What the user gives to pytest, less what says on how many workers the tests run: that is the audit's own business."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKERS = ("-n", "--numprocesses")
SPREAD = ("--dist", "--maxprocesses", "--tx", "--px", "--max-worker-restart", "--maxschedchunk", "--testrunuid")
FLAGS = ("-d", "--distload", "--loadscope-reorder", "--no-loadscope-reorder")  # of xdist, without a value


class Arguments(NamedTuple):
    """The arguments for runs without workers, how many workers others have, and what says how those share the tests."""

    serial: list[str]
    workers: int = 2
    spread: tuple[str, ...] = ()


def split(arguments: Sequence[str]) -> Arguments:
    """Return the arguments, sorted."""
    serial: list[str] = []
    spread: list[str] = []
    workers = 2
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in WORKERS or name in SPREAD:
            given = value if equals else next(words, "")
            if name in SPREAD:
                spread.append(f"{name}={given}")
            else:
                workers = number(given)
        elif word in FLAGS:
            spread.append(word)
        elif word.startswith("-n") and not word.startswith("--") and number(word[2:], 0):
            workers = number(word[2:])
        else:
            serial.append(word)
    return Arguments(serial, workers, tuple(spread))


def number(word: str, default: int = 2) -> int:
    """Return a number of workers; `auto` and `logical` mean one for each processor."""
    if word in ("auto", "logical"):
        return max(2, os.cpu_count() or 2)
    return max(2, int(word)) if word.isdigit() else default
