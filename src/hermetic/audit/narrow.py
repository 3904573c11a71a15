"""From an order in which a test ends otherwise than alone to the fewest tests that make it do so.

A sequence is run once, with a branch for each suspect at some positions. Between the last position at which a suspect
still ends as it does alone and the first at which it no longer does lies a block that holds a culprit. The block alone
is tried first; where it does not suffice, its last test is kept, and what else is needed is looked for before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermetic.audit.facts import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hermetic.audit.facts import Facts

CUTS = 12  # branches for one suspect in one walk
MOST = 6  # tests in one list of culprits
CHECKED = 20  # cleaners that are shown in one sequence without branches
ROUNDS = 8  # how often an order is asked for further culprits
REPEATS = 2  # how often a result has to come out the same, besides the first time


def explain(facts: Facts, tests: Sequence[int]) -> None:
    """Find culprits for each suspect in each order, short ones first, that no known culprits explain."""
    shown = {
        number: [test for test in tests if is_open(facts, order, test)] for number, order in enumerate(facts.orders)
    }
    todo = sorted((number for number in shown if shown[number]), key=lambda number: len(facts.orders[number].tests))
    for done, number in enumerate(todo):
        order = facts.orders[number]
        facts.progress("narrowing", done, len(todo))
        for _ in range(ROUNDS):
            left = [test for test in shown[number] if is_open(facts, order, test)]
            if not left or not any(narrowed(facts, order, left)):
                break
    for test in tests:
        if not facts.sets.get(test):
            facts.odd.add(test)


def more(facts: Facts, tests: Sequence[int]) -> None:
    """Look for further culprits of tests that were not run after each other one: after all but the known ones."""
    todo = [test for test in tests if test not in facts.tried and test not in facts.odd]
    for order in facts.orders[:2]:
        for number in range(ROUNDS):
            facts.progress("further culprits", number, ROUNDS)
            everything = Order(order.name, [*order.tests, *todo], {})
            if not todo or not facts.fits(facts.serial, 0.9) or not any(narrowed(facts, everything, todo)):
                break


def is_open(facts: Facts, order: Order, test: int) -> bool:
    """Tell whether a test ended otherwise than alone in an order, for no reason that is known."""
    if test in facts.odd or not facts.flips(test, order.ends.get(test, "")):
        return False
    before = set(order.tests[: order.tests.index(test)])
    return not any(set(found) <= before for found in facts.sets.get(test, ()))


def narrowed(facts: Facts, order: Order, tests: Sequence[int]) -> list[bool]:
    """Narrow one order for some tests; return for which that found something new."""
    return together(facts, order, tests) if len(tests) > 1 else [one_order(facts, order, tests[0])]


def base_of(facts: Facts, order: Order, tests: Sequence[int]) -> list[int]:
    """Return what is run of an order before tests whose known culprits are left out."""
    left = facts.culprits(tests) | set(tests)
    return [test for test in order.tests if test not in left]


def one_order(facts: Facts, order: Order, test: int) -> bool:
    """Narrow one order for one test; return whether that found something new."""
    known = facts.culprits([test])
    end = len(order.tests) - order.tests[::-1].index(test) - 1
    before = [other for other in order.tests[:end] if other not in known and other != test]
    return bool(before) and facts.flips(test, facts.lab.ends([*before, test])) and settle(facts, test, before)


def together(facts: Facts, order: Order, tests: Sequence[int]) -> list[bool]:
    """Narrow one order for many tests, which share one walk; return for which that found something new."""
    base = base_of(facts, order, tests)
    places = cuts(len(base))
    seen = facts.lab.walk(base, {place: [[test] for test in tests] for place in places}, whole=False)
    found = []
    for number, test in enumerate(tests):
        flipped = [place for place in places if facts.flips(test, seen.branches.get((place, number), ""))]
        if flipped:
            start = max((place for place in places if place < flipped[0]), default=0)
            block = base[start : flipped[0]]
            enough = facts.flips(test, facts.lab.ends([*block, test]))
            found.append(settle(facts, test, block if enough else base[: flipped[0]]))
        elif order.ends or not facts.lab.forks:
            # Another suspect may be the culprit, or nothing could be forked on the way.
            found.append(one_order(facts, order, test))
    return found


def cuts(length: int) -> list[int]:
    """Return positions at equal distances up to the end."""
    return sorted({-(-length * number // CUTS) for number in range(1, CUTS + 1)} - {0})


def settle(facts: Facts, test: int, before: Sequence[int]) -> bool:
    """Reduce a sequence after which a test ends otherwise, and keep what is left if that can be repeated."""
    culprits = reduced(facts, test, list(before))
    plain = sorted(culprits)
    if plain != culprits and facts.flips(test, facts.lab.ends([*plain, test])):
        culprits = plain
    if not culprits or not steady(facts, test, culprits):
        return False
    if culprits in facts.sets.get(test, ()):
        return False
    facts.add(test, culprits)
    return True


def reduced(facts: Facts, test: int, before: list[int]) -> list[int]:
    """Return the fewest tests of a sequence that suffice, none where the result does not come back."""
    culprits: list[int] = []
    while not culprits or not facts.flips(test, facts.lab.ends([*culprits, test])):
        if len(culprits) == MOST:
            return []
        end = shortest(facts, test, before, culprits)
        if end is None:
            return []
        before, last = end
        culprits = [last, *culprits]
    for one in list(culprits):
        fewer = [other for other in culprits if other != one]
        if fewer and facts.flips(test, facts.lab.ends([*fewer, test])):
            culprits = fewer
    return culprits


def shortest(facts: Facts, test: int, before: list[int], culprits: list[int]) -> tuple[list[int], int] | None:
    """Return what is left of a sequence before its last needed test, and that test."""
    low, high = 0, len(before)
    if not high or not facts.flips(test, facts.lab.ends([*before, *culprits, test])):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if facts.flips(test, facts.lab.ends([*before[:middle], *culprits, test])):
            high = middle
            continue
        low = middle
        block = before[low:high]
        if facts.flips(test, facts.lab.ends([*block, *culprits, test])):  # what went before is not needed
            before, low, high = block, 0, len(block)
    return before[: high - 1], before[high - 1]


def steady(facts: Facts, test: int, culprits: Sequence[int]) -> bool:
    """Tell whether repeating gives the same: a flaky test is nobody's victim."""
    for again in range(1, REPEATS + 1):
        if facts.lab.ends([test], again) != facts.alone[test]:
            return False
        if not facts.flips(test, facts.lab.ends([*culprits, test], again)):
            return False
    return True


def check_pairs(facts: Facts) -> None:
    """Repeat what pairs have shown, and forget what does not come back."""
    for test, found in list(facts.sets.items()):
        facts.sets[test] = [culprits for culprits in found if steady(facts, test, culprits)]
        if not facts.sets[test]:
            del facts.sets[test]
            facts.odd.add(test)


def find_cleaners(facts: Facts) -> None:
    """Find for each victim and its culprits the tests that, run between, make it pass again."""
    todo = [(test, found) for test, sets in facts.sets.items() if facts.alone[test] == "pass" for found in sets]
    for number, (test, culprits) in enumerate(todo):
        facts.progress("cleaners", number, len(todo))
        others = [other for other in range(len(facts.lab.tests)) if other != test and other not in culprits]
        if not facts.fits(facts.each * len(others), 0.95):
            others = between(facts, test, culprits)
        if not others:
            continue
        end = len(culprits)
        seen = facts.lab.walk(list(culprits), {end: [[other, test] for other in others]})
        ends = [seen.branches.get((end, place), "") for place in range(len(others))]
        hiding = [other for other, status in zip(others, ends, strict=True) if status == "pass"]
        facts.cleaners[test, tuple(culprits)] = [
            other
            for place, other in enumerate(hiding)
            if place >= CHECKED or facts.lab.ends([*culprits, other, test]) == "pass"
        ]


def between(facts: Facts, test: int, culprits: Sequence[int]) -> list[int]:
    """Return a test that may be a cleaner: it stands between culprits and victim in an order that shows no harm."""
    for order in facts.orders:
        at = {other: place for place, other in enumerate(order.tests)}
        if order.ends.get(test) != "pass" or not all(other in at and at[other] < at[test] for other in culprits):
            continue
        segment = order.tests[max(at[other] for other in culprits) + 1 : at[test]]
        if not segment or facts.flips(test, facts.lab.ends([*culprits, *segment, test])):
            continue
        low, high = 0, len(segment)
        while high - low > 1:
            middle = (low + high) // 2
            if facts.flips(test, facts.lab.ends([*culprits, *segment[:middle], test])):
                low = middle
            else:
                high = middle
        return [segment[high - 1]]
    return []
