"""Which tests depend on others: orders, then each test alone, then what a few more experiments can show.

A polluter stands before its victim either in the plain order or in the reversed one; only a cleaner between the two,
or a second polluter behind the victim, hides that, which other orders bring to light. A brittle test fails alone. In a
suite so small that it costs little, each test is run after each other one, which shows all of that at once.
"""

from __future__ import annotations

import random
from itertools import zip_longest
from typing import TYPE_CHECKING

from hermetic.audit.facts import Order
from hermetic.audit.lab import BAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.facts import Facts

SMALL = 200  # tests, each of which is run alone
TOGETHER = 10  # tests of larger suites that share a fork; they stand far apart in the plain order
SHUFFLES = 24  # at most, in a suite where they cost little
FEWEST = 2


def orders(facts: Facts, seed: int) -> None:
    """Run the suite forwards, reversed and shuffled."""
    plain = list(range(len(facts.lab.tests)))
    facts.progress("forwards", 0, 1)
    run(facts, "the plain order", plain, watch=True)
    facts.serial = facts.lab.cpu
    facts.progress("reversed", 0, 1)
    run(facts, "the reversed order", plain[::-1])
    least = FEWEST if len(plain) <= SMALL else 1
    most = SHUFFLES if len(plain) <= SMALL else least
    total = most if facts.fits(most * facts.serial, 0.35) else least
    draw = random.Random(seed)  # noqa: S311 - an order, no secret
    for number in range(most):
        if number >= least and not facts.fits(facts.serial, 0.35):
            break
        shuffled = draw.sample(plain, len(plain))
        facts.progress("shuffled", number, max(total, number + 1))
        run(facts, f"a shuffled order (seed {seed}, number {number + 1})", shuffled)


def run(facts: Facts, name: str, order: Sequence[int], *, watch: bool = False) -> None:
    """Run one order, and keep what it showed."""
    facts.orders.append(Order(name, list(order), facts.lab.run(order, watch=watch)))


def alone(facts: Facts, targets: Sequence[int]) -> None:
    """Run each test alone; in a large suite, with a few that stand far away from it."""
    before, count = facts.lab.cpu, len(facts.lab.tests)
    if len(targets) <= SMALL:
        for number, test in enumerate(targets):
            facts.progress("each test alone", number, len(targets))
            facts.know_alone(test)
        facts.each = (facts.lab.cpu - before) / max(1, len(targets))
        return
    draw = random.Random(count)  # noqa: S311 - as above
    groups = [*strided(range(count)), *strided(draw.sample(range(count), count))]
    for number, group in enumerate(groups):
        facts.progress("small groups of tests", number, len(groups))
        if number >= len(groups) // 2 and not facts.fits(0.0, 0.45):
            facts.notes.append("tests were run in small groups once: a second time would cost more than is planned")
            break
        ends = facts.lab.run(group)
        facts.orders.append(Order("a small group", group, ends))
        facts.alone.setdefault(group[0], ends.get(group[0], ""))
    facts.each = (facts.lab.cpu - before) / max(1, number)


def failed(facts: Facts) -> None:
    """Run alone what failed in the plain order, which may fail in each other one too, at the price of a serial run."""
    enough = facts.lab.cpu + max(facts.serial, 1.0)
    for test, status in sorted(facts.orders[0].ends.items()):
        if status in BAD and facts.lab.cpu < enough:
            facts.know_alone(test)


def strided(tests: Sequence[int]) -> list[list[int]]:
    """Return groups of tests, the members of one far apart, later ones first."""
    step = -(-len(tests) // TOGETHER)
    columns = [tests[start : start + step] for start in range(0, len(tests), step)]
    return [[test for test in row[::-1] if test is not None] for row in zip_longest(*columns)]


def pairs(facts: Facts, targets: Sequence[int]) -> None:
    """Run targets after each other test where that fits, else after those that the guard saw leave something."""
    tests = range(len(facts.lab.tests))
    if not targets:
        return
    before = list(tests)
    cost = facts.each * len(before) * (1 + len(targets))
    if not facts.fits(cost, 0.75):
        before = [test for test in tests if facts.lab.records.get(test)]
        before = before[
            : max(0, int((0.75 * facts.limit - facts.lab.cpu) / max(1e-6, facts.each * (1 + len(targets)))))
        ]
    for number, first in enumerate(before):
        facts.progress("pairs of tests", number, len(before))
        tails = [[test] for test in targets if test != first]
        seen = facts.lab.walk([first], {1: tails}) if tails else None
        for place, tail in enumerate(tails):
            if seen is not None and facts.flips(tail[0], seen.branches.get((1, place), "")):
                facts.add(tail[0], [first])
    if len(before) == len(tests):
        facts.tried.update(targets)


def after_writers(facts: Facts) -> None:
    """Run all tests that the guard saw leave something, then the others in small forks: no cleaner stands between."""
    count = len(facts.lab.tests)
    writers = [test for test in range(count) if facts.lab.records.get(test)]
    others = [test for test in range(count) if test not in set(writers)]
    cost = facts.serial + facts.each * len(others) / TOGETHER
    if not facts.lab.forks or not writers or not others or not facts.fits(cost, 0.6):
        return
    groups = strided(others)
    for order in (writers, writers[::-1]) if facts.fits(2 * cost, 0.5) and len(writers) > 1 else (writers,):
        facts.progress("after all that leave something", 0, 1)
        events, _ = facts.lab.ask(order, {len(order): groups})
        if any(event[0] == "x" for event in events):  # a thread or a connection that forks would not have, or share
            run(facts, "the tests that leave something first", [*order, *others])
            continue
        ends = facts.lab.all_ends(events)
        for number, group in enumerate(groups):
            found = {
                test: ends[f"{len(order)}:{number}", test] for test in group if (f"{len(order)}:{number}", test) in ends
            }
            facts.orders.append(Order("the tests that leave something first", [*order, *group], found))


def suspects(facts: Facts, targets: Sequence[int]) -> list[int]:
    """Return the tests that did not end the same way in each order, or after some other test."""
    found: dict[int, set[str]] = {}
    for order in facts.orders:
        for test, status in order.ends.items():
            found.setdefault(test, set()).add(status)
    for test, status in facts.alone.items():
        found.setdefault(test, set()).add(status)
    unsure = [test for test in targets if len(found.get(test, set()) - {""}) > 1]
    for number, test in enumerate(unsure):
        facts.progress("suspects alone", number, len(unsure))
        facts.know_alone(test)
    return [
        test
        for test in targets
        if facts.sets.get(test) or (test in unsure and any(facts.flips(test, one) for one in found[test]))
    ]
