"""What one worker ran, run again without workers: what failed there by the order alone fails here too."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.audit import tree
from hermetic.audit.arguments import split
from hermetic.audit.lab import BAD
from hermetic.audit.record import Run, Spec
from hermetic.audit.runs import Stopped, Workshop
from hermetic.audit.triage import PLAIN, first_line
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from hermetic.audit.audit import Progress, Wanted
    from hermetic.audit.schedule import Share


class Replayed(NamedTuple):
    """What a replay showed: tests that fail again, that fail only now, that failed only there, and that are gone."""

    share: Share
    run: Run
    again: list[str]
    now: list[str]
    there: list[str]
    gone: list[str]

    @property
    def failed(self) -> list[str]:
        """The tests that fail without workers."""
        return [*self.again, *self.now]


def replay(wanted: Wanted, share: Share, progress: Progress) -> Replayed:
    """Run a share in its order. Raises `CannotRunError` where none of its tests is there."""
    until = time.monotonic() + wanted.budget if wanted.budget else float("inf")
    workshop = Workshop(tree.place_of("."), split(wanted.arguments), wanted.patience, until)
    tests = tuple(slot.test for slot in share.slots)
    try:
        run = workshop.first(
            Spec(tests=tests), lambda done, _: progress(f"the order of {share.worker}", done, len(tests), None)
        )
    except Stopped as stopped:
        if stopped.run is None or stopped.by_hand:
            raise KeyboardInterrupt from stopped
        run = stopped.run
    finally:
        workshop.close()
    there = [slot.test for slot in share.slots if slot.status in BAD]
    bad = run.bad()
    gone = [test for test in tests if test not in run.ends]
    if len(gone) == len(tests):
        raise CannotRunError(
            f"none of the {len(tests)} tests of {share.worker} is there any more; record a new schedule"
        )
    again = [test for test in there if test in bad]
    other = [test for test in there if test not in bad and test not in gone]
    return Replayed(share, run, again, [test for test in bad if test not in there], other, gone)


def lines(found: Replayed) -> list[str]:
    """Return the lines for a terminal."""
    made = []
    for title, tests in (
        ("fails again, so the order on this worker is enough", found.again),
        ("fails without workers, and did not there", found.now),
        ("failed there, and passes without workers: something beside it was the reason", found.there),
        ("is not there any more, or was not reached", found.gone),
    ):
        made += [line for test in tests for line in (f"{test} {title}", *error(found.run, test))]
    total = len(found.share.slots)
    worker = f"{found.share.worker} of run {found.share.run}"
    made.append(f"{total} tests of {worker}, in its order: {len(found.failed)} fail without workers")
    return made


def error(run: Run, test: str) -> list[str]:
    """Return what a test says, if it failed."""
    end = run.ends.get(test)
    return [f"    {first_line(end)}"] if end is not None and end.status in BAD else []


def document(found: Replayed) -> str:
    """Return the JSON document: a finding for each test that fails without workers."""
    findings: list[dict[str, Any]] = []
    for test in found.failed:
        end = found.run.ends[test]
        name = "replayed" if test in found.again else PLAIN
        findings.append({
            "code": None, "name": name, "message": first_line(end), "path": end.path or test.partition("::")[0],
            "line": end.line or None, "layer": "audit", "test": test,
            **({} if end.line else {"line_reason": "nothing tells the line"}),
        })  # fmt: skip
    share = {"worker": found.share.worker, "run": found.share.run, "tests": [slot.test for slot in found.share.slots]}
    content = {"version": 1, "tool": "hermetic", "findings": findings, "replay": share, "gone": found.gone}
    return json.dumps(content, indent=2) + "\n"
