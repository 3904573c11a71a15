"""HRM501."""

from __future__ import annotations

from hermetic.catalogue.rule import GUARD, Example, Rule


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
    Seen are binds in the process of the test, not those of child processes. A number counts as written out when it is
    a constant of a function of the project that is running, of its module, of a class there, or of a fixture of the
    test; one that comes out of a file, the environment or a calculation does not count, nor does one of several that
    are tried in turn. A library that binds without Python (an audit event) is not seen.
    """

    code = "HRM501"
    name = "fixed-port"
    symptoms = (
        "OSError: address already in use",
        "a server cannot start, or a test talks to another worker's server",
        "Connection refused, now and then, in parallel runs",
    )
    message = "a fixed port is bound: two workers, or two runs on one machine, cannot both have it"
    repair = "bind port 0 and ask for the number, or lease one with worker_port"
    claims = (GUARD,)
    no_claims = {"lint": "the static check comes later"}  # noqa: RUF012 - a mapping that nobody changes
    related = ("HRM109",)
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
    )
