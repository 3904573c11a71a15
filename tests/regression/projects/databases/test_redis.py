"""Redis: one database of all, a database that each worker leases, and a prefix in a database of all."""

import asyncio
import time

import pytest
import redis
import redis.asyncio
from conftest import TAG


def keep_or_lose(client, me, meet_all):
    """Everyone writes a key, then the workers called gw0 empty the database. Return whether the own key is there."""
    client.set(f"session:{me}", "open")
    meet_all("written")
    if me.startswith("gw0 "):
        client.flushdb()
    meet_all("emptied")
    return bool(client.exists(f"session:{me}"))


def test_flush_of_a_fixed_database(note, meet_all, fixed_redis, me):
    note(kept=keep_or_lose(fixed_redis, me, meet_all))


def test_flush_of_a_leased_database(note, meet_all, worker_redis, me):
    note(kept=keep_or_lose(worker_redis, me, meet_all))


@pytest.mark.parametrize("turn", [1, 2])
def test_keys_that_stay(turn, note, fixed_redis, me):
    note(visits=fixed_redis.incr(f"visits:{me}:{TAG}"))


# pattern: a client of the worker's own Redis database, which is empty in each test [human]
@pytest.fixture
def visits(worker_redis_database):
    with worker_redis_database.client(decode_responses=True) as client:
        yield client


# end of pattern


@pytest.mark.parametrize("turn", [1, 2])
def test_keys_that_go(turn, note, visits):
    note(visits=visits.incr("visits"))


def test_a_key_that_all_have(note, meet_all, fixed_redis):
    fixed_redis.incr(f"logins:{TAG}")
    meet_all("counted")
    note(logins=int(fixed_redis.get(f"logins:{TAG}")))
    meet_all("read")
    fixed_redis.delete(f"logins:{TAG}")


# pattern: keys behind the worker's own prefix, in a database of all [human]
@pytest.fixture
def count_login(worker_redis_url, worker_redis_prefix):
    with redis.Redis.from_url(worker_redis_url) as client:
        yield lambda: client.incr(f"{worker_redis_prefix}logins")


# end of pattern


def test_a_key_behind_a_prefix(note, meet_all, count_login):
    count_login()
    meet_all("counted")
    note(logins=count_login() - 1)
    meet_all("read")


async def ask(client):
    try:
        return await client.ping()
    except RuntimeError as error:
        return str(error)


def test_async_client_of_two_loops(note, worker_redis_database):
    client = redis.asyncio.Redis.from_url(worker_redis_database.url)  # as a session fixture would have it
    note(answers=[asyncio.run(ask(client)) for _ in range(2)])


# pattern: an asyncio client that is closed in the event loop that used it [HRM110]
@pytest.fixture
def connect(worker_redis_async):
    async def connect():
        async with worker_redis_async() as client:
            return client, await client.client_id()

    return connect


# end of pattern


def test_async_client_of_its_loop(note, connect, worker_redis):
    used = [asyncio.run(connect()) for _ in range(2)]
    connections = [connection for _, connection in used]
    note(connections=len(connections), left=still_open(worker_redis, connections))


def still_open(client, connections):
    """Those that the server has not seen closed, which it may do a moment later."""
    until = time.monotonic() + 3
    while left := {int(row["id"]) for row in client.client_list()} & set(connections):
        if time.monotonic() > until:
            break
        time.sleep(0.02)
    return sorted(left)


def test_key_of_the_last_test(note, worker_redis, worker_redis_database):
    worker_redis.set(f"left:{TAG}", "x")  # no later test here empties the database
    note(database=worker_redis_database.number, left=f"left:{TAG}")
