"""What the regression tests share: real servers, and runs of pytest on small projects, each once for all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.utils.inner import InnerRun, run_at_once
from tests.utils.server_fixtures import worker_postgres_url, worker_redis_url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["worker_postgres_url", "worker_redis_url"]

# Small suites with mistakes made on purpose: pytest runs them in processes of their own.
collect_ignore = ["projects"]


@pytest.fixture(scope="session")
def inner(once_per_run: Callable[..., Any], worker_postgres_url: str, worker_redis_url: str) -> Callable[..., InnerRun]:
    """`inner("ports", "-n2")`: the run of pytest on `projects/ports` with these arguments, the same for all who ask."""
    servers = {"HERMETIC_POSTGRES_URL": worker_postgres_url, "HERMETIC_REDIS_URL": worker_redis_url}

    def run(name: str, *arguments: str) -> InnerRun:
        asked = f"project {' '.join([name, *arguments])}"
        done: InnerRun = once_per_run(asked, lambda: run_at_once(name, arguments, **servers)[0])
        return done

    return run


@pytest.fixture(scope="session")
def inner_at_once(
    once_per_run: Callable[..., Any], worker_postgres_url: str, worker_redis_url: str
) -> Callable[..., list[InnerRun]]:
    """`inner_at_once("ports", 2, "-n2")`: as `inner`, but two runs that are started at the same time."""
    servers = {"HERMETIC_POSTGRES_URL": worker_postgres_url, "HERMETIC_REDIS_URL": worker_redis_url}

    def run(name: str, count: int, *arguments: str) -> list[InnerRun]:
        asked = f"project {' '.join([name, *arguments])}, {count} times"
        done: list[InnerRun] = once_per_run(asked, lambda: run_at_once(name, *([arguments] * count), **servers))
        return done

    return run
