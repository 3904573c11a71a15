"""Which writes leave something in a fixed place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = pytest.mark.parametrize("workers", ["-n0", "-n2"])
BENIGN = """
import logging
import os
import shutil
import sqlite3
import tempfile
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def database():
    path = HERE / "module.db"
    connection = sqlite3.connect(path)
    connection.execute("create table a (b)")
    connection.close()
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    (folder / "file").write_text("x")
    return folder


def test_temporary(tmp_path, tmp_path_factory, worker_tmp, worker_sqlite, shared):
    for folder in (tmp_path, tmp_path_factory.mktemp("more"), worker_tmp, shared):
        (folder / "a").mkdir()
        (folder / "a" / "b").write_text("x")
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    sqlite3.connect(worker_sqlite).close()


def test_tempfile():
    folder = tempfile.mkdtemp()
    Path(folder, "left").write_text("x")
    fd, path = tempfile.mkstemp()
    os.close(fd)
    Path(path).write_text("y")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")


def test_another_without_a_name():
    with tempfile.TemporaryFile() as file:
        file.write(b"x")


def test_in_a_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a/b").mkdir(parents=True)
    os.rename("a/b", "c")
    handler = logging.FileHandler("app.log")
    handler.close()


def test_the_module_has_a_database(database):
    connection = sqlite3.connect(database)
    assert connection.execute("select * from a").fetchall() == []
    connection.close()


def test_unique():
    folder = HERE / str(os.getpid())
    folder.mkdir()
    (folder / "a").write_text("x")
    (HERE / f"{uuid.uuid4()}.txt").write_text("x")
    (HERE / f"of-{os.environ.get('PYTEST_XDIST_WORKER', os.getpid())}.txt").write_text("x")


def test_put_back():
    path = HERE / "own.txt"
    path.write_text("x")
    path.unlink()


def test_caches():
    for name in (".cache", ".pytest_cache", "__pycache__"):
        (HERE / name).mkdir(exist_ok=True)
        (HERE / name / "x").write_text("x")


def test_refused(tmp_path):
    with pytest.raises(OSError):
        open(HERE / "no" / "such" / "folder", "w")
    with pytest.raises(ValueError):
        open("a\\0b", "w")


def test_captured(capfd, tmp_path_factory):
    with open(os.devnull, "w") as file:
        file.write("x")
    os.write(1, b"x")
    read, write = os.pipe()
    with open(read) as one, open(write, "w") as other:
        other.write("x")
        other.close()
        assert one.read() == "x"


@pytest.mark.hermetic(allow=["HRM502"])
def test_may():
    (HERE / "allowed.txt").write_text("x")
"""
LEFT = """
import os
import shutil
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def prepared():
    (HERE / "prepared.txt").write_text("x")
    (HERE / "removed.txt").write_text("x")
    yield
    (HERE / "removed.txt").unlink()


def test_written(prepared):
    (HERE / "written.txt").write_text("x")


def test_changed():
    (HERE / "checked_in.txt").write_text("now longer")


def test_folder():
    (HERE / "folder" / "in").mkdir(parents=True)
    (HERE / "folder" / "in" / "file").touch()


def test_copied_and_linked():
    shutil.copy(__file__, HERE / "copy.txt")
    os.symlink(__file__, HERE / "link.txt")


def test_in_a_thread():
    thread = threading.Thread(target=lambda: (HERE / "thread.txt").write_text("x"))
    thread.start()
    thread.join()


def test_low_level():
    os.close(os.open(HERE / "low.txt", os.O_CREAT | os.O_WRONLY))
"""
SHARED = """
import os

import pytest


@pytest.mark.parametrize("text", ["one", "two"])
def test_own_file(text):
    with open("shared.txt", "w") as file:
        file.write(text)
    os.remove("shared.txt")
"""


TURNS = """
import fcntl
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol():
    with open(Path(__file__).with_name("lock.txt")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return (yield)  # when the guard has looked, too
"""
IN_TURN = """
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def write(name):
    (HERE / name).write_text("x")
    (HERE / name).unlink()


"""


@WORKERS
def test_what_is_temporary_unique_or_gone_is_benign(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, "--hermetic-trace=off", files={"test_it.py": BENIGN})

    assert (run.findings, run.exit) == ([], 0), run.output
    assert "11 passed" in run.output


@WORKERS
def test_what_stays_is_found_with_its_line_and_its_owner(workers: str, tmp_path: Path) -> None:
    files = {"test_it.py": LEFT, "checked_in.txt": "short"}

    run = guarded(tmp_path / "suite", workers, "--dist=loadfile", "--hermetic-trace=off", files=files)

    assert {(item["state"], item["line"], item["owner"]) for item in run.findings} == {
        ("prepared.txt", 14, "prepared"),
        ("written.txt", 21, None),
        ("checked_in.txt", 25, None),
        ("folder", 29, None),
        ("copy.txt", 34, None),
        ("link.txt", 35, None),
        ("thread.txt", 39, None),
        ("low.txt", 45, None),
    }, run.output
    assert len(run.findings) == 8
    assert "INTERNALERROR" not in run.output


def test_a_file_that_two_tests_write_and_remove_is_found_at_the_second(tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", "-n0", files={"test_it.py": SHARED})

    assert run.found == {("HRM502", "test_it.py", 9)}, run.output
    assert len(run.findings) == 1
    assert "as test_it.py::test_own_file[one] does" in run.output


def in_turn(body: str) -> dict[str, str]:
    """Return two files of tests that never run at the same time, so that neither sees what the other one wrote."""
    return {"conftest.py": TURNS, "test_a.py": IN_TURN + body, "test_b.py": IN_TURN + body, "lock.txt": ""}


@pytest.mark.parametrize(("mode", "fails"), [("error", 1), ("warn", 0)])
def test_a_file_that_tests_of_two_workers_write_and_remove_is_found(mode: str, fails: int, tmp_path: Path) -> None:
    files = in_turn('def test_own():\n    write("shared.txt")\n')

    run = guarded(tmp_path / "suite", "-n2", "--dist=loadfile", mode=mode, files=files)

    assert run.found == {("HRM502", "test_b.py", 11)}, run.output
    assert "test_own writes 'shared.txt', as test_a.py::test_own does: in two workers" in run.output
    assert ("2 passed" in run.output, "the run fails" in run.output, run.exit) == (True, bool(fails), fails)


def test_a_file_that_workers_have_for_themselves_or_may_share_is_benign(tmp_path: Path) -> None:
    files = in_turn("""
def test_of_the_worker():
    write(f"{os.environ['PYTEST_XDIST_WORKER']}.txt")


def test_of_a_folder(tmp_path):
    write(tmp_path / "shared.txt")


@pytest.mark.hermetic(allow=["HRM502"])
def test_may():
    write("allowed.txt")


def test_locks():
    write("shared.lock")


def test_says_so():
    (HERE / "said.txt").write_text("x")  # hermetic: ignore[HRM502]
    (HERE / "said.txt").unlink()
""")

    run = guarded(tmp_path / "suite", "-n2", "--dist=loadfile", files=files)

    assert (run.findings, run.exit) == ([], 0), run.output
    assert "10 passed" in run.output


def test_a_test_that_each_worker_runs_is_no_other_test(tmp_path: Path) -> None:
    files = in_turn('def test_own():\n    write("shared.txt")\n')
    del files["test_b.py"]

    run = guarded(tmp_path / "suite", "-n2", "--dist=each", files=files)

    assert (run.findings, run.exit) == ([], 0), run.output
    assert "2 passed" in run.output


def test_what_a_thread_of_an_executor_writes_is_of_the_line_that_gave_it_the_job(tmp_path: Path) -> None:
    source = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def test_to_thread():
    async def write(path):
        await asyncio.to_thread(path.write_text, "x")

    asyncio.run(write(Path("left.txt")))


def test_submit():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Path("folder").mkdir)


def test_temporary(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        pool.submit((tmp_path / "a").write_text, "x").result()


def test_taken_away():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Path("gone").write_text, "x").result()
        pool.submit(Path("gone").unlink).result()
"""
    run = guarded(tmp_path / "suite", files={"test_it.py": source.lstrip("\n")})

    assert run.found == {("HRM502", "test_it.py", 8), ("HRM502", "test_it.py", 15)}, run.output
