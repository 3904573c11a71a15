"""Who this process is: xdist's name for it, and the test run that it belongs to.

Neither is unique on a machine, and worker numbers have no bound, so nothing shared may be named after them.
What is unique is the slot: see `hermetic.workers.get_worker_num`.
"""

from __future__ import annotations

import os
import re

WORKER_VARIABLE = "PYTEST_XDIST_WORKER"
COUNT_VARIABLE = "PYTEST_XDIST_WORKER_COUNT"
RUN_VARIABLE = "PYTEST_XDIST_TESTRUNUID"
OUTSIDE_XDIST = "master"

_own_run = os.urandom(16).hex()
# What pytest told the plugin. It outlives a test that clears the environment.
_announced: dict[str, str] = {}


def announce(worker: str, run: str) -> None:
    """Remember what xdist told this worker about itself, for when the environment does not say it."""
    _announced[WORKER_VARIABLE] = worker
    _announced[RUN_VARIABLE] = run


def get_worker_id() -> str:
    """Return xdist's name of this worker, such as "gw0", or "master" outside xdist."""
    return os.environ.get(WORKER_VARIABLE) or _announced.get(WORKER_VARIABLE) or OUTSIDE_XDIST


def get_run_id() -> str:
    """Return the id that all workers of one test run have in common; outside xdist, one of this process."""
    return os.environ.get(RUN_VARIABLE) or _announced.get(RUN_VARIABLE) or _own_run


def own_number() -> int:
    """Return the number in the worker's name: 3 for "gw3", and 0 outside xdist."""
    found = re.fullmatch(r"gw(\d+)", get_worker_id())
    return int(found[1]) if found else 0


def worker_count() -> int:
    """Return with how many workers the run was started; 1 where nobody says so."""
    text = os.environ.get(COUNT_VARIABLE, "")
    return int(text) if text.isdecimal() else 1
