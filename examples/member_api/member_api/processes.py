"""Server processes that outlive their starter: any process of this user can stop one.

A server that runs is described by JSON, so that a test run can hand it to all of its workers, and the last of them can
stop it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

PATIENCE = 30  # seconds


class Server(TypedDict):
    """A server that runs: how to reach it, the folder that holds all of it, and its process."""

    url: str
    folder: str
    pid: int


def run(command: Sequence[str], folder: Path, **options: Any) -> None:  # noqa: ANN401 - those of subprocess
    """Run `command` to its end. Raises RuntimeError, with what it printed, when it fails, and removes the folder."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(), **options)
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        message = f"{command[0]} failed:\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)


def start(
    command: Sequence[object],
    folder: Path,
    url_when_up: Callable[[], str],
    **options: Any,  # noqa: ANN401 - those of subprocess
) -> Server:
    """Run `command` until `url_when_up` returns something; what it prints is in the file `log` of its folder.

    Raises RuntimeError, with what it printed, when it ends before that or takes more than 30 seconds.
    """
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for whoever started this, who stops it
            **{"cwd": folder, "env": environment(), **options},
        )
    process.returncode = 0  # not ours to wait for: another process may stop it
    server = Server(url="", folder=str(folder), pid=process.pid)
    deadline = time.monotonic() + PATIENCE
    while not (url := url_when_up()):
        if not is_running(process.pid) or time.monotonic() > deadline:
            message = f"{command[0]} does not answer:\n{(folder / 'log').read_text(errors='replace')}"
            stop(server)
            raise RuntimeError(message)
        time.sleep(0.02)
    return Server(url=url.strip(), folder=str(folder), pid=process.pid)


def stop(server: Server) -> None:
    """Stop a server at once, and remove its folder."""
    with contextlib.suppress(ProcessLookupError):
        # SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along; other servers have none.
        os.kill(server["pid"], signal.SIGQUIT if "postgresql" in server["url"] else signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while is_running(server["pid"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(server["folder"], ignore_errors=True)


def is_running(pid: int) -> bool:
    """Tell whether a process is at work; one that has ended and that nobody has waited for is not."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # the child of another process
        pass
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc: init waits for the dead there
        return not Path("/proc/self").exists()


def environment() -> dict[str, str]:
    """Return what a server needs of the environment: nothing of the caller's `PG...` and `LC_...` variables."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
