"""A worker dies and is replaced: by one whose number nobody has planned for."""

import os
import socket

# One port for each of the two workers: what is in a file when somebody counted them.
PLANNED = [18_300, 18_400]


def test_a_worker_dies(worker_port_block):
    if os.environ["PYTEST_XDIST_WORKER"] == "gw1":
        os._exit(1)


def test_the_replacement_finds_no_port_by_its_number(note):
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    note(number=number, port=PLANNED[number])


def test_the_replacement_counts_from_the_start_again(note, meet):
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    meet("replaced")
    try:
        server = socket.create_server(("127.0.0.1", PLANNED[number % len(PLANNED)]))
    except OSError as error:
        note(bound=False, why=error.strerror)
        server = None
    else:
        note(bound=True)
    meet("replaced, tried")
    if server:
        server.close()


def test_the_replacement_leases(note, meet, worker_port_block, worker_port_offset):
    port = worker_port_block.take()
    meet("replaced, leased")
    with socket.create_server(("127.0.0.1", port)):
        note(bound=True, port=port, offset=worker_port_offset)
        meet("replaced, leased, tried")
