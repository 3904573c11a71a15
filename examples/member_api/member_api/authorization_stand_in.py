"""A stand-in for an authorization store, for tests and trials: it is not OpenFGA, and speaks a part of its interface.

It creates and deletes stores, writes and deletes tuples, and checks them as they were written: it has no models, so
one relation never follows from another. It keeps everything in memory, in a process of its own:
`python -m member_api.authorization_stand_in` prints its address and serves until it is told to stop.
"""

import argparse
import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Tuple = tuple[str, str, str]


class RefusedError(Exception):
    """A request that the interface does not allow."""

    def __init__(self, status: HTTPStatus, code: str) -> None:
        """Answer with a status, and with OpenFGA's code for what is wrong."""
        super().__init__(code)
        self.status = status


class Stores:
    """All stores of one server."""

    def __init__(self) -> None:
        """Begin without any."""
        self._ids = itertools.count(1)
        self._names: dict[str, str] = {}
        self._tuples: dict[str, set[Tuple]] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, object]:
        """Return the answer to a request. Raises RefusedError."""
        with self._lock:
            if path == "/stores":
                return self._create(body["name"]) if method == "POST" else self._list()
            found = re.fullmatch(r"/stores/(\w+)(?:/(write|check))?", path)
            if found is None or found[1] not in self._tuples:
                raise RefusedError(HTTPStatus.NOT_FOUND, "store_id_not_found")
            store, action = found.groups()
            if method == "DELETE" and action is None:
                del self._names[store], self._tuples[store]
                return {}
            if action == "write":
                return self._write(self._tuples[store], body)
            return {"allowed": _tuple(body["tuple_key"]) in self._tuples[store]}

    def _create(self, name: str) -> dict[str, object]:
        store = f"store{next(self._ids)}"
        self._names[store], self._tuples[store] = name, set()
        return {"id": store, "name": name}

    def _list(self) -> dict[str, object]:
        return {"stores": [{"id": store, "name": name} for store, name in self._names.items()]}

    def _write(self, known: set[Tuple], body: dict[str, Any]) -> dict[str, object]:
        added, removed = ({_tuple(key) for key in _keys(body, kind)} for kind in ("writes", "deletes"))
        # All of a request is done or none of it; writing what is there, or deleting what is not, is an error.
        if added & known or removed - known:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "write_failed_due_to_invalid_input")
        known |= added
        known -= removed
        return {}


def _keys(body: dict[str, Any], kind: str) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = body.get(kind, {}).get("tuple_keys", [])
    return keys


def _tuple(key: dict[str, str]) -> Tuple:
    return key["user"], key["relation"], key["object"]


class _Handler(BaseHTTPRequestHandler):
    stores: Stores
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = HTTPStatus.CREATED if self.path == "/stores" and self.command == "POST" else HTTPStatus.OK
        try:
            answer = self.stores.answer(self.command, self.path, json.loads(text or "{}"))
        except RefusedError as refused:
            status, answer = refused.status, {"code": str(refused)}
        except (KeyError, TypeError, ValueError) as error:
            status, answer = HTTPStatus.BAD_REQUEST, {"code": "validation_error", "message": repr(error)}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """Serve in a thread until the end of the block, and give the address; port 0 is any free one."""
    handler = type("Handler", (_Handler,), {"stores": Stores()})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    """Print the address, and serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A stand-in for OpenFGA's interface, for tests and trials.")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0, the default, is any free one")
    with serving(parser.parse_args().port) as address:
        print(address, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
