"""Who is signed in, in tests of a FastAPI application: overrides that are missing, left, or of the wrong kind."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.utils.auth_runs import guarded, noted, unguarded
from tests.utils.inner import PROJECTS, found, marked
from tests.utils.process import findings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.utils.inner import InnerRun

__all__ = ["guarded", "unguarded"]


def test_a_token_gets_200_and_none_or_a_wrong_one_401(unguarded: InnerRun) -> None:
    """Each route of the real service lets the owner of a token in, and nobody without one or with a forged one."""
    assert noted(unguarded, "test_statuses[/me]") == [{"statuses": [200, 401, 401]}]
    assert noted(unguarded, "test_statuses[/members]") == [{"statuses": [200, 401, 401]}]
    assert noted(unguarded, "test_statuses[/consents]") == [{"statuses": [200, 401, 401]}]


def test_a_missing_override_is_401_and_the_smallest_one_200(unguarded: InnerRun) -> None:
    """Without an override a test is refused; one line signs somebody in, in an application of the test's own."""
    assert noted(unguarded, "test_no_override") == [{"status": 401}]
    assert unguarded["outcomes"]["test_minimal_override"] == "passed"


def test_an_override_left_behind_signs_the_next_stranger_in(unguarded: InnerRun, guarded: InnerRun) -> None:
    """In an application that tests share, the next test is signed in without a token; the guard fails who left it."""
    polluter, victim = "test_carla_is_signed_in", "test_a_stranger_is_refused"

    assert (unguarded["outcomes"][polluter], unguarded["outcomes"][victim]) == ("passed", "failed")
    assert (guarded["outcomes"][polluter], guarded["outcomes"][victim]) == ("error", "passed")
    assert [(item["code"], marked("auth", item)) for item in found(guarded, polluter)] == [("HRM201", True)]
    # The pattern: a fixture that puts back what was there.
    for name in ("test_carla_is_signed_in_for_one_test", "test_a_stranger_is_refused_after_it"):
        assert (unguarded["outcomes"][name], guarded["outcomes"][name]) == ("passed", "passed")


def test_clear_wipes_the_overrides_of_others_and_a_snapshot_does_not(unguarded: InnerRun) -> None:
    """After `clear()` an override that another fixture made is gone as well; putting a snapshot back keeps it."""
    assert noted(unguarded, "test_cleared") == [{"before": 200, "after": 401}]
    assert noted(unguarded, "test_snapshot") == [{"before": 200, "after": 200}]


def test_a_plain_override_loses_what_an_async_one_sets_for_the_request(unguarded: InnerRun, guarded: InnerRun) -> None:
    """A plain function in place of an async dependency runs in a thread, and the actor that it sets stays there."""
    plain, async_ = "test_plain_where_the_actor_counts", "test_async_where_the_actor_counts"

    assert noted(unguarded, "test_real_user") == [{"giver": "alice"}]
    assert noted(unguarded, plain) == [{"giver": "anonymous"}]
    assert unguarded["outcomes"][async_] == "passed"
    assert [item["code"] for item in found(guarded, plain)] == ["HRM202"]
    assert "the context variable that it sets stays there" in guarded["messages"][plain]
    assert found(guarded, async_) == []


def test_a_plain_override_is_harmless_where_the_route_needs_nothing_but_the_value(
    unguarded: InnerRun, guarded: InnerRun
) -> None:
    """Where only the value of the dependency counts, a plain override does what an async one does: no finding."""
    name = "test_plain_where_nothing_of_the_context_counts"

    assert noted(unguarded, name) == [{"me": "carla"}]
    assert (guarded["outcomes"][name], found(guarded, name)) == ("passed", [])


def test_an_application_made_for_each_test_shares_no_override(unguarded: InnerRun) -> None:
    """An override in one application is none in another that `create_app()` has made."""
    assert noted(unguarded, "test_other_application") == [{"own": 200, "other": 401}]


def test_the_linter_finds_the_copy_that_never_restores_and_not_the_pattern(tmp_path: Path) -> None:
    """Before anything runs, the override that stays is found at its line, and the fixture that restores is not."""
    folder = shutil.copytree(PROJECTS / "auth", tmp_path / "auth")

    left = findings(folder, "--select", "HRM201", "test_left.py")

    assert [(item["path"], marked("auth", item)) for item in left] == [("test_left.py", True)]
    assert findings(folder, "--select", "HRM201", "test_restored.py", "test_sanity.py") == []
