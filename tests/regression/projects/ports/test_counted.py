"""Four workers of two runs: their names give two of them the same port, and their leases none."""

import os
import socket

from meeting import ALL_RUNS

from hermetic.workers import PORT_BASE, get_worker_port_offset

# pattern: the ports of several services, counted from what the worker has leased [HRM501]
WEB, MAIL = 0, 1


def port_of(service):
    return PORT_BASE + get_worker_port_offset() + service


# end of pattern


def test_counted_port(note, meet):
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    meet("counted", 4, among=ALL_RUNS)
    try:
        server = socket.create_server(("127.0.0.1", 18_100 + 100 * number))
    except OSError as error:
        note(bound=False, why=error.strerror)
        server = None
    else:
        note(bound=True)
    meet("counted, tried", 4, among=ALL_RUNS)
    if server:
        server.close()


def test_ports_of_services(note, meet, worker_port_block):
    meet("services", 4, among=ALL_RUNS)
    with socket.create_server(("127.0.0.1", port_of(WEB))), socket.create_server(("127.0.0.1", port_of(MAIL))):
        note(ports=[port_of(WEB), port_of(MAIL)], first=worker_port_block.first, last=worker_port_block.last)
        meet("services, tried", 4, among=ALL_RUNS)
