"""The hunt: all victims of a suite with their polluters, all brittle tests with their state-setters.

1. Collect once; each experiment is a fork of that process (or an interpreter of its own where nothing can be forked).
2. Explore: orders, each test alone, pairs as far as they fit into the costs (`explore`).
3. Narrow what ended differently to the fewest tests that suffice, and find cleaners (`narrow`).
4. Confirm in a new interpreter, on a fresh copy of the tree, with nothing but the named tests (`confirm`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from hermetic import __version__
from hermetic.audit import confirm, explore, narrow, tree
from hermetic.audit.arguments import split
from hermetic.audit.facts import Facts
from hermetic.audit.journal import Journal
from hermetic.audit.lab import BAD, Lab, OutOfBudgetError
from hermetic.config import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.facts import Progress

SHOWN = 5  # names in one note
ALONE = "the hunt runs tests without workers; what `-n`, `--dist` and the like say of them was left out"
NOBODY = "the guard saw no change of state in the tests that it watched"


class Wanted(NamedTuple):
    """What is hunted: `victims` are node ids, none of them means all; `budget` and `patience` are in seconds.

    With `is_brief`, one list of culprits for each victim is confirmed in new interpreters, and not all.
    """

    victims: tuple[str, ...] = ()
    seed: int = 0
    budget: float = 0.0
    patience: float = 60.0
    resume: bool = False
    arguments: tuple[str, ...] = ()
    is_brief: bool = False


class Record(NamedTuple):
    """One finding: a test, and one list of others after which it ends otherwise than alone.

    `line` is that at which the guard saw the state change, None with a reason where it saw nothing.
    """

    victim: str
    kind: str
    culprits: list[str]
    cleaners: list[str]
    state: str | None
    path: str
    line: int | None
    line_reason: str | None
    confirmed: bool
    command: str

    def as_dict(self) -> dict[str, object]:
        """Return the record as the JSON document has it."""
        found = self._asdict()
        if self.line_reason is None:
            del found["line_reason"]
        return found


class Hunted(NamedTuple):
    """What was found; `notes` say what was left out and why; `is_whole` is false where something stopped the hunt."""

    records: list[Record]
    notes: list[str]
    tests: int
    is_whole: bool


def hunt(folder: str, wanted: Wanted, progress: Progress) -> Hunted:
    """Hunt in the suite of a folder. Raises `CannotRunError` where there is no suite to hunt in."""
    started = time.monotonic()
    until = started + wanted.budget if wanted.budget else float("inf")
    given = split(wanted.arguments).serial
    lab = Lab(tree.place_of(folder), given, wanted.patience, until)
    facts = Facts(lab, progress)
    if len(given) < len(wanted.arguments):
        facts.notes.append(ALONE)
    done = False
    try:
        progress("collecting", 0, 1)
        lab.start()
        lab.journal = journal(lab, wanted, facts)
        sure: set[tuple[int, tuple[int, ...]]] = set()
        done = stages(facts, wanted, sure)
        return Hunted(records(facts, sure), notes(facts), len(lab.tests), done)
    finally:
        if lab.journal is not None:
            lab.journal.close(done=done)
        lab.close()


def journal(lab: Lab, wanted: Wanted, facts: Facts) -> Journal:
    """Return the journal of this hunt."""
    versions = [__version__, pytest.__version__, lab.forks, lab.patience]
    about = [
        *versions,
        list(wanted.arguments),
        tree.fingerprint(lab.place.top, lab.files),
        [test.id for test in lab.tests],
    ]
    made = Journal(lab.place.within(lab.place.top), about, resume=wanted.resume)
    if wanted.resume and not made.resumed:
        facts.notes.append("there was nothing to resume: no hunt was interrupted here, or the files have changed since")
    return made


def stages(facts: Facts, wanted: Wanted, sure: set[tuple[int, tuple[int, ...]]]) -> bool:
    """Go through the stages, and return whether none was cut short."""
    targets = chosen(facts.lab, wanted.victims)
    try:
        explore.orders(facts, wanted.seed)
        explore.alone(facts, targets)
        explore.failed(facts)
        is_small = len(targets) <= explore.SMALL
        if is_small and all(test in facts.alone for test in targets):
            whole = facts.each * len(facts.lab.tests) * (1 + len(targets))
            if facts.fits(whole, 0.75):
                explore.pairs(facts, targets)
                narrow.check_pairs(facts)
        if not facts.tried:
            explore.after_writers(facts)
            explore.pairs(facts, explore.suspects(facts, targets))
            narrow.check_pairs(facts)
        unsure = explore.suspects(facts, targets)
        narrow.explain(facts, unsure)
        narrow.more(facts, unsure)
        narrow.find_cleaners(facts)
        confirm_all(facts, sure, is_brief=wanted.is_brief)
    except OutOfBudgetError:
        facts.notes.append(f"the budget of {wanted.budget:g} seconds was over; `--resume` goes on from here")
    except KeyboardInterrupt:
        facts.notes.append("interrupted; `--resume` goes on from here")
    else:
        return True
    left_out(facts, targets, sure)
    return False


def chosen(lab: Lab, victims: Sequence[str]) -> list[int]:
    """Return the tests that are asked about. Raises `CannotRunError` for a node id that there is not."""
    known = {test.id: number for number, test in enumerate(lab.tests)}
    for victim in victims:
        if victim not in known:
            near = [name for name in known if victim.rpartition("::")[2] in name][:3]
            hint = f"; did you mean {', '.join(near)}?" if near else "; `pytest --collect-only -q` lists the node ids"
            raise CannotRunError(f"no collected test has the node id {victim}{hint}")
    return [known[victim] for victim in dict.fromkeys(victims)] or list(range(len(lab.tests)))


def confirm_all(facts: Facts, sure: set[tuple[int, tuple[int, ...]]], *, is_brief: bool) -> None:
    """Show each result in new interpreters; in brief, results for a test until the first that is confirmed."""
    todo = [(test, tuple(found)) for test, sets in sorted(facts.sets.items()) for found in sets]
    for number, (test, found) in enumerate(todo):
        facts.progress("confirming", number, len(todo))
        if is_brief and any(test == other for other, _ in sure):
            continue
        if confirm.confirmed(facts.lab, found, test, brittle=facts.alone[test] in BAD):
            sure.add((test, found))


def records(facts: Facts, sure: set[tuple[int, tuple[int, ...]]]) -> list[Record]:
    """Return all that was found, by victim in the plain order."""
    found = []
    for test, sets in sorted(facts.sets.items()):
        brittle = facts.alone.get(test) in BAD
        for culprits in sorted(sets):
            state, path, line, why = place(facts, culprits)
            cleaners = [facts.name(one) for one in facts.cleaners.get((test, tuple(culprits)), ())]
            shown = confirm.command(facts.lab, [test] if brittle else [*culprits, test])
            kind = "brittle" if brittle else "victim"
            names = [facts.name(one) for one in culprits]
            is_sure = (test, tuple(culprits)) in sure
            found.append(Record(facts.name(test), kind, names, cleaners, state, path, line, why, is_sure, shown))
    return found


def place(facts: Facts, culprits: Sequence[int]) -> tuple[str | None, str, int | None, str | None]:
    """Return the state that culprits leave changed, with path and line, as far as the guard saw it."""
    seen: list[list[Any]] = []
    for one in culprits:
        seen += [record for record in facts.lab.records.get(one, ()) if record[3] == "guard" and record[0]]
    if not seen:
        return None, facts.lab.tests[culprits[-1]].path, None, NOBODY
    first = next((record for record in seen if record[2]), seen[0])
    states = ", ".join(dict.fromkeys(str(record[0]) for record in [first, *seen]))
    return states, str(first[1]), first[2] or None, None if first[2] else "the guard did not see who changed it"


def notes(facts: Facts) -> list[str]:
    """Return what people have to know besides the findings."""
    found = list(facts.notes)
    if facts.lab.against:
        found.append(f"nothing was forked, since {facts.lab.against}: each experiment was an interpreter of its own")
    plain = facts.orders[0].ends if facts.orders else {}
    red = [test for test, status in sorted(plain.items()) if status in BAD]
    own = [test for test in red if test not in facts.sets and test not in facts.odd]
    always = [test for test in own if facts.alone.get(test) in BAD]
    if always:
        found.append(f"fails in the plain order, and not because of other tests: {named(facts, always)}")
    if len(always) < len(own):
        unknown = [test for test in own if test not in always]
        found.append(f"fails in the plain order, and was not run alone: {named(facts, unknown)}")
    unexplained = [test for test in sorted(facts.odd) if test not in facts.sets]
    if unexplained:
        found.append(f"ended differently for no reason that could be repeated (flaky?): {named(facts, unexplained)}")
    return found


def named(facts: Facts, tests: Sequence[int]) -> str:
    """Return the names of tests, of many the first ones."""
    more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
    return ", ".join(facts.name(test) for test in tests[:SHOWN]) + more


def left_out(facts: Facts, targets: Sequence[int], sure: set[tuple[int, tuple[int, ...]]]) -> None:
    """Note what was not done."""
    orders = len([order for order in facts.orders if "order" in order.name])
    if orders <= explore.FEWEST:
        facts.notes.append(f"left out: all orders but {orders}")
    if facts.alone == {} or len(facts.alone) < min(len(targets), explore.SMALL):
        facts.notes.append(f"left out: {len(targets) - len(facts.alone)} of {len(targets)} tests alone")
    ends: dict[int, set[str]] = {}
    for order in facts.orders:
        for test in set(order.ends) & set(targets):
            ends.setdefault(test, set()).add(order.ends[test])
    open_ones = [test for test, seen in ends.items() if len(seen) > 1 and test not in facts.sets]
    if open_ones:
        facts.notes.append(f"left out: the culprits of tests whose end depends on the order: {named(facts, open_ones)}")
    count = sum(map(len, facts.sets.values())) - len(sure)
    if count > 0:
        facts.notes.append(f"left out: fresh runs for {count} of the findings, which carry `confirmed: false`")
