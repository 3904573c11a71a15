"""A database or a prefix for each worker on a real server, and nothing of it afterwards."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest
import redis
import redis.asyncio
from tests.utils.holders import environment, holding, say
from tests.utils.servers import start_valkey, stop

from hermetic.workers import (
    ExhaustedError,
    ForeignDataError,
    get_worker_redis_db,
    get_worker_redis_prefix,
    redis_database,
    redis_prefix,
)
from hermetic.workers import redis as workers_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from hermetic.workers import RedisDatabase

# Twenty processes at once, each with a slot of its own: children of one that has none yet.
TWENTY = """
    reader, writer = os.pipe()
    gate, opened = os.pipe()
    for _ in range(20):
        if os.fork() == 0:
            os.close(opened)
            try:
                with workers.redis_database({url!r}) as database:
                    mine = ["database", database.number]
                    os.write(writer, json.dumps(mine).encode() + b"\\n")
                    os.read(gate, 1)  # until all have said theirs
            except workers.WorkerResourceError as error:
                with workers.redis_prefix({url!r}) as prefix:
                    mine = [type(error).__name__, str(error), prefix]
                    os.write(writer, json.dumps(mine).encode() + b"\\n")
                    os.read(gate, 1)
            os._exit(0)
    lines = os.fdopen(reader)
    said = [json.loads(lines.readline()) for _ in range(20)]
    os.close(opened)
    for _ in range(20):
        os.wait()
"""


@pytest.fixture(scope="module")
def small_server() -> Iterator[str]:
    """The URL of a server with the usual 16 databases, for this module alone."""
    server = start_valkey(databases=16)
    yield server["url"]
    stop(server)


@pytest.fixture
def small(small_server: str) -> Iterator[redis.Redis]:
    """A client of database 0 of that server, which is empty."""
    with redis.Redis.from_url(small_server, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no test run has used a database yet."""
    monkeypatch.setenv("HERMETIC_LEASE_DIR", str(tmp_path))


def test_twenty_workers_and_sixteen_databases(small_server: str, env: dict[str, str]) -> None:
    answers = say(TWENTY.format(url=small_server), env)

    assert sorted(answer[1] for answer in answers if answer[0] == "database") == list(range(1, 16))
    refused = [answer for answer in answers if answer[0] != "database"]
    assert {answer[0] for answer in refused} == {"ExhaustedError"}
    assert len({answer[2] for answer in refused}) == 5  # a prefix is to be had all the same
    for _, message, _ in refused:
        assert "the server has 16 (0 to 15" in message
        assert "get_worker_redis_prefix()" in message
        assert "worker_redis_prefix" in message


def test_the_number_is_within_what_the_server_has(worker_slot: int) -> None:
    assert get_worker_redis_db(worker_slot + 2) == worker_slot + 1
    with pytest.raises(ExhaustedError):
        get_worker_redis_db(worker_slot + 1)


def test_the_server_in_the_environment_is_asked(small_server: str, worker_redis_url: str, env: dict[str, str]) -> None:
    code = "said = workers.get_worker_redis_db()"
    worker = {**env, "PYTEST_XDIST_WORKER": "gw20", "PYTEST_XDIST_WORKER_COUNT": "24"}

    assert say(code, {**worker, "HERMETIC_REDIS_URL": small_server})["error"] == "ExhaustedError"
    assert say(code, {**worker, "HERMETIC_REDIS_URL": worker_redis_url}) == 21


def test_a_server_that_does_not_tell_is_tried(small: redis.Redis, small_server: str) -> None:
    assert workers_redis._configured(small_server) == 16
    small.acl_setuser("default", enabled=True, nopass=True, commands=["-config"])
    try:
        assert workers_redis._configured(small_server) is None
    finally:
        small.acl_setuser("default", enabled=True, nopass=True, commands=["+config"])
    assert workers_redis._selectable(small_server) == 16

    server = start_valkey(databases=3)
    try:
        assert workers_redis._selectable(server["url"]) == 3
    finally:
        stop(server)


HOLD = """
    manager = workers.redis_database({url!r})
    said = manager.__enter__().number
"""


def test_a_database_in_use_elsewhere_is_refused_until_its_user_has_died(
    small: redis.Redis, small_server: str, tmp_path: Path
) -> None:
    # Another user, or another machine: nothing but the server is shared.
    users = [tmp_path / name for name in ("one", "other")]
    for user in users:
        user.mkdir()
    hold = HOLD.format(url=small_server)
    with holding(hold, env=environment(users[0])) as (holder,):
        assert holder.said == 1
        with redis.Redis.from_url(small_server, db=1, decode_responses=True) as client:
            client.set("theirs", "kept")

        refused = say(hold, environment(users[1]))
        assert refused["error"] == "ExhaustedError"
        assert "Redis database 1 is in use by a test run of another user or machine" in refused["message"]
        with redis.Redis.from_url(small_server, db=1, decode_responses=True) as client:
            assert client.get("theirs") == "kept"

        holder.kill()
        small.flushall()
        assert say(hold, environment(users[1])) == 1


def test_a_forked_child_does_not_keep_the_database_of_a_dead_parent(
    small: redis.Redis, small_server: str, tmp_path: Path
) -> None:
    users = [tmp_path / name for name in ("one", "other")]
    for user in users:
        user.mkdir()
    reader, writer = os.pipe()
    hold = HOLD.format(url=small_server)
    fork = f"""
        if os.fork() == 0:
            os.close(0), os.close(1)
            os.read({reader}, 1)
            os._exit(0)
    """
    try:
        code = textwrap.dedent(hold) + textwrap.dedent(fork)
        with holding(code, env=environment(users[0]), pass_fds=[reader]) as (parent,):
            assert parent.said == 1
            assert any(client["name"].startswith("hermetic-1-") for client in small.client_list())
            parent.kill()

            assert say(hold, environment(users[1])) == 1
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.usefixtures("leases")
def test_only_the_leased_database_is_emptied(small: redis.Redis, small_server: str) -> None:
    small.set("mine", "kept")
    with redis.Redis.from_url(small_server, db=15) as other:
        other.set("theirs", "kept")

        with redis_database(small_server) as database, database.client() as client:
            assert client.connection_pool.connection_kwargs["db"] == database.number != 0
            client.set("mine", "leased")
            assert small.get("mine") == "kept"

        assert small.info("keyspace").keys() == {"db0", "db15"}


@pytest.mark.usefixtures("leases")
def test_what_a_killed_test_has_left_is_emptied_at_the_start(small_server: str, small: redis.Redis) -> None:
    assert small.ping()
    lent = redis_database(small_server)
    with lent.__enter__().client() as client:
        client.set("left", "x")
    # `lent` is never closed.

    with redis_database(small_server) as database, database.client() as client:
        assert client.dbsize() == 0


@pytest.mark.usefixtures("leases")
def test_a_database_with_data_of_others_is_left_alone(small: redis.Redis, small_server: str, worker_slot: int) -> None:
    with redis.Redis.from_url(small_server, db=worker_slot + 1) as client:
        client.set("theirs", "kept")

        with pytest.raises(ForeignDataError, match=r"holds 1 keys .* FLUSHDB.* HERMETIC_REDIS_URL.*redis_prefix"):
            redis_database(small_server).__enter__()

        assert client.get("theirs") == b"kept"
    assert small.info("keyspace").keys() == {f"db{worker_slot + 1}"}


def test_only_keys_with_the_prefix_are_deleted(small: redis.Redis, small_server: str) -> None:
    small.set("test_worker_gw", "kept")
    small.set(get_worker_redis_prefix() + "left", "by a dead worker")

    with redis_prefix(small_server) as prefix:
        assert prefix == get_worker_redis_prefix()
        assert small.keys() == ["test_worker_gw"]
        for number in range(1_201):  # more than two batches
            small.set(f"{prefix}{number}", "x")

    assert small.keys() == ["test_worker_gw"]


def test_letters_of_a_prefix_that_mean_something_to_the_server_mean_themselves(small: redis.Redis) -> None:
    small.mset({"a*[b]?\\:1": "x", "ab:1": "kept", "a*b:1": "kept"})

    workers_redis.delete_keys(small, "a*[b]?\\:")

    assert sorted(small.keys()) == ["a*b:1", "ab:1"]


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("redis://host:1/0", "redis://host:1/0?db=4"),
        ("redis://user:pw@host", "redis://user:pw@host?db=4"),
        ("unix:///path/s?db=2&protocol=3", "unix:///path/s?protocol=3&db=4"),
    ],
)
def test_any_url_can_lead_to_another_database(url: str, there: str) -> None:
    assert workers_redis._with_database(url, 4) == there
    assert redis.connection.parse_url(there)["db"] == 4


class TestFixtures:
    """Each of them twice, so that one test would see what the other has left."""

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_database_is_empty(self, worker_redis: redis.Redis, number: int) -> None:
        assert worker_redis.dbsize() == 0
        worker_redis.set("number", number)
        assert worker_redis.get("number") == str(number).encode()

    @pytest.mark.asyncio
    @pytest.mark.parametrize("number", [1, 2])
    async def test_a_database_is_empty_for_asyncio_too(
        self, worker_redis_async: Callable[[], AbstractAsyncContextManager[redis.asyncio.Redis]], number: int
    ) -> None:
        async with worker_redis_async() as client:
            assert await client.dbsize() == 0
            await client.set("number", number)
            assert await client.get("number") == str(number).encode()

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_prefix_has_no_keys(self, worker_redis_prefix: str, worker_redis_url: str, number: int) -> None:
        with redis.Redis.from_url(worker_redis_url) as client:
            assert client.get(f"{worker_redis_prefix}number") is None
            client.set(f"{worker_redis_prefix}number", number)

    def test_the_number_is_the_one_of_the_function(
        self, worker_redis_database: RedisDatabase, worker_slot: int
    ) -> None:
        assert worker_redis_database.number == worker_slot + 1
