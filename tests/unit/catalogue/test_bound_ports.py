"""Addresses that are bound: which of them hold a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("('', 4321)", True),
        ("(socket.INADDR_ANY, 4321)", True),
        ("('::', 4321, 0, 0)", True),
        ("(socket.VMADDR_CID_ANY, 4321)", False),
        ("(socket.TIPC_ADDR_NAMESEQ, 4321, 2000, 3000)", False),
    ],
)
def test_only_an_address_of_the_internet_holds_a_port(address: str, tmp_path: Path, *, found: bool) -> None:
    test = f"import socket\ndef test_it():\n    with socket.socket() as server:\n        server.bind({address})\n"

    assert bool(lint_files({"test_it.py": test}, tmp_path, select=("HRM501",))) is found


TRIED = """
from twisted.internet import reactor
from twisted.internet.error import CannotListenError


class TestSite:
    def setup_method(self):
        self.port = 51242
        for _ in range(10):
            try:
                self.server = reactor.listenTCP(self.port, None)
            except {caught}:
                self.port += 1
            else:
                break

    def teardown_method(self):
        self.server.stopListening()

    def test_it(self):
        assert self.server
"""


@pytest.mark.parametrize(("caught", "found"), [("CannotListenError", False), ("OSError", False), ("TypeError", True)])
def test_a_port_that_is_tried_until_one_is_free_is_left_alone(caught: str, tmp_path: Path, *, found: bool) -> None:
    items = lint_files({"test_it.py": TRIED.format(caught=caught)}, tmp_path, select=("HRM501",))

    assert bool(items) is found


@pytest.mark.parametrize(
    ("kind", "option", "found"),
    [
        ("SOCK_DGRAM", "SO_REUSEPORT", []),
        ("SOCK_DGRAM", "SO_BROADCAST", ["HRM501"]),
        ("SOCK_STREAM", "SO_REUSEPORT", ["HRM501"]),
    ],
)
def test_datagrams_for_all_who_bind_the_port(kind: str, option: str, found: list[str], tmp_path: Path) -> None:
    source = (
        "import socket\n\n\ndef test_a():\n"
        f"    with socket.socket(socket.AF_INET, socket.{kind}) as listener:\n"
        f'        listener.setsockopt(socket.SOL_SOCKET, socket.{option}, 1)\n        listener.bind(("", 5353))\n'
    )

    assert [item.code for item in lint_files({"test_it.py": source}, tmp_path, select=("HRM501",))] == found
