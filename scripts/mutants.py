"""The mutants of the regression tests: how they are read, and what must hold of what was seen of them."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "regression" / "mutants"
KILLS = ROOT / "tests" / "regression" / "kills.json"
# A mutant of a test would prove nothing about the product.
PRODUCT = ("src/hermetic/", "examples/member_api/")


class MutantError(ValueError):
    """A mutant cannot be read, applied or judged."""


class Mutant(NamedTuple):
    """One change to the product: in `path`, `old` becomes `new`. `kills` are tests that fail then."""

    name: str
    breaks: str
    path: str
    old: str
    new: str
    kills: tuple[str, ...]

    def applied_to(self, source: str) -> str:
        """Return the broken source. Raises MutantError when the place is not there, or not the only one."""
        if (count := source.count(self.old)) != 1:
            raise MutantError(f"{self.name}: its old text is {count} times in {self.path}, and has to be there once")
        broken = source.replace(self.old, self.new)
        try:
            compile(broken, self.path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise MutantError(f"{self.name}: {self.path} does not compile then: {error}") from error
        return broken


def load(names: Collection[str] = ()) -> list[Mutant]:
    """Return the mutants with these names, or all, by name. Raises MutantError for one that cannot be applied."""
    mutants: dict[str, Mutant] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]:
            try:
                mutant = Mutant(**{**entry, "kills": tuple(entry["kills"])})
            except (KeyError, TypeError) as error:
                raise MutantError(f"{path.name}: {entry.get('name', 'a mutant')}: {error}") from error
            if mutant.name in mutants:
                raise MutantError(f"{path.name}: two mutants are named {mutant.name}")
            if not mutant.path.startswith(PRODUCT):
                raise MutantError(f"{mutant.name}: {mutant.path} is not the product")
            mutant.applied_to((ROOT / mutant.path).read_text(encoding="utf-8"))
            mutants[mutant.name] = mutant
    if unknown := set(names) - set(mutants):
        raise MutantError(f"no mutant is named {', '.join(sorted(unknown))}; --list prints them")
    return [mutants[name] for name in sorted(names or mutants)]


def problems_of(mutants: list[Mutant], seen: dict[str, set[str]], tests: set[str]) -> list[str]:
    """Return what is wrong with what was seen, a line each. `tests` are those that some mutant has to kill."""
    problems = [f"survivor: {mutant.name} ({mutant.breaks})" for mutant in mutants if not seen[mutant.name]]
    for mutant in mutants:
        missed = sorted(set(mutant.kills) - seen[mutant.name])
        problems += [f"{mutant.name} names {test}, which passes" for test in missed if seen[mutant.name]]
    killers: dict[str, set[str]] = {test: set() for test in tests}
    for name, kills in seen.items():
        for test in kills & tests:
            killers[test].add(name)
    problems += [f"no mutant kills {test}" for test, names in sorted(killers.items()) if not names]
    return problems + alike_cases(killers)


def alike_cases(killers: dict[str, set[str]]) -> list[str]:
    """Return a line for each group of cases of one parametrised test that the same mutants kill."""
    groups: defaultdict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for test, names in sorted(killers.items()):
        function, bracket, _ = test.partition("[")
        if bracket and names:
            groups[function, frozenset(names)].append(test)
    return [f"killed by the same mutants: {', '.join(cases)}" for cases in groups.values() if len(cases) > 1]
