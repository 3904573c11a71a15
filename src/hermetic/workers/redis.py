"""A Redis (or Valkey) database for each worker, or keys that begin with its own prefix in a database of all.

A server has few databases: 16 unless told otherwise. They are for the first 15 workers; prefixes have no limit.
"""

from __future__ import annotations

import os
import time
import weakref
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from hermetic.workers._extras import optional
from hermetic.workers._lease import lease_slot
from hermetic.workers._place import lease_folder, unusable
from hermetic.workers.errors import ExhaustedError, ForeignDataError
from hermetic.workers.names import get_worker_redis_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import redis
    import redis.asyncio

REDIS_VARIABLE = "HERMETIC_REDIS_URL"
USUAL_DATABASES = 16
_BATCH = 500  # keys

_TRIES = 20
_PAUSE = 0.05  # seconds
# A forked child has the token of its parent, as it has its slot.
_TOKEN = os.urandom(8).hex()

_counts: dict[str, int] = {}
_keepers: weakref.WeakSet[redis.Redis] = weakref.WeakSet()


class RedisDatabase(NamedTuple):
    """A database that belongs to this worker; `url` leads straight to it."""

    url: str
    number: int

    def client(self, **options: object) -> redis.Redis:
        """Return a new client; `options` are those of `redis.Redis.from_url`. The caller closes it."""
        client: redis.Redis = optional("redis").Redis.from_url(self.url, **options)
        return client

    @asynccontextmanager
    async def async_client(self, **options: object) -> AsyncIterator[redis.asyncio.Redis]:
        """Give an asyncio client, closed at the end, in the event loop that used it."""
        client: redis.asyncio.Redis = optional("redis.asyncio").Redis.from_url(self.url, **options)
        try:
            yield client
        finally:
            await client.aclose()


def get_worker_redis_db(databases: int | None = None) -> int:
    """Return the number of this worker's Redis database: 1, 2, 3 ... but never 0.

    `databases` is how many the server has; left out, the server in HERMETIC_REDIS_URL is asked, and without one it is
    taken to be 16. Raises ExhaustedError when the server has too few, LeaseError, MissingLibraryError.
    """
    if databases is None:
        url = os.environ.get(REDIS_VARIABLE)
        databases = count_databases(url) if url else USUAL_DATABASES
    number = lease_slot() + 1
    if number >= databases:
        raise ExhaustedError(
            f"this worker would need Redis database {number}, and the server has {databases} (0 to {databases - 1}; "
            "0 is left alone). Put keys behind get_worker_redis_prefix() (fixture: worker_redis_prefix), or start the "
            "server with more: --databases 64"
        )
    return number


def count_databases(url: str) -> int:
    """Return how many databases a server has. Asked once for each URL in a process. Raises MissingLibraryError."""
    if url not in _counts:
        _counts[url] = _configured(url) or _selectable(url)
    return _counts[url]


def _configured(url: str) -> int | None:
    """Ask for the setting; None where that is forbidden, as hosted servers do."""
    redis = optional("redis")
    with redis.Redis.from_url(url, decode_responses=True) as client:
        try:
            return int(client.config_get("databases")["databases"])
        except (redis.exceptions.ResponseError, KeyError):
            return None


def _selectable(url: str) -> int:
    """Try which databases can be selected, up to the usual number."""
    redis = optional("redis")
    for number in range(1, USUAL_DATABASES):
        with redis.Redis.from_url(_with_database(url, number)) as client:
            try:
                client.ping()
            except redis.exceptions.ResponseError:
                return number
    return USUAL_DATABASES


@contextmanager
def redis_database(url: str) -> Iterator[RedisDatabase]:
    """Lend the database of this worker, empty, and empty it again at the end. No other database is touched.

    Raises ExhaustedError when the server has too few databases or this one is in use elsewhere, ForeignDataError when
    it holds keys although no test run has used it on this machine, LeaseError, MissingLibraryError.
    """
    number = get_worker_redis_db(count_databases(url))
    database = RedisDatabase(_with_database(url, number), number)
    with _claimed(database):
        with database.client() as client:
            _refuse_foreign_data(client, database)
        with emptied(database):
            yield database


@contextmanager
def emptied(database: RedisDatabase) -> Iterator[RedisDatabase]:
    """Give a leased database, empty, and empty it again at the end."""
    with database.client() as client:
        client.flushdb()
        try:
            yield database
        finally:
            client.flushdb()


@contextmanager
def _claimed(database: RedisDatabase) -> Iterator[None]:
    """Keep a named connection, and refuse a database on which somebody else has one.

    Redis has no lock that ends with its holder, but it has a list of clients. Name first, then look: of two that come
    at the same time at least one sees the other.
    """
    kind = f"hermetic-{database.number}-"
    with database.client(client_name=kind + _TOKEN, single_connection_client=True) as keeper:
        _keepers.add(keeper)
        for _ in range(_TRIES):
            if _is_alone(keeper, kind):
                break
            time.sleep(_PAUSE)  # the server may not have noticed yet that the one before has died
        else:
            raise ExhaustedError(
                f"Redis database {database.number} is in use by a test run of another user or machine; give this run a "
                f"server of its own in {REDIS_VARIABLE}"
            )
        yield


def _is_alone(keeper: redis.Redis, kind: str) -> bool:
    try:
        names = {client["name"] for client in keeper.client_list()}
    except optional("redis").exceptions.ResponseError:
        return True  # hosted servers may not tell who their clients are
    return not any(name.startswith(kind) and name != kind + _TOKEN for name in names)


def _refuse_foreign_data(client: redis.Redis, database: RedisDatabase) -> None:
    """Refuse to empty what may be somebody's work: only what was empty when leased first is emptied from then on."""
    import hashlib

    digest = hashlib.sha256(database.url.encode()).hexdigest()[:16]
    mark = os.path.join(lease_folder(), f"redis-{digest}.mark")
    if not os.path.exists(mark) and (keys := client.dbsize()):
        raise ForeignDataError(
            f"Redis database {database.number} holds {keys} keys that no test run on this machine is known to have "
            f"left, so it is not emptied. If nobody needs them: redis-cli -n {database.number} FLUSHDB. If somebody "
            f"does: name another server in {REDIS_VARIABLE}, or use the fixture worker_redis_prefix"
        )
    try:
        with open(mark, "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise unusable(mark, error.strerror or str(error)) from error


@contextmanager
def redis_prefix(url: str) -> Iterator[str]:
    """Lend the prefix of this worker, and delete the keys that begin with it, before and after; no other key.

    The keys are in the database that `url` names. Raises LeaseError, MissingLibraryError.
    """
    prefix = get_worker_redis_prefix()
    with optional("redis").Redis.from_url(url) as client:
        delete_keys(client, prefix)
        try:
            yield prefix
        finally:
            delete_keys(client, prefix)


def delete_keys(client: redis.Redis, prefix: str) -> None:
    """Delete the keys that begin with a prefix, some hundreds at a time, without stopping the server for it."""
    pattern = "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in prefix) + "*"
    batch: list[Any] = []
    for key in client.scan_iter(match=pattern, count=_BATCH):
        batch.append(key)
        if len(batch) == _BATCH:
            client.unlink(*batch)
            batch.clear()
    if batch:
        client.unlink(*batch)


def _with_database(url: str, number: int) -> str:
    """Return the URL of another database of the same server. A query decides, also over a path, and fits sockets."""
    address, _, query = url.partition("?")
    options = [(key, value) for key, value in parse_qsl(query) if key != "db"]
    return f"{address}?{urlencode([*options, ('db', str(number))])}"


def _let_go_in_child() -> None:
    # A forked child's copy of a connection would outlive its parent's.
    for keeper in _keepers:
        if keeper.connection is not None:
            keeper.connection.disconnect()  # type: ignore[no-untyped-call]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
