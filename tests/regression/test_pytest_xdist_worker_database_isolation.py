"""Databases: what workers and runs do to each other's rows, keys, files and stores, and what each has for itself."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
from psycopg import errors, sql
from sqlalchemy import text
from tests.utils.holders import environment, holding, say
from tests.utils.servers import start_valkey, stop

from hermetic import workers
from hermetic.workers import redis as workers_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.utils.inner import InnerRun

# Two runs that are started at the same time, with two workers each, and every worker does every test.
ARGUMENTS = ("databases", 2, "-n2", "--dist=each", "--hermetic=warn")
WORKERS = 4

# What other processes do, until they are killed or have come to an end.
FILL_SCHEMA = """
with workers.postgres_schema(os.environ["HERMETIC_POSTGRES_URL"]) as schema:
    with schema.connect() as connection:
        connection.execute("CREATE TABLE members (name text)")
        connection.execute("INSERT INTO members VALUES ('Ada')")
    said = schema.name
    print(json.dumps(said), flush=True)
    sys.stdin.readline()
"""
COUNT_TABLES = """
with workers.postgres_schema(os.environ["HERMETIC_POSTGRES_URL"]) as schema, schema.connect() as connection:
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = %s"
    said = [schema.name, *connection.execute(tables, [schema.name]).fetchone()]
"""
INTRUDE = """
from hermetic.workers import postgres
postgres._LOCK_TIMEOUT = "100ms"  # instead of 5 seconds
with workers.postgres_schema(os.environ["HERMETIC_POSTGRES_URL"]) as schema:
    said = schema.name
"""
FILL_DATABASE = """
with workers.redis_database(os.environ["HERMETIC_REDIS_URL"]) as database, database.client() as client:
    client.set("session", "open")
    said = database.url
    print(json.dumps(said), flush=True)
    sys.stdin.readline()
"""
ASK_FOR_BOTH = """
url = os.environ["HERMETIC_REDIS_URL"]
with workers.redis_prefix(url) as prefix:
    try:
        with workers.redis_database(url) as database:
            said = [prefix, database.number]
    except workers.ExhaustedError as error:
        said = [prefix, str(error)]
"""


class Runs(list["InnerRun"]):
    """What came of the runs, and what their tests noted."""

    def noted(self, test: str, name: str) -> list[Any]:
        """What each worker noted under this name in a test, or in the cases of a test."""
        notes = [note for run in self for note in run["notes"] if note["test"].partition("[")[0] == test]
        assert len(notes) >= WORKERS, "\n".join(run["output"] for run in self)
        return [note[name] for note in notes if name in note]


@pytest.fixture(scope="session")
def runs(inner_at_once: Callable[..., list[InnerRun]]) -> Runs:
    """Two runs at once of the project `databases`."""
    return Runs(inner_at_once(*ARGUMENTS))


@pytest.fixture(scope="module")
def database(worker_postgres_url: str, worker_unique_name: Callable[[str], str]) -> Iterator[str]:
    """The URL of a PostgreSQL database in which nobody else leases."""
    name = worker_unique_name("database")
    with closing(psycopg.connect(worker_postgres_url, autocommit=True)) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(worker_postgres_url, dbname=name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def by_hand(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to that database as people make it by hand."""
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        connection.execute("SET lock_timeout = '100ms'")
        yield connection


@pytest.fixture(scope="module")
def small_server(worker_slot: int) -> Iterator[str]:
    """The URL of a Valkey server whose last database is this worker's."""
    server = start_valkey(databases=worker_slot + 2)
    yield server["url"]
    stop(server)


@pytest.fixture
def small(small_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That server, empty, on a machine on which no test run has used it yet."""
    monkeypatch.setenv("HERMETIC_LEASE_DIR", str(tmp_path))
    with redis.Redis.from_url(small_server) as client:
        client.flushall()
    return small_server


def other_machine(folder: Path, slot: int, **variables: str) -> dict[str, str]:
    """The environment of a process that has its leases in this folder, and gets this slot there."""
    return environment(folder, PYTEST_XDIST_WORKER=f"gw{slot}", PYTEST_XDIST_WORKER_COUNT="1000", **variables)


def schemas(connection: psycopg.Connection[Any]) -> set[str]:
    """The schemas of tests that are there."""
    found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test%'")
    return {name for (name,) in found}


def eventually(true: Callable[[], bool]) -> bool:
    """Whether something comes true: a server notices a moment later that a connection has been closed."""
    until = time.monotonic() + 5
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


@contextmanager
def removed_by_hand(path: Path) -> Iterator[Path]:
    """A SQLite file as people remove it."""
    yield path
    path.unlink()


def begin_writing(path: Path) -> sqlite3.Connection:
    """Write to a database with a write-ahead log, and leave it open."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE members (name text)")
    return connection


# --- PostgreSQL ---


def test_workers_in_the_public_schema_read_the_rows_of_each_other(runs: Runs) -> None:
    """In `public` every worker reads the rows of all; in a leased schema its own, until a fixture truncates them."""
    assert runs.noted("test_rows_in_public", "rows") == [WORKERS] * WORKERS

    own = runs.noted("test_rows_in_a_schema_of_its_own", "me")
    assert runs.noted("test_rows_in_a_schema_of_its_own", "rows") == [[me] for me in own]
    assert runs.noted("test_rows_after_the_truncation", "rows") == [0] * WORKERS


def test_of_workers_that_create_a_table_at_once_one_succeeds_and_with_leased_schemas_all(runs: Runs) -> None:
    """Of workers that run the same CREATE TABLE at the same time only one succeeds; each in its own schema, all do."""
    assert sum(runs.noted("test_one_table_for_all", "created")) == 1

    assert runs.noted("test_one_table_for_each", "created") == [True] * WORKERS


def test_a_table_that_the_schema_lacks_is_found_in_public_unless_the_path_ends_before(runs: Runs) -> None:
    """With `public` in the search path a forgotten migration goes unnoticed; the leased path has the schema alone."""
    assert runs.noted("test_search_path_with_public", "found") == [True] * WORKERS

    assert runs.noted("test_search_path_without_public", "found") == [False] * WORKERS


def test_a_connection_fixture_that_commits_leaves_rows_to_the_next_test(runs: Runs) -> None:
    """psycopg's own context manager commits what a test has written; `worker_postgres` rolls it back."""
    assert runs.noted("test_connection_that_commits", "rows") == [1, 2] * WORKERS

    assert runs.noted("test_connection_that_rolls_back", "rows") == [1, 1] * WORKERS


def test_a_session_that_commits_leaves_rows_unless_an_outer_transaction_undoes_it(runs: Runs) -> None:
    """What a session commits is there in the next test, unless the worker's engine has a transaction around it."""
    assert runs.noted("test_session_that_commits", "rows") == [1, 2] * WORKERS

    assert runs.noted("test_session_in_a_transaction", "rows") == [1, 1] * WORKERS
    schemas_of_engines = runs.noted("test_session_in_a_transaction", "schema")
    leased = runs.noted("test_leases_of_two_runs", "schema")
    assert sorted(schemas_of_engines) == sorted(leased * 2)


def test_an_engine_that_nobody_disposes_of_keeps_its_connections(database: str) -> None:
    """An engine made by hand stays connected after its test; `sqlalchemy_engine` closes its whole pool."""

    def use(engine: Any) -> Any:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT pg_backend_pid()"))

    with workers.postgres_schema(database) as schema, closing(schema.connect(autocommit=True)) as server:

        def connected(process: int) -> bool:
            return bool(server.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [process]).fetchall())

        forgotten = schema.create_engine()
        kept = use(forgotten)
        with workers.sqlalchemy_engine(schema) as engine:
            pooled = use(engine)
            assert connected(pooled)

        still = connected(kept)
        forgotten.dispose()
        assert still
        assert eventually(lambda: not connected(pooled))


def test_a_transaction_that_a_test_left_open_stops_a_drop_by_hand(database: str, by_hand: Any) -> None:
    """DROP SCHEMA waits for whoever has used a table and not ended the transaction; the end of a lease does not."""
    with workers.postgres_schema(database) as schema:
        left_open = schema.connect()
        left_open.execute("CREATE TABLE members (name text)")
        left_open.commit()
        left_open.execute("INSERT INTO members VALUES ('Ada')")

        with pytest.raises(errors.LockNotAvailable):
            by_hand.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema.name)))

    assert schema.name not in schemas(by_hand)
    left_open.close()


def test_a_killed_worker_leaves_its_schema_until_the_next_one_comes(
    database: str, by_hand: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """A killed worker leaves schema and rows; the next in its slot finds the schema empty, and at its end both go."""
    first, second = (other_machine(tmp_path, slot, HERMETIC_POSTGRES_URL=database) for slot in (0, 1))
    with holding(FILL_SCHEMA, env=first) as (one,), holding(FILL_SCHEMA, env=second) as (other,):
        killed = [one.said, other.said]
        one.kill()
        other.kill()

    assert schemas(by_hand) >= set(killed)
    rows = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(killed[0], "members"))
    assert by_hand.execute(rows).fetchone() == (1,)

    assert say(COUNT_TABLES, env=first) == [killed[0], 0]
    assert not schemas(by_hand) & set(killed)


def test_two_machines_that_have_the_same_number_do_not_get_the_same_schema(
    database: str, by_hand: Any, tmp_path: Path, worker_slot: int
) -> None:
    """A worker of another machine with the same number would drop a schema in use; its lease is refused instead."""
    intruder = other_machine(tmp_path, worker_slot, HERMETIC_POSTGRES_URL=database)
    with workers.postgres_schema(database) as schema, closing(schema.connect(autocommit=True)) as connection:
        connection.execute("CREATE TABLE members (name text)")

        refused = say(INTRUDE, env=intruder)
        assert isinstance(refused, dict), f"it has been given {refused}"
        assert refused["error"] == "ExhaustedError"
        assert "HERMETIC_POSTGRES_URL" in refused["message"]
        assert connection.execute("SELECT count(*) FROM members").fetchone() == (0,)

        by_hand.execute(f"DROP SCHEMA IF EXISTS test_worker_gw{worker_slot} CASCADE")
        with pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT count(*) FROM members")


def test_two_runs_at_once_have_the_same_worker_names_and_different_leases(runs: Runs) -> None:
    """Two runs both have a gw0, and seeded they have the same random names; what is leased differs in all workers."""
    assert len(set(runs.noted("test_names_of_two_runs", "name"))) == WORKERS // 2
    assert sum(runs.noted("test_names_of_two_runs", "created")) == WORKERS // 2

    by_chance = runs.noted("test_names_by_chance", "random")
    assert by_chance == [by_chance[0]] * WORKERS
    unique = [name for names in runs.noted("test_names_by_chance", "unique") for name in names]
    assert len(set(unique)) == len(unique) == 3 * WORKERS

    slots = runs.noted("test_leases_of_two_runs", "slot")
    assert len(set(slots)) == WORKERS
    assert runs.noted("test_leases_of_two_runs", "schema") == [f"test_worker_gw{slot}" for slot in slots]
    assert runs.noted("test_leases_of_two_runs", "database") == [slot + 1 for slot in slots]
    assert runs.noted("test_leases_of_two_runs", "prefix") == [f"test_worker_gw{slot}:" for slot in slots]
    assert runs.noted("test_leases_of_two_runs", "store") == [f"test_store_gw{slot}" for slot in slots]
    assert sorted(name.split("_")[1] for name in unique[::3]) == sorted(f"gw{slot}" for slot in slots)


# --- Redis ---


def test_a_flush_takes_the_keys_of_the_others_in_a_fixed_database(runs: Runs) -> None:
    """FLUSHDB in a fixed database takes the keys of every worker; in leased databases the others keep theirs."""
    assert runs.noted("test_flush_of_a_fixed_database", "kept") == [False] * WORKERS

    kept = runs.noted("test_flush_of_a_leased_database", "kept")
    assert sorted(kept) == [False, False, True, True]  # gone are those of the two that flushed


def test_a_key_of_one_test_is_there_in_the_next_unless_the_database_is_emptied(
    runs: Runs, worker_redis_url: str
) -> None:
    """Keys that a test leaves are found by the next; the worker's database is empty in each test, and at the end."""
    assert runs.noted("test_keys_that_stay", "visits") == [1, 2] * WORKERS

    assert runs.noted("test_keys_that_go", "visits") == [1, 1] * WORKERS
    left = runs.noted("test_key_of_the_last_test", "left")
    for number, key in zip(runs.noted("test_key_of_the_last_test", "database"), left, strict=True):
        with redis.Redis.from_url(worker_redis_url, db=number) as client:
            assert not client.exists(key)


def test_the_keys_of_a_killed_worker_are_not_found_by_the_next(small: str, tmp_path: Path, worker_slot: int) -> None:
    """A killed worker leaves its keys on the server; the next that leases the database finds it empty."""
    env = other_machine(tmp_path, worker_slot, HERMETIC_REDIS_URL=small)
    with holding(FILL_DATABASE, env=env) as (killed,):
        url = killed.said
        killed.kill()

    with redis.Redis.from_url(url) as by_hand:
        assert by_hand.get("session") == b"open"
        with workers.redis_database(small) as database:
            assert database.url == url
            assert by_hand.keys() == []


def test_a_worker_with_a_number_that_the_server_lacks_is_told_about_prefixes(
    small: str, tmp_path: Path, worker_slot: int
) -> None:
    """Numbers that grow with the workers leave the server's range; the error of a lease names prefixes instead."""
    late = other_machine(tmp_path, worker_slot + 1, HERMETIC_REDIS_URL=small)
    with redis.Redis.from_url(small, db=worker_slot + 2) as by_hand, pytest.raises(redis.ResponseError):
        by_hand.ping()

    assert workers.get_worker_redis_db(workers_redis.count_databases(small)) == worker_slot + 1
    prefix, refused = say(ASK_FOR_BOTH, env=late)
    assert prefix == f"test_worker_gw{worker_slot + 1}:"
    assert "get_worker_redis_prefix" in str(refused)


def test_a_prefix_keeps_keys_apart_if_it_ends_where_its_number_ends(runs: Runs, small: str) -> None:
    """One key counts for all workers; behind a leased prefix it does not, and deleting gw1's spares those of gw10."""
    assert runs.noted("test_a_key_that_all_have", "logins") == [WORKERS] * WORKERS
    assert runs.noted("test_a_key_behind_a_prefix", "logins") == [1] * WORKERS

    with redis.Redis.from_url(small, decode_responses=True) as client:
        with workers.redis_prefix(small) as prefix:
            stem = prefix.removesuffix(":")  # test_worker_gw1
            longer = f"{stem}0:logins"  # what test_worker_gw10 has
            client.mset({longer: 1, f"{prefix}logins": 1})
            assert longer in client.keys(f"{stem}*")
        assert client.keys() == [longer]

        for name in ("m[ab]:", "mab:", "ma:"):
            client.set(f"{name}logins", 1)
        assert client.keys("m[ab]:*") == ["ma:logins"]
        workers_redis.delete_keys(client, "m[ab]:")
        assert sorted(client.keys()) == ["ma:logins", "mab:logins", longer]


def test_a_database_with_data_of_others_is_flushed_by_hand_and_refused_as_a_lease(small: str, worker_slot: int) -> None:
    """A flush by hand deletes whatever is there; a lease refuses a database with keys that no test run has left."""
    with redis.Redis.from_url(small, db=worker_slot + 1) as colleague:
        colleague.set("basket", "full")
        with pytest.raises(workers.ForeignDataError, match="FLUSHDB"), workers.redis_database(small):
            pass
        assert colleague.get("basket") == b"full"

        with redis.Redis.from_url(small, db=worker_slot + 1) as fixture:
            fixture.flushdb()
        assert colleague.get("basket") is None


def test_an_asyncio_client_that_outlives_its_loop_fails_in_the_next(runs: Runs) -> None:
    """An asyncio client that is kept fails in the next event loop; the worker's is closed in the one that used it."""
    assert runs.noted("test_async_client_of_two_loops", "answers") == [[True, "Event loop is closed"]] * WORKERS

    assert runs.noted("test_async_client_of_its_loop", "connections") == [2] * WORKERS
    assert runs.noted("test_async_client_of_its_loop", "left") == [[]] * WORKERS


# --- an authorization store ---


def test_a_store_with_a_fixed_name_tells_what_the_others_have_written(runs: Runs) -> None:
    """Workers that find a store by a fixed name read what all have written; by `worker_store_name` each has its own."""
    assert runs.noted("test_store_with_a_fixed_name", "readers") == [2] * WORKERS  # both of a run

    assert runs.noted("test_store_with_the_name_of_the_worker", "readers") == [1] * WORKERS


def test_a_cleanup_by_name_removes_the_stores_that_others_are_using(runs: Runs) -> None:
    """A fixture that removes all stores takes one from a test that runs; one that removes its own by id does not."""
    assert runs.noted("test_cleanup_by_name", "kept") == [False] * WORKERS

    assert sorted(runs.noted("test_cleanup_by_id", "kept")) == [False, False, True, True]  # two have come to their end
    assert runs.noted("test_cleanup_by_id", "left") == [False] * WORKERS


# --- files, and what a run has once ---


def test_of_workers_that_write_one_sqlite_file_all_but_one_are_locked_out(runs: Runs, tmp_path: Path) -> None:
    """One SQLite file lets one worker write, and leaves side files; `worker_sqlite` is the test's own, and goes."""
    problems = runs.noted("test_one_sqlite_file", "problem")
    assert problems.count("database is locked") == WORKERS - 1
    assert runs.noted("test_sqlite_file_for_each", "problem") == [None] * WORKERS

    with removed_by_hand(tmp_path / "test.sqlite3") as path:
        unclosed = begin_writing(path)
    by_hand = sorted(file.name for file in tmp_path.iterdir())
    with workers.sqlite_file(folder=tmp_path) as first, workers.sqlite_file(folder=tmp_path) as second:
        others = [begin_writing(first), begin_writing(second)]
    leased = sorted(file.name for file in tmp_path.iterdir())
    for connection in [unclosed, *others]:
        connection.close()
    assert by_hand == ["test.sqlite3-shm", "test.sqlite3-wal"] == leased


def test_a_file_with_a_usual_name_is_read_by_another_worker(runs: Runs) -> None:
    """A file with one name in one folder has what the last worker wrote; in `worker_tmp` it has what this one wrote."""
    assert runs.noted("test_one_folder", "mine").count(True) <= 1

    assert runs.noted("test_folder_for_each", "mine") == [True] * WORKERS


def test_a_session_fixture_is_set_up_by_each_worker_and_once_per_run_by_one(runs: Runs) -> None:
    """A session fixture is set up by each worker; `once_per_run` by one of a run, and torn down by the last one out."""
    assert len(set(runs.noted("test_set_up_by_each_worker", "image"))) == WORKERS

    for run in runs:
        told = [note for note in run["notes"] if note.get("what") == "shared image"]
        (built,) = {note["image"] for note in run["notes"] if note["test"] == "test_set_up_once"}
        assert [note["built"] for note in told if "built" in note] == [built]
        assert [note["removed"] for note in told if "removed" in note] == [built]


def test_a_killed_worker_does_not_keep_what_the_run_has_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill a count of users stays wrong; `once_per_run` is torn down by the last that lives, or by the next."""
    monkeypatch.setenv("HERMETIC_LEASE_DIR", str(tmp_path))
    told: list[str] = []
    use = """
        with open("count", "a") as file: file.write("+")
        said = workers.OncePerRun("run").get({name!r}, lambda: "made by the killed")
        print(json.dumps(said), flush=True)
        sys.stdin.readline()
        with open("count", "a") as file: file.write("-")
    """

    with holding(use.format(name="shared"), use.format(name="left"), env=environment(tmp_path), cwd=tmp_path) as killed:
        things = workers.OncePerRun("run")
        assert killed[0].said == things.get("shared", lambda: "made anew", told.append)
        for holder in killed:
            holder.kill()
        made_anew = things.get("left", lambda: "made anew", told.append)

    assert (tmp_path / "count").read_text(encoding="utf-8") == "++"
    assert made_anew == "made anew"
    assert told == ["made by the killed"]  # of what only killed workers used
    assert things.leave() == []
    assert told == ["made by the killed", "made anew", "made by the killed"]
