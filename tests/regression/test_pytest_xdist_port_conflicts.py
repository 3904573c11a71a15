"""Ports: two workers, or two runs, that want the same one."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.holders import environment, holding, say
from tests.utils.inner import PROJECTS

from hermetic.workers import (
    PORTS_PER_WORKER,
    ExhaustedError,
    get_worker_port_offset,
    lease_port_block,
    release_port_block,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.utils.inner import InnerRun

    from hermetic.workers import PortBlock

HOST = "127.0.0.1"
BASE = 30_000  # away from the blocks that the fixtures of this run lease
LEASE = "said = workers.lease_port_block({base}).first"


@pytest.fixture
def runs(inner_at_once: Callable[..., list[InnerRun]]) -> list[InnerRun]:
    """Two runs at the same time, of two workers each, that look for ports."""
    return inner_at_once("ports", 2, "-n2", "--dist=each", "--hermetic=warn")


# pattern: a block of ports for one test, where the fixtures of the worker are too few [HRM501]
@contextmanager
def leased(base: int) -> Iterator[PortBlock]:
    """Lend a block above a base, and give it back."""
    try:
        yield lease_port_block(base)
    finally:
        release_port_block(base)


# end of pattern


@pytest.fixture
def block() -> Iterator[PortBlock]:
    """A block of this test alone."""
    with leased(BASE) as block:
        yield block


@pytest.fixture
def quiet_base() -> int:
    """The start of two blocks that no other test leases, of no other run either."""
    return 22_500 + 2 * PORTS_PER_WORKER * (os.getpid() % 35)


def serve(port: int) -> socket.socket:
    """Start a server, as programs do: the port must be free."""
    return socket.create_server((HOST, port))


def noted(run: InnerRun, test: str) -> list[dict[str, Any]]:
    """What a test of the project noted, once for each worker that came to its end."""
    return [note for note in run["notes"] if note["test"] == test]


def test_a_fixed_port_serves_one_worker_and_a_leased_one_serves_each(runs: list[InnerRun]) -> None:
    """Of two workers that bind a fixed port at the same time one fails; with `worker_port` both get a port."""
    for run in runs:
        fixed = [note["bound"] for note in noted(run, "test_fixed_port")]
        leased = {note["port"]: note["own"] for note in noted(run, "test_leased_port")}
        assert sum(fixed) < len(fixed) == 2
        assert list(leased.values()) == [True, True], run["output"]
        # Two workers with one block may still find a free port each.
        assert len({note["first"] for note in noted(run, "test_leased_port")}) == 2, run["output"]
        assert run["outcomes"]["test_the_server_answers"] == "passed passed"


def test_ports_counted_from_the_name_of_the_worker_collide_between_two_runs_and_leased_ones_do_not(
    runs: list[InnerRun],
) -> None:
    """Two runs on one machine both have a gw0, so `base + 100 * number` gives one port twice; a lease is held once."""
    for worker in ("gw0", "gw1"):
        counted = [
            note["bound"] for run in runs for note in noted(run, "test_counted_port") if note["worker"] == worker
        ]
        assert sum(counted) < len(counted) == 2

    services = [note for run in runs for note in noted(run, "test_ports_of_services")]
    assert len(services) == 4, runs
    assert [note["ports"] for note in services] == [[note["first"], note["first"] + 1] for note in services]
    ports = [port for note in services for port in range(note["first"], note["last"] + 1)]
    assert len(ports) == len(set(ports)) == 4 * PORTS_PER_WORKER


def test_a_replaced_worker_has_a_number_that_nobody_planned_for_and_leases_ports_that_nobody_has(
    runs: list[InnerRun],
) -> None:
    """After a crash `-n 2` has a gw2: a list of two ports has none for it, or gives it gw0's; a lease is its own."""
    for run in runs:
        assert "IndexError" in run["messages"]["test_the_replacement_finds_no_port_by_its_number"]
        folded = {
            note["worker"]: note["bound"] for note in noted(run, "test_the_replacement_counts_from_the_start_again")
        }
        assert folded.keys() == {"gw0", "gw2"}
        assert sum(folded.values()) < 2

        first, second = noted(run, "test_the_replacement_leases")
        assert first["port"] != second["port"]
        assert first["offset"] != second["offset"]


def test_a_block_in_which_somebody_listens_is_passed_over(quiet_base: int, worker_slot: int) -> None:
    """A formula leads a worker to its hundred ports, also when a program is there; a lease looks and goes elsewhere."""
    base = quiet_base - PORTS_PER_WORKER * worker_slot
    counted = range(base + PORTS_PER_WORKER * worker_slot, base + PORTS_PER_WORKER * (worker_slot + 1))
    with serve(counted[42]):
        with pytest.raises(OSError, match="in use"):
            serve(counted[42])

        with leased(base) as block:
            assert counted[42] not in block
            with serve(block.first + 42):
                assert base + get_worker_port_offset(base) == block.first


def test_a_port_that_was_taken_meanwhile_is_not_given_out(block: PortBlock) -> None:
    """The next number in a row may have found another user; `take` looks at the port before it gives it out."""
    before = block.take()
    with serve(before + 1) as stranger:
        with pytest.raises(OSError, match="in use"):
            serve(before + 1)

        port = block.take()
        assert port != stranger.getsockname()[1]
        with serve(port):
            assert port in block


def test_a_port_that_was_given_back_is_given_out_after_all_others(block: PortBlock) -> None:
    """A late client of a test's server reaches the next test's server on the same port; a block gives it a rest."""
    port = block.take()
    with serve(port):
        pass
    with serve(port) as next_server, socket.create_connection((HOST, port)) as late_client:
        reached, caller = next_server.accept()
        with reached:
            assert caller == late_client.getsockname()

    block.give_back(port)
    others = [block.take() for _ in range(PORTS_PER_WORKER - 1)]
    assert port not in others
    assert len(set(others)) == len(others)
    assert block.take() == port
    with pytest.raises(ExhaustedError, match=f"every port from {block.first} to {block.last} is taken"):
        block.take()


def test_the_block_of_a_killed_process_is_free_again_and_that_of_a_living_one_is_not(
    tmp_path: Path, quiet_base: int
) -> None:
    """A note on the disk about who has a port outlives a killed process; the sockets that keep a block do not."""
    lease, mark = LEASE.format(base=quiet_base), tmp_path / "port.taken"
    # Another user, whose leases are in another folder: only the ports themselves can tell.
    (tmp_path / "other").mkdir()
    ours, theirs = environment(tmp_path), environment(tmp_path / "other")
    with holding(f"open({str(mark)!r}, 'x').close(); {lease}", env=ours) as (holder,):
        assert holder.said == quiet_base
        assert say(lease, theirs) != quiet_base
        holder.kill()

    with pytest.raises(FileExistsError):
        mark.open("x")
    assert say(lease, theirs) == quiet_base


def test_a_port_that_was_only_tried_may_go_to_another_and_one_of_a_block_may_not(
    tmp_path: Path, block: PortBlock
) -> None:
    """Bind port 0, close, use: in between the port is anybody's; a block is kept while nothing listens in it."""
    with serve(0) as probe:
        tried = probe.getsockname()[1]
    with serve(tried), pytest.raises(OSError, match="in use"):
        serve(tried)

    port = block.take()
    # As another user does it: with leases in a folder of its own, and with our block as the first that it looks at.
    other = say(LEASE.format(base=block.first), environment(tmp_path))
    assert port not in range(other, other + PORTS_PER_WORKER)
    with serve(port):
        assert other > block.last


def test_a_worker_for_which_there_is_no_port_above_the_base_gets_another_or_is_told_what_to_do(tmp_path: Path) -> None:
    """A formula counts past the last port there is; a lease comes back to a free block, or names the next step."""
    base, number = 65_000, 14
    with socket.socket() as server, pytest.raises(OverflowError, match="port must be 0-65535"):
        server.bind((HOST, base + PORTS_PER_WORKER * number))

    worker = environment(tmp_path, PYTEST_XDIST_WORKER=f"gw{number}")
    assert say(LEASE.format(base=base), worker) in range(base, 65_536 - PORTS_PER_WORKER, PORTS_PER_WORKER)
    with pytest.raises(ExhaustedError, match="choose a lower base, or stop what listens there"):
        get_worker_port_offset(65_500)


def test_the_guard_names_the_line_that_binds_a_fixed_port_and_is_silent_about_a_leased_one(
    runs: list[InnerRun],
) -> None:
    """Where a suite binds a fixed port, HRM501 says so before two workers meet there; leased ports are no finding."""
    source = (PROJECTS / "ports" / "test_servers.py").read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(source, 1) if "18080" in text]
    for run in runs:
        found = [finding for finding in run["findings"] if finding["path"] == "test_servers.py"]
        assert {(finding["code"], finding["line"]) for finding in found} == {("HRM501", line)}, run["findings"]
        assert {finding["test"] for finding in found} == {"test_servers.py::test_fixed_port"}
