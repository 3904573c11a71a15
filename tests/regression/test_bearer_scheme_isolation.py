"""When a bearer scheme must be overridden beside the user: by experiment, on the real dependency tree of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.utils.auth_runs import guarded, noted, unguarded
from tests.utils.inner import found, marked

if TYPE_CHECKING:
    from tests.utils.inner import InnerRun

__all__ = ["guarded", "unguarded"]


def test_the_user_alone_is_enough_where_the_scheme_is_reached_through_it(unguarded: InnerRun) -> None:
    """An overridden dependency takes its own dependencies with it, so a route with one path to the scheme is open."""
    assert noted(unguarded, "test_user_alone_where_the_scheme_is_reached_once") == [{"status": 200}]


def test_the_user_alone_is_refused_where_the_router_asks_for_the_scheme(unguarded: InnerRun) -> None:
    """A router that depends on the scheme itself asks for a token, whoever the user is."""
    assert noted(unguarded, "test_user_alone_where_the_scheme_is_reached_twice") == [{"status": 401}]
    assert unguarded["outcomes"]["test_user_and_scheme"] == "passed"


def test_a_dependency_that_reads_the_token_reaches_the_scheme_as_well(unguarded: InnerRun) -> None:
    """The access log reads the credentials, so its routes need the scheme overridden too."""
    assert noted(unguarded, "test_dependency_that_reads_the_token") == [{"alone": 401, "both": 200}]


def test_the_scheme_alone_signs_nobody_in(unguarded: InnerRun) -> None:
    """With the scheme overridden and the user not, a token that nobody has is refused all the same."""
    assert noted(unguarded, "test_scheme_alone") == [{"status": 401}]


def test_the_guard_says_why_a_test_is_refused(guarded: InnerRun) -> None:
    """A test that fails since the scheme is still asked for is told so, at its line; the others hear nothing."""
    name = "test_user_alone_where_the_scheme_is_reached_twice"

    assert [item["code"] for item in found(guarded, name)] == ["HRM203"]
    assert "still asked for by GET /consents" in guarded["messages"][name]
    assert {item["code"] for item in guarded["findings"]} >= {"HRM203"}
    for other in ("test_user_and_scheme", "test_user_alone_where_the_scheme_is_reached_once"):
        assert found(guarded, other) == []


def test_a_scheme_that_stays_overridden_lets_the_next_test_in(unguarded: InnerRun, guarded: InnerRun) -> None:
    """An override of the scheme that is left makes a test pass that should see 401; the guard puts it back."""
    polluter, victim = "test_scheme_left", "test_the_scheme_is_asked_after_it"

    assert (unguarded["outcomes"][polluter], unguarded["outcomes"][victim]) == ("passed", "failed")
    assert (guarded["outcomes"][polluter], guarded["outcomes"][victim]) == ("error", "passed")
    assert [(item["code"], marked("auth", item)) for item in found(guarded, polluter)] == [("HRM201", True)]
