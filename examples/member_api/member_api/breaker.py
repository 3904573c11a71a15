"""A circuit breaker for each application, around the server that it cannot do without."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pybreaker
from fastapi import status
from fastapi.requests import Request
from fastapi.responses import JSONResponse

from member_api.settings import Settings


class UnavailableError(Exception):
    """A server that a request needs does not answer, or has been left alone since it did not."""


def new_breaker(settings: Settings) -> pybreaker.CircuitBreaker:
    """Return a closed breaker. It belongs to one application: one on a module would stay open for every test."""
    return pybreaker.CircuitBreaker(
        fail_max=settings.breaker_failures,
        reset_timeout=settings.breaker_seconds,
        name="authorization store",
        exclude=[_is_answer],
    )


@contextmanager
def guarding(breaker: pybreaker.CircuitBreaker) -> Iterator[None]:
    """Count what goes wrong inside. Raises UnavailableError for it, and at once while the breaker is open."""
    try:
        with breaker.calling():
            yield
    except (pybreaker.CircuitBreakerError, httpx.HTTPError) as error:
        raise UnavailableError(breaker.name) from error


async def answer_unavailable(_request: Request, error: Exception) -> JSONResponse:
    """Answer a request that met an UnavailableError."""
    return JSONResponse({"detail": f"{error} is unavailable"}, status.HTTP_503_SERVICE_UNAVAILABLE)


def _is_answer(error: BaseException) -> bool:
    # A server that refuses a request is well.
    return isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error
