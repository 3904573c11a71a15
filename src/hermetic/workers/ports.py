"""Blocks of TCP ports: 100 for each worker, kept by UDP sockets on the first and the last of them.

The operating system gives a port to one process of the machine, so a block is never shared: not with another run,
not with another user, not with a project that counts from another base. It is free again when the process ends. TCP
and UDP have numbers of their own, so every TCP port of the block can be used.
"""

from __future__ import annotations

import collections
import errno
import itertools
import os
import socket
import sys

from hermetic.workers._lease import guard, lease_slot
from hermetic.workers.errors import ExhaustedError

PORTS_PER_WORKER = 100
# Below the ports that operating systems hand out to outgoing connections (32768 and up on Linux, 49152 elsewhere).
PORT_BASE = 20_000
_LAST_PORT = 65_535


class PortBlock:
    """The ports `first` to `last` of this process; `offset` is `first` minus the base that was asked for."""

    def __init__(self, base: int, offset: int, keepers: list[socket.socket]) -> None:
        self.base = base
        self.offset = offset
        self.first = base + offset
        self.last = self.first + PORTS_PER_WORKER - 1
        self._keepers = keepers
        self._free = collections.deque(range(self.first, self.last + 1))

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last

    def __repr__(self) -> str:
        return f"PortBlock({self.first}-{self.last})"

    def take(self) -> int:
        """Return a port of the block that nothing listens on, for one user. Raises ExhaustedError."""
        for _ in range(len(self._free)):
            port = self._free.popleft()
            if is_free(port):
                return port
            self._free.append(port)
        raise ExhaustedError(
            f"every port from {self.first} to {self.last} is taken; give ports back with give_back() when their server "
            "has stopped, as the fixture worker_port does"
        )

    def give_back(self, port: int) -> None:
        """Let a port be taken again, after all others."""
        if port in self and port not in self._free:
            self._free.append(port)

    def forget(self) -> None:
        """Stop keeping the block."""
        _close(self._keepers)


_blocks: dict[int, PortBlock] = {}


def lease_port_block(base: int = PORT_BASE) -> PortBlock:
    """Return the block of this process above `base`: the same one until it is released, or the process ends.

    On an idle machine slot 2 gets `base + 200`. A block with a port that something listens on is passed over.
    Raises ExhaustedError when no block up to port 65535 is free.
    """
    with guard():
        if base not in _blocks:
            _blocks[base] = _first_free(base)
        return _blocks[base]


def release_port_block(base: int = PORT_BASE) -> None:
    """Give the block above `base` back, if this process has one."""
    if block := _blocks.pop(base, None):
        block.forget()


def get_worker_port_offset(base: int = PORT_BASE) -> int:
    """Return what to add to `base`: 0, 100, 200 ... so that 100 free TCP ports follow, for this process alone.

    The ports from `base + offset` to `base + offset + 99` were checked when the block was leased. Raises as
    `lease_port_block`.
    """
    return lease_port_block(base).offset


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a TCP port now, on every address of this machine."""
    addresses = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "")]
    if socket.has_ipv6:
        addresses.append((socket.AF_INET6, "::"))
    return all(_can_bind(family, host, port) for family, host in addresses)


def _first_free(base: int) -> PortBlock:
    blocks = (_LAST_PORT + 1 - base) // PORTS_PER_WORKER
    slot = lease_slot()
    for index in itertools.chain([slot] if slot < blocks else [], range(blocks)):
        first = base + index * PORTS_PER_WORKER
        if keepers := _keep(first, first + PORTS_PER_WORKER - 1):
            return PortBlock(base, first - base, keepers)
    raise ExhaustedError(
        f"none of the {max(blocks, 0)} blocks of {PORTS_PER_WORKER} ports from {base} to {_LAST_PORT} is free; "
        "choose a lower base, or stop what listens there"
    )


def _keep(first: int, last: int) -> list[socket.socket]:
    """Return sockets that keep a block, or none when others have a part of it.

    Keep first, then look: each of two blocks that overlap holds one end of the other, wherever they begin, so that of
    two processes at least one sees the other.
    """
    keepers = [found for port in (first, last) if (found := _udp(port))]
    inner = range(first + 1, last)
    if len(keepers) == len((first, last)) and all(map(_is_unkept, inner)) and all(map(is_free, range(first, last + 1))):
        return keepers
    _close(keepers)
    return []


def _is_unkept(port: int) -> bool:
    probe = _udp(port)
    if probe is None:
        return False
    probe.close()
    return True


def _udp(port: int) -> socket.socket | None:
    """Return a socket that holds a UDP port, or None when another does."""
    keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        keeper.bind(("127.0.0.1", port))
    except OSError:
        keeper.close()
        return None
    return keeper


def _close(keepers: list[socket.socket]) -> None:
    for keeper in keepers:
        keeper.close()


def _can_bind(family: int, host: str, port: int) -> bool:
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:  # the machine does not speak this family, so nothing listens there
        return True
    with probe:
        try:
            if sys.platform == "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                # As servers do it: what is left of closed connections is no obstacle, a listener is.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, port))
        except OSError as error:
            return family == socket.AF_INET6 and not _is_taken(error)
    return True


def _is_taken(error: OSError) -> bool:
    return error.errno in {errno.EADDRINUSE, errno.EACCES}


def _forget_in_child() -> None:
    # The child keeps the numbers, not the socket: it must not hold the block when its parent is gone.
    for block in _blocks.values():
        block.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
