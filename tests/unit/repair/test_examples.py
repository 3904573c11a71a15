"""Bad examples that can be repaired: nothing is found in them then, and the order of their tests matters no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.registry import walked
from hermetic.catalogue.rule import Example
from tests.utils.lint import lint_files, write_files
from tests.utils.proof import Driver, absent
from tests.utils.repairing import after, repair_files
from tests.utils.two_workers import run_on_two_workers, stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = {rule.code: rule for rule in walked() if rule.fixed_by}
# By rule, the numbers of the examples of which no finding is left: with safe fixes, and those that take unsafe ones.
SAFE = {
    "HRM101": {0, 2},
    "HRM102": {0, 1, 2},
    "HRM103": {3},
    "HRM104": {0, 1},
    "HRM201": {0, 1, 2},
    "HRM302": {0, 1, 2},
    "HRM304": {0},
    "HRM308": {0, 1},
}
UNSAFE = {"HRM201": {4}, "HRM301": {0, 1, 2}, "HRM304": {1}, "HRM502": {0}, "HRM505": {2}}
FAILED = re.compile(r"(?m)^(?:FAILED|ERROR) (\S+)")
REPAIRED = [
    pytest.param(code, number, unsafe, id=f"{code}-{number}")
    for unsafe, numbers in ((False, SAFE), (True, UNSAFE))
    for code, found in numbers.items()
    for number in sorted(found)
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


def is_cured(code: str, example: Example, folder: Path, *, unsafe: bool) -> bool:
    """Whether a check finds nothing of the rule in an example's files once they are repaired."""
    done = repair_files(example.files, folder / "before", unsafe=unsafe)
    if not any(item.code == code for item in done.fixed):
        return False
    found = lint_files(after(done, example.files, folder / "before"), folder / "after")
    return code not in {item.code for item in found}


@pytest.mark.parametrize("code", RULES)
def test_these_examples_of_a_rule_can_be_repaired(code: str, tmp_path: Path) -> None:
    bad = list(enumerate(RULES[code].bad))
    safe = {number for number, item in bad if is_cured(code, item, tmp_path / f"{number}", unsafe=False)}
    cured = {number for number, item in bad if is_cured(code, item, tmp_path / f"{number}-unsafe", unsafe=True)}

    assert safe == SAFE.get(code, set())
    assert cured - safe == UNSAFE.get(code, set())


def test_each_rule_with_fixes_has_an_example_that_they_repair() -> None:
    assert set(SAFE) | set(UNSAFE) == set(RULES)


def repaired_example(code: str, number: int, folder: Path, *, unsafe: bool) -> Example:
    """Return an example with its files as the fixes leave them."""
    old = RULES[code].bad[number]
    done = repair_files(old.files, folder, unsafe=unsafe)
    return Example(old.title, after(done, old.files, folder), harm=old.harm, needs=old.needs, probe=old.probe)


@pytest.mark.parametrize(("code", "number", "unsafe"), REPAIRED)
def test_a_repaired_example_fails_in_no_order_of_its_tests(
    code: str, number: int, unsafe: bool, driver: Driver, tmp_path: Path
) -> None:
    example = repaired_example(code, number, tmp_path, unsafe=unsafe)
    if absent(example):
        pytest.skip(f"not installed: {', '.join(absent(example))}")

    runs = {order: driver.run(example, order) for order in ("forward", "reverse")}

    failed = {order: set(run.failed) for order, run in runs.items()}
    assert failed == dict.fromkeys(runs, failing_alone(example, driver)), runs["forward"].output
    assert not any(run.changed for run in runs.values())
    assert runs["forward"].passed


def failing_alone(example: Example, driver: Driver) -> set[str]:
    """Return the tests of an example that fail without any other: some show a failure that skips a line below it."""
    return {test for test in driver.run(example).failed if driver.run(example, "forward", test).failed}


def test_the_repaired_examples_fail_no_more_on_two_workers(driver: Driver, tmp_path: Path) -> None:
    expected: set[str] = set()
    for unsafe, table in ((False, SAFE), (True, UNSAFE)):
        for code, number in ((code, number) for code, numbers in table.items() for number in numbers):
            name = f"{code}_{number}"
            example = repaired_example(code, number, tmp_path / "before" / name, unsafe=unsafe)
            if stands_alone(example) and not absent(example):
                write_files(example.files, tmp_path / "suite" / name)
                expected |= {f"{name}/{test}" for test in failing_alone(example, driver)}

    done = run_on_two_workers(tmp_path / "suite", "--import-mode=importlib", "--dist=loadgroup", "-rfE")

    assert done.returncode == 1, done.stdout + done.stderr
    assert {name.partition("@")[0] for name in FAILED.findall(done.stdout)} == expected


def test_a_repaired_example_with_modules_of_its_own_passes_on_two_workers(tmp_path: Path) -> None:
    example = repaired_example("HRM201", 0, tmp_path / "before", unsafe=False)
    write_files(example.files, tmp_path / "suite")

    done = run_on_two_workers(tmp_path / "suite")

    assert done.returncode == 0, done.stdout + done.stderr
