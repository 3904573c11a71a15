"""Clients of Redis and Valkey: which database they use, and what is done through them."""

from __future__ import annotations

import _ast as ast

from hermetic.source import roles
from hermetic.source.names import is_generator, resolve
from hermetic.source.spelling import spelled
from hermetic.source.text import contains
from hermetic.source.values import UNKNOWN
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

MODULES = ("redis", "redis.asyncio", "redis.client", "redis.asyncio.client", "valkey", "valkey.asyncio", "aioredis",
           "coredis", "redis.connection", "redis.asyncio.connection")  # fmt: skip
CLASSES = ("Redis", "StrictRedis", "Valkey", "StrictValkey", "ConnectionPool", "BlockingConnectionPool")
CLIENTS = frozenset(f"{module}.{name}" for module in MODULES for name in CLASSES)
BY_URL = frozenset(f"{name}.from_url" for name in (*MODULES, *CLIENTS))
PLACES = ("host", "port", "db")  # of the arguments that are given without a name
STARTING = (b".start(", b"Popen(", b"serve_forever")
OWN = ("container", "proc", "server", "socket", "tmp")  # what names a server that the run has started for itself
WRITERS = frozenset({
    "set", "setex", "psetex", "setnx", "mset", "msetnx", "append", "incr", "incrby", "incrbyfloat", "decr", "decrby",
    "getset", "delete", "unlink", "expire", "rename", "hset", "hmset", "hsetnx", "hincrby", "hdel", "lpush", "rpush",
    "lpop", "rpop", "lset", "ltrim", "lrem", "sadd", "srem", "spop", "zadd", "zrem", "zincrby", "xadd", "xtrim",
    "publish", "setbit", "pfadd", "geoadd", "json_set", "xgroup_create", "setrange", "bitop", "blpop", "brpop",
})  # fmt: skip


def database_of(place: Place) -> int | None:
    """Return the number of the database that a call makes a client for, where it and the server are written out."""
    call = place.node
    if not isinstance(call, ast.Call):
        return None
    name = resolve(place.scope, call.func)
    keywords = {item.arg: item.value for item in call.keywords}
    if None in keywords or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    if name in BY_URL:
        return database_in(place, call, keywords)
    if name not in CLIENTS or "connection_pool" in keywords:
        return None
    given = dict(zip(PLACES, call.args, strict=False)) | {name: keywords[name] for name in keywords if name in SERVER}
    values = {name: value_of(place.at(node)) for name, node in given.items()}
    return None if UNKNOWN in values.values() else as_number(values.get("db", 0))


SERVER = (*PLACES, "unix_socket_path", "path")
RUNNING = (b"containers.run", b"Container(", b"containers.create")


def database_in(place: Place, call: ast.Call, keywords: dict[str | None, ast.expr]) -> int | None:
    """Return the number of the database that a written-out URL names, 0 where it names none."""
    first = call.args[0] if call.args else keywords.get("url")
    url = value_of(place.at(first)) if first is not None else UNKNOWN
    if not isinstance(url, str) or "://" not in url:
        return None
    if "db" in keywords:
        return as_number(value_of(place.at(keywords["db"])))
    address, _, options = url.partition("://")[2].partition("?")
    for option in options.split("&"):
        if option.startswith("db="):
            return as_number(option[3:])
    if url.startswith("unix"):
        return 0
    return as_number(address.partition("/")[2] or "0")


def as_number(value: object) -> int | None:
    """Return a number, also from its text; None for anything else."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) else 0 if value is None else None


def client_behind(visit: Visit) -> Place | None:
    """Return the call that made the client whose method a call is, pipelines included; None for other calls."""
    function = visit.call.func
    if not isinstance(function, ast.Attribute):
        return None
    place = behind(Place(visit.scope, function.value, visit.before))
    while isinstance(place.node, ast.Call) and isinstance(place.node.func, ast.Attribute):
        if place.node.func.attr not in ("pipeline", "client", "__enter__", "__aenter__"):
            break
        place = behind(place.at(place.node.func.value))
    if not isinstance(place.node, ast.Call) or resolve(place.scope, place.node.func) not in CLIENTS | BY_URL:
        return None
    pool = next((item.value for item in place.node.keywords if item.arg == "connection_pool"), None)
    return behind(place.at(pool)) if pool is not None else place


def command_of(visit: Visit) -> str:
    """Return the command that a method of a client, or its `execute_command`, sends; "" where it is not known."""
    function = visit.call.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    if name == "execute_command" and visit.call.args:
        value = value_of(Place(visit.scope, visit.call.args[0], visit.before))
        return value.split(maxsplit=1)[0].lower() if isinstance(value, str) and value else ""
    return name


def writes_fixed_key(visit: Visit) -> bool:
    """Tell whether a call writes a key that is written out: one with a part that only the run knows is a test's own."""
    arguments = [*visit.call.args, *(item.value for item in visit.call.keywords if item.arg in ("name", "key"))]
    if command_of(visit) not in WRITERS or not arguments:
        return False
    first = behind(Place(visit.scope, arguments[0], visit.before))
    if isinstance(first.node, ast.Dict):
        return any(key is not None and value_of(first.at(key)) is not UNKNOWN for key in first.node.keys)
    return value_of(first) is not UNKNOWN


def is_own_server(client: Place | None) -> bool:
    """Tell whether a client's server is named as one that the run has started for itself."""
    if client is None or not isinstance(client.node, ast.Call):
        return False
    given = [*client.node.args, *(item.value for item in client.node.keywords if item.arg in (*SERVER, "url"))]
    return any(
        value_of(client.at(item)) is UNKNOWN and any(word in spelled(item).lower() for word in OWN) for item in given
    )


def has_container(root: Scope, project: Project) -> bool:
    """Tell whether a test or fixture gets a container, by its name or what starts it, through other fixtures too."""
    pending, seen = [root] if root.is_function else [], set()
    while pending:
        function = pending.pop()
        seen.add(function)
        for name in roles.used_fixtures(function):
            if "container" in name.lower():
                return True
            fixture = project.fixture(name, function.module, function)
            if fixture is not None and fixture not in seen:
                if contains(fixture.module.text(fixture), RUNNING):
                    return True
                pending.append(fixture)
    return False


def is_started_here(client: Place) -> bool:
    """Tell whether a client's address is that of a server which a fixture, or the same function, starts and ends."""
    call, scope = client.node, client.scope
    assert isinstance(call, ast.Call)  # noqa: S101 - for the type checker
    for item in [*call.args[:2], *(item.value for item in call.keywords if item.arg in SERVER)]:
        node = item.value if isinstance(item, ast.Subscript) else item
        fixture = behind(client.at(node)).fixture
        if fixture is not None and is_generator(fixture) and contains(fixture.module.text(fixture), STARTING):
            return True
        name = node.id if isinstance(node, ast.Name) else ""
        for other in scope.kept(ast.Call) if name else ():
            made = resolve(scope, other.func).rpartition(".")[2]
            if "Server" in made and any(name in spelled(given).split() for given in other.args):
                return True
    return False
