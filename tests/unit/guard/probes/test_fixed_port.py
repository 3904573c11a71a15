"""Which binds are those of a fixed port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.guarding import guarded

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = pytest.mark.parametrize("workers", ["-n0", "-n2"])
BENIGN = """
import os
import random
import socket
import socketserver

import pytest
from hermetic.workers import get_worker_port_offset

BASE = 21000


def bound(port, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        return server.getsockname()[1]


def test_zero():
    assert bound(0) > 0


def test_a_port_that_the_system_gave_before():
    assert bound(bound(0, kind=socket.SOCK_DGRAM)) > 0


def test_a_server_says_its_port():
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        port = server.server_address[1]
    assert bound(port) == port


def test_computed():
    assert bound(30000 + max(1, os.getpid() % 2000)) > 30000


def test_drawn():
    assert bound(31000 + random.Random(os.getpid()).randint(1, 1000)) > 31000


def test_leased(worker_port):
    assert bound(worker_port) == worker_port


def test_leased_by_hand():
    assert bound(BASE + get_worker_port_offset(BASE)) >= BASE


def test_refused():
    with pytest.raises(OverflowError):
        bound(70000)


def test_clients_bind_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""
FIXED = """
import socket
import threading

import pytest


class Settings:
    port = 28491


def serve(port):
    with socket.socket() as server:
        server.bind(("127.0.0.1", int(port)))


@pytest.fixture
def address():
    return "127.0.0.1:28492"


@pytest.fixture
def in_thread():
    thread = threading.Thread(target=socket.create_server, args=(("127.0.0.1", 28493),))
    thread.start()
    thread.join()


def test_of_a_class():
    serve(Settings.port)


def test_of_an_address(address):
    serve(address.rpartition(":")[2])


def test_in_a_thread(in_thread):
    pass


class TestMembers:
    PORT = 28494

    def test_of_the_test_class(self):
        serve(self.PORT)


def test_datagrams():
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("", 28495))


@pytest.mark.hermetic(allow=["HRM501"])
def test_may():
    serve(28496)


def test_asked_for_its_name_it_is_fixed_all_the_same():
    for _ in "ab":
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", 28497))
            server.getsockname()
"""


@WORKERS
def test_a_port_that_nobody_wrote_down_is_benign(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, "--hermetic-trace=off", files={"test_it.py": BENIGN})

    assert (run.findings, run.exit) == ([], 0), run.output
    assert "9 passed" in run.output


@WORKERS
def test_a_port_is_fixed_wherever_it_is_written(workers: str, tmp_path: Path) -> None:
    run = guarded(tmp_path / "suite", workers, "--hermetic-trace=off", files={"test_it.py": FIXED})

    found = {(item["state"], item["line"], item["test"].rpartition("::")[2]) for item in run.findings}
    assert found == {
        ("port 28491", 14, "test_of_a_class"),
        ("port 28492", 19, "test_of_an_address"),
        ("port 28493", 24, "test_in_a_thread"),
        ("port 28494", 14, "test_of_the_test_class"),
        ("port 28495", 50, "test_datagrams"),
        ("port 28497", 62, "test_asked_for_its_name_it_is_fixed_all_the_same"),
    }, run.output
    assert len(run.findings) == len(found)


def test_a_port_that_a_fixture_hands_on_is_of_the_line_that_writes_it_out(tmp_path: Path) -> None:
    files = {
        "support.py": "import socket\n\ndef listening(port):\n    return socket.create_server(('127.0.0.1', port))\n",
        "conftest.py": "import pytest\n\n@pytest.fixture\ndef port():\n    return 21437\n\n"
        "@pytest.fixture\ndef free():\n    return 0\n",
        "test_it.py": "from support import listening\n\ndef test_fixed(port):\n    listening(port).close()\n\n"
        "def test_free(free):\n    listening(free).close()\n\ndef test_here():\n    listening(21438).close()\n",
    }

    run = guarded(tmp_path / "suite", files=files)

    assert run.found == {("HRM501", "conftest.py", 5), ("HRM501", "support.py", 4)}, run.output
