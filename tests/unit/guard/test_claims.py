"""On workers, each bad example that claims the guard or collection is caught there, on its line; no good one is.

In one process, and in reverse order: tests/unit/catalogue/test_measured.py.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from hermetic.catalogue.registry import walked
from hermetic.catalogue.rule import COLLECTION, GUARD, LINT, Rule
from hermetic.guard import checks, probes, registry
from hermetic.guard.check import Check
from hermetic.guard.probe import Probe
from tests.utils.guarding import groups_hold, guarded
from tests.utils.lint import write_files
from tests.utils.proof import absent

if TYPE_CHECKING:
    from pathlib import Path

    from hermetic.catalogue.rule import Example

GUARDED = {one.code for one in (*registry.walked(probes, Probe), *registry.walked(checks, Check))}
RULES = [rule for rule in walked() if rule.code in GUARDED]
LAYERS = {GUARD, COLLECTION}
STOPPING = {one.code for one in registry.walked(checks, Check)}  # in error mode, a finding of theirs ends the run
# What cannot share a run with others: the first breaks pytest's own capture, as its page says.
ALONE = {"a closed stream fails the next test that prints", "without capture, a replaced stream swallows the output of"}
BAD = {f"{rule.code}_bad_{number}": (rule, example) for rule in RULES for number, example in enumerate(rule.bad)}
GOOD = {f"{rule.code}_good_{number}": (rule, example) for rule in RULES for number, example in enumerate(rule.good)}


def claimed(rule: type[Rule], example: Example) -> set[str]:
    return LAYERS & set(example.claims or rule.claims)


def tracing(pairs: list[tuple[type[Rule], Example]]) -> str:
    """Return whether leaking tests may run again for their line: where no linter can tell it."""
    untold = (
        rule for rule, example in pairs if rule.check is Rule.check or LINT not in (example.claims or rule.claims)
    )
    return "auto" if any(untold) else "off"


def batches(examples: dict[str, tuple[type[Rule], Example]]) -> list[dict[str, tuple[type[Rule], Example]]]:
    """Return the examples in as few runs as can be: in none two files of one name, or a configuration of pytest."""
    found: list[dict[str, tuple[type[Rule], Example]]] = []
    shared: list[tuple[str, set[str], dict[str, tuple[type[Rule], Example]]]] = []
    for name, (rule, example) in examples.items():
        own = {PurePosixPath(path).name for path in example.files} - {"conftest.py"}
        if absent(example):
            continue
        is_stopping = example in rule.bad and rule.code in STOPPING
        if "pytest.ini" in own or is_stopping or example.title in ALONE:
            found.append({name: (rule, example)})
            continue
        fitting = [each for each in shared if each[0] == tracing([(rule, example)]) and not own & each[1]]
        if not fitting:
            fitting = [(tracing([(rule, example)]), set(), {})]
            shared += fitting
        _, names, batch = fitting[0]
        batch[name] = (rule, example)
        names |= own
    return found + [batch for _, _, batch in shared]


def write_batch(batch: dict[str, tuple[type[Rule], Example]], folder: Path) -> None:
    """Write each example into a folder of its own; a configuration of pytest counts at the top, and is alone there."""
    for name, (_, example) in batch.items():
        write_files(example.files, folder / name)
        write_files({path: text for path, text in example.files.items() if path == "pytest.ini"}, folder)


def own_options(batch: dict[str, tuple[type[Rule], Example]]) -> list[str]:
    """Return the options that an example sets for pytest, in a file that counts only in the folder of the call."""
    inis = [example.files.get("pytest.ini", "") for _, example in batch.values()]
    lines = [line for ini in inis for line in ini.splitlines() if line.startswith("addopts = ")]
    return [word for line in lines for word in line.removeprefix("addopts = ").split()]


def expected(batch: dict[str, tuple[type[Rule], Example]]) -> set[tuple[str, str, int]]:
    return {
        (rule.code, f"{name}/{path}", line)
        for name, (rule, example) in batch.items()
        if claimed(rule, example)
        for path, line in example.marks(rule.code)
    }


@pytest.mark.parametrize("batch", [pytest.param(batch, id=next(iter(batch))) for batch in batches(BAD)])
def test_the_bad_examples_are_caught_on_two_workers(
    batch: dict[str, tuple[type[Rule], Example]], tmp_path: Path
) -> None:
    folder = tmp_path / "suite"
    write_batch(batch, folder)

    trace = f"--hermetic-trace={tracing([*batch.values()])}"
    # What two tests of a file share, one worker has to see. An example that is alone says itself how it is run.
    files = ["--dist=loadfile"] if len(batch) > 1 else []
    run = guarded(folder, "-n2", *files, trace, *own_options(batch))

    codes = {name: rule.code for name, (rule, _) in batch.items()}
    own = {item for item in run.found if codes[item[1].partition("/")[0]] == item[0]}
    assert own == expected(batch), run.output
    assert "INTERNALERROR" not in run.output


@pytest.mark.parametrize("batch", [pytest.param(batch, id=next(iter(batch))) for batch in batches(GOOD)])
def test_the_good_examples_are_silent_on_two_workers(
    batch: dict[str, tuple[type[Rule], Example]], tmp_path: Path
) -> None:
    folder = tmp_path / "suite"
    write_batch(batch, folder)

    run = guarded(folder, "-n2", "--hermetic-trace=off", *own_options(batch))

    if "loadgroup" in own_options(batch) and not groups_hold():
        assert {item["code"] for item in run.findings} == {"HRM901"}, run.output
    else:
        assert (run.findings, run.exit) == ([], 0), run.output


def test_every_rule_that_is_guarded_says_what_the_guard_does_for_it() -> None:
    silent = [
        rule.code
        for rule in RULES
        if not any(claimed(rule, example) for example in rule.bad) and not LAYERS & set(rule.no_claims)
    ]
    assert silent == []
