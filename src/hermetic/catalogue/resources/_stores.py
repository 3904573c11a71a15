"""Stores of a server (of an authorization service, objects, vectors, messages) that a call names by a fixed text."""

from __future__ import annotations

import _ast as ast

from hermetic.source.names import resolve
from hermetic.source.text import contains
from hermetic.source.values import UNKNOWN
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.text import Text
    from hermetic.source.visits import Visit

# Methods that make or choose a store by what they are given first.
CHOOSERS = frozenset({
    "create_store", "ensure_store", "open_store", "get_or_create_store", "use_store", "select_store", "set_store_id",
    "create_bucket", "make_bucket", "create_collection", "get_or_create_collection", "recreate_collection",
    "create_topic", "create_realm", "delete_store",
})  # fmt: skip
KEYS = frozenset({
    "store_id", "store_name", "store", "bucket", "Bucket", "bucket_name", "collection_name", "index_name", "realm_name",
    "realm", "name", "openfga_store_id", "fga_store_id",
})  # fmt: skip
STORE_KEYS = ("store_id", "store_name", "store", "openfga_store_id", "fga_store_id")
TOLD = tuple(f"{before}{name}=".encode() for name in STORE_KEYS for before in ("(", ",", " ", "\n", "\t"))
WRITERS = frozenset({
    "write", "write_tuples", "write_tuple", "delete_tuples", "delete_tuple", "write_authorization_model", "grant",
    "revoke", "allow", "deny", "add", "put", "upsert", "insert", "remove", "delete", "add_tuple", "add_relation",
    "relate", "assign", "share", "set", "put_object", "store", "save", "write_relationships",
})  # fmt: skip
REQUESTS = ("httpx.post", "requests.post", "httpx.put", "requests.put")
REMOTE = ("client", "fga", "authz", "session", "api", "s3", "minio", "connect", "service", "admin")
LOCAL = ("mock", "fake", "stub", "testclient", "memory", "ephemeral", "moto")


def store_fixed(visit: Visit) -> Place | None:
    """Return the call that names the store which a call uses by a fixed text; None for others."""
    call = visit.call
    here = Place(visit.scope, call, visit.before)
    if resolve(visit.scope, call.func) in REQUESTS:
        return here if is_store_request(here, call) else None
    if not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr in CHOOSERS:
        return here if is_remote(here.at(call.func.value)) and is_fixed(here, call, KEYS, by_place=True) else None
    if call.func.attr not in WRITERS:
        return None
    maker = behind(here.at(call.func.value))
    if not isinstance(maker.node, ast.Call) or not is_remote(maker):
        return None
    return next((place for place in makers(maker) if is_fixed(place, place.node, STORE_KEYS)), None)


def tells_store(text: Text) -> bool:
    """Tell whether a file has a call that may tell a client its store."""
    return b"store" in text.data and contains(text.data, TOLD)


def makers(maker: Place) -> Iterator[Place]:
    """Yield the call that makes a client, and those that make what it is given, such as its configuration."""
    yield maker
    assert isinstance(maker.node, ast.Call)  # noqa: S101 - for the type checker
    for given in (*maker.node.args, *(item.value for item in maker.node.keywords)):
        place = behind(maker.at(given))
        if isinstance(place.node, ast.Call):
            yield place


def is_fixed(place: Place, call: ast.AST, names: tuple[str, ...] | frozenset[str], *, by_place: bool = False) -> bool:
    """Tell whether a call is given the name or id of a store as a written-out text."""
    if not isinstance(call, ast.Call):
        return False
    given = [item.value for item in call.keywords if item.arg in names]
    if by_place and not given:
        given = call.args[:1]
    for item in given:
        found = behind(place.at(item))
        if isinstance(found.node, ast.Call) and by_place:  # CreateStoreRequest(name="documents")
            return is_fixed(found, found.node, names)
        value = value_of(found)
        if isinstance(value, str) and value:
            return True
    return False


def is_remote(client: Place) -> bool:
    """Tell whether an object is a client of a server, by the names of what makes it and holds it."""
    found = behind(client)
    text = " ".join((resolve(client.scope, client.node), resolve(found.scope, found.node))).lower()
    if any(word in text for word in LOCAL):
        return False
    if isinstance(found.node, ast.Call) and any(value_of(found.at(item)) == ":memory:" for item in found.node.args):
        return False
    return any(word in text for word in REMOTE)


def is_store_request(here: Place, call: ast.Call) -> bool:
    """Tell whether a request makes a store with a fixed name: `post(f"{url}/stores", json={"name": ...})`."""
    if not call.args:
        return False
    address = behind(here.at(call.args[0])).node
    last = address.values[-1] if isinstance(address, ast.JoinedStr) and address.values else address
    if isinstance(last, ast.BinOp):
        last = last.right
    if not isinstance(last, ast.Constant) or not str(last.value).rstrip("/").endswith("/stores"):
        return False
    sent = next((behind(here.at(item.value)).node for item in call.keywords if item.arg == "json"), None)
    if not isinstance(sent, ast.Dict):
        return False
    named = [value for key, value in zip(sent.keys, sent.values, strict=True) if getattr(key, "value", "") == "name"]
    return bool(named) and value_of(here.at(named[0])) is not UNKNOWN
