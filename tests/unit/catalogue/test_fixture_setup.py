"""HRM405 and HRM406: what a fixture makes before its yield, one spelling at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import contextlib, fcntl, http.server, os, pathlib, shutil, socket, sqlite3, subprocess, tempfile, uuid
from pathlib import Path
import psycopg, pytest, redis, sqlalchemy
from filelock import FileLock
from sqlalchemy import MetaData, create_engine
HERE = Path(__file__).parent
URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")
metadata = MetaData()
"""

GLOBAL = {
    "a folder": "os.mkdir('out')",
    "a folder beside the file": "(HERE / 'out').mkdir(parents=True)",
    "a file": "open('seed.json', 'w').write('{}')",
    "a file below home": "Path.home().joinpath('.shop').write_text('x')",
    "a file for everybody": "Path(tempfile.gettempdir(), 'seed').write_bytes(b'x')",
    "a tree that is removed": "shutil.rmtree(HERE / 'out')",
    "the folder of the run": "(tmp_path_factory.getbasetemp().parent / 'out').mkdir()",
    "a database in a file": "sqlite3.connect('shop.db').execute('CREATE TABLE item (name)')",
    "the tables of one database": "metadata.create_all(create_engine('postgresql://localhost/shop'))",
    "a database on a server": "psycopg.connect('dbname=shop').execute('TRUNCATE item')",
    "the default database of Redis": "redis.Redis().flushdb()",
    "a port": "http.server.HTTPServer(('localhost', 8099), None)",
    "a socket": "socket.socket().bind(('', 8099))",
    "a program with a port": "subprocess.Popen(['shop-server', '--port', '8099'])",
    "containers": "subprocess.run('docker compose up -d', shell=True, check=True)",
}
OWN = {
    "a folder of the run's": "tmp_path_factory.mktemp('out').joinpath('a').mkdir()",
    "a folder that may be there": "os.makedirs('out', exist_ok=True)",
    "a file that is read": "open('seed.json').read()",
    "a temporary file": "Path(tempfile.mkdtemp(), 'a').write_text('x')",
    "a name with a uuid": "Path(f'out-{uuid.uuid4()}').mkdir()",
    "a database in memory": "sqlite3.connect(':memory:').execute('CREATE TABLE item (name)')",
    "a database that is read": "sqlite3.connect('shop.db').execute('SELECT 1')",
    "an address of the environment": "metadata.create_all(create_engine(URL))",
    "a text that has a method of that name": "str('a').replace('a', 'b')",
    "port 0": "http.server.HTTPServer(('localhost', 0), None)",
    "a program that only looks": "subprocess.run(['docker', 'ps'], check=True)",
    "a program without a port": "subprocess.run(['git', 'init', str(tmp_path_factory.mktemp('r'))], check=True)",
    "the null device": "open('/dev/null', 'w')",
    "another fixture's folder": "(folder / 'out').mkdir()",
}
KNOWING = {
    "the worker's name": "worker_id",
    "a fixture that knows": "own_folder",
}


def found_in(folder: Path, source: str, code: str, *, strict: bool = False) -> list[str]:
    select = [code, "project"] if strict else [code]
    found = lint_files({"test_it.py": source}, folder, select=select)
    return [source.splitlines()[(item.line or 1) - 1] for item in found if item.code == code]


def session_fixture(body: str, arguments: str = "tmp_path_factory, folder", scope: str = "session") -> str:
    return f'{HEAD}\n@pytest.fixture(scope="{scope}")\ndef made({arguments}):\n    {body}\n'


@pytest.mark.parametrize("body", GLOBAL.values(), ids=GLOBAL)
def test_a_session_fixture_that_makes_what_exists_once_is_found(tmp_path: Path, body: str) -> None:
    assert found_in(tmp_path, session_fixture(body), "HRM405") == ["def made(tmp_path_factory, folder):"]
    assert found_in(tmp_path, session_fixture(body, scope="function"), "HRM405") == []


@pytest.mark.parametrize("body", OWN.values(), ids=OWN)
def test_what_each_worker_can_have_is_left_alone(tmp_path: Path, body: str) -> None:
    assert found_in(tmp_path, session_fixture(body), "HRM405") == []


@pytest.mark.parametrize("argument", KNOWING.values(), ids=KNOWING)
def test_a_fixture_that_knows_its_worker_is_left_alone(tmp_path: Path, argument: str) -> None:
    knowing = '\n\n@pytest.fixture(scope="session")\ndef own_folder(worker_id):\n    return worker_id\n'

    assert found_in(tmp_path, session_fixture("os.mkdir('out')", argument) + knowing, "HRM405") == []


@pytest.mark.parametrize(
    "body",
    [
        "with FileLock('out.lock'):\n        os.mkdir('out')",
        "with open('lock') as file:\n        fcntl.flock(file, 2)\n        os.mkdir('out')",
        "try:\n        os.mkdir('out')\n    except FileExistsError:\n        pass",
    ],
)
def test_a_fixture_that_takes_a_lock_is_left_alone(tmp_path: Path, body: str) -> None:
    assert found_in(tmp_path, session_fixture(body), "HRM405") == []


def test_a_docstring_or_a_comment_that_speaks_of_workers_is_no_lock(tmp_path: Path) -> None:
    body = '"""One for all workers."""  # behind a lock\n    os.mkdir("out")  # once per worker'

    assert len(found_in(tmp_path, session_fixture(body), "HRM405")) == 1


def test_a_helper_that_is_given_the_path_is_followed(tmp_path: Path) -> None:
    helper = "\n\ndef fill(path, text='x'):\n    path.write_text(text)\n"

    assert len(found_in(tmp_path, session_fixture("fill(HERE / 'seed.txt')") + helper, "HRM405")) == 1
    assert found_in(tmp_path, session_fixture("fill(folder / 'seed.txt')") + helper, "HRM405") == []


@pytest.mark.parametrize(
    "mover",
    [
        "contextlib.chdir(tmp_path_factory.mktemp('a'))",
        "tmpdir_factory.mktemp('a').as_cwd()",
        "CliRunner().isolated_filesystem()",
    ],
)
def test_behind_a_change_of_folder_a_relative_path_is_anywhere(mover: str, tmp_path: Path) -> None:
    moving = f"with {mover}:\n        os.mkdir('out')"

    assert found_in(tmp_path, session_fixture(moving), "HRM405") == []
    assert len(found_in(tmp_path, session_fixture(moving.replace("'out'", "'/srv/out'")), "HRM405")) == 1


def fixture(*lines: str, arguments: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{HEAD}import app\n\n@pytest.fixture\ndef made({arguments}):\n{body}"


LEAKING = {
    "two servers": ("a = app.start_a()", "b = app.start_b()", "yield a, b", "b.stop()", "a.stop()"),
    "two processes": (
        "a = subprocess.Popen(['a'])",
        "b = subprocess.Popen(['b'])",
        "yield",
        "b.kill()",
        "a.kill()",
    ),
    "a folder and a server": (
        "path = tempfile.mkdtemp()",
        "a = app.start(path)",
        "yield a",
        "a.stop()",
        "shutil.rmtree(path)",
    ),
    "verbs": ("app.create_user('a')", "app.create_user('b')", "yield", "app.drop_user('b')", "app.drop_user('a')"),
    "objects that are started": (
        "a = app.A()",
        "b = app.B()",
        "a.start()",
        "b.start()",
        "yield",
        "b.stop()",
        "a.stop()",
    ),
    "a try that begins too late": (
        "a = app.start_a()",
        "b = app.start_b()",
        "try:",
        "    yield",
        "finally:",
        "    b.stop()",
        "    a.stop()",
    ),
    "functions that give back": ("a = app.acquire()", "b = app.acquire()", "yield", "app.release(b)", "app.release(a)"),
}
GUARDED = {
    "one thing": ("a = app.start_a()", "yield a", "a.stop()"),
    "an object and its thread": ("a = app.start_a()", "a.connect()", "yield a", "a.stop()"),
    "a with around the second": (
        "a = app.start_a()",
        "with contextlib.closing(a):",
        "    b = app.start_b()",
        "    yield",
        "    b.stop()",
        "a.stop()",
    ),
    "a try around the second": (
        "a = app.start_a()",
        "try:",
        "    b = app.start_b()",
        "    yield",
        "    b.stop()",
        "finally:",
        "    a.stop()",
    ),
    "an except around the second": (
        "a = app.start_a()",
        "try:",
        "    b = app.start_b()",
        "except OSError:",
        "    a.stop()",
        "    raise",
        "yield",
        "b.stop()",
        "a.stop()",
    ),
    "what holds nothing yet": (
        "engine = create_engine('x')",
        "a = app.start_a()",
        "yield",
        "a.stop()",
        "engine.dispose()",
    ),
    "a path that is put together": (
        "folder = tempfile.mkdtemp()",
        "path = os.path.join(folder, 'a')",
        "yield path",
        "os.remove(path)",
        "os.rmdir(folder)",
    ),
    "what is only changed": ("app.config['a'] = 1", "b = app.start_b()", "yield", "b.stop()", "del app.config['a']"),
}


@pytest.mark.parametrize("lines", LEAKING.values(), ids=LEAKING)
def test_a_fixture_whose_second_step_can_leak_the_first_is_found(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert found_in(tmp_path, fixture(*lines), "HRM406") == ["def made():"]


@pytest.mark.parametrize("lines", GUARDED.values(), ids=GUARDED)
def test_a_guarded_fixture_is_left_alone(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert found_in(tmp_path, fixture(*lines), "HRM406", strict=True) == []


def test_what_python_closes_by_itself_counts_where_the_project_asks_for_it(tmp_path: Path) -> None:
    source = fixture("a = open('a')", "b = open('b')", "yield", "b.close()", "a.close()")

    assert found_in(tmp_path, source, "HRM406") == []
    assert found_in(tmp_path, source, "HRM406", strict=True) == ["def made():"]


def test_finalizers_guard_from_where_they_are_registered(tmp_path: Path) -> None:
    late = ("a = app.start_a()", "b = app.start_b()", "request.addfinalizer(a.stop)", "request.addfinalizer(b.stop)")
    in_time = (late[0], late[2], late[1], late[3])

    assert len(found_in(tmp_path, fixture(*late, "return a", arguments="request"), "HRM406")) == 1
    assert found_in(tmp_path, fixture(*in_time, "return a", arguments="request"), "HRM406") == []
