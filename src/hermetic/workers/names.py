"""Names that follow from the slot of this process, in the style that hand-written helpers have made familiar."""

from __future__ import annotations

import os

from hermetic.workers._lease import lease_slot


def get_worker_num() -> int:
    """Return the slot of this process: 0, 1, 2 ... and no other running process of this user has it.

    On an idle machine "gw2" gets 2. Raises LeaseError when no slot can be leased.
    """
    return lease_slot()


def get_worker_postgres_schema() -> str:
    """Return the name of this worker's PostgreSQL schema, such as "test_worker_gw0". Raises LeaseError."""
    return f"test_worker_gw{lease_slot()}"


def get_worker_redis_prefix() -> str:
    """Return what this worker's Redis keys begin with, such as "test_worker_gw0:". Raises LeaseError."""
    return f"test_worker_gw{lease_slot()}:"


def get_worker_store_name() -> str:
    """Return the name of this worker's authorization (or other) store, such as "test_store_gw0". Raises LeaseError."""
    return f"test_store_gw{lease_slot()}"


def unique_resource_name(prefix: str = "test") -> str:
    """Return a name that was never used before, such as "queue_gw0_5f0c9a3be41d" for the prefix "queue".

    The operating system makes the digits: seeded random numbers repeat in every worker. Raises LeaseError.
    """
    return f"{prefix}_gw{lease_slot()}_{os.urandom(6).hex()}"
