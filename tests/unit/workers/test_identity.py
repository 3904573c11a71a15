"""Who a worker is, from the environment or from what pytest told the plugin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.utils import worker_utils
from tests.utils.holders import holding, say

import hermetic.workers
from hermetic.workers import get_run_id, get_worker_id, identity, unique_resource_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.workers.fixtures import WorkerIdentity

NAMES = """
said = [
    workers.get_worker_id(),
    workers.get_worker_postgres_schema(),
    workers.get_worker_redis_prefix(),
    workers.get_worker_store_name(),
    workers.get_worker_redis_db(),
]
"""


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A process that nobody has told anything about itself."""
    monkeypatch.setattr(identity, "_announced", {})
    for variable in (identity.WORKER_VARIABLE, identity.RUN_VARIABLE, identity.COUNT_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("unannounced")
def test_outside_xdist_the_worker_is_the_master_of_a_run_of_its_own() -> None:
    assert get_worker_id() == "master"
    assert get_run_id() == get_run_id() != ""


def test_under_xdist_the_environment_says_who_it_is(unannounced: pytest.MonkeyPatch) -> None:
    unannounced.setenv("PYTEST_XDIST_WORKER", "gw5")
    unannounced.setenv("PYTEST_XDIST_TESTRUNUID", "abc")

    assert (get_worker_id(), get_run_id(), identity.own_number()) == ("gw5", "abc", 5)


@pytest.mark.usefixtures("unannounced")
def test_a_test_that_clears_the_environment_does_not_change_who_the_worker_is() -> None:
    identity.announce("gw5", "abc")

    assert (get_worker_id(), get_run_id()) == ("gw5", "abc")


@pytest.mark.parametrize(("text", "count"), [("12", 12), ("", 1), ("many", 1), ("-3", 1)])
def test_the_size_of_the_run_is_one_where_it_is_not_said(
    unannounced: pytest.MonkeyPatch, text: str, count: int
) -> None:
    unannounced.setenv("PYTEST_XDIST_WORKER_COUNT", text)

    assert identity.worker_count() == count


def test_names_follow_from_the_slot_and_look_familiar(env: dict[str, str]) -> None:
    assert say(NAMES, {**env, "PYTEST_XDIST_WORKER": "gw2"}) == [
        "gw2",
        "test_worker_gw2",
        "test_worker_gw2:",
        "test_store_gw2",
        3,
    ]


def test_the_same_worker_of_two_runs_has_two_of_everything(env: dict[str, str]) -> None:
    with holding(NAMES, NAMES, env={**env, "PYTEST_XDIST_WORKER": "gw2"}) as (one, other):
        shared = set(one.said) & set(other.said)

    assert shared == {"gw2"}


def test_a_unique_name_is_never_given_twice_and_keeps_its_prefix() -> None:
    names = {unique_resource_name("queue") for _ in range(1_000)}

    assert len(names) == 1_000
    assert all(re.fullmatch(r"queue_gw\d+_[0-9a-f]{12}", name) for name in names)


def test_unique_names_do_not_follow_from_a_random_seed(env: dict[str, str]) -> None:
    code = "import random; random.seed(1); said = workers.unique_resource_name()"

    assert say(code, env) != say(code, env)


def test_fixtures_agree_with_the_functions(
    worker_identity: WorkerIdentity, worker_slot: int, worker_store_name: str, worker_unique_name: Callable[[str], str]
) -> None:
    assert worker_identity == (get_worker_id(), worker_slot, get_run_id())
    assert worker_slot == hermetic.workers.get_worker_num()
    assert worker_store_name == f"test_store_gw{worker_slot}"
    assert worker_unique_name("a").startswith(f"a_gw{worker_slot}_")


def test_the_path_that_people_know_leads_to_the_same_functions() -> None:
    assert all(getattr(worker_utils, name) is getattr(hermetic.workers, name) for name in worker_utils.__all__)


def test_every_public_name_is_there() -> None:
    assert [name for name in hermetic.workers.__all__ if not hasattr(hermetic.workers, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'get_worker_nam'"):
        hermetic.workers.get_worker_nam  # type: ignore[attr-defined]  # noqa: B018 - it raises
