"""Good examples pass on several workers with plain pytest, and no rule goes without an example whose harm is shown.

What each example does by itself: test_measured.py.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hermetic.catalogue.registry import walked
from hermetic.catalogue.rule import RECOMMENDED
from tests.utils.lint import write_files
from tests.utils.proof import absent
from tests.utils.two_workers import run_on_two_workers, stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.catalogue.rule import Example, Rule

ROOT = Path(__file__).parents[3]
RULES = list(walked())
EXAMPLES = {
    f"{rule.code}_{kind}_{number}": example
    for rule in RULES
    for kind in ("bad", "good")
    for number, example in enumerate(getattr(rule, kind))
}
GOOD = {name: example for name, example in EXAMPLES.items() if "_good_" in name}


def params(examples: dict[str, Example]) -> list[object]:
    return [pytest.param(example, id=name) for name, example in examples.items()]


def skip_without_needs(example: Example) -> None:
    if absent(example):
        pytest.skip(f"not installed: {', '.join(absent(example))}")


def first_of_each_rule(examples: dict[str, Example]) -> dict[str, Example]:
    """Return one example of each rule: such a run starts three interpreters, and the others differ in small ways."""
    first: dict[str, str] = {}
    for name in examples:
        first.setdefault(name.partition("_")[0], name)
    return {name: examples[name] for name in first.values()}


def test_the_good_examples_pass_together_on_two_workers(tmp_path: Path) -> None:
    together = {name: item for name, item in GOOD.items() if stands_alone(item) and not absent(item)}
    for name, example in together.items():
        write_files(example.files, tmp_path / name)

    done = run_on_two_workers(tmp_path, "--import-mode=importlib")

    assert together
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", params(first_of_each_rule({n: e for n, e in GOOD.items() if not stands_alone(e)})))
def test_a_good_example_with_modules_of_its_own_passes_on_two_workers(example: Example, tmp_path: Path) -> None:
    skip_without_needs(example)
    write_files(example.files, tmp_path)

    done = run_on_two_workers(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", [rule for rule in RULES if RECOMMENDED in rule.presets], ids=lambda rule: rule.code)
def test_a_recommended_rule_has_an_example_whose_harm_is_shown(rule: type[Rule]) -> None:
    assert [example.title for example in rule.bad if example.harm != "none"]


def test_no_example_is_left_out_where_the_dev_lock_is_installed() -> None:
    missing = [name for name in locked() if not has_distribution(name)]
    if missing:
        pytest.skip(f"the dev lock is not installed: {', '.join(missing)}")

    assert {name: absent(example) for name, example in EXAMPLES.items() if absent(example)} == {}


def locked() -> Iterator[str]:
    """Yield the distributions of the dev lock that this interpreter is to have."""
    for line in (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement.name


def has_distribution(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
