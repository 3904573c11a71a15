"""Clients for the servers that this one asks."""

import ssl
from functools import cache

import httpx

TIMEOUT_SECONDS = 10.0


def http_client(base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client; `transport` replaces the network, and everything on this side of it stays real."""
    return httpx.AsyncClient(base_url=base_url, transport=transport, timeout=TIMEOUT_SECONDS, verify=tls())


@cache
def tls() -> ssl.SSLContext:
    """Return what every client knows about certificates."""
    # Reading the certificates of this machine takes 25 ms, and they are the same for every client.
    return ssl.create_default_context()
