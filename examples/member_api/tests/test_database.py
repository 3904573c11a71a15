"""Members and consents in PostgreSQL, in the schema of this worker and nowhere else."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from member_api.app import create_app
from member_api.database import metadata
from member_api.registry import Consent, DuplicateEmailError, MemberRegistry, MemberStore, NewMember
from member_api.settings import Settings
from sqlalchemy import Engine, text

from hermetic.workers import PostgresSchema

IDA = NewMember(name="Ida", email="ida@example.org")


@pytest.fixture(params=["memory", "PostgreSQL"])
def store(request: pytest.FixtureRequest) -> MemberStore:
    """Return each of the places where members can be kept: they must behave alike."""
    if request.param == "memory":
        return MemberRegistry()
    stored: MemberStore = request.getfixturevalue("registry")
    return stored


def test_address_is_taken_once(store: MemberStore) -> None:
    store.add(IDA)
    with pytest.raises(DuplicateEmailError):
        store.add(IDA)


def test_members_come_in_the_order_in_which_they_joined(store: MemberStore) -> None:
    added = [store.add(NewMember(name=name, email=f"{name}@example.org")) for name in ("zoe", "adam")]
    assert store.all() == added


def test_member_is_found_as_added(store: MemberStore) -> None:
    ida = store.add(IDA)
    assert store.find(ida.id) == ida
    assert store.find("m-1") is None


def test_latest_consent_replaces_the_one_before(store: MemberStore) -> None:
    for granted in (True, False):
        store.set_consent("alice", Consent(purpose="research", granted=granted, recorded_by="alice"))
    assert [consent.granted for consent in store.consents_of("alice")] == [False]
    assert store.consents_of("bob") == []


def test_every_table_is_in_the_workers_schema(
    worker_tables: str, worker_postgres_schema: PostgresSchema, worker_sqlalchemy_engine: Engine
) -> None:
    assert worker_tables == worker_postgres_schema.name
    found = text("SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = ANY(:names)")
    with worker_sqlalchemy_engine.connect() as connection:
        names = list(metadata.tables)
        places = connection.execute(found.bindparams(names=names)).all()
    assert {(schema, name) for schema, name in places if schema == worker_tables} == {
        (worker_tables, name) for name in names
    }
    assert "public" not in {schema for schema, _ in places}


def test_members_outlive_the_application(settings: Settings, alice: dict[str, str]) -> None:
    with TestClient(create_app(settings)) as client:
        client.post("/members", json=IDA.model_dump(), headers=alice)
    with TestClient(create_app(settings)) as client:
        assert [member["name"] for member in client.get("/members", headers=alice).json()] == ["Ida"]


@pytest.mark.parametrize("path", ["/me/data", "/api-keys"])
def test_what_needs_a_database_is_off_without_one(settings: Settings, alice: dict[str, str], path: str) -> None:
    with TestClient(create_app(replace(settings, database_url=None))) as client:
        assert client.get(path, headers=alice).status_code == 503
        assert client.get("/members", headers=alice).json() == []
