"""Folders for leases, and the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.utils.holders import environment
from tests.utils.server_fixtures import worker_postgres_url, worker_redis_url

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["env", "port_base", "worker_postgres_url", "worker_redis_url"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of processes that lease among themselves only."""
    return environment(tmp_path)


@pytest.fixture
def port_base(worker_slot: int) -> int:
    """Ports that no other test looks at."""
    return 10_000 + 1_000 * (worker_slot % 10)
