"""HRM501."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._children import STARTERS, ports_of_child
from hermetic.catalogue.resources._ports import (
    BY_ADDRESS,
    BY_PORT,
    HIGHEST,
    LOWEST,
    METHODS_BY_ADDRESS,
    METHODS_BY_PORT,
    is_for_all,
    is_tried,
    ports_bound,
)
from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, Rule, node_id, one_per_line
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.origins import results
from hermetic.source.visits import Visit, roots, visits, visits_at_import
from hermetic.source.written import Place, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

REACHED = (
    b".bind(", b"Server", b"server(", b"erve(", b"listen", b"TCPSite", b"run_app", b"run_simple", b"uvicorn",
    b"Listener", b"Manager(", b"Controller", b"insecure_port", b"datagram_endpoint", b"--port",
)  # fmt: skip
BINDING = Interest(
    "HRM501",
    REACHED,
    (*BY_PORT, *BY_ADDRESS, *STARTERS),
    (*METHODS_BY_PORT, *METHODS_BY_ADDRESS, "create_datagram_endpoint"),
    inherits=True,
)
LIVE = ("LiveServerTestCase", "StaticLiveServerTestCase", "ChannelsLiveServerTestCase")


class FixedPort(Rule):
    """A test, or code that it runs, binds a port whose number is written out.

    Why it breaks:
    A port belongs to one process of the machine. Two workers that bind the same one, two runs of the suite on one
    machine, or a developer's server that is still running: the second gets `Address already in use`, or, with
    `SO_REUSEPORT`, the other's requests. In one process the next test gets it while the first server is still there.

    Do this instead:
    Bind port 0 and ask the socket for its name (`server.server_address`, `getsockname()`); hand that to the client.
    Where a number must be known first, lease one: `worker_port`, or `get_worker_port_offset()` for a block of a hundred
    that no other worker and no other run has. Or use a Unix socket below `tmp_path`.

    Limits:
    The linter sees sockets, servers of the standard library and of common packages, and command lines of child
    processes, with ports from 1024 on. A number that comes out of the environment, a file, or a calculation with
    something that only the run knows does not count, nor one that is tried, with another one or a skip where it is
    taken, nor one for datagrams that every process may bind (`SO_REUSEPORT`). It follows the tests into the code that
    they certainly run. A fixture that gives a port which nobody is seen to bind is reported in the `project` preset
    alone. The plugin sees binds in the process of the test, not those of child processes. A number counts as written
    out when it is a constant of a function of the project that is running, of its module, of a class there, or of a
    fixture of the test; one that comes out of a file, the environment or a calculation does not count, nor does one of
    several that are tried in turn. A library that binds without Python (an audit event) is not seen.
    """

    code = "HRM501"
    name = "fixed-port"
    symptoms = (
        "OSError: address already in use",
        "a server cannot start, or a test talks to another worker's server",
        "Connection refused, now and then, in parallel runs",
    )
    message = "port {port} is written out {where}: two workers, or two runs on one machine, cannot both have it"
    repair = "bind port 0 and ask for the number, or lease one with worker_port"
    claims = (LINT, GUARD)
    follows = "calls"
    tokens = (
        b".bind(", b"Server", b"server(", b"erve(", b"listen", b"TCPSite", b"run_app", b"run_simple", b"uvicorn",
        b"bind_ports", b"--port", b"--bind", b"http.server", b"runserver", b"_proc(", b"Listener", b"Manager(",
        b"Controller", b"docker", b"port=", b"def port", b"_port(", b"PORT =", b"insecure_port", b"datagram_endpoint",
        b"_port():", b"_PORT",
    )  # fmt: skip
    reached = REACHED
    related = ("HRM109",)

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the ports that tests bind, and those that they have servers bind."""
        for visit in visits_at_import(module, BINDING):
            yield from self.bound_by(visit, project)
        for root in roots(module, BINDING):
            for visit in visits(root, REACHED, interest=BINDING):
                yield from self.bound_by(visit, project)
        for cls in module.top.classes:
            yield from self.live_ports(cls)
        if {PROJECT, self.code} & project.presets:
            yield from self.named_ports(module)

    def bound_by(self, visit: Visit, project: Project) -> Iterator[Finding]:
        """Yield the ports that one call binds."""
        name = resolve(visit.scope, visit.call.func)
        for port, place in (*ports_bound(visit, name), *ports_of_child(visit, name)):
            if visit.is_mocked(name, project) or is_tried(visit) or is_for_all(visit):
                return
            test = node_id(visit.root) if visit.root.is_function else ""
            inside = place.fixture is not None and place.scope is place.fixture
            at, scope = (place.node, place.scope) if inside else (visit.call, visit.scope)
            where = f"in {place.fixture.name}" if inside and place.fixture is not None else "where it is bound"
            yield self.finding(scope.module, at, self.message.format(port=port, where=where), test=test)

    def live_ports(self, cls: Scope) -> Iterator[Finding]:
        """Yield the port that a class of Django's live server tests chooses."""
        bindings = [item for item in cls.bindings.get("port", ()) if isinstance(item.value, ast.Constant)]
        bases = [base for level in ancestry(cls) for base in level.bases] if bindings else []
        if any(resolve(cls.parent or cls, base).endswith(LIVE) for base in bases):
            value = bindings[-1].value
            assert isinstance(value, ast.Constant)  # noqa: S101 - for the type checker
            if isinstance(value.value, int) and value.value:
                yield self.finding(cls.module, value, self.message.format(port=value.value, where="for the server"))

    def named_ports(self, module: Module) -> Iterator[Finding]:
        """Yield the fixtures whose name says port and that give a number."""
        for fixture in module.top.functions:
            if roles.role_of(fixture) != "fixture" or "port" not in roles.fixture_name(fixture).lower().split("_"):
                continue
            given = list(results(fixture))
            value = value_of(Place(fixture, given[0])) if len(given) == 1 else None
            if isinstance(value, int) and not isinstance(value, bool) and LOWEST <= value <= HIGHEST:
                where = f"in {fixture.name}"
                yield self.finding(
                    module, given[0], self.message.format(port=value, where=where), test=node_id(fixture)
                )

    bad = (
        Example(
            "the port is a literal, and the first server is still there",
            {
                "test_server.py": """
import socket

servers = []


def test_first_client():
    server = socket.socket()
    servers.append(server)
    server.bind(("127.0.0.1", 28471))  # <- HRM501
    server.listen()
    socket.create_connection(("127.0.0.1", 28471)).close()


def test_second_client():
    server = socket.socket()
    servers.append(server)
    server.bind(("127.0.0.1", 28471))  # <- HRM501
    server.listen()
    socket.create_connection(("127.0.0.1", 28471)).close()
"""
            },
        ),
        Example(
            "a fixture has the number, and the standard library binds it",
            {
                "pages.py": """
import http.server


def serve(port):
    return http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler)
""",
                "conftest.py": """
import pytest


@pytest.fixture
def port():
    return 28472  # <- HRM501
""",
                "test_pages.py": """
import pages

running = []


def test_home(port):
    running.append(pages.serve(port))
    assert running[0].server_port == port


def test_about(port):
    running.append(pages.serve(port))
    assert running[-1].server_port == port
""",
            },
        ),
        Example(
            "the default of the code under test is used by two tests",
            {
                "metrics.py": """
import asyncio

PORT = 28473


async def start(host="127.0.0.1", port=PORT):
    return await asyncio.start_server(print, host, port)  # <- HRM501
""",
                "test_metrics.py": """
import asyncio

import metrics

loops = []


def start():
    loop = asyncio.new_event_loop()
    loops.append((loop, loop.run_until_complete(metrics.start())))
    return loops[-1][1].is_serving()


def test_metrics_start():
    assert start()


def test_metrics_start_again():
    assert start()
""",
            },
        ),
        Example(
            "a module-scoped server in a thread, on the number of a constant",
            {
                "test_echo.py": """
import socketserver
import threading

import pytest

PORT = 28474


@pytest.fixture(scope="module")
def echo():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", PORT), socketserver.BaseRequestHandler)  # <- HRM501
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_echo(echo):
    assert echo.server_address[1] == PORT
"""
            },
            harm="none",
            why="tried: the port is free again when the module is done, so one run alone passes. Two workers that run "
            "tests of the module at once, or two runs, collide.",
        ),
        Example(
            "a child process gets the number of a class by its command line",
            {
                "test_child.py": """
import subprocess
import sys

SERVER = "import socket, sys; s = socket.create_server(('', int(sys.argv[2]))); print('ready', flush=True); s.accept()"


class TestChild:
    port = 28475
    running = []

    def start(self):
        command = [sys.executable, "-c", SERVER, "--port", str(self.port)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.running.append(subprocess.Popen(command, **options))  # <- HRM501
        return self.running[-1].stdout.readline().strip()

    def test_it_starts(self):
        assert self.start() == "ready"

    def test_it_starts_again(self):
        assert self.start() == "ready"


def teardown_module():
    for process in TestChild.running:
        process.kill()
        process.communicate()
"""
            },
            claims=(LINT,),
        ),
    )
    good = (
        Example(
            "the operating system chooses, and a second server gets the number of the first, which is gone",
            {
                "test_free.py": """
import http.server
import socket


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_the_server_has_a_port():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        assert server.server_port > 0


def test_a_port_that_was_free():
    port = free_port()
    with http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler) as server:
        assert server.server_port == port
"""
            },
        ),
        Example(
            "a socket in the temporary folder has a path and no port",
            {
                "test_unix.py": """
import socket
import tempfile


def test_unix_socket():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        assert server.getsockname() == f"{folder}/s"
"""
            },
        ),
        Example(
            "the first free one of several is taken",
            {
                "ports.py": """
import socket


def first_free(start=28480):
    for port in range(start, start + 100):
        server = socket.socket()
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            server.close()
        else:
            return server
    raise OSError("no port is free")
""",
                "test_first_free.py": """
import ports


def test_one_is_free():
    with ports.first_free() as server:
        assert 28480 <= server.getsockname()[1] < 28580
""",
            },
        ),
        Example(
            "the number is written out, and only named in an address that nobody binds",
            {
                "test_address.py": """
from urllib.parse import urlsplit


def test_the_port_of_an_address():
    assert urlsplit("http://127.0.0.1:8080/").port == 8080
"""
            },
        ),
        Example(
            "the environment gives the number, or the test runs the server on a mock",
            {
                "service.py": """
import socket


def serve(host="127.0.0.1", port=28481):
    server = socket.socket()
    server.bind((host, port))
    return server
""",
                "test_service.py": """
import os
import socket
from unittest import mock

import pytest
import service


@pytest.fixture
def port():
    return int(os.environ.get("SERVICE_PORT", "0"))


def test_the_port_is_given(port):
    with service.serve(port=port) as server:
        assert server.getsockname()[1] != 28481


def test_the_default_is_passed_on():
    with mock.patch("socket.socket") as made:
        service.serve()
    made.return_value.bind.assert_called_once_with(("127.0.0.1", 28481))


def test_a_port_that_is_refused():
    with pytest.raises(OverflowError):
        socket.create_server(("127.0.0.1", 66000))
""",
            },
        ),
        Example(
            "the worker adds what it has leased",
            {
                "test_blocks.py": """
import socket

import pytest
from hermetic.workers import get_worker_port_offset

BASE = 28600


@pytest.fixture
def port():
    return BASE + get_worker_port_offset()


def test_a_port_of_the_worker(port):
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port

"""
            },
        ),
    )
