"""Two runs of this project start at the same time, with two workers each: four workers and one of each server."""

import os
import time
from pathlib import Path

import psycopg
import pytest
import redis

EVERYONE = 4
PATIENCE = 60  # seconds
# What the runs that were started together have in common, and no others.
TOGETHER = Path(os.environ["MEETING"]).parents[1]
TAG = TOGETHER.name.rpartition("-")[2]


@pytest.fixture
def meet_all(request):
    """Wait until the workers of all runs have come to this point of the test."""

    def wait(point):
        (TOGETHER / f"{request.node.name}.{point}.{os.getpid()}.here").touch()
        until = time.monotonic() + PATIENCE
        while len(list(TOGETHER.glob(f"{request.node.name}.{point}.*.here"))) < EVERYONE:
            assert not (TOGETHER / f"{request.node.name}.failed").exists(), "another worker has failed here"
            assert time.monotonic() < until, "a worker did not come"
            time.sleep(0.01)

    return wait


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        (TOGETHER / f"{item.name}.failed").touch()
    return report


@pytest.fixture
def me(worker_identity):
    """A name that only this worker has: all of the identity, since both runs have a gw0."""
    return f"{worker_identity.worker} of {worker_identity.run}"


# What people write by hand


@pytest.fixture
def public(worker_postgres_url):
    """A connection to the database of all."""
    connection = psycopg.connect(worker_postgres_url, autocommit=True)
    yield connection
    connection.close()


@pytest.fixture
def fixed_redis(worker_redis_url):
    """A client of one Redis database, the same for all: the server's last, since nobody leases that."""
    with redis.Redis.from_url(worker_redis_url) as client:
        last = int(client.config_get("databases")["databases"]) - 1
    with redis.Redis.from_url(worker_redis_url, db=last, decode_responses=True) as client:
        yield client
