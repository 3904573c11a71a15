"""The environment: what one test writes in it, another one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.inner import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.utils.inner import InnerRun

PROJECT = PROJECTS / "environment"


@pytest.fixture
def warned(inner: Callable[..., InnerRun]) -> InnerRun:
    """A run in which the mistakes go on: each of two workers runs each test, in the order of the files."""
    return inner("environment", "-n2", "--dist=each", "--hermetic=warn")


@pytest.fixture
def stopped(inner: Callable[..., InnerRun]) -> InnerRun:
    """The same with the plugin as it should be: a leak is an error. The file that leaks when imported is left out."""
    arguments = ("--hermetic=error", "--hermetic-trace=off", "--ignore=test_imported.py")
    return inner("environment", "-n2", "--dist=each", *arguments)


def noted(run: InnerRun, test: str, about: str) -> list[Any]:
    """What a test noted about something, in each of the two workers."""
    values = [note[about] for note in run["notes"] if note["test"] == test and about in note]
    assert len(values) == 2, run["output"]
    return values


def found(run: InnerRun, test: str, name: str) -> list[str | None]:
    """What a test of each worker found in a variable: "as ever", a new value, or None for one that had gone."""
    return [changed.get(name, "as ever") for changed in noted(run, test, "found")]


def line_of(file: str, text: str) -> int:
    """The number of the one line of a file of the project that has a text."""
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if text in line]
    return number


def places(run: InnerRun, test: str) -> set[tuple[str, str, int]]:
    """Which rules the plugin saw broken by a test or by the fixtures that ended with it, and in which lines."""
    findings = [finding for finding in run["findings"] if finding["test"].endswith(test)]
    return {(finding["code"], finding["path"], finding["line"]) for finding in findings}


def test_a_write_is_seen_by_the_next_test_of_the_same_worker_and_worker_environ_takes_it_back(
    warned: InnerRun,
) -> None:
    """A variable that a test of gw0 sets is there for the next test of gw0, not of gw1; `worker_environ` ends that."""
    notes = [note for note in warned["notes"] if note["test"] == "test_after_writing"]
    assert {note["worker"]: "WRITTEN" in note["found"] for note in notes} == {"gw0": True, "gw1": False}

    assert warned["outcomes"]["test_worker_environ"] == "passed passed"
    after = "test_code_under_test_is_lent_the_environment"
    assert found(warned, after, "WRITTEN_BY_MONKEYPATCH") == ["as ever", "as ever"]
    assert found(warned, after, "WRITTEN_IN_FIXTURE") == ["as ever", "as ever"]
    assert places(warned, "::test_worker_environ") == set()


def test_delenv_of_a_variable_that_is_absent_records_nothing_and_worker_environ_does(warned: InnerRun) -> None:
    """After `monkeypatch.delenv(X, raising=False)` with X absent, an X set by code stays; `worker_environ` ends it."""
    assert found(warned, "test_after_the_trap", "SHOP_TOKEN") == ["secret", "secret"]
    assert places(warned, "::test_trap") == {("HRM101", "settings.py", line_of("settings.py", '"SHOP_TOKEN"'))}

    # The two repairs, each seen by the test that comes after it.
    for test, after in {
        "test_absent": "test_recorded_by_setting_it_first",
        "test_recorded_by_setting_it_first": "test_trap",
    }.items():
        assert warned["outcomes"][test] == "passed passed"
        assert found(warned, after, "SHOP_TOKEN") == ["as ever", "as ever"]


def test_pop_update_or_and_clear_are_seen_by_the_next_test_unless_the_environment_was_lent(warned: InnerRun) -> None:
    """`pop`, `update`, `|=` and `clear` leave their traces like any write; `isolated_environment` undoes them all."""
    assert found(warned, "test_updates", "POPPED") == [None, None]
    assert found(warned, "test_adds", "UPDATED") == ["new", "new"]
    assert found(warned, "test_clears", "ADDED") == ["new", "new"]
    assert found(warned, "test_at_the_end", "PATH") == [None, None]

    assert warned["outcomes"]["test_lent"] == "passed passed"
    assert noted(warned, "test_pops", "found") == noted(warned, "test_lent", "found")


def test_what_putenv_sets_is_seen_by_child_processes_only_and_by_the_guard(warned: InnerRun, stopped: InnerRun) -> None:
    """`os.putenv` changes what the next test's programs inherit, and `os.environ` never shows it; the guard does."""
    assert noted(warned, "test_child_after_putting", "here") == [None, None]
    assert noted(warned, "test_child_after_putting", "child") == ["yes", "yes"]

    line = line_of("test_children.py", "os.putenv")
    assert places(warned, "::test_puts") == {("HRM101", "test_children.py", line)}
    assert stopped["outcomes"]["test_puts"] == "error error"
    assert noted(stopped, "test_child_after_putting", "child") == [None, None]


def test_a_write_at_import_is_there_for_the_tests_of_every_file_and_the_guard_names_it(warned: InnerRun) -> None:
    """A file that writes when it is imported changes tests of files before it; a fixture changes those that use it."""
    # The very first test, of another file.
    assert found(warned, "test_cleared", "IMPORTED") == ["yes", "yes"]
    line = line_of("test_imported.py", 'environ["IMPORTED"]')
    assert places(warned, "test_imported.py") == {("HRM101", "test_imported.py", line)}
    assert {finding["layer"] for finding in warned["findings"] if finding["path"] == "test_imported.py"} == {
        "collection"
    }

    assert noted(warned, "test_in_the_file", "value") == ["yes", "yes"]
    for other in ("test_after_the_classes", "test_lent"):
        assert found(warned, other, "OF_FILE") == ["as ever", "as ever"]


def test_a_program_inherits_what_an_earlier_test_wrote_and_not_what_a_block_was_lent(warned: InnerRun) -> None:
    """Programs that a test starts inherit all that was left before; a lent environment reaches those of its block."""
    assert noted(warned, "test_child_of_the_next_test", "child") == ["yes", "yes"]

    assert warned["outcomes"]["test_lends_to_children"] == "passed passed"
    assert noted(warned, "test_child_after_lending", "lent") == [None, None]
    assert noted(warned, "test_child_after_lending", "removed") == ["here", "here"]


def test_what_a_wide_fixture_sets_ends_with_it_when_it_lends_the_environment(warned: InnerRun) -> None:
    """A class fixture that sets a variable and returns leaves it to all later tests; one that lends it does not."""
    assert noted(warned, "test_only_of_class", "value") == ["yes", "yes"]
    assert found(warned, "test_after_the_classes", "STAYS") == ["yes", "yes"]
    owners = {finding["owner"] for finding in warned["findings"] if finding["path"] == "test_scopes.py"}
    assert owners == {"region_that_stays"}

    assert noted(warned, "test_second_of_class", "value") == ["yes", "yes"]
    assert found(warned, "test_only_of_class", "OF_CLASS") == ["as ever", "as ever"]


def test_where_a_leak_is_an_error_the_leaking_test_fails_and_the_next_one_finds_nothing(
    warned: InnerRun, stopped: InnerRun
) -> None:
    """The same suite with `--hermetic=error`: the test that leaks fails, and the variable is put back for the next."""
    leaks = {
        "test_writes_for_children": ("test_child_of_the_next_test", "INHERITED"),
        "test_trap": ("test_after_the_trap", "SHOP_TOKEN"),
        "test_pops": ("test_updates", "POPPED"),
        "test_updates": ("test_adds", "UPDATED"),
        "test_adds": ("test_clears", "ADDED"),
        "test_clears": ("test_at_the_end", "PATH"),
    }
    for test, (after, name) in leaks.items():
        assert warned["outcomes"][test] == "passed passed"
        assert "as ever" not in found(warned, after, name)
        assert stopped["outcomes"][test] == "error error"
        assert "HRM101" in stopped["messages"][test]
        assert found(stopped, after, name) == ["as ever", "as ever"]
    # It leaks in one of the workers only.
    assert stopped["outcomes"]["test_writes"] == "error passed"


def test_the_line_that_writes_is_named_also_when_it_is_code_under_test(warned: InnerRun) -> None:
    """A test leaks what the code under test writes: the guard names that line; a lent environment leaves no leak."""
    line = line_of("settings.py", '"SHOP_REGION"')
    assert places(warned, "::test_code_under_test_writes") == {("HRM101", "settings.py", line)}
    assert found(warned, "test_after_the_code_under_test", "SHOP_REGION") == ["south", "south"]

    # The test before did the same, and was lent the environment.
    assert places(warned, "::test_code_under_test_is_lent_the_environment") == set()
    assert found(warned, "test_code_under_test_writes", "SHOP_REGION") == ["as ever", "as ever"]


def test_a_cached_setting_outlives_the_environment_that_it_was_read_from_unless_it_is_cleared(
    warned: InnerRun, stopped: InnerRun
) -> None:
    """monkeypatch restores the variable, not what `lru_cache` made of it; clear it before and after, or HRM602 does."""
    assert found(warned, "test_after_filled", "CURRENCY") == ["as ever", "as ever"]
    assert noted(warned, "test_after_filled", "currency") == ["yen", "yen"]
    line = line_of("test_caches.py", "note(currency=settings.currency())  # fills")
    assert places(warned, "::test_filled") == {("HRM602", "test_caches.py", line)}
    assert noted(stopped, "test_after_filled", "currency") == ["euro", "euro"]

    assert noted(warned, "test_cleared", "currency") == ["yen", "yen"]
    assert noted(warned, "test_after_cleared", "currency") == ["euro", "euro"]
    assert places(warned, "::test_cleared") == set()
