"""Start the service with all that it needs: `python -m member_api`."""

import argparse
import contextlib
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from member_api.app import create_app
from member_api.authorization import create_store
from member_api.database import create_tables
from member_api.local_servers import start_authorization, start_postgres, start_valkey
from member_api.processes import Server, stop
from member_api.settings import Settings, get_settings
from member_api.telemetry import tracing_to_console


def with_servers(settings: Settings, stack: contextlib.ExitStack) -> Settings:
    """Return settings in which nothing is missing: a server is started for each URL that is not given."""

    def url(start: Callable[[], Server]) -> str:
        server = start()
        stack.callback(stop, server)
        return server["url"]

    authorization = settings.authorization_url or url(start_authorization)
    return replace(
        settings,
        tokens=settings.tokens or {"alice-token": "alice", "bob-token": "bob"},
        token_secret=settings.token_secret or secrets.token_hex(),
        database_url=settings.database_url or url(start_postgres),
        redis_url=settings.redis_url or url(start_valkey),
        authorization_url=authorization,
        authorization_store=settings.authorization_store or create_store(authorization, "member-api"),
        provider_url=settings.provider_url or "http://127.0.0.1:11434",
    )


def main() -> None:
    """Serve until Ctrl-C or SIGTERM, then stop what was started."""
    parser = argparse.ArgumentParser(prog="python -m member_api", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on; 0 is any free one")
    parser.add_argument("--traces", action="store_true", help="print every span")
    options = parser.parse_args()
    # From now on SIGTERM unwinds as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        settings = with_servers(get_settings(), stack)
        create_tables(settings)
        if options.traces:
            stack.enter_context(tracing_to_console())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", options.port)))
        print(f"Member API at http://127.0.0.1:{listener.getsockname()[1]} (Ctrl-C ends it)", flush=True)
        uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning")).run([listener])


if __name__ == "__main__":
    main()
