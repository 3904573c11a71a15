"""The stand-in speaks as much of OpenFGA's interface as the service uses; these tests say how much that is."""

from collections.abc import Iterator

import httpx
import pytest
from member_api.authorization import create_store, delete_store
from member_api.outbound import TIMEOUT_SECONDS, tls

READER = {"user": "user:bob", "relation": "reader", "object": "profile:alice"}


@pytest.fixture
def http(authorization_url: str) -> Iterator[httpx.Client]:
    """Give a client of the stand-in."""
    with httpx.Client(base_url=authorization_url, timeout=TIMEOUT_SECONDS, verify=tls()) as client:
        yield client


@pytest.fixture
def store(authorization_store: str) -> str:
    """Return the path of this test's store."""
    return f"/stores/{authorization_store}"


def allowed(http: httpx.Client, store: str, relation: dict[str, str]) -> bool:
    """Ask whether a relation is true."""
    answer: bool = http.post(f"{store}/check", json={"tuple_key": relation}).json()["allowed"]
    return answer


def test_relation_is_true_from_write_to_delete(http: httpx.Client, store: str) -> None:
    states = [allowed(http, store, READER)]
    for change in ("writes", "deletes"):
        http.post(f"{store}/write", json={change: {"tuple_keys": [READER]}}).raise_for_status()
        states.append(allowed(http, store, READER))
    assert states == [False, True, False]


@pytest.mark.parametrize("part", ["user", "relation", "object"])
def test_relation_differs_in_each_of_its_parts(http: httpx.Client, store: str, part: str) -> None:
    http.post(f"{store}/write", json={"writes": {"tuple_keys": [READER]}})
    assert not allowed(http, store, READER | {part: "other:other"})


def test_request_is_done_as_a_whole_or_not_at_all(http: httpx.Client, store: str) -> None:
    other = READER | {"user": "user:carla"}
    http.post(f"{store}/write", json={"writes": {"tuple_keys": [READER]}})
    twice = http.post(f"{store}/write", json={"writes": {"tuple_keys": [other, READER]}})
    assert (twice.status_code, twice.json()["code"]) == (400, "write_failed_due_to_invalid_input")
    assert not allowed(http, store, other)


def test_stores_of_one_name_share_nothing(
    http: httpx.Client, authorization_url: str, store: str, worker_store_name: str
) -> None:
    http.post(f"{store}/write", json={"writes": {"tuple_keys": [READER]}})
    other = create_store(authorization_url, worker_store_name)
    try:
        assert not allowed(http, f"/stores/{other}", READER)
    finally:
        delete_store(authorization_url, other)


def test_store_that_was_deleted_is_not_found(
    http: httpx.Client, authorization_url: str, worker_store_name: str
) -> None:
    gone = create_store(authorization_url, worker_store_name)
    delete_store(authorization_url, gone)
    response = http.post(f"/stores/{gone}/check", json={"tuple_key": READER})
    assert (response.status_code, response.json()["code"]) == (404, "store_id_not_found")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"tuple_key": {"user": "user:bob"}}'])
def test_request_that_makes_no_sense_is_refused(http: httpx.Client, store: str, content: bytes) -> None:
    assert http.post(f"{store}/check", content=content).status_code == 400
