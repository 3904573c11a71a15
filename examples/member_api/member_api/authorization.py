"""Who may do what to whose data: a client of an authorization store that speaks OpenFGA's interface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

import httpx
import pybreaker
from fastapi import Depends, HTTPException, Request, status

from member_api.breaker import guarding, new_breaker
from member_api.outbound import TIMEOUT_SECONDS, http_client, tls
from member_api.settings import Settings
from member_api.telemetry import span


class Relation(NamedTuple):
    """A fact: `user` (as `user:bob`) is `relation` (as `reader`) of `object` (as `profile:alice`)."""

    user: str
    relation: str
    object: str


class AuthorizationStore:
    """One store of one server. Every call raises UnavailableError while the server does not answer."""

    def __init__(self, client: httpx.AsyncClient, store_id: str, breaker: pybreaker.CircuitBreaker) -> None:
        """Use an open client."""
        self._client = client
        self._path = f"/stores/{store_id}"
        self.breaker = breaker

    async def write(self, relation: Relation) -> None:
        """Make a relation true; it may be so already."""
        if not await self.check(relation):
            await self._post("write", {"writes": {"tuple_keys": [relation._asdict()]}})

    async def delete(self, relation: Relation) -> None:
        """Make a relation untrue; it may be so already."""
        if await self.check(relation):
            await self._post("write", {"deletes": {"tuple_keys": [relation._asdict()]}})

    async def check(self, relation: Relation) -> bool:
        """Tell whether a relation is true."""
        return bool((await self._post("check", {"tuple_key": relation._asdict()}))["allowed"])

    async def _post(self, action: str, body: dict[str, object]) -> dict[str, object]:
        with span(f"authorization.{action}", store=self._path), guarding(self.breaker):
            response = await self._client.post(f"{self._path}/{action}", json=body)
            answer: dict[str, object] = response.raise_for_status().json()
        return answer


def create_store(url: str, name: str) -> str:
    """Make an empty store and return its id; names need not be unique. Raises httpx.HTTPError."""
    response = httpx.post(f"{url}/stores", json={"name": name}, timeout=TIMEOUT_SECONDS, verify=tls())
    return str(response.raise_for_status().json()["id"])


def delete_store(url: str, store_id: str) -> None:
    """Remove a store with all that is in it. Raises httpx.HTTPError."""
    httpx.delete(f"{url}/stores/{store_id}", timeout=TIMEOUT_SECONDS, verify=tls()).raise_for_status()


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[AuthorizationStore | None]:
    """Give a client of the store in the settings, if there is one, with a breaker of its own."""
    if settings.authorization_url is None:
        yield None
        return
    async with http_client(settings.authorization_url) as client:
        yield AuthorizationStore(client, settings.authorization_store, new_breaker(settings))


async def get_authorization(request: Request) -> AuthorizationStore:
    """Return the store of the application that serves `request`. Raises HTTPException 503 where there is none."""
    store: AuthorizationStore | None = request.app.state.authorization
    if store is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "this needs MEMBER_API_AUTHORIZATION_URL")
    return store


Authorization = Annotated[AuthorizationStore, Depends(get_authorization)]
