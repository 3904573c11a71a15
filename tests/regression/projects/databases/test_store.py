"""An authorization store over HTTP: one that all find by its name, and one for each worker."""

from contextlib import ExitStack, contextmanager

import httpx
import pytest
from member_api.authorization import create_store, delete_store
from member_api.local_servers import start_authorization
from member_api.outbound import tls
from member_api.processes import stop


@pytest.fixture(scope="session")
def authorization(once_per_run):
    """A client of the stand-in for the service."""
    server = once_per_run("authorization", start_authorization, stop)
    with httpx.Client(base_url=server["url"], verify=tls()) as client:
        yield client


def stores(client):
    """The names of all stores, by their ids."""
    return {store["id"]: store["name"] for store in client.get("/stores").json()["stores"]}


# pattern: a store that is found by its name, or made [human]
# yours: authorization
def store_called(client, name):
    ids = [store for store, other in stores(client).items() if other == name]
    return ids[0] if ids else create_store(str(client.base_url).rstrip("/"), name)


@pytest.fixture(scope="session")
def worker_store(authorization, worker_store_name):
    store = store_called(authorization, worker_store_name)
    yield store
    delete_store(str(authorization.base_url).rstrip("/"), store)


# end of pattern


def readers(client, store, worker, meet_all):
    """Write that this worker may read a profile. Return which workers may do so when each has written."""
    key = {"relation": "reader", "object": "profile:alice"}
    written = {"writes": {"tuple_keys": [{**key, "user": f"user:{worker}"}]}}
    client.post(f"/stores/{store}/write", json=written).raise_for_status()
    meet_all("written")
    tuples = {user: {"tuple_key": {**key, "user": f"user:{user}"}} for user in ("gw0", "gw1")}
    return [user for user in tuples if client.post(f"/stores/{store}/check", json=tuples[user]).json()["allowed"]]


def test_store_with_a_fixed_name(note, meet_all, authorization, worker_identity):
    if worker_identity.worker == "gw0":
        store_called(authorization, "members")
    meet_all("made")
    store = store_called(authorization, "members")
    note(readers=len(readers(authorization, store, worker_identity.worker, meet_all)))


def test_store_with_the_name_of_the_worker(note, meet_all, request, authorization, worker_identity):
    if worker_identity.worker == "gw0":
        request.getfixturevalue("worker_store")
    meet_all("made")
    store = request.getfixturevalue("worker_store")
    note(readers=len(readers(authorization, store, worker_identity.worker, meet_all)))


def test_cleanup_by_name(note, meet_all, authorization, worker_identity):
    url = str(authorization.base_url).rstrip("/")
    own = create_store(url, f"test_{worker_identity.worker}")
    meet_all("made")
    if worker_identity.worker == "gw0":
        for store, name in stores(authorization).items():
            if name.startswith("test_gw"):
                delete_store(url, store)
    meet_all("cleaned")
    note(kept=own in stores(authorization))


# pattern: a store for one test, removed by its id and by nobody else [human]
@contextmanager
def own_store(url, name):
    store = create_store(url, name)
    try:
        yield store
    finally:
        delete_store(url, store)


# end of pattern


def test_cleanup_by_id(note, meet_all, authorization, worker_identity, worker_unique_name):
    name = worker_unique_name("consents")
    with ExitStack() as test:
        own = test.enter_context(own_store(str(authorization.base_url).rstrip("/"), name))
        meet_all("made")
        if worker_identity.worker == "gw0":
            test.close()  # the end of its test, in the middle of the other's
        meet_all("cleaned")
        note(kept=own in stores(authorization))
        meet_all("looked")
    note(left=name in stores(authorization).values())
