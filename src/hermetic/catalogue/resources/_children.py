"""Ports that a child process is told to bind, by its command line."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._ports import HIGHEST, LOWEST, number_in
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.visits import Visit

WAITING = ("run", "call", "check_call", "check_output")
STARTERS = frozenset({
    "subprocess.Popen", "asyncio.create_subprocess_exec", *(f"subprocess.{name}" for name in WAITING),
    "anyio.open_process", "trio.lowlevel.open_process", "pexpect.spawn", "psutil.Popen",
})  # fmt: skip
OPTIONS = ("--port", "--http-port", "--listen-port", "--server-port", "--bind", "--listen", "--http", "-b")
SERVERS = ("serve", "http.server", "uvicorn", "gunicorn", "hypercorn", "daphne", "waitress", "flask", "mongod",
           "postgres", "mysqld", "memcached", "nginx", "jupyter", "streamlit", "mlflow", "moto_server", "dynamodb",
           "minio", "mitmdump", "livereload", "twistd")  # fmt: skip
BARE = ("http.server", "runserver", "moto_server")  # servers that take a port without an option
CLIENTS = ("ssh", "scp", "sftp", "psql", "pg_dump", "pg_isready", "createdb", "dropdb", "redis-cli", "mysql",
           "mysqladmin", "mongosh", "curl", "wget", "nc", "telnet", "ping", "mosquitto_pub", "valkey-cli")  # fmt: skip


def ports_of_child(visit: Visit, name: str) -> Iterator[tuple[int, Place]]:
    """Yield the ports, and where each is written, of the command that a call starts."""
    if name not in STARTERS or not visit.call.args:
        return
    here = Place(visit.scope, visit.call, visit.before)
    parts = list(words(here, visit.call))
    texts = [text for text, _ in parts]
    if not texts or is_client(texts) or (name.rpartition(".")[2] in WAITING and not is_container(texts)):
        return
    for number, (text, place) in enumerate(parts):
        port = port_at(texts, number)
        if LOWEST <= port <= HIGHEST:
            yield port, place if text else here


def words(here: Place, call: ast.Call) -> Iterator[tuple[str, Place]]:
    """Yield the words of a command with their places, "" for one that the run decides."""
    first = behind(here.at(call.args[0]))
    if isinstance(first.node, (ast.List, ast.Tuple)):
        items = [first.at(item) for item in first.node.elts]
    elif len(call.args) > 1:
        items = [here.at(item) for item in call.args]
    else:
        text = value_of(first)
        yield from ((word, first) for word in text.split()) if isinstance(text, str) else ()
        return
    for item in items:
        text = value_of(item)
        yield (str(text) if isinstance(text, (str, int)) else ""), behind(item)


def is_client(texts: list[str]) -> bool:
    """Tell whether a command connects to a server, and starts none."""
    return texts[0].rpartition("/")[2] in CLIENTS


def is_container(texts: list[str]) -> bool:
    """Tell whether a command runs a container, or sends a server into the background."""
    return texts[0] in ("docker", "podman") or any(text in ("-d", "--detach", "--daemonize", "-D") for text in texts)


def port_at(texts: list[str], number: int) -> int:
    """Return the port that one word of a command gives to a server, 0 for none."""
    text, before = texts[number], texts[number - 1] if number else ""
    option, _, given = text.partition("=")
    if given and option in OPTIONS:
        return number_in(given)
    if before in OPTIONS:
        return number_in(text)
    if is_container(texts) and before in ("-p", "--publish"):
        host = text.rpartition(":")[0].rpartition(":")[2]
        return int(host) if host.isdigit() else 0
    if before in ("-p", "-P") and any(word in part for part in texts for word in SERVERS):
        return number_in(text)
    is_plain = not before.startswith("-") or before in ("-m", "--bind")
    return number_in(text) if is_plain and any(word in texts[:number] for word in BARE) else 0
