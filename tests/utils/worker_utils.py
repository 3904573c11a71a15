"""What a worker has for itself, under the path that people know from hand-written helpers."""

from __future__ import annotations

from hermetic.workers import (
    get_worker_id,
    get_worker_num,
    get_worker_port_offset,
    get_worker_postgres_schema,
    get_worker_redis_db,
    get_worker_redis_prefix,
    get_worker_store_name,
    unique_resource_name,
    worker_tmp_path,
)

__all__ = [
    "get_worker_id",
    "get_worker_num",
    "get_worker_port_offset",
    "get_worker_postgres_schema",
    "get_worker_redis_db",
    "get_worker_redis_prefix",
    "get_worker_store_name",
    "unique_resource_name",
    "worker_tmp_path",
]
