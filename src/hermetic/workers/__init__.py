"""What a test worker has for itself: ports, schemas, databases, names and folders that are leased, not computed.

Worker numbers have no bound and are not unique, so everything here follows from a *slot*: a number that one running
process of this user holds, whatever its test run. The operating system takes it back when the process ends, however it
ends. The functions need no pytest; `hermetic.workers.fixtures` has a fixture for each.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hermetic.workers.environment import isolated_environment
    from hermetic.workers.errors import (
        ExhaustedError,
        ForeignDataError,
        LeaseError,
        MissingLibraryError,
        MissingServerError,
        WorkerResourceError,
    )
    from hermetic.workers.folders import remove_worker_tmp_path, sqlite_file, worker_tmp_path
    from hermetic.workers.identity import get_run_id, get_worker_id
    from hermetic.workers.names import (
        get_worker_num,
        get_worker_postgres_schema,
        get_worker_redis_prefix,
        get_worker_store_name,
        unique_resource_name,
    )
    from hermetic.workers.once import OncePerRun
    from hermetic.workers.ports import (
        PORT_BASE,
        PORTS_PER_WORKER,
        PortBlock,
        get_worker_port_offset,
        lease_port_block,
        release_port_block,
    )
    from hermetic.workers.postgres import PostgresSchema, postgres_connection, postgres_schema, sqlalchemy_engine
    from hermetic.workers.redis import RedisDatabase, get_worker_redis_db, redis_database, redis_prefix
    from hermetic.workers.telemetry import Telemetry, isolated_telemetry

__all__ = [
    "PORTS_PER_WORKER",
    "PORT_BASE",
    "ExhaustedError",
    "ForeignDataError",
    "LeaseError",
    "MissingLibraryError",
    "MissingServerError",
    "OncePerRun",
    "PortBlock",
    "PostgresSchema",
    "RedisDatabase",
    "Telemetry",
    "WorkerResourceError",
    "get_run_id",
    "get_worker_id",
    "get_worker_num",
    "get_worker_port_offset",
    "get_worker_postgres_schema",
    "get_worker_redis_db",
    "get_worker_redis_prefix",
    "get_worker_store_name",
    "isolated_environment",
    "isolated_telemetry",
    "lease_port_block",
    "postgres_connection",
    "postgres_schema",
    "redis_database",
    "redis_prefix",
    "release_port_block",
    "remove_worker_tmp_path",
    "sqlalchemy_engine",
    "sqlite_file",
    "unique_resource_name",
    "worker_tmp_path",
]

# Imported when one of their names is asked for: pytest loads the fixtures in every run, also where nobody uses them.
_MODULES = (
    "identity",
    "errors",
    "names",
    "ports",
    "folders",
    "environment",
    "once",
    "postgres",
    "redis",
    "telemetry",
)


def __getattr__(name: str) -> object:
    """Find a public name in the first module that has it."""
    if name in __all__:
        for module in _MODULES:
            found: object = getattr(importlib.import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
