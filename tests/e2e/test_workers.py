"""What workers lease, in real runs under xdist: two at once, with workers that are killed, and without xdist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
import redis
from tests.utils.holders import environment
from tests.utils.lint import write_files
from tests.utils.proof_driver import WITHOUT
from tests.utils.server_fixtures import worker_postgres_url
from tests.utils.servers import start_valkey, stop

from hermetic import workers

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["worker_postgres_url"]

PAGE = Path(__file__).parents[2] / "docs" / "workers.md"

# Each worker notes what it has, and waits until as many as expected have done so: all of them live at the same time.
CONFTEST = """
import json, os, pathlib, time
import pytest
from hermetic import workers

OUT = pathlib.Path(os.environ["OUT"])

def note(text):
    with open(OUT / "notes", "a") as file:
        file.write(text + "\\n")

def start():
    note("up")
    return os.getpid()

def end(pid):
    note("down")

@pytest.fixture(scope="session")
def thing(once_per_run):
    return once_per_run("thing", start, end)

@pytest.fixture(scope="session")
def met(worker_identity, worker_port_block, worker_postgres_schema, worker_tmp, thing):
    block = worker_port_block
    record = {
        "worker": worker_identity.worker,
        "slot": worker_identity.slot,
        "ports": [block.first, block.last],
        "schema": worker_postgres_schema.name,
        "prefix": workers.get_worker_redis_prefix(),
        "store": workers.get_worker_store_name(),
        "path": str(worker_tmp),
        "unique": workers.unique_resource_name(),
        "thing": thing,
    }
    (OUT / f"{os.getpid()}.new").write_text(json.dumps(record))
    (OUT / f"{os.getpid()}.new").rename(OUT / f"{os.getpid()}.json")
    deadline = time.monotonic() + 60
    while len(list(OUT.glob("*.json"))) < int(os.environ["EXPECTED"]):
        assert time.monotonic() < deadline, "the others did not come"
        time.sleep(0.02)
    return record
"""
USES_ALL = """
import os, pytest, socket, sqlite3
from sqlalchemy import text

@pytest.mark.parametrize("number", range(4))
def test_uses_everything(
    number, met, worker_port, worker_postgres, worker_sqlalchemy_engine, worker_redis, worker_redis_prefix,
    worker_sqlite, worker_telemetry, worker_environ
):
    with socket.create_server(("127.0.0.1", worker_port)):
        worker_postgres.execute("CREATE TABLE IF NOT EXISTS things (x int)")
        worker_postgres.execute("INSERT INTO things VALUES (%s)", [number])
        worker_postgres.commit()
        with worker_sqlalchemy_engine.connect() as connection:
            assert connection.execute(text("SELECT x FROM things")).scalars().all() == [number]
        assert worker_redis.incr("count") == 1
        worker_redis.set(worker_redis_prefix + "some", "x")
        with sqlite3.connect(worker_sqlite) as connection:
            connection.execute("CREATE TABLE things (x int)")
        connection.close()
        met["database"] = worker_redis.connection_pool.connection_kwargs["db"]
        from conftest import OUT
        (OUT / f"{os.getpid()}.database").write_text(str(met["database"]))
"""
DIES = """
import os, pytest, signal, time
from conftest import OUT

@pytest.mark.parametrize("number", range(12))
def test_dies_or_not(number, met):
    time.sleep(0.1)
    if number == 1:
        os._exit(3)
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    # Leave something for the replacement, which may be slow to come.
    deadline = time.monotonic() + 60
    while number > 5 and len(list(OUT.glob("*.json"))) < 3:
        assert time.monotonic() < deadline, "no replacement came"
        time.sleep(0.02)
"""
LATE = """
import time, pytest
from conftest import end, start

@pytest.fixture(scope="session")
def late(worker_identity):
    if worker_identity.worker == "gw1":
        time.sleep(1.5)  # the other worker has long done its test

@pytest.fixture(scope="session")
def broken(once_per_run):
    return once_per_run("broken", lambda: 1, lambda value: value / 0)

@pytest.mark.parametrize("number", range(2))
def test_uses_the_thing(number, late, thing, broken):
    pass
"""


class Machine(NamedTuple):
    """A folder with a project, and what its runs share: leases, servers and a place for notes."""

    project: Path
    out: Path
    env: dict[str, str]
    postgres: str
    redis: str

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in WITHOUT if name != "hermetic")]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.project,
            env={**self.env, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in self.out.glob("*.json")]

    def notes(self) -> list[str]:
        return (self.out / "notes").read_text(encoding="utf-8").split()

    def schemas(self) -> list[Any]:
        with closing(psycopg.connect(self.postgres)) as connection:
            query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test\\_worker%'"
            return connection.execute(query).fetchall()

    def run_files(self) -> list[Path]:
        return list(self.project.parent.rglob("run-*"))


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    """The URL of a server on which nobody else leases."""
    server = start_valkey()
    yield server["url"]
    stop(server)


@pytest.fixture
def machine(tmp_path: Path, worker_postgres_url: str, valkey: str, worker_unique_name: Any) -> Iterator[Machine]:
    """A project on a machine of its own."""
    name = worker_unique_name("database")
    with closing(psycopg.connect(worker_postgres_url, autocommit=True)) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        database = psycopg.conninfo.make_conninfo(f"host={server.info.host} user={server.info.user}", dbname=name)
        project, out = tmp_path / "project", tmp_path / "out"
        write_files({"pytest.ini": "[pytest]\npythonpath = .\n", "conftest.py": CONFTEST}, project)
        out.mkdir()
        env = environment(tmp_path, OUT=str(out), TMPDIR=str(tmp_path), EXPECTED="1")
        env |= {"HERMETIC_POSTGRES_URL": database, "HERMETIC_REDIS_URL": valkey}
        yield Machine(project, out, env, database, valkey)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_two_runs_at_once_share_nothing_and_leave_nothing(machine: Machine) -> None:
    write_files({"test_all.py": USES_ALL}, machine.project)
    runs = [machine.start("-n", "4", EXPECTED="8") for _ in range(2)]
    outputs = [run.communicate(timeout=100)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    records = machine.records()
    assert len(records) == 8
    assert sorted(record["worker"] for record in records) == sorted(["gw0", "gw1", "gw2", "gw3"] * 2)
    for key in ("slot", "schema", "prefix", "store", "path", "unique"):
        assert len({record[key] for record in records}) == 8, key
    ports = [port for record in records for port in range(record["ports"][0], record["ports"][1] + 1)]
    assert len(set(ports)) == len(ports) == 800
    assert len({path.read_text(encoding="utf-8") for path in machine.out.glob("*.database")}) == 8
    assert sorted(record["slot"] for record in records) == list(range(8))

    # Two runs: two of what each has once.
    assert sorted(machine.notes()) == ["down", "down", "up", "up"]
    assert machine.schemas() == []
    assert [record["path"] for record in records if (machine.project / record["path"]).exists()] == []
    assert machine.run_files() == []
    with redis.Redis.from_url(machine.redis) as client:
        assert client.info("keyspace") == {}


def test_killed_workers_are_replaced_by_ones_with_slots_of_their_own(machine: Machine) -> None:
    write_files({"test_dies.py": DIES}, machine.project)
    run = machine.start("-n", "2", EXPECTED="2")
    output, _ = run.communicate(timeout=100)

    assert re.search(r"2 failed, 10 passed", output), output
    assert "INTERNALERROR" not in output
    records = machine.records()
    slots = {record["worker"]: record["slot"] for record in records}
    assert slots.keys() >= {"gw0", "gw1", "gw2"}
    assert all(worker == f"gw{slot}" for worker, slot in slots.items())
    # These two lived at the same time; the later ones may have the ports of the dead.
    assert len({record["ports"][0] for record in records if record["worker"] in {"gw0", "gw1"}}) == 2
    # It may be set up anew when all who used it have been killed, but never twice at a time.
    notes = machine.notes()
    assert notes == ["up", "down"] * (len(notes) // 2)
    assert machine.run_files() == []
    # Also those of the killed ones.
    assert machine.schemas() == []


def test_what_the_run_has_once_waits_for_a_late_worker(machine: Machine) -> None:
    write_files({"test_late.py": LATE}, machine.project)
    run = machine.start("-n", "2", "-p", "no:asyncio", "-W", "error")
    output, _ = run.communicate(timeout=100)

    assert run.returncode == 0, output
    assert machine.notes() == ["up", "down"]
    assert machine.run_files() == []
    # A teardown that fails is told, and breaks nothing.
    assert "tearing down what the run has once: ZeroDivisionError" in output
    assert "INTERNALERROR" not in output


def test_a_server_that_the_run_has_once_is_no_leak_of_a_test_or_fixture(machine: Machine) -> None:
    source = """
        import os, signal, subprocess, sys, threading, pytest

        def start():
            return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid

        @pytest.fixture(scope="session")
        def server(once_per_run):
            return once_per_run("server", start, lambda pid: os.kill(pid, signal.SIGKILL))

        def test_uses_it(server): ...
        def test_uses_it_too(server): ...
        def test_starts_one_of_its_own():
            start()
        """
    write_files({"test_server.py": textwrap.dedent(source)}, machine.project)
    for number in ("-n0", "-n2"):
        run = machine.start(number, "--hermetic=error", "--dist=loadfile")
        output, _ = run.communicate(timeout=100)

        assert "3 passed, 1 error" in output, output
        assert "HRM109 test_starts_one_of_its_own left the child process" in output


@pytest.mark.parametrize("arguments", [("-p", "no:xdist"), ("-n", "0")], ids=" ".join)
def test_without_workers_the_fixtures_are_the_same(machine: Machine, arguments: tuple[str, ...]) -> None:
    write_files({"test_all.py": USES_ALL}, machine.project)
    url = machine.env["HERMETIC_REDIS_URL"]
    run = machine.start(*arguments, "-o", f"hermetic_redis_url={url}", "-k", "0", HERMETIC_REDIS_URL="")
    output, _ = run.communicate(timeout=100)

    assert run.returncode == 0, output
    (record,) = machine.records()
    assert (record["worker"], record["slot"], record["schema"]) == ("master", 0, "test_worker_gw0")
    assert machine.notes() == ["up", "down"]
    assert machine.schemas() == []


def test_a_failing_teardown_of_what_the_run_has_once_is_an_error_outside_xdist(machine: Machine) -> None:
    write_files({"test_late.py": LATE}, machine.project)
    run = machine.start("-p", "no:xdist")
    output, _ = run.communicate(timeout=100)

    assert run.returncode == 1
    assert "2 passed, 1 error" in output
    assert "ZeroDivisionError" in output


def test_an_error_names_the_library_or_the_server_that_is_missing(machine: Machine, tmp_path: Path) -> None:
    write_files({"redis/__init__.py": "raise ImportError('not here')"}, tmp_path / "without")
    write_files(
        {
            "test_missing.py": """
def test_library(worker_redis): ...
def test_server(worker_postgres): ...
def test_needs_neither(worker_port, worker_tmp, worker_sqlite, worker_store_name): ...
"""
        },
        machine.project,
    )
    path = f"{tmp_path / 'without'}:{machine.env['PYTHONPATH']}"
    run = machine.start("-p", "no:xdist", PYTHONPATH=path, HERMETIC_POSTGRES_URL="")
    output, _ = run.communicate(timeout=100)

    assert "1 passed, 2 errors" in output
    assert "MissingLibraryError: redis cannot be imported (not here)" in output
    assert "pip install 'hermetic[services]'" in output
    assert "MissingServerError: which server to use is not known: set HERMETIC_POSTGRES_URL=" in output
    assert "raise MissingServerError(" not in output  # the message is the help, our own source is none


def test_a_folder_that_cannot_hold_leases_is_an_error_of_the_tests_that_need_it(machine: Machine) -> None:
    write_files(
        {"test_once.py": "def test_once(thing): ...\n\n\ndef test_needs_nothing(): ...\n"},
        machine.project,
    )
    run = machine.start("-n", "2", HERMETIC_LEASE_DIR=str(machine.project / "absent"))
    output, _ = run.communicate(timeout=100)

    assert "1 passed, 1 error" in output, output
    assert "LeaseError" in output
    assert "name a writable folder of your own: HERMETIC_LEASE_DIR=/path/to/folder" in output
    assert "INTERNALERROR" not in output


def test_the_examples_of_the_page_run(machine: Machine) -> None:
    fences = re.findall(
        r"^```\{ \.python \.good \}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    write_files({f"test_page_{number}.py": fence for number, fence in enumerate(fences)}, machine.project)
    run = machine.start("-n", "2")
    output, _ = run.communicate(timeout=100)

    assert len(fences) == 2
    assert "4 passed" in output, output


def test_the_page_lists_every_fixture_and_nothing_else(machine: Machine) -> None:
    run = machine.start("--fixtures", "-q", "-p", "no:xdist")
    output, _ = run.communicate(timeout=100)
    offered = set(re.findall(r"^((?:worker_|once_)\w+)", output, re.MULTILINE))
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Fixtures")
    listed = re.findall(r"^\| `(\w+)` \| (?:session|function) \|", section, re.MULTILINE)

    assert set(listed) == offered != set()
    assert len(listed) == len(offered)


def test_every_function_that_the_page_names_is_public() -> None:
    _, _, text = PAGE.read_text(encoding="utf-8").partition("## Functions")
    section, _, _ = text.partition("## Fixtures")
    named = re.findall(r"`(\w+)\(", section)

    assert "get_worker_num" in named
    assert [name for name in named if name not in {*workers.__all__, "take", "give_back"}] == []


def test_the_fixtures_load_no_optional_library() -> None:
    code = (
        "import sys, hermetic.workers.fixtures; "
        "print({'redis', 'psycopg', 'sqlalchemy', 'opentelemetry', 'xdist'} & set(sys.modules)); "
        "print(sorted(name for name in sys.modules if name.startswith('hermetic')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    # Nor much of hermetic: every run of pytest pays for it.
    assert done.stdout == (
        "set()\n['hermetic', 'hermetic.workers', 'hermetic.workers.fixtures', 'hermetic.workers.identity']\n"
    )
