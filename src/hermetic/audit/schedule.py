"""Which worker ran what, and when: recorded, so that the share of one worker can be run again without workers."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic import cache
from hermetic.audit.lab import BAD
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.record import Run

WORKER = re.compile(r"(?:(\d+):)?(gw\d+)")


class Slot(NamedTuple):
    """One test on one worker; `start` and `stop` are seconds since the run's first test began."""

    test: str
    status: str
    start: float
    stop: float


class Share(NamedTuple):
    """What one worker ran, in its order, in the run of a number."""

    run: int
    worker: str
    slots: list[Slot]


def share(run: Run, worker: str) -> list[str]:
    """Return the tests of a worker, in the order in which it ran them."""
    mine = [(end.start, test) for test, end in run.ends.items() if end.worker == worker]
    return [test for _, test in sorted(mine)]


def shares_of(runs: Sequence[Run]) -> list[Share]:
    """Return the shares of all workers in all runs that had any."""
    found = []
    for number, run in enumerate((run for run in runs if run.spec.workers and run.ends), 1):
        first = min(end.start for end in run.ends.values())
        for worker in sorted({end.worker for end in run.ends.values()} - {""}, key=lambda name: (len(name), name)):
            slots = [
                Slot(test, end.status, round(end.start - first, 3), round(end.stop - first, 3))
                for test, end in ((test, run.ends[test]) for test in share(run, worker))
            ]
            found.append(Share(number, worker, slots))
    return found


def document(shares: Sequence[Share]) -> str:
    """Return shares as JSON."""
    content = {"version": 1, "tool": "hermetic", "findings": [], "schedule": [one._asdict() for one in shares]}
    return json.dumps(content, indent=1) + "\n"


def keep(top: str, shares: Sequence[Share]) -> None:
    """Keep the last schedule of a project, for a replay without a file."""
    path = cache.file_of(top, "schedule")
    if path and shares:
        with suppress(OSError):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(document(shares))


def load(path: str, top: str) -> list[Share]:
    """Return the shares in a file, "" for the last audit here. Raises `CannotRunError` where there are none."""
    name = path or cache.file_of(top, "schedule")
    try:
        with open(name, encoding="utf-8") as file:
            content: dict[str, Any] = json.load(file)
        shares = [
            Share(one["run"], one["worker"], [Slot(*slot) for slot in one["slots"]]) for one in content["schedule"]
        ]
    except OSError as error:
        hint = f"{path}: {error.strerror}" if path else "no audit has recorded a schedule here"
        raise CannotRunError(f"{hint}; `hermetic audit --record FILE` records one") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRunError(f"{name} holds no schedule; `hermetic audit --record FILE` records one") from error
    return shares


def find(shares: Sequence[Share], name: str) -> Share:
    """Return the share that `gw1` or `2:gw1` names: without a run, the first in which that worker had a failure.

    Raises `CannotRunError` where there is none.
    """
    match = WORKER.fullmatch(name)
    known = ", ".join(f"{one.run}:{one.worker}" for one in shares)
    if match is None:
        raise CannotRunError(f"{name!r} names no worker; there are {known}")
    number, worker = match.groups()
    mine = [one for one in shares if one.worker == worker and number in (None, str(one.run))]
    if not mine:
        raise CannotRunError(f"no worker {name} is recorded; there are {known or 'none'}")
    return next((one for one in mine if any(slot.status in BAD for slot in one.slots)), mine[0])
