"""Two workers start a server each, at the same time: on a port that is fixed, and on one that is leased."""

import socket


def test_fixed_port(note, meet):
    meet("fixed")
    try:
        server = socket.create_server(("127.0.0.1", 18080))
    except OSError as error:
        note(bound=False, why=error.strerror)
        server = None
    else:
        note(bound=True)
    meet("fixed, tried")
    if server:
        server.close()


# pattern: a free port for each worker [HRM501]
def serve(port):
    return socket.create_server(("127.0.0.1", port))


def test_the_server_answers(worker_port):
    with serve(worker_port), socket.create_connection(("127.0.0.1", worker_port)) as client:
        assert client.getpeername() == ("127.0.0.1", worker_port)


# end of pattern


def test_leased_port(note, meet, worker_port, worker_port_block):
    meet("leased")
    with socket.create_server(("127.0.0.1", worker_port)):
        note(bound=True, port=worker_port, own=worker_port in worker_port_block, first=worker_port_block.first)
        meet("leased, tried")
