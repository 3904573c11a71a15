"""What one test leaves for the next, and what two workers do to each other: each hazard, its pattern, and the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.inner import found, marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.utils.inner import InnerRun

    Inner = Callable[..., InnerRun]

KINDS = ("kinds", "-n2", "--dist=loadfile")
# What a test leaves for the next one in its file, by the rule.
LEFT = {
    "HRM102": "cwd",
    "HRM103": "import_path",
    "HRM104": "modules",
    "HRM106": "settings",
    "HRM107": "streams",
    "HRM108": "random",
    "HRM109": "running",
    "HRM110": "tasks",
    "HRM201": "overrides",
    "HRM304": "patches",
    "HRM308": "replaced",
    "HRM403": "shared_fixtures",
    "HRM601": "module_state",
    "HRM603": "class_state",
}
PARTS = ("pattern", "after_pattern", "polluter", "victim")
# What a test does and nobody sees, by the rule; and whether it fails all the same, without a reason that helps.
UNSEEN = {"HRM202": ("override_kinds", False), "HRM203": ("bearer", True), "HRM305": ("async_calls", False)}


@pytest.fixture(scope="session")
def unguarded(inner: Inner) -> InnerRun:
    """A suite with one leak of each kind, with the guard off."""
    return inner(*KINDS, "--hermetic=off")


@pytest.fixture(scope="session")
def guarded(inner: Inner) -> InnerRun:
    """The same, with the guard on: who leaks, fails."""
    return inner(*KINDS, "--hermetic=error")


def noted(run: InnerRun, test: str, fact: str) -> list[Any]:
    """Return what a test noted, once for each time that it ran."""
    return [note[fact] for note in run["notes"] if note["test"] == test]


@pytest.mark.parametrize("code", LEFT)
def test_what_a_test_leaves_fails_the_next_one_unless_it_is_put_back(
    code: str, unguarded: InnerRun, guarded: InnerRun
) -> None:
    """A victim fails after its polluter, and not after the pattern; the guard fails the polluter, not the victim."""
    pattern, after, polluter, victim = (f"test_{LEFT[code]}_{part}" for part in PARTS)

    loose, strict = unguarded["outcomes"], guarded["outcomes"]
    assert [loose[name] for name in (pattern, after, polluter, victim)] == ["passed", "passed", "passed", "failed"]
    assert [strict[name] for name in (pattern, after, polluter, victim)] == ["passed", "passed", "error", "passed"]
    assert f"{code} {polluter} left" in guarded["messages"][polluter]
    assert [(item["code"], marked("kinds", item)) for item in found(guarded, polluter)] == [(code, True)]


@pytest.mark.parametrize("code", UNSEEN)
def test_what_a_test_does_not_see_is_seen_by_the_guard(code: str, unguarded: InnerRun, guarded: InnerRun) -> None:
    """What goes wrong within a test that passes, or fails for no reason that it tells, fails it with a reason."""
    name, fails = UNSEEN[code]
    pattern, polluter = f"test_{name}_pattern", f"test_{name}_polluter"

    assert noted(unguarded, polluter, "harm") == [True]
    assert unguarded["outcomes"][polluter] == ("failed" if fails else "passed")
    assert "error" in guarded["outcomes"][polluter].split()
    assert (unguarded["outcomes"][pattern], guarded["outcomes"][pattern]) == ("passed", "passed")
    assert f"{code} {polluter} left" in guarded["messages"][polluter]
    assert [item["code"] for item in found(guarded, polluter)] == [code]


def test_a_handler_whose_stream_is_closed_complains_in_the_next_test(unguarded: InnerRun, guarded: InnerRun) -> None:
    """A log handler that outlives its stream writes a traceback in whatever test logs next; the guard takes it away."""
    polluter, victim = "test_logging_polluter", "test_logging_victim"

    assert "Logging error" in unguarded["messages"][victim]
    assert (guarded["outcomes"][polluter], guarded["outcomes"][victim]) == ("error", "passed")
    assert [(item["code"], marked("kinds", item)) for item in found(guarded, polluter)] == [("HRM105", True)]
    assert {run["outcomes"]["test_logging_after_pattern"] for run in (unguarded, guarded)} == {"passed"}


def test_one_leak_does_not_become_forty_failures(unguarded: InnerRun, guarded: InnerRun) -> None:
    """Of one leak and forty tests that find it, the forty fail; with the guard only the one that leaks does."""
    victims = [f"test_forty_victim[{number}]" for number in range(40)]

    assert {unguarded["outcomes"][victim] for victim in victims} == {"failed"}
    assert {guarded["outcomes"][victim] for victim in victims} == {"passed"}
    assert [item["state"] for item in found(guarded, "test_forty_polluter")] == ["shop.STOCK['tea']"]
    assert [victim for victim in victims if found(guarded, victim)] == []


def test_a_brittle_test_shows_itself_when_nothing_is_left_for_it(unguarded: InnerRun, guarded: InnerRun) -> None:
    """A test that lives on what another one left passes only after it; with the guard it fails in any order."""
    first, later, pattern = (f"test_order_{part}" for part in ("brittle_first", "brittle_later", "pattern"))

    assert (unguarded["outcomes"][first], unguarded["outcomes"][later]) == ("failed", "passed")
    assert (guarded["outcomes"][first], guarded["outcomes"][later]) == ("failed", "failed")
    assert (unguarded["outcomes"][pattern], guarded["outcomes"][pattern]) == ("passed", "passed")


def test_one_test_may_break_one_rule_and_no_other_test_or_rule_is_let_off(guarded: InnerRun) -> None:
    """The marker lets its own test off, for the rule that it names: what that test left stays, and is no finding."""
    outcomes = {name: guarded["outcomes"][f"test_allow_{name}"] for name in ("pattern", "stays", "polluter", "other")}

    assert outcomes == {"pattern": "passed", "stays": "passed", "polluter": "error", "other": "error"}
    assert found(guarded, "test_allow_pattern") == []
    assert [item["code"] for name in ("polluter", "other") for item in found(guarded, f"test_allow_{name}")] == [
        "HRM106",
        "HRM106",
    ]


def test_off_changes_nothing(unguarded: InnerRun, guarded: InnerRun) -> None:
    """Where the guard is off it is not even imported, wraps nothing, finds nothing, and no test fails because of it."""
    names = [name for name in unguarded["outcomes"] if name.endswith("_polluter") and name != "test_bearer_polluter"]

    assert (noted(unguarded, "test_off_guard", "guard"), noted(guarded, "test_off_guard", "guard")) == ([False], [True])
    assert noted(unguarded, "test_off_guard", "wrapped") == [[]]
    assert unguarded["findings"] == []
    assert {unguarded["outcomes"][name] for name in names} == {"passed"}


def test_two_workers_write_one_file_unless_each_test_has_its_own(inner: Inner) -> None:
    """Two workers that export to a fixed file at once read each other's rows; below `tmp_path` each reads its own."""
    run = inner("shared", "-n2", "--dist=each", "--hermetic=warn")

    assert [sorted(rows) for rows in noted(run, "test_fixed_file", "rows")] == [["gw0", "gw1"]] * 2
    assert sorted(noted(run, "test_own_file", "rows")) == [["gw0"], ["gw1"]]
    assert [(item["code"], marked("shared", item)) for item in found(run, "test_fixed_file")] == [("HRM502", True)]
    assert found(run, "test_own_file") == []


def test_a_session_has_as_many_beginnings_as_workers_and_a_run_has_one(inner: Inner) -> None:
    """A session fixture makes its thing in each worker, `once_per_run` makes it in one and hands it to the others."""
    run = inner("shared", "-n2", "--dist=each", "--hermetic=warn")

    lists = {test: noted(run, test, "list") for test in ("test_session", "test_run")}
    assert {test: len(made) for test, made in lists.items()} == {"test_session": 2, "test_run": 2}, run["output"]
    assert {test: len(set(made)) for test, made in lists.items()} == {"test_session": 2, "test_run": 1}


def test_a_group_stays_on_one_worker_only_where_groups_count(inner: Inner) -> None:
    """Tests of one `xdist_group` are split over two workers unless `--dist=loadgroup` is given; the guard says so."""
    together = inner("groups", "-n2", "--dist=loadgroup", "--hermetic=warn", "--ignore=test_killed.py")
    apart = inner("groups", "-n2", "--dist=load", "--hermetic=warn")

    workers = [{note["worker"] for note in run["notes"] if "page" in note} for run in (together, apart)]
    assert [len(each) for each in workers] == [1, 2]
    reported = [[item for item in run["findings"] if item["code"] == "HRM901"] for run in (together, apart)]
    assert [[marked("groups", item) for item in each] for each in reported] == [[], [True]]
    assert "--dist load ignores groups" in reported[1][0]["message"]


def test_a_killed_worker_loses_no_other_test_s_record(inner: Inner) -> None:
    """What tests left before a worker died, beside it and after it is reported; the killed test alone is lost."""
    run = inner("groups", "-n2", "--dist=load", "--hermetic=warn")

    wrong = [name for name, outcome in run["outcomes"].items() if outcome != "passed"]
    assert wrong == ["test_killed"]
    assert "crashed while running" in run["messages"]["test_killed"]
    for name in ("test_left_one", "test_left_two", "test_left_later"):
        assert [(item["code"], marked("groups", item)) for item in found(run, name)] == [("HRM101", True)]


def test_parameters_that_differ_between_workers_are_explained(inner: Inner, guarded: InnerRun) -> None:
    """Parameters from a set end a run with a list of differences; the guard names the line that has the set."""
    plain = inner("unstable", "-n2", "--hermetic=off")
    explained = inner("unstable", "-n2", "--hermetic=error")

    assert "Different tests were collected" in plain["output"]
    assert "Different tests were collected" not in explained["output"]
    assert [(item["code"], marked("unstable", item)) for item in explained["findings"]] == [("HRM701", True)]
    assert "each worker collects test_price in another order" in explained["findings"][0]["message"]
    assert guarded["outcomes"]["test_parameters_pattern[tea]"] == "passed"


def test_of_two_autouse_fixtures_of_one_name_the_first_never_runs(inner: Inner) -> None:
    """A second fixture of a name replaces the first, and its reset with it; the guard says so before any test runs."""
    plain = inner("autouse", "--hermetic=off")
    stopped = inner("autouse", "-n2", "--hermetic=error")

    assert (noted(plain, "test_first_sale", "taken"), noted(plain, "test_second_sale", "taken")) == ([[4]], [[4, 2]])
    assert (noted(plain, "test_good_before", "taken"), noted(plain, "test_good_after", "taken")) == ([[4]], [[2]])
    assert (stopped["outcomes"], stopped["notes"]) == ({}, [])
    assert [marked("autouse", item) for item in stopped["findings"] if item["code"] == "HRM401"] == [True]


def test_a_wide_autouse_fixture_in_a_test_file_misses_the_tests_before_it(inner: Inner) -> None:
    """A session-wide fixture of a test file holds for that file and those after it; in a conftest it holds for all."""
    plain = inner("autouse", "--hermetic=off")
    stopped = inner("autouse", "-n2", "--hermetic=error")

    bad = [noted(plain, f"test_currency_{place}", "currency") for place in ("before", "after")]
    good = [noted(plain, f"test_good_{place}", "currency") for place in ("before", "after")]
    assert (bad, good) == ([[[]], [["EUR"]]], [[["EUR"]], [["EUR"]]])
    assert (stopped["outcomes"], stopped["notes"]) == ({}, [])
    assert [marked("autouse", item) for item in stopped["findings"] if item["code"] == "HRM402"] == [True]
