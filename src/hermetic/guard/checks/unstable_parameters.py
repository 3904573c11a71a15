"""Workers that collect different tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hermetic.finding import Finding
from hermetic.guard import sources
from hermetic.guard.check import Check
from hermetic.guard.linted import conftests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    Collected = tuple[str, list[str]]  # the id of a worker, and node ids in its order

REPAIR = "parametrize over a list in a fixed order, with ids that are the same in every process"
SAME_TESTS = "define the same tests in every process, and skip those that cannot run"
SAME_ORDER = "sort by something that is the same in every process, or give all workers one seed"


class UnstableParameters(Check):
    """Compares what the workers have collected: where it differs xdist refuses to run, and does not say why."""

    code = "HRM701"

    def gathered(self, config: pytest.Config, ids: dict[str, list[str]]) -> Iterator[Finding]:
        """Yield the tests that the first worker and another one have collected differently."""
        if config.getoption("dist", None) == "each":
            return  # there each worker may be another platform, and runs what it has collected
        first, *others = ids.items()
        seen: set[str] = set()
        for other in others:
            if first[1] == other[1]:
                continue
            left, right = by_function(first[1]), by_function(other[1])
            different = [name for name in (left | right) if left.get(name) != right.get(name)]
            for function in different:
                if function not in seen:
                    seen.add(function)
                    pair = (first[0], left.get(function, [])), (other[0], right.get(function, []))
                    yield self.of_function(config, function, *pair)
            if not different:
                yield self.of_order(config, first, other)
                return

    def of_function(self, config: pytest.Config, function: str, left: Collected, right: Collected) -> Finding:
        """Return the finding about one function, where it gets its parameters, with the first id that differs."""
        name = function.rpartition("::")[2]
        if not left[1] or not right[1]:
            there, absent = (left[0], right[0]) if left[1] else (right[0], left[0])
            message = f"worker {there} collects {name}, worker {absent} does not"
            return self.at(config, function, message, SAME_TESTS)
        one, other = first_difference(left[1], right[1])
        how = "in another order" if sorted(left[1]) == sorted(right[1]) else "with other parameters"
        message = f"each worker collects {name} {how}: {one} in {left[0]} stands where {other} stands in {right[0]}"
        return self.at(config, function, message, REPAIR)

    def of_order(self, config: pytest.Config, left: Collected, right: Collected) -> Finding:
        """Return the finding about workers that have the same tests of each function, functions in another order."""
        one, other = next(pair for pair in zip(left[1], right[1], strict=False) if pair[0] != pair[1])
        message = f"each worker collects in another order: {one} in {left[0]} stands where {other} stands in {right[0]}"
        return self.at(config, one.partition("[")[0], message, SAME_ORDER)

    def at(self, config: pytest.Config, function: str, message: str, repair: str) -> Finding:
        """Return a finding at the parameters of a function, or else at its definition."""
        file, _, names = function.partition("::")
        path = str(config.rootpath / file)
        above = conftests(os.path.dirname(path), str(config.rootpath))
        place = sources.place_of_parameters(path, names.split("::"), above) if repair == REPAIR else None
        path, line = place or (path, sources.line_of_definition(path, names.split("::")))
        return Finding(self.code, "unstable-parameters", message, path, line, test=function, repair=repair)


def by_function(ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of each test function, in order."""
    found: dict[str, list[str]] = {}
    for nodeid in ids:
        found.setdefault(nodeid.partition("[")[0], []).append(nodeid)
    return found


def first_difference(left: list[str], right: list[str]) -> tuple[str, str]:
    """Return what stands in two lists of ids where they first differ."""
    number = next((n for n, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
    if number is None:
        number = min(len(left), len(right))
    return shown(left, number), shown(right, number)


def shown(ids: list[str], number: int) -> str:
    """Return what tells one id of a function from the others."""
    if number >= len(ids):
        return "nothing"
    start = ids[number].find("[")
    return ids[number][start:] if start >= 0 else ids[number].rpartition("::")[2]
