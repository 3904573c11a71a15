"""The servers of this suite: those in the environment, or else ones that the run starts once for all workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.utils.servers import start_postgres, start_valkey, stop

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def worker_postgres_url(once_per_run: Callable[..., Any]) -> str:
    return os.environ.get("HERMETIC_POSTGRES_URL") or str(once_per_run("postgres", start_postgres, stop)["url"])


@pytest.fixture(scope="session")
def worker_redis_url(once_per_run: Callable[..., Any]) -> str:
    return os.environ.get("HERMETIC_REDIS_URL") or str(once_per_run("valkey", start_valkey, stop)["url"])
