"""A block of ports belongs to one process of the machine, whoever else looks for one."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.utils.holders import environment, holding, say

from hermetic.workers import ExhaustedError, lease_port_block, ports, release_port_block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hermetic.workers import PortBlock

LEASE = "block = workers.lease_port_block({base}); said = [block.first, block.last]"


def listening(port: int, host: str = "127.0.0.1", family: int = socket.AF_INET) -> socket.socket:
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen()
    return server


@pytest.fixture
def block(port_base: int) -> Iterator[PortBlock]:
    """A block of this process, given back at the end."""
    yield lease_port_block(port_base)
    release_port_block(port_base)


def test_the_offset_is_a_hundred_for_each_slot(env: dict[str, str], port_base: int) -> None:
    code = f"said = workers.get_worker_port_offset({port_base})"

    assert say(code, {**env, "PYTEST_XDIST_WORKER": "gw0"}) == 0
    assert say(code, {**env, "PYTEST_XDIST_WORKER": "gw3"}) == 300


def test_a_process_has_one_block_until_it_gives_it_back(env: dict[str, str], port_base: int) -> None:
    code = f"""
        first = workers.lease_port_block({port_base})
        said = [first is workers.lease_port_block({port_base})]
        workers.release_port_block({port_base})
        said.append(workers.lease_port_block({port_base}).first == first.first)
    """
    assert say(code, env) == [True, True]


def test_processes_that_know_nothing_of_each_other_never_share(tmp_path: Path, port_base: int) -> None:
    # As other users do, each leases in a folder of its own, so that all of them have slot 0; and half of them count
    # from another base, so that blocks could overlap by half.
    users = [tmp_path / str(number) for number in range(6)]
    for user in users:
        user.mkdir()
    code = LEASE.format(base=f"{port_base} + 50 * int(os.environ['SHIFT'])")
    blocks: list[range] = []
    with holding(code, env=environment(users[0], SHIFT="0")) as (first,):
        blocks.append(range(first.said[0], first.said[1] + 1))
        with ExitStack() as stack:
            shifted = [environment(user, SHIFT=str(number % 2)) for number, user in enumerate(users[1:])]
            # All of them run before the first is listened to.
            others = [stack.enter_context(holding(code, env=env))[0] for env in shifted]
            blocks += [range(other.said[0], other.said[1] + 1) for other in others]

    taken = [port for ports in blocks for port in ports]
    assert len(taken) == 6 * 100
    assert len(set(taken)) == len(taken)


@pytest.mark.parametrize(
    ("host", "family"),
    [("127.0.0.1", socket.AF_INET), ("", socket.AF_INET), ("::1", socket.AF_INET6)],
    ids=["loopback", "every address", "IPv6"],
)
def test_a_block_in_which_something_listens_is_passed_over(
    env: dict[str, str], port_base: int, host: str, family: int
) -> None:
    with listening(port_base + 42, host, family):
        assert say(LEASE.format(base=port_base), env) == [port_base + 100, port_base + 199]


def test_the_block_of_a_killed_process_is_free_again(env: dict[str, str], port_base: int) -> None:
    with holding(LEASE.format(base=port_base), env=env) as (holder,):
        assert holder.said[0] == port_base
        holder.kill()

        assert say(LEASE.format(base=port_base), env)[0] == port_base


def test_a_forked_child_does_not_keep_the_block_of_a_dead_parent(env: dict[str, str], port_base: int) -> None:
    reader, writer = os.pipe()
    code = f"""
        said = workers.lease_port_block({port_base}).first
        if os.fork() == 0:
            os.close(0), os.close(1)
            os.read({reader}, 1)
            os._exit(0)
    """
    try:
        with holding(code, env=env, pass_fds=[reader]) as (parent,):
            parent.kill()

            assert say(LEASE.format(base=port_base), env)[0] == port_base
    finally:
        os.close(reader)
        os.close(writer)


def test_when_no_block_is_left_the_error_says_so(env: dict[str, str]) -> None:
    error = say(LEASE.format(base=65_500), env)

    assert error["error"] == "ExhaustedError"
    assert "none of the 0 blocks of 100 ports from 65500 to 65535 is free" in error["message"]


def test_a_slot_beyond_the_last_block_gets_one_of_the_others(env: dict[str, str]) -> None:
    many = {**env, "PYTEST_XDIST_WORKER": "gw14"}

    assert say(LEASE.format(base=64_600), many)[0] in range(64_600, 65_500, 100)


def test_a_port_is_given_once_until_it_is_given_back(block: PortBlock) -> None:
    given = {block.take() for _ in range(50)}
    assert len(given) == 50
    assert all(port in block for port in given)

    back = given.pop()
    block.give_back(back)

    assert back in {block.take() for _ in range(51)}


def test_a_port_on_which_something_listens_is_not_given(block: PortBlock) -> None:
    with listening(block.first):
        assert block.take() == block.first + 1


def test_when_all_ports_are_taken_the_error_says_how_to_give_them_back(block: PortBlock) -> None:
    for _ in range(100):
        block.take()

    with pytest.raises(ExhaustedError, match=r"give_back\(\)"):
        block.take()


def test_what_was_never_taken_cannot_be_given_back(block: PortBlock) -> None:
    block.give_back(block.first)
    block.give_back(block.last + 1)

    assert len({block.take() for _ in range(100)}) == 100
    with pytest.raises(ExhaustedError):
        block.take()


def test_every_port_of_the_block_can_be_listened_on(block: PortBlock) -> None:
    for port in range(block.first, block.last + 1):
        listening(port).close()


def test_a_server_can_listen_on_the_port_of_the_fixture(worker_port: int, worker_port_block: PortBlock) -> None:
    assert worker_port in worker_port_block
    with listening(worker_port), socket.create_connection(("127.0.0.1", worker_port)):
        pass


def test_the_offset_of_the_fixture_leads_to_the_block(worker_port_offset: int, worker_port_block: PortBlock) -> None:
    assert ports.PORT_BASE + worker_port_offset == worker_port_block.first
