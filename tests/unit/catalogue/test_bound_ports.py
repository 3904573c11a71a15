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
