"""The proof of examples accepts what holds and notices each statement that does not."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

import pytest

from hermetic.catalogue.rule import Example
from tests.utils.proof import Driver, absent, bad_problems, good_problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSES = "def test_nothing():\n    pass\n"
FAILS = "def test_broken():\n    assert False\n"
SKIPPED = "import pytest\n\n\n@pytest.mark.skip\ndef test_nothing():\n    pass\n"
AT_IMPORT = "import os\n\nos.environ['PROOF_LEVEL'] = '1'\n\n\ndef test_nothing():\n    pass\n"
POLLUTER = "def test_polluter():\n    os.environ['PROOF_LEVEL'] = '1'\n"
VICTIM = "def test_victim():\n    assert 'PROOF_LEVEL' not in os.environ\n"
POLLUTER_FIRST = f"import os\n\n\n{POLLUTER}\n\n{VICTIM}"
VICTIM_FIRST = f"import os\n\n\n{VICTIM}\n\n{POLLUTER}"
PROBE = "os.environ.get('PROOF_LEVEL')"
# Wrong only where the second test comes first: neither file order nor its reverse shows that.
WRONG_WHEN_SHUFFLED = """
ran = []


def test_first():
    ran.append(1)


def test_second():
    ran.append(2)


def test_third():
    ran.append(3)
    assert ran[0] != 2
"""
TOUCHED = """
import os

import pytest


@pytest.fixture(autouse=True)
def level():
    os.environ["PROOF_LEVEL"] = "1"
"""
CHILD_LEFT = """
import fcntl
import subprocess
import sys


def test_child():
    with open("LOCK_FILE", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[lock.fileno()])
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


def example(source: str, harm: str = "forward", *, probe: str = "None", why: str = "", **more: str) -> Example:
    files = {"test_it.py": source, **{f"{name}.py": text for name, text in more.items()}}
    return Example("made up", files, harm=harm, probe=probe, why=why)


HOLDS = {
    "forward": example(POLLUTER_FIRST),
    "reverse": example(VICTIM_FIRST, "reverse"),
    "fails": example(FAILS, "fails"),
    "fails-to-be-collected": example("import no_such_module_of_anybody\n", "fails"),
    "state": example(POLLUTER_FIRST, "state", probe=PROBE),
    "state-at-import": example(AT_IMPORT, "state", probe=PROBE),
    "none": example(PASSES, "none", why="nothing happens"),
}
DOES_NOT_HOLD = {
    "forward-but-nothing-fails": (example(PASSES), "no test fails"),
    "forward-but-only-in-reverse": (example(VICTIM_FIRST), "no test fails"),
    "forward-but-fails-alone": (example(FAILS), "also fails alone"),
    "reverse-but-only-forwards": (example(POLLUTER_FIRST, "reverse"), "no test fails"),
    "reverse-but-fails-alone": (example(FAILS, "reverse"), "also fails alone"),
    "fails-but-nothing-fails": (example(PASSES, "fails"), "no test fails"),
    "state-but-no-change": (example(PASSES, "state", probe=PROBE), "sees no change"),
    "state-but-no-probe": (example(POLLUTER_FIRST, "state"), "sees no change"),
    "state-but-a-broken-probe": (example(PASSES, "state", probe="object().missing"), "the probe raises"),
    "none-but-no-reason": (example(PASSES, "none"), "`why` does not say"),
    "none-but-a-test-fails": (example(FAILS, "none", why="tried"), "the run fails"),
    "none-but-no-test": (example("x = 1\n", "none", why="tried"), "the run fails"),
    "no-such-harm": (example(PASSES, "sometimes"), "not one of forward, reverse"),
}
NOT_GOOD = {
    "fails": (example(FAILS), "fails in order 'forward'"),
    "fails-only-reversed": (example(VICTIM_FIRST), "fails in order 'reverse'"),
    "fails-only-shuffled": (example(WRONG_WHEN_SHUFFLED), "fails in order '"),
    "cannot-be-collected": (example("import no_such_module_of_anybody\n"), "exit 2"),
    "changes-the-probe": (example(PASSES, probe=PROBE, conftest=TOUCHED), "changes the probe"),
    "has-a-broken-probe": (example(PASSES, probe="object().missing"), "the probe raises"),
    "runs-no-test": (example(SKIPPED), "no test passes"),
}


def params(cases: dict[str, object]) -> list[object]:
    return [pytest.param(*(case if isinstance(case, tuple) else [case]), id=name) for name, case in cases.items()]


@pytest.mark.parametrize("shown", params({**HOLDS}))
def test_harm_that_is_there_is_accepted(driver: Driver, shown: Example) -> None:
    assert bad_problems(driver, shown) == []


@pytest.mark.parametrize(("stated", "problem"), params({**DOES_NOT_HOLD}))
def test_harm_that_is_not_there_is_a_problem(driver: Driver, stated: Example, problem: str) -> None:
    assert [problem in found for found in bad_problems(driver, stated)] == [True]


def test_a_suite_that_passes_in_every_order_is_good(driver: Driver) -> None:
    assert (
        good_problems(
            driver,
            example(
                POLLUTER_FIRST.replace("def test_polluter():", "def test_polluter(monkeypatch):").replace(
                    "os.environ['PROOF_LEVEL'] = '1'", "monkeypatch.setenv('PROOF_LEVEL', '1')"
                ),
                probe=PROBE,
            ),
        )
        == []
    )


@pytest.mark.parametrize(("suite", "problem"), params({**NOT_GOOD}))
def test_a_suite_that_fails_in_some_order_or_changes_something_is_not_good(
    driver: Driver, suite: Example, problem: str
) -> None:
    assert any(problem in found for found in good_problems(driver, suite))


def test_only_the_shuffled_runs_show_what_file_order_and_its_reverse_hide(driver: Driver) -> None:
    found = good_problems(driver, example(WRONG_WHEN_SHUFFLED))

    assert found
    assert not any("'forward'" in problem or "'reverse'" in problem for problem in found)


def test_nothing_passes_from_one_run_to_the_next(driver: Driver) -> None:
    driver.run(example(AT_IMPORT))

    assert driver.run(example(PASSES, probe=PROBE)).before == "None"


def test_a_child_that_a_suite_leaves_running_ends_with_the_run(driver: Driver, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    run = driver.run(example(CHILD_LEFT.replace("LOCK_FILE", str(tmp_path / "lock"))))

    assert run.passed
    with (tmp_path / "lock").open("w") as lock:
        assert comes_free(fcntl, lock)


def comes_free(fcntl: Any, lock: IO[str]) -> bool:
    """Whether nothing holds a file's lock, once the system had ten seconds to close what it kills."""
    for _ in range(100):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return True
    return False


@pytest.mark.parametrize("order", ["forward", "reverse", "1"])
def test_a_new_interpreter_gives_the_answer_that_a_fork_gives(driver: Driver, order: str) -> None:
    suite = example(POLLUTER_FIRST, probe=PROBE)

    with Driver(spawn=True) as spawning:
        other = spawning.run(suite, order)

    assert driver.run(suite, order)._replace(output="") == other._replace(output="")


def test_modules_that_are_needed_are_there_and_stay_apart(driver: Driver) -> None:
    sees = Example("made up", {"test_it.py": PASSES}, needs=["xml.dom"], probe="'xml.dom' in sys.modules")
    does_not = Example("made up", {"test_it.py": PASSES}, probe="'xml.dom' in sys.modules")

    assert (driver.run(sees).before, driver.run(does_not).before) == ("True", "False")


def test_modules_that_cannot_be_imported_are_an_answer_and_end_nothing(driver: Driver) -> None:
    for _ in range(2):
        run = driver.run(Example("made up", {"test_it.py": PASSES}, needs=["no_such_module_of_anybody"]))
        assert (run.exit, run.passed) == (-1, [])
        assert "no_such_module_of_anybody" in run.output

    assert driver.run(example(PASSES)).passed


def test_modules_that_are_not_installed_are_named() -> None:
    needs = ["pytest", "no_such_module_of_anybody", "no_such_module_of_anybody.part"]

    assert absent(Example("made up", {}, needs=needs)) == needs[1:]
