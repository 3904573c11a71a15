"""What tests did in different workers that harms each other: each worker sees its own tests alone.

A worker hands over the acts of its tests at its end; where the workers come together these are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermetic.guard.judge import GUARD
from hermetic.guard.places import Place
from hermetic.guard.probe import ABSENT, Act, Change, Described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.guard.judge import Judge, Record

HANDED = "_hermetic_acts"  # the key of what a worker hands over
ELSEWHERE = Described("in another worker too")


def records(workers: Iterable[Iterable[Iterable[Any]]], judge: Judge) -> list[Record]:
    """Return a record for each act that a test of another worker does too; the first test by name is the other one."""
    acts: dict[tuple[str, str], list[Act]] = {}
    for given in workers:
        for act in map(Act._make, given):
            acts.setdefault((act.code, act.what), []).append(act)
    return [record for same in acts.values() if len(same) > 1 for record in of_same(same, judge)]


def of_same(acts: list[Act], judge: Judge) -> Iterator[Record]:
    """Yield what is found of acts that are one."""
    first, *others = sorted(acts, key=lambda act: act.test)
    for act in others:
        if judge.options.level(act.code) != "off" and not judge.excused(act.code, act.path, act.line):
            text = f"{act.text}, as {first.test} does: {act.harm}"
            change = Change(f"{act.what} of {first.test}", ABSENT, ELSEWHERE, text=text)
            place = Place(act.path, act.line, act.function)
            yield judge.record(act.code, place, [change], None, act.test, "", GUARD)
