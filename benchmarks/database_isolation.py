"""What it costs to give each test a database of its own, by the way that it is done.

Usage: python benchmarks/database_isolation.py [--tests N] [--rounds N]

A test writes and reads 20 rows in a database of 12 tables. Each way runs it `--tests` times in a row; round by round,
all ways one after the other. Shown are medians of milliseconds for a test, and as multiples of the rollback. PostgreSQL
is the server in HERMETIC_POSTGRES_URL, or one that is started for this.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, create_engine, insert, select, text
from sqlalchemy.pool import StaticPool

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

TABLES = 12
ROWS = 20
metadata = MetaData()
tables = [
    Table(f"table_{n}", metadata, Column("id", Integer, primary_key=True), Column("name", String))
    for n in range(TABLES)
]


def work(connection: Connection) -> None:
    """Do what a test does: write rows, and read them."""
    connection.execute(insert(tables[0]), [{"id": n, "name": f"name {n}"} for n in range(ROWS)])
    assert len(connection.execute(select(tables[0])).all()) == ROWS  # noqa: S101 - the measurement is worth nothing else


class Ways:
    """The ways, each a method that runs one test; what is made once for all tests is made beforehand."""

    def __init__(self, url: str) -> None:
        self.server = psycopg.connect(url, autocommit=True)
        self.server.execute("DROP SCHEMA IF EXISTS measured CASCADE")
        self.server.execute("CREATE SCHEMA measured")
        self.server.execute("DROP DATABASE IF EXISTS measured_template WITH (FORCE)")
        self.server.execute("CREATE DATABASE measured_template")
        self.info = self.server.info
        self.engine = self.engine_of(self.info.dbname, "measured")
        metadata.create_all(self.engine)
        with closing_engine(self.engine_of("measured_template", "public")) as template:
            metadata.create_all(template)

    def engine_of(self, database: str, schema: str) -> Engine:
        """Return an engine for a schema of a database of this server."""
        conninfo = psycopg.conninfo.make_conninfo(
            host=self.info.host, port=self.info.port, user=self.info.user, password=self.info.password, dbname=database
        )
        return create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo, options=f"-c search_path={schema}")
        )

    def rollback(self) -> None:
        """Undo the transaction."""
        with self.engine.connect() as connection:
            work(connection)
            connection.rollback()

    def delete(self) -> None:
        """Commit, and delete every row afterwards."""
        with self.engine.begin() as connection:
            work(connection)
        with self.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

    def truncate(self) -> None:
        """Commit, and truncate every table afterwards."""
        with self.engine.begin() as connection:
            work(connection)
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))

    def schema(self) -> None:
        """Make every table, and drop it afterwards."""
        self.server.execute("CREATE SCHEMA measured_own")
        with closing_engine(self.engine_of(self.info.dbname, "measured_own")) as engine:
            metadata.create_all(engine)
            with engine.begin() as connection:
                work(connection)
        self.server.execute("DROP SCHEMA measured_own CASCADE")

    def template(self) -> None:
        """Clone a database that has the tables, and drop the clone afterwards."""
        self.server.execute("CREATE DATABASE measured_clone TEMPLATE measured_template")
        with closing_engine(self.engine_of("measured_clone", "public")) as engine, engine.begin() as connection:
            work(connection)
        self.server.execute("DROP DATABASE measured_clone WITH (FORCE)")

    def memory(self) -> None:
        """Make every table in a SQLite database in memory."""
        with closing_engine(create_engine("sqlite://", poolclass=StaticPool)) as engine:
            metadata.create_all(engine)
            with engine.begin() as connection:
                work(connection)

    def close(self) -> None:
        """Remove what was made."""
        self.engine.dispose()
        self.server.execute("DROP SCHEMA IF EXISTS measured CASCADE")
        self.server.execute("DROP DATABASE IF EXISTS measured_template WITH (FORCE)")
        self.server.close()


@contextmanager
def closing_engine(engine: Engine) -> Iterator[Engine]:
    """Dispose of an engine at the end."""
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of a server."""
    if url := os.environ.get("HERMETIC_POSTGRES_URL"):
        yield url
        return
    from tests.utils.servers import start_postgres, stop  # noqa: PLC0415 - a URL may do

    started = start_postgres()
    try:
        yield started["url"]
    finally:
        stop(started)


def milliseconds(test: Callable[[], None], tests: int) -> float:
    """Return how long a test takes, over a number of them."""
    started = time.perf_counter()
    for _ in range(tests):
        test()
    return (time.perf_counter() - started) / tests * 1000


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    names = {
        "SQLite in memory": "memory",
        "PostgreSQL, transaction rolled back": "rollback",
        "PostgreSQL, rows deleted": "delete",
        "PostgreSQL, tables truncated": "truncate",
        "PostgreSQL, schema made and dropped": "schema",
        "PostgreSQL, database cloned from a template": "template",
    }
    found: dict[str, list[float]] = {name: [] for name in names}
    with server() as url, closing(Ways(url)) as ways:
        for _ in range(options.rounds):
            for name, way in names.items():
                found[name].append(milliseconds(getattr(ways, way), options.tests))
    base = statistics.median(found["PostgreSQL, transaction rolled back"])
    print(f"{'way':46}{'ms a test':>12}{'ratio':>8}")
    for name, values in found.items():
        median = statistics.median(values)
        print(f"{name:46}{median:>12.1f}{median / base:>8.1f}")


if __name__ == "__main__":
    main()
